//! A key is missing · 缺少必需的键
//!
//! # What it does
//! Finds declarations without a key that they need.
//!
//! # Why is this bad
//! Without it the rule is not complete, and no default would be a fair guess.
//!
//! # Example
//! ```yaml
//! steps:
//!   close: { zh: 办结, en: Close, from: open, by: clerk }
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   close: { zh: 办结, en: Close, from: open, to: closed, by: clerk }
//! ```
//!
//! # 作用
//! 找出缺少必需的键的声明。
//!
//! # 为什么不好
//! 缺了它规定就不完整，也没有合适的默认值可以代替。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ005",
    name: "missing-key",
    severity: Severity::Error,
    page: include_str!("missing_key.rs"),
};

/// A key that must stand in the declaration at this place.
pub fn fault(key: &str, at: At) -> Fault {
    Fault::new(&CHECK, "", at).with(key)
}
