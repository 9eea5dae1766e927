//! One step of many records: rehearsed first, then one command a record, each decided by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Case, Claim, Command, Order, Record, Refusal, decide, rights};
use gongzhi_lang::model::{Step, Who};

use crate::failure::Failure;
use crate::service::Service;

/// Records of one turn at most.
pub const MOST: usize = 200;
/// Commands sent together: they share a transaction, and progress is told after each.
const TOGETHER: usize = 16;
/// Turns remembered.
const KEPT: usize = 40;

/// One of the records chosen: its identifier and the revision that the person saw.
pub type Chosen = (RecordId, Option<u64>);

/// What would happen to one record.
pub struct Rehearsed {
    /// None where there is no such record, or none that the person may know of.
    pub row: Option<Row>,
    pub id: RecordId,
    pub result: Result<(), Refusal>,
}

/// What happened to one record; `None` while it waits.
#[derive(Clone)]
pub struct Line {
    pub id: RecordId,
    pub row: Option<Row>,
    pub result: Option<Result<(), Failure>>,
}

/// A turn that runs or ran.
#[derive(Clone)]
pub struct Turn {
    /// The person who began it; nobody else sees it.
    pub by: String,
    pub mechanism: String,
    pub step: String,
    pub lines: Vec<Line>,
}

impl Turn {
    /// How many records have been answered.
    pub fn done(&self) -> usize {
        self.lines.iter().filter(|line| line.result.is_some()).count()
    }

    /// Whether all have.
    pub fn ended(&self) -> bool {
        self.done() == self.lines.len()
    }
}

/// The turns of this server, the newest last.
#[derive(Default)]
pub struct Turns(Mutex<Vec<(CommandId, Turn)>>);

impl Turns {
    fn held(&self) -> MutexGuard<'_, Vec<(CommandId, Turn)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, batch: &CommandId, at: usize, result: Result<(), Failure>) {
        let mut held = self.held();
        let turn = held.iter_mut().find(|(known, _)| known == batch);
        if let Some(line) = turn.and_then(|(_, turn)| turn.lines.get_mut(at)) {
            line.result = Some(result);
        }
    }
}

/// The command of one record in a turn: the same turn again gives the same commands, so that whatever
/// was cut off can simply be sent once more.
pub fn command_of(batch: &CommandId, record: RecordId) -> CommandId {
    let digest = Digest::of_parts(&[b"bulk", batch.as_str().as_bytes(), &record.0]).to_string();
    CommandId::new(&digest[..32]).unwrap_or_else(|_| unreachable!("32 hexadecimal digits fit"))
}

fn code(actor: &Actor) -> String {
    match actor {
        Actor::Person { code, .. } => code.clone(),
        _ => String::new(),
    }
}

impl Service {
    /// The steps of a mechanism that an actor's posts may take of some record; for a list of them.
    pub fn bulk_steps(&self, actor: &Actor, mechanism: &str) -> Vec<String> {
        let state = self.state();
        let Some(mechanism) = state.laws.newest(mechanism) else { return Vec::new() };
        let holds = |role: &str| actor.posts().iter().any(|post| post.role == role);
        let may = |step: &&Step| {
            let by = step.by.iter().any(|who| match who {
                Who::Role(role) | Who::RoleOf { role, .. } => holds(role),
                Who::Anyone | Who::Holder | Who::System => false,
            });
            by && step.auto.is_none() && !step.opens_record()
        };
        mechanism.steps.iter().filter(may).map(|step| step.name.clone()).collect()
    }

    /// What a step would do to each record now; nothing is written.
    pub fn rehearse(
        &self,
        actor: &Actor,
        chosen: &[Chosen],
        step: &str,
        input: &Input,
    ) -> Result<Vec<Rehearsed>, Failure> {
        let state = self.state();
        let counters = self.ledger().counters()?;
        let counter =
            |mechanism: &str, year: i16| counters.get(&(mechanism.to_owned(), year)).copied().unwrap_or(0);
        let failed = std::cell::RefCell::new(None);
        let record = |id: RecordId| -> Option<Arc<Record>> {
            match self.record(id) {
                Ok(record) => Some(Arc::new(record)),
                Err(Failure::NotFound) => None,
                Err(failure) => {
                    failed.borrow_mut().get_or_insert(failure);
                    None
                }
            }
        };
        // Who stands in the way must not be overlooked because it could not be read.
        let holders = |wanted: &[Claim]| -> Vec<RecordId> {
            let held = self.ledger().holders(wanted).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(Failure::Store(error));
                Vec::new()
            });
            held.into_iter().map(|(_, id)| id).collect()
        };
        let case = Case {
            laws: &state.laws,
            world: &state.world,
            record: &record,
            counter: &counter,
            holders: &holders,
        };
        let mut rehearsed = Vec::with_capacity(chosen.len());
        for (id, seen) in chosen.iter().take(MOST) {
            let order =
                Order::Step { record: *id, step: step.to_owned(), expect: *seen, input: input.clone() };
            let command = Command { id: self.new_command_id(), actor: actor.clone(), at: self.now(), order };
            let result = decide(&case, &command).map(|_| ());
            if let Some(failure) = failed.borrow_mut().take() {
                return Err(failure);
            }
            let row = self.known_row(actor, *id)?;
            let result = if row.is_some() { result } else { Err(Refusal::NoRecord) };
            rehearsed.push(Rehearsed { row, id: *id, result });
        }
        Ok(rehearsed)
    }

    /// A record's row, for whoever may read it.
    fn known_row(&self, actor: &Actor, id: RecordId) -> Result<Option<Row>, Failure> {
        let Some(bytes) = self.ledger().snapshot(id)? else { return Ok(None) };
        let record = Record::from_bytes(&bytes)
            .map_err(|error| gongzhi_store::StoreError::Corrupt(format!("record {id}: {error}")))?;
        let state = self.state();
        let mechanism = state.laws.version(&record.mechanism, record.version);
        let may = mechanism.is_some_and(|known| rights::may_read(known, actor, &record, &state.world));
        Ok(if may { self.ledger().rows(&[id])?.pop() } else { None })
    }

    /// Takes a step of each record in the background, one command a record; what was begun under the
    /// same identifier already goes on as it is.
    pub fn begin_turn(
        self: &Arc<Self>,
        actor: Actor,
        batch: CommandId,
        (mechanism, step): (String, String),
        chosen: Vec<Chosen>,
        input: Input,
    ) -> Result<(), Failure> {
        let by = code(&actor);
        let mut lines = Vec::with_capacity(chosen.len());
        for (id, _) in chosen.iter().take(MOST) {
            lines.push(Line { id: *id, row: self.known_row(&actor, *id)?, result: None });
        }
        {
            let mut held = self.turns.held();
            if held.iter().any(|(known, turn)| *known == batch && turn.by == by) {
                return Ok(());
            }
            held.push((batch.clone(), Turn { by, mechanism, step: step.clone(), lines }));
            let over = held.len().saturating_sub(KEPT);
            held.drain(..over);
        }
        let service = self.clone();
        let run = move || service.run_turn(&actor, &batch, &step, &chosen, &input);
        let started = std::thread::Builder::new().name("turn".into()).spawn(run);
        started.map(|_| ()).map_err(|_| Failure::Busy)
    }

    /// Takes a step of each record and waits; answers in the order of the records.
    pub fn run_turn(
        &self,
        actor: &Actor,
        batch: &CommandId,
        step: &str,
        chosen: &[Chosen],
        input: &Input,
    ) -> Vec<Result<crate::engine::Outcome, Failure>> {
        let mut answers = Vec::with_capacity(chosen.len());
        for together in chosen.iter().take(MOST).collect::<Vec<_>>().chunks(TOGETHER) {
            let command = |(id, seen): &&Chosen| Command {
                id: command_of(batch, *id),
                actor: actor.clone(),
                at: self.now(),
                order: Order::Step {
                    record: *id,
                    step: step.to_owned(),
                    expect: *seen,
                    input: input.clone(),
                },
            };
            for result in self.engine().act_all(together.iter().map(command).collect()) {
                self.turns.answer(batch, answers.len(), result.as_ref().map(|_| ()).map_err(Clone::clone));
                answers.push(result);
            }
        }
        answers
    }

    /// A turn, for whoever began it.
    pub fn turn(&self, actor: &Actor, batch: &CommandId) -> Option<Turn> {
        let by = code(actor);
        let held = self.turns.held();
        held.iter().find(|(known, turn)| known == batch && turn.by == by).map(|(_, turn)| turn.clone())
    }
}
