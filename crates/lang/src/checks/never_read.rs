//! A field that nothing uses · 没有用处的字段
//!
//! # What it does
//! Finds fields for the machine (yes or no, numbers, choices, catalogue entries) that no rule, figure
//! or public page uses. Words, pictures and files are read by people, and registers by other
//! mechanisms, so they are left alone.
//!
//! # Why is this bad
//! Everything asked costs somebody's time. A choice that nothing reads is a burden without use.
//!
//! # Example
//! ```yaml
//! fields:
//!   urgent: { type: bool, zh: 紧急, en: Urgent }   # asked, and no rule reads it
//! ```
//!
//! # Fix
//! ```yaml
//! deadlines:
//!   answer: { zh: 答复, en: Answer, starts: report, ends: close, within: "urgent ? span('1 days') : span('5 days')" }
//! ```
//!
//! # 作用
//! 找出供机器使用（是否、数字、选项、目录条目）却没有任何规则、指标或公开页面用到的字段。文字、照片、文件由人阅读，台账供其他机制使用，不在此列。
//!
//! # 为什么不好
//! 每问一项都要占用别人的时间。没有用处的选项只是负担。

use std::collections::BTreeSet;

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::parse::Node;
use crate::model::Type;
use crate::walk::{codes, read_fields, told, trees};
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ502",
    name: "never-read",
    severity: Severity::Warning,
    page: include_str!("never_read.rs"),
};

/// Fields that the machine asks and never reads.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let own = world.documents.mechanisms.iter().filter(|one| one.register.is_none() && !one.incomplete);
    for mechanism in own {
        let mut read = read_fields(mechanism);
        // What recurrence over these records reads of them.
        let over = world.documents.mechanisms.iter().filter_map(|one| one.recurs.as_ref()).filter(|recurs| {
            recurs.source.as_ref().is_some_and(|source| source.value == mechanism.name.value)
        });
        let over = over.flat_map(|recurs| recurs.when.iter().chain(recurs.with.iter().map(|(_, code)| code)));
        // What is proposed from these records reads of them.
        let steps = world.documents.mechanisms.iter().flat_map(|one| &one.steps);
        let proposed = steps
            .flat_map(|step| &step.proposes)
            .filter(|proposal| proposal.mechanism.value == mechanism.name.value)
            .flat_map(|one| one.when.iter().chain(one.with.iter().map(|(_, code)| code)));
        for code in over.chain(proposed) {
            if let Some(tree) = &code.tree {
                trees(tree, &mut |tree| {
                    if let Node::Name(name) = &tree.node {
                        read.insert(name.as_str());
                    }
                });
            }
        }
        read.extend(read_by_parts(world, mechanism));
        let parent = mechanism.parent.as_ref().and_then(|parent| world.mechanism(parent.text()));
        let told =
            parent.map(told).and_then(|mut told| told.remove(mechanism.name.text())).unwrap_or_default();
        for field in mechanism.fields.iter().filter(|field| !told.contains(&field.name.value)) {
            let for_rules =
                matches!(field.type_of(), Some(Type::Bool | Type::Int | Type::Choice(_) | Type::Entry(_)));
            let shown = field.public == Some(true);
            if for_rules && !shown && !read.contains(field.name.text()) {
                faults.add(Fault::new(&CHECK, "", field.name.at).with(field.name.text()));
            }
        }
    }
}

/// What parts read of the record above them.
fn read_by_parts<'w>(world: &World<'w>, above: &Mechanism) -> BTreeSet<&'w str> {
    let is_part =
        |one: &&Mechanism| one.parent.as_ref().is_some_and(|parent| parent.value == above.name.value);
    let mut read = BTreeSet::new();
    for tree in world
        .documents
        .mechanisms
        .iter()
        .filter(is_part)
        .flat_map(codes)
        .filter_map(|code| code.tree.as_ref())
    {
        trees(tree, &mut |tree| {
            if let Node::Member { of, name } = &tree.node
                && matches!(&of.node, Node::Name(of) if of == "parent")
            {
                read.insert(name.as_str());
            }
        });
    }
    read
}
