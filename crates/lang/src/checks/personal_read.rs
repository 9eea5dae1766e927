//! A rule reads personal data · 规则读取了个人信息
//!
//! # What it does
//! Finds expressions that read a personal field. Only `has(field)` may ask whether it was given.
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
//! 找出读取个人信息字段的表达式。只能用 `has(字段)` 问有没有填。
//!
//! # 为什么不好
//! 个人信息是封存的，规则从不打开；也不允许因人而异地作决定。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ404", name: "personal-read", severity: Severity::Error, page: include_str!("personal_read.rs") };

/// A personal field read by a rule.
pub fn fault(at: At, field: &str) -> Fault {
    Fault::new(&CHECK, "", at).with(field).help("help.has", Vec::new())
}
