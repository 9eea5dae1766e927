//! Numbers, dates and spans of time as people read them. Times are local civil times of the county; the clock is given, never read.

use fluent_bundle::FluentValue;
use jiff::civil::{Date, DateTime};

use super::{Due, Tone};
use crate::i18n::{Lang, t, t_with};

/// A day without its year: `11月23日`, `23 Nov`.
pub fn day(lang: Lang, date: Date) -> String {
    match lang {
        Lang::Zh => format!("{}月{}日", date.month(), date.day()),
        Lang::En => format!("{} {}", date.day(), t(lang, &format!("month-{}", date.month()))),
    }
}

/// A day with its year: `2026年11月23日`, `23 Nov 2026`.
pub fn full_day(lang: Lang, date: Date) -> String {
    match lang {
        Lang::Zh => format!("{}年{}", date.year(), day(lang, date)),
        Lang::En => format!("{} {}", day(lang, date), date.year()),
    }
}

/// A month: `2026年11月`, `Nov 2026`.
pub fn month(lang: Lang, date: Date) -> String {
    match lang {
        Lang::Zh => format!("{}年{}月", date.year(), date.month()),
        Lang::En => format!("{} {}", t(lang, &format!("month-{}", date.month())), date.year()),
    }
}

/// The day of the week: `周一`, `Mon`.
pub fn weekday(lang: Lang, date: Date) -> String {
    let number = date.weekday().to_monday_one_offset();
    t(lang, &format!("weekday-{number}")).into_owned()
}

/// A moment; the year is told only when it is not `this_year`: `11月23日 14:30`, `23 Nov 14:30`.
pub fn moment(lang: Lang, at: DateTime, this_year: i16) -> String {
    let date = if at.year() == this_year { day(lang, at.date()) } else { full_day(lang, at.date()) };
    format!("{date} {:02}:{:02}", at.hour(), at.minute())
}

/// A moment for the `datetime` attribute: `2026-11-23T14:30`.
pub fn iso(at: DateTime) -> String {
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// A span in its one telling unit: minutes under an hour, hours under two days, days from there on. Rounded down, so that a promise is
/// never made longer than it is.
pub fn span(lang: Lang, seconds: i64) -> String {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    let seconds = seconds.abs();
    let (key, n) = if seconds < HOUR {
        ("span-minutes", seconds / 60)
    } else if seconds < 2 * DAY {
        ("span-hours", seconds / HOUR)
    } else {
        ("span-days", seconds / DAY)
    };
    t_with(lang, key, [("n", FluentValue::from(n))])
}

/// How far a deadline is away, with its tone: late from the first minute, soon within `soon_seconds`.
pub fn relative(lang: Lang, seconds_left: i64, soon_seconds: i64) -> (String, Tone) {
    let amount = span(lang, seconds_left);
    let say = |key| t_with(lang, key, [("x", FluentValue::from(amount.as_str()))]);
    if seconds_left < 0 {
        (say("due-late"), Tone::Late)
    } else if seconds_left < soon_seconds {
        (say("due-left"), Tone::Soon)
    } else {
        (say("due-left"), Tone::Plain)
    }
}

/// A deadline as it is shown everywhere. `now` and `at` are civil times of the same zone.
pub fn due(lang: Lang, at: DateTime, now: DateTime, soon_seconds: i64, why: &str) -> Due {
    let left = now.duration_until(at).as_secs();
    let (relative, tone) = relative(lang, left, soon_seconds);
    Due { at: moment(lang, at, now.year()), iso: iso(at), relative, tone, why: why.to_owned() }
}

/// A whole number with its thousands apart: `12,345`.
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A ratio in per cent with one decimal, rounded down so that 99.96 % is not shown as all: `98.4%`. Nothing to divide by is a dash.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = u128::from(part) * 1_000 / u128::from(whole);
    if tenths.is_multiple_of(10) {
        format!("{}%", tenths / 10)
    } else {
        format!("{}.{}%", tenths / 10, tenths % 10)
    }
}

/// An amount of fen in yuan: `1,234.50`.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "−" } else { "" };
    let whole = i64::try_from(fen.unsigned_abs() / 100).unwrap_or(i64::MAX);
    format!("{sign}{}.{:02}", number(whole), fen.unsigned_abs() % 100)
}

/// A size of a file: `820 KB`, `1.2 MB`.
pub fn bytes(n: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = 1_000 * KB;
    if n < MB {
        format!("{} KB", n.div_ceil(KB))
    } else {
        let tenths = n.div_ceil(MB / 10);
        format!("{}.{} MB", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn moments_read_as_people_write_them() {
        let at = date(2026, 11, 23).at(14, 5, 0, 0);
        assert_eq!(moment(Lang::Zh, at, 2026), "11月23日 14:05");
        assert_eq!(moment(Lang::En, at, 2026), "23 Nov 14:05");
        assert_eq!(moment(Lang::Zh, at, 2027), "2026年11月23日 14:05");
        assert_eq!(iso(at), "2026-11-23T14:05");
        assert_eq!(weekday(Lang::En, at.date()), "Mon");
    }

    #[test]
    fn deadlines_say_how_far_away_they_are() {
        const HOUR: i64 = 3_600;
        let cases = [
            (-3 * HOUR, "3 h late", Tone::Late),
            (-1, "0 min late", Tone::Late),
            (5 * HOUR, "5 h left", Tone::Soon),
            (49 * HOUR, "2 days left", Tone::Plain),
            (25 * HOUR, "25 h left", Tone::Plain),
        ];
        for (left, text, tone) in cases {
            assert_eq!(relative(Lang::En, left, 24 * HOUR), (text.to_owned(), tone));
        }
        let now = date(2026, 11, 23).at(9, 0, 0, 0);
        let due = due(Lang::Zh, date(2026, 11, 26).at(9, 0, 0, 0), now, HOUR, "/why");
        assert_eq!((due.relative.as_str(), due.tone), ("还剩 3 天", Tone::Plain));
    }

    #[test]
    fn numbers_are_grouped_and_ratios_rounded_down() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(-1_000), "−1,000");
        assert_eq!(number(999), "999");
        assert_eq!(percent(354, 356), "99.4%");
        assert_eq!(percent(9_999, 10_000), "99.9%");
        assert_eq!(percent(5, 5), "100%");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(yuan(123_450), "1,234.50");
        assert_eq!(yuan(-5), "−0.05");
        assert_eq!(bytes(1_150_000), "1.2 MB");
    }
}
