//! Numbers of records: `{yyyy}`, `{mm}`, `{dd}` and one running `{n:WIDTH}` a year, as a document words
//! them.

use jiff::civil::Date;

/// The number that a form gives on a day.
pub fn write(form: &str, date: Date, n: u64) -> String {
    let mut number = dated(form, date);
    for width in 1..=9 {
        number = number.replace(&format!("{{n:{width}}}"), &format!("{n:0width$}"));
    }
    number
}

/// The running part of a number that the form gave on a day; `None` if it is of another form.
pub fn read(form: &str, date: Date, number: &str) -> Option<u64> {
    let form = dated(form, date);
    let (before, rest) = form.split_once("{n:")?;
    let (_, after) = rest.split_once('}')?;
    let digits = number.strip_prefix(before)?.strip_suffix(after)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Whether a text could be a number of a form, by how it begins: looking one up in vain is not for free. What
/// is numbered under its parent begins as the parent does.
pub fn may_be(form: &str, text: &str) -> bool {
    let (before, placed) = form.split_once('{').unwrap_or((form, ""));
    let digits = !placed.starts_with("parent}");
    match text.strip_prefix(before) {
        Some(rest) => digits && (placed.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit())),
        None => false,
    }
}

fn dated(form: &str, date: Date) -> String {
    form.replace("{yyyy}", &format!("{:04}", date.year()))
        .replace("{mm}", &format!("{:02}", date.month()))
        .replace("{dd}", &format!("{:02}", date.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(n in any::<u64>(), width in 1usize..10, month in 1i8..13, day in 1i8..29) {
            let date = Date::new(2026, month, day).expect("a date");
            for form in ["{yyyy}-{n:W}", "{n:W}", "A{yyyy}{mm}{dd}{n:W}/x", "{mm}{n:W}"] {
                let form = form.replace('W', &width.to_string());
                prop_assert_eq!(read(&form, date, &write(&form, date, n)), Some(n), "{}", form);
                prop_assert!(may_be(&form, &write(&form, date, n)), "{}", form);
            }
        }
    }

    #[test]
    fn words_are_not_looked_up_as_numbers() {
        for (form, text) in
            [("W{yyyy}-{n:6}", "路灯"), ("W{yyyy}-{n:6}", "Water"), ("{parent}.{n}", "3.1"), ("W{yyyy}", "")]
        {
            assert!(!may_be(form, text), "{text} under {form}");
        }
        assert!(may_be("W{yyyy}-{n:6}", "W2026-000001.2"), "a part's number begins as its parent's");
    }

    #[test]
    fn another_form_is_no_number() {
        let date = Date::new(2026, 3, 4).expect("a date");
        for bad in ["2025-000001", "2026-", "2026-x", "", "2026-+1"] {
            assert_eq!(read("{yyyy}-{n:6}", date, bad), None, "{bad}");
        }
        assert_eq!(read("{yyyy}", date, "2026"), None, "a form without a running part");
    }
}
