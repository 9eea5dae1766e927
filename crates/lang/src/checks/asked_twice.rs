//! Asked although a register holds it · 台账已有的信息又问一遍
//!
//! # What it does
//! Finds text fields for a name, phone, identity number, household or bank account that are not taken
//! from the shared elements (`element: …`), and fields that a step asks people although the record
//! names the person, unit or other entry whose register holds the answer (by the element's `held-by`, or
//! by the register's field of the same words).
//!
//! # Why is this bad
//! What the county already holds is asked once at most (最多报一次). An element has one register, one
//! purpose and one set of limits; a field of its own is a second copy that will differ.
//!
//! # Example
//! ```yaml
//! fields:
//!   mobile: { type: text, zh: 手机号码, en: Mobile number }
//!   handler: { type: unit, zh: 承办单位, en: Unit in charge }
//!   kind_of_unit: { type: text, zh: 单位类型, en: Kind of unit }   # asked, and register `units` holds it
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   mobile: { element: phone }
//!   handler: { type: unit, zh: 承办单位, en: Unit in charge }
//! steps:
//!   take: { zh: 受理, en: Take, from: new, to: open, by: clerk, asks: [mobile, handler],
//!     needs: [{ when: "handler.unit_kind == 'centre'", zh: 只由综治中心受理, en: only the centre takes it }] }
//! ```
//!
//! # 作用
//! 找出没有引用共用数据元（`element: …`）的姓名、电话、证件号码、户、银行账号字段；事项已经写明是哪个人、哪个单位或者哪个条目，台账里（按数据元的 `held-by`，或者按台账中同名的字段）已有答案，步骤又向人询问的，也要找出。
//!
//! # 为什么不好
//! 台账里已有的信息最多报一次。数据元只有一个台账、一个用途、一套限制；另设字段就是多出一份早晚对不上的副本。

use crate::ast::{Field, Mechanism, Step};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::dictionary;
use crate::model::Type;
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ504",
    name: "asked-twice",
    severity: Severity::Error,
    page: include_str!("asked_twice.rs"),
};

/// The shape of an element that a field has, by its name and words: `key: ascii names | Chinese words`.
pub fn shape(field: &Field) -> Option<&'static str> {
    const LIST: &str = include_str!("../../data/shapes.txt");
    const KEYS: [&str; 5] =
        ["shape.name", "shape.phone", "shape.identity", "shape.household", "shape.account"];
    let is_text = matches!(field.type_of(), Some(Type::Text));
    let name = field.name.text().to_ascii_lowercase().replace('-', "_");
    let zh = field.zh.as_deref().unwrap_or("");
    let found = LIST.lines().find_map(|line| {
        let (key, words) = line.split_once(':')?;
        let key = KEYS.into_iter().find(|known| *known == key)?;
        let (names, chinese) = words.split_once('|')?;
        let by_name =
            names.split_whitespace().any(|word| name == word || name.ends_with(&format!("_{word}")));
        (by_name || chinese.split_whitespace().any(|word| zh.contains(word))).then_some(key)
    });
    found.filter(|_| is_text)
}

/// Fields that should be taken from an element or from a register.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        // A register is where the element is held.
        if !dictionary::is_register(world, mechanism) {
            elements(world, mechanism, faults);
        }
        registers(world, mechanism, faults);
    }
}

fn elements(world: &World<'_>, mechanism: &Mechanism, faults: &mut Faults) {
    for field in mechanism.fields.iter().filter(|field| field.element.is_none()) {
        let Some(key) = shape(field) else { continue };
        let alike = world.documents.elements.iter().find(|element| shape(element) == Some(key));
        let fault = Fault::new(&CHECK, "", field.name.at).with(field.name.text()).with_key(key);
        faults.add(match alike {
            Some(element) => fault.help("help.element", vec![element.name.text().into()]),
            None => fault,
        });
    }
}

/// What people are asked, and a register holds about the entry that the record names.
fn registers(world: &World<'_>, mechanism: &Mechanism, faults: &mut Faults) {
    let by_people = |step: &&Step| step.by.iter().any(|who| who.value != crate::ast::Who::System);
    for ask in mechanism.steps.iter().filter(by_people).flat_map(|step| &step.asks) {
        let Some(field) = mechanism.field(ask.field.text()) else { continue };
        let Some((held, subject)) = dictionary::held(world, mechanism, field) else { continue };
        let fault = Fault::new(&CHECK, "held", ask.field.at)
            .with(field.name.text())
            .with(held.field.name.text())
            .with(held.register.name.text())
            .with(subject.name.text());
        let read = format!("{}.{}", subject.name.value, held.field.name.value);
        let readable = held.register.register.is_some() && held.field.personal.is_none();
        faults.add(match readable {
            true => fault.help("help.take", vec![field.name.text().into(), read.into()]),
            false => fault.help("help.look", vec![field.name.text().into(), subject.name.text().into()]),
        });
    }
}
