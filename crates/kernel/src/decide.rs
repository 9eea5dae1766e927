//! `decide`: a command against a record, or a refusal. Pure and deterministic: the same case and
//! command always give the same decision.

mod constraints;
mod parts;
mod passing;

pub use parts::PARENT;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_lang::model::{Clause, Mechanism, Need, Step};
use jiff::civil::Date;

use crate::actor::{Acted, Actor};
use crate::claims::Claim;
use crate::clocks;
use crate::command::{Command, Input, Order, Raw};
use crate::eval::Scope;
use crate::event::{Deed, Event, Opening, StepTaken};
use crate::input;
use crate::keeping;
use crate::laws::Laws;
use crate::record::Record;
use crate::refusal::{Fault, FieldFault, Refusal};
use crate::rights;
use crate::world::World;

/// Automatic steps that may follow one command: more is a circle in a document.
const MAX_FOLLOWING: usize = 16;

/// Everything a decision may read.
pub struct Case<'a> {
    pub laws: &'a Laws,
    pub world: &'a World,
    /// Looks up a record as it is now (within a group: after the commands before).
    pub record: &'a dyn Fn(RecordId) -> Option<Arc<Record>>,
    /// The last number given to a mechanism's records in a year.
    pub counter: &'a dyn Fn(&str, i16) -> u64,
    /// Records that hold any of these claims, or held one until lately; they are looked at once more.
    pub holders: &'a dyn Fn(&[Claim]) -> Vec<RecordId>,
}

/// What was decided: events in order, and the records after them.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    pub events: Vec<Event>,
    pub records: BTreeMap<RecordId, Arc<Record>>,
    pub counters: BTreeMap<(String, i16), u64>,
    /// Records as they were when a deadline passed, by their revision then: who let it pass, and until when
    /// it ran, the late step may change.
    pub passed: BTreeMap<(RecordId, u64), Arc<Record>>,
}

impl Decision {
    /// The record of which an event tells.
    pub fn telling(&self, event: &Event) -> Option<&Arc<Record>> {
        self.passed.get(&(event.record, event.revision)).or_else(|| self.records.get(&event.record))
    }
}

/// Decides a command.
pub fn decide(case: &Case<'_>, command: &Command) -> Result<Decision, Refusal> {
    let actor = &command.actor;
    let mut run = Run {
        case,
        actor,
        at: command.at,
        made: Decision::default(),
        left: MAX_FOLLOWING,
        noted: BTreeSet::new(),
    };
    match &command.order {
        Order::Open { mechanism, step, id, input } => {
            let mechanism = case
                .laws
                .newest(mechanism)
                .cloned()
                .ok_or_else(|| Refusal::NoSuch { what: mechanism.clone() })?;
            let step = opener(&mechanism, step)?;
            let (parent, input) = run.under(&mechanism, step, &command.actor, input)?;
            run.open(&mechanism, step, *id, parent.as_deref(), &command.actor, &input)?;
        }
        Order::Step { record, step, expect, input } => {
            let (mechanism, now) = run.known(*record)?;
            let step = mechanism
                .step(step)
                .filter(|step| !step.opens_record())
                .ok_or_else(|| Refusal::NoSuch { what: step.clone() })?;
            if !rights::may_read(&mechanism, &command.actor, &now, case.world)
                && rights::may_step(step, &command.actor, Some(&now), &now.place, case.world).is_none()
            {
                return Err(Refusal::NoRecord);
            }
            if let Some(seen) = expect
                && *seen < now.stepped
            {
                return Err(Refusal::Stale { seen: *seen, now: now.revision, changed: now.changed });
            }
            run.note_passed(*record);
            run.step(&mechanism, step, *record, &command.actor, input)?;
        }
        Order::Recur { mechanism, period, item, id } => {
            run.recur(mechanism, *period, *item, *id, &command.actor)?;
        }
        Order::Elapse { record, deadline } => run.elapse(*record, deadline)?,
        Order::Look { record, fields, purpose } => run.look(*record, &command.actor, fields, purpose)?,
        Order::Erase { record, reason } => run.erase(*record, &command.actor, reason)?,
    }
    Ok(run.made)
}

fn opener<'m>(mechanism: &'m Mechanism, step: &str) -> Result<&'m Step, Refusal> {
    let found = mechanism.step(step).filter(|step| step.opens_record());
    found.ok_or_else(|| Refusal::NoSuch { what: step.to_owned() })
}

fn unmet(need: &Need) -> Refusal {
    Refusal::Need { words: need.words.clone(), clause: need.clause.clone() }
}

/// What stands against a step whatever is filled in: the first condition that fails and reads nothing
/// that the step asks for. `scope` has the record, who acts, and the record above.
pub fn hindered(step: &Step, scope: &Scope<'_>) -> Option<Refusal> {
    step.needs.iter().find(|need| need.reads.is_empty() && !scope.holds(&need.when)).map(unmet)
}

/// Whether a step would be refused if its form were sent with what the record holds already: a condition fails
/// whose fields all have values. Whoever fills in others may take it.
pub fn premature(step: &Step, scope: &Scope<'_>, record: &Record) -> bool {
    let stands = |need: &&Need| need.reads.iter().all(|name| record.fields.contains_key(name));
    step.needs.iter().filter(stands).any(|need| !scope.holds(&need.when))
}

/// One decision in the making.
struct Run<'a> {
    case: &'a Case<'a>,
    /// Who gave the command: what a refusal names must be for his eyes.
    actor: &'a Actor,
    at: Timestamp,
    made: Decision,
    /// Automatic steps that may still follow.
    left: usize,
    /// Records of which it was noted what had passed before anything was done to them.
    noted: BTreeSet<RecordId>,
}

impl Run<'_> {
    fn find(&self, id: RecordId) -> Option<Arc<Record>> {
        self.made.records.get(&id).cloned().or_else(|| (self.case.record)(id))
    }

    /// A record with the version of the mechanism on which it runs.
    fn today(&self) -> Date {
        self.case.world.zone.date(self.at)
    }

    fn known(&self, id: RecordId) -> Result<(Arc<Mechanism>, Arc<Record>), Refusal> {
        let record = self.find(id).ok_or(Refusal::NoRecord)?;
        let mechanism = self
            .case
            .laws
            .version(&record.mechanism, record.version)
            .ok_or_else(|| Refusal::NoSuch { what: record.mechanism.clone() })?;
        Ok((mechanism.clone(), record))
    }

    /// Adds an event and folds it.
    fn add(&mut self, mechanism: &Mechanism, id: RecordId, by: Acted, deed: Deed) -> Arc<Record> {
        let old = self.find(id);
        let event = Event {
            record: id,
            mechanism: mechanism.name.clone(),
            version: old.as_ref().map_or(mechanism.version, |record| record.version),
            revision: old.as_ref().map_or(1, |record| record.revision + 1),
            at: self.at,
            by,
            deed,
        };
        let old = old.map(Arc::unwrap_or_clone);
        // The event was made to follow this very record, so folding cannot refuse it.
        let record = Arc::new(Record::fold(old, &event).unwrap_or_else(|_| unreachable!("made to follow")));
        self.made.events.push(event);
        self.made.records.insert(id, record.clone());
        record
    }

    fn open(
        &mut self,
        mechanism: &Arc<Mechanism>,
        step: &Step,
        id: RecordId,
        parent: Option<&Record>,
        actor: &Actor,
        input: &Input,
    ) -> Result<(), Refusal> {
        if self.find(id).is_some() {
            return Err(Refusal::CommandReused);
        }
        self.noted.insert(id);
        let values = input::read(mechanism, step, input, id, &BTreeMap::new(), self.case.world, self.today())
            .map_err(Refusal::Fields)?;
        let place = mechanism
            .place
            .as_deref()
            .and_then(|field| values.get(field))
            .and_then(Value::text)
            .map(str::to_owned)
            .or_else(|| parent.map(|parent| parent.place.clone()))
            .unwrap_or_else(|| self.case.world.county.clone());
        let by =
            rights::may_step(step, actor, None, &place, self.case.world).ok_or_else(|| no_right(step))?;
        // Only whoever may enter something learns which codes there are.
        self.taken_code(mechanism, &values)?;
        let number = self.number(mechanism, parent);
        let above = parent.map(|parent| parent.from_top().collect());
        let opening =
            Opening { number, parent: parent.map(|parent| parent.id), above: above.unwrap_or_default() };
        let blank = Record {
            id,
            mechanism: mechanism.name.clone(),
            version: mechanism.version,
            revision: 0,
            state: String::new(),
            place: place.clone(),
            number: opening.number.clone(),
            opened: self.at,
            changed: self.at,
            parent: opening.parent,
            above: opening.above.clone(),
            fields: values.clone(),
            taken: BTreeMap::new(),
            clocks: BTreeMap::new(),
            parts: Vec::new(),
            stepped: 0,
        };
        let mut taken = StepTaken {
            step: step.name.clone(),
            opening: Some(opening),
            place: Some(place),
            ..StepTaken::default()
        };
        self.finish(mechanism, step, &blank, by, values, &mut taken)
    }

    /// A register has one entry for a code, also when that is closed: everything else names it by that.
    fn taken_code(&self, mechanism: &Mechanism, values: &BTreeMap<String, Value>) -> Result<(), Refusal> {
        let (Some(register), Some(code)) = (&mechanism.register, values.get("code").and_then(Value::text))
        else {
            return Ok(());
        };
        let same = |record: &Arc<Record>| {
            record.mechanism == mechanism.name
                && record.fields.get("code").and_then(Value::text) == Some(code)
        };
        if self.case.world.entered(register, code).is_none() && !self.made.records.values().any(same) {
            return Ok(());
        }
        let fault = Fault::CodeTaken(code.to_owned());
        Err(Refusal::Fields(vec![FieldFault { field: "code".to_owned(), fault }]))
    }

    fn step(
        &mut self,
        mechanism: &Arc<Mechanism>,
        step: &Step,
        id: RecordId,
        actor: &Actor,
        input: &Input,
    ) -> Result<(), Refusal> {
        let (_, record) = self.known(id)?;
        let by = rights::may_step(step, actor, Some(&record), &record.place, self.case.world)
            .ok_or_else(|| no_right(step))?;
        if !step.from.contains(&record.state) {
            let state = mechanism.state(&record.state).map(|state| state.words.clone()).unwrap_or_default();
            return Err(Refusal::WrongState { step: step.words.clone(), state, clause: step.clause.clone() });
        }
        let (parent, input) = self.moves(mechanism, step, &record, actor, input)?;
        let values = input::read(mechanism, step, &input, id, &record.fields, self.case.world, self.today())
            .map_err(Refusal::Fields)?;
        let mut seen = Record::clone(&record);
        seen.fields.extend(values.iter().map(|(name, value)| (name.clone(), value.clone())));
        // A field asked again and sent empty is emptied; one that was not sent stays.
        let mut taken = StepTaken { step: step.name.clone(), ..StepTaken::default() };
        if let Some(parent) = parent {
            seen.above = parent.from_top().collect();
            seen.parent = Some(parent.id);
            let (number, above) = (seen.number.clone(), seen.above.clone());
            taken.opening = Some(Opening { number, parent: seen.parent, above });
        }
        for ask in &step.asks {
            let sent = input.contains_key(&ask.field);
            if sent && !values.contains_key(&ask.field) && seen.fields.remove(&ask.field).is_some() {
                taken.cleared.push(ask.field.clone());
            }
        }
        let moved = mechanism.place.as_deref().and_then(|field| values.get(field)).and_then(Value::text);
        if let Some(place) = moved.filter(|place| *place != record.place) {
            seen.place = place.to_owned();
            taken.place = Some(place.to_owned());
        }
        self.finish(mechanism, step, &seen, by, values, &mut taken)
    }

    /// The common end of every step: conditions, computed fields, deadlines, the event itself,
    /// then what follows from it.
    fn finish(
        &mut self,
        mechanism: &Arc<Mechanism>,
        step: &Step,
        seen: &Record,
        by: Acted,
        values: BTreeMap<String, Value>,
        taken: &mut StepTaken,
    ) -> Result<(), Refusal> {
        let world = self.case.world;
        let above = seen.parent.and_then(|id| self.find(id));
        let around = Scope {
            actor: Some(&by),
            parent: above.as_deref(),
            given: Some(&values),
            ..Scope::of(mechanism, seen, world, self.at)
        };
        for need in &step.needs {
            let scope = Scope { record: seen, ..around };
            if !scope.holds(&need.when) {
                return Err(unmet(need));
            }
        }
        taken.set.clone_from(&values);
        let mut after = seen.clone();
        *after.taken.entry(step.name.clone()).or_default() += 1;
        for (field, expr) in &step.set {
            let scope = Scope { record: &after, ..around };
            let value = scope.eval(expr);
            put(&mut after, field, value, &mut taken.set, &mut taken.cleared);
        }
        if let Some(field) = &mechanism.place
            && let Some(place) = after.fields.get(field).and_then(Value::text)
            && place != after.place
        {
            taken.place = Some(place.to_owned());
            after.place = place.to_owned();
        }
        if let Some(to) = &step.to {
            taken.to = Some(to.clone());
            after.state.clone_from(to);
        }
        computed(mechanism, &mut after, world, self.at, &mut taken.set, &mut taken.cleared);
        self.constrained(mechanism, &after)?;
        let scope = Scope { record: &after, ..around };
        taken.clocks = clocks::changes(&scope, step, &seen.state);
        let deed = Deed::Step(Box::new(std::mem::take(taken)));
        let before = self.find(seen.id).and_then(|before| before.parent);
        let record = self.add(mechanism, seen.id, by, deed);
        if let (Some(before), Some(now)) = (before, record.parent)
            && before != now
        {
            self.tell_left(before, &record, now)?;
        }
        self.tell_parent(mechanism, &record)?;
        self.effects(mechanism, step, &record)?;
        self.follow(mechanism, record.id)
    }

    /// Takes the automatic steps that have become due.
    fn follow(&mut self, mechanism: &Arc<Mechanism>, id: RecordId) -> Result<(), Refusal> {
        let Some(record) = self.find(id) else { return Ok(()) };
        let scope =
            Scope { actor: Some(&Acted::System), ..Scope::of(mechanism, &record, self.case.world, self.at) };
        let next = mechanism.steps.iter().find(|step| {
            step.from.contains(&record.state) && step.auto.as_ref().is_some_and(|auto| scope.holds(auto))
        });
        let Some(step) = next else { return Ok(()) };
        if self.left == 0 {
            return Err(Refusal::Circle { step: step.name.clone() });
        }
        self.left -= 1;
        self.step(mechanism, step, id, &Actor::System, &Input::new())
    }

    fn look(&mut self, id: RecordId, actor: &Actor, fields: &[String], purpose: &str) -> Result<(), Refusal> {
        let (mechanism, record) = self.known(id)?;
        if !rights::may_read(&mechanism, actor, &record, self.case.world) {
            return Err(Refusal::NoRecord);
        }
        let purpose = purpose.trim();
        if purpose.chars().count() < 2 || purpose.chars().count() > 200 {
            let fault = if purpose.chars().count() < 2 { Fault::Missing } else { Fault::TooLong(200) };
            return Err(Refusal::Fields(vec![FieldFault { field: "purpose".into(), fault }]));
        }
        let mut by = None;
        let mut there = Vec::new();
        for name in fields {
            let field = mechanism.field(name).ok_or_else(|| Refusal::NoSuch { what: name.clone() })?;
            let allowed = rights::may_look(field, actor, &record, self.case.world);
            by = Some(allowed.ok_or_else(|| Refusal::NoRight {
                step: field.words.clone(),
                who: field.personal.as_ref().map(|personal| personal.audience.clone()).unwrap_or_default(),
                clause: field.clause.clone(),
            })?);
            if record.fields.contains_key(name) && !there.contains(name) {
                there.push(name.clone());
            }
        }
        let by = by.ok_or_else(|| Refusal::NoSuch { what: "fields".into() })?;
        // What is not there, or not any more, nobody sees, and nobody is said to have seen it.
        if there.is_empty() {
            return Err(Refusal::NothingPersonal);
        }
        let deed = Deed::Look { fields: there, purpose: purpose.to_owned() };
        self.add(&mechanism, id, by, deed);
        Ok(())
    }

    /// Erases on demand: of the person concerned, or by whoever may look at all that is erased.
    fn erase(&mut self, id: RecordId, actor: &Actor, reason: &str) -> Result<(), Refusal> {
        let (mechanism, record) = self.known(id)?;
        if !rights::may_read(&mechanism, actor, &record, self.case.world) {
            return Err(Refusal::NoRecord);
        }
        let reason = reason.trim();
        let length = reason.chars().count();
        if !(2..=200).contains(&length) {
            let fault = if length < 2 { Fault::Missing } else { Fault::TooLong(200) };
            return Err(Refusal::Fields(vec![FieldFault { field: "reason".into(), fault }]));
        }
        let by = keeping::may_erase(&mechanism, actor, &record, self.case.world)?;
        self.erased(&mechanism, &record, by, reason);
        Ok(())
    }

    fn erased(&mut self, mechanism: &Mechanism, record: &Record, by: Acted, reason: &str) {
        let fields = record.sealed().cloned().collect();
        self.add(mechanism, record.id, by, Deed::Erased { fields, reason: reason.to_owned() });
    }
}

fn no_right(step: &Step) -> Refusal {
    Refusal::NoRight { step: step.words.clone(), who: step.by.clone(), clause: step.clause.clone() }
}

/// Gives a field its value, or takes it away, in the record and in the event.
fn put(
    record: &mut Record,
    field: &str,
    value: Option<Value>,
    set: &mut BTreeMap<String, Value>,
    cleared: &mut Vec<String>,
) {
    match value {
        Some(value) => {
            record.fields.insert(field.to_owned(), value.clone());
            cleared.retain(|cleared| cleared != field);
            set.insert(field.to_owned(), value);
        }
        None => {
            set.remove(field);
            if record.fields.remove(field).is_some() && !cleared.iter().any(|cleared| cleared == field) {
                cleared.push(field.to_owned());
            }
        }
    }
}

/// Computes the fields whose values follow from others; only what changed goes into the event.
fn computed(
    mechanism: &Mechanism,
    record: &mut Record,
    world: &World,
    at: Timestamp,
    set: &mut BTreeMap<String, Value>,
    cleared: &mut Vec<String>,
) {
    for field in &mechanism.fields {
        let Some(is) = &field.is else { continue };
        let value = Scope::of(mechanism, record, world, at).eval(is);
        if record.fields.get(&field.name) != value.as_ref() {
            put(record, &field.name, value, set, cleared);
        }
    }
}

/// Whether a state is one in which a record still runs.
pub fn is_open(mechanism: &Mechanism, state: &str) -> bool {
    !mechanism.state(state).is_some_and(|state| state.is_final)
}

fn compute(scope: &Scope<'_>, with: &[(String, gongzhi_lang::expr::Expr)]) -> Input {
    with.iter().filter_map(|(field, expr)| Some((field.clone(), Raw::Typed(scope.eval(expr)?)))).collect()
}

/// The clause of a refusal, if it rests on one.
pub fn clause(refusal: &Refusal) -> Option<&Clause> {
    match refusal {
        Refusal::NoRight { clause, .. }
        | Refusal::WrongState { clause, .. }
        | Refusal::Need { clause, .. }
        | Refusal::Clash { clause, .. } => Some(clause),
        _ => None,
    }
}
