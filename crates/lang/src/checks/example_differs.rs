//! A worked example comes out otherwise · 示例与实际不符
//!
//! # What it does
//! Replays every `example:` by the rules of its document and compares each line with what it says: the
//! state, the last day of a deadline, what is late or met, fields, parts, notices, figures, or how a step is
//! refused.
//!
//! # Why is this bad
//! People trust the example, and the product follows the rule: where the two differ, one of them is wrong.
//!
//! # Example
//! ```yaml
//! example: holiday
//! zh: 国庆节遇上时限
//! en: The limit meets the holiday
//! in: small-county
//! steps:
//!   - { at: 2026-09-25 09:00, who: anyone, does: report, with: { what: 路灯不亮, where: village },
//!       then: { due: { answer: 2026-10-02 } } }   # a holiday: the last day moves on
//! ```
//!
//! # Fix
//! ```yaml
//! example: holiday
//! zh: 国庆节遇上时限
//! en: The limit meets the holiday
//! in: small-county
//! steps:
//!   - { at: 2026-09-25 09:00, who: anyone, does: report, with: { what: 路灯不亮, where: village },
//!       then: { due: { answer: 2026-10-08 } } }
//! ```
//!
//! # 作用
//! 按文件自己的规则重演每个 `example:`，逐行对照：状态、时限的最后一天、是否超期或者按期、字段、分项、通知、指标，或者步骤怎样被拒绝。
//!
//! # 为什么不好
//! 群众和干部看的是示例，系统执行的是规则：两者不符，必有一个是错的。

use crate::checks::Check;
use crate::diagnostic::{Arg, Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ851",
    name: "example-differs",
    severity: Severity::Error,
    page: include_str!("example_differs.rs"),
};

/// A mismatch found by replaying: the message's variant with its values.
pub fn fault(variant: &'static str, at: At, args: Vec<Arg>) -> Fault {
    let mut fault = Fault::new(&CHECK, variant, at);
    fault.args = args;
    fault
}
