//! What a step does to a record's deadlines: start, meet, drop, pause, resume, extend.

use gongzhi_base::calendar::Derivation;
use gongzhi_base::{Timestamp, Value};
use gongzhi_lang::model::{Deadline, Limit, Step};

use crate::decide::is_open;
use crate::eval::Scope;
use crate::event::ClockChange;

/// The changes of all deadlines by a step. The scope's record is already in the state after.
pub fn changes(scope: &Scope<'_>, step: &Step, before: &str) -> Vec<(String, ClockChange)> {
    let record = scope.record;
    let mechanism = scope.mechanism;
    let closed = !is_open(mechanism, &record.state);
    let mut changes = Vec::new();
    for deadline in &mechanism.deadlines {
        let running = record.clocks.get(&deadline.name).filter(|clock| clock.running());
        let mut push = |change| changes.push((deadline.name.clone(), change));
        if deadline.starts.contains(&step.name)
            && !closed
            && let Some(derivation) = begun(scope, &deadline.limit)
            && !(derivation.due <= scope.now && passes(scope, deadline, step))
        {
            push(ClockChange::Started(derivation));
            if deadline.pauses.contains(&record.state) {
                push(ClockChange::Paused);
            }
            continue;
        }
        let Some(clock) = running else { continue };
        if deadline.ends.contains(&step.name) {
            push(ClockChange::Met);
            continue;
        }
        if closed {
            push(ClockChange::Dropped);
            continue;
        }
        let stands = deadline.pauses.contains(&record.state);
        let stood = deadline.pauses.iter().any(|state| state == before);
        match (clock.paused, stands) {
            (None, true) => push(ClockChange::Paused),
            (Some(since), false) if stood => {
                let mut pauses = clock.derivation.pauses.clone();
                pauses.push((since, scope.now));
                let old = &clock.derivation;
                let due = scope.world.calendar.due(scope.world.zone, old.start, old.span, &pauses);
                push(ClockChange::Resumed(due));
            }
            _ => {}
        }
        if let Some(extends) = &step.extends
            && extends.deadline == deadline.name
            && let Some(Value::Span(by)) = scope.eval(&extends.by)
        {
            push(ClockChange::Extended(extended(scope, clock.derivation.clone(), by)));
        }
    }
    changes
}

/// Whether a deadline passes at this very moment: begun again in the past it would begin and pass for ever.
fn passes(scope: &Scope<'_>, deadline: &Deadline, step: &Step) -> bool {
    let clock = scope.record.clocks.get(&deadline.name);
    deadline.late.as_ref() == Some(&step.name)
        || clock.is_some_and(|clock| clock.late == Some(scope.now))
        || clock.is_some_and(|clock| deadline.moment && clock.ended == Some(scope.now))
}

/// When a deadline that starts now ends; `None` where the record does not tell.
fn begun(scope: &Scope<'_>, limit: &Limit) -> Option<Derivation> {
    let (calendar, zone) = (&scope.world.calendar, scope.world.zone);
    match limit {
        Limit::Within(span) => match scope.eval(span)? {
            Value::Span(span) => Some(calendar.due(zone, scope.now, span, &[])),
            _ => None,
        },
        Limit::Due(due) => {
            let base = match &due.base {
                None => zone.date(scope.now),
                Some(date) => match scope.eval(date)? {
                    Value::Date(date) => date,
                    _ => return None,
                },
            };
            Some(calendar.on(zone, scope.now, due.rule, base))
        }
    }
}

/// A running deadline moved by a span. In the same unit the spans add up and the whole is counted
/// anew from the start; in another unit the extension is counted from the old due time.
fn extended(scope: &Scope<'_>, old: Derivation, by: gongzhi_base::Span) -> Derivation {
    let calendar = &scope.world.calendar;
    let zone = scope.world.zone;
    if old.span.unit == by.unit && old.named.is_none() {
        let span = gongzhi_base::Span::new(old.span.amount.saturating_add(by.amount), by.unit);
        return calendar.due(zone, old.start, span, &old.pauses);
    }
    // A due time is the first moment after the last day: count from that last day.
    let from = Timestamp(old.due.0 - 1);
    let added = calendar.due(zone, from, by, &[]);
    Derivation {
        start: old.start,
        span: old.span,
        skipped: old.skipped.into_iter().chain(added.skipped).collect(),
        pauses: old.pauses,
        unknown_years: added.unknown_years,
        due: added.due,
        named: old.named,
    }
}
