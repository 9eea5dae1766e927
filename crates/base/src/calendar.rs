//! The official calendar and the counting of time limits.
//!
//! 民法典 201, 203; 民事诉讼法 85: the start day does not count; a last day on a holiday moves to the
//! next working day. A deadline carries its whole derivation, so that anybody can check it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::dayrule::{Day, DayRule, Named};
use crate::lang::Words;
use crate::span::{Span, Unit};
use crate::time::{Timestamp, Zone};

/// Why a day is not a working day, or is one although it falls on a weekend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    pub works: bool,
    pub name: Words,
}

/// The official table of exceptions: a date that is not listed works Monday to Friday.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    exceptions: BTreeMap<Date, Exception>,
    years: BTreeSet<i16>,
}

/// Why a day was not counted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Skip {
    Weekend,
    /// A statutory holiday or its day in lieu, with its name.
    Holiday(Words),
    /// The matter stood still (a pause that the document allows).
    Pause,
}

/// How a due time was found: everything needed to check it by hand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Derivation {
    pub start: Timestamp,
    pub span: Span,
    /// Days on the way that did not count, each with its reason, in order.
    pub skipped: Vec<(Date, Skip)>,
    /// Stretches during which the limit stood still.
    pub pauses: Vec<(Timestamp, Timestamp)>,
    /// The years on the way whose holidays are not known yet: counted by weekends only.
    pub unknown_years: Vec<i16>,
    /// The first moment after the limit: doing it before this is in time.
    pub due: Timestamp,
    /// The rule, where the limit is a day of the calendar and no span.
    pub named: Option<Named>,
}

/// A fault in a calendar file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadCalendar {
    /// Line in the file, counted from 1.
    pub line: u64,
    pub column: &'static str,
}

impl Calendar {
    /// Reads a table with the columns `date, weekday, kind, is_workday, holiday_zh, holiday_en`;
    /// lines that begin with `#` are comments.
    pub fn read(text: &str) -> Result<Calendar, BadCalendar> {
        let mut calendar = Calendar::default();
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        for row in reader.records() {
            let row = row.map_err(|e| BadCalendar {
                line: e.position().map_or(0, csv::Position::line),
                column: "date",
            })?;
            let line = row.position().map_or(0, csv::Position::line);
            let field = |at: usize, column| row.get(at).ok_or(BadCalendar { line, column });
            let date: Date = field(0, "date")?.parse().map_err(|_| BadCalendar { line, column: "date" })?;
            let works = match field(3, "is_workday")? {
                "1" => true,
                "0" => false,
                _ => return Err(BadCalendar { line, column: "is_workday" }),
            };
            let name = Words::new(field(4, "holiday_zh")?, field(5, "holiday_en")?);
            calendar.years.insert(date.year());
            calendar.exceptions.insert(date, Exception { works, name });
        }
        Ok(calendar)
    }

    /// Why a day does not work, or `None` for a working day.
    pub fn rest(&self, date: Date) -> Option<Skip> {
        match self.exceptions.get(&date) {
            Some(exception) if exception.works => None,
            Some(exception) => Some(Skip::Holiday(exception.name.clone())),
            None => matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday).then_some(Skip::Weekend),
        }
    }

    /// Whether the holidays of a year are known.
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// How many working days lie after the first day, up to and with the last; 0 when the last comes
    /// before. Counted over ten years at the most.
    pub fn working_days(&self, first: Date, last: Date) -> u32 {
        let mut days = 0;
        let mut day = first;
        for _ in 0..3_660 {
            if day >= last {
                break;
            }
            day = next(day);
            days += u32::from(self.rest(day).is_none());
        }
        days
    }

    /// When a time limit ends, and how that was found. `pauses` are stretches during which it stood
    /// still; an open one must be closed by the caller first.
    pub fn due(
        &self,
        zone: Zone,
        start: Timestamp,
        span: Span,
        pauses: &[(Timestamp, Timestamp)],
    ) -> Derivation {
        let mut skipped = Vec::new();
        let due = match span.unit {
            Unit::Minutes | Unit::Hours => {
                let minutes = i64::from(span.amount) * if span.unit == Unit::Hours { 60 } else { 1 };
                clock_due(start, minutes * 60_000, pauses)
            }
            Unit::Months => {
                let date = zone.date(start);
                let plain = date.checked_add(i64::from(span.amount).months()).unwrap_or(Date::MAX);
                let mut last = plain;
                for _ in 0..paused_days(zone, date, pauses) {
                    last = next(last);
                }
                self.off_holiday(zone, last, &mut skipped)
            }
            Unit::Days => {
                let last = count(zone.date(start), span.amount, |day| {
                    let pause = paused(zone, day, pauses).then_some(Skip::Pause);
                    note(&mut skipped, day, pause)
                });
                self.off_holiday(zone, last, &mut skipped)
            }
            Unit::WorkingDays => {
                let last = count(zone.date(start), span.amount, |day| {
                    let pause = paused(zone, day, pauses).then_some(Skip::Pause);
                    note(&mut skipped, day, self.rest(day).or(pause))
                });
                zone.end_of(last)
            }
        };
        let (first, last) = (zone.date(start).year(), zone.date(due).year());
        let by_clock = matches!(span.unit, Unit::Minutes | Unit::Hours);
        let unknown_years =
            if by_clock { Vec::new() } else { (first..=last).filter(|y| !self.knows(*y)).collect() };
        Derivation { start, span, skipped, pauses: pauses.to_vec(), unknown_years, due, named: None }
    }

    /// When a limit ends that is a day of the calendar: of the period in which `base` lies, or `base`
    /// itself. A day that does not work moves on, as the last day of a span does.
    pub fn on(&self, zone: Zone, start: Timestamp, rule: DayRule, base: Date) -> Derivation {
        let (first, last) = match rule.day {
            Day::Given => (base, base),
            _ => (rule.period.first(base), rule.period.last(base)),
        };
        let mut skipped = Vec::new();
        let mut day = match rule.day {
            Day::Given => base,
            Day::Nth(n) => {
                first.checked_add((i64::from(n) - 1).max(0).days()).map_or(last, |day| day.min(last))
            }
            Day::NthWorking(n) => {
                let eve = first.checked_sub(1.day()).unwrap_or(first);
                count(eve, u32::from(n), |day| note(&mut skipped, day, self.rest(day))).min(last)
            }
            Day::Last | Day::LastWorking => last,
        };
        if rule.day == Day::LastWorking {
            while let Some(why) = self.rest(day).filter(|_| day > first) {
                skipped.push((day, why));
                day = day.checked_sub(1.day()).unwrap_or(first);
            }
        }
        if let Some(span) = rule.before {
            let mut left = span.amount;
            while left > 0 && day > Date::MIN {
                day = day.checked_sub(1.day()).unwrap_or(Date::MIN);
                let rest = self.rest(day).filter(|_| span.unit == Unit::WorkingDays);
                if !note(&mut skipped, day, rest) {
                    left -= 1;
                }
            }
        }
        let due = self.off_holiday(zone, day, &mut skipped);
        skipped.sort();
        let years = [zone.date(start).year(), first.year(), zone.date(due).year()];
        let (from, to) = (years.into_iter().min().unwrap_or(0), years.into_iter().max().unwrap_or(0));
        Derivation {
            start,
            span: rule.before.unwrap_or(Span::new(0, Unit::Days)),
            skipped,
            pauses: Vec::new(),
            unknown_years: (from..=to).filter(|year| !self.knows(*year)).collect(),
            due,
            named: Some(Named { rule, base: first }),
        }
    }

    /// The day that a rule names in the period of `base`, as it is: nothing moves on.
    pub fn day_of(&self, rule: Day, period: crate::dayrule::Period, base: Date) -> Date {
        let (first, last) = (period.first(base), period.last(base));
        match rule {
            Day::Nth(n) => {
                first.checked_add((i64::from(n) - 1).max(0).days()).map_or(last, |day| day.min(last))
            }
            Day::NthWorking(n) => {
                let eve = first.checked_sub(1.day()).unwrap_or(first);
                count(eve, u32::from(n), |day| self.rest(day).is_some()).min(last)
            }
            Day::LastWorking => {
                let mut day = last;
                while self.rest(day).is_some() && day > first {
                    day = day.checked_sub(1.day()).unwrap_or(first);
                }
                day
            }
            Day::Last | Day::Given => last,
        }
    }

    /// Moves a last day on a holiday or weekend to the next working day and gives its end.
    fn off_holiday(&self, zone: Zone, mut last: Date, skipped: &mut Vec<(Date, Skip)>) -> Timestamp {
        while let Some(why) = self.rest(last) {
            skipped.push((last, why));
            last = next(last);
            // A table without a working day for a whole year is broken; stop rather than hang.
            if skipped.len() > 20_000 {
                break;
            }
        }
        zone.end_of(last)
    }
}

fn next(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(Date::MAX)
}

/// Walks from the day after `from` until `amount` days have counted; the last counted day.
fn count(from: Date, amount: u32, mut skips: impl FnMut(Date) -> bool) -> Date {
    let mut day = from;
    let mut left = amount;
    while left > 0 && day < Date::MAX {
        day = next(day);
        if !skips(day) {
            left -= 1;
        }
    }
    day
}

/// Writes down why a day does not count; whether it was skipped.
fn note(skipped: &mut Vec<(Date, Skip)>, day: Date, why: Option<Skip>) -> bool {
    let skips = why.is_some();
    skipped.extend(why.map(|why| (day, why)));
    skips
}

/// Whether a day began within a pause: each midnight passed while standing still gives one day.
fn paused(zone: Zone, day: Date, pauses: &[(Timestamp, Timestamp)]) -> bool {
    let midnight = zone.start_of(day);
    pauses.iter().any(|(from, to)| *from <= midnight && midnight < *to)
}

fn paused_days(zone: Zone, from: Date, pauses: &[(Timestamp, Timestamp)]) -> i64 {
    pauses
        .iter()
        .map(|(a, b)| {
            let first = zone.date(*a).max(from);
            first.until(zone.date(*b)).map_or(0, |span| i64::from(span.get_days().max(0)))
        })
        .sum()
}

/// A limit by the clock: running time only.
fn clock_due(start: Timestamp, millis: i64, pauses: &[(Timestamp, Timestamp)]) -> Timestamp {
    let mut due = start.plus_millis(millis);
    for (from, to) in pauses {
        if *from < due {
            due = due.plus_millis((to.0 - from.0.max(start.0)).max(0));
        }
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "date,weekday,kind,is_workday,holiday_zh,holiday_en\n\
        2026-09-20,Sun,makeup_workday,1,国庆节,National Day\n\
        2026-10-01,Thu,holiday,0,国庆节,National Day\n2026-10-02,Fri,holiday,0,国庆节,National Day\n\
        2026-10-05,Mon,holiday,0,国庆节,National Day\n2026-10-06,Tue,in_lieu_day_off,0,国庆节,National Day\n\
        2026-10-07,Wed,in_lieu_day_off,0,国庆节,National Day\n2026-10-10,Sat,makeup_workday,1,国庆节,National Day\n";

    fn at(text: &str) -> Timestamp {
        Zone::CHINA.instant(text.parse().expect("a civil time"))
    }

    /// start, limit, due (first moment after), number of skipped days
    const CASES: &[(&str, &str, &str, usize)] = &[
        ("2026-09-30T10:00", "5 working-days", "2026-10-14T00:00", 8),
        ("2026-09-30T10:00", "2 working-days", "2026-10-10T00:00", 7),
        ("2026-10-08T10:00", "2 working-days", "2026-10-11T00:00", 0),
        ("2026-09-18T16:00", "1 working-day", "2026-09-21T00:00", 1),
        ("2026-09-28T23:59", "7 days", "2026-10-09T00:00", 3),
        ("2026-09-30T10:00", "24 h", "2026-10-01T10:00", 0),
        ("2026-09-30T10:30", "2 h", "2026-09-30T12:30", 0),
        ("2026-08-31T08:00", "1 month", "2026-10-01T00:00", 0),
    ];

    #[test]
    fn limits_end_where_the_law_says() {
        let calendar = Calendar::read(TABLE).expect("a table");
        for (start, span, due, skipped) in CASES {
            let span = span.parse().expect("a span");
            let found = calendar.due(Zone::CHINA, at(start), span, &[]);
            assert_eq!(Zone::CHINA.civil(found.due).to_string(), format!("{due}:00"), "{start} {span}");
            assert_eq!(found.skipped.len(), *skipped, "{start} {span}");
        }
    }

    /// start, day, counted back, due (first moment after), number of skipped days
    const DAYS: &[(&str, Day, &str, &str, usize)] = &[
        ("2026-09-02T10:00", Day::Nth(5), "", "2026-09-08T00:00", 2),
        ("2026-09-02T10:00", Day::Nth(31), "", "2026-10-01T00:00", 0),
        ("2026-10-02T10:00", Day::Nth(1), "", "2026-10-09T00:00", 7),
        ("2026-10-02T10:00", Day::NthWorking(1), "", "2026-10-09T00:00", 7),
        ("2026-10-02T10:00", Day::LastWorking, "", "2026-10-31T00:00", 1),
        ("2026-10-02T10:00", Day::Last, "", "2026-11-03T00:00", 2),
        ("2026-09-30T10:00", Day::Given, "", "2026-10-01T00:00", 0),
        ("2026-10-08T10:00", Day::Given, "2 working-days", "2026-09-30T00:00", 7),
    ];

    #[test]
    fn limits_on_a_day_of_the_calendar_end_where_the_rule_says() {
        let calendar = Calendar::read(TABLE).expect("a table");
        for (start, day, before, due, skipped) in DAYS {
            let before = (!before.is_empty()).then(|| before.parse().expect("a span"));
            let rule = DayRule { day: *day, period: crate::dayrule::Period::Month, before };
            let start = at(start);
            let found = calendar.on(Zone::CHINA, start, rule, Zone::CHINA.date(start));
            assert_eq!(Zone::CHINA.civil(found.due).to_string(), format!("{due}:00"), "{rule:?}");
            assert_eq!(found.skipped.len(), *skipped, "{rule:?} {:?}", found.skipped);
        }
    }

    #[test]
    fn a_pause_gives_back_what_it_took() {
        let calendar = Calendar::read(TABLE).expect("a table");
        let pause = [(at("2026-09-14T12:00"), at("2026-09-16T12:00"))];
        let hours = calendar.due(Zone::CHINA, at("2026-09-14T10:00"), "24 h".parse().expect("span"), &pause);
        assert_eq!(hours.due, at("2026-09-17T10:00"));
        let days = calendar.due(
            Zone::CHINA,
            at("2026-09-14T10:00"),
            "3 working-days".parse().expect("span"),
            &pause,
        );
        assert_eq!(days.due, at("2026-09-21T00:00"));
        assert_eq!(
            days.skipped,
            [
                ("2026-09-15".parse().expect("date"), Skip::Pause),
                ("2026-09-16".parse().expect("date"), Skip::Pause),
                ("2026-09-19".parse().expect("date"), Skip::Weekend),
            ]
        );
    }

    #[test]
    fn an_unknown_year_is_said() {
        let calendar = Calendar::read(TABLE).expect("a table");
        let found =
            calendar.due(Zone::CHINA, at("2026-12-30T10:00"), "5 working-days".parse().expect("span"), &[]);
        assert_eq!(found.unknown_years, [2027]);
    }

    #[test]
    fn bad_tables_name_the_line() {
        let bad = "date,weekday,kind,is_workday,holiday_zh,holiday_en\n2026-13-01,Thu,holiday,0,a,b\n";
        assert_eq!(Calendar::read(bad).unwrap_err(), BadCalendar { line: 2, column: "date" });
    }

    proptest! {
        /// More time never ends sooner, a later start never ends sooner, and the count is exact.
        #[test]
        fn counting_is_monotonic(day in 0i64..700, amount in 0u32..60, more in 0u32..10) {
            let calendar = Calendar::read(TABLE).expect("a table");
            let start = at("2025-06-01T09:00").plus_millis(day * 86_400_000);
            for unit in [Unit::Hours, Unit::Days, Unit::WorkingDays] {
                let short = calendar.due(Zone::CHINA, start, Span::new(amount, unit), &[]);
                let long = calendar.due(Zone::CHINA, start, Span::new(amount + more, unit), &[]);
                let later = calendar.due(Zone::CHINA, start.plus_millis(86_400_000), Span::new(amount, unit), &[]);
                prop_assert!(short.due <= long.due);
                prop_assert!(short.due <= later.due);
                prop_assert!(short.due >= start);
            }
            let worked = calendar.due(Zone::CHINA, start, Span::new(amount, Unit::WorkingDays), &[]);
            let last = Zone::CHINA.date(worked.due.plus_millis(-1));
            let mut date = Zone::CHINA.date(start);
            let mut counted = 0;
            while date < last {
                date = next(date);
                counted += u32::from(calendar.rest(date).is_none());
            }
            prop_assert_eq!(counted, amount);
        }
    }
}
