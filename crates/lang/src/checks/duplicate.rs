//! Declared twice · 重复声明
//!
//! # What it does
//! Finds a key that stands twice in one mapping, a name declared in two blocks, a field asked twice in
//! one step, and a mechanism, role, element, catalogue or register that two documents declare.
//!
//! # Why is this bad
//! Only one of the two can hold, and readers cannot tell which.
//!
//! # Example
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open }
//!   open: { zh: 办理中, en: In hand }
//! ```
//!
//! # Fix
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open }
//!   working: { zh: 办理中, en: In hand }
//! ```
//!
//! # 作用
//! 找出同一处写了两次的键、两个代码块里重复声明的名称、同一步骤里问了两次的字段，以及两份文件都声明的机制、岗位、数据元、目录或台账。
//!
//! # 为什么不好
//! 两处只能有一处算数，读的人看不出是哪一处。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::source::{At, Word};
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ003", name: "duplicate", severity: Severity::Error, page: include_str!("duplicate.rs") };

/// A key or name that was there before.
pub fn key(word: &Word, _first: At) -> Fault {
    Fault::new(&CHECK, "", word.at).with(word.text())
}

/// Mechanisms and registers declared more than once over all documents.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let all = &world.documents.mechanisms;
    for (index, mechanism) in all.iter().enumerate() {
        if let Some(first) = all[..index].iter().find(|other| other.name.value == mechanism.name.value) {
            faults.add(key(&mechanism.name, first.name.at));
        }
        let Some(register) = &mechanism.register else { continue };
        if let Some(first) = all[..index].iter().find(|other| other.is_register(register.text())) {
            faults.add(
                Fault::new(&CHECK, "register", register.at).with(register.text()).with(first.name.text()),
            );
        }
    }
}
