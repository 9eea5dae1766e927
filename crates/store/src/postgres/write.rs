//! The one transaction that makes a group of commands durable: one statement, and so one round trip.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use super::access::Access;
use gongzhi_base::Digest;
use gongzhi_kernel::chain::Head;

use super::error::{Done, Fault};
use super::link::{Link, Step, Told, arg, bytes, count, step};
use super::pool::Patience;
use super::{claims, log, looks, outbox, read};
use crate::shared::continued;
use crate::{Batch, StoreError, pending};

/// The channel on which the county's servers tell each other that the ledger has grown.
pub(super) fn channel(county: &str) -> String {
    format!("gongzhi {county}")
}

/// Up to how many entries there are since the last application; 0 is none. Of the commits between two
/// applications the county's other servers are told the first at once, and all others with the next one.
pub(super) type Owed = Arc<AtomicU64>;

/// The writing connection.
pub(super) struct Writer {
    access: Access,
    county: String,
    link: Option<Link>,
    /// A transaction is open on the connection, and nobody else commits until it ends.
    turn: bool,
    /// The number of the server's process that this connection has, for the listener.
    process: Arc<AtomicI32>,
    /// It is this process that rebuilds, if any.
    rebuilds: Arc<AtomicBool>,
    owed: Owed,
}

impl Writer {
    pub(super) fn new(
        access: Access,
        county: &str,
        link: Link,
        process: Arc<AtomicI32>,
        rebuilds: Arc<AtomicBool>,
        owed: Owed,
    ) -> Writer {
        Writer { access, county: county.to_owned(), link: Some(link), turn: false, process, rebuilds, owed }
    }

    /// The connection, made anew when it was lost.
    fn link(&mut self, patience: &mut Patience) -> Result<&Link, StoreError> {
        loop {
            if let Some(link) = self.link.take() {
                return Ok(self.link.insert(link));
            }
            match Link::connect(&self.access).and_then(|link| Ok((link.process()?, link))) {
                Ok((process, link)) => {
                    self.process.store(process, Ordering::Relaxed);
                    (self.link, self.turn) = (Some(link), false);
                }
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Lost(why)) => patience.rest(why)?,
            }
        }
    }

    /// Stands in line until nobody else commits, and gives the head of then. Nobody else commits before this
    /// one's next commit or [`Writer::let_go`], or before the server's patience with an idle transaction ends.
    pub(super) fn turn(&mut self) -> Result<Head, StoreError> {
        self.let_go();
        let county = self.county.clone();
        let mut patience = Patience::new();
        loop {
            let link = self.link(&mut patience)?;
            let head = link.run(async {
                let steps =
                    [step("BEGIN", vec![]), step(LINE, vec![arg(&county)]), step(HEAD, vec![arg(&county)])];
                let rows = link.pipeline(&steps).await?;
                head_of(rows.last().and_then(|rows| rows.first()))
            });
            match head {
                Ok(head) => {
                    self.turn = true;
                    return Ok(head);
                }
                Err(Fault::Store(error)) => {
                    self.rollback();
                    return Err(error);
                }
                Err(Fault::Lost(why)) => {
                    self.link = None;
                    patience.rest(why)?;
                }
            }
        }
    }

    /// Gives a turn up that was not used.
    pub(super) fn let_go(&mut self) {
        if self.turn {
            self.rollback();
        }
    }

    /// Writes a whole batch, or nothing.
    pub(super) fn commit(&mut self, expect: Head, batch: &Batch) -> Result<(), StoreError> {
        let end = continued(&self.county, expect, batch)?;
        let packed = pending::pack(batch);
        let county = self.county.clone();
        let mut patience = Patience::new();
        let mut lost = false;
        loop {
            let rebuilds = self.rebuilds.load(Ordering::Relaxed);
            self.link(&mut patience)?;
            let turn = std::mem::take(&mut self.turn);
            // Who has a turn has others waiting.
            let tells = turn || packed.is_none() || self.owed.load(Ordering::Relaxed) == 0;
            let link = self.link(&mut patience)?;
            let how = How { rebuilds, turn };
            let (channel, text) = (channel(&county), end.size.to_string());
            let told = tells.then_some(Told { channel: &channel, text: &text });
            match link.run(commit(link, &county, (expect, end), how, batch, packed.as_deref(), told)) {
                Ok(()) => {
                    self.owed.store(end.size, Ordering::Relaxed);
                    return Ok(());
                }
                Err(Fault::Store(error)) => {
                    self.rollback();
                    // What was lost may have come through only now, after it was found not to stand.
                    if lost && error == StoreError::Conflict && self.stands(expect, end, &mut patience)? {
                        return Ok(());
                    }
                    return Err(error);
                }
                Err(Fault::Lost(why)) => {
                    lost = true;
                    tracing::warn!(why, "the connection to PostgreSQL was lost while writing");
                    self.link = None;
                    if self.stands(expect, end, &mut patience)? {
                        return Ok(());
                    }
                    patience.rest(why)?;
                }
            }
        }
    }

    /// Whether a transaction whose answer was lost stands. Its server process may still be at work or in line:
    /// this one's turn and the head's lock are had only after that one has ended, in whatever way. False means that it may
    /// be tried again.
    fn stands(&mut self, expect: Head, end: Head, patience: &mut Patience) -> Result<bool, StoreError> {
        let county = self.county.clone();
        loop {
            let link = self.link(patience)?;
            let found = link.run(async {
                let head = [
                    step("BEGIN", vec![]),
                    step(LINE, vec![arg(&county)]),
                    step("SELECT size, hash FROM ledger WHERE county = $1 FOR UPDATE", vec![arg(&county)]),
                ];
                let rows = link.pipeline(&head).await?;
                let head = head_of(rows.last().and_then(|rows| rows.first()))?;
                // What was written is bound by the hash of its last entry, also under what others added.
                let last = read::entries(link, &county, end.size.saturating_sub(1), 1).await?;
                let ours = last.first().is_some_and(|entry| entry.hash == end.hash);
                let stands = ours && head.size >= end.size && end != expect;
                // Whoever was cut off may not have told the others.
                let (channel, text) = (channel(&county), head.size.to_string());
                let told = stands.then_some(Told { channel: &channel, text: &text });
                link.and_tell(link.script("COMMIT"), told).await?;
                Ok((head, stands))
            });
            match found {
                Ok((_, true)) => return Ok(true),
                Ok((head, false)) if head == expect => return Ok(false),
                Ok(_) => return Err(StoreError::Conflict),
                Err(Fault::Store(error)) => {
                    self.rollback();
                    return Err(StoreError::Engine(format!(
                        "whether the last commands were made durable is not known: {error}"
                    )));
                }
                Err(Fault::Lost(why)) => {
                    self.link = None;
                    patience.rest(why)?;
                }
            }
        }
    }

    /// Ends a failed transaction; a connection that cannot even do that is given up.
    fn rollback(&mut self) {
        self.turn = false;
        if self.link.as_ref().is_some_and(|link| link.run(link.script("ROLLBACK")).is_err()) {
            self.link = None;
        }
    }
}

/// The key of the lock in whose line nodes stand, beside the county's. Each commit holds it shared; who stands in
/// line has it alone. The server gives it in the order in which it was asked for, so that a node that loses every race
/// for the head waits for as many commits as there are nodes, and no commit takes a round trip more.
macro_rules! lock {
    ($how:literal) => {
        concat!("SELECT ", $how, "(1735359080, hashtext($1))")
    };
}
const LINE: &str = lock!("pg_advisory_xact_lock");
/// The head, read in a turn: no other commit is under way.
const HEAD: &str = "SELECT size, hash FROM ledger WHERE county = $1";

/// Takes the head, unless it is another one by now or another process rebuilds what is derived, and gives the number under which the commit leaves
/// what is to be applied.
const TAKE: &str = concat!(
    "UPDATE ledger SET size = $2, hash = $3, batches = batches + $6 FROM (",
    lock!("pg_advisory_xact_lock_shared"),
    ") AS line WHERE county = $1 AND size = $4 AND hash = $5 AND (NOT rebuilding OR $7) RETURNING batches"
);
/// Beside the statement above, which is called `part0` there.
const LEAVE_AT_ONCE: &str = "INSERT INTO pending (county, n, body) SELECT $1, batches, $2 FROM part0";
/// After it.
const LEAVE: &str =
    "INSERT INTO pending (county, n, body) SELECT county, batches, $2 FROM ledger WHERE county = $1";

fn head_of(row: Option<&tokio_postgres::Row>) -> Done<Head> {
    row.map_or(Ok(Head::EMPTY), |row| Ok(Head { size: count(row, 0)?, hash: Digest(bytes(row, 1)?) }))
}

/// In which circumstances a group is committed.
#[derive(Clone, Copy)]
struct How {
    /// This process rebuilds what is derived.
    rebuilds: bool,
    /// Its transaction is open already.
    turn: bool,
}

async fn commit(
    link: &Link,
    county: &str,
    (expect, end): (Head, Head),
    How { rebuilds, turn }: How,
    batch: &Batch,
    packed: Option<&[u8]>,
    told: Option<Told<'_>>,
) -> Done<()> {
    let head = |head: &Head| (head.size.cast_signed(), head.hash.0.to_vec());
    let ((old_size, old_hash), (size, hash)) = (head(&expect), head(&end));
    let taken = vec![
        arg(county),
        arg(size),
        arg(hash),
        arg(old_size),
        arg(old_hash),
        arg(i64::from(packed.is_some())),
        arg(rebuilds),
    ];
    // A record may be erased and then seal personal values anew within one group: its key is deleted and
    // inserted, which takes two statements.
    let at_once = batch.destroyed.is_empty();
    let mut steps = vec![step(TAKE, taken)];
    entries(county, batch, &mut steps);
    log::put(county, batch, &mut steps);
    outbox::put(county, batch, &mut steps);
    looks::put(county, batch, &mut steps);
    claims::put(county, batch, &mut steps);
    if let Some(packed) = packed {
        steps.push(step(if at_once { LEAVE_AT_ONCE } else { LEAVE }, vec![arg(county), arg(packed)]));
    }
    if at_once {
        link.ready(&steps).await?;
        return link.and_tell(link.at_once(&steps, turn), told).await;
    }
    // Whoever came first is seen before anything else is done.
    let mut first = vec![steps.remove(0)];
    if !turn {
        first.insert(0, step("BEGIN", vec![]));
    }
    let taken = link.pipeline(&first).await?;
    if taken.last().is_none_or(Vec::is_empty) {
        return Err(StoreError::Conflict.into());
    }
    steps.push(step("COMMIT", vec![]));
    // Told in the open transaction, it is told when that one ends.
    link.and_tell(async { link.pipeline(&steps).await.map(drop) }, told).await
}

/// Entries and answers.
fn entries<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    use gongzhi_base::canon::Canon as _;
    let of = &batch.entries;
    if !of.is_empty() {
        let sql = "INSERT INTO entry (county, seq, record, revision, header, hash, salt, body)
            SELECT $1, n.* FROM unnest($2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[],
                $8::bytea[]) AS n";
        let args = vec![
            arg(county),
            arg(of.iter().map(|entry| entry.header.seq.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.record.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.revision.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.to_bytes()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.hash.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.salt.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.body.as_slice()).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
    let of = &batch.answers;
    if !of.is_empty() {
        let sql = "INSERT INTO answer (county, command, digest, record, revision, seq)
            SELECT $1, n.* FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[]) AS n";
        let args = vec![
            arg(county),
            arg(of.iter().map(|answer| answer.command.as_str()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.digest.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.record.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.revision.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.seq.cast_signed()).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
}
