//! The course of time: what is due next, the clock, the machine's faults, and sending.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use gongzhi_base::{CommandId, FileRef, RecordId, Timestamp, Zone};
use gongzhi_kernel::chain::LAG;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::{Failure, timers};
use gongzhi_store::StoreError;

use super::book::{Book, Trouble};
use super::chance::Chance;
use super::faulty::Fault;
use super::machine::Machine;
use super::model::{Model, Violation};
use super::{Failed, Habits, Plan, Report, Tally, YEAR, county};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// How long deadlines may wait for the next look at the clock.
const TICK: i64 = 20 * MINUTE;
/// Steps kept for the trace of a failure.
const TRACE: usize = 4_000;

/// Something that will happen.
#[derive(Clone, Debug)]
pub enum What {
    Tick,
    /// Plans a day: openings, acts of administrators, reads, faults.
    Day,
    Open,
    Register,
    Revise,
    Attend(RecordId),
    /// A phone that has network again, or somebody who tries again.
    Deliver(Vec<CommandId>),
    Burst,
    Read,
    Crash,
    /// Stops in order and starts again.
    Stop,
    /// Off for some hours.
    Off,
    On,
    /// The clock is wrong by so many milliseconds.
    Clock(i64),
}

/// A county's life.
pub struct Life<'p> {
    pub plan: &'p Plan,
    pub habits: &'p Habits,
    pub machine: Machine,
    pub model: Model,
    pub book: Book,
    pub chance: Chance,
    pub photo: FileRef,
    pub file: FileRef,
    pub zone: Zone,
    pub queue: BTreeMap<(i64, u64), What>,
    order: u64,
    pub commands: u64,
    /// The true time; the servers' clock may be another.
    pub now: i64,
    skew: i64,
    begun: i64,
    until: i64,
    lied: bool,
    fired: i64,
    on_at: i64,
    /// How much of what was made durable the model has seen.
    followed: usize,
    /// Nothing goes wrong any more: the end is near.
    pub calm: bool,
    pub tally: Tally,
    trace: VecDeque<(Option<RecordId>, String)>,
}

impl<'p> Life<'p> {
    /// Makes and loads the county.
    pub fn begin(plan: &'p Plan) -> Result<Life<'p>, String> {
        let begin = Timestamp::read(&format!("{YEAR}-01-04T16:00:00Z")).ok_or("no beginning")?;
        let clock = Arc::new(Scripted::new(begin, plan.seed));
        let villages = plan.villages.unwrap_or(plan.habits.county.villages);
        let machine = Machine::start(clock, plan.nodes, plan.engine, &plan.mechanisms, |dir, library| {
            county::write(dir, &plan.habits.county, villages, library, plan.seed)
        })?;
        let service = &machine.at(0).service;
        let keep = |name: &str, bytes: &[u8], photo| {
            service.files.keep(name, bytes, photo).map_err(|fault| format!("{fault:?}"))
        };
        let photo = keep("photo.png", DOT, true)?;
        let file = keep("paper.pdf", b"%PDF-1.4 simulated", false)?;
        let (laws, zone) = (service.state().laws.clone(), service.state().world.zone);
        let mut life = Life {
            habits: &plan.habits,
            model: Model::new(laws, zone),
            book: Book::default(),
            chance: Chance::new(plan.seed, "life"),
            photo,
            file,
            zone,
            queue: BTreeMap::new(),
            order: 0,
            commands: 0,
            now: begin.0,
            skew: 0,
            begun: begin.0,
            lied: false,
            until: begin.0 + i64::from(plan.days) * DAY,
            fired: begin.0,
            on_at: 0,
            followed: 0,
            calm: false,
            tally: Tally::default(),
            trace: VecDeque::new(),
            machine,
            plan,
        };
        life.follow(0).map_err(|violation| format!("while loading: {}", violation.what))?;
        Ok(life)
    }

    /// Lives until the end, then checks everything.
    pub fn live(&mut self) -> Result<(), Violation> {
        self.push(0, What::Day);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 >= self.until {
                break;
            }
            let ((at, _), what) = entry.remove_entry();
            self.now = self.now.max(at);
            self.turn(what)?;
        }
        self.now = self.now.max(self.until);
        self.calm = true;
        self.skew = 0;
        // What was written with a clock ahead lies behind now.
        self.now = self.now.max(self.model.latest.0);
        if !self.machine.is_on() {
            self.start()?;
        }
        self.last_deliveries()?;
        self.model.today = self.zone.date(self.server_now());
        self.check_all()
    }

    /// What is told in the end.
    pub fn report(mut self, ended: Result<(), Violation>) -> Report {
        self.tally.records = self.model.cases.len() as u64;
        self.tally.passed = self.model.passed;
        self.tally.warned = self.model.warned;
        self.tally.checks += self.model.checks;
        let root = self.machine.is_on().then(|| self.machine.audit().ok()).flatten();
        self.tally.entries = root.map_or(0, |(size, _)| size);
        let failure = ended.err().map(|violation| self.failed(violation));
        Report {
            seed: self.plan.seed,
            days: self.plan.days,
            nodes: self.plan.nodes,
            tally: self.tally,
            root: root.map(|(_, root)| root),
            failure,
        }
    }

    fn failed(&self, violation: Violation) -> Failed {
        let about = self.trace.iter().filter(|(record, _)| record.is_some() && *record == violation.record);
        let about: Vec<&String> = about.map(|(_, line)| line).collect();
        let last: Vec<&String> = self.trace.iter().rev().take(8).rev().map(|(_, line)| line).collect();
        let mut trace = Vec::new();
        if let Some(record) = violation.record {
            trace.push(format!("record {record}:"));
            if let Some(known) = self.model.records.get(&record) {
                trace.push(format!("  {known}"));
            }
            trace.extend(about.iter().rev().take(14).rev().map(|line| format!("  {line}")));
        }
        trace.push("last steps:".into());
        trace.extend(last.into_iter().map(|line| format!("  {line}")));
        Failed { violation, day: self.clock_text(), trace }
    }

    fn clock_text(&self) -> String {
        self.zone.civil(Timestamp(self.now + self.skew)).to_string()
    }

    /// Notes a step for the trace of a failure.
    pub fn note(&mut self, record: Option<RecordId>, line: impl FnOnce() -> String) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        let line = format!("{} {}", self.clock_text(), line());
        self.trace.push_back((record, line));
    }

    /// Lets something happen after some milliseconds.
    pub fn push(&mut self, after: i64, what: What) {
        self.order += 1;
        self.queue.insert((self.now + after.max(0), self.order), what);
    }

    /// The time that the servers take for now.
    pub fn server_now(&self) -> Timestamp {
        Timestamp(self.now + self.skew)
    }

    pub fn hours(&mut self, bounds: [f64; 2]) -> i64 {
        (self.chance.skewed(bounds) * HOUR as f64) as i64
    }

    fn turn(&mut self, what: What) -> Result<(), Violation> {
        self.machine.clock.set(self.server_now());
        self.model.today = self.zone.date(self.server_now());
        if !self.machine.is_on() && !matches!(what, What::On) {
            // Nobody reaches anything: it happens when the servers are there again.
            let after = self.on_at - self.now + self.chance.count(0, HOUR as u64) as i64;
            if !matches!(what, What::Tick | What::Read | What::Crash | What::Stop | What::Off) {
                self.push(after, what);
            } else if matches!(what, What::Tick) {
                self.push(after, What::Tick);
            }
            return Ok(());
        }
        // After a long time off, people may be quicker than the timers.
        let late = self.machine.is_on() && self.now - self.fired >= TICK;
        if late && !(matches!(what, What::Deliver(_) | What::Attend(_)) && self.chance.happens(30.0)) {
            self.fire()?;
        }
        match what {
            What::Tick => {
                self.push(TICK, What::Tick);
                Ok(())
            }
            What::Day => {
                self.day();
                Ok(())
            }
            What::Open => self.open(),
            What::Register => self.administer(),
            What::Revise => self.revise(),
            What::Attend(record) => self.attend(record),
            What::Deliver(ids) => self.deliver(&ids),
            What::Burst => self.burst(),
            What::Read => self.read(),
            What::Crash => self.crash(),
            What::Stop => {
                self.note(None, || "stopped in order".into());
                self.machine.off();
                self.start()
            }
            What::Off => {
                self.note(None, || "switched off".into());
                let hours = self.hours(self.habits.faults.off_hours);
                self.on_at = self.now + hours;
                if self.chance.happens(50.0) {
                    self.machine.off()
                } else {
                    self.lose_power()?
                }
                self.push(hours, What::On);
                Ok(())
            }
            What::On => self.start(),
            What::Clock(skew) => {
                self.skew = skew;
                self.machine.clock.set(self.server_now());
                self.note(None, || format!("the clock is wrong by {} minutes", skew / MINUTE));
                Ok(())
            }
        }
    }

    fn day(&mut self) {
        if self.order < 2 {
            self.push(TICK, What::Tick);
        }
        self.push(DAY, What::Day);
        if let Some(lie) = self
            .plan
            .sabotage
            .filter(|_| self.machine.is_on() && self.now - self.begun >= 5 * DAY && !self.lied)
        {
            self.lied = true;
            self.machine.at(0).ledger.lie(lie);
        }
        let people = &self.habits.people;
        let villages = f64::from(self.plan.villages.unwrap_or(self.habits.county.villages));
        let faults = &self.habits.faults;
        let month = |times: f64| times / 30.0;
        let plans = [
            (people.openings * villages / 100.0, What::Open),
            (people.registers, What::Register),
            (people.revisions, What::Revise),
            (people.bursts, What::Burst),
            (people.reads, What::Read),
            (month(faults.crashes), What::Crash),
            (month(faults.stops), What::Stop),
            (month(faults.off), What::Off),
        ];
        for (times, what) in plans {
            for _ in 0..self.times(times) {
                let at = self.chance.count(0, DAY as u64 - 1) as i64;
                self.push(at, what.clone());
            }
        }
        for _ in 0..self.times(month(faults.jumps)) {
            let wrong = (self.chance.skewed([0.02, faults.jump_hours]) * HOUR as f64) as i64;
            let wrong = if self.chance.happens(50.0) { wrong } else { -wrong };
            let at = self.chance.count(0, DAY as u64 - 1) as i64;
            self.push(at, What::Clock(wrong));
            let back = self.chance.count(MINUTE as u64, 6 * HOUR as u64) as i64;
            self.push(at + back, What::Clock(0));
        }
    }

    /// How often something happens that happens so often on the average.
    fn times(&mut self, average: f64) -> u64 {
        // Exponential waiting times within one day.
        let (mut at, mut count) = (0.0, 0);
        loop {
            at -= (1.0 - self.chance.part()).ln() / average.max(1e-9);
            if at >= 1.0 {
                return count;
            }
            count += 1;
        }
    }

    // ---------------------------------------------------------------- the machine

    fn start(&mut self) -> Result<(), Violation> {
        self.machine
            .on()
            .map_err(|error| Violation { what: format!("cannot start: {error}"), record: None })?;
        self.note(None, || "started".into());
        self.after_start()
    }

    fn lose_power(&mut self) -> Result<(), Violation> {
        let torn: Option<Vec<u8>> = self
            .chance
            .happens(self.habits.faults.torn)
            .then(|| (0..self.chance.count(1, 5_000)).map(|_| (self.chance.bits() & 0xff) as u8).collect());
        self.tally.crashes += 1;
        self.machine
            .power_loss(torn.as_deref())
            .map_err(|error| Violation { what: format!("the simulator's disk: {error}"), record: None })
    }

    fn crash(&mut self) -> Result<(), Violation> {
        let nodes = self.machine.count();
        if nodes > 1 && self.chance.happens(70.0) {
            let node = self.chance.count(0, nodes as u64 - 1) as usize;
            self.note(None, || format!("node {node} killed"));
            self.tally.crashes += 1;
            self.machine.kill(node);
        } else {
            self.note(None, || "power lost".into());
            self.lose_power()?;
        }
        self.start()
    }

    /// Lets one of the next commits fail, perhaps.
    pub fn arm(&mut self, node: usize) {
        if self.calm {
            return;
        }
        let habits = &self.habits.faults;
        let failed = || StoreError::Engine("failed, as planned".into());
        let faults = [
            (habits.before, Fault::Before(failed())),
            (habits.full, Fault::Before(StoreError::Full)),
            (habits.lost, Fault::Lost),
            (habits.conflict, Fault::Conflict),
            (habits.slow, Fault::Slow(self.chance.count(1_000, 90_000) as i64)),
            (habits.die_before, Fault::DieBefore),
            (habits.die_after, Fault::DieAfter),
        ];
        let ledger = &self.machine.at(node).ledger;
        for (percent, fault) in faults {
            if self.chance.happens(percent) {
                let count = if fault == Fault::Conflict { self.chance.count(1, 4) } else { 1 };
                ledger.fail_commits((0..count).map(|_| fault.clone()));
                return;
            }
        }
        if self.chance.happens(habits.read) {
            // What a command reads first is what it needs; what follows, only some read.
            ledger.fail_reads(self.chance.count(0, 6) as u32, 1);
        }
    }

    /// The servers' clock lies so far behind the last entry that they take nothing.
    fn clock_behind(&self) -> bool {
        self.model.latest.0 - self.server_now().0 > LAG
    }

    /// Takes back what has not failed, and tells what went wrong.
    pub fn settle(&mut self, node: usize) -> Trouble {
        let met = self.machine.at(node).ledger.settle();
        let dead = self.machine.at(node).ledger.is_dead();
        let lost = ["answer of commit lost", "crash after commit"].iter().any(|name| met.contains_key(name));
        let trouble = Trouble { lost: lost || dead, any: dead || !met.is_empty() || self.clock_behind() };
        let note = met.keys().copied().collect::<Vec<_>>().join(", ");
        if !note.is_empty() {
            self.note(None, || format!("node {node}: {note}"));
        }
        for (name, times) in met {
            *self.tally.faults.entry(name).or_default() += times;
        }
        trouble
    }

    /// Goes on after a machine died in the middle of something.
    pub fn revive(&mut self, node: usize) -> Result<(), Violation> {
        if !self.machine.at(node).ledger.is_dead() {
            return Ok(());
        }
        self.note(None, || format!("node {node} died at work"));
        if self.machine.count() > 1 {
            self.tally.crashes += 1;
            self.machine.kill(node);
        } else {
            self.lose_power()?;
        }
        self.start()
    }

    /// Takes what became durable into the model.
    pub fn follow(&mut self, node: usize) -> Result<BTreeSet<CommandId>, Violation> {
        let durable = self.machine.recorder.since(self.followed);
        self.followed += durable.len();
        let real = self.machine.at(node).real.clone();
        let (made, changed) = self.book.follow(&durable, real.as_ref(), &mut self.model)?;
        for record in changed {
            let Some(known) = self.model.records.get(&record) else { continue };
            if self.model.law(known).is_none_or(|law| law.register.is_some()) || self.calm {
                continue;
            }
            let people = &self.habits.people;
            let open = self.model.open(known);
            if open {
                let after = self.hours(people.turn);
                self.push(after, What::Attend(record));
            } else if self.chance.happens(people.closed_again) {
                let after = self.hours(people.again);
                self.push(after, What::Attend(record));
            }
        }
        Ok(made)
    }

    /// Lets the deadlines that have come fire, as the servers do every few seconds.
    pub fn fire(&mut self) -> Result<(), Violation> {
        let now = self.server_now();
        self.fired = self.now;
        let mut whole = true;
        for node in 0..self.machine.count() {
            self.arm(node);
            let fired = timers::fire_due(&self.machine.at(node).service, now);
            let trouble = self.settle(node);
            self.follow(node)?;
            match fired {
                Ok(_) => {}
                Err(Failure::Store(_) | Failure::Clock { .. } | Failure::Busy) => {
                    whole = false;
                    self.tally.failed += 1;
                    if !trouble.any {
                        let what = format!("timers failed without a fault: {fired:?}");
                        return Err(Violation { what, record: None });
                    }
                }
                Err(other) => return Err(Violation { what: format!("timers: {other:?}"), record: None }),
            }
            self.revive(node)?;
        }
        if whole {
            self.model.fired_all(now)?;
        } else {
            // They come again with the next look at the clock.
            self.fired = self.now - TICK;
        }
        Ok(())
    }
}

/// A picture of one dot.
const DOT: &[u8] = include_bytes!("dot.png");
