//! Deadlines, indicators and duplicates.

use crate::ast::{Deadline, Duplicates, Indicator, Measure};
use crate::checks::{harmful, wrong_value};
use crate::diagnostic::Faults;
use crate::model::{Lapse, Target};
use crate::source::Word;
use crate::yaml::Node;

use super::read::{self, Entry, Map};
use super::step::clause;

/// Reads one deadline.
pub fn deadline(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Deadline> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let starts = map.require("starts", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let then = map.text("then", faults);
    let ends = match then {
        Some(_) => map.take("ends", faults),
        None => map.require("ends", faults),
    };
    let ends = ends.map(|node| read::texts(node, faults)).unwrap_or_default();
    let due = map.take("due", faults);
    let within = match due {
        Some(_) => map.take("within", faults),
        None => map.require("within", faults),
    };
    if let (Some(_), Some(within)) = (due, within) {
        faults.add(crate::checks::calendar_day::both(within.at));
    }
    let due = due.and_then(|node| super::calendar::due(node, source, faults));
    let within = within.and_then(|node| read::span_or_code(node, source, faults));
    let pauses = map.take("pauses", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let reminder = map.take("warns", faults);
    let warns = reminder.and_then(|node| read::span(node, faults));
    let late = map.text("late", faults);
    if let Some(late) = late.as_ref().filter(|_| then.is_some()) {
        faults.add(crate::checks::deadline_late::no_limit(entry.key, late.at));
    }
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Deadline {
        name: entry.key.clone(),
        words,
        starts,
        ends,
        within,
        due,
        pauses,
        warns,
        late,
        then,
        clause,
    })
}

/// Reads one indicator.
pub fn indicator(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Indicator> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let measure = measure(&mut map, entry, source, faults);
    let at = map.text("at", faults);
    let by = map.take("by", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let target = map.text("target", faults).and_then(|word| target(&word, faults));
    if let Some(about) = map.text("about", faults)
        && about.value != "work"
    {
        faults.add(harmful::about(&about));
    }
    let clause = clause(entry, &mut map, faults);
    map.explain(faults);
    map.finish(faults);
    Some(Indicator { name: entry.key.clone(), words, measure, at, by, target, clause })
}

fn measure(map: &mut Map<'_>, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Measure> {
    let count = map.take("count", faults);
    let sum = map.take("sum", faults);
    let ratio = map.take("ratio", faults);
    let percentile = map.take("percentile", faults);
    let code = |node: &Node, faults: &mut Faults| read::code(node, source, faults);
    if [count, sum, ratio, percentile].into_iter().flatten().count() != 1 {
        faults.add(wrong_value::one_measure(entry.key));
    }
    if let Some(node) = count {
        return code(node, faults).map(Measure::Count);
    }
    if let Some(node) = sum {
        return code(node, faults).map(Measure::Sum);
    }
    if let Some(node) = percentile {
        return self::percentile(node, entry, source, faults);
    }
    let mut map = Map::open(ratio?, entry.key.at, entry.clause, faults)?;
    let of = map.require("of", faults).and_then(|node| code(node, faults));
    let to = map.require("to", faults).and_then(|node| code(node, faults));
    map.finish(faults);
    Some(Measure::Ratio { of: of?, to: to? })
}

/// `{ from: opened, to: answered_at, points: [50, 90], in: hours }`.
fn percentile(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Measure> {
    let mut map = Map::open(node, entry.key.at, entry.clause, faults)?;
    let from = map.require("from", faults).and_then(|node| read::code(node, source, faults));
    let to = map.require("to", faults).and_then(|node| read::code(node, source, faults));
    let points = map.require("points", faults).map(|node| points(node, faults)).unwrap_or_default();
    let units = [("hours", Lapse::Hours), ("working-days", Lapse::WorkingDays)];
    let unit = map.text("in", faults).map_or(Some(Lapse::Hours), |word| read::one_of(&word, &units, faults));
    map.finish(faults);
    Some(Measure::Percentile { from: from?, to: to?, points, unit: unit? })
}

/// Points of a percentile: from 1 to 99, each greater than the one before.
fn points(node: &Node, faults: &mut Faults) -> Vec<u8> {
    let mut points: Vec<u8> = Vec::new();
    if read::items(node).is_empty() {
        faults.add(wrong_value::expected("kind.points", node.at));
    }
    for item in read::items(node) {
        let Some(point) = read::number(item, 1, 99, faults) else { continue };
        // Within the range just checked.
        let value = point.value as u8;
        if points.last().is_some_and(|last| *last >= value) {
            faults.add(wrong_value::expected("kind.points", point.at));
        }
        points.push(value);
    }
    points
}

/// `>= 95%`, `<= 2.5`.
fn target(word: &Word, faults: &mut Faults) -> Option<Target> {
    let read = || {
        let text = word.text().trim().trim_end_matches('%').trim_end();
        let (at_least, number) = match text.strip_prefix(">=") {
            Some(number) => (true, number),
            None => (false, text.strip_prefix("<=")?),
        };
        let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
        let digits = |text: &str| text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
        (!whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() <= 3).then_some(())?;
        let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
        Some(Target { at_least, thousandths })
    };
    let target = read();
    if target.is_none() {
        faults.add(wrong_value::expected("kind.target", word.at));
    }
    target
}

/// Reads how duplicates are found.
pub fn duplicates(node: &Node, entry: &Entry<'_>, faults: &mut Faults) -> Option<Duplicates> {
    let mut map = Map::open(node, entry.key.at, entry.clause, faults)?;
    let words = map.required_text("words", faults);
    let point = map.text("point", faults);
    let days = map.require("days", faults).and_then(|node| read::number(node, 1, 3_650, faults));
    let metres = map.take("metres", faults).and_then(|node| read::number(node, 1, 100_000, faults));
    let into = map.text("into", faults);
    map.finish(faults);
    Some(Duplicates {
        at: entry.key.at,
        words: words?,
        point,
        days: days?.value as u32,
        metres: metres.map_or(0, |metres| metres.value as u32),
        into,
    })
}
