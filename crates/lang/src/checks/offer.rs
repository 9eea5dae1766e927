//! A calendar entry or proposal that cannot be made · 排不进日历、提不出来
//!
//! # What it does
//! Checks `calendar` of a mechanism (`from` and `to` are both times or both dates, `at` is an entry of a
//! catalogue, a place or a unit) and `proposes` of a step (a table that the step asks; `with` fills columns
//! of it and nothing else, and every column that must be filled).
//!
//! # Why is this bad
//! The meeting would stand in nobody's calendar, or the form would begin with rows that cannot be sent.
//!
//! # Example
//! ```yaml
//! steps:
//!   call: { zh: 通知, en: Call, from: new, to: open, by: clerk, asks: [agenda],
//!     proposes: { agenda: { of: measure, with: { subject: "title" } } } }   # `subject` is no column
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   call: { zh: 通知, en: Call, from: new, to: open, by: clerk, asks: [agenda],
//!     proposes: { agenda: { of: measure, with: { topic: "title" } } } }
//! ```
//!
//! # 作用
//! 检查机制的 `calendar`（`from` 和 `to` 同为时间或者同为日期，`at` 是目录的条目、区域或者单位）和步骤的 `proposes`（步骤所问的表格；`with` 只填这张表的列，必填的列都填上）。
//!
//! # 为什么不好
//! 会议进不了任何人的日历，或者表单一打开就是交不上去的行。

use crate::ast::{Mechanism, Step};
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::offer::Proposal;
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ805", name: "offer", severity: Severity::Error, page: include_str!("offer.rs") };

/// All calendar entries and proposals.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        calendar(mechanism, faults);
        for step in &mechanism.steps {
            for proposal in &step.proposes {
                proposed(world, mechanism, step, proposal, faults);
            }
        }
    }
}

fn calendar(mechanism: &Mechanism, faults: &mut Faults) {
    let Some(entry) = &mechanism.calendar else { return };
    let mut ty = |word: &Word| {
        let field = mechanism.field(word.text());
        if field.is_none() && !mechanism.incomplete {
            faults.add(unknown_name::fault("kind.field", word.text(), word.at, mechanism.field_names()));
        }
        field.and_then(|field| field.type_of())
    };
    let (from, to, at) = (ty(&entry.from), entry.to.as_ref().map(&mut ty), entry.at.as_ref().map(&mut ty));
    if from.is_some_and(|ty| !matches!(ty, Type::Date | Type::Time)) {
        faults.add(Fault::new(&CHECK, "time", entry.from.at).with(entry.from.text()));
    }
    if let (Some(from), Some(Some(to)), Some(word)) = (from, to, &entry.to)
        && from != to
    {
        faults.add(Fault::new(&CHECK, "ends", word.at).with(entry.from.text()).with(word.text()));
    }
    if let (Some(Some(at)), Some(word)) = (at, &entry.at)
        && !matches!(at, Type::Entry(_) | Type::Place | Type::Unit)
    {
        faults.add(Fault::new(&CHECK, "place", word.at).with(word.text()));
    }
}

fn proposed(world: &World<'_>, mechanism: &Mechanism, step: &Step, proposal: &Proposal, faults: &mut Faults) {
    let Proposal { field, mechanism: of, with, .. } = proposal;
    if world.mechanism(of.text()).is_none() {
        faults.add(unknown_name::fault("kind.mechanism", of.text(), of.at, world.mechanism_names()));
    }
    let table = mechanism.field(field.text());
    if table.is_none() && !mechanism.incomplete {
        faults.add(unknown_name::fault("kind.field", field.text(), field.at, mechanism.field_names()));
    }
    let Some(table) = table else { return };
    let asked = step.asks.iter().any(|ask| ask.field.value == field.value);
    let rows = matches!(table.type_of(), Some(Type::Rows(_))) && table.each.is_none();
    if !asked || !rows {
        faults.add(Fault::new(&CHECK, "table", field.at).with(field.text()).with(step.name.text()));
        return;
    }
    let columns = table.columns.as_deref().unwrap_or_default();
    let names = || columns.iter().map(|column| column.field.name.text());
    for (word, _) in with {
        if !names().any(|name| name == word.text()) {
            faults.add(unknown_name::fault("kind.column", word.text(), word.at, names()));
        }
    }
    let given = |name: &str| with.iter().any(|(word, _)| word.value == name);
    let missing = columns.iter().filter(|column| {
        let ticked = matches!(column.field.type_of(), Some(Type::Bool));
        !column.optional && !ticked && !given(column.field.name.text())
    });
    let missing: Vec<&str> = missing.map(|column| column.field.name.text()).collect();
    if !missing.is_empty() {
        faults.add(Fault::new(&CHECK, "columns", field.at).with(missing.join("`, `")));
    }
}
