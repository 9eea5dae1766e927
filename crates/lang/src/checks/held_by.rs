//! Held by no register or by two · 数据元没有台账或者有两个台账
//!
//! # What it does
//! Checks `held-by` of an element: it names a register that has a field of this element, and stands on
//! an element, not on a mechanism's own field.
//!
//! # Why is this bad
//! What is collected once has one place where it is kept and corrected; an element that nobody holds is
//! asked again by everybody.
//!
//! # Example
//! ```yaml
//! elements:
//!   phone: { type: text, held-by: units, zh: 电话, en: Phone }   # no field of `units` is `element: phone`
//! ```
//!
//! # Fix
//! ```yaml
//! elements:
//!   phone: { type: text, held-by: people, zh: 电话, en: Phone }   # `people` has `phone: { element: phone }`
//! ```
//!
//! # 作用
//! 检查数据元的 `held-by`：写的是一个台账，这个台账有引用该数据元的字段；`held-by` 只写在数据元上，不写在机制自己的字段上。
//!
//! # 为什么不好
//! 一次采集的信息只在一处登记、一处更正；没有台账的数据元，谁都会再问一遍。

use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::dictionary;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ505", name: "held-by", severity: Severity::Error, page: include_str!("held_by.rs") };

/// Elements with `held-by`, and fields that carry it by mistake.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for element in &world.documents.elements {
        let Some(by) = &element.held_by else { continue };
        let Some(register) = world.mechanism(by.text()) else {
            let registers = world.documents.mechanisms.iter().filter(|one| one.register.is_some());
            let known = registers.map(|one| one.name.text());
            faults.add(unknown_name::fault("kind.register", by.text(), by.at, known));
            continue;
        };
        if dictionary::of_element(register, element.name.text()).is_none() && !register.incomplete {
            let fault = Fault::new(&CHECK, "nothing", by.at).with(by.text()).with(element.name.text());
            faults.add(fault.help("help.hold", vec![element.name.text().into(), by.text().into()]));
        }
    }
    let fields = world.documents.mechanisms.iter().flat_map(|mechanism| &mechanism.fields);
    for by in fields.filter_map(|field| field.held_by.as_ref()) {
        faults.add(Fault::new(&CHECK, "field", by.at));
    }
}
