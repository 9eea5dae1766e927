//! A state that nothing comes into · 到不了的状态
//!
//! # What it does
//! Finds states that no record can come into by any steps from its opening.
//!
//! # Why is this bad
//! Whatever the rules promise in that state never happens; mostly a step is missing or leads elsewhere.
//!
//! # Example
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open }
//!   waiting: { zh: 等待, en: Waiting }   # no step leads here
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   wait: { zh: 暂停, en: Wait, from: open, to: waiting, by: clerk }
//! ```
//!
//! # 作用
//! 找出从登记开始、无论走哪些步骤都到不了的状态。
//!
//! # 为什么不好
//! 规定中对这个状态的承诺永远不会发生；多半是缺了一个步骤，或者步骤走到了别处。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ201",
    name: "unreachable-state",
    severity: Severity::Error,
    page: include_str!("unreachable_state.rs"),
};

/// States outside the reach of the opening steps.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    // Without an opening step nothing is reachable: that has its own message.
    if flow.reachable.is_empty() {
        return;
    }
    for state in &flow.mechanism.states {
        if !flow.reachable.contains(state.name.text()) {
            faults.add(Fault::new(&CHECK, "", state.name.at).with(state.name.text()));
        }
    }
}
