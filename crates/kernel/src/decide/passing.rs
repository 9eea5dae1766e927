//! Deadlines that have passed: each is noted once, before anything else happens to its record.

use std::collections::BTreeSet;

use gongzhi_base::RecordId;
use gongzhi_lang::model::{Deadline, Mechanism};

use super::Run;
use crate::actor::{Acted, Actor};
use crate::command::Input;
use crate::event::Deed;
use crate::keeping;
use crate::record::Clock;
use crate::refusal::Refusal;

impl Run<'_> {
    /// A timer has come. What passed at the same time passes with it, so that nothing depends on which came first.
    pub(super) fn elapse(&mut self, id: RecordId, deadline: &str) -> Result<(), Refusal> {
        let (mechanism, record) = self.known(id)?;
        let nothing = || Refusal::NoSuch { what: deadline.to_owned() };
        if deadline == keeping::TIMER {
            let ended = keeping::ends(&mechanism, &record, self.case.world).is_some_and(|end| self.at >= end);
            if !ended {
                return Err(nothing());
            }
            self.erased(&mechanism, &record, Acted::System, "");
            return Ok(());
        }
        let rule = mechanism.deadline(deadline).ok_or_else(nothing)?;
        let at = self.at;
        let warns = |clock: &Clock| !clock.warned && rule.warns.is_some() && at >= clock.warn_at(rule);
        let clock = record.clocks.get(deadline).filter(|clock| clock.ticks());
        clock.filter(|clock| at >= clock.derivation.due || warns(clock)).ok_or_else(nothing)?;
        self.note_passed(id);
        // What passed may have ended it or begun it anew: then nobody is to be reminded of it.
        let (_, record) = self.known(id)?;
        if record.clocks.get(deadline).is_some_and(|clock| clock.ticks() && warns(clock)) {
            let deed = Deed::Passed { deadline: deadline.to_owned(), late: false };
            self.add(&mechanism, id, Acted::System, deed);
        }
        Ok(())
    }

    /// Notes what has passed before a record is read or changed, first of those above it: whether something was late must
    /// not depend on whether a timer came first. What begins only now, and has passed already, is for the timer.
    pub(super) fn note_passed(&mut self, id: RecordId) {
        let Some(record) = self.find(id) else { return };
        for id in record.from_top().chain([id]) {
            if self.noted.insert(id) {
                self.pass(id);
            }
        }
    }

    /// Notes what has passed of one record. What fell due at the same moment is noted before the first late step is
    /// taken, for the step of one deadline may begin or end another; what fell due later stands only if those steps let it.
    fn pass(&mut self, id: RecordId) {
        let at = self.at;
        let over = |clock: &&Clock| clock.ticks() && at >= clock.derivation.due;
        let mut done = BTreeSet::new();
        loop {
            let Ok((mechanism, record)) = self.known(id) else { return };
            let due = |rule: &Deadline| {
                let clock = record.clocks.get(&rule.name).filter(over)?;
                (!done.contains(&rule.name)).then_some(clock.derivation.due)
            };
            let Some(first) = mechanism.deadlines.iter().filter_map(due).min() else { return };
            // As the document writes them: its author decides whose step comes first.
            let passed: Vec<&Deadline> =
                mechanism.deadlines.iter().filter(|rule| due(rule) == Some(first)).collect();
            // A moment is over with its step, and nothing is late.
            for rule in passed.iter().filter(|rule| !rule.moment) {
                self.note(&mechanism, id, rule);
            }
            for rule in &passed {
                let Some(now) = self.find(id) else { return };
                if rule.moment && now.clocks.get(&rule.name).filter(over).is_none() {
                    continue;
                }
                let step = rule.late.as_deref().and_then(|step| mechanism.step(step));
                let step = step.filter(|step| step.from.contains(&now.state));
                let act =
                    |step| self.attempt(|run| run.step(&mechanism, step, id, &Actor::System, &Input::new()));
                if !step.is_some_and(act) && rule.moment {
                    self.note(&mechanism, id, rule);
                }
            }
            self.attempt(|run| run.follow(&mechanism, id));
            done.extend(passed.iter().map(|rule| rule.name.clone()));
        }
    }

    fn note(&mut self, mechanism: &Mechanism, id: RecordId, rule: &Deadline) {
        let deed = Deed::Passed { deadline: rule.name.clone(), late: true };
        let record = self.add(mechanism, id, Acted::System, deed);
        self.made.passed.insert((id, record.revision), record);
    }

    /// Does something that a document may have made impossible: then nothing of it is done. That the time is over
    /// stays true, and the record can be worked on.
    fn attempt(&mut self, what: impl FnOnce(&mut Self) -> Result<(), Refusal>) -> bool {
        let (made, left, noted) = (self.made.clone(), self.left, self.noted.clone());
        let done = what(self).is_ok();
        if !done {
            (self.made, self.left, self.noted) = (made, left, noted);
        }
        done
    }
}
