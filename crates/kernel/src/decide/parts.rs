//! Records and their parts: opening under a parent, telling it, numbering below it; and the steps of
//! other records that a step takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{RecordId, Value};
use gongzhi_lang::model::{Mechanism, Recurs, Step, Type, Who};

use super::{Run, compute, computed, is_open, no_right};
use crate::actor::{Acted, Actor};
use crate::command::{Input, Raw};
use crate::eval::Scope;
use crate::event::{Deed, PartLeft, PartNews};
use crate::record::{Part, Record};
use crate::recurs;
use crate::refusal::{Fault, FieldFault, Refusal};
use crate::rights;

/// The name under which whoever opens a part says of what.
pub const PARENT: &str = "parent";

/// In the form of a number: the parent's own number.
const UNDER: &str = "{parent}";

impl Run<'_> {
    /// The record under which somebody opens a part, and the rest of what was sent. A mechanism without
    /// a parent has none.
    pub(super) fn under(
        &mut self,
        mechanism: &Mechanism,
        step: &Step,
        actor: &Actor,
        input: &Input,
    ) -> Result<(Option<Arc<Record>>, Input), Refusal> {
        let mut input = input.clone();
        let Some(kind) = &mechanism.parent else { return Ok((None, input)) };
        // Whoever may open none anywhere is told that first.
        let mut places = actor.posts().iter().map(|post| &post.place).chain([&self.case.world.county]);
        if !places.any(|place| rights::may_step(step, actor, None, place, self.case.world).is_some()) {
            return Err(no_right(step));
        }
        let typed = named(input.remove(PARENT)).ok_or_else(|| no_parent(Fault::Missing))?;
        Ok((Some(self.above(kind, step, actor, &typed)?), input))
    }

    /// A record of this mechanism under which somebody may put one: he may read it and it is open.
    fn above(&mut self, kind: &str, step: &Step, actor: &Actor, typed: &str) -> Result<Arc<Record>, Refusal> {
        let id = typed.trim().parse().ok();
        if let Some(id) = id {
            self.note_passed(id);
        }
        let found = id.and_then(|id| self.known(id).ok());
        let (above, parent) = found
            .filter(|(above, parent)| {
                parent.mechanism == *kind && rights::may_read(above, actor, parent, self.case.world)
            })
            .ok_or_else(|| no_parent(Fault::NoRecord(typed.chars().take(40).collect())))?;
        if !is_open(&above, &parent.state) {
            let state = above.state(&parent.state).map(|state| state.words.clone()).unwrap_or_default();
            return Err(Refusal::WrongState { step: step.words.clone(), state, clause: step.clause.clone() });
        }
        Ok(parent)
    }

    /// Where a step puts its record: under another one, which stands under the same record as the one before where that
    /// keeps them apart; none where it stays. What was sent comes back without it.
    pub(super) fn moves(
        &mut self,
        mechanism: &Mechanism,
        step: &Step,
        record: &Record,
        actor: &Actor,
        input: &Input,
    ) -> Result<(Option<Arc<Record>>, Input), Refusal> {
        let mut input = input.clone();
        let Some(kind) = mechanism.parent.as_ref().filter(|_| step.moves) else { return Ok((None, input)) };
        let Some(typed) = named(input.remove(PARENT)).filter(|typed| !typed.trim().is_empty()) else {
            return Ok((None, input));
        };
        let parent = self.above(kind, step, actor, &typed)?;
        if record.parent == Some(parent.id) {
            return Ok((None, input));
        }
        let apart = mechanism.apart.as_ref().map_or(0, |apart| apart.above);
        let line = |parent: RecordId, above: &[RecordId]| -> Vec<RecordId> {
            std::iter::once(parent).chain(above.iter().rev().copied()).collect()
        };
        // Above what keeps them apart, that itself included, nothing becomes another.
        let keeps = |line: &[RecordId]| line.get(apart.saturating_sub(1)..).map(<[RecordId]>::to_vec);
        let old = record.parent.map(|old| line(old, &record.above)).unwrap_or_default();
        let above: Vec<RecordId> = parent.from_top().collect();
        if apart > 0 && keeps(&old) != keeps(&line(parent.id, &above)) {
            return Err(no_parent(Fault::NoRecord(parent.number.clone())));
        }
        Ok((Some(parent), input))
    }

    /// Tells the record that a part stood under until now that it has left.
    pub(super) fn tell_left(&mut self, id: RecordId, part: &Record, to: RecordId) -> Result<(), Refusal> {
        let (above, parent) = self.known(id)?;
        let mut left = PartLeft {
            mechanism: part.mechanism.clone(),
            part: part.id,
            to,
            set: BTreeMap::new(),
            cleared: Vec::new(),
        };
        let mut after = Record::clone(&parent);
        after.parts.retain(|known| known.id != part.id);
        computed(&above, &mut after, self.case.world, self.at, &mut left.set, &mut left.cleared);
        let parent = self.add(&above, id, Acted::System, Deed::Left(Box::new(left)));
        self.tell_parent(&above, &parent)?;
        self.follow(&above, id)
    }

    /// Opens parts and calls steps of other records.
    pub(super) fn effects(
        &mut self,
        mechanism: &Arc<Mechanism>,
        step: &Step,
        record: &Record,
    ) -> Result<(), Refusal> {
        let world = self.case.world;
        let above = record.parent.and_then(|id| self.find(id));
        if let Some(opens) = &step.opens {
            let part = self
                .case
                .laws
                .newest(&opens.mechanism)
                .cloned()
                .ok_or_else(|| Refusal::NoSuch { what: opens.mechanism.clone() })?;
            let Some(opener) = part.openers().find(|step| step.by.contains(&Who::System)) else {
                return Err(Refusal::NoSuch { what: opens.mechanism.clone() });
            };
            let items = record.fields.get(&opens.for_each).map(Value::items).unwrap_or_default();
            for (at, item) in items.iter().enumerate() {
                let inner = match item {
                    Value::Row(cells) => Some(cells),
                    _ => None,
                };
                let scope =
                    Scope { parent: above.as_deref(), inner, ..Scope::of(mechanism, record, world, self.at) };
                if opens.when.as_ref().is_some_and(|when| !scope.holds(when)) {
                    continue;
                }
                let mut input = compute(&scope, &opens.with);
                if let Some(field) = &opens.item_as {
                    input.insert(field.clone(), Raw::Typed(item.clone()));
                }
                let id = part_id(record, at);
                let parent = self.find(record.id).ok_or(Refusal::NoRecord)?;
                self.open(&part, opener, id, Some(&parent), &Actor::System, &input)?;
            }
        }
        if let Some(calls) = &step.calls {
            let other = match record.fields.get(&calls.record) {
                Some(Value::Record(other)) => *other,
                // A field of that name cannot be there: it is the record above.
                _ if calls.record == PARENT => record.parent.ok_or(Refusal::NoRecord)?,
                _ => return Ok(()),
            };
            if other == record.id {
                return Err(Refusal::Fields(vec![FieldFault {
                    field: calls.record.clone(),
                    fault: Fault::NoRecord(record.number.clone()),
                }]));
            }
            self.note_passed(other);
            let (target, _) = self.known(other)?;
            let called =
                target.step(&calls.step).ok_or_else(|| Refusal::NoSuch { what: calls.step.clone() })?;
            let scope = Scope { parent: above.as_deref(), ..Scope::of(mechanism, record, world, self.at) };
            let input = compute(&scope, &calls.with);
            self.step(&target, called, other, &Actor::System, &input)?;
        }
        Ok(())
    }

    /// Opens what a document opens by itself in a period, for one of the records it goes over.
    pub(super) fn recur(
        &mut self,
        name: &str,
        period: gongzhi_base::Date,
        item: Option<RecordId>,
        id: RecordId,
        actor: &Actor,
    ) -> Result<(), Refusal> {
        let nothing = || Refusal::NoSuch { what: name.to_owned() };
        let world = self.case.world;
        let mechanism = self.case.laws.newest(name).cloned().ok_or_else(nothing)?;
        let recurs = mechanism.recurs.as_ref().ok_or_else(nothing)?;
        let step = mechanism.step(&recurs.step).filter(|step| step.opens_record()).ok_or_else(nothing)?;
        if recurs.every.first(period) != period
            || !recurs::has_come(recurs, period, self.at, world)
            || id != recurs::id(name, period, item, world)
            || recurs.source.is_some() != item.is_some()
        {
            return Err(nothing());
        }
        let mut input = Input::new();
        let mut parent = None;
        if let Some(item) = item {
            self.note_passed(item);
            let (source, record) = self.known(item)?;
            let scope = Scope::of(&source, &record, world, self.at);
            let holds = recurs.when.as_ref().is_none_or(|when| scope.holds(when));
            if recurs.source.as_deref() != Some(&record.mechanism)
                || !is_open(&source, &record.state)
                || !holds
            {
                return Err(nothing());
            }
            input = compute(&scope, &recurs.with);
            if let Some(field) = &recurs.item_as {
                let code = record.fields.get("code").cloned();
                let named = match mechanism.field(field).map(|field| &field.ty) {
                    Some(Type::Record(_)) => Some(Value::Record(item)),
                    _ => code,
                };
                input.extend(named.map(|value| (field.clone(), Raw::Typed(value))));
            }
            if mechanism.parent.as_deref() == Some(&record.mechanism) {
                parent = Some(record);
            }
        }
        input.extend(self.taken_over(name, recurs, period, item)?);
        if let Some(field) = &recurs.period {
            input.insert(field.clone(), Raw::Typed(Value::Date(period)));
        }
        self.open(&mechanism, step, id, parent.as_deref(), actor, &input)
    }

    /// What a record that opens by itself takes over from the newest one that opened before for the same
    /// item. A deadline of that one may end at the very moment at which this one opens: it comes first.
    fn taken_over(
        &mut self,
        name: &str,
        recurs: &Recurs,
        period: gongzhi_base::Date,
        item: Option<RecordId>,
    ) -> Result<Input, Refusal> {
        let mut input = Input::new();
        let Some(rule) = &recurs.previous else { return Ok(input) };
        let since = item.and_then(|item| self.find(item)).map(|item| item.opened);
        let mut earlier = recurs::earlier(recurs, name, period, item, since, self.case.world);
        let Some(id) = earlier.find(|id| self.find(*id).is_some()) else { return Ok(input) };
        self.note_passed(id);
        let (law, record) = self.known(id)?;
        let scope = Scope::of(&law, &record, self.case.world, self.at);
        if rule.when.as_ref().is_none_or(|when| scope.holds(when)) {
            input = compute(&scope, &rule.with);
            input.insert(rule.item_as.clone(), Raw::Typed(Value::Record(id)));
        }
        Ok(input)
    }

    /// Tells the parent that a part was opened or closed, or has another value of what the parent reads,
    /// and lets it go on by itself.
    pub(super) fn tell_parent(&mut self, mechanism: &Mechanism, record: &Record) -> Result<(), Refusal> {
        let Some(id) = record.parent else { return Ok(()) };
        let (above, parent) = self.known(id)?;
        let part = Part {
            mechanism: record.mechanism.clone(),
            id: record.id,
            open: is_open(mechanism, &record.state),
            told: told(&above, record),
        };
        if parent.parts.contains(&part) {
            return Ok(());
        }
        let mut news = PartNews { part, set: BTreeMap::new(), cleared: Vec::new() };
        let mut after = Record::clone(&parent);
        match after.parts.iter_mut().find(|known| known.id == record.id) {
            Some(known) => *known = news.part.clone(),
            None => after.parts.push(news.part.clone()),
        }
        computed(&above, &mut after, self.case.world, self.at, &mut news.set, &mut news.cleared);
        let parent = self.add(&above, id, Acted::System, Deed::Part(Box::new(news)));
        self.tell_parent(&above, &parent)?;
        self.follow(&above, id)
    }

    /// The next number of a mechanism's records.
    pub(super) fn number(&mut self, mechanism: &Mechanism, parent: Option<&Record>) -> String {
        let Some(form) = &mechanism.number else { return String::new() };
        if let Some(parent) = parent.filter(|_| form.contains(UNDER)) {
            // A part that went elsewhere took its number along, and one that came brought its own: all that are here and
            // all that left are at least as many as the numbers given.
            let here = parent.parts.iter().filter(|part| part.mechanism == mechanism.name).count();
            let given = here + parent.left(&mechanism.name) as usize;
            return form.replace(UNDER, &parent.number).replace("{n}", &(given + 1).to_string());
        }
        let date = self.case.world.zone.date(self.at);
        let key = (mechanism.name.clone(), date.year());
        let last = self.made.counters.get(&key).copied();
        let next = last.unwrap_or_else(|| (self.case.counter)(&mechanism.name, date.year())) + 1;
        self.made.counters.insert(key, next);
        crate::number::write(form, date, next)
    }
}

/// The record that somebody named.
fn named(raw: Option<Raw>) -> Option<String> {
    match raw {
        Some(Raw::Text(text)) => Some(text),
        Some(Raw::Typed(Value::Record(id))) => Some(id.to_string()),
        _ => None,
    }
}

fn no_parent(fault: Fault) -> Refusal {
    Refusal::Fields(vec![FieldFault { field: PARENT.to_owned(), fault }])
}

/// What a part tells its parent: the values that the parent's expressions read.
fn told(above: &Mechanism, record: &Record) -> BTreeMap<String, Value> {
    let values = above.told_by(&record.mechanism).iter().filter_map(|name| match name.as_str() {
        "state" => Some((name.clone(), Value::Text(record.state.clone()))),
        name => match record.fields.get(name)? {
            Value::Sealed(_) => None,
            value => Some((name.to_owned(), value.clone())),
        },
    });
    values.collect()
}

/// A part's identifier follows from its parent's revision and the item's position, so that the
/// kernel needs no randomness.
fn part_id(parent: &Record, at: usize) -> RecordId {
    let digest = gongzhi_base::Digest::of_parts(&[
        b"gongzhi.part",
        &parent.id.0,
        &parent.revision.to_be_bytes(),
        &(at as u64).to_be_bytes(),
    ]);
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest.0[..10]);
    RecordId::at(parent.changed.0, entropy)
}
