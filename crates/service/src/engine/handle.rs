//! The way to the writer, for everybody who sends commands.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::{Command, Laws};
use gongzhi_store::{Ledger, StoreError, Stored};
use lru::LruCache;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::commit::Committer;
use super::group::Means;
use super::together::{Halted, Together};
use super::{
    Changed, GROUP, KEPT, Outcome, Position, QUEUE, RECENT, Reply, State, Writer, edge_of, follow, time_of,
};
use crate::ambient::Ambient;
use crate::codes::CodeSecret;
use crate::failure::Failure;
use crate::last;
use crate::seal::Seals;

/// The name of the thread that decides.
pub const WRITER: &str = "writer";

pub(super) enum Job {
    Act(Box<Command>, Reply),
    /// Commands sent together: decided in one group, in their order.
    Group(Vec<(Command, Reply)>),
    /// Commands of which all are carried out or none.
    Together(Box<Together>),
    /// New documents: replaces the laws once everything before is done.
    Laws(Box<Laws>, oneshot::Sender<()>),
    /// Others appended to the ledger; whoever asked for it is told when it is taken in.
    Follow(Option<oneshot::Sender<()>>),
}

/// How long somebody on the network waits for an answer at most. A database on another machine may be away, and he is
/// told so; on the own disk a command waits only behind long imports.
pub fn patience(ledger: &dyn Ledger) -> Duration {
    Duration::from_secs(if ledger.shared() { 8 } else { 60 })
}

/// The records that were opened last, by the digests of their receipt codes.
#[derive(Clone)]
pub(super) struct Codes(Arc<Mutex<LruCache<Digest, RecordId>>>);

impl Default for Codes {
    fn default() -> Codes {
        Codes(Arc::new(Mutex::new(last(KEPT))))
    }
}

impl Codes {
    fn lock(&self) -> MutexGuard<'_, LruCache<Digest, RecordId>> {
        // A panic cannot leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, code: Digest) -> Option<RecordId> {
        self.lock().get(&code).copied()
    }

    /// Takes in what is durable.
    pub(super) fn put(&self, records: &[Stored]) {
        let coded = records.iter().filter_map(|stored| Some((stored.receipt?, stored.projection.row.id)));
        let mut codes = self.lock();
        for (code, id) in coded {
            codes.put(code, id);
        }
    }
}

/// The way to the writer.
#[derive(Clone)]
pub struct Engine {
    patience: Duration,
    codes: Codes,
    jobs: mpsc::Sender<Job>,
    pub changes: broadcast::Sender<Arc<Vec<Changed>>>,
}

impl Engine {
    /// Starts the writer on its own thread. It ends when the last [`Engine`] is dropped.
    pub fn start(
        ledger: Arc<dyn Ledger>,
        state: Arc<ArcSwap<State>>,
        ambient: Arc<dyn Ambient>,
        secret: Arc<CodeSecret>,
        seals: Arc<Seals>,
    ) -> Result<(Engine, std::thread::JoinHandle<()>), StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (changes, _) = broadcast::channel(256);
        let patience = patience(ledger.as_ref());
        let codes = Codes::default();
        let world = state.load().world.clone();
        let head = ledger.head()?;
        let (time, edge) = (time_of(ledger.as_ref(), head)?, edge_of(ledger.as_ref(), head)?);
        let at = Position { head, time, edge, counters: ledger.counters()?, world };
        let fault = |error: std::io::Error| StoreError::Engine(error.to_string());
        let mut writer = Writer {
            committer: Committer::start(ledger.clone(), state.clone()).map_err(fault)?,
            means: Means { ledger, state, ambient, secret, seals },
            at,
            kept: last(KEPT),
            recent: last(RECENT),
            under_way: None,
            making: None,
            company: false,
            lost: 0,
            turns: 0,
            rows_stale: false,
            laws_stale: false,
            changes: changes.clone(),
            written: Arc::new(AtomicU64::new(head.size)),
            codes: codes.clone(),
        };
        writer.write_moved()?;
        if writer.means.ledger.shared() {
            follow::start(writer.means.ledger.clone(), jobs.downgrade(), writer.written.clone())
                .map_err(fault)?;
        }
        let thread = std::thread::Builder::new()
            .name(WRITER.into())
            .spawn(move || writer.run(queue))
            .map_err(fault)?;
        Ok((Engine { patience, codes, jobs, changes }, thread))
    }

    /// The record of a receipt code, if it was opened here not long ago.
    pub fn opened(&self, code: Digest) -> Option<RecordId> {
        self.codes.get(code)
    }

    /// Sends a command and waits until it is durable, or refused; no longer than [`patience`] says.
    pub async fn act(&self, command: Command) -> Result<Outcome, Failure> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job::Act(Box::new(command), reply)).map_err(|_| Failure::Busy)?;
        // Whoever waited in vain sends it again: under its identifier it is carried out once.
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answered) => answered.unwrap_or(Err(Failure::Busy)),
            Err(_) => Err(Failure::Store(StoreError::Away("it did not answer in time".to_owned()))),
        }
    }

    /// The same for callers outside the asynchronous runtime.
    pub fn act_blocking(&self, command: Command) -> Result<Outcome, Failure> {
        let (reply, answer) = oneshot::channel();
        self.jobs.blocking_send(Job::Act(Box::new(command), reply)).map_err(|_| Failure::Busy)?;
        answer.blocking_recv().unwrap_or(Err(Failure::Busy))
    }

    /// Sends many commands at once from outside the runtime; answers in their order. Up to
    /// [`GROUP`] of them share one transaction, so that how they are grouped does not depend on
    /// how quickly they come.
    pub fn act_all(&self, commands: Vec<Command>) -> Vec<Result<Outcome, Failure>> {
        let mut answers = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter().peekable();
        while commands.peek().is_some() {
            let together = commands.by_ref().take(GROUP).map(|command| {
                let (reply, answer) = oneshot::channel();
                answers.push(answer);
                (command, reply)
            });
            // What cannot be sent is answered below: its reply is gone.
            let _ = self.jobs.blocking_send(Job::Group(together.collect()));
        }
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap_or(Err(Failure::Busy))).collect()
    }

    /// Sends commands of which all are carried out in one durable transaction, or none; from outside the
    /// runtime. The records of `seen` must still have these revisions. However many there are, they are one
    /// transaction: whoever sends them keeps them within bounds.
    pub fn together(
        &self,
        commands: Vec<Command>,
        seen: Vec<(RecordId, u64)>,
    ) -> Result<Vec<Outcome>, Halted> {
        let (reply, answer) = oneshot::channel();
        let together = Box::new(Together { commands, seen, reply });
        self.jobs.blocking_send(Job::Together(together)).map_err(|_| (None, Failure::Busy))?;
        answer.blocking_recv().unwrap_or(Err((None, Failure::Busy)))
    }

    /// Takes in what other nodes have written so far, and waits for it. Nodes do this by themselves
    /// shortly after; this is for whoever must not read what is older.
    pub fn follow(&self) {
        let (reply, answer) = oneshot::channel();
        if self.jobs.blocking_send(Job::Follow(Some(reply))).is_ok() {
            let _ = answer.blocking_recv();
        }
    }

    /// Replaces the laws.
    pub fn use_laws(&self, laws: Laws) {
        let (reply, answer) = oneshot::channel();
        if self.jobs.blocking_send(Job::Laws(Box::new(laws), reply)).is_ok() {
            let _ = answer.blocking_recv();
        }
    }
}
