//! Unknown name · 不认识的名称
//!
//! # What it does
//! Looks up every name of a state, step, field, role, element, catalogue, deadline, mechanism,
//! register, column, option and function.
//!
//! # Why is this bad
//! A rule about something that does not exist never takes effect.
//!
//! # Example
//! ```yaml
//! steps:
//!   close: { zh: 办结, en: Close, from: opne, to: closed, by: clerk }
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   close: { zh: 办结, en: Close, from: open, to: closed, by: clerk }
//! ```
//!
//! # 作用
//! 查找每个状态、步骤、字段、岗位、数据元、目录、时限、机制、台账、目录列、选项和函数的名称。
//!
//! # 为什么不好
//! 针对不存在的东西作的规定，永远不会起作用。

use crate::ast::{Field, Indicator, Mechanism, Step, Who};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::notice::Notice;
use crate::source::{At, Spanned, Word};
use crate::view::{Column, Written};
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ101",
    name: "unknown-name",
    severity: Severity::Error,
    page: include_str!("unknown_name.rs"),
};

/// A name that nothing has; `kind` is a key of the locale files.
pub fn fault<'a>(kind: &'static str, word: &str, at: At, known: impl IntoIterator<Item = &'a str>) -> Fault {
    Fault::new(&CHECK, "", at).with_key(kind).with(word).suggest(word, known)
}

/// Names outside expressions.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let mut names = Names { world, faults };
    for element in &world.documents.elements {
        names.field(element);
        for who in element.personal.iter().flat_map(|personal| &personal.audience) {
            // An element does not know the fields of the mechanisms that take it over.
            if let Who::Role(role) = &who.value {
                names.role(role, who.at);
            }
        }
    }
    for mechanism in &world.documents.mechanisms {
        names.mechanism(mechanism);
    }
}

struct Names<'a, 'f> {
    world: &'a World<'a>,
    faults: &'f mut Faults,
}

impl<'a> Names<'a, '_> {
    fn mechanism(&mut self, mechanism: &'a Mechanism) {
        if let Some(parent) = &mechanism.parent {
            self.other_mechanism(parent);
        }
        if let Some(apart) = &mechanism.apart {
            self.other_mechanism(apart);
        }
        for word in
            [&mechanism.title, &mechanism.place, &mechanism.unit, &mechanism.kind].into_iter().flatten()
        {
            self.own_field(mechanism, word);
        }
        if mechanism.register.is_some() && mechanism.field("code").is_none() && !mechanism.incomplete {
            self.faults.add(fault("kind.field", "code", mechanism.name.at, []));
        }
        self.people(mechanism, &mechanism.readers);
        for field in &mechanism.fields {
            self.field(field);
            self.people(mechanism, field.personal.iter().flat_map(|personal| &personal.audience));
        }
        for state in &mechanism.states {
            self.people(mechanism, &state.waits);
        }
        for step in &mechanism.steps {
            self.step(mechanism, step);
        }
        for deadline in &mechanism.deadlines {
            for word in deadline.starts.iter().chain(deadline.ending()).chain(&deadline.late) {
                self.own_step(mechanism, word);
            }
            for word in &deadline.pauses {
                self.state(mechanism, word);
            }
        }
        for indicator in &mechanism.indicators {
            self.indicator(mechanism, indicator);
        }
        for notice in &mechanism.notices {
            self.notice(mechanism, notice);
        }
        for view in &mechanism.views {
            self.view(mechanism, view);
        }
        if let Some(duplicates) = &mechanism.duplicates {
            for word in [Some(&duplicates.words), duplicates.point.as_ref()].into_iter().flatten() {
                self.own_field(mechanism, word);
            }
            if let Some(into) = &duplicates.into {
                self.own_step(mechanism, into);
            }
        }
    }

    fn step(&mut self, mechanism: &'a Mechanism, step: &'a Step) {
        for word in step.from.iter().chain(&step.to) {
            self.state(mechanism, word);
        }
        self.people(mechanism, &step.by);
        for ask in &step.asks {
            self.own_field(mechanism, &ask.field);
        }
        for (field, _) in &step.set {
            self.own_field(mechanism, field);
        }
        if let Some(opens) = &step.opens {
            self.own_field(mechanism, &opens.for_each);
            if let Some(part) = self.other_mechanism(&opens.mechanism) {
                for word in opens.with.iter().map(|(field, _)| field).chain(&opens.item_as) {
                    self.own_field(part, word);
                }
            }
        }
        if let Some(calls) = &step.calls {
            let other = mechanism.called(calls);
            if other.is_none() {
                self.own_field(mechanism, &calls.record);
            }
            if let Some(other) = other.and_then(|other| self.world.mechanism(other)) {
                self.own_step(other, &calls.step);
                for (field, _) in &calls.with {
                    self.own_field(other, field);
                }
            }
        }
        if let Some(extends) = &step.extends {
            self.deadline(mechanism, &extends.deadline);
        }
    }

    fn notice(&mut self, mechanism: &'a Mechanism, notice: &'a Notice) {
        for word in &notice.on {
            self.own_step(mechanism, word);
        }
        for word in notice.warned.iter().chain(&notice.late) {
            self.deadline(mechanism, word);
        }
        self.people(mechanism, &notice.to);
        for word in notice.fields() {
            if mechanism.field(word.text()).is_none() && !mechanism.incomplete {
                let known = mechanism.field_names().chain(crate::notice::BUILT_IN);
                self.faults.add(fault("kind.field", word.text(), word.at, known));
            }
        }
    }

    fn view(&mut self, mechanism: &'a Mechanism, view: &'a Written) {
        for word in view.fields() {
            if mechanism.field(word.text()).is_none() && !mechanism.incomplete {
                let known = mechanism.field_names().chain(Column::BUILT_IN.map(|(name, _)| name));
                self.faults.add(fault("kind.field", word.text(), word.at, known));
            }
        }
    }

    fn deadline(&mut self, mechanism: &Mechanism, word: &Word) {
        if mechanism.deadline(word.text()).is_none() && !mechanism.incomplete {
            self.faults.add(fault("kind.deadline", word.text(), word.at, mechanism.deadline_names()));
        }
    }

    fn indicator(&mut self, mechanism: &'a Mechanism, indicator: &'a Indicator) {
        if let Some(at) = &indicator.at
            && !matches!(at.text(), "opened" | "now")
            && mechanism.field(at.text()).is_none()
            && !mechanism.incomplete
        {
            let known = mechanism.field_names().chain(["opened", "now"]);
            self.faults.add(fault("kind.field", at.text(), at.at, known));
        }
        for dimension in &indicator.by {
            let known = ["place", "unit", "kind", "month", "parent"];
            let field = mechanism.field(dimension.text()).filter(|_| !known.contains(&dimension.text()));
            match field.and_then(|field| field.type_of()) {
                Some(Type::Choice(_) | Type::Entry(_) | Type::Unit | Type::Place | Type::Bool) => continue,
                // Persons are told by another check.
                Some(Type::Person) => continue,
                Some(_) | None => {}
            }
            // Persons are told by another check, with its own reason.
            if !known.contains(&dimension.text()) && !matches!(dimension.text(), "person" | "actor" | "post")
            {
                self.faults.add(fault("kind.dimension", dimension.text(), dimension.at, known));
            }
        }
    }

    fn own_field(&mut self, mechanism: &Mechanism, word: &Word) {
        if mechanism.field(word.text()).is_none() && !mechanism.incomplete {
            self.faults.add(fault("kind.field", word.text(), word.at, mechanism.field_names()));
        }
    }

    fn own_step(&mut self, mechanism: &Mechanism, word: &Word) {
        if mechanism.step(word.text()).is_none() && !mechanism.incomplete {
            self.faults.add(fault("kind.step", word.text(), word.at, mechanism.step_names()));
        }
    }

    fn state(&mut self, mechanism: &Mechanism, word: &Word) {
        if mechanism.state(word.text()).is_none() && !mechanism.incomplete {
            self.faults.add(fault("kind.state", word.text(), word.at, mechanism.state_names()));
        }
    }

    fn other_mechanism(&mut self, word: &Word) -> Option<&'a Mechanism> {
        let found = self.world.mechanism(word.text());
        if found.is_none() {
            self.faults.add(fault("kind.mechanism", word.text(), word.at, self.world.mechanism_names()));
        }
        found
    }

    fn people(&mut self, mechanism: &Mechanism, list: impl IntoIterator<Item = &'a Spanned<Who>>) {
        for who in list {
            match &who.value {
                Who::Role(role) => self.role(role, who.at),
                Who::RoleOf { role, field } => {
                    self.role(role, who.at);
                    // The field stands behind ` of `, at the end of the words.
                    let start = who.at.end.saturating_sub(field.len() as u32).max(who.at.start);
                    self.own_field(mechanism, &Word::new(field.clone(), At { start, ..who.at }));
                }
                Who::Anyone | Who::Holder | Who::System => {}
            }
        }
    }

    fn role(&mut self, role: &str, at: At) {
        if self.world.role(role).is_none() && !self.world.documents.incomplete {
            let known = self.world.role_names().chain(["anyone", "holder", "system"]);
            self.faults.add(fault("kind.role", role, At { end: at.start + role.len() as u32, ..at }, known));
        }
    }

    /// The element, catalogue or mechanism that a field names.
    fn field(&mut self, field: &Field) {
        if let Some(word) = &field.element
            && !self.world.documents.incomplete
            && !self.world.documents.elements.iter().any(|element| element.name.value == word.value)
        {
            let known = self.world.documents.elements.iter().map(|element| element.name.text());
            self.faults.add(fault("kind.element", word.text(), word.at, known));
        }
        for column in field.columns.iter().flatten() {
            self.field(&column.field);
        }
        let Some(ty) = &field.ty else { return };
        let Some(of) = &ty.of else { return };
        let item = match &ty.ty {
            Type::List(item) => item,
            ty => ty,
        };
        match item {
            Type::Entry(name) if self.world.catalogue(name).is_none() && !self.world.documents.incomplete => {
                self.faults.add(fault("kind.catalogue", name, of.at, self.world.catalogue_names()));
            }
            Type::Rows(_)
                if self.world.catalogue(of.text()).is_none() && !self.world.documents.incomplete =>
            {
                self.faults.add(fault("kind.catalogue", of.text(), of.at, self.world.catalogue_names()));
            }
            Type::Record(name) if self.world.mechanism(name).is_none() => {
                self.faults.add(fault("kind.mechanism", name, of.at, self.world.mechanism_names()));
            }
            _ => {}
        }
    }
}
