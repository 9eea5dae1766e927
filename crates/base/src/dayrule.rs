//! Days as rules name them: the 5th of the month, the last working day of the quarter, three working
//! days before a date.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::canon::{Canon, Out, array, expect_array};
use crate::span::Span;

/// A stretch of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Period {
    /// Monday to Sunday.
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    /// All of them, shortest first.
    pub const ALL: [Period; 4] = [Period::Week, Period::Month, Period::Quarter, Period::Year];

    /// The period's word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Period::Week => "week",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::Year => "year",
        }
    }

    /// The first day of the period in which a day lies.
    pub fn first(self, day: Date) -> Date {
        let month = |month| Date::new(day.year(), month, 1).unwrap_or(day);
        match self {
            Period::Week => {
                let since = i64::from(day.weekday().since(Weekday::Monday));
                day.checked_sub(since.days()).unwrap_or(day)
            }
            Period::Month => month(day.month()),
            Period::Quarter => month((day.month() - 1) / 3 * 3 + 1),
            Period::Year => month(1),
        }
    }

    /// The first day of the next period.
    pub fn next(self, day: Date) -> Date {
        self.moved(day, 1)
    }

    /// The first day of the period before.
    pub fn before(self, day: Date) -> Date {
        self.moved(day, -1)
    }

    fn moved(self, day: Date, by: i64) -> Date {
        let first = self.first(day);
        let moved = match self {
            Period::Week => first.checked_add((7 * by).days()),
            Period::Month => first.checked_add(by.months()),
            Period::Quarter => first.checked_add((3 * by).months()),
            Period::Year => first.checked_add(by.years()),
        };
        moved.unwrap_or(first)
    }

    /// The last day of the period in which a day lies.
    pub fn last(self, day: Date) -> Date {
        self.next(day).checked_sub(1.day()).unwrap_or(day)
    }
}

/// Which day of a period.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Day {
    /// Counted from 1; the last day where the period has no such day.
    Nth(u16),
    /// Counted in working days from 1.
    NthWorking(u16),
    Last,
    LastWorking,
    /// No day of a period: the date itself.
    Given,
}

/// A rule that names a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DayRule {
    pub day: Day,
    pub period: Period,
    /// Counted back from that day, in days or working days.
    pub before: Option<Span>,
}

/// A rule with the period or date that it was applied to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Named {
    pub rule: DayRule,
    /// The first day of the period, or the date itself.
    pub base: Date,
}

impl Canon for DayRule {
    fn put(&self, out: &mut Out<'_>) {
        let (kind, n) = match self.day {
            Day::Nth(n) => (0u8, n),
            Day::NthWorking(n) => (1, n),
            Day::Last => (2, 0),
            Day::LastWorking => (3, 0),
            Day::Given => (4, 0),
        };
        array(out, 4);
        kind.put(out);
        u32::from(n).put(out);
        (self.period as u8).put(out);
        self.before.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 4)?;
        let (kind, n) = (input.u8()?, input.u16()?);
        let day = match (kind, n) {
            (0, n) => Day::Nth(n),
            (1, n) => Day::NthWorking(n),
            (2, 0) => Day::Last,
            (3, 0) => Day::LastWorking,
            (4, 0) => Day::Given,
            _ => return Err(Error::message("no day of a period")),
        };
        let period = Period::ALL.get(usize::from(input.u8()?)).copied();
        let period = period.ok_or(Error::message("no period"))?;
        Ok(DayRule { day, period, before: Canon::take(input)? })
    }
}

impl Canon for Named {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 2);
        self.rule.put(out);
        self.base.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 2)?;
        Ok(Named { rule: Canon::take(input)?, base: Canon::take(input)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn periods_have_their_first_and_last_days() {
        for (period, first, last) in [
            (Period::Week, "2026-11-23", "2026-11-29"),
            (Period::Month, "2026-11-01", "2026-11-30"),
            (Period::Quarter, "2026-10-01", "2026-12-31"),
            (Period::Year, "2026-01-01", "2026-12-31"),
        ] {
            let within = day("2026-11-26");
            assert_eq!((period.first(within), period.last(within)), (day(first), day(last)), "{period:?}");
            assert_eq!(period.first(day(first)), day(first));
            assert_eq!(period.before(period.next(within)), day(first));
        }
    }
}
