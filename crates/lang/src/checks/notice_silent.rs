//! A notice that reaches nobody · 没有人会收到的通知
//!
//! # What it does
//! Finds notices that no step and no deadline tells, that wait for the reminder of a deadline without
//! `warns`, and those told to `anyone`, `holder` or `system`, who have no inbox.
//!
//! # Why is this bad
//! The county relies on somebody being told, and nobody is.
//!
//! # Example
//! ```yaml
//! notices:
//!   answered: { on: answer, to: [holder], zh: "{number}已答复", en: "{number} is answered" }
//! ```
//!
//! # Fix
//! ```yaml
//! notices:
//!   answered: { on: answer, to: [clerk of desk], zh: "{number}已答复，请回访", en: "{number} is answered; please call back" }
//! ```
//!
//! # 作用
//! 找出没有任何步骤和时限触发的通知、等待没有写 `warns` 的时限提醒的通知，以及发给 `anyone`、`holder`、`system` 的通知。
//!
//! # 为什么不好
//! 县里以为有人会收到，其实没有人收到。

use crate::ast::{Mechanism, Who};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ812",
    name: "notice-silent",
    severity: Severity::Error,
    page: include_str!("notice_silent.rs"),
};

/// All notices of a mechanism.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for notice in &mechanism.notices {
        let name = notice.name.text();
        if notice.on.is_empty() && notice.warned.is_empty() && notice.late.is_empty() {
            faults.add(Fault::new(&CHECK, "never", notice.name.at).with(name));
        }
        for word in &notice.warned {
            if mechanism.deadline(word.text()).is_some_and(|deadline| deadline.warns.is_none()) {
                faults.add(Fault::new(&CHECK, "no-reminder", word.at).with(word.text()));
            }
        }
        for word in &notice.late {
            if mechanism.deadline(word.text()).is_some_and(|deadline| deadline.then.is_some()) {
                faults.add(Fault::new(&CHECK, "moment", word.at).with(word.text()));
            }
        }
        for who in &notice.to {
            let word = match who.value {
                Who::Anyone => "anyone",
                Who::Holder => "holder",
                Who::System => "system",
                Who::Role(_) | Who::RoleOf { .. } => continue,
            };
            faults.add(Fault::new(&CHECK, "no-inbox", who.at).with(word));
        }
    }
}
