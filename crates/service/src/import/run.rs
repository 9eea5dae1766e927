//! Registers too large for one transaction, in a durable run.
//!
//! The whole sheet has been tried before the run begins, and that it has begun is durable before its first
//! command. Its commands go in groups like everybody's, so that others' go between them. Their identifiers follow from
//! the upload: a run that was cut off is taken up by planning again, and does only what is not done yet. Thus a
//! crash leaves a run to be finished, never one half done. The one thing that leaves a row out is somebody who acted on it
//! meanwhile: what he did stands, and the row is named.

use std::sync::Arc;
use std::time::Duration;

use gongzhi_base::{Digest, Timestamp};
use gongzhi_kernel::{Actor, Command, Order};
use gongzhi_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{ImportFailure, Plan, Tell};
use crate::engine::GROUP;
use crate::failure::Failure;
use crate::service::Service;

/// Commands sent together: while one group of them is written the next is decided, and whoever comes
/// meanwhile waits for no more than these.
const ROUND: usize = 2 * GROUP;
/// Rows left that are named; beyond, uploading the sheet again tells them.
const NAMED: usize = 200;
/// A run of which nothing was heard so long, in milliseconds, is taken up by another node.
const SILENT: i64 = 60_000;
/// How often it is looked for runs to be taken up.
const EVERY: Duration = Duration::from_secs(20);

/// Before the names of the settings that hold runs.
const SETTING: &str = "import/";

/// How far a run is, or how it ended. Times are in milliseconds as in [`Timestamp`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The person who began it; nobody else sees it.
    pub by: String,
    pub mechanism: String,
    /// Commands: records to be opened or changed.
    pub total: usize,
    pub done: usize,
    /// Rows left as somebody else made them meanwhile, the first of them.
    pub left: Vec<u32>,
    /// How many those are.
    pub left_all: usize,
    pub began: i64,
    /// When its progress was last written.
    pub told: i64,
    pub ended: Option<i64>,
    /// It could not be taken up again: the upload is gone, or the person may not import any more.
    pub lost: bool,
}

fn name(token: Digest) -> String {
    format!("{SETTING}{token}")
}

fn read(name: &str, bytes: &[u8]) -> Result<Run, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt(format!("setting {name}: {error}")))
}

impl Run {
    fn leave(&mut self, row: u32) {
        self.left_all += 1;
        if self.left.len() < NAMED && !self.left.contains(&row) {
            self.left.push(row);
        }
    }
}

impl Service {
    /// The run of an upload, for whoever began it.
    pub fn import_run(&self, actor: &Actor, token: Digest) -> Result<Option<Run>, Failure> {
        let name = name(token);
        let Some(bytes) = self.ledger().setting(&name)? else { return Ok(None) };
        let run = read(&name, &bytes)?;
        Ok(matches!(actor, Actor::Person { code, .. } if *code == run.by).then_some(run))
    }

    fn put_run(&self, token: Digest, run: &mut Run) -> Result<(), StoreError> {
        run.told = self.now().0;
        let bytes = serde_json::to_vec(run).map_err(|error| StoreError::Engine(error.to_string()))?;
        self.ledger().put_setting(&name(token), &bytes)
    }

    /// Makes durable that a run has begun.
    pub(super) fn begin_run(&self, actor: &Actor, token: Digest, plan: &Plan) -> Result<Run, ImportFailure> {
        let Actor::Person { code, .. } = actor else { return Err(Failure::SignedOut.into()) };
        let mut run = Run {
            by: code.clone(),
            mechanism: plan.sheet.row().name.clone(),
            total: plan.commands.len(),
            done: 0,
            left: Vec::new(),
            left_all: 0,
            began: self.now().0,
            told: 0,
            ended: None,
            lost: false,
        };
        self.put_run(token, &mut run)?;
        Ok(run)
    }

    /// Sends the commands of a run and waits for the end; `rows` are theirs.
    pub(super) fn carry_out(
        &self,
        token: Digest,
        mut run: Run,
        (commands, rows): (&[Command], &[u32]),
        tell: Tell<'_>,
    ) -> Result<Run, ImportFailure> {
        for (commands, rows) in commands.chunks(ROUND).zip(rows.chunks(ROUND)) {
            let at = self.now();
            let commands = commands.iter().map(|command| Command { at, ..command.clone() });
            for (row, answer) in rows.iter().zip(self.engine().act_all(commands.collect())) {
                match answer {
                    Ok(_) => {}
                    Err(Failure::Refused(refusal)) => {
                        tracing::info!(row, ?refusal, "a row of an import was overtaken");
                        run.leave(*row);
                    }
                    // What is not done stays to be taken up.
                    Err(failure) => return Err(failure.into()),
                }
            }
            run.done += rows.len();
            self.put_run(token, &mut run)?;
            tell(run.done, run.total);
        }
        run.ended = Some(self.now().0);
        self.put_run(token, &mut run)?;
        Ok(run)
    }

    /// Takes up a run that was cut off.
    fn take_up(&self, token: Digest, mut run: Run) -> Result<(), Failure> {
        let actor = self.actor_of(&run.by);
        let plan = match self.import_plan(&actor, None, &run.mechanism, token, &|_, _| {}) {
            Ok(plan) => plan,
            Err(ImportFailure::Failure(failure @ (Failure::Store(_) | Failure::Busy))) => {
                return Err(failure);
            }
            Err(failure) => {
                tracing::warn!(?failure, "an import that was cut off cannot be taken up");
                run.lost = true;
                run.ended = Some(self.now().0);
                return Ok(self.put_run(token, &mut run)?);
            }
        };
        plan.faults.iter().for_each(|fault| run.leave(fault.row));
        let began = Timestamp(run.began);
        let (mut commands, mut rows) = (Vec::new(), Vec::new());
        for (command, row) in plan.commands.into_iter().zip(plan.rows) {
            // A record that was touched since was changed by this run, or by somebody whose word is newer.
            let touched = match &command.order {
                Order::Step { record, .. } => self.record(*record)?.changed >= began,
                _ => false,
            };
            if touched {
                run.leave(row);
            } else {
                commands.push(command);
                rows.push(row);
            }
        }
        run.done = run.total.saturating_sub(commands.len());
        match self.carry_out(token, run, (&commands, &rows), &|_, _| {}) {
            Err(ImportFailure::Failure(failure)) => Err(failure),
            _ => Ok(()),
        }
    }

    /// Takes up all runs that were cut off; how many. One that another node carries out tells of itself, and is
    /// left to it.
    pub fn take_up_imports(&self) -> Result<usize, Failure> {
        let mut taken = 0;
        for (name, bytes) in self.ledger().settings()? {
            let Some(token) = name.strip_prefix(SETTING).and_then(|token| token.parse().ok()) else {
                continue;
            };
            let run = read(&name, &bytes)?;
            let heard = self.ledger().shared() && self.now().0 - run.told < SILENT;
            if run.ended.is_none() && !heard && !self.imports.runs(token) {
                self.take_up(token, run)?;
                taken += 1;
            }
        }
        Ok(taken)
    }
}

/// Looks for runs that were cut off until the service is dropped. Runs on its own thread.
pub fn keep_up(service: &Arc<Service>) {
    let weak = Arc::downgrade(service);
    let _ = std::thread::Builder::new().name("imports".into()).spawn(move || {
        while let Some(service) = weak.upgrade() {
            if let Err(failure) = service.take_up_imports() {
                tracing::error!(?failure, "imports could not be taken up; trying again");
            }
            drop(service);
            std::thread::sleep(EVERY);
        }
    });
}
