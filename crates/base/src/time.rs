//! Points in time and the county's civil time. No clock is read here: times come in from outside.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{Timestamp as JiffTimestamp, ToSpan as _};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time moved by `millis` milliseconds.
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// RFC 3339 text in UTC, to the second or millisecond.
    pub fn rfc3339(self) -> String {
        JiffTimestamp::from_millisecond(self.0).map(|t| t.to_string()).unwrap_or_default()
    }

    /// Reads RFC 3339 text.
    pub fn read(text: &str) -> Option<Timestamp> {
        text.parse::<JiffTimestamp>().ok().map(|t| Timestamp(t.as_millisecond()))
    }
}

/// A county's civil time: a fixed distance from UTC in minutes. China keeps no summer time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zone {
    pub minutes: i32,
}

impl Zone {
    /// UTC+8, the civil time of all of China.
    pub const CHINA: Zone = Zone { minutes: 480 };

    fn offset(self) -> Offset {
        Offset::from_seconds(self.minutes * 60).unwrap_or(Offset::UTC)
    }

    /// The civil date and time of a point in time.
    pub fn civil(self, at: Timestamp) -> DateTime {
        let at = JiffTimestamp::from_millisecond(at.0).unwrap_or(JiffTimestamp::UNIX_EPOCH);
        self.offset().to_datetime(at)
    }

    /// The civil date of a point in time.
    pub fn date(self, at: Timestamp) -> Date {
        self.civil(at).date()
    }

    /// A due time as people are told it everywhere. A limit in days ends at midnight: told is the last minute of
    /// the day before, not the first of a day that no longer counts.
    pub fn told(self, due: Timestamp) -> DateTime {
        let civil = self.civil(due);
        if civil.time() == jiff::civil::Time::midnight() {
            self.civil(due.plus_millis(-60_000))
        } else {
            civil
        }
    }

    /// The first moment of a civil date.
    pub fn start_of(self, date: Date) -> Timestamp {
        self.instant(date.at(0, 0, 0, 0))
    }

    /// The first moment after a civil date: where a time limit counted in days ends.
    pub fn end_of(self, date: Date) -> Timestamp {
        date.checked_add(1.day()).map_or(Timestamp(i64::MAX), |next| self.start_of(next))
    }

    /// The point in time of a civil date and time.
    pub fn instant(self, civil: DateTime) -> Timestamp {
        self.offset().to_timestamp(civil).map(|at| Timestamp(at.as_millisecond())).unwrap_or_default()
    }

    /// The month of a point in time as `yyyy-mm`.
    pub fn month(self, at: Timestamp) -> String {
        let date = self.date(at);
        format!("{:04}-{:02}", date.year(), date.month())
    }
}
