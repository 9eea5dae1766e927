//! Group commit. One writer takes whatever commands have come, decides them in order, each seeing
//! the ones before, and makes the whole group durable with one transaction. A command is answered
//! only after that.

mod follow;
mod handle;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId, Value};
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::merkle::{Frontier, Node};
use gongzhi_kernel::project::{CellKey, Projection, Share, project};
use gongzhi_kernel::{
    Actor, Case, Command, Decision, Deed, Laws, Order, Raw, Record, Refusal, World, decide,
};
use gongzhi_lang::model::Mechanism;
use gongzhi_store::outbox::Mark;
use gongzhi_store::{Answer, Batch, Ledger, Look, StoreError, Stored, Want};
use lru::LruCache;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use handle::Engine;
use handle::Job;

use crate::ambient::Ambient;
use crate::codes::{self, CodeSecret};
use crate::failure::Failure;
use crate::outbox;
use crate::seal::{Keyring, Seals};

/// Most commands of one durable transaction.
pub const GROUP: usize = 256;
/// Commands that may wait; more are told to come again.
const QUEUE: usize = 8_192;
/// How often a group is decided again when other nodes keep coming first.
const TRIES: u64 = 32;
/// Records kept folded in memory.
const KEPT: usize = 1_024;

/// What everybody reads: the laws in force and the county as it is. Replaced as a whole.
#[derive(Clone)]
pub struct State {
    pub laws: Arc<Laws>,
    pub world: Arc<World>,
}

/// What an accepted command was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub record: RecordId,
    pub revision: u64,
    /// Sequence of the command's last entry in the ledger.
    pub seq: u64,
    /// The same command had been accepted before; nothing was done again.
    pub again: bool,
}

/// What changed, told to live pages.
#[derive(Clone, Debug)]
pub struct Changed {
    pub record: RecordId,
    pub mechanism: String,
    /// Inboxes in which it waits now.
    pub todo: Vec<String>,
}

/// A record kept in memory with what the read models hold of it.
#[derive(Clone)]
struct Kept {
    record: Arc<Record>,
    share: Arc<Share>,
    text: Arc<str>,
}

struct Writer {
    ledger: Arc<dyn Ledger>,
    state: Arc<ArcSwap<State>>,
    /// The world as this writer sees it: the published one, or ahead of it within a group.
    world: Arc<World>,
    ambient: Arc<dyn Ambient>,
    secret: Arc<CodeSecret>,
    seals: Arc<Seals>,
    head: Head,
    /// The right edge of the Merkle log at the head.
    edge: Frontier,
    counters: BTreeMap<(String, i16), u64>,
    kept: LruCache<RecordId, Kept>,
    changes: broadcast::Sender<Arc<Vec<Changed>>>,
    /// The size of the head, for the follower.
    written: Arc<AtomicU64>,
}

/// What each command of a group is answered, and whether the group was made durable.
type Tried = (Vec<Result<Outcome, Failure>>, Result<(), StoreError>);

type Reply = oneshot::Sender<Result<Outcome, Failure>>;

impl Writer {
    fn run(&mut self, mut queue: mpsc::Receiver<Job>) {
        let mut last_group = 1;
        while let Some(first) = queue.blocking_recv() {
            let mut group: Vec<(Command, Reply)> = Vec::new();
            let mut laws = None;
            let mut follow = false;
            let mut told = Vec::new();
            let mut next = Some(first);
            let mut lingered = false;
            while let Some(job) = next {
                match job {
                    Job::Act(command, reply) => group.push((*command, reply)),
                    Job::Laws(new, reply) => {
                        laws = Some((new, reply));
                        break;
                    }
                    Job::Group(commands) => group.extend(commands),
                    Job::Follow(reply) => {
                        follow = true;
                        told.extend(reply);
                    }
                }
                next = if group.len() < GROUP { queue.try_recv().ok() } else { None };
                // Where many write at once, a moment's patience lets the next ones share the
                // transaction; a single writer never waits.
                if next.is_none() && !lingered && last_group > 4 && group.len() < last_group / 2 {
                    lingered = true;
                    std::thread::sleep(Duration::from_micros(300));
                    next = queue.try_recv().ok();
                }
            }
            if follow && let Err(error) = self.catch_up() {
                tracing::error!(%error, "what other nodes wrote could not be taken in");
            }
            for reply in told {
                let _ = reply.send(());
            }
            if !group.is_empty() {
                last_group = group.len();
                self.group(group);
            }
            if let Some((laws, reply)) = laws {
                self.use_laws(*laws);
                let _ = reply.send(());
            }
        }
    }

    fn use_laws(&mut self, laws: Laws) {
        Arc::make_mut(&mut self.world).use_library(&laws.library);
        self.kept.clear();
        self.state.store(Arc::new(State { laws: Arc::new(laws), world: self.world.clone() }));
    }

    /// Decides a group and makes it durable. When another node came first, the group is decided
    /// again on what that one wrote.
    fn group(&mut self, group: Vec<(Command, Reply)>) {
        metrics::histogram!("gongzhi_group_commands").record(group.len() as f64);
        let mut tries = 0;
        let (results, committed) = loop {
            let done = self.try_group(&group);
            tries += 1;
            match done {
                Err(StoreError::Conflict) | Ok((_, Err(StoreError::Conflict))) if tries < TRIES => {
                    metrics::counter!("gongzhi_group_conflicts").increment(1);
                    if let Err(error) = self.catch_up() {
                        break (Vec::new(), Err(error));
                    }
                    // Two nodes that lost to each other must not keep step.
                    let chance = u64::from(self.ambient.sixteen()[0]) * tries;
                    std::thread::sleep(Duration::from_micros(chance * 8));
                }
                Err(error) => break (Vec::new(), Err(error)),
                Ok(done) => break done,
            }
        };
        let mut results = results.into_iter();
        for (_, reply) in group {
            let result = match (&committed, results.next()) {
                // What was refused or answered before does not depend on this transaction.
                (Err(error), Some(Ok(outcome))) if !outcome.again => Err(Failure::Store(error.clone())),
                (Err(error), None) => Err(Failure::Store(error.clone())),
                (_, Some(result)) => result,
                (Ok(()), None) => Err(Failure::Busy),
            };
            metrics::counter!("gongzhi_commands", "answer" => label(&result)).increment(1);
            let _ = reply.send(result);
        }
    }

    /// One try: what each command is answered, and whether the group is durable.
    fn try_group(&mut self, group: &[(Command, Reply)]) -> Result<Tried, StoreError> {
        let mut work = Work::default();
        let answers = self.prepare(group, &mut work)?;
        let laws = self.state.load().laws.clone();
        let results =
            group.iter().map(|(command, _)| self.one(&laws, command, &answers, &mut work)).collect();
        let committed = self.commit(&laws, work);
        Ok((results, committed))
    }

    /// The head is another one now.
    fn moved(&mut self, head: Head) {
        self.head = head;
        self.written.store(head.size, Ordering::Relaxed);
    }

    /// Loads what the group needs and is not kept.
    fn prepare(
        &mut self,
        group: &[(Command, Reply)],
        work: &mut Work,
    ) -> Result<HashMap<CommandId, Answer>, StoreError> {
        let commands = group.iter().map(|(command, _)| command.id.clone()).collect();
        let mut missing: BTreeSet<RecordId> = BTreeSet::new();
        for (command, _) in group {
            missing.extend(named(command));
        }
        let mut want = Want { records: Vec::new(), commands };
        let mut answers = HashMap::new();
        // The second and third rounds fetch what the first ones point at: parents, merged records.
        for _ in 0..3 {
            let mut further = BTreeSet::new();
            for id in std::mem::take(&mut missing) {
                match self.kept.get(&id) {
                    Some(kept) => {
                        further.extend(cited(&kept.record));
                        work.found.insert(id, kept.clone());
                    }
                    None => want.records.push(id),
                }
            }
            if want.records.is_empty() && want.commands.is_empty() {
                break;
            }
            let loaded = self.ledger.load(&want)?;
            answers.extend(loaded.answers.into_iter().map(|answer| (answer.command.clone(), answer)));
            for (id, bytes) in loaded.records {
                let record = Record::from_bytes(&bytes)
                    .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
                further.extend(cited(&record));
                let kept = self.keep(Arc::new(record));
                work.found.insert(id, kept);
            }
            want = Want::default();
            missing.extend(further.into_iter().filter(|id| !work.found.contains_key(id)));
            if missing.is_empty() {
                break;
            }
        }
        Ok(answers)
    }

    fn keep(&self, record: Arc<Record>) -> Kept {
        let laws = self.state.load().laws.clone();
        match laws.version(&record.mechanism, record.version) {
            Some(mechanism) => {
                let made = project(mechanism, &record, &self.world, self.ambient.now());
                Kept { record, share: Arc::new(made.share), text: made.text.into() }
            }
            None => Kept { record, share: Arc::default(), text: "".into() },
        }
    }

    /// Decides one command after the ones before it.
    fn one(
        &mut self,
        laws: &Laws,
        command: &Command,
        answers: &HashMap<CommandId, Answer>,
        work: &mut Work,
    ) -> Result<Outcome, Failure> {
        let digest = command.digest(self.mechanism_of(laws, command, work).as_deref());
        if let Some(answer) = answers.get(&command.id).or_else(|| work.answers.get(&command.id)) {
            if answer.digest != digest {
                return Err(Failure::Refused(Refusal::CommandReused));
            }
            return Ok(Outcome {
                record: answer.record,
                revision: answer.revision,
                seq: answer.seq,
                again: true,
            });
        }
        let decision = {
            let late = RefCell::new(Ok(Vec::new()));
            let found = &work.found;
            let ledger = &self.ledger;
            let record = |id: RecordId| -> Option<Arc<Record>> {
                if let Some(kept) = found.get(&id) {
                    return Some(kept.record.clone());
                }
                // Rare: a record that no command of the group named beforehand. That it could not be
                // read must not be taken for its absence.
                match (read_now(ledger.as_ref(), id), &mut *late.borrow_mut()) {
                    (Ok(record), Ok(late)) => {
                        late.extend(record.clone());
                        record
                    }
                    (Err(error), late) => {
                        *late = Err(error);
                        None
                    }
                    (_, Err(_)) => None,
                }
            };
            let counters = &self.counters;
            let given = &work.counters;
            let counter = |mechanism: &str, year: i16| {
                let key = (mechanism.to_owned(), year);
                given.get(&key).or_else(|| counters.get(&key)).copied().unwrap_or(0)
            };
            let case = Case { laws, world: &self.world, record: &record, counter: &counter };
            let decided = decide(&case, &self.with_posts(command));
            for record in late.into_inner()? {
                let kept = self.keep(record);
                work.found.entry(kept.record.id).or_insert(kept);
            }
            decided?
        };
        Ok(self.accept(laws, command, digest, decision, work)?)
    }

    /// The command with the posts that its actor holds now: rights follow from them when it is
    /// decided, not when it was sent, so that whoever lost a post meanwhile has lost it.
    fn with_posts<'c>(&self, command: &'c Command) -> Cow<'c, Command> {
        let Actor::Person { code, posts } = &command.actor else { return Cow::Borrowed(command) };
        let held = self.world.posts_of(code);
        if held == posts {
            return Cow::Borrowed(command);
        }
        let actor = Actor::Person { code: code.clone(), posts: held.to_vec() };
        Cow::Owned(Command { actor, ..command.clone() })
    }

    /// The mechanism that a command is about, as far as it is known already.
    fn mechanism_of(&self, laws: &Laws, command: &Command, work: &Work) -> Option<Arc<Mechanism>> {
        match &command.order {
            Order::Open { mechanism, .. } => laws.newest(mechanism).cloned(),
            order => {
                let record = &work.found.get(&order.record())?.record;
                laws.version(&record.mechanism, record.version).cloned()
            }
        }
    }

    fn accept(
        &mut self,
        laws: &Laws,
        command: &Command,
        digest: gongzhi_base::Digest,
        mut decision: Decision,
        work: &mut Work,
    ) -> Result<Outcome, StoreError> {
        self.seals.seal(&mut decision, &mut work.ring)?;
        for event in &decision.events {
            if matches!(event.deed, Deed::Erased { .. }) {
                work.ring.destroy(event.record);
            }
        }
        let mut end = work.head.unwrap_or(self.head);
        let edge = work.edge.get_or_insert_with(|| self.edge.clone());
        for event in &decision.events {
            let (entry, next) = end.append(&self.world.county, event, self.ambient.sixteen());
            let told = outbox::of_event(laws, &self.world, event, &decision.records);
            work.notices.extend((0..).zip(told).map(|(n, told)| (Mark { seq: end.size, n }, told)));
            work.nodes.extend(edge.push(entry.hash));
            work.looks.extend(Look::of(entry.header.seq, event));
            work.entries.push(entry);
            end = next;
        }
        work.head = Some(end);
        let id = command.order.record();
        let revision = decision.records.get(&id).map_or(0, |record| record.revision);
        for (id, record) in decision.records {
            if let Some(mechanism) = laws.version(&record.mechanism, record.version)
                && mechanism.register.is_some()
            {
                Arc::make_mut(&mut self.world).register(mechanism, &record);
            }
            work.before.entry(id).or_insert_with(|| work.found.get(&id).cloned());
            let share = Arc::default();
            work.found.insert(id, Kept { record, share, text: "".into() });
        }
        work.counters.extend(decision.counters);
        let outcome = Outcome { record: id, revision, seq: end.size.saturating_sub(1), again: false };
        let answer = Answer { command: command.id.clone(), digest, record: id, revision, seq: outcome.seq };
        work.answers.insert(command.id.clone(), answer);
        Ok(outcome)
    }

    /// Makes the group durable and shows it to readers; on failure everything is as before.
    fn commit(&mut self, laws: &Arc<Laws>, work: Work) -> Result<(), StoreError> {
        let (Some(head), Some(edge)) = (work.head, work.edge) else { return Ok(()) };
        let now = self.ambient.now();
        let mut batch = Batch {
            entries: work.entries,
            nodes: work.nodes,
            looks: work.looks,
            keys: work.ring.fresh.into_iter().collect(),
            destroyed: work.ring.destroyed,
            answers: work.answers.into_values().collect(),
            counters: work.counters,
            notices: work.notices,
            ..Batch::default()
        };
        let nothing = Share::default();
        let mut cells: HashMap<CellKey, (i64, i64)> = HashMap::new();
        let mut kept = Vec::with_capacity(work.before.len());
        let mut changed = Vec::with_capacity(work.before.len());
        for (id, before) in work.before {
            let Some(after) = work.found.get(&id) else { continue };
            let record = after.record.clone();
            let Some(mechanism) = laws.version(&record.mechanism, record.version) else { continue };
            let made = project(mechanism, &record, &self.world, now);
            let (share, text) = before.as_ref().map_or((&nothing, ""), |b| (b.share.as_ref(), &b.text));
            share.change(&made.share, |key, change| {
                let sum = cells.entry(key).or_default();
                sum.0 += change.0;
                sum.1 += change.1;
            });
            let receipt =
                (before.is_none() && mechanism.receipt).then(|| codes::digest(&self.secret.code(id)));
            changed.push(Changed {
                record: id,
                mechanism: record.mechanism.clone(),
                todo: made.todo.clone(),
            });
            kept.push(Kept {
                record: record.clone(),
                share: Arc::new(made.share.clone()),
                text: made.text.as_str().into(),
            });
            let text_changed = made.text != text;
            batch.records.push(stored(&record, made, receipt, text_changed));
        }
        batch.cells = cells.into_iter().filter(|(_, change)| *change != (0, 0)).collect();
        let committed = self.ledger.commit(self.head, &batch);
        match &committed {
            Ok(()) => {
                self.moved(head);
                self.edge = edge;
                self.counters.extend(batch.counters);
                for kept in kept {
                    self.kept.put(kept.record.id, kept);
                }
                let published = self.state.load();
                if !Arc::ptr_eq(&published.world, &self.world) {
                    let state = State { laws: published.laws.clone(), world: self.world.clone() };
                    self.state.store(Arc::new(state));
                }
                let _ = self.changes.send(Arc::new(changed));
            }
            Err(error) => {
                if *error != StoreError::Conflict {
                    tracing::error!(%error, "a group of commands was not made durable");
                    self.kept.clear();
                }
                self.world = self.state.load().world.clone();
            }
        }
        committed
    }
}

/// A group in the making.
#[derive(Default)]
struct Work {
    /// Records as they are now within the group.
    found: HashMap<RecordId, Kept>,
    /// Records that changed, as they were before the group.
    before: BTreeMap<RecordId, Option<Kept>>,
    entries: Vec<gongzhi_kernel::Entry>,
    nodes: Vec<Node>,
    looks: Vec<Look>,
    ring: Keyring,
    notices: Vec<(Mark, gongzhi_kernel::notice::Notice)>,
    edge: Option<Frontier>,
    answers: HashMap<CommandId, Answer>,
    counters: BTreeMap<(String, i16), u64>,
    head: Option<Head>,
}

/// The right edge of the Merkle log at a head.
fn edge_of(ledger: &dyn Ledger, head: Head) -> Result<Frontier, StoreError> {
    Frontier::read(head.size, |level, from, count| {
        let mut nodes = ledger.nodes(level, from, count as u32)?;
        // Entries may have come meanwhile; those of the head asked for are always there.
        nodes.truncate(count);
        if nodes.len() == count {
            Ok(nodes)
        } else {
            Err(StoreError::Corrupt(format!("nodes of level {level} from {from} on are missing")))
        }
    })
}

fn stored(
    record: &Record,
    projection: Projection,
    receipt: Option<gongzhi_base::Digest>,
    text_changed: bool,
) -> Stored {
    Stored { snapshot: record.to_bytes(), receipt, projection, text_changed }
}

fn read_now(ledger: &dyn Ledger, id: RecordId) -> Result<Option<Arc<Record>>, StoreError> {
    let Some(bytes) = ledger.snapshot(id)? else { return Ok(None) };
    let record = Record::from_bytes(&bytes);
    record
        .map(|record| Some(Arc::new(record)))
        .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))
}

/// Records that a command names.
fn named(command: &Command) -> Vec<RecordId> {
    let mut ids = vec![command.order.record()];
    if let Order::Open { input, .. } | Order::Step { input, .. } = &command.order {
        ids.extend(input.values().filter_map(|raw| match raw {
            Raw::Text(text) if text.len() == 32 => text.parse::<RecordId>().ok(),
            _ => None,
        }));
    }
    ids
}

/// Records that a record points at.
fn cited(record: &Record) -> Vec<RecordId> {
    let fields = record.fields.values().filter_map(|value| match value {
        Value::Record(id) => Some(*id),
        _ => None,
    });
    fields.chain(record.parent).collect()
}

fn label(result: &Result<Outcome, Failure>) -> &'static str {
    match result {
        Ok(outcome) if outcome.again => "again",
        Ok(_) => "accepted",
        Err(Failure::Refused(_) | Failure::NotFound) => "refused",
        Err(_) => "failed",
    }
}
