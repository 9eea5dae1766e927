//! What the simulator itself believes of the county: folded from the log's events by other code than
//! the kernel's, and judged by its own reading of the documents.

mod due;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use gongzhi_base::{RecordId, Timestamp, Value, Zone};
use gongzhi_kernel::event::StepTaken;
use gongzhi_kernel::{Acted, Deed, Event, Laws, Post};
use gongzhi_lang::model::{Level, Mechanism};
use jiff::civil::Date;

use super::By;

/// What must never happen, and to which record.
#[derive(Clone, Debug)]
pub struct Violation {
    pub what: String,
    pub record: Option<RecordId>,
}

/// A violation about a record.
pub fn broken(record: RecordId, what: impl Into<String>) -> Violation {
    Violation { what: what.into(), record: Some(record) }
}

/// One run of a deadline, from its start until it is met, dropped or started anew.
#[derive(Clone, Debug)]
pub struct Run {
    pub due: Timestamp,
    pub warn: Option<Timestamp>,
    /// Since when it runs without standing still.
    pub since: Timestamp,
    pub ended: bool,
    pub paused: bool,
    pub late: bool,
    pub warned: bool,
}

/// A record as the model knows it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub mechanism: String,
    pub version: u32,
    pub revision: u64,
    pub stepped: u64,
    pub state: String,
    pub place: String,
    pub number: String,
    pub opened: Timestamp,
    pub fields: BTreeMap<String, Value>,
    pub runs: BTreeMap<String, Run>,
    pub erased: bool,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Known { mechanism, version, revision, stepped, state, place, number, .. } = self;
        write!(
            f,
            "{mechanism} {version} {number} `{state}` at {place}, revision {revision}, last step {stepped}"
        )?;
        for (name, run) in &self.runs {
            let Run { due, ended, paused, late, warned, .. } = run;
            let due = due.rfc3339();
            write!(f, "; {name} due {due} ended {ended} paused {paused} late {late} warned {warned}")?;
        }
        Ok(())
    }
}

/// A post in the register.
#[derive(Clone, Debug)]
struct Seat {
    person: String,
    post: Post,
    from: Option<Date>,
    until: Option<Date>,
}

impl Seat {
    fn held(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| until >= day)
    }
}

/// A place.
struct Spot {
    /// Where it stands among those above a record; none once it was merged.
    level: Option<Level>,
    /// What it lies in.
    up: Option<String>,
    /// Whether it is in force.
    here: bool,
}

/// The model of a county.
pub struct Model {
    /// The time of the last event: none that follows may be earlier.
    pub latest: Timestamp,
    pub laws: Arc<Laws>,
    pub records: BTreeMap<RecordId, Known>,
    /// Records of mechanisms that are no registers, in the order of their opening.
    pub cases: Vec<RecordId>,
    /// Records with a deadline that has not ended.
    running: BTreeSet<RecordId>,
    places: BTreeMap<String, Spot>,
    posts: BTreeMap<String, Seat>,
    /// Codes of the posts of each person.
    posts_of: BTreeMap<String, BTreeSet<String>>,
    /// Who held a post that has ended.
    pub former: Vec<String>,
    /// The day at which rights are asked for.
    pub today: Date,
    zone: Zone,
    numbers: BTreeMap<String, RecordId>,
    /// Late steps that have to follow in a command, by record.
    must: BTreeMap<RecordId, due::Must>,
    /// The first due time that passed in a command, by record.
    settled: BTreeMap<RecordId, Timestamp>,
    pub passed: u64,
    pub warned: u64,
    /// Judgements made.
    pub checks: u64,
}

impl Model {
    pub fn new(laws: Arc<Laws>, zone: Zone) -> Model {
        Model {
            latest: Timestamp(0),
            laws,
            records: BTreeMap::new(),
            cases: Vec::new(),
            running: BTreeSet::new(),
            places: BTreeMap::new(),
            posts: BTreeMap::new(),
            posts_of: BTreeMap::new(),
            former: Vec::new(),
            today: Date::ZERO,
            zone,
            numbers: BTreeMap::new(),
            must: BTreeMap::new(),
            settled: BTreeMap::new(),
            passed: 0,
            warned: 0,
            checks: 0,
        }
    }

    /// The mechanism on which a record runs.
    pub fn law(&self, known: &Known) -> Option<&Arc<Mechanism>> {
        self.laws.version(&known.mechanism, known.version)
    }

    /// Whether a record still runs.
    pub fn open(&self, known: &Known) -> bool {
        let state = self.law(known).and_then(|law| law.state(&known.state));
        !state.is_some_and(|state| state.is_final)
    }

    /// The posts that a person holds today.
    pub fn posts_of(&self, person: &str) -> impl Iterator<Item = &Post> {
        let codes = self.posts_of.get(person).into_iter().flatten();
        let seats = codes.filter_map(|code| self.posts.get(code));
        seats.filter(|seat| seat.held(self.today)).map(|seat| &seat.post)
    }

    /// All posts held today, with who holds them.
    pub fn posts(&self) -> impl Iterator<Item = (&String, &Post)> {
        let held = self.posts.values().filter(|seat| seat.held(self.today));
        held.map(|seat| (&seat.person, &seat.post))
    }

    /// People whose posts have ended, run out, or not begun.
    pub fn not_in_post(&self) -> Vec<&String> {
        let waiting = self.posts.values().filter(|seat| !seat.held(self.today)).map(|seat| &seat.person);
        waiting.chain(&self.former).collect()
    }

    /// Codes of the places of some levels.
    pub fn places(&self, levels: &[Level]) -> Vec<&str> {
        let fits = |level: &Level| levels.is_empty() || levels.contains(level);
        let here = self.places.iter().filter(|(_, spot)| spot.here && spot.level.as_ref().is_some_and(fits));
        here.map(|(code, _)| code.as_str()).collect()
    }

    /// A place with those above it, from itself up, on the map of now: of one that was merged those of the
    /// place that took it in.
    pub fn above(&self, place: &str) -> Vec<(Level, &str)> {
        let mut found: Vec<(Level, &str)> = Vec::new();
        let mut at = self.places.get_key_value(place);
        for _ in 0..50 {
            let Some((code, Spot { level, up, .. })) = at else { break };
            if let Some(level) = level
                && found.iter().all(|(known, _)| known != level)
            {
                found.push((*level, code.as_str()));
            }
            at = up.as_ref().and_then(|up| self.places.get_key_value(up));
        }
        found
    }

    /// Whether a place is another one or lies under it.
    pub fn covers(&self, outer: &str, inner: &str) -> bool {
        self.above(inner).iter().any(|(_, code)| *code == outer)
    }

    /// Judges an event and takes it in. `by` is who gave the command, for its first event.
    pub fn take(&mut self, event: &Event, by: Option<&By>) -> Result<(), Violation> {
        self.checks += 1;
        self.today = self.zone.date(event.at);
        let id = event.record;
        let bad = |what: String| broken(id, format!("revision {}: {what}", event.revision));
        let known = self.records.get(&id);
        if known.map_or(0, |known| known.revision) + 1 != event.revision {
            return Err(bad("does not follow the one before".into()));
        }
        if event.at < self.latest {
            return Err(bad(format!("dated {} ms before the event before it", self.latest.0 - event.at.0)));
        }
        self.latest = event.at;
        let law = self.laws.version(&event.mechanism, event.version).cloned();
        let law =
            law.ok_or_else(|| bad(format!("runs on unknown `{}` {}", event.mechanism, event.version)))?;
        self.follows(id, event)?;
        match by {
            Some(by) if !by.is(&event.by) => {
                return Err(bad(format!("says {:?} where {by:?} acted", event.by)));
            }
            None if event.by != Acted::System => {
                return Err(bad(format!("followed by itself and says {:?}", event.by)));
            }
            _ => {}
        }
        self.judge(&law, event, by.unwrap_or(&By::System)).map_err(bad)?;
        self.fold(&law, event).map_err(bad)
    }

    /// Whether the event may happen to the record as it is.
    fn judge(&self, law: &Mechanism, event: &Event, by: &By) -> Result<(), String> {
        let known = self.records.get(&event.record);
        if let Acted::Person { code, post: Some(post) } = &event.by
            && !self.posts_of(code).any(|held| held == post)
        {
            return Err(format!("{code} does not hold {post:?}"));
        }
        match &event.deed {
            Deed::Step(taken) => self.judge_step(law, event, taken, by),
            Deed::Passed { deadline, late } => {
                let known = known.ok_or("a deadline of nothing")?;
                let run = known.runs.get(deadline).filter(|run| !run.ended && !run.paused);
                let run = run.ok_or_else(|| format!("`{deadline}` passed and does not run"))?;
                let first = if *late { !run.late } else { !run.late && !run.warned };
                let due = if *late { event.at >= run.due } else { run.warn.is_some_and(|at| event.at >= at) };
                match (first, due) {
                    (true, true) => Ok(()),
                    (false, _) => Err(format!("`{deadline}` (late: {late}) fired again")),
                    (_, false) => Err(format!("`{deadline}` (late: {late}) fired before its time")),
                }
            }
            Deed::Part { .. } | Deed::Left { .. } => Ok(()),
            Deed::Look { fields, .. } => {
                let known = known.ok_or("a look at nothing")?;
                let open = fields.iter().all(|name| self.may_look(law, name, by, known));
                if open && !fields.is_empty() {
                    Ok(())
                } else {
                    Err(format!("{by:?} may not look at {fields:?}"))
                }
            }
            Deed::Erased { fields, .. } => {
                let known = known.ok_or("an erasure of nothing")?;
                if self.open(known) {
                    return Err("erased while it is needed".into());
                }
                let holder = matches!(by, By::Holder(own) if *own == event.record);
                let may = |name: &String| self.may_look(law, name, by, known);
                match *by == By::System || holder || fields.iter().all(may) {
                    true => Ok(()),
                    false => Err(format!("{by:?} may not erase")),
                }
            }
        }
    }

    fn judge_step(&self, law: &Mechanism, event: &Event, taken: &StepTaken, by: &By) -> Result<(), String> {
        let step = law.step(&taken.step).ok_or_else(|| format!("no step `{}`", taken.step))?;
        let known = self.records.get(&event.record);
        let place = match (known, &taken.place) {
            (Some(known), _) => known.place.as_str(),
            (None, place) => place.as_deref().unwrap_or_default(),
        };
        match known {
            None if !step.opens_record() => return Err(format!("`{}` opens nothing", taken.step)),
            Some(known) if !step.from.contains(&known.state) => {
                return Err(format!("`{}` taken in `{}`", taken.step, known.state));
            }
            _ => {}
        }
        if taken.opening.is_some() != known.is_none() {
            return Err("an opening where none belongs, or none where one does".into());
        }
        if taken.to != step.to {
            return Err(format!("`{}` leads to {:?}", taken.step, taken.to));
        }
        if !self.allows(&step.by, by, event.record, known, place) {
            return Err(format!("right crossed: {by:?} took `{}` at {place}", taken.step));
        }
        Ok(())
    }

    /// Changes the record by the event.
    fn fold(&mut self, law: &Mechanism, event: &Event) -> Result<(), String> {
        let fresh = !self.records.contains_key(&event.record);
        let known = self.records.entry(event.record).or_default();
        known.revision = event.revision;
        if fresh {
            known.mechanism.clone_from(&event.mechanism);
            known.version = event.version;
            known.opened = event.at;
        }
        match &event.deed {
            Deed::Step(taken) => {
                known.stepped = event.revision;
                known.place = taken.place.clone().unwrap_or_else(|| std::mem::take(&mut known.place));
                known.state = taken.to.clone().unwrap_or_else(|| std::mem::take(&mut known.state));
                known.fields.extend(taken.set.iter().map(|(name, value)| (name.clone(), value.clone())));
                known.fields.retain(|name, _| !taken.cleared.contains(name));
                if taken.set.values().any(|value| matches!(value, Value::Sealed(_))) {
                    known.erased = false;
                }
                let system = event.by == Acted::System;
                if system {
                    due::moments(law, known, &taken.step, self.settled.entry(event.record));
                }
                let settled = self.settled.get(&event.record).copied().filter(|_| system);
                for (name, change) in &taken.clocks {
                    due::clock(known, (law.deadline(name), settled), name, change, event.at)?;
                }
                if let Some(opening) = &taken.opening {
                    known.number.clone_from(&opening.number);
                    if law.register.is_none() {
                        self.cases.push(event.record);
                    }
                    let number = opening.number.clone();
                    if !number.is_empty() && self.numbers.insert(number, event.record).is_some() {
                        return Err(format!("number {} given twice", opening.number));
                    }
                }
            }
            Deed::Passed { deadline, late } => {
                if let Some(run) = known.runs.get_mut(deadline) {
                    run.warned = true;
                    run.late |= late;
                    if *late {
                        due::settle(self.settled.entry(event.record), run.due);
                    }
                }
                *(if *late { &mut self.passed } else { &mut self.warned }) += 1;
                let then = law.deadline(deadline).and_then(|rule| rule.late.clone()).filter(|_| *late);
                if let Some(step) = then {
                    self.must.entry(event.record).or_default().steps.push_back(step);
                }
            }
            Deed::Part { .. } | Deed::Left { .. } | Deed::Look { .. } => {}
            Deed::Erased { fields, .. } => {
                known.fields.retain(|name, _| !fields.contains(name));
                known.erased = true;
            }
        }
        match self.records[&event.record].runs.values().any(|run| !run.ended) {
            true => self.running.insert(event.record),
            false => self.running.remove(&event.record),
        };
        if let Some(register) = &law.register {
            self.register(register, event.record);
            // What is loaded at the beginning is known as a whole.
            if register == "document" && event.by != Acted::System {
                self.publish();
            }
        }
        Ok(())
    }

    /// The documents say something else now: new records run by it, running ones by what they began with.
    fn publish(&mut self) {
        let register = |known: &&Known| {
            let law = self.laws.version(&known.mechanism, known.version);
            law.is_some_and(|law| law.register.as_deref() == Some("document")) && self.open(known)
        };
        let (mut sources, mut data) = (Vec::new(), Vec::new());
        for known in self.records.values().filter(register) {
            let text =
                |name: &str| known.fields.get(name).and_then(Value::text).unwrap_or_default().to_owned();
            let (code, text) = (text("code"), text("source"));
            match code.ends_with(".md") {
                true => sources.push(gongzhi_lang::Source { path: code, text }),
                false => data.push(gongzhi_lang::DataFile { name: code, text }),
            }
        }
        let library = gongzhi_lang::check(&sources, &data).library;
        Arc::make_mut(&mut self.laws).publish(library);
    }

    /// Takes a register's entry into the picture; one in a final state is not there.
    fn register(&mut self, register: &str, id: RecordId) {
        let known = &self.records[&id];
        let here = self.open(known);
        let text = |name: &str| known.fields.get(name).and_then(Value::text).map(str::to_owned);
        let code = text("code").unwrap_or_default();
        match register {
            "place" => {
                let level = text("level").and_then(|level| Level::read(&level));
                let into = text("into").filter(|_| !here);
                let level = level.filter(|_| into.is_none());
                self.places.insert(code, Spot { level, up: into.or_else(|| text("parent")), here });
            }
            "post" => {
                let post = Post {
                    role: text("role").unwrap_or_default(),
                    unit: text("unit"),
                    place: text("place").unwrap_or_default(),
                };
                let day = |name: &str| match known.fields.get(name) {
                    Some(Value::Date(day)) => Some(*day),
                    _ => None,
                };
                let person = text("person").unwrap_or_default();
                let seat = Seat { person: person.clone(), post, from: day("from"), until: day("until") };
                if let Some(old) = self.posts.remove(&code) {
                    self.posts_of.entry(old.person.clone()).or_default().remove(&code);
                    self.former.push(old.person);
                }
                if here {
                    self.posts_of.entry(person).or_default().insert(code.clone());
                    self.posts.insert(code, seat);
                }
            }
            _ => {}
        }
    }

    /// Numbers are given without gaps: none was lost, none doubled.
    pub fn numbers_are_whole(&self) -> Result<(), Violation> {
        let mut rows: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
        for (number, id) in &self.numbers {
            let known = &self.records[id];
            let form = self.law(known).and_then(|law| law.number.as_deref()).unwrap_or_default();
            if form.contains("{mm}") || form.contains("{dd}") || !form.ends_with('}') {
                continue;
            }
            let head = number.trim_end_matches(|c: char| c.is_ascii_digit());
            let count = number[head.len()..].parse().unwrap_or(0);
            rows.entry((known.mechanism.as_str(), head)).or_default().push(count);
        }
        for ((mechanism, head), counts) in rows {
            let most = counts.iter().copied().max().unwrap_or(0);
            if most != counts.len() as u64 {
                let what = format!("{} numbers `{head}…` of `{mechanism}` up to {most}", counts.len());
                return Err(Violation { what, record: None });
            }
        }
        Ok(())
    }
}
