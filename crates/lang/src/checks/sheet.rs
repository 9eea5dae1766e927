//! A sheet that could not be read or written · 无法读写的明细表
//!
//! # What it does
//! Checks `sheet` of a mechanism: `new` opens a record; `changed` takes steps of a record; each of `key` is asked by `new` and never empty; every
//! column can stand in a cell, is not personal, and is called otherwise than all others of the sheet.
//!
//! # Why is this bad
//! A filled sheet would be refused, or a value would land in the wrong column, or an import would double what
//! is there already.
//!
//! # Example
//! ```yaml
//! sheet: { new: draft, key: note }   # `note` may stay empty
//! ```
//!
//! # Fix
//! ```yaml
//! sheet: { new: draft, key: title }
//! ```
//!
//! # 作用
//! 检查机制的 `sheet`：有编号栏（`number`）的机制要有编号；`new` 是登记步骤；`changed` 是已登记事项的步骤；`key` 的各项由 `new` 询问并且必填；每一栏都能填在单元格里，不是个人信息，栏名在整张表里不重复。
//!
//! # 为什么不好
//! 填好的表会被拒绝，或者数值落到别的栏里，或者重复导入已有的事项。

use crate::ast::{Field, Mechanism};
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::sheet::{BUILT_IN, Sheet, chain, only_changed, opener, writable};
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ841", name: "sheet", severity: Severity::Error, page: include_str!("sheet.rs") };

/// All sheets.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in world.documents.mechanisms.iter().filter(|mechanism| !mechanism.incomplete) {
        let Some(sheet) = &mechanism.sheet else { continue };
        one(mechanism, sheet, faults);
        names(world, mechanism, sheet, faults);
    }
}

fn one(mechanism: &Mechanism, sheet: &Sheet, faults: &mut Faults) {
    for word in std::iter::once(&sheet.new).chain(&sheet.changed) {
        if mechanism.step(word.text()).is_none() {
            let known = mechanism.step_names();
            faults.add(unknown_name::fault("kind.step", word.text(), word.at, known));
        }
    }
    for word in &sheet.shows {
        if mechanism.field(word.text()).is_none() && !BUILT_IN.contains(&word.text()) {
            let known = mechanism.field_names().chain(BUILT_IN);
            faults.add(unknown_name::fault("kind.field", word.text(), word.at, known));
        }
    }
    let Some(new) = mechanism.step(sheet.new.text()) else { return };
    if !new.opener {
        faults.add(Fault::new(&CHECK, "new", sheet.new.at).with(new.name.text()));
    }
    let asked = |name: &str| new.asks.iter().find(|ask| ask.field.value == name);
    for word in &sheet.key {
        let Some(_) = mechanism.field(word.text()) else {
            let known = mechanism.field_names();
            faults.add(unknown_name::fault("kind.field", word.text(), word.at, known));
            continue;
        };
        if asked(word.text()).is_none_or(|ask| ask.optional) {
            faults.add(Fault::new(&CHECK, "key", word.at).with(word.text()).with(new.name.text()));
        }
    }
    let words = new.asks.iter().map(|ask| (&ask.field, sheet.new.at));
    let more = only_changed(mechanism, sheet);
    let at = sheet.changed.first().map_or(sheet.new.at, |word| word.at);
    for (word, at) in words.chain(more.into_iter().map(|word| (word, at))) {
        let Some(field) = mechanism.field(word.text()) else { continue };
        if field.type_of().is_some_and(|ty| !writable(ty)) || field.personal.is_some() {
            faults.add(Fault::new(&CHECK, "column", at).with(word.text()));
        }
    }
    if sheet.number.is_some() && mechanism.number.is_none() {
        faults.add(Fault::new(&CHECK, "number", sheet.at).with(mechanism.name.text()));
    }
    for word in sheet.shown_fields() {
        if mechanism.field(word.text()).is_some_and(|field| field.personal.is_some()) {
            faults.add(Fault::new(&CHECK, "column", word.at).with(word.text()));
        }
    }
    for word in &sheet.changed {
        if mechanism.step(word.text()).is_some_and(|step| step.opener) {
            faults.add(Fault::new(&CHECK, "changed", word.at).with(word.text()));
        }
    }
}

/// Two columns of one name, over the mechanism and those above it.
fn names(world: &World<'_>, mechanism: &Mechanism, sheet: &Sheet, faults: &mut Faults) {
    let Some(mechanism) = world.mechanism(mechanism.name.text()) else { return };
    let mut seen: Vec<(&str, usize, &str)> = Vec::new();
    let chain = chain(world, mechanism);
    let columns = chain.iter().flat_map(|one| {
        let asked = opener(one).into_iter().flat_map(|step| step.asks.iter().map(|ask| &ask.field));
        let shown = one.sheet.iter().flat_map(|sheet| sheet.shown_fields());
        let more = one.sheet.iter().flat_map(|sheet| only_changed(one, sheet));
        asked.chain(more).chain(shown).filter_map(|word| one.field(word.text()))
    });
    let numbers = chain.iter().filter_map(|one| one.sheet.as_ref()?.number.as_ref());
    let numbers = numbers.map(|words| ("number", [Some(&words.zh), Some(&words.en)]));
    let columns = columns.map(|Field { name, zh, en, .. }| (name.text(), [zh.as_ref(), en.as_ref()]));
    for (at, (name, words)) in columns.chain(numbers).enumerate() {
        for words in words.into_iter().flatten() {
            match seen.iter().find(|(known, ..)| known == words) {
                Some((_, other, field)) if *other != at => {
                    let fault = Fault::new(&CHECK, "twice", sheet.at).with(words.as_str());
                    return faults.add(fault.with(*field).with(name));
                }
                _ => seen.push((words, at, name)),
            }
        }
    }
}
