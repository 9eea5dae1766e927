//! Days of the calendar, and records that open by themselves.

use gongzhi_base::dayrule::{Day, DayRule, Period};

use crate::ast::{Due, Previous, Recurs};
use crate::checks::{calendar_day, recurrence, wrong_value};
use crate::diagnostic::Faults;
use crate::source::Word;
use crate::yaml::Node;

use super::read::{self, Entry, Map};
use super::step::{clause, pairs};

/// `day 5 of month`, `last working-day of quarter`, `3 working-days before due_date`, or a date's expression.
pub fn due(node: &Node, source: &str, faults: &mut Faults) -> Option<Due> {
    let word = read::text(node, faults)?;
    let (before, rest) = match word.text().split_once(" before ") {
        Some((span, rest)) => {
            let span = read::span_of(span).filter(|span| {
                matches!(span.unit, gongzhi_base::Unit::Days | gongzhi_base::Unit::WorkingDays)
            });
            if span.is_none() {
                faults.add(wrong_value::expected("kind.span", node.at));
            }
            (Some(span?), rest.trim())
        }
        None => (None, word.text().trim()),
    };
    let text = word.value.clone();
    if let Some((day, of)) = rest.split_once(" of ") {
        let Some(day) = day_of(day) else {
            faults.add(calendar_day::phrase(node.at, day.trim()));
            return None;
        };
        let of = of.trim();
        let known = Period::ALL.into_iter().find(|period| period.word() == of);
        let rule = DayRule { day, period: known.unwrap_or(Period::Month), before };
        // `month` may also be the name of a field: then that month is meant.
        let of = (known.is_none() || known == Some(Period::Month)).then(|| Word::new(of.to_owned(), node.at));
        return Some(Due { at: node.at, text, rule, of, date: None });
    }
    let rule = DayRule { day: Day::Given, period: Period::Month, before };
    let date = read::code_of(&Word::new(rest.to_owned(), node.at), node, source, faults)?;
    Some(Due { at: node.at, text, rule, of: None, date: Some(date) })
}

/// `day 5`, `working-day 1`, `last day`, `last working-day`.
fn day_of(text: &str) -> Option<Day> {
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|n| (1..=366).contains(n));
    match text.trim() {
        "last day" => Some(Day::Last),
        "last working-day" => Some(Day::LastWorking),
        text => match text.strip_prefix("working-day ") {
            Some(n) => number(n).map(Day::NthWorking),
            None => number(text.strip_prefix("day ")?).map(Day::Nth),
        },
    }
}

/// Reads `opens` of a mechanism.
pub fn recurs(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Recurs> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let periods = Period::ALL.map(|period| (period.word(), period));
    let every = map.required_text("every", faults).and_then(|word| read::one_of(&word, &periods, faults));
    let on = match map.text("on", faults) {
        None => Some(Day::Nth(1)),
        Some(word) => {
            let day = day_of(word.text());
            if day.is_none() {
                faults.add(recurrence::day(&word));
            }
            day
        }
    };
    let step = map.required_text("step", faults);
    let for_each = map.text("for-each", faults);
    let item_as = map.text("as", faults);
    let when = map.take("when", faults).and_then(|node| read::code(node, source, faults));
    let period = map.text("period", faults);
    let missed = map.text("missed", faults);
    let all_missed = missed.and_then(|word| read::one_of(&word, &[("all", true), ("newest", false)], faults));
    let with = map.take("with", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
    let at = entry.key.at;
    let before = map.take("previous", faults);
    let previous = before.and_then(|node| previous(node, at, entry, source, faults));
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Recurs {
        at: entry.key.at,
        every: every?,
        // A day that could not be read has been told; the rest is looked at all the same.
        on: on.unwrap_or(Day::Nth(1)),
        step: step?,
        source: for_each,
        item_as,
        when,
        period,
        all_missed: all_missed.unwrap_or(false),
        with,
        previous,
        clause,
    })
}

/// Reads `previous` of a recurrence.
fn previous(
    node: &Node,
    at: crate::source::At,
    entry: &Entry<'_>,
    source: &str,
    faults: &mut Faults,
) -> Option<Previous> {
    let mut map = Map::open(node, at, entry.clause, faults)?;
    let item_as = map.required_text("as", faults);
    let when = map.take("when", faults).and_then(|node| read::code(node, source, faults));
    let with = map.take("with", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
    map.finish(faults);
    Some(Previous { item_as: item_as?, when, with })
}
