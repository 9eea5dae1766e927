//! When people do things: days and hours of openings, and waiting times moved into working hours.

use gongzhi_base::Timestamp;
use gongzhi_kernel::World;

use super::chance::Chance;
use super::habits::{Habits, Pace};

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Half hours looked through for a moment at which somebody is there: two weeks of holidays.
const STEPS: i64 = 14 * 48;

/// Whether people of this pace are there.
fn there(pace: &Pace, world: &World, at: i64) -> bool {
    let civil = world.zone.civil(Timestamp(at));
    let hour = usize::try_from(civil.hour()).unwrap_or(0);
    let awake = pace.hours.get(hour).is_some_and(|weight| *weight > 0.0);
    awake && !(pace.working_days && world.calendar.rest(civil.date()).is_some())
}

/// The first moment from `at` on at which people of this pace are there.
pub fn next(pace: &Pace, world: &World, at: i64) -> i64 {
    (0..STEPS).map(|n| at + n * HOUR / 2).find(|at| there(pace, world, *at)).unwrap_or(at)
}

/// The last moment at or before `at`, but after `since`, at which they are there; `at` itself when
/// there is none: then somebody on call does it.
pub fn last(pace: &Pace, world: &World, since: i64, at: i64) -> i64 {
    let before = (0..STEPS).map(|n| at - n * HOUR / 2).take_while(|at| *at > since);
    before.into_iter().find(|at| there(pace, world, *at)).unwrap_or(at)
}

/// Days between two times with their weights, for drawing the days of openings.
pub struct Days {
    starts: Vec<i64>,
    sums: Vec<f64>,
}

impl Days {
    /// Days from a time to another.
    pub fn new(habits: &Habits, world: &World, from: i64, until: i64) -> Days {
        let mut days = Days { starts: Vec::new(), sums: Vec::new() };
        let mut day = world.zone.start_of(world.zone.date(Timestamp(from))).0;
        let (mut sum, length) = (0.0, (until - from).max(1) as f64);
        while day < until {
            let weekday = world.zone.date(Timestamp(day)).weekday().to_monday_zero_offset();
            let weekday = habits.play.weekdays[usize::try_from(weekday).unwrap_or(0) % 7];
            let age = ((day - from) as f64 / length).clamp(0.0, 1.0);
            sum += weekday * (1.0 + (habits.play.growth - 1.0) * age);
            days.starts.push(day);
            days.sums.push(sum);
            day += DAY;
        }
        days
    }

    /// A moment of some day, by the hours of a pace.
    pub fn draw(&self, pace: &Pace, chance: &mut Chance) -> i64 {
        let left = chance.part() * self.sums.last().copied().unwrap_or(0.0);
        let at = self.sums.partition_point(|sum| *sum <= left).min(self.starts.len().saturating_sub(1));
        let hour = chance.weighted(pace.hours.iter().copied()).unwrap_or(12) as i64;
        let within = (chance.part() * HOUR as f64) as i64;
        self.starts.get(at).copied().unwrap_or(0) + hour * HOUR + within
    }
}
