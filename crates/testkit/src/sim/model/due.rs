//! Deadlines as the simulator believes them: each fires once, in its time, and what is to follow follows.

use std::collections::VecDeque;
use std::collections::btree_map::Entry;

use gongzhi_base::calendar::Derivation;
use gongzhi_base::{RecordId, Timestamp, Unit};
use gongzhi_kernel::event::ClockChange;
use gongzhi_kernel::{Acted, Deed, Event};
use gongzhi_lang::model::{Deadline, Mechanism};

use super::{Known, Model, Run, Violation, broken};

/// Late steps that a record's deadlines ask for.
#[derive(Default)]
pub struct Must {
    pub steps: VecDeque<String>,
    /// Whether one of them has been taken.
    begun: bool,
}

impl Model {
    /// Begins the events of one command.
    pub fn begin(&mut self) {
        self.must.clear();
        self.settled.clear();
    }

    /// Ends the events of one command: what had to follow has followed.
    pub fn end(&mut self) -> Result<(), Violation> {
        for id in self.must.keys().copied().collect::<Vec<_>>() {
            if let Some(step) = self.owed(id) {
                return Err(broken(id, format!("`{step}` had to follow a deadline's passing")));
            }
        }
        Ok(())
    }

    /// The next late step that has to be taken of a record: those that cannot be any more are let go.
    fn owed(&mut self, id: RecordId) -> Option<String> {
        let known = self.records.get(&id)?;
        let law = self.law(known)?.clone();
        let state = known.state.clone();
        let must = self.must.get_mut(&id)?;
        while let Some(name) = must.steps.front() {
            if law.step(name).is_some_and(|step| step.from.contains(&state)) {
                return Some(name.clone());
            }
            must.steps.pop_front();
        }
        self.must.remove(&id);
        None
    }

    /// Late steps follow the passing of their deadlines, in any order; the first at once, the others after what
    /// follows from it.
    pub(super) fn follows(&mut self, id: RecordId, event: &Event) -> Result<(), Violation> {
        if matches!(event.deed, Deed::Passed { late: true, .. }) {
            return Ok(());
        }
        let Some(owed) = self.owed(id) else { return Ok(()) };
        let law = self.records.get(&id).and_then(|known| self.law(known)).cloned();
        let Some(must) = self.must.get_mut(&id) else { return Ok(()) };
        let taken = match &event.deed {
            Deed::Step(taken) if event.by == Acted::System => {
                must.steps.iter().position(|step| *step == taken.step)
            }
            _ => None,
        };
        let own = |step: &str| law.as_ref().is_some_and(|law| moments_of(law, step).next().is_some());
        let ends = matches!(&event.deed, Deed::Step(taken) if own(&taken.step));
        match taken {
            Some(at) => {
                must.steps.remove(at);
                must.begun = true;
            }
            // A moment that was due with them, and what follows from their steps.
            None if event.by == Acted::System && (must.begun || ends) => must.begun = true,
            None => return Err(broken(id, format!("`{owed}` had to follow a deadline's passing"))),
        }
        Ok(())
    }

    /// All that was due by a time has fired: called after every round of timers that went through.
    pub fn fired_all(&mut self, now: Timestamp) -> Result<(), Violation> {
        for id in &self.running {
            for (name, run) in self.records[id].runs.iter().filter(|(_, run)| !run.ended && !run.paused) {
                self.checks += 1;
                // By a clock that lies behind, what began at the time of the last entry has not come.
                if now >= run.due.max(run.since) && !run.late {
                    return Err(broken(
                        *id,
                        format!("`{name}` was due at {} and did not fire", run.due.rfc3339()),
                    ));
                }
                if run.warn.is_some_and(|at| now >= at) && !run.warned {
                    return Err(broken(*id, format!("the reminder of `{name}` did not come")));
                }
            }
        }
        Ok(())
    }
}

/// The moments whose own step this is.
fn moments_of<'m>(law: &'m Mechanism, step: &'m str) -> impl Iterator<Item = &'m Deadline> {
    law.deadlines.iter().filter(move |rule| rule.moment && rule.late.as_deref() == Some(step))
}

/// A moment is noted by its own step: what was due later may end by it.
pub fn moments(law: &Mechanism, known: &Known, step: &str, settled: Entry<'_, RecordId, Timestamp>) {
    let runs = moments_of(law, step).filter_map(|rule| known.runs.get(&rule.name));
    let running = runs.filter(|run| !run.ended);
    if let Some(due) = running.map(|run| run.due).min() {
        settle(settled, due);
    }
}

/// Keeps the first due time of those that passed in a command.
pub fn settle(settled: Entry<'_, RecordId, Timestamp>, due: Timestamp) {
    settled.and_modify(|first| *first = (*first).min(due)).or_insert(due);
}

/// Changes a deadline's run. One that had passed must have been noticed before it ends, unless by what was `settled`
/// before it was due; a moment also by what was due with it.
pub fn clock(
    known: &mut Known,
    (rule, settled): (Option<&Deadline>, Option<Timestamp>),
    name: &str,
    change: &ClockChange,
    at: Timestamp,
) -> Result<(), String> {
    let warn = |derivation: &Derivation| -> Option<Timestamp> {
        let span = rule?.warns?;
        let minutes = match span.unit {
            Unit::Minutes => 1,
            Unit::Hours => 60,
            Unit::Days | Unit::WorkingDays => 24 * 60,
            Unit::Months => 30 * 24 * 60,
        };
        Some(derivation.due.plus_millis(-60_000 * minutes * i64::from(span.amount)).max(derivation.start))
    };
    let moment = rule.is_some_and(|rule| rule.moment);
    if let Some(run) = known.runs.get(name)
        && matches!(change, ClockChange::Started(_) | ClockChange::Met | ClockChange::Dropped)
        && !settled.is_some_and(|first| first < run.due || (first == run.due && moment))
        && !run.ended
        && !run.paused
        && !run.late
        && at >= run.due
        // One that runs on into the past and ends at the same moment was never anybody's to keep.
        && at > run.since
    {
        return Err(format!("`{name}` had passed and ends without that being noted"));
    }
    if let ClockChange::Started(derivation) = change {
        let run = Run {
            due: derivation.due,
            warn: warn(derivation),
            since: at,
            ended: false,
            paused: false,
            late: false,
            warned: false,
        };
        known.runs.insert(name.to_owned(), run);
        return Ok(());
    }
    let run = known.runs.get_mut(name).filter(|run| !run.ended);
    let run = run.ok_or_else(|| format!("`{name}` changes and does not run"))?;
    match change {
        ClockChange::Started(_) => {}
        ClockChange::Met | ClockChange::Dropped => run.ended = true,
        ClockChange::Paused => run.paused = true,
        ClockChange::Resumed(derivation) => {
            (run.paused, run.since) = (false, at);
            (run.due, run.warn) = (derivation.due, warn(derivation));
        }
        ClockChange::Extended(derivation) => {
            (run.due, run.warn) = (derivation.due, warn(derivation));
            (run.late, run.warned) = (false, false);
        }
    }
    Ok(())
}
