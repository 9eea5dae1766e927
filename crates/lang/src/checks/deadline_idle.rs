//! A deadline that never starts or can never be met · 不会开始或无法满足的时限
//!
//! # What it does
//! Finds deadlines whose starting steps can never be taken, and those that no step of `ends` can meet
//! in any state that follows the start.
//!
//! # Why is this bad
//! The time limit is on paper only, or every record becomes late whatever people do.
//!
//! # Example
//! ```yaml
//! deadlines:
//!   answer: { zh: 答复, en: Answer, starts: close, ends: accept, within: 5 days }   # `accept` comes before
//! ```
//!
//! # Fix
//! ```yaml
//! deadlines:
//!   answer: { zh: 答复, en: Answer, starts: accept, ends: close, within: 5 days }
//! ```
//!
//! # 作用
//! 找出起算步骤永远不会发生的时限，以及起算之后的任何状态都没有 `ends` 步骤可以满足的时限。
//!
//! # 为什么不好
//! 这样的时限要么只是一纸空文，要么无论怎么办都会超时。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ302",
    name: "deadline-idle",
    severity: Severity::Error,
    page: include_str!("deadline_idle.rs"),
};

/// Deadlines over the graph of states.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    let mechanism = flow.mechanism;
    for deadline in &mechanism.deadlines {
        let named = deadline.starts.iter().chain(deadline.ending());
        if named.into_iter().any(|step| mechanism.step(step.text()).is_none()) {
            continue;
        }
        let starts = deadline.starts.iter().filter_map(|start| mechanism.step(start.text()));
        if !starts.into_iter().any(|step| flow.can_be_taken(step)) {
            faults.add(Fault::new(&CHECK, "never-starts", deadline.name.at).with(deadline.name.text()));
            continue;
        }
        let running = flow.running(deadline);
        let met = deadline.ending().filter_map(|end| mechanism.step(end.text()));
        if !met.into_iter().any(|step| step.from.iter().any(|from| running.contains(from.text()))) {
            faults.add(Fault::new(&CHECK, "never-met", deadline.name.at).with(deadline.name.text()));
        }
    }
}
