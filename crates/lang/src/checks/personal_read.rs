//! A rule reads personal data · 规则读取了个人信息
//!
//! # What it does
//! Finds expressions that read a personal field (only `has(field)` may ask whether it was given),
//! titles that are personal, and duplicates compared by a personal text.
//!
//! # Why is this bad
//! Personal fields are sealed: the rules never open them, and nothing may be decided by who somebody
//! is.
//!
//! # Example
//! ```yaml
//! needs: [{ when: "contact_phone != ''", zh: 请留电话, en: a phone number is needed }]
//! ```
//!
//! # Fix
//! ```yaml
//! needs: [{ when: "has(contact_phone)", zh: 请留电话, en: a phone number is needed }]
//! ```
//!
//! # 作用
//! 找出读取个人信息字段的表达式（只能用 `has(字段)` 问有没有填）、用个人信息作标题或查重的情形。
//!
//! # 为什么不好
//! 个人信息是封存的，规则从不打开；也不允许因人而异地作决定。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ404",
    name: "personal-read",
    severity: Severity::Error,
    page: include_str!("personal_read.rs"),
};

/// A personal field read by a rule.
pub fn fault(at: At, field: &str) -> Fault {
    Fault::new(&CHECK, "", at).with(field).help("help.has", Vec::new())
}

/// Titles and compared texts stand on lists and in searches.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    let compared = mechanism.duplicates.as_ref().map(|duplicates| &duplicates.words);
    for word in [mechanism.title.as_ref(), compared].into_iter().flatten() {
        if mechanism.field(word.text()).is_some_and(|field| field.personal.is_some()) {
            faults.add(Fault::new(&CHECK, "shown", word.at).with(word.text()));
        }
    }
}
