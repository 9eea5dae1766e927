//! A step that puts its record under another one: where to it may, and what would come of it, told before it is taken.

use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Case, Claim, Command, Order, Record, decide, rights};
use gongzhi_lang::model::Mechanism;
use gongzhi_store::{ListQuery, StoreError};

use crate::bulk::Chosen;
use crate::failure::Failure;
use crate::service::Service;

/// Records offered at most. Whoever has more names the one meant by its sheet.
const OFFERED: u32 = 500;

/// A record under which another one may be put, with the one above it.
pub struct Target {
    pub row: Row,
    pub above: Option<Row>,
}

/// What a step would change of one record beside what is typed.
pub struct Effect {
    pub mechanism: Arc<Mechanism>,
    pub before: Arc<Record>,
    pub after: Arc<Record>,
}

impl Effect {
    /// Fields with their values before and after, where these differ.
    pub fn changes(&self) -> Vec<(&str, Option<&Value>, Option<&Value>)> {
        let fields = self.mechanism.fields.iter().filter(|field| field.personal.is_none());
        let told = fields.map(|field| {
            let name = field.name.as_str();
            (name, self.before.fields.get(name), self.after.fields.get(name))
        });
        told.filter(|(_, before, after)| before != after).collect()
    }
}

impl Service {
    /// The open records under which somebody may put a record of this mechanism: those under the same record that keeps
    /// them apart, as they came.
    pub fn targets(
        &self,
        actor: &Actor,
        mechanism: &Mechanism,
        record: &Record,
    ) -> Result<Vec<Target>, Failure> {
        let Some(kind) = &mechanism.parent else { return Ok(Vec::new()) };
        let mut query = ListQuery {
            mechanism: Some(kind.clone()),
            open: Some(true),
            limit: OFFERED,
            ..ListQuery::default()
        };
        if let Some(apart) = &mechanism.apart {
            let root = record.ancestors().nth(apart.above.saturating_sub(1)).ok_or(Failure::NotFound)?;
            match self.state().laws.newest(kind).and_then(|kind| kind.parent.as_ref())
                == Some(&apart.mechanism)
            {
                true => query.parent = Some(root),
                false => query.facets.push(format!("above={root}")),
            }
        }
        let rows = self.list(actor, query)?.rows;
        let mut above: Vec<RecordId> = rows.iter().filter_map(|row| row.parent).collect();
        above.sort();
        above.dedup();
        let above = self.ledger().rows(&above)?;
        let one = |row: Row| {
            let above = above.iter().find(|above| Some(above.id) == row.parent).cloned();
            Target { row, above }
        };
        let mut targets: Vec<Target> = rows.into_iter().map(one).collect();
        targets.sort_by_key(|one| (one.above.as_ref().map(|above| above.opened), one.row.opened, one.row.id));
        Ok(targets)
    }

    /// What a step would make of its record and of those above it, as far as the actor may read them; or why it is
    /// refused. Nothing is written.
    pub fn foreseen(
        &self,
        actor: &Actor,
        (id, seen): Chosen,
        step: &str,
        input: &Input,
    ) -> Result<Vec<Effect>, Failure> {
        let order = Order::Step { record: id, step: step.to_owned(), expect: seen, input: input.clone() };
        let command = Command { id: self.new_command_id(), actor: actor.clone(), at: self.now(), order };
        let decision = self.on_ledger(|case| decide(case, &command))??;
        let state = self.state();
        let mut effects = Vec::new();
        for (id, after) in decision.records {
            // What the step opens was not there before.
            let Some(bytes) = self.ledger().snapshot(id)? else { continue };
            let before = Record::from_bytes(&bytes)
                .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
            let mechanism = state.laws.version(&after.mechanism, after.version).cloned();
            let may = |law: &Arc<Mechanism>| rights::may_read(law, actor, &before, &state.world);
            if let Some(mechanism) = mechanism.filter(may) {
                effects.push(Effect { mechanism, before: Arc::new(before), after });
            }
        }
        Ok(effects)
    }

    /// Decides on the ledger as it stands, without writing. What cannot be read fails, so that nothing that stands in
    /// the way is overlooked.
    pub(crate) fn on_ledger<T>(&self, work: impl FnOnce(&Case<'_>) -> T) -> Result<T, Failure> {
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
        let done = work(&case);
        match failed.take() {
            Some(failure) => Err(failure),
            None => Ok(done),
        }
    }
}
