//! `gongzhi rebuild`: all read models written anew from the entries.
//!
//! Lists stand on today's map; figures can be read on either, as always, because the history of the places
//! is in the entries.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use gongzhi_base::Timestamp;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::merkle::{Frontier, Node};
use gongzhi_store::{Batch, Ledger, StoreError};

use crate::ambient::Ambient;
use crate::codes::CodeSecret;
use crate::replay::{self, Groundwork, Replay};
use crate::seal::{MasterKey, Seals};
use crate::service::{basics, setting};
use crate::sums::Sums;

/// Records written with one transaction, at least: in a file, where the more is sorted at once the better; and on a
/// database server, which is sent each batch as one message. Two such batches are in memory: one that is written, one
/// that is made or waits to be taken.
const ENOUGH: [usize; 2] = [8_000, 2_000];
/// Cells written with one transaction.
const CELLS: usize = 50_000;

/// How far it is: entries done, and all there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    pub entries: u64,
    pub of: u64,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rebuilt {
    pub entries: u64,
    pub records: u64,
    pub cells: u64,
}

/// Rebuilds all read models. No server may run on the ledger. When it is cut off, the ledger stays
/// marked as being rebuilt, and running it again begins anew. Documents and registers are read before
/// anything is emptied: entries that cannot be read change nothing.
pub fn rebuild(
    ledger: &Arc<dyn Ledger>,
    master: MasterKey,
    ambient: &Arc<dyn Ambient>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rebuilt, StoreError> {
    let (county, ..) = basics(ledger.as_ref())?;
    let seals = Seals::open(&county, master, ledger.clone(), ambient.clone())?;
    let secret = CodeSecret(*seals.secret(setting::CODES)?);
    derive(ledger.as_ref(), &secret, ambient.now(), progress)
}

/// The log read once: the hashes of its Merkle log, made from entries that continue each other, and what the ground is
/// made of.
#[derive(Default)]
struct Log {
    head: Option<Head>,
    edge: Frontier,
    nodes: Vec<Node>,
    work: Groundwork,
}

impl Log {
    /// Reads on to the ledger's end.
    fn follow(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let (end, mut head) = (ledger.head()?, self.head.unwrap_or(Head::EMPTY));
        replay::in_their_order(ledger, head.size, end.size, &mut |entry| {
            head = head.verify(entry).map_err(|broken| {
                StoreError::Corrupt(format!(
                    "entry {} does not verify: it cannot be rebuilt from, restore the newest backup",
                    broken.seq
                ))
            })?;
            self.nodes.extend(self.edge.push(entry.hash));
            self.work.take(entry)
        })?;
        self.head = Some(head);
        Ok(())
    }
}

/// The same with the secret of receipt codes at hand.
pub(crate) fn derive(
    ledger: &dyn Ledger,
    secret: &CodeSecret,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rebuilt, StoreError> {
    let mut log = Log::default();
    // Before anything is emptied: what cannot be read changes nothing.
    log.follow(ledger)?;
    let (read, mut ground) = (log.head, log.work.ground(ledger)?);
    ledger.begin_rebuild()?;
    // From here on no other node commits: what came until now is all there is.
    let size = ledger.head()?.size;
    log.follow(ledger)?;
    if log.head != read {
        ground = log.work.ground(ledger)?;
    }
    ledger.replace_nodes(&log.nodes)?;
    let replay = Replay { ledger, ground: &ground, secret: Some(secret), now, size };
    let done = written_beside(|batch| ledger.put_derived(batch), |write| all(&replay, write, progress))?;
    ledger.end_rebuild()?;
    progress(Progress { entries: done.entries, of: size });
    Ok(done)
}

/// Puts on a thread of its own what `make` hands over, in its order, while the next is made: neither waits for the
/// other, and each takes a processor. All is put when it returns; the first fault ends both.
fn written_beside<T>(
    put: impl Fn(&Batch) -> Result<(), StoreError> + Send,
    make: impl FnOnce(&mut dyn FnMut(Batch) -> Result<(), StoreError>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    std::thread::scope(|scope| {
        let (made, batches) = sync_channel::<Batch>(0);
        let writer = scope.spawn(move || batches.into_iter().try_for_each(|batch| put(&batch)));
        let all = make(&mut |batch| {
            made.send(batch).map_err(|_| StoreError::Engine("nothing more is written".to_owned()))
        });
        drop(made);
        // Asked first: when nothing more was taken, this is why.
        writer.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        all
    })
}

/// Everything derived from the entries, in batches.
fn all(
    replay: &Replay<'_>,
    write: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rebuilt, StoreError> {
    let mut done = Rebuilt::default();
    let mut batch = Batch::default();
    let mut cells = Sums::default();
    let mut counters: BTreeMap<(String, i16), u64> = BTreeMap::new();
    let enough = ENOUGH[usize::from(replay.ledger.shared())];
    replay.run(&mut |folded| {
        for folded in folded {
            folded.stored.projection.share.cells().into_iter().for_each(|cell| cells.add(cell));
            if let Some((key, n)) = folded.number {
                let last = counters.entry(key).or_default();
                *last = n.max(*last);
            }
            done.entries += folded.entries;
            batch.looks.extend(folded.looks);
            let id = folded.stored.projection.row.id;
            batch.claimed.extend(folded.claims.into_iter().map(|claim| (claim, id)));
            batch.records.push(folded.stored);
        }
        if batch.records.len() >= enough {
            done.records += batch.records.len() as u64;
            write(std::mem::take(&mut batch))?;
            progress(Progress { entries: done.entries, of: replay.size });
        }
        Ok(())
    })?;
    done.records += batch.records.len() as u64;
    batch.counters = counters;
    write(batch)?;
    let mut cells = cells.all();
    done.cells = cells.len() as u64;
    while !cells.is_empty() {
        let rest = cells.keys().nth(CELLS).cloned().map(|key| cells.split_off(&key)).unwrap_or_default();
        let page = std::mem::replace(&mut cells, rest).into_iter().collect();
        write(Batch { cells: page, ..Batch::default() })?;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn batch(year: i16) -> Batch {
        Batch { counters: BTreeMap::from([((String::new(), year), 1)]), ..Batch::default() }
    }

    fn year(batch: &Batch) -> i16 {
        batch.counters.keys().map(|(_, year)| *year).sum()
    }

    #[test]
    fn all_is_written_in_its_order() {
        let put = Mutex::new(Vec::new());
        let write = |batch: &Batch| {
            put.lock().expect("whole").push(year(batch));
            Ok(())
        };
        let made = written_beside(write, |write| {
            (0..100).try_for_each(|year| write(batch(year)))?;
            Ok("made")
        });
        assert_eq!(made, Ok("made"));
        assert_eq!(put.into_inner().expect("whole"), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_fault_of_either_ends_both_and_is_told() {
        let full = |batch: &Batch| if year(batch) < 3 { Ok(()) } else { Err(StoreError::Full) };
        let endless = written_beside(full, |write| (0..).try_for_each(|year| write(batch(year))));
        assert_eq!(endless, Err(StoreError::Full), "not only that nothing more is written");
        // What was handed over last is refused when nothing more comes.
        assert_eq!(written_beside(full, |write| write(batch(9))), Err(StoreError::Full));
        let broken = StoreError::Corrupt("entry 3".to_owned());
        let made: Result<(), StoreError> = written_beside(full, |write| {
            write(batch(1))?;
            Err(broken.clone())
        });
        assert_eq!(made, Err(broken));
    }
}
