//! Division by zero · 除以零
//!
//! # What it does
//! Finds divisions whose divisor is the number 0.
//!
//! # Why is this bad
//! The value can never be computed.
//!
//! # Example
//! ```yaml
//! set: { share: "total / 0" }
//! ```
//!
//! # Fix
//! ```yaml
//! set: { share: "total / 2" }
//! ```
//!
//! # 作用
//! 找出除数为 0 的运算。
//!
//! # 为什么不好
//! 永远算不出结果。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::{Expr, Op};
use crate::walk::{codes, exprs};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ405",
    name: "division-by-zero",
    severity: Severity::Error,
    page: include_str!("division_by_zero.rs"),
};

/// Divisions over all expressions.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for code in codes(mechanism) {
        let Some(expr) = code.typed.get() else { continue };
        exprs(expr, &mut |expr| {
            if let Expr::Binary { op: Op::Div | Op::Rem, right, .. } = expr
                && **right == Expr::Int(0)
            {
                faults.add(Fault::new(&CHECK, "", code.at));
            }
        });
    }
}
