//! Verification by auditors, in the background: the whole log, a period, or one record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Digest, RecordId, Timestamp};
use gongzhi_kernel::chain::{Entry, Head, LAG, Walk, What};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Event, Record, proof};
use gongzhi_lang::model::{Level, Mechanism};
use gongzhi_store::{Ledger, Look, LookQuery, Scope, StoreError, Within};

use crate::failure::Failure;
use crate::service::Service;

/// Entries read at once.
const PAGE: u32 = 1_000;

/// What is to be verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Every entry from the first on, and the root over all of them.
    Whole,
    /// Entries of a time, from its first moment up to before its end.
    Period { from: Timestamp, to: Timestamp },
    /// All entries of a record, each with its proof in the log.
    Record(RecordId),
}

/// How a verification ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// So many entries verify, in the log of this size and root.
    Sound { entries: u64, size: u64, root: Digest },
    /// There is nothing to verify.
    Nothing,
    /// An entry is not what the log binds.
    Broken { seq: u64, what: What },
    /// An entry cannot be proven with the nodes kept of the log.
    NotInLog { seq: u64 },
    /// A hash kept of the Merkle log is not that of the entries below it.
    Node { level: u8, index: u64 },
    /// The root over all entries is another than that of the nodes kept.
    Root,
    /// The ledger ends before its stored end.
    End { found: u64, stored: u64 },
    /// The database failed.
    Failed(StoreError),
}

/// A verification that runs or ran last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    pub part: Part,
    pub by: String,
    pub begun: Timestamp,
    pub checked: u64,
    /// How many entries there are to check, as far as known.
    pub total: u64,
    /// With the time of its end.
    pub done: Option<(Timestamp, Outcome)>,
}

/// The one verification at a time.
#[derive(Default)]
pub struct Audit {
    job: Mutex<Option<Job>>,
}

impl Audit {
    fn held(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The verification that runs, or ran last.
    pub fn job(&self) -> Option<Job> {
        self.held().clone()
    }

    /// Takes the place of the one that runs; `false` while another does.
    pub fn begin(&self, part: Part, by: String, now: Timestamp) -> bool {
        let mut held = self.held();
        if held.as_ref().is_some_and(|job| job.done.is_none()) {
            return false;
        }
        *held = Some(Job { part, by, begun: now, checked: 0, total: 0, done: None });
        true
    }

    /// Does what was begun; takes as long as it takes.
    pub fn run(&self, service: &Service) {
        let Some(part) = self.job().map(|job| job.part) else { return };
        let mut progress = |checked, total| {
            if let Some(job) = self.held().as_mut() {
                (job.checked, job.total) = (checked, total);
            }
        };
        let outcome = check(service.ledger(), &part, &mut progress);
        self.end(service.now(), outcome);
    }

    fn end(&self, at: Timestamp, outcome: Outcome) {
        if let Some(job) = self.held().as_mut() {
            job.done = Some((at, outcome));
        }
    }
}

/// A look at personal values, with what its entry says.
pub struct LookSeen {
    pub look: Look,
    /// Fields and purpose stand in it.
    pub event: Event,
    /// The record as lists show it.
    pub row: Option<Row>,
    /// Names the fields.
    pub mechanism: Option<Arc<Mechanism>>,
}

impl Service {
    /// Begins a verification in the background; `false` while another one runs.
    pub fn begin_audit(self: &Arc<Self>, actor: &Actor, part: Part) -> Result<bool, Failure> {
        if !self.may_audit(actor) {
            return Err(Failure::NotFound);
        }
        let by = match actor {
            Actor::Person { code, .. } => code.clone(),
            _ => String::new(),
        };
        if !self.audit.begin(part, by, self.now()) {
            return Ok(false);
        }
        let service = self.clone();
        let thread = std::thread::Builder::new().name("audit".into());
        let started = thread.spawn(move || service.audit.run(&service));
        started.map(|_| true).map_err(|error| {
            let error = StoreError::Engine(error.to_string());
            self.audit.end(self.now(), Outcome::Failed(error.clone()));
            Failure::Store(error)
        })
    }

    /// A page of the looks at personal values in the whole county, newest first, for whoever verifies
    /// the log. The last one's time and sequence continue it.
    pub fn all_looks(&self, actor: &Actor, query: &LookQuery) -> Result<Vec<LookSeen>, Failure> {
        if !self.may_audit(actor) {
            return Err(Failure::NotFound);
        }
        let (ledger, state) = (self.ledger(), self.state());
        let mut seen = Vec::new();
        for look in ledger.looks(query)? {
            let corrupt = |why: String| StoreError::Corrupt(format!("entry {}: {why}", look.seq));
            let entry = ledger.entries(look.seq, 1)?.pop().ok_or_else(|| corrupt("missing".into()))?;
            let event = Event::from_bytes(&entry.body).map_err(|error| corrupt(error.to_string()))?;
            let mechanism = state.laws.version(&event.mechanism, event.version).cloned();
            let row = ledger.rows(&[event.record])?.pop();
            seen.push(LookSeen { look, event, row, mechanism });
        }
        Ok(seen)
    }

    /// Whether an actor verifies the log: who reads the register of posts of the whole county.
    pub fn may_audit(&self, actor: &Actor) -> bool {
        let Scope::Any(parts) = self.scope(actor) else { return true };
        let state = self.state();
        parts.iter().any(|part| {
            let mechanism = state.laws.library.mechanisms.get(&part.mechanism);
            let posts = mechanism.is_some_and(|found| found.register.as_deref() == Some("post"));
            posts && matches!(&part.within, Within::Place(Level::County, _))
        })
    }
}

type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Verifies a part of the log. `progress` hears how many entries were checked, and of how many.
pub fn check(ledger: &dyn Ledger, part: &Part, progress: Progress<'_>) -> Outcome {
    let checked = match part {
        Part::Whole => whole(ledger, progress),
        Part::Period { from, to } => period(ledger, *from, *to, progress),
        Part::Record(record) => one(ledger, *record),
    };
    checked.unwrap_or_else(|broken| broken)
}

fn failed(error: StoreError) -> Outcome {
    Outcome::Failed(error)
}

fn pass(walk: &mut Walk, entry: &Entry) -> Result<(), Outcome> {
    walk.pass(entry).map_err(|broken| Outcome::Broken { seq: broken.seq, what: broken.what })
}

fn root(ledger: &dyn Ledger, size: u64) -> Result<Digest, Outcome> {
    let read = |level, from, count: usize| ledger.nodes(level, from, count as u32);
    proof::root(size, read).map_err(|_| Outcome::Root)
}

fn whole(ledger: &dyn Ledger, progress: Progress<'_>) -> Result<Outcome, Outcome> {
    let stored = ledger.head().map_err(failed)?;
    let (mut walk, mut edge) = (Walk::default(), Frontier::default());
    while edge.size() < stored.size {
        let limit = (stored.size - edge.size()).min(u64::from(PAGE)) as u32;
        let page = ledger.entries(edge.size(), limit).map_err(failed)?;
        if page.is_empty() {
            return Err(Outcome::End { found: edge.size(), stored: stored.size });
        }
        for entry in &page {
            pass(&mut walk, entry)?;
            for node in edge.push(entry.hash) {
                if ledger.nodes(node.level, node.index, 1).map_err(failed)? != [node.hash] {
                    return Err(Outcome::Node { level: node.level, index: node.index });
                }
            }
        }
        progress(edge.size(), stored.size);
    }
    let head = walk.head();
    if head != stored {
        return Err(Outcome::End { found: head.size, stored: stored.size });
    }
    match edge.root() {
        found if found == root(ledger, head.size)? => {
            Ok(Outcome::Sound { entries: head.size, size: head.size, root: found })
        }
        _ => Err(Outcome::Root),
    }
}

/// How many entries there are from before a time.
pub(crate) fn entries_before(ledger: &dyn Ledger, time: Timestamp) -> Result<u64, StoreError> {
    let size = ledger.head()?.size;
    first_at(ledger, size, time).map_err(|outcome| match outcome {
        Outcome::Failed(error) => error,
        _ => StoreError::Corrupt("an entry is missing".to_owned()),
    })
}

/// The first entry of a time or later, where times do not go back. Those of format 1 do, up to [`LAG`]: asked for
/// a time that much earlier, what it finds has everything that is of the time or later behind it.
fn first_at(ledger: &dyn Ledger, size: u64, time: Timestamp) -> Result<u64, Outcome> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = ledger.entries(middle, 1).map_err(failed)?;
        let Some(entry) = found.first() else {
            return Err(Outcome::Broken { seq: middle, what: What::Sequence });
        };
        if entry.header.at < time { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

fn period(
    ledger: &dyn Ledger,
    from: Timestamp,
    to: Timestamp,
    progress: Progress<'_>,
) -> Result<Outcome, Outcome> {
    let size = ledger.head().map_err(failed)?.size;
    let first = first_at(ledger, size, Timestamp(from.0.saturating_sub(LAG)))?;
    let end = first_at(ledger, size, Timestamp(to.0.saturating_add(LAG)))?;
    let root = root(ledger, size)?;
    let mut walk = match first {
        0 => Walk::default(),
        first => {
            let found = ledger.entries(first - 1, 1).map_err(failed)?.pop();
            Walk::behind(&found.ok_or(Outcome::NotInLog { seq: first - 1 })?.header)
        }
    };
    let mut entries = 0;
    while walk.head().size < end {
        let at = walk.head().size;
        let limit = (end - at).min(u64::from(PAGE)) as u32;
        let page = ledger.entries(at, limit).map_err(failed)?;
        if page.is_empty() {
            return Err(Outcome::End { found: at, stored: size });
        }
        // Each continues the one before; one proof for a page ties them all to the root.
        for entry in &page {
            pass(&mut walk, entry)?;
            entries += u64::from((from..to).contains(&entry.header.at));
        }
        included(ledger, &page[page.len() - 1..], size, root)?;
        progress(walk.head().size - first, end - first);
    }
    if entries == 0 { Ok(Outcome::Nothing) } else { Ok(Outcome::Sound { entries, size, root }) }
}

fn one(ledger: &dyn Ledger, record: RecordId) -> Result<Outcome, Outcome> {
    let entries = ledger.history(record).map_err(failed)?;
    let size = ledger.head().map_err(failed)?.size;
    if entries.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let root = root(ledger, size)?;
    let mut last: Option<&Entry> = None;
    for (entry, revision) in entries.iter().zip(1..) {
        let header = &entry.header;
        let broken = |what| Outcome::Broken { seq: header.seq, what };
        let alone = Head { size: header.seq, hash: header.previous }.verify(entry);
        alone.map_err(|found| broken(found.what))?;
        if header.record != record {
            return Err(broken(What::Chain));
        }
        if header.revision != revision || last.is_some_and(|last| header.seq <= last.header.seq) {
            return Err(broken(What::Revision));
        }
        if last.is_some_and(|last| !header.may_follow(&last.header)) {
            return Err(broken(What::Time));
        }
        last = Some(entry);
    }
    // Nothing of it may be left out at the end either; what came meanwhile is no fault.
    let newest = newest(ledger, record).map_err(failed)?;
    if newest > entries.len() as u64 && newest > ledger.history(record).map_err(failed)?.len() as u64 {
        let seq = entries.last().map_or(0, |entry| entry.header.seq);
        return Err(Outcome::Broken { seq, what: What::Revision });
    }
    included(ledger, &entries, size, root)?;
    Ok(Outcome::Sound { entries: entries.len() as u64, size, root })
}

/// The revision at which the record stands, as far as that can be read: its lists are not the log.
fn newest(ledger: &dyn Ledger, record: RecordId) -> Result<u64, StoreError> {
    let kept = ledger.snapshot(record)?.and_then(|bytes| Record::from_bytes(&bytes).ok());
    Ok(kept.filter(|kept| kept.id == record).map_or(0, |kept| kept.revision))
}

fn included(ledger: &dyn Ledger, entries: &[Entry], size: u64, root: Digest) -> Result<(), Outcome> {
    let seqs: Vec<u64> = entries.iter().map(|entry| entry.header.seq).collect();
    let read = |level, from, count: usize| ledger.nodes(level, from, count as u32);
    let Ok(paths) = proof::inclusions(&seqs, size, read) else {
        return Err(Outcome::NotInLog { seq: seqs.first().copied().unwrap_or_default() });
    };
    for (entry, path) in entries.iter().zip(paths) {
        if !proof::includes(entry.hash, entry.header.seq, size, &path, root) {
            return Err(Outcome::NotInLog { seq: entry.header.seq });
        }
    }
    Ok(())
}
