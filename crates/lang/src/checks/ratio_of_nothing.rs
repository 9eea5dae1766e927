//! A share of nothing · 分母永远为零
//!
//! # What it does
//! Finds ratios whose `to` can never hold, so that the figure divides by nothing.
//!
//! # Why is this bad
//! The figure would stay empty for every place and month, or look like a failure.
//!
//! # Example
//! ```yaml
//! indicators:
//!   kept: { zh: 兑现率, en: Kept, ratio: { of: "state == 'kept'", to: "taken('pledge') < 0" } }
//! ```
//!
//! # Fix
//! ```yaml
//! indicators:
//!   kept: { zh: 兑现率, en: Kept, ratio: { of: "state == 'kept'", to: "taken('pledge') > 0" } }
//! ```
//!
//! # 作用
//! 找出 `to` 永远不成立的比率：分母永远是零。
//!
//! # 为什么不好
//! 这个数字在每个地方、每个月都是空的，或者看上去像是没有办好。

use crate::ast::{Measure, Mechanism};
use crate::checks::Check;
use crate::checks::constant_guard::truth;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::constant::Truth;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ601",
    name: "ratio-of-nothing",
    severity: Severity::Error,
    page: include_str!("ratio_of_nothing.rs"),
};

/// Ratios without anything to divide by.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for indicator in &mechanism.indicators {
        if let Some(Measure::Ratio { to, .. }) = &indicator.measure
            && truth(to, mechanism, None) == Truth::Never
        {
            faults.add(Fault::new(&CHECK, "", to.at).with(indicator.name.text()));
        }
    }
}
