//! Lengths of time as laws and rules state them: `24 h`, `15 days`, `5 working-days`.

use std::fmt;
use std::str::FromStr;

/// The unit in which a time limit is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Clock minutes.
    Minutes,
    /// Clock hours (小时).
    Hours,
    /// Natural days (自然日): the start day does not count; a last day on a holiday moves on.
    Days,
    /// Working days (工作日): holidays and weekends do not count, make-up workdays do.
    WorkingDays,
    /// Calendar months.
    Months,
}

/// A length of time: an amount of one unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    pub amount: u32,
    pub unit: Unit,
}

impl Span {
    /// The longest amount of any unit; longer ones are surely typing errors.
    pub const MAX: u32 = 10_000;

    /// A length of `amount` of `unit`.
    pub const fn new(amount: u32, unit: Unit) -> Span {
        Span { amount, unit }
    }

    /// A rough length in minutes, only for comparing and sorting spans.
    pub fn rough_minutes(self) -> u64 {
        let each = match self.unit {
            Unit::Minutes => 1,
            Unit::Hours => 60,
            Unit::Days => 1_440,
            Unit::WorkingDays => 2_016,
            Unit::Months => 43_200,
        };
        u64::from(self.amount) * each
    }
}

impl Unit {
    /// The unit's word in documents and data files.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Minutes => "min",
            Unit::Hours => "h",
            Unit::Days => "days",
            Unit::WorkingDays => "working-days",
            Unit::Months => "months",
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.word())
    }
}

/// Text that is no length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadSpan;

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Span, BadSpan> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(BadSpan)?;
        let amount: u32 = text[..digits].parse().map_err(|_| BadSpan)?;
        if amount > Span::MAX {
            return Err(BadSpan);
        }
        let unit = match text[digits..].trim() {
            "min" | "minute" | "minutes" => Unit::Minutes,
            "h" | "hour" | "hours" => Unit::Hours,
            "day" | "days" | "d" => Unit::Days,
            "working-day" | "working-days" | "wd" => Unit::WorkingDays,
            "month" | "months" => Unit::Months,
            _ => return Err(BadSpan),
        };
        Ok(Span { amount, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_what_they_write() {
        for text in ["24 h", "15 days", "5 working-days", "30 min", "2 months"] {
            assert_eq!(text.parse::<Span>().map(|s| s.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("1day".parse(), Ok(Span::new(1, Unit::Days)));
        for bad in ["", "h", "3", "3 weeks", "-1 h", "99999 h"] {
            assert_eq!(bad.parse::<Span>(), Err(BadSpan), "{bad}");
        }
    }
}
