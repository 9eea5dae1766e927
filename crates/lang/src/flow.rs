//! States and steps as a graph.

use std::collections::BTreeSet;

use crate::ast::{Deadline, Mechanism, Step};

/// The graph of a mechanism whose states and steps all resolve.
pub struct Flow<'a> {
    pub mechanism: &'a Mechanism,
    /// States that some record can come into.
    pub reachable: BTreeSet<&'a str>,
}

impl<'a> Flow<'a> {
    /// The graph, or `None` if a name in it is unknown or a block could not be read.
    pub fn of(mechanism: &'a Mechanism) -> Option<Flow<'a>> {
        let known = |step: &Step| {
            step.from.iter().chain(&step.to).all(|state| mechanism.state(state.text()).is_some())
        };
        let whole = !mechanism.incomplete && mechanism.steps.iter().all(|step| !step.broken && known(step));
        if !whole || mechanism.states.is_empty() || mechanism.states.iter().any(|state| state.broken) {
            return None;
        }
        let mut flow = Flow { mechanism, reachable: BTreeSet::new() };
        let first = mechanism.steps.iter().filter(|step| step.opener).filter_map(|step| step.to.as_ref());
        let first: BTreeSet<&str> = first.map(|state| state.text()).collect();
        flow.reachable = flow.spread(first, |_| true);
        Some(flow)
    }

    /// All states reached from some by steps that are let through.
    pub fn spread(&self, from: BTreeSet<&'a str>, through: impl Fn(&Step) -> bool) -> BTreeSet<&'a str> {
        let mut found = from;
        loop {
            let next: Vec<&str> = self
                .mechanism
                .steps
                .iter()
                .filter(|step| !step.opener && through(step))
                .filter(|step| step.from.iter().any(|state| found.contains(state.text())))
                .filter_map(|step| step.to.as_ref())
                .map(|state| state.text())
                .filter(|state| !found.contains(state))
                .collect();
            if next.is_empty() {
                return found;
            }
            found.extend(next);
        }
    }

    /// Whether a step leads out of a state.
    pub fn leaves(step: &Step, state: &str) -> bool {
        step.from.iter().any(|from| from.value == state)
            && step.to.as_ref().is_some_and(|to| to.value != state)
    }

    /// Whether a step may be taken from some reachable state, or opens a record.
    pub fn can_be_taken(&self, step: &Step) -> bool {
        step.opener || step.from.iter().any(|state| self.reachable.contains(state.text()))
    }

    fn is_final(&self, state: &str) -> bool {
        self.mechanism.state(state).is_some_and(|state| state.is_final)
    }

    /// States in which a deadline may be running: those reached from where it starts, until a step
    /// ends it or a final state drops it.
    pub fn running(&self, deadline: &Deadline) -> BTreeSet<&'a str> {
        let mut states = BTreeSet::new();
        let starts = deadline.starts.iter().filter_map(|start| self.mechanism.step(start.text()));
        for step in starts.filter(|step| self.can_be_taken(step)) {
            match &step.to {
                Some(to) => states.extend([to.text()]),
                None => states.extend(
                    step.from.iter().map(|from| from.text()).filter(|one| self.reachable.contains(one)),
                ),
            }
        }
        loop {
            states.retain(|state| !self.is_final(state));
            let ends = |step: &Step| deadline.ending().any(|end| end.value == step.name.value);
            let next = self.spread(states.clone(), |step| {
                !ends(step) && step.from.iter().any(|from| !self.is_final(from.text()))
            });
            let next: BTreeSet<&str> = next.into_iter().filter(|state| !self.is_final(state)).collect();
            if next == states {
                return states;
            }
            states = next;
        }
    }
}
