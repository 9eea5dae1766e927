//! Walks over everything a mechanism says: its expressions, and what they read.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Code, Measure, Mechanism, Step, Who};
use crate::expr::parse::{Node, Tree};
use crate::expr::{Expr, Over};
use crate::model::Type;

/// All expressions of a mechanism.
pub fn codes(mechanism: &Mechanism) -> Vec<&Code> {
    let mut out: Vec<&Code> = mechanism.steps.iter().flat_map(step_codes).collect();
    out.extend(mechanism.fields.iter().filter_map(|field| field.is.as_ref()));
    out.extend(mechanism.deadlines.iter().filter_map(|deadline| deadline.within.as_ref()));
    out.extend(mechanism.deadlines.iter().filter_map(|deadline| deadline.due.as_ref()?.date.as_ref()));
    for previous in mechanism.recurs.iter().filter_map(|recurs| recurs.previous.as_ref()) {
        out.extend(previous.when.iter().chain(previous.with.iter().map(|(_, code)| code)));
    }
    out.extend(mechanism.constraints.iter().flat_map(|constraint| constraint.codes()));
    for indicator in &mechanism.indicators {
        match &indicator.measure {
            Some(Measure::Count(code) | Measure::Sum(code)) => out.push(code),
            Some(Measure::Ratio { of, to } | Measure::Percentile { from: of, to, .. }) => {
                out.extend([of, to]);
            }
            None => {}
        }
    }
    out
}

/// All expressions of a step.
pub fn step_codes(step: &Step) -> Vec<&Code> {
    let mut out: Vec<&Code> = step.needs.iter().filter_map(|need| need.when.as_ref()).collect();
    out.extend(step.set.iter().map(|(_, code)| code));
    out.extend(&step.auto);
    out.extend(
        step.opens.iter().flat_map(|opens| opens.when.iter().chain(opens.with.iter().map(|(_, code)| code))),
    );
    out.extend(step.calls.iter().flat_map(|calls| calls.with.iter().map(|(_, code)| code)));
    out.extend(step.extends.iter().map(|extends| &extends.by));
    out
}

/// Calls back for every part of an untyped expression.
pub fn trees<'a>(tree: &'a Tree, each: &mut impl FnMut(&'a Tree)) {
    each(tree);
    match &tree.node {
        Node::Int(_) | Node::Text(_) | Node::Name(_) => {}
        Node::List(items) | Node::Call { args: items, .. } => items.iter().for_each(|item| trees(item, each)),
        Node::Member { of, .. } | Node::Not(of) | Node::Negate(of) => trees(of, each),
        Node::Binary { left, right, .. } => {
            trees(left, each);
            trees(right, each);
        }
        Node::If { test, then, otherwise } => {
            [test, then, otherwise].into_iter().for_each(|tree| trees(tree, each))
        }
    }
}

/// Calls back for every part of a typed expression.
pub fn exprs<'a>(expr: &'a Expr, each: &mut impl FnMut(&'a Expr)) {
    each(expr);
    match expr {
        Expr::List(items) => items.iter().for_each(|item| exprs(item, each)),
        Expr::Column { entry: of, .. }
        | Expr::Register { entry: of, .. }
        | Expr::Up { place: of, .. }
        | Expr::Size(of)
        | Expr::DateOf(of)
        | Expr::First { day: of, .. }
        | Expr::Held(of)
        | Expr::Missing(of)
        | Expr::Join { of, .. }
        | Expr::Sum(of)
        | Expr::Each { rows: of, .. }
        | Expr::Not(of)
        | Expr::Negate(of) => exprs(of, each),
        Expr::UnitFor { kind: left, place: right } | Expr::Binary { left, right, .. } => {
            exprs(left, each);
            exprs(right, each);
        }
        Expr::If { test, then, otherwise } => {
            [test, then, otherwise].into_iter().for_each(|expr| exprs(expr, each))
        }
        Expr::CountOver { over, when: inner }
        | Expr::SumOver { over, number: inner }
        | Expr::ListOver { over, value: inner } => {
            if let Over::Rows(rows) = over {
                exprs(rows, each);
            }
            exprs(inner, each);
        }
        _ => {}
    }
}

/// What parts must tell for a mechanism's expressions: fields by the part's mechanism.
pub fn told(mechanism: &Mechanism) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for expr in codes(mechanism).into_iter().filter_map(|code| code.typed.get()) {
        exprs(expr, &mut |expr| {
            let (Expr::CountOver { over: Over::Parts(part), when: inner }
            | Expr::SumOver { over: Over::Parts(part), number: inner }
            | Expr::ListOver { over: Over::Parts(part), value: inner }) = expr
            else {
                return;
            };
            let fields = out.entry(part.clone()).or_default();
            exprs(inner, &mut |expr| {
                if let Expr::Inner(name) | Expr::HasInner(name) = expr
                    && !fields.contains(name)
                {
                    fields.push(name.clone());
                }
            });
        });
    }
    out.values_mut().for_each(|fields| fields.sort());
    out.retain(|_, fields| !fields.is_empty());
    out
}

/// Registers whose entries a mechanism's expressions read.
pub fn registers(mechanism: &Mechanism) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for expr in codes(mechanism).into_iter().filter_map(|code| code.typed.get()) {
        exprs(expr, &mut |expr| {
            if let Expr::Register { register, .. } = expr {
                out.insert(register.clone());
            }
        });
    }
    out
}

/// Names of fields that some rule reads: in expressions, as somebody's unit, as what is opened or
/// called, or in a part that the mechanism names for pages and figures.
pub fn read_fields(mechanism: &Mechanism) -> BTreeSet<&str> {
    let mut out = BTreeSet::new();
    for tree in codes(mechanism).into_iter().filter_map(|code| code.tree.as_ref()) {
        trees(tree, &mut |tree| {
            if let Node::Name(name) = &tree.node {
                out.insert(name.as_str());
            }
        });
    }
    let roles = [&mechanism.title, &mechanism.place, &mechanism.unit, &mechanism.kind];
    out.extend(roles.into_iter().flatten().map(|word| word.text()));
    let people = mechanism
        .readers
        .iter()
        .chain(mechanism.states.iter().flat_map(|state| &state.waits))
        .chain(mechanism.steps.iter().flat_map(|step| &step.by))
        .chain(mechanism.notices.iter().flat_map(|notice| &notice.to))
        .chain(
            mechanism.fields.iter().filter_map(|field| field.personal.as_ref()).flat_map(|one| &one.audience),
        );
    for who in people {
        if let Who::RoleOf { field, .. } = &who.value {
            out.insert(field);
        }
    }
    for step in &mechanism.steps {
        out.extend(step.opens.iter().map(|opens| opens.for_each.text()));
        out.extend(step.calls.iter().map(|calls| calls.record.text()));
    }
    out.extend(mechanism.indicators.iter().filter_map(|indicator| indicator.at.as_ref()).map(|at| at.text()));
    out.extend(mechanism.indicators.iter().flat_map(|indicator| &indicator.by).map(|by| by.text()));
    out.extend(
        mechanism.deadlines.iter().filter_map(|one| one.due.as_ref()?.of.as_ref()).map(|of| of.text()),
    );
    out.extend(
        mechanism
            .recurs
            .iter()
            .flat_map(|recurs| [&recurs.item_as, &recurs.period])
            .flatten()
            .map(|one| one.text()),
    );
    let recurs = mechanism.recurs.iter().filter_map(|recurs| recurs.previous.as_ref());
    out.extend(recurs.map(|previous| previous.item_as.text()));
    out.extend(mechanism.published.iter().flat_map(|one| &one.shows).map(|word| word.text()));
    out.extend(mechanism.notices.iter().flat_map(|notice| notice.fields()).map(|word| word.text()));
    out.extend(mechanism.views.iter().flat_map(|view| view.fields()).map(|word| word.text()));
    out.extend(
        mechanism.fields.iter().flat_map(|one| [&one.under, &one.within]).flatten().map(|word| word.text()),
    );
    let calendar =
        mechanism.calendar.iter().flat_map(|entry| [Some(&entry.from), entry.to.as_ref(), entry.at.as_ref()]);
    out.extend(calendar.flatten().map(|word| word.text()));
    out.extend(mechanism.constraints.iter().flat_map(|one| one.fields()).map(|word| word.text()));
    if let Some(duplicates) = &mechanism.duplicates {
        out.insert(duplicates.words.text());
        out.extend(duplicates.point.as_ref().map(|point| point.text()));
        out.extend(
            mechanism
                .fields
                .iter()
                .filter(|one| one.type_of() == Some(&Type::Point))
                .map(|one| one.name.text()),
        );
    }
    out
}
