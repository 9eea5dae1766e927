//! No record can be opened · 没有办法登记
//!
//! # What it does
//! Finds mechanisms without a step `from: new`.
//!
//! # Why is this bad
//! No record ever comes into being.
//!
//! # Example
//! ```yaml
//! steps:
//!   close: { zh: 办结, en: Close, from: open, to: closed, by: clerk }
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   report: { zh: 登记, en: Report, from: new, to: open, by: anyone }
//! ```
//!
//! # 作用
//! 找出没有 `from: new` 步骤的机制。
//!
//! # 为什么不好
//! 永远不会有事项产生。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ205", name: "no-opener", severity: Severity::Error, page: include_str!("no_opener.rs") };

/// A mechanism with steps, none of which opens.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    if !flow.mechanism.steps.iter().any(|step| step.opener) {
        let name = &flow.mechanism.name;
        faults.add(Fault::new(&CHECK, "", name.at).with(name.text()));
    }
}
