//! A final state that is left by itself · 自动离开的终态
//!
//! # What it does
//! Finds automatic steps (`auto`) out of a final state. People may leave one, as when a matter is
//! reopened.
//!
//! # Why is this bad
//! Final means concluded: deadlines are dropped and the holder has been told. If the system goes on by
//! itself, the state is not final.
//!
//! # Example
//! ```yaml
//! steps:
//!   again: { zh: 重办, en: Again, from: closed, to: open, by: system, auto: "late('answer')" }
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   reopen: { zh: 重新办理, en: Reopen, from: closed, to: open, by: holder }
//! ```
//!
//! # 作用
//! 找出从终态自动走出去（`auto`）的步骤。由人离开终态是可以的，例如重新办理。
//!
//! # 为什么不好
//! 终态就是已经办结：时限已取消，结果已告知。如果系统自己还往下走，就不是终态。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ203",
    name: "final-left",
    severity: Severity::Error,
    page: include_str!("final_left.rs"),
};

/// Automatic steps out of final states.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    let is_final = |name: &str| flow.mechanism.state(name).is_some_and(|state| state.is_final);
    for step in flow.mechanism.steps.iter().filter(|step| step.auto.is_some()) {
        for from in step.from.iter().filter(|from| is_final(from.text()) && Flow::leaves(step, from.text())) {
            faults.add(Fault::new(&CHECK, "", from.at).with(step.name.text()).with(from.text()));
        }
    }
}
