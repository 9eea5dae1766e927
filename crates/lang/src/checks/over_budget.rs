//! More is asked than the county allows · 负担超过限额
//!
//! # What it does
//! Counts what all documents together ask of each role in a month (fields, and minutes by the type of
//! each field) and compares it with the county's budget. It runs when a budget is given
//! (`gongzhi check --budget`, `gongzhi burden --budget`).
//!
//! # Why is this bad
//! Each form is small and all of them together eat the week; time that goes into forms is missing with
//! residents. The rules on formalism ask for fewer forms, and for reporting once at most.
//!
//! # Example
//! ```toml
//! [minutes]
//! grid-worker = 300   # the documents ask 412
//! ```
//!
//! # Fix
//! Ask less (take from a register what it holds, leave out what nobody uses, merge forms), or raise the
//! limit and answer for it.
//!
//! # 作用
//! 按全部文件统计每个岗位每月要填多少项、按字段类型折合多少分钟，与县里定的限额比较。给出限额时才检查（`gongzhi check --budget`、`gongzhi burden --budget`）。
//!
//! # 为什么不好
//! 每张表都不大，加在一起就占掉一周；填表的时间就是少见群众的时间。整治形式主义为基层减负，要求少填表、最多报一次。

use crate::burden::Limit;
use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ861",
    name: "over-budget",
    severity: Severity::Error,
    page: include_str!("over_budget.rs"),
};

/// A limit that is passed; `most` are the steps that cost most.
pub fn fault(limit: &Limit, minutes: u64, most: &str) -> Fault {
    let variant = match limit.role.as_str() {
        "anyone" | "holder" => "once",
        _ => "month",
    };
    Fault::new(&CHECK, variant, limit.at)
        .with(limit.role.as_str())
        .with(minutes.to_string())
        .with(limit.minutes.to_string())
        .help("help.less", vec![most.into()])
}
