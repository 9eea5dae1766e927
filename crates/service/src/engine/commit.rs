//! The thread that makes groups durable, one after another, and the one that answers their commands.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use gongzhi_kernel::World;
use gongzhi_kernel::chain::Head;
use gongzhi_store::{Batch, Ledger, StoreError};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::handle::Job;
use super::{Answered, News, State, answer};
use crate::failure::Failure;

/// A group that is decided and waits for its transaction.
pub(super) struct Decided {
    /// The head that it continues.
    pub expect: Head,
    pub batch: Batch,
    /// The county after the group, when a register changed.
    pub world: Option<Arc<World>>,
    pub answers: Vec<Answered>,
    /// Nothing in it was taken for new without asking.
    pub careful: bool,
    /// Nothing is left to be done after it is durable and before its commands are answered. The threads that
    /// decide and commit are spared the waking of those who wait: the next group goes meanwhile.
    pub plain: bool,
}

impl Decided {
    /// The answers when the group was not made durable.
    pub fn failed(self, error: &StoreError) -> Vec<Answered> {
        let mut answers = self.answers;
        let mut standing = true;
        for Answered { result, .. } in &mut answers {
            // What was refused or answered before the first command that is lost now does not depend
            // on it; nor does the answer of a command that was durable before.
            standing &= !matches!(result, Ok(outcome) if outcome.seq >= self.expect.size);
            let durable = matches!(result, Ok(outcome) if outcome.seq < self.expect.size);
            if !standing && !durable {
                *result = Err(Failure::Store(error.clone()));
            }
        }
        answers
    }
}

/// How a group ended.
pub(super) struct Settled {
    pub decided: Decided,
    pub result: Result<(), StoreError>,
}

/// The way to the thread. It ends when this is dropped.
pub(super) struct Committer {
    groups: Option<SyncSender<Decided>>,
    settled: mpsc::UnboundedReceiver<Settled>,
    /// Waits for two things at once; nothing else runs on it.
    waiting: Runtime,
    thread: Option<JoinHandle<()>>,
    /// Wakes those whose commands are durable.
    answerer: Option<JoinHandle<()>>,
}

impl Committer {
    pub fn start(ledger: Arc<dyn Ledger>, state: Arc<ArcSwap<State>>) -> std::io::Result<Committer> {
        let (groups, queue) = sync_channel::<Decided>(1);
        let (tell, settled) = mpsc::unbounded_channel();
        let (answers, told) = std::sync::mpsc::channel::<Vec<Answered>>();
        let answerer = std::thread::Builder::new()
            .name("answerer".into())
            .spawn(move || told.into_iter().for_each(answer))?;
        let work = move || {
            for mut decided in queue {
                let result = ledger.commit(decided.expect, &decided.batch);
                // Before anybody is answered: who asks then must find what was done.
                if let (Ok(()), Some(world)) = (&result, &decided.world) {
                    let laws = state.load().laws.clone();
                    state.store(Arc::new(State { laws, world: world.clone() }));
                }
                let durable = match result.is_ok() && decided.plain {
                    true => std::mem::take(&mut decided.answers),
                    false => Vec::new(),
                };
                // First, so that the next group is under way while these are told. The answerer ends after this thread.
                let ended = tell.send(Settled { decided, result }).is_err();
                if !durable.is_empty() {
                    let _ = answers.send(durable);
                }
                if ended {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("committer".into()).spawn(work)?;
        let waiting = tokio::runtime::Builder::new_current_thread().build()?;
        let (thread, answerer) = (Some(thread), Some(answerer));
        Ok(Committer { groups: Some(groups), settled, waiting, thread, answerer })
    }

    /// Hands a group over. The one before must have settled.
    pub fn commit(&self, decided: Decided) {
        // That the thread has ended is told by `wait` and `settled_or`.
        if let Some(groups) = &self.groups {
            let _ = groups.send(decided);
        }
    }

    /// Waits for the end of the group under way; `None` when the thread ended badly.
    pub fn wait(&mut self) -> Option<Settled> {
        self.settled.blocking_recv()
    }

    /// Waits for the end of the group under way or, if there is room for it, the next job.
    pub fn settled_or(&mut self, queue: &mut mpsc::Receiver<Job>, room: bool) -> News {
        self.waiting.block_on(async {
            tokio::select! {
                biased;
                settled = self.settled.recv() => {
                    settled.map_or(News::Ended, |settled| News::Settled(Box::new(settled)))
                }
                job = queue.recv(), if room => job.map_or(News::Ended, News::Job),
            }
        })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.groups = None;
        for thread in [self.thread.take(), self.answerer.take()].into_iter().flatten() {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!("the {name} ended badly");
            }
        }
    }
}
