//! Personal data without purpose, audience or keeping time · 个人信息缺少目的、范围或期限
//!
//! # What it does
//! Finds personal fields that do not say for what, who may see them and how long they are kept, and
//! fields that look personal (phone, identity number, bank account …) but are not marked so.
//!
//! # Why is this bad
//! The law lets an office ask for personal data only for a stated purpose, shown to those who need it,
//! and kept no longer than needed (个人信息保护法 6, 17, 19).
//!
//! # Example
//! ```yaml
//! elements:
//!   phone: { type: text, zh: 电话, en: Phone, personal: { audience: [clerk], keep: 2 years } }
//! ```
//!
//! # Fix
//! ```yaml
//! elements:
//!   phone: { type: text, zh: 电话, en: Phone,
//!     personal: { purpose: { zh: 回访, en: To call back }, audience: [clerk], keep: 2 years } }
//! ```
//!
//! # 作用
//! 找出没有写明用途、谁能看、保存多久的个人信息字段，以及看上去是个人信息（电话、证件号码、银行账号等）却没有标明的字段。
//!
//! # 为什么不好
//! 法律要求收集个人信息必须目的明确、范围必要、期限最短（个人信息保护法第六、十七、十九条）。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::checks::asked_twice::shape;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ503",
    name: "personal-incomplete",
    severity: Severity::Error,
    page: include_str!("personal_incomplete.rs"),
};

/// A key of `personal` that is missing.
pub fn missing(field: &Word, key: &str) -> Fault {
    Fault::new(&CHECK, "missing", field.at).with(field.text()).with(key)
}

/// Fields that look personal and are not marked so.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let elements = world.documents.elements.iter();
    // Registers of places, units and documents hold an office's numbers, not a person's.
    let of_people = |mechanism: &&Mechanism| {
        !["place", "unit", "document"].iter().any(|register| mechanism.is_register(register))
    };
    let fields = world.documents.mechanisms.iter().filter(of_people).flat_map(|mechanism| &mechanism.fields);
    for field in elements.chain(fields) {
        // What is published by decision is no secret, and a household's code names no person.
        let open = field.public == Some(true) || shape(field) == Some("shape.household");
        if field.personal.is_none() && !field.broken && !open && shape(field).is_some() {
            faults.add(Fault::new(&CHECK, "unmarked", field.name.at).with(field.name.text()));
        }
    }
}
