//! Dates as people and spreadsheets write them.

use jiff::civil::Date;

use crate::sheet::folded;

/// A day from its text: `2026-03-01`, `2026/3/1`, `2026.3.1`, `2026年3月1日` or `20260301`. A time of day behind it is
/// left out. Full-width digits are read too. What leaves the order of month and day open (`3/1/2026`) is no date, and
/// neither is a bare number: a cell formatted as a date comes as its text, and any other number may mean anything.
pub fn read(text: &str) -> Option<Date> {
    let text = folded(text);
    let text = text.split_once('t').map_or(text.as_str(), |(day, _)| day);
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return day(&text[..4], &text[4..6], &text[6..]);
    }
    let text = text.strip_suffix('日').or_else(|| text.strip_suffix('号')).unwrap_or(text);
    let mut parts = text.split(['-', '/', '.', '年', '月', '—', '–']);
    let (year, month, last) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    day(year, month, last)
}

fn day(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let day = Date::constant(2026, 3, 1);
        for text in [
            "2026-03-01",
            "2026/3/1",
            "2026.3.1",
            "2026年3月1日",
            "２０２６年３月１日",
            "20260301",
            "2026-03-01T08:30:00",
            " 2026 - 3 - 1 ",
        ] {
            assert_eq!(read(text), Some(day), "{text}");
        }
        for text in [
            "3/1/2026",
            "2026-13-01",
            "2026-02-30",
            "26-3-1",
            "明年三月",
            "",
            "12",
            "2026-3",
            "46082",
            "99999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
