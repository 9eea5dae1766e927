//! A record: one run of a mechanism, folded from its events. Its state is never stored as truth.

use std::collections::BTreeMap;

use gongzhi_base::calendar::Derivation;
use gongzhi_base::canon::{Canon, Out, array, expect_array, expect_either, take_if};
use gongzhi_base::{RecordId, Timestamp, Unit, Value};
use gongzhi_lang::model::Deadline;
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::event::{ClockChange, Deed, Event, StepTaken};

/// One run of a mechanism.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub id: RecordId,
    pub mechanism: String,
    pub version: u32,
    /// Number of events so far.
    pub revision: u64,
    pub state: String,
    pub place: String,
    pub number: String,
    pub opened: Timestamp,
    pub changed: Timestamp,
    pub parent: Option<RecordId>,
    /// The records above its parent, from the top; empty where the parent is the top.
    pub above: Vec<RecordId>,
    pub fields: BTreeMap<String, Value>,
    /// How often each step has been taken.
    pub taken: BTreeMap<String, u32>,
    pub clocks: BTreeMap<String, Clock>,
    /// Parts by mechanism, and whether each is still open.
    pub parts: Vec<Part>,
    /// The revision of the last step: looks, reminders and news of parts do not make a page stale.
    pub stepped: u64,
}

/// A part of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub mechanism: String,
    pub id: RecordId,
    pub open: bool,
    /// What it has told that the parent's expressions read; its state under `state`.
    pub told: BTreeMap<String, Value>,
}

/// A deadline of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clock {
    pub derivation: Derivation,
    /// When it was met or dropped; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// Whether it ended by being met.
    pub met: bool,
    /// Since when it stands still.
    pub paused: Option<Timestamp>,
    /// When the passing was noticed.
    pub late: Option<Timestamp>,
    /// Whether its reminder has come.
    pub warned: bool,
    /// How often it was extended.
    pub extended: u32,
}

impl Clock {
    /// When the reminder comes: the warning span before the due time, by the clock.
    pub fn warn_at(&self, deadline: &Deadline) -> Timestamp {
        let Some(span) = deadline.warns else { return self.derivation.due };
        let minutes = match span.unit {
            Unit::Minutes => 1,
            Unit::Hours => 60,
            Unit::Days | Unit::WorkingDays => 1_440,
            Unit::Months => 43_200,
        };
        let at = self.derivation.due.plus_millis(-i64::from(span.amount) * minutes * 60_000);
        at.max(self.derivation.start)
    }

    /// Whether it still runs (or stands still).
    pub fn running(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether its reminder or its passing is still to come: it runs, does not stand still and has not passed.
    pub fn ticks(&self) -> bool {
        self.running() && self.paused.is_none() && self.late.is_none()
    }
}

impl Record {
    /// The records above, from the parent up.
    pub fn ancestors(&self) -> impl Iterator<Item = RecordId> {
        self.parent.into_iter().chain(self.above.iter().rev().copied())
    }

    /// The same from the top down.
    pub fn from_top(&self) -> impl Iterator<Item = RecordId> {
        self.above.iter().copied().chain(self.parent)
    }

    /// An empty record before its first event.
    fn blank(event: &Event) -> Record {
        Record {
            id: event.record,
            mechanism: event.mechanism.clone(),
            version: event.version,
            revision: 0,
            state: String::new(),
            place: String::new(),
            number: String::new(),
            opened: event.at,
            changed: event.at,
            parent: None,
            above: Vec::new(),
            fields: BTreeMap::new(),
            taken: BTreeMap::new(),
            clocks: BTreeMap::new(),
            parts: Vec::new(),
            stepped: 0,
        }
    }

    /// The record after an event. `None` is the record before its first one. An event that does not
    /// follow (another record or revision) is refused.
    pub fn fold(record: Option<Record>, event: &Event) -> Result<Record, Unfit> {
        let mut record = record.unwrap_or_else(|| Record::blank(event));
        if record.id != event.record || record.revision + 1 != event.revision {
            return Err(Unfit);
        }
        record.revision = event.revision;
        match &event.deed {
            Deed::Step(taken) => {
                record.changed = event.at;
                record.stepped = event.revision;
                record.step(taken, event.at);
            }
            Deed::Passed { deadline, late } => {
                if let Some(clock) = record.clocks.get_mut(deadline) {
                    clock.warned = true;
                    if *late {
                        clock.late = Some(event.at);
                    }
                }
            }
            Deed::Part(news) => {
                match record.parts.iter_mut().find(|part| part.id == news.part.id) {
                    Some(part) => *part = news.part.clone(),
                    None => record.parts.push(news.part.clone()),
                }
                record.fill(&news.set, &news.cleared);
            }
            Deed::Left(left) => {
                record.parts.retain(|part| part.id != left.part);
                *record.taken.entry(left_key(&left.mechanism)).or_default() += 1;
                record.fill(&left.set, &left.cleared);
            }
            Deed::Look { .. } => {}
            Deed::Erased { fields, .. } => record.fields.retain(|name, _| !fields.contains(name)),
        }
        Ok(record)
    }

    /// The fields that hold personal values.
    pub fn sealed(&self) -> impl Iterator<Item = &String> {
        let sealed = self.fields.iter().filter(|(_, value)| matches!(value, Value::Sealed(_)));
        sealed.map(|(name, _)| name)
    }

    fn step(&mut self, taken: &StepTaken, at: Timestamp) {
        if let Some(opening) = &taken.opening {
            self.number.clone_from(&opening.number);
            self.parent = opening.parent;
            self.above.clone_from(&opening.above);
        }
        if let Some(place) = &taken.place {
            self.place.clone_from(place);
        }
        if let Some(to) = &taken.to {
            self.state.clone_from(to);
        }
        self.fill(&taken.set, &taken.cleared);
        *self.taken.entry(taken.step.clone()).or_default() += 1;
        for (name, change) in &taken.clocks {
            self.change_clock(name, change, at);
        }
    }

    fn fill(&mut self, set: &BTreeMap<String, Value>, cleared: &[String]) {
        for (name, value) in set {
            self.fields.insert(name.clone(), value.clone());
        }
        for name in cleared {
            self.fields.remove(name);
        }
    }

    fn change_clock(&mut self, name: &str, change: &ClockChange, at: Timestamp) {
        if let ClockChange::Started(derivation) = change {
            // A deadline that passed before stays known as late when it starts anew.
            let late = self.clocks.get(name).and_then(|clock| clock.late);
            let clock = Clock {
                derivation: derivation.clone(),
                ended: None,
                met: false,
                paused: None,
                late: None,
                warned: false,
                extended: 0,
            };
            self.clocks.insert(name.to_owned(), clock);
            if late.is_some() {
                *self.taken.entry(late_key(name)).or_default() += 1;
            }
            return;
        }
        let Some(clock) = self.clocks.get_mut(name) else { return };
        match change {
            ClockChange::Started(_) => {}
            ClockChange::Met | ClockChange::Dropped => {
                clock.ended = Some(at);
                clock.met = *change == ClockChange::Met;
                clock.paused = None;
            }
            ClockChange::Paused => clock.paused = Some(at),
            ClockChange::Resumed(derivation) => {
                clock.paused = None;
                clock.derivation = derivation.clone();
            }
            ClockChange::Extended(derivation) => {
                clock.derivation = derivation.clone();
                clock.extended += 1;
                clock.warned = false;
                if clock.late.take().is_some() {
                    *self.taken.entry(late_key(name)).or_default() += 1;
                }
            }
        }
    }

    /// Deadlines that still run, by name.
    pub fn running(&self) -> Vec<(&str, &Clock)> {
        self.clocks
            .iter()
            .filter(|(_, clock)| clock.running())
            .map(|(name, clock)| (name.as_str(), clock))
            .collect()
    }

    /// How many of its parts stand under another record now: the numbers that they took with them.
    pub fn left(&self, mechanism: &str) -> u32 {
        self.taken.get(&left_key(mechanism)).copied().unwrap_or_default()
    }

    /// Whether a deadline has ever passed on this record.
    pub fn was_late(&self, deadline: &str) -> bool {
        self.clocks.get(deadline).is_some_and(|clock| clock.late.is_some())
            || self.taken.contains_key(&late_key(deadline))
    }
}

/// Remembers an earlier lateness of a deadline that started anew; no step's name has a colon.
fn late_key(deadline: &str) -> String {
    format!("late:{deadline}")
}

/// Remembers parts of a mechanism that were put under another record.
fn left_key(mechanism: &str) -> String {
    format!("left:{mechanism}")
}

/// An event that does not continue the record it was folded into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfit;

impl Canon for Record {
    fn put(&self, out: &mut Out<'_>) {
        // What came later stands at the end, and only where there is something to say: a record that
        // needs none of it has the form that it always had.
        array(out, if self.above.is_empty() { 15 } else { 16 });
        self.id.put(out);
        self.mechanism.put(out);
        self.version.put(out);
        self.revision.put(out);
        self.state.put(out);
        self.place.put(out);
        self.number.put(out);
        self.opened.put(out);
        self.changed.put(out);
        self.parent.put(out);
        self.fields.put(out);
        self.taken.put(out);
        self.clocks.put(out);
        self.parts.put(out);
        self.stepped.put(out);
        if !self.above.is_empty() {
            self.above.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let more = expect_either(input, 15, 16)?;
        Ok(Record {
            id: Canon::take(input)?,
            mechanism: Canon::take(input)?,
            version: Canon::take(input)?,
            revision: Canon::take(input)?,
            state: Canon::take(input)?,
            place: Canon::take(input)?,
            number: Canon::take(input)?,
            opened: Canon::take(input)?,
            changed: Canon::take(input)?,
            parent: Canon::take(input)?,
            fields: Canon::take(input)?,
            taken: Canon::take(input)?,
            clocks: Canon::take(input)?,
            parts: Canon::take(input)?,
            stepped: Canon::take(input)?,
            above: take_if(more, input)?,
        })
    }
}

impl Canon for Clock {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 7);
        self.derivation.put(out);
        self.ended.put(out);
        self.met.put(out);
        self.paused.put(out);
        self.late.put(out);
        self.warned.put(out);
        self.extended.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 7)?;
        Ok(Clock {
            derivation: Canon::take(input)?,
            ended: Canon::take(input)?,
            met: Canon::take(input)?,
            paused: Canon::take(input)?,
            late: Canon::take(input)?,
            warned: Canon::take(input)?,
            extended: Canon::take(input)?,
        })
    }
}

impl Canon for Part {
    fn put(&self, out: &mut Out<'_>) {
        array(out, if self.told.is_empty() { 3 } else { 4 });
        self.mechanism.put(out);
        self.id.put(out);
        self.open.put(out);
        if !self.told.is_empty() {
            self.told.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let more = expect_either(input, 3, 4)?;
        Ok(Part {
            mechanism: Canon::take(input)?,
            id: Canon::take(input)?,
            open: Canon::take(input)?,
            told: take_if(more, input)?,
        })
    }
}
