//! A notice tells personal data · 通知里有个人信息
//!
//! # What it does
//! Finds placeholders of notices that name a personal field.
//!
//! # Why is this bad
//! Notices leave the product by e-mail and chat robots: nobody could say who reads them there, and
//! no look would be recorded.
//!
//! # Example
//! ```yaml
//! notices:
//!   assigned: { on: assign, to: [officer of handler], zh: "新诉求，电话{phone}", en: "New matter, phone {phone}" }
//! ```
//!
//! # Fix
//! ```yaml
//! notices:
//!   assigned: { on: assign, to: [officer of handler], zh: "新诉求{number}", en: "New matter {number}" }
//! ```
//!
//! # 作用
//! 找出通知文字里引用个人信息字段的地方。
//!
//! # 为什么不好
//! 通知会经邮件和聊天机器人发出系统之外：在那里谁看了说不清，也不会留下查看记录。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ811",
    name: "notice-personal",
    severity: Severity::Error,
    page: include_str!("notice_personal.rs"),
};

/// Placeholders of all notices.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for word in mechanism.notices.iter().flat_map(|notice| notice.fields()) {
        if mechanism.field(word.text()).is_some_and(|field| field.personal.is_some()) {
            faults.add(Fault::new(&CHECK, "", word.at).with(word.text()).help("help.number", Vec::new()));
        }
    }
}
