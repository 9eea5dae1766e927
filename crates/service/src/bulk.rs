//! One step of many records: rehearsed first, then one command a record, each decided by itself.
//!
//! Nothing of it is kept by the server: what was chosen, with the revisions seen, and what was typed come with
//! each question, and what was done is asked of the ledger. So it does not matter which node answers, and whatever was cut
//! off is simply sent again.

use std::collections::HashSet;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Command, Order, Record, Refusal, decide, rights};
use gongzhi_lang::model::{Step, Who};
use gongzhi_store::Want;

use crate::failure::Failure;
use crate::service::Service;

/// Records of one turn at most.
pub const MOST: usize = 200;

/// One of the records chosen: its identifier and the revision that the person saw.
pub type Chosen = (RecordId, Option<u64>);

/// What would happen to one record.
pub struct Rehearsed {
    /// None where there is no such record, or none that the person may know of.
    pub row: Option<Row>,
    pub id: RecordId,
    pub result: Result<(), Refusal>,
}

/// What happened to one record.
pub struct Line {
    pub id: RecordId,
    /// None where there is no such record, or none that the person may know of.
    pub row: Option<Row>,
    pub result: Result<(), Failure>,
}

/// The command of one record in a turn: the same turn again gives the same commands, so that whatever
/// was cut off can simply be sent once more.
pub fn command_of(batch: &CommandId, record: RecordId) -> CommandId {
    let digest = Digest::of_parts(&[b"bulk", batch.as_str().as_bytes(), &record.0]).to_string();
    CommandId::new(&digest[..32]).unwrap_or_else(|_| unreachable!("32 hexadecimal digits fit"))
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
        let command = |(id, seen): &Chosen| {
            let order =
                Order::Step { record: *id, step: step.to_owned(), expect: *seen, input: input.clone() };
            Command { id: self.new_command_id(), actor: actor.clone(), at: self.now(), order }
        };
        let results: Vec<_> = self.on_ledger(|case| {
            let commands = chosen.iter().take(MOST).map(command);
            commands.map(|command| decide(case, &command).map(|_| ())).collect()
        })?;
        let mut rehearsed = Vec::with_capacity(results.len());
        for ((id, _), result) in chosen.iter().zip(results) {
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

    /// Takes a step of each record; answers in the order of the records. The same turn again gives the same
    /// answers for what was taken, and tries what was not.
    pub fn take_turn(
        &self,
        actor: &Actor,
        batch: &CommandId,
        step: &str,
        chosen: &[Chosen],
        input: &Input,
    ) -> Vec<Result<crate::engine::Outcome, Failure>> {
        let command = |(id, seen): &Chosen| Command {
            id: command_of(batch, *id),
            actor: actor.clone(),
            at: self.now(),
            order: Order::Step { record: *id, step: step.to_owned(), expect: *seen, input: input.clone() },
        };
        self.engine().act_all(chosen.iter().take(MOST).map(command).collect())
    }

    /// The same with each record's row as it was before: afterwards it may be out of the person's sight.
    pub fn turn_lines(
        &self,
        actor: &Actor,
        batch: &CommandId,
        step: &str,
        chosen: &[Chosen],
        input: &Input,
    ) -> Result<Vec<Line>, Failure> {
        let rows = chosen.iter().take(MOST).map(|(id, _)| self.known_row(actor, *id));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let results = self.take_turn(actor, batch, step, chosen, input);
        let lines = chosen.iter().zip(rows).zip(results);
        Ok(lines.map(|(((id, _), row), result)| Line { id: *id, row, result: result.map(|_| ()) }).collect())
    }

    /// What became of a turn, asked of the ledger: what was taken was answered there, and what was not tells what
    /// stands against it now. Nothing is written.
    pub fn turned(
        &self,
        actor: &Actor,
        batch: &CommandId,
        step: &str,
        chosen: &[Chosen],
        input: &Input,
    ) -> Result<Vec<Line>, Failure> {
        let commands = chosen.iter().take(MOST).map(|(id, _)| command_of(batch, *id)).collect();
        let found = self.ledger().load(&Want { records: Vec::new(), commands })?.answers;
        let taken: HashSet<RecordId> = found.into_iter().map(|answer| answer.record).collect();
        let rehearsed = self.rehearse(actor, chosen, step, input)?;
        let line = |one: Rehearsed| {
            let result = match one.result {
                _ if taken.contains(&one.id) => Ok(()),
                Err(refusal) => Err(Failure::Refused(refusal)),
                // It was not taken then and would be now.
                Ok(()) => Err(Failure::Busy),
            };
            Line { id: one.id, row: one.row, result }
        };
        Ok(rehearsed.into_iter().map(line).collect())
    }
}
