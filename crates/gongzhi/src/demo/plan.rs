//! What comes when: openings over the months, scenes at the end, and what somebody does next with a
//! record.

use std::collections::{BTreeSet, VecDeque};

use gongzhi_base::RecordId;
use gongzhi_kernel::Record;

use super::habits::{Cue, Habit};
use super::pace::{self, HOUR};
use super::player::{Life, Player, What};

/// Tries after refusals before people leave a record alone.
const TRIES: u32 = 8;

/// A record to be opened.
#[derive(Clone, Default)]
pub struct Birth {
    /// Position of the opening among the habits.
    pub opening: usize,
    /// At or under this place.
    pub place: Option<String>,
    /// Only stories of these kinds.
    pub kinds: Vec<String>,
    pub without: Vec<String>,
    pub with: Vec<String>,
    /// What happens to it; `None` leaves it to habits.
    pub script: Option<VecDeque<Cue>>,
    /// The same for its parts.
    pub parts: Vec<Vec<Cue>>,
    /// Which of a scene's groups it belongs to: the first one opened is repeated by the others.
    pub group: Option<u64>,
}

impl Player<'_> {
    /// Plans records opened by habit over the days.
    pub fn plan_openings(&mut self, records: u64) {
        for _ in 0..records {
            let weights = self.habits.openings.iter().map(|opening| opening.weight);
            let Some(opening) = self.chance.weighted(weights) else { return };
            // Near the end of the past a moment may be moved beyond it: draw another.
            for _ in 0..20 {
                let name = &self.habits.openings[opening].pace;
                let drawn = self.days.draw(&self.habits.pace[name], &mut self.chance);
                let at = pace::next(&self.habits.pace[name], &self.state.world, drawn);
                if at >= self.floor && at < self.until {
                    let kinds = self.habits.openings[opening].kinds.clone();
                    self.push(at, What::Open(Box::new(Birth { opening, kinds, ..Birth::default() })));
                    break;
                }
            }
        }
    }

    pub fn opening(&self, name: &str) -> usize {
        self.habits.openings.iter().position(|opening| opening.name == name).unwrap_or(0)
    }

    /// Plans the troubles that come again and again.
    pub fn plan_recurring(&mut self) {
        let habits = self.habits;
        for recurring in &habits.recurring {
            let opening = self.opening(&recurring.opening);
            let mut at = self.floor;
            loop {
                at += (self.chance.between(recurring.every) * 24.0 * HOUR as f64) as i64;
                at = pace::next(&habits.pace[&habits.openings[opening].pace], &self.state.world, at);
                if at >= self.until {
                    break;
                }
                let birth = Birth {
                    opening,
                    place: Some(recurring.place.clone()),
                    kinds: vec![recurring.kind.clone()],
                    ..Birth::default()
                };
                self.push(at, What::Open(Box::new(birth)));
            }
        }
    }

    /// Plans the scenes before the end.
    pub fn plan_scenes(&mut self) {
        let habits = self.habits;
        let mut group = 0;
        for scene in &habits.scenes {
            for _ in 0..scene.count {
                group += 1;
                let before = self.chance.between(scene.before);
                let first = self.until - (before * HOUR as f64) as i64;
                let birth = Birth {
                    opening: self.opening(&scene.opening),
                    place: scene.place.clone(),
                    kinds: scene.kind.iter().cloned().collect(),
                    without: scene.without.clone(),
                    with: scene.with.clone(),
                    script: Some(scene.steps.iter().cloned().collect()),
                    parts: scene.parts.clone(),
                    group: Some(group),
                };
                for echo in 0..scene.echoes {
                    let share = (echo + 1) as f64 / (scene.echoes + 1) as f64;
                    let at = first + ((self.until - first) as f64 * share) as i64;
                    let script = Some(VecDeque::new());
                    self.push(at, What::Open(Box::new(Birth { script, parts: Vec::new(), ..birth.clone() })));
                }
                self.push(first, What::Open(Box::new(birth)));
            }
        }
    }

    /// Plans what comes next for a record that has moved.
    pub fn plan_next(&mut self, record: &Record, since: i64) {
        let Some(mut life) = self.lives.remove(&record.id) else { return };
        if life.state != record.state {
            life.blocked.clear();
            life.tries = 0;
            life.state.clone_from(&record.state);
        }
        life.stepped = record.stepped;
        let stays = match life.script.is_some() {
            true => self.plan_cue(record, &mut life),
            false => self.plan_habit(record, &mut life, since),
        };
        if stays {
            self.lives.insert(record.id, life);
        }
    }

    fn plan_cue(&mut self, record: &Record, life: &mut Life) -> bool {
        if life.cued {
            return true;
        }
        let Some(cue) = life.script.as_mut().and_then(VecDeque::pop_front) else { return true };
        let known = self.index.get(&(record.mechanism.clone(), record.state.clone()));
        let found = known.into_iter().flatten().find(|at| self.habits.habits[**at].called() == cue.habit);
        match found.copied() {
            Some(habit) => {
                life.cued = true;
                life.serial += 1;
                let at = record.changed.0 + (cue.hours * HOUR as f64) as i64;
                let what = What::Act { record: record.id, serial: Some(life.serial), habit };
                self.push(at, what);
            }
            None => {
                let missed = format!("{}: no `{}` in `{}`", record.number, cue.habit, record.state);
                self.done.missed.push(missed);
            }
        }
        true
    }

    /// Plans by habit; `false` when nobody will ever touch the record again.
    fn plan_habit(&mut self, record: &Record, life: &mut Life, since: i64) -> bool {
        let habits = self.habits;
        let key = (record.mechanism.clone(), record.state.clone());
        let known = self.index.get(&key).cloned().unwrap_or_default();
        let manner = self.manner(record);
        let open = |habit: &Habit| self.open_to(habit, record, life);
        let (asides, main): (Vec<usize>, Vec<usize>) = known
            .iter()
            .copied()
            .filter(|at| open(&habits.habits[*at]))
            .partition(|at| habits.habits[*at].aside);
        let weight = |at: &usize| {
            let habit = &habits.habits[*at];
            if habit.careless { habit.weight * manner } else { habit.weight }
        };
        life.serial += 1;
        let mut planned = false;
        for at in &asides {
            if self.chance.happens(weight(at)) {
                for _ in 0..habits.habits[*at].many.map_or(1, |many| self.chance.count(many)) {
                    self.plan_act(record, None, *at, since);
                }
                planned = true;
            }
        }
        let mut able: Vec<usize> = main.iter().copied().filter(|at| !life.blocked.contains(at)).collect();
        if able.is_empty() && !main.is_empty() && life.tries < TRIES {
            life.blocked.clear();
            able = main;
        }
        let drawn = self.chance.weighted(able.iter().map(weight)).map(|at| able[at]);
        if let Some(at) = drawn.filter(|at| habits.habits[*at].step.is_some()) {
            self.plan_act(record, Some(life.serial), at, since);
            planned = true;
        }
        planned
            || !record.running().is_empty()
            || record.parts.iter().any(|part| part.open)
            || self.waiting(record).next().is_some()
    }

    /// Whether a habit fits a record at all.
    pub fn open_to(&self, habit: &Habit, record: &Record, life: &Life) -> bool {
        let mechanism = self.state.laws.version(&record.mechanism, record.version);
        let kind = mechanism.and_then(|m| record.fields.get(m.kind.as_deref()?)?.text()).unwrap_or_default();
        let taken = |step: &String| record.taken.get(step).copied().unwrap_or(0);
        let done = match (&habit.step, &habit.part) {
            (Some(step), _) => taken(step),
            (None, Some(name)) => {
                let of = &self.habits.openings[self.opening(name)].of;
                let parts = record.parts.iter().filter(|part| part.mechanism == *of).count();
                u32::try_from(parts).unwrap_or(u32::MAX)
            }
            (None, None) => 0,
        };
        let often = habit.times.is_some_and(|times| done >= times);
        let echoes = habit.fields.values().any(|fill| fill.echoed);
        !often
            && (habit.kinds.is_empty() || habit.kinds.iter().any(|known| kind.starts_with(known.as_str())))
            && habit.late.as_ref().is_none_or(|name| record.was_late(name))
            && habit.not_late.as_ref().is_none_or(|name| !record.was_late(name))
            && habit.taken.as_ref().is_none_or(|step| taken(step) > 0)
            && habit.given.iter().all(|(field, is)| {
                record.fields.get(field).and_then(gongzhi_base::Value::text) == Some(is.as_str())
            })
            && habit.not_given.iter().all(|(field, not)| {
                record.fields.get(field).and_then(gongzhi_base::Value::text) != Some(not.as_str())
            })
            && habit.look.iter().all(|field| record.fields.contains_key(field))
            && (!echoes || life.echoed.is_some())
            && habit.equal.as_ref().is_none_or(|both| equal(record, both))
    }

    /// Whether a record has come to where something is to be done that waits for two equal numbers.
    pub fn ripe(&self, record: &Record) -> bool {
        self.waiting(record).any(|both| equal(record, both))
    }

    /// The pairs of numbers for which somebody waits in the record's state.
    fn waiting<'s>(&'s self, record: &Record) -> impl Iterator<Item = &'s [String; 2]> {
        let known = self.index.get(&(record.mechanism.clone(), record.state.clone()));
        known.into_iter().flatten().filter_map(|at| self.habits.habits[*at].equal.as_ref())
    }

    fn plan_act(&mut self, record: &Record, serial: Option<u64>, habit: usize, since: i64) {
        let known = &self.habits.habits[habit];
        let pace = &self.habits.pace[&known.pace];
        let clock = known.within.as_ref().and_then(|within| {
            let clock = record.clocks.get(&within.deadline)?;
            let left = clock.derivation.due.0 - since;
            (clock.running() && clock.paused.is_none() && left > 0).then_some((left, within.share))
        });
        let around = known.around.as_ref().and_then(|around| {
            let gongzhi_base::Value::Time(time) = record.fields.get(&around.field)? else { return None };
            Some(time.0 + (self.chance.between(around.hours) * HOUR as f64) as i64)
        });
        if let Some(at) = around {
            return self.push(at.max(since), What::Act { record: record.id, serial, habit });
        }
        let at = match clock {
            Some((left, share)) => {
                let at = since + (left as f64 * self.chance.between(share)) as i64;
                pace::last(pace, &self.state.world, since, at)
            }
            None => {
                let at = since + (self.chance.skewed(known.after) * HOUR as f64) as i64;
                pace::next(pace, &self.state.world, at)
            }
        };
        self.push(at, What::Act { record: record.id, serial, habit });
    }

    /// Makes known the records of which people hear for the first time: parts of others.
    pub fn meet(&mut self, record: &Record, parent: Option<&Record>) {
        let above = record.parent.and_then(|id| self.lives.get(&id));
        let mut life = Life { story: above.and_then(|life| life.story), ..Life::default() };
        if let Some(above) = above.filter(|above| above.script.is_some()) {
            let nth = parent.and_then(|parent| parent.parts.iter().position(|part| part.id == record.id));
            let cues = nth.and_then(|nth| above.parts.get(nth)).cloned().unwrap_or_default();
            life.script = Some(cues.into());
        }
        self.lives.insert(record.id, life);
    }

    /// Records that people have heard of and that a moved record points at.
    pub fn near(&self, records: &[Record], seen: &BTreeSet<RecordId>) -> BTreeSet<RecordId> {
        let parents = records.iter().filter_map(|record| record.parent);
        let parts = records.iter().flat_map(|record| &record.parts).map(|part| part.id);
        let parts = parts.filter(|id| !self.known_parts.contains(id));
        parents.chain(parts).filter(|id| !seen.contains(id)).collect()
    }
}

/// Whether two numbers of a record are equal and not nought.
fn equal(record: &Record, [one, other]: &[String; 2]) -> bool {
    let number = |name: &String| record.fields.get(name).and_then(gongzhi_base::Value::int);
    number(one).is_some_and(|one| one != 0 && Some(one) == number(other))
}
