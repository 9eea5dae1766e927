//! Records that could not open by themselves · 不能按期自动登记
//!
//! # What it does
//! Checks `opens` of a mechanism: its `step` opens a record and the system may take it, everything that
//! the step asks is given by `as`, `period` and `with`; `as` takes a record of `for-each` (or names an
//! entry of that register), `period` is a month or a date; a part's records come from its parent's.
//!
//! # Why is this bad
//! On the first of the month nothing would open, and nobody would notice before the month is over.
//!
//! # Example
//! ```yaml
//! opens: { every: month, step: open, for-each: member, as: name }   # `name` is a text
//! ```
//!
//! # Fix
//! ```yaml
//! opens: { every: month, step: open, for-each: member, as: member } # `member` names a record of `member`
//! ```
//!
//! # 作用
//! 检查机制的 `opens`：`step` 是系统可以办理的登记步骤，所问的都由 `as`、`period` 和 `with` 给出；`as` 接收 `for-each` 的事项（或者那个台账的条目），`period` 是月份或日期；分项只能按它的上级事项逐一登记。
//!
//! # 为什么不好
//! 到了月初什么也没有登记，等这个月过完了才有人发现。

use crate::ast::{Mechanism, Recurs};
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ803",
    name: "recurrence",
    severity: Severity::Error,
    page: include_str!("recurrence.rs"),
};

/// No day of a period.
pub fn day(word: &Word) -> Fault {
    Fault::new(&CHECK, "day", word.at).with(word.text())
}

/// All mechanisms that open by themselves.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        if let Some(recurs) = &mechanism.recurs {
            One { world, mechanism, recurs }.check(faults);
        }
    }
}

struct One<'a> {
    world: &'a World<'a>,
    mechanism: &'a Mechanism,
    recurs: &'a Recurs,
}

impl One<'_> {
    fn check(&self, faults: &mut Faults) {
        let Recurs { at, step, source, item_as, period, with, .. } = self.recurs;
        let known = source.as_ref().and_then(|source| self.world.mechanism(source.text()));
        if let (Some(source), None) = (source, known) {
            let names = self.world.mechanism_names();
            faults.add(unknown_name::fault("kind.mechanism", source.text(), source.at, names));
        }
        if source.is_none()
            && let Some(item) = item_as.as_ref().or(with.first().map(|(field, _)| field))
        {
            faults.add(Fault::new(&CHECK, "alone", item.at));
        }
        if let (Some(parent), Some(source)) = (&self.mechanism.parent, source)
            && parent.value != source.value
        {
            faults.add(Fault::new(&CHECK, "parent", source.at).with(parent.text()));
        }
        if let (Some(parent), None) = (&self.mechanism.parent, source) {
            faults.add(Fault::new(&CHECK, "parent", *at).with(parent.text()));
        }
        self.fields(known, faults);
        let Some(opener) = self.mechanism.step(step.text()) else {
            if !self.mechanism.incomplete {
                let names = self.mechanism.step_names();
                faults.add(unknown_name::fault("kind.step", step.text(), step.at, names));
            }
            return;
        };
        if !opener.opener || !opener.by_system() {
            faults.add(Fault::new(&CHECK, "step", step.at).with(step.text()));
        }
        let given: Vec<&str> =
            with.iter().map(|(field, _)| field).chain(item_as).chain(period).map(|one| one.text()).collect();
        // There may be none of the period before: what is taken over from it is not surely given.
        let missing = opener.asks.iter().filter(|ask| !ask.optional && !given.contains(&ask.field.text()));
        let missing: Vec<&str> = missing.map(|ask| ask.field.text()).collect();
        if !missing.is_empty() {
            faults.add(Fault::new(&CHECK, "asks", *at).with(step.text()).with(missing.join("`, `")));
        }
        for word in self.filled() {
            if self.mechanism.field(word.text()).is_some()
                && !opener.asks.iter().any(|ask| ask.field.value == word.value)
            {
                faults.add(Fault::new(&CHECK, "not-asked", word.at).with(step.text()).with(word.text()));
            }
        }
    }

    /// The fields that are filled when one opens.
    fn filled(&self) -> impl Iterator<Item = &Word> {
        let Recurs { item_as, period, with, previous, .. } = self.recurs;
        let before =
            previous.iter().flat_map(|one| one.with.iter().map(|(field, _)| field).chain([&one.item_as]));
        with.iter().map(|(field, _)| field).chain(item_as).chain(period).chain(before)
    }

    fn fields(&self, source: Option<&Mechanism>, faults: &mut Faults) {
        let Recurs { item_as, period, previous, .. } = self.recurs;
        for word in self.filled() {
            if self.mechanism.field(word.text()).is_none() && !self.mechanism.incomplete {
                let names = self.mechanism.field_names();
                faults.add(unknown_name::fault("kind.field", word.text(), word.at, names));
            }
        }
        let ty = |word: &Word| self.mechanism.field(word.text()).and_then(|field| field.type_of());
        if let (Some(item), Some(source)) = (item_as, source)
            && let Some(found) = ty(item)
        {
            let entry = match source.register.as_ref().map(|register| register.text()) {
                Some("place") => Some(Type::Place),
                Some("unit") => Some(Type::Unit),
                Some("person") => Some(Type::Person),
                _ => None,
            };
            if *found != Type::Record(source.name.value.clone()) && Some(found) != entry.as_ref() {
                faults.add(Fault::new(&CHECK, "item", item.at).with(item.text()).with(source.name.text()));
            }
        }
        if let Some(before) = previous
            && ty(&before.item_as).is_some_and(|ty| *ty != Type::Record(self.mechanism.name.value.clone()))
        {
            let (item, name) = (&before.item_as, self.mechanism.name.text());
            faults.add(Fault::new(&CHECK, "before", item.at).with(item.text()).with(name));
        }
        if let Some(period) = period
            && ty(period).is_some_and(|found| !matches!(found, Type::Month | Type::Date))
        {
            faults.add(Fault::new(&CHECK, "period", period.at).with(period.text()));
        }
    }
}
