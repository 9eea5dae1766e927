//! A condition that is always the same · 结果永远不变的条件
//!
//! # What it does
//! Finds conditions that can never hold, or always hold, whatever a record says: contradictions,
//! numbers outside a field's bounds, states in which the step cannot be taken. `"true"` alone is
//! allowed where it means “always”: in `auto` and in indicators.
//!
//! # Why is this bad
//! A condition that never holds forbids the step for good; one that always holds guards nothing.
//!
//! # Example
//! ```yaml
//! fields:
//!   what: { type: text, max: 200, zh: 什么事, en: What }
//! needs: [{ when: "size(what) > 500", zh: 太短, en: too short }]
//! ```
//!
//! # Fix
//! ```yaml
//! needs: [{ when: "size(what) >= 10", zh: 太短, en: too short }]
//! ```
//!
//! # 作用
//! 找出无论事项内容如何都永远不成立、或者永远成立的条件：自相矛盾、数值超出字段范围、步骤不能办理的状态。`auto` 和指标里单独写 `"true"` 表示“总是”，是可以的。
//!
//! # 为什么不好
//! 永远不成立的条件等于禁止这个步骤；永远成立的条件起不到把关作用。

use crate::ast::{Code, Measure, Mechanism};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::Expr;
use crate::expr::constant::{Known, Truth};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ403",
    name: "constant-guard",
    severity: Severity::Error,
    page: include_str!("constant_guard.rs"),
};

/// Conditions of steps and indicators.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for step in &mechanism.steps {
        let states: Option<Vec<&str>> =
            (!step.opener).then(|| step.from.iter().map(|from| from.text()).collect());
        for when in step.needs.iter().filter_map(|need| need.when.as_ref()) {
            tell(when, truth(when, mechanism, states.as_deref()), false, faults);
        }
        if let Some(auto) = &step.auto {
            tell(auto, truth(auto, mechanism, states.as_deref()), true, faults);
        }
    }
    for indicator in &mechanism.indicators {
        let code = match &indicator.measure {
            Some(Measure::Count(code) | Measure::Ratio { of: code, .. }) => code,
            _ => continue,
        };
        tell(code, truth(code, mechanism, None), true, faults);
    }
}

/// Whether an expression holds whatever the record says.
pub fn truth(code: &Code, mechanism: &Mechanism, states: Option<&[&str]>) -> Truth {
    code.typed.get().map_or(Truth::Depends, |expr| Known { mechanism, states }.truth(expr))
}

fn tell(code: &Code, truth: Truth, always_is_fine: bool, faults: &mut Faults) {
    match truth {
        Truth::Never => faults.add(Fault::new(&CHECK, "never", code.at)),
        // Written out it is meant; found out by reckoning it is not.
        Truth::Always if !(always_is_fine && matches!(code.typed.get(), Some(Expr::Bool(true)))) => {
            faults.add(Fault::new(&CHECK, "always", code.at));
        }
        _ => {}
    }
}
