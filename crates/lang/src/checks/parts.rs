//! Records that do not fit together · 事项之间对不上
//!
//! # What it does
//! Checks `opens` and `calls`: the part names this mechanism as its `parent`, the list and the part's
//! field have the same kind of item (the rows of a table are read by `with`, without `as`), the system may take the part's opening step and everything it asks
//! is given; `calls` goes by a field that names a record, and the called step is one that the system
//! may take and gets what it asks. A merging step asks for a record of the same mechanism. In a part
//! `parent` is the record above it, so no field has that name. What `apart` names stands above the mechanism.
//! A step that `moves` its record is one of a part that has no parts of its own, and does not open it.
//!
//! # Why is this bad
//! The part would never be opened, or the other record would refuse the step, after people have been
//! told that it is done.
//!
//! # Example
//! ```yaml
//! steps:
//!   join: { zh: 协办, en: Join, from: open, to: same, by: clerk, asks: [helpers],
//!     opens: { mechanism: assist, for-each: helpers, as: what } }   # `what` is a text
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   join: { zh: 协办, en: Join, from: open, to: same, by: clerk, asks: [helpers],
//!     opens: { mechanism: assist, for-each: helpers, as: helper } }   # both name units
//! ```
//!
//! # 作用
//! 检查 `opens` 和 `calls`：分项以本机制为 `parent`，列表与分项字段的类型一致（表格的各行用 `with` 取值，不写 `as`），分项的登记步骤允许系统办理且所问都已给出；`calls` 的字段是一个事项，被调用的步骤允许系统办理且所问都已给出；合并步骤要询问同一机制的一个事项。分项里的 `parent` 是它的上级事项，字段不得叫这个名字；`apart` 写的机制是它的上级；`moves` 写在没有下级分项的分项的步骤上，不写在登记步骤上。
//!
//! # 为什么不好
//! 分项不会开出来，或者对方事项拒绝这个步骤，而人们已经被告知办好了。

use crate::ast::{Calls, Mechanism, Opens, Step};
use crate::checks::{Check, missing_key};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::At;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ801", name: "parts", severity: Severity::Error, page: include_str!("parts.rs") };

/// Opened parts, called records and merging.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        for step in &mechanism.steps {
            if let Some(opens) = &step.opens
                && let Some(part) = world.mechanism(opens.mechanism.text())
            {
                opened(mechanism, opens, part, faults);
            }
            if let Some(calls) = &step.calls {
                called(world, mechanism, calls, faults);
            }
            if let Some(at) = step.moves {
                let below = |one: &&Mechanism| {
                    one.parent.as_ref().is_some_and(|parent| parent.value == mechanism.name.value)
                };
                let part = world.documents.mechanisms.iter().find(below);
                // What stands under a record tells those above it, from the top: it would have to move as well.
                if let Some(part) = part {
                    faults.add(
                        Fault::new(&CHECK, "moves-parts", at)
                            .with(mechanism.name.text())
                            .with(part.name.text()),
                    );
                } else if step.opener || mechanism.parent.is_none() {
                    faults.add(Fault::new(&CHECK, "moves", at).with(step.name.text()));
                }
            }
        }
        merging(mechanism, faults);
        if let Some(apart) = &mechanism.apart
            && world.mechanism(apart.text()).is_some()
            && !mechanism.incomplete
        {
            let above = world.above(mechanism);
            if !above.contains(&apart.text()) {
                let fault = Fault::new(&CHECK, "apart", apart.at).with(apart.text());
                faults.add(fault.with(mechanism.name.text()).suggest(apart.text(), above));
            }
        }
        if let Some(number) = mechanism.number.as_ref().filter(|number| number.text().contains("{parent}"))
            && let Some(parent) = mechanism.parent.as_ref().and_then(|parent| world.mechanism(parent.text()))
            && parent.number.is_none()
            && !parent.incomplete
        {
            faults.add(Fault::new(&CHECK, "number", number.at).with(parent.name.text()));
        }
        if let Some(field) = mechanism.field("parent").filter(|_| mechanism.parent.is_some()) {
            faults.add(Fault::new(&CHECK, "parent-field", field.name.at));
        }
    }
}

fn opened(mechanism: &Mechanism, opens: &Opens, part: &Mechanism, faults: &mut Faults) {
    let is_part = part.parent.as_ref().is_some_and(|parent| parent.value == mechanism.name.value);
    if !is_part && !part.incomplete {
        let name = mechanism.name.text();
        faults.add(Fault::new(&CHECK, "parent", opens.mechanism.at).with(part.name.text()).with(name));
    }
    let list = mechanism.field(opens.for_each.text()).and_then(|field| field.type_of());
    match (list, &opens.item_as) {
        (Some(Type::List(item)), Some(item_as)) => {
            let taken = part.field(item_as.text()).and_then(|field| field.type_of());
            if taken.is_some_and(|taken| taken != &**item) {
                let fault = Fault::new(&CHECK, "item", item_as.at);
                faults.add(fault.with(item_as.text()).with(opens.for_each.text()));
            }
        }
        (Some(Type::List(_)), None) => faults.add(missing_key::fault("as", opens.at)),
        // A row is no value of one field: the part takes its columns by `with`.
        (Some(Type::Rows(_)), Some(item_as)) => {
            faults.add(Fault::new(&CHECK, "row", item_as.at).with(opens.for_each.text()));
        }
        (Some(Type::Rows(_)), None) => {}
        (Some(_), _) => {
            faults.add(Fault::new(&CHECK, "list", opens.for_each.at).with(opens.for_each.text()));
        }
        (None, _) => {}
    }
    if let (Some(when), Some(Type::List(_))) = (&opens.when, list) {
        faults.add(Fault::new(&CHECK, "when", when.at).with(opens.for_each.text()));
    }
    let Some(opener) = part.steps.iter().find(|step| step.opener && step.by_system()) else {
        if !part.incomplete && part.steps.iter().any(|step| step.opener) {
            faults.add(Fault::new(&CHECK, "opener", opens.mechanism.at).with(part.name.text()));
        }
        return;
    };
    let given: Vec<&str> =
        opens.with.iter().map(|(field, _)| field).chain(&opens.item_as).map(|word| word.text()).collect();
    unanswered(opener, &given, opens.at, faults);
}

fn called(world: &World<'_>, mechanism: &Mechanism, calls: &Calls, faults: &mut Faults) {
    let other = mechanism.called(calls);
    if other.is_none() && mechanism.field(calls.record.text()).is_some() {
        faults.add(Fault::new(&CHECK, "record", calls.record.at).with(calls.record.text()));
    }
    let other = other.and_then(|other| world.mechanism(other));
    let Some(step) = other.and_then(|other| other.step(calls.step.text())) else { return };
    if !step.by_system() {
        faults.add(Fault::new(&CHECK, "by", calls.step.at).with(step.name.text()));
    }
    if step.opener {
        faults.add(Fault::new(&CHECK, "opens", calls.step.at).with(step.name.text()));
    }
    let given: Vec<&str> = calls.with.iter().map(|(field, _)| field.text()).collect();
    unanswered(step, &given, calls.at, faults);
}

/// Tells what a step must be given and is not.
fn unanswered(step: &Step, given: &[&str], at: At, faults: &mut Faults) {
    let missing = step.asks.iter().filter(|ask| !ask.optional && !given.contains(&ask.field.text()));
    let missing: Vec<&str> = missing.map(|ask| ask.field.text()).collect();
    if !missing.is_empty() {
        faults.add(Fault::new(&CHECK, "asks", at).with(step.name.text()).with(missing.join("`, `")));
    }
}

fn merging(mechanism: &Mechanism, faults: &mut Faults) {
    let Some(into) = mechanism.duplicates.as_ref().and_then(|duplicates| duplicates.into.as_ref()) else {
        return;
    };
    let Some(step) = mechanism.step(into.text()) else { return };
    let own = Type::Record(mechanism.name.value.clone());
    let asks_record = step
        .asks
        .iter()
        .filter_map(|ask| mechanism.field(ask.field.text()))
        .any(|field| field.type_of() == Some(&own));
    if !asks_record {
        faults.add(Fault::new(&CHECK, "merge", into.at).with(step.name.text()).with(mechanism.name.text()));
    }
}
