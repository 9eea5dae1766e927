//! Looks harmful and is explained · 像有害做法，已经说明理由
//!
//! # What it does
//! Tells every word that `harmful` would refuse and that the document explains with `not-harmful`, with
//! the reason given.
//!
//! # Why is this bad
//! It need not be. But a reason that nobody reads is none: whoever checks or publishes the document sees
//! it each time and answers for it.
//!
//! # Example
//! ```yaml
//! fields:
//!   score: { type: text, max: 20, zh: 比赛得分, en: Result of the match,
//!     not-harmful: { zh: 球队的比分，不是给人打分, en: the result of two teams and no score of persons } }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   result: { type: text, max: 20, zh: 比赛结果, en: Result of the match }
//! ```
//!
//! # 作用
//! 逐条提示 `harmful` 本来会拒绝、文件用 `not-harmful` 说明了理由的用词，并写出理由。
//!
//! # 为什么不好
//! 不一定不好。但没有人看的理由等于没有：检查和发布文件的人每次都会看到，并对它负责。

use gongzhi_base::Words;

use crate::checks::Check;
use crate::diagnostic::{Arg, Fault, Severity};
use crate::source::Word;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ902",
    name: "harmful-explained",
    severity: Severity::Warning,
    page: include_str!("harmful_explained.rs"),
};

/// A word with its explanation.
pub fn fault(name: &Word, pattern: &'static str, reason: &Words) -> Fault {
    Fault::new(&CHECK, "", name.at).with(name.text()).with_key(pattern).with(Arg::Words(reason.clone()))
}
