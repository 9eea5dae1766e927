//! Nobody can do it · 没有人能办
//!
//! # What it does
//! Finds steps, readers and waiting states that name somebody who does not exist there: a role without
//! posts at or above the levels where the records live, a role of a field that names no unit, a role
//! outside units, the holder where no receipt code is given or no record exists yet, and system steps
//! that nothing starts.
//!
//! # Why is this bad
//! The step would be on nobody's list, and the record would wait until its deadline passes.
//!
//! # Example
//! ```yaml
//! lives-at: village
//! steps:
//!   check: { zh: 核查, en: Check, from: open, to: closed, by: clerk of what }   # `what` is a text
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   check: { zh: 核查, en: Check, from: open, to: closed, by: clerk of handler }   # `handler` is a unit
//! ```
//!
//! # 作用
//! 找出写了却不存在的办理人、查看人和等待对象：岗位在事项所在层级及以上都没有、`岗位 of 字段` 的字段不是单位、岗位不属于单位、没有查询码或还没有登记就写 `holder`、系统步骤没有任何触发。
//!
//! # 为什么不好
//! 这样的步骤不会出现在任何人的待办里，事项只能等到超时。

use std::collections::BTreeSet;

use crate::ast::{Mechanism, Step, Who};
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::Spanned;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ204", name: "nobody", severity: Severity::Error, page: include_str!("nobody.rs") };

/// Everybody who is named, and the steps of the system.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let started = started(world);
    for mechanism in &world.documents.mechanisms {
        let mut people = People { world, mechanism, faults };
        people.list(&mechanism.readers, None);
        for state in &mechanism.states {
            people.list(&state.waits, None);
        }
        for field in &mechanism.fields {
            people.list(field.personal.iter().flat_map(|personal| &personal.audience), None);
        }
        for notice in &mechanism.notices {
            // Who is no post at all is told by a check of its own.
            let posts = |who: &&Spanned<Who>| matches!(who.value, Who::Role(_) | Who::RoleOf { .. });
            people.list(notice.to.iter().filter(posts), None);
        }
        for step in &mechanism.steps {
            people.list(&step.by, Some(step));
            if !mechanism.incomplete {
                system(mechanism, step, &started, faults_of(&mut people));
            }
        }
    }
}

fn faults_of<'f>(people: &'f mut People<'_, '_>) -> &'f mut Faults {
    people.faults
}

/// Steps that something starts without a person: mechanism and step by name.
fn started<'a>(world: &World<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let mut out = BTreeSet::new();
    for mechanism in &world.documents.mechanisms {
        let name = mechanism.name.text();
        out.extend(
            mechanism
                .deadlines
                .iter()
                .filter_map(|deadline| deadline.comes())
                .map(|late| (name, late.text())),
        );
        out.extend(
            mechanism.duplicates.iter().filter_map(|one| one.into.as_ref()).map(|into| (name, into.text())),
        );
        out.extend(mechanism.recurs.iter().map(|recurs| (name, recurs.step.text())));
        for step in &mechanism.steps {
            if step.auto.is_some() {
                out.insert((name, step.name.text()));
            }
            if let Some(calls) = &step.calls
                && let Some(other) = mechanism.called(calls).and_then(|other| world.mechanism(other))
            {
                out.insert((other.name.text(), calls.step.text()));
            }
            if let Some(part) = step.opens.as_ref().and_then(|opens| world.mechanism(opens.mechanism.text()))
            {
                out.extend(
                    part.steps
                        .iter()
                        .filter(|step| step.opener)
                        .map(|step| (part.name.text(), step.name.text())),
                );
            }
        }
    }
    out
}

fn system(mechanism: &Mechanism, step: &Step, started: &BTreeSet<(&str, &str)>, faults: &mut Faults) {
    if let Some(auto) = &step.auto
        && !step.by_system()
    {
        faults.add(Fault::new(&CHECK, "auto", auto.at).with(step.name.text()));
    }
    // The entries of a register come from an import.
    let imported = mechanism.register.is_some() && step.opener;
    let only_system = !step.by.is_empty() && step.by.iter().all(|who| who.value == Who::System);
    if only_system && !imported && !started.contains(&(mechanism.name.text(), step.name.text())) {
        faults.add(Fault::new(&CHECK, "never-started", step.name.at).with(step.name.text()));
    }
}

struct People<'a, 'f> {
    world: &'a World<'a>,
    mechanism: &'a Mechanism,
    faults: &'f mut Faults,
}

impl People<'_, '_> {
    fn list<'b>(&mut self, list: impl IntoIterator<Item = &'b Spanned<Who>>, step: Option<&Step>) {
        for who in list {
            match &who.value {
                Who::Anyone | Who::System => {}
                Who::Holder if step.is_some_and(|step| step.opener) => self.tell("holder-opens", who, &[]),
                Who::Holder if !self.mechanism.receipt && !self.mechanism.incomplete => {
                    self.tell("no-receipt", who, &[])
                }
                Who::Holder => {}
                Who::Role(role) => self.level(role, who),
                Who::RoleOf { role, field } => self.in_unit(role, field, who),
            }
        }
    }

    fn tell(&mut self, variant: &'static str, who: &Spanned<Who>, args: &[&str]) {
        let fault = Fault::new(&CHECK, variant, who.at);
        self.faults.add(args.iter().fold(fault, |fault, arg| fault.with(*arg)));
    }

    /// A post over a place covers what lies under it: one at or above the deepest level will do.
    fn level(&mut self, role: &str, who: &Spanned<Who>) {
        let Some(role) = self.world.role(role) else { return };
        let Some(deepest) = self.mechanism.lives_at.iter().max() else { return };
        if !role.at.iter().any(|level| level <= deepest) {
            let levels: Vec<&str> = self.mechanism.lives_at.iter().map(|level| level.word()).collect();
            self.tell("level", who, &[role.name.text(), &levels.join(", ")]);
        }
    }

    fn in_unit(&mut self, role: &str, field: &str, who: &Spanned<Who>) {
        if let Some(role) = self.world.role(role)
            && !role.in_unit
        {
            self.tell("not-in-unit", who, &[role.name.text()]);
        }
        let ty = self.mechanism.field(field).and_then(|field| field.type_of());
        if ty.is_some_and(|ty| *ty != Type::Unit && *ty != Type::List(Box::new(Type::Unit))) {
            self.tell("no-unit", who, &[field]);
        }
    }
}
