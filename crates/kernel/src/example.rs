//! Replaying the worked examples of documents: the case that people read is the case that the rules
//! give. Every line is commanded through [`decide`], timers come when they are due, and what comes out is
//! compared with what is written; each mismatch is told at its line.

mod compare;

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{Calendar, CommandId, Date, Digest, FileRef, RecordId, Timestamp, Zone};
use gongzhi_lang::example::{self, Actor as Who, Deed, Example, Move, Plain, Refused, Setting, Why};
use gongzhi_lang::model::{Mechanism, Type};
use gongzhi_lang::{Arg, At, Checked, DataFile, Fault, Source, Word};

use crate::command::Input;
use crate::notice;
use crate::project::{project, todo};
use crate::{Actor, Case, Claim, Command, Laws, Order, Post, Raw, Record, Refusal, World, decide, recurs};

/// Timers that may come between two lines: more is a circle.
const MOST_TIMERS: usize = 1_000;

/// Checks the documents of one county together, as [`gongzhi_lang::check`] does, and replays their
/// worked examples. This is the check that publishing needs clean.
pub fn check(sources: &[Source], data: &[DataFile]) -> Checked {
    let mut checked = gongzhi_lang::check(sources, data);
    let faults = replay(&checked);
    checked.add(faults, sources, data);
    checked
}

/// Replays all examples whose mechanisms have no error of their own.
pub fn replay(checked: &Checked) -> Vec<Fault> {
    if checked.examples.is_empty() {
        return Vec::new();
    }
    let laws = Laws::new(checked.library.clone());
    let mut faults = Vec::new();
    // Settings are entered once; every example starts from a copy.
    let mut settings: BTreeMap<&str, Play<'_>> = BTreeMap::new();
    let used = |setting: &&Setting| {
        let mut names = checked.examples.iter().filter_map(|example| example.setting.as_ref());
        names.any(|name| name.value == setting.name.value)
    };
    for setting in checked.settings.iter().filter(used) {
        let mut play = Play::new(&laws, setting);
        let before = faults.len();
        // In a setting that cannot be entered nothing can be played.
        if play.enter(setting, &mut faults) && faults.len() == before {
            settings.insert(setting.name.text(), play);
        }
    }
    let bare = Play::empty(&laws);
    for example in &checked.examples {
        if laws.newest(example.mechanism.text()).is_none() {
            continue;
        }
        let start = match &example.setting {
            None => Some(&bare),
            Some(name) => settings.get(name.text()),
        };
        if let Some(start) = start {
            start.clone().run(example, &mut faults);
        }
    }
    faults
}

/// A small county in memory, in which one example plays.
#[derive(Clone)]
struct Play<'a> {
    laws: &'a Laws,
    world: World,
    records: BTreeMap<RecordId, Arc<Record>>,
    counters: BTreeMap<(String, i16), u64>,
    now: Timestamp,
    commands: u64,
    /// The notices of the present line: of which record, by which rule, to which inboxes.
    told: Vec<(RecordId, String, Vec<String>)>,
    /// Records by the names under which lines speak of them; the empty name is the first one opened.
    named: BTreeMap<String, RecordId>,
}

impl<'a> Play<'a> {
    fn empty(laws: &'a Laws) -> Play<'a> {
        Play::with(laws, Calendar::default())
    }

    fn with(laws: &'a Laws, calendar: Calendar) -> Play<'a> {
        Play {
            laws,
            world: World::new(String::new(), Zone::CHINA, Arc::new(calendar), &laws.library),
            records: BTreeMap::new(),
            counters: BTreeMap::new(),
            now: Timestamp(0),
            commands: 0,
            told: Vec::new(),
            named: BTreeMap::new(),
        }
    }

    fn new(laws: &'a Laws, setting: &Setting) -> Play<'a> {
        let mut table = "date,weekday,kind,is_workday,holiday_zh,holiday_en\n".to_owned();
        let words = example::words("example.day-off", &[]);
        for (days, works) in [(&setting.holidays, 0), (&setting.workdays, 1)] {
            for day in days {
                table.push_str(&format!("{day},,,{works},{},{}\n", words.zh, words.en));
            }
        }
        // The table was written here, so it reads.
        Play::with(laws, Calendar::read(&table).unwrap_or_default())
    }

    /// Enters the setting's registers, through the steps by which the product itself enters them.
    /// `false` where names are unknown, which has been told.
    fn enter(&mut self, setting: &Setting, faults: &mut Vec<Fault>) -> bool {
        for entry in &setting.entries {
            let Some(mechanism) = self.laws.newest(entry.register.text()).cloned() else { return false };
            if entry.fields.iter().any(|(field, _)| mechanism.field(field.text()).is_none()) {
                return false;
            }
            let system = gongzhi_lang::model::Who::System;
            let Some(step) = mechanism.openers().find(|step| step.by.contains(&system)) else {
                let why = example::words("example.no-right", &[]);
                faults.push(differs("entry", entry.register.at, [own(&entry.code), Arg::Words(why)]));
                continue;
            };
            let asks = |name: &str| step.asks.iter().any(|ask| ask.field == name);
            let given = |name: &str| entry.fields.iter().any(|(field, _)| field.value == name);
            let mut input: Input =
                entry.fields.iter().map(|(field, value)| (field.value.clone(), self.raw(value))).collect();
            // Its code stands before it, and serves as its name where none is given.
            for name in ["code", "name"].into_iter().filter(|name| asks(name) && !given(name)) {
                input.insert(name.to_owned(), Raw::Text(entry.code.value.clone()));
            }
            let id = RecordId::of_entry(&mechanism.name, entry.code.text());
            let order = Order::Open { mechanism: mechanism.name.clone(), step: step.name.clone(), id, input };
            self.named.insert(entry.code.value.clone(), id);
            if let Err(refusal) = self.send(Actor::System, order) {
                let why = self.reason(&mechanism, &refusal);
                faults.push(differs("entry", entry.code.at, [own(&entry.code), Arg::Words(why)]));
            }
        }
        let top = self.world.places().find(|place| place.level == gongzhi_lang::model::Level::County);
        if let Some(code) = top.map(|place| place.code.clone()) {
            self.world.county = code;
        }
        true
    }

    fn send(&mut self, actor: Actor, order: Order) -> Result<(), Refusal> {
        self.commands += 1;
        let Ok(id) = CommandId::new(&format!("example-{}", self.commands)) else {
            return Err(Refusal::CommandReused);
        };
        let command = Command { id, actor, at: self.now, order };
        let record = |id: RecordId| self.records.get(&id).cloned();
        let counter =
            |name: &str, year: i16| self.counters.get(&(name.to_owned(), year)).copied().unwrap_or(0);
        // An example has a handful of records: all are looked at.
        let holders = |_: &[Claim]| self.records.keys().copied().collect();
        let case = Case {
            laws: self.laws,
            world: &self.world,
            record: &record,
            counter: &counter,
            holders: &holders,
        };
        let decision = decide(&case, &command)?;
        for event in &decision.events {
            let record = decision.telling(event);
            let law = self.laws.version(&event.mechanism, event.version);
            let (Some(record), Some(law)) = (record, law) else { continue };
            for rule in notice::telling(law, event) {
                let to = todo(&rule.to, record, &self.world);
                self.told.push((event.record, rule.name.clone(), to));
            }
        }
        for (id, record) in decision.records {
            if let Some(mechanism) = self.laws.version(&record.mechanism, record.version) {
                self.world.register(mechanism, &record);
            }
            self.records.insert(id, record);
        }
        self.counters.extend(decision.counters);
        Ok(())
    }

    /// Plays an example line by line; stops where a line comes out so differently that the rest says nothing.
    fn run(mut self, example: &Example, faults: &mut Vec<Fault>) {
        self.named.retain(|_, id| self.records.contains_key(id));
        for (index, line) in example.moves.iter().enumerate() {
            self.told.clear();
            if let Some(at) = line.at {
                let at = self.world.zone.instant(at);
                if at < self.now {
                    faults.push(differs("back", line.place, []));
                    return;
                }
                self.pass(at);
            }
            let on = match (&line.deed, &line.on) {
                (Some(deed), None) if self.opens(example, deed) => None,
                (_, on) => match self.record(on.as_ref()) {
                    Some(record) => Some(record),
                    None => {
                        let (at, name) = on.as_ref().map_or((line.place, ""), |on| (on.at, on.text()));
                        faults.push(differs("no-record", at, [name.into()]));
                        return;
                    }
                },
            };
            let after = match &line.deed {
                Some(deed) => match self.act(example, index, line, deed, on, faults) {
                    Some(record) => record,
                    None => return,
                },
                None => on,
            };
            if let Some(record) = after.and_then(|id| self.records.get(&id).cloned()) {
                for expect in &line.then {
                    faults.extend(self.compare(&record, expect));
                }
            }
        }
    }

    fn opens(&self, example: &Example, deed: &Deed) -> bool {
        let name = deed.mechanism.as_ref().unwrap_or(&example.mechanism);
        let mechanism = self.laws.newest(name.text());
        mechanism.and_then(|one| one.step(deed.step.text())).is_some_and(|step| step.opens_record())
    }

    /// The record of which a line speaks: a part (`assist 2`), one called by a name, or the first opened.
    fn record(&self, on: Option<&Word>) -> Option<RecordId> {
        let name = on.map_or("", |word| word.text());
        if let Some(id) = self.named.get(name) {
            return Some(*id);
        }
        let (mechanism, number) = name.rsplit_once(' ')?;
        let number: usize = number.parse().ok()?;
        let main = self.records.get(self.named.get("")?)?;
        let mut parts = main.parts.iter().filter(|part| part.mechanism == mechanism).peekable();
        if parts.peek().is_some() {
            return parts.nth(number.checked_sub(1)?).map(|part| part.id);
        }
        // What opened by itself, in the order of its identifiers, which begin with their moment.
        let mut others = self.records.values().filter(|record| record.mechanism == mechanism);
        others.nth(number.checked_sub(1)?).map(|record| record.id)
    }

    /// Time passes: what opens by itself opens on its day, and timers come in their order, each at its
    /// moment.
    fn pass(&mut self, until: Timestamp) {
        for (at, mechanism, period) in self.openings(until) {
            self.timers(at);
            self.recur(&mechanism, period);
        }
        self.timers(until);
    }

    /// The periods whose day comes between now and then, of everything that opens by itself.
    fn openings(&self, until: Timestamp) -> Vec<(Timestamp, Arc<Mechanism>, Date)> {
        let mut openings = Vec::new();
        // Before anything has happened no time passes.
        if self.now.0 == 0 {
            return openings;
        }
        for mechanism in self.laws.library.mechanisms.values() {
            let Some(rule) = &mechanism.recurs else { continue };
            let mut period = rule.every.first(self.world.zone.date(self.now));
            while self.world.zone.start_of(period) <= until && openings.len() < MOST_TIMERS {
                let day = self.world.calendar.day_of(rule.on, rule.every, period);
                let at = self.world.zone.start_of(day);
                if self.now < at && at <= until {
                    openings.push((at, mechanism.clone(), period));
                }
                period = rule.every.next(period);
            }
        }
        openings.sort_by_key(|(at, ..)| *at);
        openings
    }

    /// Opens what a mechanism opens by itself for a period.
    fn recur(&mut self, mechanism: &Mechanism, period: Date) {
        let source = mechanism.recurs.as_ref().and_then(|rule| rule.source.clone());
        let items: Vec<Option<RecordId>> = match source {
            None => vec![None],
            Some(source) => {
                let of = self.records.values().filter(|record| record.mechanism == source);
                of.map(|record| Some(record.id)).collect()
            }
        };
        for item in items {
            let id = recurs::id(&mechanism.name, period, item, &self.world);
            // For a record that is closed, or for which the condition does not hold, none opens.
            let _ = self
                .send(Actor::System, Order::Recur { mechanism: mechanism.name.clone(), period, item, id });
        }
    }

    fn timers(&mut self, until: Timestamp) {
        let mut dead: Vec<(RecordId, String)> = Vec::new();
        for _ in 0..MOST_TIMERS {
            let mut next: Option<(Timestamp, RecordId, String)> = None;
            for record in self.records.values().filter(|record| !record.clocks.is_empty()) {
                let Some(mechanism) = self.laws.version(&record.mechanism, record.version) else { continue };
                for (name, at) in project(mechanism, record, &self.world, self.now).timers {
                    let at = at.max(self.now);
                    let sooner = next.as_ref().is_none_or(|(first, ..)| at < *first);
                    if at <= until && sooner && !dead.contains(&(record.id, name.clone())) {
                        next = Some((at, record.id, name));
                    }
                }
            }
            let Some((at, record, deadline)) = next else { break };
            self.now = at;
            // One of which nothing is left does not come again.
            if self.send(Actor::System, Order::Elapse { record, deadline: deadline.clone() }).is_err() {
                dead.push((record, deadline));
            }
        }
        self.now = until;
    }

    /// Takes a step. `None` ends the example; otherwise the record to look at, if there is one.
    fn act(
        &mut self,
        example: &Example,
        index: usize,
        line: &Move,
        deed: &Deed,
        on: Option<RecordId>,
        faults: &mut Vec<Fault>,
    ) -> Option<Option<RecordId>> {
        let mechanism = match on.and_then(|id| self.records.get(&id)) {
            Some(record) => self.laws.version(&record.mechanism, record.version)?.clone(),
            None => self.laws.newest(deed.mechanism.as_ref().unwrap_or(&example.mechanism).text())?.clone(),
        };
        let actor = match self.actor(&deed.who, on) {
            Ok(actor) => actor,
            Err(name) => {
                faults.push(differs("nobody", deed.who_at, [name.into()]));
                return None;
            }
        };
        let input: Input = deed
            .with
            .iter()
            .map(|(field, value)| (field.value.clone(), self.field_raw(&mechanism, field, value)))
            .collect();
        let step = deed.step.value.clone();
        let (id, order) = match on {
            Some(record) => (record, Order::Step { record, step, expect: None, input }),
            None => {
                let digest = Digest::of_parts(&[example.name.text().as_bytes(), &index.to_be_bytes()]);
                let mut entropy = [0; 10];
                entropy.copy_from_slice(&digest.0[..10]);
                let id = RecordId::at(self.now.0, entropy);
                (id, Order::Open { mechanism: mechanism.name.clone(), step, id, input })
            }
        };
        match (self.send(actor, order), &line.refused) {
            (Ok(()), None) => {
                if on.is_none() {
                    self.named.entry(String::new()).or_insert(id);
                    if let Some(name) = &line.called {
                        self.named.insert(name.value.clone(), id);
                    }
                }
                Some(Some(id))
            }
            (Ok(()), Some(refused)) => {
                faults.push(differs("taken", refused.at, [own(&deed.step)]));
                None
            }
            (Err(refusal), None) => {
                let why = self.reason(&mechanism, &refusal);
                faults.push(differs("refused", deed.step.at, [own(&deed.step), Arg::Words(why)]));
                None
            }
            (Err(refusal), Some(refused)) => {
                if !fits(refused, &refusal) {
                    let why = self.reason(&mechanism, &refusal);
                    faults.push(differs("otherwise", refused.at, [own(&deed.step), Arg::Words(why)]));
                }
                Some(on)
            }
        }
    }

    /// Who acts: the setting's units and places stand for those who hold a post there.
    fn actor(&self, who: &Who, on: Option<RecordId>) -> Result<Actor, String> {
        let (role, unit, place, person) = match who {
            Who::Anyone => return Ok(Actor::Public),
            // The holder of a record not opened yet is anybody.
            Who::Holder => return Ok(on.map_or(Actor::Public, Actor::Holder)),
            Who::Post { role, unit, place, person } => (role, unit, place, person),
        };
        let seat = match unit {
            Some(unit) => Some(self.world.unit(unit).ok_or_else(|| unit.clone())?.place.clone()),
            None => None,
        };
        let place = match place {
            Some(place) => self.world.place(place).ok_or_else(|| place.clone())?.code.clone(),
            None => seat.unwrap_or_else(|| self.world.county.clone()),
        };
        if let Some(person) = person {
            self.world.person(person).ok_or_else(|| person.clone())?;
        }
        let code = person.clone().unwrap_or_else(|| role.clone());
        Ok(Actor::Person { code, posts: vec![Post { role: role.clone(), unit: unit.clone(), place }] })
    }

    /// A value as a person would send it. Names of records stand for their identifiers.
    fn raw(&self, value: &Plain) -> Raw {
        match value {
            Plain::Text(word) => Raw::Text(word.value.clone()),
            Plain::List(_, items) => Raw::List(items.iter().map(|item| self.raw(item)).collect()),
            Plain::Map(_, cells) => Raw::Row(
                cells.iter().map(|(column, value)| (column.value.clone(), self.raw(value))).collect(),
            ),
        }
    }

    fn field_raw(&self, mechanism: &Mechanism, field: &Word, value: &Plain) -> Raw {
        let under = mechanism.parent.clone().filter(|_| field.text() == crate::decide::PARENT);
        let known = mechanism.field(field.text()).map(|field| field.ty.clone());
        self.typed(known.or(under.map(Type::Record)).as_ref(), value)
    }

    fn typed(&self, ty: Option<&Type>, value: &Plain) -> Raw {
        match ty {
            Some(Type::List(item)) => self.typed(Some(item), value),
            Some(Type::Rows(columns)) => self.rows(columns, value),
            Some(Type::Record(_)) => self.each(value, &|name| {
                let id = self.record(Some(name));
                Raw::Text(id.map_or_else(|| name.value.clone(), |id| id.to_string()))
            }),
            Some(Type::File) => self.each(value, &|name| Raw::File(file(name.text()))),
            _ => self.raw(value),
        }
    }

    /// Rows of a table, each written as a mapping of its columns.
    fn rows(&self, columns: &[(String, Type)], value: &Plain) -> Raw {
        match value {
            Plain::List(_, rows) => Raw::List(rows.iter().map(|row| self.rows(columns, row)).collect()),
            Plain::Map(_, cells) => {
                let cell = |(column, value): &(Word, Plain)| {
                    let ty = columns.iter().find(|(name, _)| *name == column.value).map(|(_, ty)| ty);
                    (column.value.clone(), self.typed(ty, value))
                };
                Raw::Row(cells.iter().map(cell).collect())
            }
            Plain::Text(_) => self.raw(value),
        }
    }

    fn each(&self, value: &Plain, make: &dyn Fn(&Word) -> Raw) -> Raw {
        match value {
            Plain::Text(word) => make(word),
            Plain::List(_, items) => Raw::List(items.iter().map(|item| self.each(item, make)).collect()),
            Plain::Map(..) => self.raw(value),
        }
    }

    /// Why a command was refused, in words.
    fn reason(&self, mechanism: &Mechanism, refusal: &Refusal) -> gongzhi_base::Words {
        match refusal {
            Refusal::Fields(faults) => {
                let list = faults.iter().map(|fault| format!("`{}` ({})", fault.field, fault.fault.code()));
                example::words("example.fields", &[Arg::Own(list.collect::<Vec<_>>().join(", "))])
            }
            Refusal::NoRight { .. } => example::words("example.no-right", &[]),
            Refusal::WrongState { state, .. } => {
                let name = mechanism.states.iter().find(|one| one.words == *state);
                let name = name.map_or_else(String::new, |one| one.name.clone());
                example::words("example.wrong-state", &[name.into()])
            }
            Refusal::Need { words, clause } | Refusal::Clash { words, clause, .. } => {
                let clause = if clause.basis.is_empty() { &clause.heading } else { &clause.basis };
                example::words("example.need", &[Arg::Words(words.clone()), clause.clone().into()])
            }
            Refusal::NoRecord => example::words("example.no-record", &[]),
            other => example::words("example.other", &[code(other).into()]),
        }
    }
}

/// The stable name of a refusal that no example expects.
fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::OldVersion { .. } => "old-version",
        Refusal::Circle { .. } => "circle",
        Refusal::NoSuch { .. } => "no-such",
        Refusal::Stale { .. } => "stale",
        Refusal::CommandReused => "reused",
        _ => "refused",
    }
}

/// Whether a refusal is the one that was expected.
fn fits(wanted: &Refused, came: &Refusal) -> bool {
    let kind = match came {
        Refusal::Fields(_) => Some(Why::Fields),
        Refusal::NoRight { .. } => Some(Why::NoRight),
        Refusal::WrongState { .. } => Some(Why::WrongState),
        Refusal::Need { .. } => Some(Why::Need),
        Refusal::Clash { .. } => Some(Why::Constraint),
        Refusal::NoRecord => Some(Why::NoRecord),
        _ => None,
    };
    let fields = || match came {
        Refusal::Fields(faults) => {
            let mut came: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
            let mut wanted: Vec<&str> = wanted.fields.iter().map(|word| word.text()).collect();
            came.sort_unstable();
            wanted.sort_unstable();
            came == wanted
        }
        _ => false,
    };
    let said = |wanted: &Option<Word>, lang| match (wanted, came) {
        (None, _) => true,
        (Some(wanted), Refusal::Need { words, .. } | Refusal::Clash { words, .. }) => {
            words.get(lang) == wanted.text()
        }
        (Some(_), _) => false,
    };
    let clause = crate::decide::clause(came).map(|clause| clause.basis.as_str());
    wanted.why.is_none_or(|why| Some(why) == kind)
        && (wanted.fields.is_empty() || fields())
        && said(&wanted.zh, gongzhi_base::Lang::Zh)
        && said(&wanted.en, gongzhi_base::Lang::En)
        && wanted.basis.as_ref().is_none_or(|basis| clause == Some(basis.text()))
}

fn differs<const N: usize>(variant: &'static str, at: At, args: [Arg; N]) -> Fault {
    example::differs(variant, at, args.into())
}

fn own(word: &Word) -> Arg {
    Arg::Own(word.value.clone())
}

/// A moment as examples write it: the end of a day is that day.
fn shown(zone: Zone, at: Timestamp) -> String {
    let last = zone.date(Timestamp(at.0 - 1));
    if zone.end_of(last) == at {
        return last.to_string();
    }
    zone.civil(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A file of an example: its name is all that is known of it.
fn file(name: &str) -> FileRef {
    let picture = [".jpg", ".jpeg", ".png"].iter().any(|ending| name.ends_with(ending));
    let media = if picture { "image/jpeg" } else { "application/octet-stream" };
    FileRef { digest: Digest::of(name.as_bytes()), name: name.to_owned(), media: media.to_owned(), size: 1 }
}
