//! A ledger that fails by plan, and remembers what it really made durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::words::Term;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_kernel::merkle::Node;
use gongzhi_kernel::project::{Row, todo_key, unit_token};
use gongzhi_kernel::{Claim, Record};
use gongzhi_lang::model::Level;
use gongzhi_service::Ambient as _;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::engine::WRITER;
use gongzhi_store::outbox::Outbox;
use gongzhi_store::{
    Answer, Batch, CellQuery, CellValue, Credential, Ledger, ListQuery, Loaded, Look, LookQuery, Names, Page,
    Provable, Scope, Session, Setting, StoreError, Stored, Tally, Timer, Trace, Traces, Want,
};

/// What goes wrong with one commit.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// It fails before anything is written.
    Before(StoreError),
    /// It is durable, but the answer of the database is lost.
    Lost,
    /// Another writer seems to have come first.
    Conflict,
    /// The machine dies before it is written.
    DieBefore,
    /// The machine dies after it is durable and before anybody is answered.
    DieAfter,
    /// It takes so many milliseconds.
    Slow(i64),
}

/// A lie of the ledger: what a simulation must notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// A commit is acknowledged and nothing is written.
    Forget,
    /// The answer of a command is not kept.
    Answer,
    /// A figure is counted once too often.
    Figure,
    /// A record is in nobody's inbox.
    Inbox,
    /// A deadline's timer is lost.
    Timer,
    /// A record is listed for people of a unit that has nothing to do with it.
    Right,
    /// A record's stored form is an older one.
    Snapshot,
    /// The key of personal values outlives their erasure.
    Key,
}

/// What one commit really made durable.
#[derive(Clone, Debug)]
pub struct Durable {
    /// Sequence of its first entry.
    pub first: u64,
    /// In the order of their last entries.
    pub answers: Vec<Answer>,
}

/// What several nodes' ledgers remember together.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Durable>>);

impl Recorder {
    /// What was made durable from a position on.
    pub fn since(&self, at: usize) -> Vec<Durable> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(at..).map(<[Durable]>::to_vec).unwrap_or_default()
    }
}

#[derive(Default)]
struct Plan {
    commits: VecDeque<Fault>,
    /// So many reads for commands come first, then so many fail.
    reads: Option<(u32, u32)>,
    /// How often each fault came.
    met: BTreeMap<&'static str, u64>,
    /// What it lies about, and how often.
    sabotage: Option<(Sabotage, u32)>,
    /// Units that had a record in charge.
    units: BTreeSet<String>,
}

/// Longest waiting for reads that come at once, or not at all where everything is in memory.
const PATIENCE: Duration = Duration::from_millis(250);

/// A commit that is kept waiting until something else has happened.
#[derive(Default)]
struct Gate {
    /// The next commit waits.
    closed: bool,
    /// A commit is waiting.
    reached: bool,
    /// Reads for commands so far.
    loads: u64,
}

/// A ledger behind faults.
pub struct Faulty {
    inner: Arc<dyn Ledger>,
    clock: Arc<Scripted>,
    recorder: Arc<Recorder>,
    plan: Mutex<Plan>,
    dead: AtomicBool,
    gate: Mutex<Gate>,
    turned: Condvar,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Ledger>, clock: Arc<Scripted>, recorder: Arc<Recorder>) -> Faulty {
        Faulty {
            inner,
            clock,
            recorder,
            plan: Mutex::default(),
            dead: AtomicBool::new(false),
            gate: Mutex::default(),
            turned: Condvar::new(),
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the next commit waiting. Gives how many reads for commands there were.
    pub fn close_gate(&self) -> u64 {
        let mut gate = self.gate();
        (gate.closed, gate.reached) = (true, false);
        gate.loads
    }

    /// Waits until a commit waits at the gate, or until `done` says that none will come.
    pub fn await_commit(&self, done: &AtomicBool) -> bool {
        let mut gate = self.gate();
        while !gate.reached && !done.load(Ordering::SeqCst) {
            gate = self.turned.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        gate.reached
    }

    /// Waits until there were more reads for commands than so many, or until `done`.
    pub fn await_loads(&self, beyond: u64, done: &AtomicBool) {
        let mut gate = self.gate();
        while gate.loads <= beyond && !done.load(Ordering::SeqCst) {
            let waited = self.turned.wait_timeout(gate, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            gate = waited.0;
            if waited.1.timed_out() {
                return;
            }
        }
    }

    /// Lets commits go on.
    pub fn open_gate(&self) {
        self.gate().closed = false;
        self.turned.notify_all();
    }

    /// Something outside has changed for which somebody may wait.
    pub fn turn(&self) {
        let _held = self.gate();
        self.turned.notify_all();
    }

    fn pass_gate(&self) {
        let mut gate = self.gate();
        if gate.closed {
            gate.reached = true;
            self.turned.notify_all();
        }
        while gate.closed {
            gate = self.turned.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lies at the next occasion.
    pub fn lie(&self, sabotage: Sabotage) {
        // What heals with the record's next step is told again and again.
        let heals = [Sabotage::Inbox, Sabotage::Timer, Sabotage::Right, Sabotage::Snapshot];
        let times = if heals.contains(&sabotage) { u32::MAX } else { 1 };
        self.plan().sabotage = Some((sabotage, times));
    }

    /// Lies, if it is told to and there is something to lie about.
    fn lied(&self, batch: &Batch) -> Option<Batch> {
        let mut plan = self.plan();
        let mut lie = batch.clone();
        let open =
            |stored: &&mut Stored| stored.projection.row.open && !stored.projection.row.number.is_empty();
        let (sabotage, times) = plan.sabotage?;
        match sabotage {
            // Rows written anew on a new map acknowledge nothing to anybody.
            Sabotage::Forget if !batch.entries.is_empty() && !batch.records.is_empty() => {
                lie = Batch::default()
            }
            Sabotage::Answer if batch.answers.len() == 1 => lie.answers.clear(),
            Sabotage::Figure => lie.cells.iter_mut().map(|(_, sum)| sum).next()?.0 += 1,
            Sabotage::Inbox => {
                let stored =
                    lie.records.iter_mut().filter(open).find(|stored| !stored.projection.todo.is_empty())?;
                stored.projection.todo.clear();
            }
            Sabotage::Timer => {
                let stored = lie.records.iter_mut().find(|stored| !stored.projection.timers.is_empty())?;
                stored.projection.timers.clear();
            }
            Sabotage::Right => {
                let stored = lie.records.iter_mut().find(open)?;
                let unit = stored.projection.row.unit.clone()?;
                let other = plan.units.iter().find(|other| **other != unit).cloned();
                plan.units.insert(unit);
                stored.projection.scopes.push(unit_token(&todo_key("officer", &other?)));
            }
            Sabotage::Snapshot => {
                let stored = lie.records.iter_mut().find(open)?;
                let mut record = Record::from_bytes(&stored.snapshot).ok()?;
                record.taken.clear();
                stored.snapshot = record.to_bytes();
            }
            Sabotage::Key if !batch.destroyed.is_empty() => lie.destroyed.clear(),
            _ => return None,
        }
        plan.sabotage = (times > 1).then_some((sabotage, times - 1));
        Some(lie)
    }

    /// Lets the next commits fail so, one after the other.
    pub fn fail_commits(&self, faults: impl IntoIterator<Item = Fault>) {
        self.plan().commits.extend(faults);
    }

    /// Lets reads for commands fail, whatever is read, after so many others.
    pub fn fail_reads(&self, after: u32, times: u32) {
        self.plan().reads = Some((after, times));
    }

    /// Forgets faults that have not come, and tells how often each came since the last time.
    pub fn settle(&self) -> BTreeMap<&'static str, u64> {
        let mut plan = self.plan();
        plan.commits.clear();
        plan.reads = None;
        std::mem::take(&mut plan.met)
    }

    /// From now on nothing works any more, as when the machine lost its power.
    pub fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Whether the machine is off.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    fn alive(&self) -> Result<&dyn Ledger, StoreError> {
        if self.is_dead() {
            return Err(StoreError::Engine("the machine is off".into()));
        }
        Ok(self.inner.as_ref())
    }

    fn record(&self, expect: Head, batch: &Batch) {
        let mut answers = batch.answers.clone();
        answers.sort_by_key(|answer| answer.seq);
        let durable = Durable { first: expect.size, answers };
        self.recorder.0.lock().unwrap_or_else(PoisonError::into_inner).push(durable);
    }

    /// What stands below, for a read or a note of the deciding thread; everybody else's go through.
    fn read(&self) -> Result<&dyn Ledger, StoreError> {
        if std::thread::current().name() == Some(WRITER) {
            let mut plan = self.plan();
            match &mut plan.reads {
                Some((0, times)) if *times > 0 => {
                    *times -= 1;
                    *plan.met.entry("read error").or_default() += 1;
                    return Err(StoreError::Engine("a read failed, as planned".into()));
                }
                Some((after, _)) => *after = after.saturating_sub(1),
                None => {}
            }
        }
        self.alive()
    }
}

/// Methods that only pass on.
macro_rules! pass {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $ty),*) -> Result<$out, StoreError> { self.read()?.$name($($arg),*) })*
    };
}

impl Ledger for Faulty {
    fn load(&self, want: &Want) -> Result<Loaded, StoreError> {
        self.gate().loads += 1;
        self.turned.notify_all();
        self.read()?.load(want)
    }

    fn commit(&self, expect: Head, batch: &Batch) -> Result<(), StoreError> {
        self.pass_gate();
        let inner = self.alive()?;
        let fault = {
            let mut plan = self.plan();
            let fault = plan.commits.pop_front();
            let name = match &fault {
                None => None,
                Some(Fault::Before(StoreError::Full)) => Some("disk full"),
                Some(Fault::Before(_)) => Some("error before commit"),
                Some(Fault::Lost) => Some("answer of commit lost"),
                Some(Fault::Conflict) => Some("conflict"),
                Some(Fault::DieBefore) => Some("crash before commit"),
                Some(Fault::DieAfter) => Some("crash after commit"),
                Some(Fault::Slow(_)) => Some("slow commit"),
            };
            name.into_iter().for_each(|name| *plan.met.entry(name).or_default() += 1);
            fault
        };
        match &fault {
            Some(Fault::Before(error)) => return Err(error.clone()),
            Some(Fault::Conflict) => return Err(StoreError::Conflict),
            Some(Fault::DieBefore) => {
                self.die();
                return Err(StoreError::Engine("the machine died, as planned".into()));
            }
            Some(Fault::Slow(millis)) => self.clock.set(self.clock.now().plus_millis(*millis)),
            Some(Fault::Lost | Fault::DieAfter) | None => {}
        }
        match self.lied(batch) {
            Some(lie) if lie.entries.is_empty() => return Ok(()),
            Some(lie) => inner.commit(expect, &lie)?,
            None => inner.commit(expect, batch)?,
        }
        self.record(expect, batch);
        match fault {
            Some(Fault::Lost) => Err(StoreError::Engine("the connection was lost, as planned".into())),
            Some(Fault::DieAfter) => {
                self.die();
                Err(StoreError::Engine("the machine died, as planned".into()))
            }
            _ => Ok(()),
        }
    }

    fn wait(&self, beyond: u64, at_most: Duration) -> Result<u64, StoreError> {
        self.alive()?.wait(beyond, at_most)
    }

    fn trace(&self, stored: &Stored, names: &Names) -> Trace {
        // As whatever stands below writes it, also while it is down.
        self.alive().map(|ledger| ledger.trace(stored, names)).unwrap_or_default()
    }

    /// Nothing happens beside the simulation's one thread: it says itself when a node follows.
    fn shared(&self) -> bool {
        false
    }

    fn outbox(&self) -> &dyn Outbox {
        self.inner.outbox()
    }

    pass! {
        head() -> Head;
        counters() -> BTreeMap<(String, i16), u64>;
        holders(claims: &[Claim]) -> Vec<(Claim, RecordId)>;
        claims(after: Option<(Claim, RecordId)>, limit: u32) -> Vec<(Claim, RecordId)>;
        traces(names: &Names) -> Traces;
        snapshots(mechanism: &str) -> Vec<Vec<u8>>;
        snapshot(id: RecordId) -> Option<Vec<u8>>;
        rows(ids: &[RecordId]) -> Vec<Row>;
        by_receipt(receipt: Digest) -> Option<RecordId>;
        by_number(number: &str) -> Option<RecordId>;
        history(id: RecordId) -> Vec<Entry>;
        provable(id: RecordId, names: &[&str]) -> Provable;
        entries(from: u64, limit: u32) -> Vec<Entry>;
        entries_by_record(after: Option<(RecordId, u64)>, limit: u32) -> Vec<Entry>;
        nodes(level: u8, from: u64, limit: u32) -> Vec<Digest>;
        answers(after: Option<&CommandId>, limit: u32) -> Vec<Answer>;
        keys(of: &[RecordId]) -> Vec<(RecordId, Vec<u8>)>;
        all_keys(after: Option<RecordId>, limit: u32) -> Vec<(RecordId, Vec<u8>)>;
        put_keys(keys: &[(RecordId, Vec<u8>)]) -> ();
        replace_nodes(nodes: &[Node]) -> ();
        begin_rebuild() -> ();
        put_derived(batch: &Batch) -> ();
        end_rebuild() -> ();
        rebuilding() -> bool;
        todo(keys: &[String], after: Option<(i64, RecordId)>, limit: u32) -> Page;
        todo_count(keys: &[String]) -> (u64, u64);
        list(query: &ListQuery) -> Page;
        values(mechanism: &str, name: &str, above: Option<RecordId>) -> Vec<String>;
        search(scope: &Scope, terms: &[Term], limit: u32) -> Vec<Row>;
        recent_near(mechanism: &str, place: (Level, &str), since: Timestamp, limit: u32) -> Vec<Row>;
        timers(until: Timestamp, limit: u32) -> Vec<Timer>;
        looks(query: &LookQuery) -> Vec<Look>;
        tallies(query: &CellQuery) -> Vec<Tally>;
        cells(query: &CellQuery) -> Vec<CellValue>;
        put_credential(credential: &Credential) -> ();
        credential(login: &str) -> Option<Credential>;
        put_session(session: &Session) -> ();
        session(token: Digest, now: Timestamp) -> Option<Session>;
        end_session(token: Digest) -> ();
        credentials() -> Vec<Credential>;
        settings() -> Vec<(String, Vec<u8>)>;
        setting(name: &str) -> Option<Vec<u8>>;
        settings_and_head(names: &[&str]) -> (Vec<Setting>, Head);
        put_setting(name: &str, value: &[u8]) -> ();
        ping() -> ();
    }
}
