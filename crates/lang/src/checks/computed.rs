//! A computed field that is filled in as well · 计算字段又被填写
//!
//! # What it does
//! Checks fields whose value follows from others (`is`): no step asks or sets them, no parent gives
//! them, they hold nothing personal, and they read only computed fields that stand before them.
//!
//! # Why is this bad
//! What people typed would be overwritten at once, and values that follow from each other in a circle
//! never settle.
//!
//! # Example
//! ```yaml
//! fields:
//!   done: { type: count, is: "count('measure', state == 'done')", zh: 已完成, en: Done }
//! steps:
//!   report: { zh: 报告, en: Report, from: open, to: same, by: clerk, asks: [done] }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   done: { type: count, is: "count('measure', state == 'done')", zh: 已完成, en: Done }
//! steps:
//!   report: { zh: 报告, en: Report, from: open, to: same, by: clerk }
//! ```
//!
//! # 作用
//! 检查由其他内容算出来的字段（`is`）：任何步骤都不询问、不设置它，上级事项也不给它；不含个人信息；只读取写在它前面的计算字段。
//!
//! # 为什么不好
//! 人填的内容马上被覆盖；互相推算的字段永远算不出结果。

use std::collections::BTreeSet;

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::Expr;
use crate::walk::exprs;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ510", name: "computed", severity: Severity::Error, page: include_str!("computed.rs") };

/// All computed fields.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        filled(mechanism, faults);
        for opens in mechanism.steps.iter().filter_map(|step| step.opens.as_ref()) {
            let Some(part) = world.mechanism(opens.mechanism.text()) else { continue };
            for word in opens.with.iter().map(|(field, _)| field).chain(&opens.item_as) {
                told(part, word, faults);
            }
        }
        order(mechanism, faults);
        for field in mechanism.fields.iter().filter(|field| field.is.is_some()) {
            if field.personal.is_some() {
                faults.add(Fault::new(&CHECK, "personal", field.name.at).with(field.name.text()));
            }
        }
    }
}

fn filled(mechanism: &Mechanism, faults: &mut Faults) {
    for step in &mechanism.steps {
        let asked = step.asks.iter().map(|ask| &ask.field);
        for word in asked.chain(step.set.iter().map(|(field, _)| field)) {
            told(mechanism, word, faults);
        }
    }
}

fn told(mechanism: &Mechanism, word: &crate::source::Word, faults: &mut Faults) {
    if mechanism.field(word.text()).is_some_and(|field| field.is.is_some()) {
        faults.add(Fault::new(&CHECK, "filled", word.at).with(word.text()));
    }
}

/// Computed fields are computed in the order of the document, each from those before it.
fn order(mechanism: &Mechanism, faults: &mut Faults) {
    let mut ahead: BTreeSet<&str> =
        mechanism.fields.iter().filter(|field| field.is.is_some()).map(|field| field.name.text()).collect();
    for field in &mechanism.fields {
        let Some(is) = &field.is else { continue };
        if let Some(expr) = is.typed.get() {
            let mut read = BTreeSet::new();
            exprs(expr, &mut |expr| {
                if let Expr::Field(name) | Expr::Has(name) = expr
                    && ahead.contains(name.as_str())
                {
                    read.insert(name.clone());
                }
            });
            for name in read {
                faults.add(Fault::new(&CHECK, "order", is.at).with(field.name.text()).with(name));
            }
        }
        ahead.remove(field.name.text());
    }
}
