//! The player: takes what is due, hour by hour, and lets people act.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, Raw, Record, Refusal};
use gongzhi_lang::model::Level;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::{Failure, Outcome, Service, State, timers};
use gongzhi_store::{StoreError, Want};

use super::cast::Cast;
use super::chance::Chance;
use super::fill::{Subject, Words, near};
use super::habits::{Cue, Habits};
use super::pace::{Days, HOUR};
use super::plan::Birth;
use super::tree::Shoot;
use super::{DemoFault, Progress, Summary};

/// What is due within this time is sent together: long enough to share a transaction, short enough
/// that nothing urgent waits for what came just before.
const WINDOW: i64 = HOUR / 6;
/// Deadlines looked at in one window; more are left for the next.
const TIMERS: u32 = 1_000;
/// Earlier openings that may be repeated by somebody else.
const REMEMBERED: usize = 60;

/// What the player knows of a record besides the record itself.
#[derive(Default)]
pub struct Life {
    /// Counts plans: what was planned earlier no longer happens.
    pub serial: u64,
    pub stepped: u64,
    pub state: String,
    pub story: Option<usize>,
    /// The record that it repeats.
    pub echoed: Option<RecordId>,
    /// What a scene still lets happen; `None` leaves it to habits.
    pub script: Option<VecDeque<Cue>>,
    pub cued: bool,
    pub parts: Vec<Vec<Cue>>,
    /// Habits that were refused in this state.
    pub blocked: Vec<usize>,
    pub tries: u32,
    /// What waited for two equal numbers has been planned.
    pub ripe: bool,
}

/// Something that will be done.
pub enum What {
    Open(Box<Birth>),
    Grow(Box<Shoot>),
    /// `serial` is missing for what happens besides the main course.
    Act {
        record: RecordId,
        serial: Option<u64>,
        habit: usize,
    },
}

struct Job {
    at: i64,
    order: u64,
    what: What,
}

impl PartialEq for Job {
    fn eq(&self, other: &Job) -> bool {
        self.order == other.order
    }
}
impl Eq for Job {}
impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Job) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Job {
    fn cmp(&self, other: &Job) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// An opening that others may repeat.
#[derive(Clone)]
pub struct Told {
    id: RecordId,
    at: i64,
    opening: usize,
    place: String,
    story: usize,
    /// Where exactly, in degrees.
    point: Option<(f64, f64)>,
}

/// A command on its way, and what it was for.
pub enum Sent {
    Open {
        birth: Box<Birth>,
        told: Told,
        echoed: Option<RecordId>,
    },
    Act {
        habit: usize,
        main: bool,
    },
    /// A record under another one, with the position of its opening; a tree needs each of its rows.
    Grow {
        opening: usize,
        needed: bool,
    },
    Timer,
}

/// Plays a past.
pub struct Player<'a> {
    pub service: &'a Service,
    clock: &'a Scripted,
    pub habits: &'a Habits,
    pub state: Arc<State>,
    pub cast: Cast,
    pub words: Words,
    pub days: Days,
    pub chance: Chance,
    jobs: BinaryHeap<Reverse<Job>>,
    order: u64,
    pub lives: HashMap<RecordId, Life>,
    pub known_parts: HashSet<RecordId>,
    /// Habits by mechanism and state.
    pub index: HashMap<(String, String), Vec<usize>>,
    recent: VecDeque<Told>,
    groups: BTreeMap<u64, Told>,
    /// Nothing more can happen before this.
    pub floor: i64,
    pub until: i64,
    /// The last day on which it was looked what opens by itself.
    pub looked: Option<jiff::civil::Date>,
    pub done: Summary,
}

impl<'a> Player<'a> {
    /// A player of a county's habits between two times.
    pub fn new(
        service: &'a Service,
        clock: &'a Scripted,
        habits: &'a Habits,
        dir: &Path,
        (from, until): (Timestamp, Timestamp),
        seed: u64,
    ) -> Result<Player<'a>, DemoFault> {
        let state = Arc::clone(&service.state());
        let mut index: HashMap<(String, String), Vec<usize>> = HashMap::new();
        for (at, habit) in habits.habits.iter().enumerate() {
            for name in &habit.states {
                index.entry((habit.of.clone(), name.clone())).or_default().push(at);
            }
        }
        Ok(Player {
            cast: Cast::new(&state.world, habits),
            words: Words::read(habits, dir, service)?,
            days: Days::new(habits, &state.world, from.0, until.0),
            chance: Chance::new(seed),
            service,
            clock,
            habits,
            state,
            jobs: BinaryHeap::new(),
            order: 0,
            lives: HashMap::new(),
            known_parts: HashSet::new(),
            index,
            recent: VecDeque::new(),
            groups: BTreeMap::new(),
            floor: from.0,
            until: until.0,
            looked: None,
            done: Summary::default(),
        })
    }

    /// Plans something.
    pub fn push(&mut self, at: i64, what: What) {
        self.order += 1;
        self.jobs.push(Reverse(Job { at, order: self.order, what }));
    }

    /// How careless those are who have a record in hand.
    pub fn manner(&self, record: &Record) -> f64 {
        let mechanism = self.state.laws.version(&record.mechanism, record.version);
        let unit = mechanism.and_then(|m| record.fields.get(m.unit.as_deref()?)?.text());
        self.cast.manner(&self.state.world, &record.place, unit)
    }

    /// Lets it all happen.
    pub fn run(mut self, progress: &mut dyn FnMut(Progress)) -> Result<Summary, DemoFault> {
        loop {
            let job = self.jobs.peek().map_or(i64::MAX, |Reverse(job)| job.at);
            let timer = self.service.ledger().timers(Timestamp(self.until - 1), 1)?;
            let timer = timer.first().map_or(i64::MAX, |timer| timer.at.0);
            let start = job.min(timer).max(self.floor);
            if job.min(timer) >= self.until || start >= self.until {
                break;
            }
            let end = (start + WINDOW).min(self.until);
            self.clock.set(Timestamp(start));
            self.open_due(start)?;
            self.window(start, end)?;
            self.floor = end;
            let day = self.state.world.zone.date(Timestamp(start)).to_string();
            let opened = self.done.opened.values().sum();
            progress(Progress { commands: self.done.commands, opened, day });
        }
        self.clock.set(Timestamp(self.until));
        timers::fire_due(self.service, Timestamp(self.until))?;
        Ok(self.done)
    }

    /// What is due from `start` until before `end`.
    fn window(&mut self, start: i64, end: i64) -> Result<(), DemoFault> {
        let mut due = Vec::new();
        while let Some(Reverse(job)) = self.jobs.peek()
            && job.at < end
        {
            due.extend(self.jobs.pop().map(|Reverse(job)| job));
        }
        let acting = |job: &Job| match &job.what {
            What::Act { record, .. } => Some(*record),
            What::Open(_) | What::Grow(_) => None,
        };
        let records: BTreeSet<RecordId> = due.iter().filter_map(acting).collect();
        let records: HashMap<RecordId, Record> =
            self.load(records)?.into_iter().map(|record| (record.id, record)).collect();
        let mut commands: Vec<(Command, Sent)> = Vec::new();
        for timer in self.service.ledger().timers(Timestamp(end - 1), TIMERS)? {
            let at = timer.at.0.max(start);
            let order = Order::Elapse { record: timer.record, deadline: timer.deadline };
            commands.push((self.command(Actor::System, at, order), Sent::Timer));
        }
        let mut stuck = Vec::new();
        for job in due {
            let at = job.at.max(start);
            match job.what {
                What::Open(birth) => commands.extend(self.birth(birth, at)),
                What::Grow(shoot) => commands.extend(self.grow(&shoot, true, at)),
                What::Act { record, serial, habit } => {
                    let Some(record) = records.get(&record) else { continue };
                    match self.act(record, serial, habit, at) {
                        Some(made) => commands.push(made),
                        None => stuck.push((record.clone(), serial, habit)),
                    }
                }
            }
        }
        commands.sort_by_key(|(command, _)| command.at);
        self.send(commands, end)?;
        for (record, serial, habit) in stuck {
            // A main course that cannot be followed is planned anew without it.
            let current = self.lives.get(&record.id).map(|life| life.serial);
            if serial.is_some() && serial == current {
                self.refused(&record, habit, None, end);
            }
        }
        Ok(())
    }

    fn load(&self, records: BTreeSet<RecordId>) -> Result<Vec<Record>, DemoFault> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let want = Want { records: records.into_iter().collect(), commands: Vec::new() };
        let loaded = self.service.ledger().load(&want)?;
        let read = |(id, bytes): (RecordId, Vec<u8>)| {
            Record::from_bytes(&bytes).map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))
        };
        Ok(loaded.records.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    pub fn command(&mut self, actor: Actor, at: i64, order: Order) -> Command {
        let drawn = [self.chance.bits().to_be_bytes(), self.chance.bits().to_be_bytes()].concat();
        let text = Digest::of(&drawn).to_string();
        let id = CommandId::new(&text).unwrap_or_else(|_| unreachable!("64 hexadecimal digits fit"));
        Command { id, actor, at: Timestamp(at), order }
    }

    /// The opening of a record.
    fn birth(&mut self, birth: Box<Birth>, at: i64) -> Option<(Command, Sent)> {
        let habits = self.habits;
        let opening = &habits.openings[birth.opening];
        let mechanism = self.state.laws.newest(&opening.of)?.clone();
        let step = mechanism.step(&opening.step)?;
        let field = mechanism.place.as_deref().and_then(|name| mechanism.field(name));
        let levels: &[Level] = field.map(|field| field.levels.as_slice()).unwrap_or_default();
        let state = self.state.clone();
        let world = &state.world;
        let mut repeats = self.repeats(&birth, at);
        let month = world.zone.date(Timestamp(at)).month() as usize;
        let mut found = None;
        // Not every place has a story of a wanted kind.
        for _ in 0..30 {
            let within = repeats.as_ref().map(|told| told.place.as_str()).or(birth.place.as_deref());
            let opener = self.cast.opener(&opening.by, levels, within, world, &mut self.chance);
            let Some((actor, place)) = opener else {
                // Nobody of this sort is where the earlier one was told.
                repeats = None;
                continue;
            };
            let story = match &repeats {
                Some(told) => Some(told.story),
                None => {
                    let kind = world.up(&place, Level::Village).and_then(|code| world.place(code));
                    let kind = kind.map(|place| place.kind.as_str()).unwrap_or_default();
                    self.words.story(kind, month.saturating_sub(1), &birth.kinds, &mut self.chance)
                }
            };
            if let Some(story) = story {
                found = Some((actor, place, story));
                break;
            }
        }
        let Some((actor, place, story)) = found else {
            self.done.missed.push(format!("no place or story for `{}` {:?}", opening.name, birth.kinds));
            return None;
        };
        let form = repeats.as_ref().and_then(|_| self.chance.one(&habits.echo.texts)).map(String::as_str);
        let subject = Subject {
            mechanism: &mechanism,
            step,
            record: None,
            row: None,
            at,
            place: &place,
            story: Some(story),
            echoed: None,
            form,
            with: &birth.with,
            manner: 1.0,
        };
        let Some(mut input) = self.words.fill(&opening.fields, &subject, world, &mut self.chance) else {
            self.done.missed.push(format!("`{}` cannot be filled", opening.name));
            return None;
        };
        input.retain(|name, _| !birth.without.contains(name));
        let mut point = None;
        for raw in input.values_mut() {
            let Raw::Point(lat, lon) = raw else { continue };
            // Whoever repeats stands near the one who told first.
            if let Some(first) = repeats.as_ref().and_then(|told| told.point) {
                (*lat, *lon) = near(first, habits.echo.metres, &mut self.chance);
            }
            point = Some((*lat, *lon));
        }
        let id = RecordId::at(at, self.chance.ten());
        let order = Order::Open { mechanism: opening.of.clone(), step: opening.step.clone(), id, input };
        let told = Told { id, at, opening: birth.opening, place, story, point };
        if let Some(group) = birth.group {
            self.groups.entry(group).or_insert_with(|| told.clone());
        }
        let echoed = repeats.map(|told| told.id);
        Some((self.command(actor, at, order), Sent::Open { birth, told, echoed }))
    }

    /// The earlier opening that this one repeats, if it does.
    fn repeats(&mut self, birth: &Birth, at: i64) -> Option<Told> {
        if let Some(group) = birth.group {
            return self.groups.get(&group).cloned();
        }
        let echo = &self.habits.echo;
        let since = at - (echo.days * 24.0 * HOUR as f64) as i64;
        while self.recent.front().is_some_and(|told| told.at < since) || self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        if birth.place.is_some() || !self.chance.happens(echo.percent) {
            return None;
        }
        let of = &self.habits.openings[birth.opening].of;
        let told: Vec<Told> = self
            .recent
            .iter()
            .filter(|told| self.habits.openings[told.opening].of == *of && self.lives.contains_key(&told.id))
            .cloned()
            .collect();
        self.chance.one(&told).cloned()
    }

    /// What somebody does with a record; `None` when nobody can or it is no longer planned.
    fn act(
        &mut self,
        record: &Record,
        serial: Option<u64>,
        at_habit: usize,
        at: i64,
    ) -> Option<(Command, Sent)> {
        let life = self.lives.get(&record.id)?;
        if serial.is_some_and(|serial| serial != life.serial) {
            return None;
        }
        let habits = self.habits;
        let habit = &habits.habits[at_habit];
        let state = self.state.clone();
        let mechanism = state.laws.version(&record.mechanism, record.version)?;
        let sent = Sent::Act { habit: at_habit, main: serial.is_some() };
        if let Some(name) = &habit.part {
            let fits = habit.states.contains(&record.state) && self.open_to(habit, record, life);
            return if fits { self.grow_part(name, record, at) } else { None };
        }
        if let Some(field) = habit.look.first() {
            let who = &mechanism.field(field)?.personal.as_ref()?.audience;
            let by = habit.by.as_deref();
            let actor = self.cast.actor(who, by, record, &state.world, &mut self.chance)?;
            let purpose = self.chance.one(&habit.purposes)?.clone();
            let order = Order::Look { record: record.id, fields: habit.look.clone(), purpose };
            return Some((self.command(actor, at, order), sent));
        }
        let step = mechanism.step(habit.step.as_deref()?).filter(|step| step.from.contains(&record.state))?;
        let subject = Subject {
            mechanism,
            step,
            record: Some(record),
            row: None,
            at,
            place: &record.place,
            story: life.story,
            echoed: life.echoed,
            form: None,
            with: &[],
            manner: self.manner(record),
        };
        let input = self.words.fill(&habit.fields, &subject, &state.world, &mut self.chance)?;
        let by = habit.by.as_deref();
        let actor = self.cast.actor(&step.by, by, record, &state.world, &mut self.chance)?;
        let order = Order::Step { record: record.id, step: step.name.clone(), expect: None, input };
        Some((self.command(actor, at, order), sent))
    }

    /// Sends a window's commands and plans what follows from them.
    fn send(&mut self, commands: Vec<(Command, Sent)>, end: i64) -> Result<(), DemoFault> {
        let (commands, sent): (Vec<Command>, Vec<Sent>) = commands.into_iter().unzip();
        let about: Vec<RecordId> = commands.iter().map(|command| command.order.record()).collect();
        let answers = self.service.engine().act_all(commands);
        let mut moved: BTreeMap<RecordId, bool> = BTreeMap::new();
        let mut refused = Vec::new();
        for ((answer, sent), id) in answers.into_iter().zip(sent).zip(about) {
            match answer {
                Ok(outcome) => {
                    self.done.commands += 1;
                    let main = self.accepted(&outcome, sent);
                    *moved.entry(id).or_default() |= main;
                }
                // A deadline that was met or moved earlier in the same hour.
                Err(Failure::Refused(_) | Failure::NotFound) if matches!(sent, Sent::Timer) => {}
                Err(Failure::Refused(refusal)) => refused.push((id, sent, refusal)),
                Err(Failure::NotFound) => refused.push((id, sent, Refusal::NoRecord)),
                Err(failure) => return Err(failure.into()),
            }
        }
        self.follow(&moved, end)?;
        for (id, sent, refusal) in refused {
            self.done.refused += 1;
            let words = sort_of(&refusal);
            *self.done.refusals.entry(words.clone()).or_default() += 1;
            match sent {
                Sent::Act { habit, main: true } => {
                    if let Some(record) = self.load([id].into())?.pop() {
                        self.refused(&record, habit, Some(&refusal), end);
                    }
                }
                Sent::Open { birth, .. } => {
                    let name = &self.habits.openings[birth.opening].name;
                    self.done.missed.push(format!("`{name}` was refused: {words}"));
                }
                Sent::Grow { opening, needed: true } => {
                    let name = &self.habits.openings[opening].name;
                    self.done.missed.push(format!("`{name}` was refused: {words}"));
                }
                Sent::Act { .. } | Sent::Grow { .. } | Sent::Timer => {}
            }
        }
        Ok(())
    }

    /// Whether the record's main course was moved.
    fn accepted(&mut self, outcome: &Outcome, sent: Sent) -> bool {
        match sent {
            Sent::Open { birth, told, echoed } => {
                let name = self.habits.openings[birth.opening].name.clone();
                *self.done.opened.entry(name).or_default() += 1;
                let Birth { script, parts, .. } = *birth;
                if script.is_none() {
                    self.recent.push_back(told.clone());
                }
                let story = Some(told.story);
                self.lives.insert(outcome.record, Life { story, echoed, script, parts, ..Life::default() });
                true
            }
            Sent::Grow { opening, .. } => {
                let name = self.habits.openings[opening].name.clone();
                *self.done.opened.entry(name).or_default() += 1;
                self.lives.insert(outcome.record, Life::default());
                true
            }
            Sent::Act { main, .. } => {
                if let Some(life) = self.lives.get_mut(&outcome.record) {
                    life.cued &= !main;
                }
                main
            }
            Sent::Timer => true,
        }
    }

    /// Plans what comes next for records that moved, their parents and new parts.
    fn follow(&mut self, moved: &BTreeMap<RecordId, bool>, end: i64) -> Result<(), DemoFault> {
        let mut seen: BTreeSet<RecordId> = moved.keys().copied().collect();
        let mut records = self.load(seen.clone())?;
        let further = self.near(&records, &seen);
        seen.extend(&further);
        records.extend(self.load(further)?);
        let by_id: HashMap<RecordId, usize> = records.iter().enumerate().map(|(at, r)| (r.id, at)).collect();
        for record in &records {
            if record.parent.is_some() && self.known_parts.insert(record.id) {
                let parent = record.parent.and_then(|id| by_id.get(&id)).map(|at| &records[*at]);
                self.meet(record, parent);
            }
            let ripe = self.ripe(record);
            let Some(life) = self.lives.get_mut(&record.id) else { continue };
            // What its parts tell moves nobody, unless somebody waits for just that.
            if ripe && !std::mem::replace(&mut life.ripe, true) {
                self.plan_next(record, end - WINDOW);
                continue;
            }
            if life.stepped == record.stepped {
                continue;
            }
            if moved.get(&record.id) == Some(&false) {
                // Only an aside: what was planned stays planned.
                life.stepped = record.stepped;
                continue;
            }
            // Not before what has been played already.
            let since = record.changed.0.max(end - WINDOW);
            self.plan_next(record, since);
        }
        Ok(())
    }

    /// Something was refused: people try something else, or again later.
    fn refused(&mut self, record: &Record, habit: usize, refusal: Option<&Refusal>, end: i64) {
        let known = &self.habits.habits[habit];
        let Some(life) = self.lives.get_mut(&record.id) else { return };
        if life.script.is_some() {
            let why = refusal.map_or("nobody can".to_owned(), sort_of);
            self.done.missed.push(format!("{}: `{}`: {why}", record.number, known.called()));
            return;
        }
        life.tries += 1;
        // A condition may come to hold, as when parts are closed; anything else stays as it is.
        if !matches!(refusal, Some(Refusal::Need { .. })) || life.tries > 5 {
            life.blocked.push(habit);
        }
        let again = (self.habits.play.again * HOUR as f64) as i64;
        self.plan_next(record, end + again);
    }
}

/// A refusal in a few words, for the summary.
fn sort_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Need { words, .. } => words.en.clone(),
        Refusal::WrongState { step, state, .. } => format!("{} in {}", step.en, state.en),
        Refusal::NoRight { step, .. } => format!("no right to {}", step.en),
        other => format!("{other:?}").chars().take(160).collect(),
    }
}
