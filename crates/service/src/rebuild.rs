//! `gongzhi rebuild`: all read models written anew from the entries.
//!
//! Lists stand on today's map; figures can be read on either, as always, because the history of the places
//! is in the entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::merkle::{Frontier, Node};
use gongzhi_kernel::project::CellKey;
use gongzhi_store::{Batch, Ledger, StoreError};

use crate::ambient::Ambient;
use crate::codes::CodeSecret;
use crate::replay::{self, Groundwork, Replay};
use crate::seal::{MasterKey, Seals};
use crate::service::{basics, setting};

/// Records written with one transaction, at least.
const ENOUGH: usize = 4_000;
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
    let mut done = Rebuilt::default();
    let mut batch = Batch::default();
    let mut cells: BTreeMap<CellKey, (i64, i64)> = BTreeMap::new();
    let mut counters: BTreeMap<(String, i16), u64> = BTreeMap::new();
    let replay = Replay { ledger, ground: &ground, secret: Some(secret), now, size };
    replay.run(&mut |folded| {
        for folded in folded {
            for cell in &folded.stored.projection.share.cells() {
                add(&mut cells, cell);
            }
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
        if batch.records.len() >= ENOUGH {
            done.records += batch.records.len() as u64;
            ledger.put_derived(&std::mem::take(&mut batch))?;
            progress(Progress { entries: done.entries, of: size });
        }
        Ok(())
    })?;
    done.records += batch.records.len() as u64;
    batch.counters = counters;
    ledger.put_derived(&batch)?;
    cells.retain(|_, sums| *sums != (0, 0));
    done.cells = cells.len() as u64;
    while !cells.is_empty() {
        let rest = cells.keys().nth(CELLS).cloned().map(|key| cells.split_off(&key)).unwrap_or_default();
        let page = std::mem::replace(&mut cells, rest).into_iter().collect();
        ledger.put_derived(&Batch { cells: page, ..Batch::default() })?;
    }
    ledger.end_rebuild()?;
    progress(Progress { entries: done.entries, of: size });
    Ok(done)
}

/// Adds a record's share to its cell.
pub(crate) fn add(cells: &mut BTreeMap<CellKey, (i64, i64)>, cell: &gongzhi_kernel::project::Cell) {
    let share = (cell.numerator, cell.denominator);
    match cells.get_mut(&cell.key) {
        Some(sum) => *sum = (sum.0 + share.0, sum.1 + share.1),
        None => drop(cells.insert(cell.key.clone(), share)),
    }
}
