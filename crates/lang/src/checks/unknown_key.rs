//! Unknown key · 不认识的键
//!
//! # What it does
//! Finds keys that mean nothing where they stand.
//!
//! # Why is this bad
//! A mistyped key would silently do nothing: the rule reads as if it held, and does not.
//!
//! # Example
//! ```yaml
//! fields:
//!   what: { type: text, maks: 200, zh: 什么事, en: What }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   what: { type: text, max: 200, zh: 什么事, en: What }
//! ```
//!
//! # 作用
//! 找出在所在位置没有意义的键。
//!
//! # 为什么不好
//! 写错的键会悄悄地不起作用：看上去有这条规定，实际没有。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::Word;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ004",
    name: "unknown-key",
    severity: Severity::Error,
    page: include_str!("unknown_key.rs"),
};

/// A key that nobody reads there.
pub fn fault(word: &Word, known: &[&'static str]) -> Fault {
    Fault::new(&CHECK, "", word.at).with(word.text()).suggest(word.text(), known.iter().copied())
}
