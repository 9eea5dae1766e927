//! Deadlines as they are shown: how long is left, and how the due time was found.

use gongzhi_base::calendar::{Derivation as Found, Skip};
use gongzhi_base::dayrule::{Day as CalendarDay, Named, Period};
use gongzhi_base::{Span, Timestamp, Unit};
use gongzhi_kernel::Record;
use gongzhi_kernel::record::Clock;
use gongzhi_lang::model::{Deadline, Mechanism};
use gongzhi_service::State;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::words::{clause_link, say};
use crate::i18n::{Lang, t, t_with};
use crate::view::{Day, DayKind, Derivation, DerivationStep, Due, Link, Tone, format};

/// Days drawn at the most; longer limits are told by their steps alone.
const MAX_DAYS: i32 = 120;

/// A span in words: `5个工作日`.
pub fn span(lang: Lang, span: Span) -> String {
    let key = match span.unit {
        Unit::Minutes => "limit-minutes",
        Unit::Hours => "limit-hours",
        Unit::Days => "limit-days",
        Unit::WorkingDays => "limit-working-days",
        Unit::Months => "limit-months",
    };
    t_with(lang, key, [("n", i64::from(span.amount).into())])
}

/// A due time in short. `warns` is how long before it counts as soon.
pub fn due(lang: Lang, state: &State, at: Timestamp, now: Timestamp, warns: Option<Span>, why: &str) -> Due {
    let soon = warns.map_or(86_400, |span| i64::try_from(span.rough_minutes()).unwrap_or(1_440) * 60);
    let left = (at.0 - now.0).div_euclid(1_000);
    let mut due = format::due(lang, state.world.zone.told(at), state.world.zone.civil(now), soon, why);
    (due.relative, due.tone) = format::relative(lang, left, soon);
    due
}

/// The due time of one clock: as it runs, stands still, or was met.
pub fn clock_due(
    lang: Lang,
    state: &State,
    deadline: &Deadline,
    clock: &Clock,
    now: Timestamp,
    why: &str,
) -> Due {
    let mut shown = due(lang, state, clock.derivation.due, now, deadline.warns, why);
    if clock.paused.is_some() {
        shown.relative = t(lang, "clock-paused").into_owned();
        shown.tone = Tone::Paused;
    } else if clock.ended.is_some() {
        let kept = clock.late.is_none();
        let key = match (clock.met, kept) {
            (true, true) if deadline.moment => "clock-come",
            (true, true) => "clock-met",
            (true, false) => "clock-met-late",
            (false, _) => "clock-dropped",
        };
        shown.relative = t(lang, key).into_owned();
        shown.tone = if !kept {
            Tone::Late
        } else if clock.met {
            Tone::Good
        } else {
            Tone::Plain
        };
    }
    shown
}

/// The nearest running deadline of a record, with its name. A moment is due of nobody.
pub fn nearest<'r>(mechanism: &'r Mechanism, record: &'r Record) -> Option<(&'r Deadline, &'r Clock)> {
    let running = record.running().into_iter();
    let known = running.filter_map(|(name, clock)| Some((mechanism.deadline(name)?, clock)));
    let known = known.filter(|(deadline, _)| !deadline.moment);
    known.min_by_key(|(_, clock)| (clock.paused.is_some(), clock.derivation.due))
}

/// All deadlines of a record, running ones first; `first` before all others.
pub fn derivations(
    lang: Lang,
    state: &State,
    mechanism: &Mechanism,
    record: &Record,
    now: Timestamp,
    base: &str,
    first: Option<&str>,
) -> Vec<Derivation> {
    let mut clocks: Vec<(&Deadline, &Clock)> =
        record.clocks.iter().filter_map(|(name, clock)| Some((mechanism.deadline(name)?, clock))).collect();
    clocks.sort_by_key(|(deadline, clock)| {
        (Some(deadline.name.as_str()) != first, !clock.running(), clock.derivation.due)
    });
    clocks
        .into_iter()
        .map(|(deadline, clock)| {
            let why = format!("{base}/why/{}", deadline.name);
            derivation(lang, state, mechanism, record, deadline, clock, now, &why)
        })
        .collect()
}

#[expect(clippy::too_many_arguments, reason = "one sentence about one deadline needs all of these")]
fn derivation(
    lang: Lang,
    state: &State,
    mechanism: &Mechanism,
    record: &Record,
    deadline: &Deadline,
    clock: &Clock,
    now: Timestamp,
    why: &str,
) -> Derivation {
    let found = &clock.derivation;
    let zone = state.world.zone;
    let owner = mechanism
        .unit
        .as_deref()
        .and_then(|field| record.fields.get(field)?.text())
        .map(|code| super::names::unit(lang, state, code));
    let (label, href) = clause_link(lang, &deadline.clause).unwrap_or_default();
    let met = clock.ended.map(|at| {
        let key = match (clock.met, deadline.moment) {
            (true, false) => "clock-ended-met",
            (true, true) => "clock-ended-come",
            (false, _) => "clock-ended-dropped",
        };
        t_with(lang, key, [("x", format::moment(lang, zone.civil(at), zone.civil(now).year()).into())])
    });
    let version = match found.unknown_years.as_slice() {
        [] => t_with(
            lang,
            "why-version",
            [("x", say(lang, &mechanism.words).into()), ("n", mechanism.version.into())],
        ),
        [year, ..] => t_with(lang, "why-unknown-year", [("x", year.to_string().into())]),
    };
    Derivation {
        title: say(lang, &deadline.words),
        owner: owner.filter(|_| clock.running()).unwrap_or_default(),
        due: clock_due(lang, state, deadline, clock, now, why),
        rule: match &found.named {
            Some(rule) => named(lang, rule),
            None => span(lang, found.span),
        },
        clause: Link::new(label, href),
        quote: if lang == Lang::Zh { deadline.clause.basis.clone() } else { String::new() },
        steps: steps(lang, state, deadline, clock, now),
        days: days(lang, state, found),
        version,
        met: met.unwrap_or_default(),
    }
}

/// A rule that names a day, in words: `5 Nov 2026`, `the last working day of Nov 2026`.
fn named(lang: Lang, found: &Named) -> String {
    let (base, rule) = (found.base, found.rule);
    let year = base.year().to_string();
    let period = match rule.period {
        Period::Week => t_with(lang, "period-week", [("x", format::full_day(lang, base).into())]),
        Period::Month => format::month(lang, base),
        Period::Quarter => {
            let quarter = i64::from(base.month() - 1) / 3 + 1;
            t_with(lang, "period-quarter", [("y", year.into()), ("n", quarter.into())])
        }
        Period::Year => t_with(lang, "period-year", [("y", year.into())]),
    };
    let of = |key, n: u16| t_with(lang, key, [("x", period.clone().into()), ("n", i64::from(n).into())]);
    let day = match rule.day {
        CalendarDay::Nth(n) => of("day-nth", n),
        CalendarDay::NthWorking(n) => of("day-working", n),
        CalendarDay::Last => of("day-last", 0),
        CalendarDay::LastWorking => of("day-last-working", 0),
        CalendarDay::Given => format::full_day(lang, base),
    };
    match rule.before {
        Some(before) => {
            let pairs = [("x", day.into()), ("y", span(lang, before).into())];
            t_with(lang, "day-before", pairs)
        }
        None => day,
    }
}

fn steps(
    lang: Lang,
    state: &State,
    deadline: &Deadline,
    clock: &Clock,
    now: Timestamp,
) -> Vec<DerivationStep> {
    let found = &clock.derivation;
    let zone = state.world.zone;
    let year = zone.civil(now).year();
    let moment = |at: Timestamp| format::moment(lang, zone.civil(at), year);
    let step = |when: String, text: String, tone: Tone| DerivationStep { when, text, clause: None, tone };
    let by_day = !matches!(found.span.unit, Unit::Minutes | Unit::Hours);
    let start = match (&found.named, by_day) {
        (Some(_), _) => "why-start-named",
        (None, true) => "why-start-days",
        (None, false) => "why-start-clock",
    };
    let mut steps = vec![step(moment(found.start), t(lang, start).into_owned(), Tone::Plain)];
    for (from, to) in &found.pauses {
        let text = t_with(lang, "why-pause", [("x", moment(*to).into())]);
        steps.push(step(moment(*from), text, Tone::Paused));
    }
    if let Some(since) = clock.paused {
        steps.push(step(moment(since), t(lang, "why-paused-now").into_owned(), Tone::Paused));
    }
    if !found.skipped.is_empty() {
        let text = t_with(lang, "why-skipped", [("n", (found.skipped.len() as i64).into())]);
        steps.push(step(String::new(), format!("{text}{}", skipped(lang, found)), Tone::Info));
    }
    if clock.extended > 0 {
        let text = t_with(lang, "why-extended", [("n", i64::from(clock.extended).into())]);
        steps.push(step(String::new(), text, Tone::Info));
    }
    let end = format::moment(lang, state.world.zone.told(found.due), year);
    let key = if deadline.moment { "why-end-moment" } else { "why-end" };
    steps.push(step(end, t(lang, key).into_owned(), Tone::Plain));
    steps
}

/// The skipped days with their reasons, runs of the same reason together.
fn skipped(lang: Lang, found: &Found) -> String {
    let mut runs: Vec<(Date, Date, &Skip)> = Vec::new();
    for (date, skip) in &found.skipped {
        match runs.last_mut() {
            Some((_, last, known)) if *known == skip && last.checked_add(1.day()).ok() == Some(*date) => {
                *last = *date
            }
            _ => runs.push((*date, *date, skip)),
        }
    }
    let told = runs.into_iter().map(|(first, last, skip)| {
        let days = match first == last {
            true => format::day(lang, first),
            false => format!("{}–{}", format::day(lang, first), format::day(lang, last)),
        };
        format!("{days} {}", reason(lang, skip))
    });
    told.collect::<Vec<_>>().join(&t(lang, "list-comma"))
}

fn reason(lang: Lang, skip: &Skip) -> String {
    match skip {
        Skip::Weekend => t(lang, "why-weekend").into_owned(),
        Skip::Holiday(name) => say(lang, name),
        Skip::Pause => t(lang, "why-standing").into_owned(),
    }
}

/// The days from start to end, for limits counted in days.
fn days(lang: Lang, state: &State, found: &Found) -> Vec<Day> {
    if !matches!(found.span.unit, Unit::Days | Unit::WorkingDays) || found.named.is_some() {
        return Vec::new();
    }
    let zone = state.world.zone;
    let (first, last) = (zone.date(found.start), zone.date(found.due.plus_millis(-1)));
    if first.until(last).map_or(i32::MAX, |span| span.get_days()) > MAX_DAYS {
        return Vec::new();
    }
    let mut counted = 0;
    let mut days = Vec::new();
    let mut date = first;
    while date <= last {
        let skip = found.skipped.iter().find(|(day, _)| *day == date).map(|(_, skip)| skip);
        let (kind, note) = match skip {
            _ if date == first => (DayKind::Start, t(lang, "why-day-start").into_owned()),
            Some(Skip::Pause) => (DayKind::Paused, reason(lang, &Skip::Pause)),
            Some(skip) => (DayKind::Skipped, reason(lang, skip)),
            None => {
                counted += 1;
                let kind = if date == last { DayKind::Due } else { DayKind::Counted };
                (kind, t_with(lang, "why-day-n", [("n", counted.into())]))
            }
        };
        let label =
            if date == first || date.day() == 1 { format::day(lang, date) } else { date.day().to_string() };
        let weekday = date.weekday().to_monday_one_offset().unsigned_abs();
        days.push(Day { label, iso: date.to_string(), weekday, kind, note });
        match date.checked_add(1.day()) {
            Ok(next) => date = next,
            Err(_) => break,
        }
    }
    days
}
