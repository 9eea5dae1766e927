//! A block without a clause · 代码块没有条款标题
//!
//! # What it does
//! Finds blocks that stand above the first heading of a clause (`## …`).
//!
//! # Why is this bad
//! A rule is explained to people by the clause above it. Without a heading nobody can open the rule
//! behind a step or a deadline.
//!
//! # Example
//! ```yaml
//! mechanism: repair        # right under the title
//! ```
//!
//! # Fix
//! ```yaml
//! ## 一、受理 · Intake   # a heading stands above each block
//! mechanism: repair
//! ```
//!
//! # 作用
//! 找出写在第一个条款标题（`## …`）之前的代码块。
//!
//! # 为什么不好
//! 向群众解释一项规定，靠的是它上面的条款。没有标题，谁也打不开步骤和时限背后的规定。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ008",
    name: "heading-missing",
    severity: Severity::Error,
    page: include_str!("heading_missing.rs"),
};

/// A block under no clause.
pub fn fault(at: At) -> Fault {
    Fault::new(&CHECK, "", at)
}
