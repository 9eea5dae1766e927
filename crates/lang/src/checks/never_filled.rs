//! A field that nobody fills · 没有人填的字段
//!
//! # What it does
//! Finds fields that no step asks or sets, and that no other record's step fills; and those asked only
//! in steps that can never be taken.
//!
//! # Why is this bad
//! It stays empty in every record: pages show a gap, and conditions on it never hold.
//!
//! # Example
//! ```yaml
//! fields:
//!   wish: { type: text, zh: 希望, en: Wish }   # no step asks it
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   report: { zh: 反映, en: Report, from: new, to: open, by: anyone, asks: [wish?] }
//! ```
//!
//! # 作用
//! 找出没有任何步骤询问或计算、也没有别的事项填写的字段，以及只在永远走不到的步骤里询问的字段。
//!
//! # 为什么不好
//! 它在每个事项里都是空的：页面上留白，针对它的条件永远不成立。

use crate::ast::{Mechanism, Step};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ501",
    name: "never-filled",
    severity: Severity::Error,
    page: include_str!("never_filled.rs"),
};

/// Fields without a step that fills them.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in world.documents.mechanisms.iter().filter(|mechanism| !mechanism.incomplete) {
        let flow = Flow::of(mechanism);
        let reachable = |step: &Step| {
            flow.as_ref().is_none_or(|flow| flow.reachable.is_empty() || flow.can_be_taken(step))
        };
        for field in mechanism.fields.iter().filter(|field| field.is.is_none()) {
            let name = field.name.text();
            let mut filling = mechanism.steps.iter().filter(|step| fills(step, name)).peekable();
            let some = filling.peek().is_some();
            if filling.any(reachable) || from_outside(world, mechanism, name) {
                continue;
            }
            let variant = if some { "unreachable" } else { "" };
            faults.add(Fault::new(&CHECK, variant, field.name.at).with(name));
        }
    }
}

fn fills(step: &Step, field: &str) -> bool {
    step.asks.iter().any(|ask| ask.field.value == field)
        || step.set.iter().any(|(name, _)| name.value == field)
}

/// Whether a parent fills it when it opens the part, or another record when it calls a step.
fn from_outside(world: &World<'_>, mechanism: &Mechanism, field: &str) -> bool {
    world.documents.mechanisms.iter().flat_map(|other| other.steps.iter().map(move |step| (other, step))).any(
        |(other, step)| {
            let opened = step.opens.iter().filter(|opens| opens.mechanism.value == mechanism.name.value).any(
                |opens| {
                    opens.item_as.as_ref().is_some_and(|word| word.value == field)
                        || opens.with.iter().any(|(name, _)| name.value == field)
                },
            );
            let called = step.calls.iter().any(|calls| {
                other.called(calls) == Some(mechanism.name.text())
                    && calls.with.iter().any(|(name, _)| name.value == field)
            });
            opened || called
        },
    )
}
