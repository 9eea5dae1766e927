//! A state without a way out · 走不出去的状态
//!
//! # What it does
//! Finds states that are not `final` and that no step leaves, and groups of states from which no final
//! state can be reached. Entries of a register may stay as they are.
//!
//! # Why is this bad
//! A record would stay there for good, on somebody's list, and never be concluded.
//!
//! # Example
//! ```yaml
//! states:
//!   waiting: { zh: 等待, en: Waiting }   # no step has it in `from`
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   resume: { zh: 恢复, en: Resume, from: waiting, to: open, by: clerk }
//! ```
//!
//! # 作用
//! 找出不是终态（`final`）却没有步骤可以离开的状态，以及怎么走也到不了终态的一组状态。台账的条目可以一直保持原状。
//!
//! # 为什么不好
//! 事项会永远停在那里，挂在某人的待办里，办不了结。

use std::collections::BTreeSet;

use crate::ast::State;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ202", name: "dead-end", severity: Severity::Error, page: include_str!("dead_end.rs") };

/// States that nothing leaves, and rings without an end.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    let mechanism = flow.mechanism;
    let stays = |state: &State| mechanism.steps.iter().all(|step| !Flow::leaves(step, state.name.text()));
    let updated = |state: &State| {
        mechanism.steps.iter().any(|step| step.from.iter().any(|from| from.value == state.name.value))
    };
    // An entry of a register lives on while steps keep it up to date.
    let dead =
        |state: &State| !state.is_final && stays(state) && !(mechanism.register.is_some() && updated(state));
    for state in mechanism.states.iter().filter(|state| dead(state)) {
        faults.add(Fault::new(&CHECK, "stuck", state.name.at).with(state.name.text()));
    }
    if mechanism.register.is_some() {
        return;
    }
    // A ring is told once, at its first state; states before a dead end have been told by it.
    for state in mechanism.states.iter().filter(|state| flow.reachable.contains(state.name.text())) {
        let ahead = flow.spread(BTreeSet::from([state.name.text()]), |_| true);
        let ends = mechanism
            .states
            .iter()
            .filter(|one| ahead.contains(one.name.text()))
            .any(|one| one.is_final || stays(one));
        if !ends {
            faults.add(Fault::new(&CHECK, "ring", state.name.at).with(state.name.text()));
            return;
        }
    }
}
