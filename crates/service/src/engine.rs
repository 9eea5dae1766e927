//! Group commit in two threads.
//!
//! The **writer** decides commands in the order in which they come, each seeing the ones before, and
//! puts them into a group (`group.rs`). The **committer** makes one group durable with one transaction
//! (`commit.rs`). While it does, the writer already decides the next commands on what the group under
//! way will leave; as soon as the committer is free, all that has been decided meanwhile goes as the
//! next group. So one caller never waits for others, and many callers share a transaction. On a database
//! server, where a transaction is much work by itself, those who are about to go on are let run first.
//!
//! What is decided ahead is a promise to nobody: readers see a group, its commands are answered and
//! its records are kept in memory only once it is durable. If a group fails, what was decided on top
//! of it is thrown away and decided again on what is durable. Thus there are never more than two
//! groups: the one under way and the one in the making.

mod commit;
mod follow;
mod group;
mod handle;
mod needed;
mod order;
mod territory;
mod together;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gongzhi_base::{CommandId, RecordId, Timestamp};
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::merkle::Frontier;
use gongzhi_kernel::{Command, Laws, World};
use gongzhi_store::{Answer, Ledger, StoreError};
use lru::LruCache;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use handle::{Engine, WRITER, patience};
pub use together::Halted;

use commit::{Committer, Decided, Settled};
use group::{Ahead, AtHand, Group, Kept, Means};
use handle::Job;

use crate::failure::Failure;
use crate::load;
use crate::publish;

/// Most commands of one durable transaction, unless they were sent together.
pub const GROUP: usize = 256;
/// Commands that may wait; more are told to come again.
const QUEUE: usize = 8_192;
/// How often in a row others are let run, and send nothing, before a group goes.
const LET_RUN: u32 = 5;
/// How often a group is decided again when other nodes keep coming first.
const TRIES: u64 = 32;
/// How often what follows from a commit is tried at once, such as the rows of moved places; then again before each
/// command.
const MEND: u32 = 3;
/// Records kept folded in memory.
const KEPT: usize = 1_024;
/// Answers kept in memory: whoever sends a command again does it soon.
const RECENT: usize = 8_192;

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
    /// The record's number, so that whoever has just got it need not wait until it stands in the lists; a command
    /// that had been accepted before does not tell it.
    pub number: Option<String>,
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

/// What one command is answered, and the way to whoever sent it.
type Reply = oneshot::Sender<Result<Outcome, Failure>>;

/// Where the next group continues: the end of the log and what follows from all before it.
#[derive(Clone)]
struct Position {
    head: Head,
    /// The time of the last entry: none that follows is dated before it.
    time: Timestamp,
    /// The right edge of the Merkle log at the head.
    edge: Frontier,
    /// Last numbers given, by mechanism and year.
    counters: BTreeMap<(String, i16), u64>,
    world: Arc<World>,
}

/// The deciding thread.
struct Writer {
    means: Means,
    /// What is durable.
    at: Position,
    /// Durable records, folded.
    kept: LruCache<RecordId, Kept>,
    /// Answers given lately.
    recent: LruCache<CommandId, Answer>,
    committer: Committer,
    /// What the group under way will leave when it is durable.
    under_way: Option<Ahead>,
    /// The group in the making, on top of the one under way.
    making: Option<Group>,
    /// The last group held more than one command.
    company: bool,
    /// How often in a row other nodes came first.
    lost: u64,
    /// Turns that are still taken before groups are decided, as others write too (`turn.rs`).
    turns: u32,
    /// Whether rows of moved places may still stand on the map of before.
    rows_stale: bool,
    /// Whether documents were published that could not be read yet.
    laws_stale: bool,
    changes: broadcast::Sender<Arc<Vec<Changed>>>,
    /// The size of the head, for the follower.
    written: Arc<AtomicU64>,
    codes: handle::Codes,
}

/// What the writer wakes for.
enum News {
    Job(Job),
    /// The group under way is durable or failed.
    Settled(Box<Settled>),
    /// Nobody can send anything any more.
    Ended,
}

impl Writer {
    fn run(&mut self, mut queue: mpsc::Receiver<Job>) {
        loop {
            match self.news(&mut queue) {
                News::Job(job) => self.job(job, &mut queue),
                News::Settled(settled) => self.settled(*settled),
                News::Ended => break,
            }
            self.gather(&mut queue);
            self.hand_over();
        }
        self.finish();
    }

    /// Waits for the next thing to do. While a group is under way its end comes first.
    fn news(&mut self, queue: &mut mpsc::Receiver<Job>) -> News {
        if self.under_way.is_none() {
            return queue.blocking_recv().map_or(News::Ended, News::Job);
        }
        // Where nodes take turns, what is decided ahead is decided in vain.
        let room = self.turns == 0 && self.making.as_ref().is_none_or(|group| group.len() < GROUP);
        self.committer.settled_or(queue, room)
    }

    /// Takes a job, with all commands that wait behind it: they are looked up together.
    fn job(&mut self, first: Job, queue: &mut mpsc::Receiver<Job>) {
        self.mend_rows();
        let mut commands = Vec::new();
        let mut next = Some(first);
        let mut other = None;
        while let Some(job) = next {
            match job {
                Job::Act(command, reply) => commands.push((*command, reply)),
                Job::Group(together) => commands.extend(together),
                // A turn takes in what others wrote anyway.
                Job::Follow(None) if self.turns > 0 && !commands.is_empty() => {}
                job => {
                    other = Some(job);
                    break;
                }
            }
            next = if commands.len() < GROUP { queue.try_recv().ok() } else { None };
        }
        self.take(commands, false);
        match other {
            Some(Job::Laws(laws, reply)) => {
                self.finish();
                self.use_laws(*laws);
                let _ = reply.send(());
            }
            Some(Job::Together(together)) => self.together(*together),
            Some(Job::Follow(reply)) => {
                self.finish();
                if let Err(error) = self.catch_up() {
                    tracing::error!(%error, "what other nodes wrote could not be taken in");
                }
                if let Some(reply) = reply {
                    let _ = reply.send(());
                }
            }
            _ => {}
        }
    }

    /// Decides commands into the group in the making; carefully, when some may have been accepted before.
    fn take(&mut self, commands: Vec<(Command, Reply)>, careful: bool) {
        if commands.is_empty() {
            return;
        }
        // A move of a place moves all its figures: those must stand.
        if commands.iter().any(|(command, _)| territory::may_move(command, &self.at.world)) {
            self.finish();
        }
        if let Err(error) = self.turn_if_crowded().and_then(|()| self.fresh_laws()) {
            self.means.ledger.let_go();
            return refuse(commands, &error);
        }
        let laws = self.means.state.load().laws.clone();
        let group = self.making.get_or_insert_with(|| match &self.under_way {
            Some(ahead) => Group::after(ahead),
            None => Group::new(self.at.clone()),
        });
        let (ahead, kept, recent) = (self.under_way.as_ref(), &mut self.kept, &mut self.recent);
        group.take(&self.means, &laws, &mut AtHand { ahead, kept, recent, careful }, commands);
        // What is kept in memory counts under the places of before.
        if group.moves() {
            self.kept.clear();
        }
    }

    /// Lets others run before a group goes, and decides what they send: those who have just been answered mostly go
    /// on at once. On a database server one transaction for all of them is a good deal less work than two, and where a
    /// processor is free nobody waits: nothing else is to be run. Whoever is alone is not kept waiting either.
    fn gather(&mut self, queue: &mut mpsc::Receiver<Job>) {
        let mut quiet = 0;
        while quiet < LET_RUN && self.gathers() {
            match queue.try_recv() {
                Ok(job) => {
                    self.job(job, queue);
                    quiet = 0;
                }
                Err(_) => {
                    std::thread::yield_now();
                    quiet += 1;
                }
            }
        }
    }

    /// Whether the group in the making may become larger before it goes.
    fn gathers(&self) -> bool {
        let room = self.making.as_ref().is_some_and(|group| group.len() < GROUP);
        // Others stand in line while a turn lasts.
        room && self.company && self.turns == 0 && self.under_way.is_none() && self.means.ledger.shared()
    }

    /// Gives the group in the making to the committer, if it is free.
    fn hand_over(&mut self) {
        if self.under_way.is_some() {
            return;
        }
        let Some(group) = self.making.take() else { return };
        self.company = group.len() > 1;
        metrics::histogram!("gongzhi_group_commands").record(group.len() as f64);
        if !group.writes() {
            self.means.ledger.let_go();
            return answer(group.answers);
        }
        let laws = self.means.state.load().laws.clone();
        let (ahead, decided) = group.close(&laws);
        self.under_way = Some(ahead);
        self.committer.commit(decided);
    }

    /// The group under way has ended, well or not.
    fn settled(&mut self, Settled { decided, result }: Settled) {
        let Some(ahead) = self.under_way.take() else { return };
        match result {
            Ok(()) => {
                self.lost = 0;
                self.moved(ahead.at);
                self.codes.put(&decided.batch.records);
                for (id, kept) in ahead.found {
                    self.kept.put(id, kept);
                }
                for (id, answer) in ahead.answers {
                    self.recent.put(id, answer);
                }
                self.note_moved(&ahead.moved);
                // What fails once mostly goes through the second time.
                for _ in 0..MEND {
                    if !self.rows_stale {
                        break;
                    }
                    let written = self.write_moved();
                    self.mended(written);
                }
                if publish::publishes(&decided.batch) {
                    self.publish();
                }
                if !self.gathers() {
                    self.hand_over();
                }
                if self.changes.receiver_count() > 0 {
                    let changed = decided.batch.records.into_iter().map(|stored| Changed {
                        record: stored.projection.row.id,
                        mechanism: stored.projection.row.mechanism,
                        todo: stored.projection.todo,
                    });
                    let _ = self.changes.send(Arc::new(changed.collect()));
                }
                answer(decided.answers);
            }
            // Something was taken for new that was not: asked for, it is found.
            Err(StoreError::Known) if !decided.careful => {
                let again = self.unmade(decided);
                self.take(again, true);
            }
            Err(StoreError::Conflict) if self.lost < TRIES => {
                metrics::counter!("gongzhi_group_conflicts").increment(1);
                let careful = decided.careful;
                let again = self.unmade(decided);
                match self.lost_a_race() {
                    Ok(()) => self.take(again, careful),
                    Err(error) => refuse(again, &error),
                }
            }
            Err(error) => {
                tracing::error!(%error, "a group of commands was not made durable");
                self.lost = 0;
                // It may be durable all the same, and only its answer lost.
                self.note_moved(&ahead.moved);
                self.laws_stale |= publish::publishes(&decided.batch);
                self.kept.clear();
                answer(decided.failed(&error));
                let again = self.unmake();
                self.mend_rows();
                self.take(again, false);
            }
        }
    }

    /// Writes rows anew that may still stand on the map of before.
    fn mend_rows(&mut self) {
        if !self.rows_stale || self.under_way.is_some() || self.making.is_some() {
            return;
        }
        // What was decided stands on what is durable, whoever wrote it.
        let written = self.catch_up().and_then(|()| self.write_moved());
        self.mended(written);
    }

    /// Notes whether lists stand on the new map now.
    fn mended(&mut self, written: Result<(), StoreError>) {
        match written {
            Ok(()) => self.rows_stale = false,
            Err(error) => tracing::error!(%error, "lists do not stand on the new map yet"),
        }
    }

    /// The commands of a group that was not made durable, and of what was decided on top of it.
    fn unmade(&mut self, decided: Decided) -> Vec<(Command, Reply)> {
        let of = |answer: Answered| (answer.command, answer.reply);
        let mut again: Vec<_> = decided.answers.into_iter().map(of).collect();
        again.extend(self.unmake());
        again
    }

    /// Throws away what was decided on top of a group that failed; gives its commands.
    fn unmake(&mut self) -> Vec<(Command, Reply)> {
        let group = self.making.take();
        let answers = group.map(|group| group.answers).unwrap_or_default();
        answers.into_iter().map(|answer| (answer.command, answer.reply)).collect()
    }

    /// Waits until everything taken is durable or answered otherwise.
    fn finish(&mut self) {
        loop {
            self.hand_over();
            if self.under_way.is_none() {
                return;
            }
            match self.committer.wait() {
                Some(settled) => self.settled(settled),
                // The committer ended badly: whoever waits is told to come again.
                None => self.under_way = None,
            }
        }
    }

    /// The durable end is another one now.
    fn moved(&mut self, at: Position) {
        self.written.store(at.head.size, Ordering::Relaxed);
        self.at = at;
    }

    /// Documents changed: what was decided on top by the old ones is decided again by the new ones.
    fn publish(&mut self) {
        self.laws_stale = true;
        let again = self.unmake();
        for _ in 0..MEND {
            if self.fresh_laws().is_ok() {
                break;
            }
        }
        self.take(again, false);
    }

    /// Reads documents that were published and could not be read yet: nothing is decided by those that they replaced.
    /// Nothing may be under way.
    fn fresh_laws(&mut self) -> Result<(), StoreError> {
        if !self.laws_stale {
            return Ok(());
        }
        let laws = load::laws(self.means.ledger.as_ref(), None).inspect_err(|error| {
            tracing::error!(%error, "published documents could not be read");
        });
        match laws {
            Ok(laws) => self.use_laws(laws),
            // Reading again does not help; the county goes on as it did until somebody mends it.
            Err(StoreError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
        self.laws_stale = false;
        Ok(())
    }

    fn use_laws(&mut self, laws: Laws) {
        Arc::make_mut(&mut self.at.world).use_library(&laws.library);
        self.kept.clear();
        self.means.state.store(Arc::new(State { laws: Arc::new(laws), world: self.at.world.clone() }));
    }
}

/// A command that was decided: what it is answered when its group is durable.
struct Answered {
    command: Command,
    reply: Reply,
    result: Result<Outcome, Failure>,
}

fn answer(answers: Vec<Answered>) {
    for Answered { reply, result, .. } in answers {
        metrics::counter!("gongzhi_commands", "answer" => label(&result)).increment(1);
        let _ = reply.send(result);
    }
}

/// Answers commands that could not be decided.
fn refuse(commands: Vec<(Command, Reply)>, error: &StoreError) {
    let failed = |(command, reply)| Answered { command, reply, result: Err(Failure::Store(error.clone())) };
    answer(commands.into_iter().map(failed).collect());
}

/// Whether a command given now would be taken; else why not.
pub(crate) fn ready(ledger: &dyn Ledger, now: Timestamp) -> Result<(), Failure> {
    ledger.ping()?;
    match order::behind(ledger, time_of(ledger, ledger.head()?)?, now)? {
        Some(minutes) => Err(Failure::Clock { minutes }),
        None => Ok(()),
    }
}

/// The time of the last entry before a head.
fn time_of(ledger: &dyn Ledger, head: Head) -> Result<Timestamp, StoreError> {
    let Some(last) = head.size.checked_sub(1) else { return Ok(Timestamp(0)) };
    let entry = ledger.entries(last, 1)?.pop();
    entry.map(|entry| entry.header.at).ok_or_else(|| StoreError::Corrupt(format!("entry {last} is missing")))
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

fn label(result: &Result<Outcome, Failure>) -> &'static str {
    match result {
        Ok(outcome) if outcome.again => "again",
        Ok(_) => "accepted",
        Err(Failure::Refused(_) | Failure::NotFound) => "refused",
        Err(_) => "failed",
    }
}
