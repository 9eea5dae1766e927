//! A notice to somebody who may not read the record · 通知发给了无权查看的人
//!
//! # What it does
//! Compares whom a notice tells with who may read the record: its `readers`, those who take a step
//! and those for whom a state waits.
//!
//! # Why is this bad
//! The notice would tell what its reader may not see, and its link would lead to a closed door.
//!
//! # Example
//! ```yaml
//! readers: [supervisor]
//! notices:
//!   overdue: { late: answer, to: [auditor], zh: "{number}超期", en: "{number} is late" }
//! ```
//!
//! # Fix
//! ```yaml
//! readers: [supervisor]
//! notices:
//!   overdue: { late: answer, to: [supervisor], zh: "{number}超期", en: "{number} is late" }
//! ```
//!
//! # 作用
//! 对照通知发给谁和谁可以查看：`readers`、能办理某个步骤的人、某个状态等待的人。
//!
//! # 为什么不好
//! 通知会泄露收件人无权看到的情况，点开链接又打不开。

use crate::ast::{Mechanism, Who};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::notice::readers;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ813",
    name: "notice-reader",
    severity: Severity::Error,
    page: include_str!("notice_reader.rs"),
};

/// Whom the notices of a mechanism tell.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    // A block that could not be read may name the reader.
    if mechanism.incomplete {
        return;
    }
    let readers = readers(mechanism);
    for who in mechanism.notices.iter().flat_map(|notice| &notice.to) {
        let words = match &who.value {
            Who::Role(role) => role.clone(),
            Who::RoleOf { role, field } => format!("{role} of {field}"),
            Who::Anyone | Who::Holder | Who::System => continue,
        };
        if !readers.contains(&&who.value) {
            let fault = Fault::new(&CHECK, "", who.at).with(words.as_str());
            faults.add(fault.help("help.reader", vec![words.into()]));
        }
    }
}
