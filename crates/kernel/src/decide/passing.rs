//! Deadlines that have passed: each is noted once, before anything else happens to its record.

use gongzhi_base::{RecordId, Timestamp};
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
        let clock = record.clocks.get(deadline).filter(|clock| clock.running()).ok_or_else(nothing)?;
        if clock.paused.is_some() || clock.late.is_some() {
            return Err(nothing());
        }
        if self.at >= clock.derivation.due {
            self.note_passed(id);
            return Ok(());
        }
        if clock.warned || rule.warns.is_none() || self.at < clock.warn_at(rule) {
            return Err(nothing());
        }
        self.add(&mechanism, id, Acted::System, Deed::Passed { deadline: deadline.to_owned(), late: false });
        Ok(())
    }

    /// Notes what has passed before a record is read or changed, first of those above it: whether something was late must
    /// not depend on whether a timer came first. What begins only now, and has passed already, is for the timer.
    pub(super) fn note_passed(&mut self, id: RecordId) {
        let Some(record) = self.find(id) else { return };
        for id in record.above.iter().copied().chain(record.parent).chain([id]) {
            if self.noted.insert(id) {
                self.pass(id);
            }
        }
    }

    /// All that has passed is noted before the first late step is taken, for the step of one deadline may start or
    /// end another.
    fn pass(&mut self, id: RecordId) {
        let Ok((mechanism, record)) = self.known(id) else { return };
        let at = self.at;
        let over = |clock: &Clock| clock.running() && clock.paused.is_none() && at >= clock.derivation.due;
        let mut passed: Vec<(Timestamp, &Deadline)> = mechanism
            .deadlines
            .iter()
            .filter_map(|rule| {
                let clock = record.clocks.get(&rule.name)?;
                (over(clock) && clock.late.is_none()).then_some((clock.derivation.due, rule))
            })
            .collect();
        if passed.is_empty() {
            return;
        }
        // By their due times, then as the document writes them: its author decides which comes first.
        passed.sort_by_key(|(due, _)| *due);
        // A moment is over with its step, and nothing is late.
        for (_, rule) in passed.iter().filter(|(_, rule)| !rule.moment) {
            self.note(&mechanism, id, rule);
        }
        for (_, rule) in passed {
            let Some(now) = self.find(id) else { return };
            if rule.moment && !now.clocks.get(&rule.name).is_some_and(over) {
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
    }

    fn note(&mut self, mechanism: &Mechanism, id: RecordId, rule: &Deadline) {
        self.add(mechanism, id, Acted::System, Deed::Passed { deadline: rule.name.clone(), late: true });
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
