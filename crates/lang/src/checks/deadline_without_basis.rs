//! A deadline without a rule · 没有依据的时限
//!
//! # What it does
//! Finds deadlines without `basis:` under a heading that has no words of its own.
//!
//! # Why is this bad
//! Staff and residents open a deadline to see the rule behind it. A time limit that rests on nothing
//! binds nobody.
//!
//! # Example
//! ```yaml
//! ## 时限
//! (no prose)
//! deadlines:
//!   answer: { zh: 答复时限, en: Answer, starts: report, ends: close, within: 15 days }
//! ```
//!
//! # Fix
//! ```yaml
//! deadlines:
//!   answer: { zh: 答复时限, en: Answer, starts: report, ends: close, within: 15 days, basis: 信访工作条例 23 }
//! ```
//!
//! # 作用
//! 找出没有 `basis:`、所在标题下也没有文字说明的时限。
//!
//! # 为什么不好
//! 干部和群众点开时限，是要看背后的规定。没有依据的时限约束不了任何人。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ301",
    name: "deadline-without-basis",
    severity: Severity::Error,
    page: include_str!("deadline_without_basis.rs"),
};

/// Deadlines that rest on neither a clause in words nor a law.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for deadline in &mechanism.deadlines {
        let clause = &deadline.clause;
        if clause.basis.trim().is_empty() && (clause.heading.is_empty() || !clause.has_prose) {
            faults.add(Fault::new(&CHECK, "", deadline.name.at).with(deadline.name.text()));
        }
    }
}
