//! A table that cannot be filled in · 填不了的表格
//!
//! # What it does
//! Checks tables (`type: rows`): their columns hold one simple value each and nothing personal, only
//! tables have `columns`, `each` and `usual`, which lies between `min` and `max`, and a table with one row for each entry of a catalogue (`each`)
//! sets no number of rows and has no column `item`, which names the entry; `under` names a field that
//! chooses an entry of the same catalogue.
//!
//! # Why is this bad
//! The form could not be drawn, or its rows could not be told apart.
//!
//! # Example
//! ```yaml
//! fields:
//!   costs: { type: rows, zh: 费用, en: Costs, columns: {
//!     who: { type: list of person, zh: 谁, en: Who }, sum: { type: amount, zh: 金额, en: Amount } } }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   costs: { type: rows, zh: 费用, en: Costs, columns: {
//!     who: { type: person, zh: 谁, en: Who }, sum: { type: amount, zh: 金额, en: Amount } } }
//! ```
//!
//! # 作用
//! 检查表格（`type: rows`）：每列只填一个简单的值，不含个人信息；只有表格才有 `columns`、`each` 和 `usual`（一般填几行，在 `min` 和 `max` 之间）；目录每个条目一行的表格（`each`）不规定行数，也没有名叫 `item` 的列，这一列写的是条目；`under` 写的字段从同一目录里选一个条目。
//!
//! # 为什么不好
//! 表单画不出来，或者分不清哪一行是哪一行。

use crate::ast::{Field, Mechanism};
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::{ITEM, Type};
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ103", name: "columns", severity: Severity::Error, page: include_str!("columns.rs") };

/// All tables, of fields and elements.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let fields = world.documents.mechanisms.iter().flat_map(|mechanism| &mechanism.fields);
    for field in fields.chain(&world.documents.elements) {
        table(field, faults);
    }
    for mechanism in &world.documents.mechanisms {
        for field in &mechanism.fields {
            if let Some(under) = &field.under {
                chosen(mechanism, field, under, faults);
            }
        }
    }
}

/// The field of `under` chooses among the entries of the same catalogue.
fn chosen(mechanism: &Mechanism, table: &Field, under: &Word, faults: &mut Faults) {
    let Some(each) = &table.each else {
        return faults.add(Fault::new(&CHECK, "under-each", under.at).with(table.name.text()));
    };
    match mechanism.field(under.text()) {
        Some(field) => {
            let wanted = Type::Entry(each.value.clone());
            if field.type_of().is_some_and(|ty| *ty != wanted) {
                faults.add(Fault::new(&CHECK, "under", under.at).with(under.text()).with(each.text()));
            }
        }
        None if mechanism.incomplete => {}
        None => {
            faults.add(unknown_name::fault("kind.field", under.text(), under.at, mechanism.field_names()));
        }
    }
}

fn table(field: &Field, faults: &mut Faults) {
    let Some(ty) = field.type_of() else { return };
    let list = matches!(ty, Type::List(item) if matches!(**item, Type::Rows(_)));
    if list {
        faults.add(Fault::new(&CHECK, "list", field.name.at).with(field.name.text()));
    }
    if !list && !matches!(ty, Type::Rows(_)) {
        if field.columns.is_some() || field.each.is_some() || field.usual.is_some() {
            faults.add(Fault::new(&CHECK, "no-table", field.name.at).with(field.name.text()));
        }
        return;
    }
    if let Some(usual) = &field.usual {
        let least = field.min.as_ref().is_none_or(|min| min.value <= usual.value);
        let most = field.max.as_ref().is_none_or(|max| usual.value <= max.value);
        if field.each.is_some() || !least || !most {
            faults.add(Fault::new(&CHECK, "usual", usual.at).with(field.name.text()));
        }
    }
    if field.each.is_some() && (field.min.is_some() || field.max.is_some()) {
        faults.add(Fault::new(&CHECK, "bounds", field.name.at).with(field.name.text()));
    }
    for column in field.columns.iter().flatten().map(|column| &column.field) {
        let (name, at) = (column.name.text(), column.name.at);
        if field.each.is_some() && name == ITEM {
            faults.add(Fault::new(&CHECK, "item", at));
        }
        if column.personal.is_some() || column.element.is_some() {
            faults.add(Fault::new(&CHECK, "personal", at).with(name));
        }
        if let Some(within) = &column.within {
            faults.add(Fault::new(&CHECK, "in", within.at).with(name));
        }
        let complex = matches!(column.type_of(), Some(Type::List(_) | Type::Rows(_) | Type::Point));
        if complex || column.is.is_some() {
            faults.add(Fault::new(&CHECK, "type", at).with(name));
        }
    }
}
