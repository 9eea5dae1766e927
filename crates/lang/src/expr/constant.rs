//! What can be known of a condition without any record: bounds of fields and plain contradictions.
//!
//! A field may be empty, and comparing nothing is false: so “never” may be claimed of it, “always” not.

use std::collections::BTreeMap;

use super::{Expr, Op};
use crate::ast::Mechanism;
use crate::model::Type;

/// Whether a condition holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    Always,
    Never,
    Depends,
}

/// What is known where the condition stands.
pub struct Known<'a> {
    pub mechanism: &'a Mechanism,
    /// The states in which it is asked, if only some.
    pub states: Option<&'a [&'a str]>,
}

/// A range of whole numbers, and whether there is one in every record.
#[derive(Clone, Copy)]
struct Bounds {
    low: i64,
    high: i64,
    given: bool,
}

impl Bounds {
    fn of(low: i64, high: i64) -> Bounds {
        Bounds { low, high, given: true }
    }
}

impl Known<'_> {
    /// Whether the condition holds in every record, in none, or in some.
    pub fn truth(&self, expr: &Expr) -> Truth {
        match expr {
            Expr::Bool(true) => Truth::Always,
            Expr::Bool(false) => Truth::Never,
            Expr::Not(of) => match self.truth(of) {
                Truth::Always => Truth::Never,
                Truth::Never => Truth::Always,
                Truth::Depends => Truth::Depends,
            },
            Expr::Binary { op: Op::And, left, right } => match (self.truth(left), self.truth(right)) {
                (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
                (Truth::Always, Truth::Always) => Truth::Always,
                _ if self.contradicts(expr) => Truth::Never,
                _ => Truth::Depends,
            },
            Expr::Binary { op: Op::Or, left, right } => match (self.truth(left), self.truth(right)) {
                (Truth::Always, _) | (_, Truth::Always) => Truth::Always,
                (Truth::Never, Truth::Never) => Truth::Never,
                _ => Truth::Depends,
            },
            Expr::If { then, otherwise, .. } => match (self.truth(then), self.truth(otherwise)) {
                (a, b) if a == b => a,
                _ => Truth::Depends,
            },
            Expr::Binary { op, left, right } => self.compare(*op, left, right),
            _ => Truth::Depends,
        }
    }

    fn compare(&self, op: Op, left: &Expr, right: &Expr) -> Truth {
        if let Some(truth) = literals(op, left, right) {
            return truth;
        }
        if let (Expr::State, Op::Eq, Expr::Text(state)) | (Expr::Text(state), Op::Eq, Expr::State) =
            (left, op, right)
        {
            let here = self.states.is_none_or(|states| states.contains(&state.as_str()));
            return if here { Truth::Depends } else { Truth::Never };
        }
        if let (Op::In, Expr::List(items)) = (op, right)
            && items.is_empty()
        {
            return Truth::Never;
        }
        if left == right && matches!(op, Op::Ne | Op::Lt | Op::Gt) {
            return Truth::Never;
        }
        match (self.bounds(left), self.bounds(right)) {
            (Some(a), Some(b)) => between(op, a, b),
            _ => Truth::Depends,
        }
    }

    fn bounds(&self, expr: &Expr) -> Option<Bounds> {
        match expr {
            Expr::Int(int) => Some(Bounds::of(*int, *int)),
            Expr::Taken(_) | Expr::Parts(_) | Expr::OpenParts(_) | Expr::CountOver { .. } => {
                Some(Bounds::of(0, i64::MAX))
            }
            Expr::Field(name) => {
                let field = self.mechanism.field(name)?;
                (field.type_of() == Some(&Type::Int)).then_some(())?;
                let low = field.min.as_ref().map_or(i64::MIN, |min| min.value);
                let high = field.max.as_ref().map_or(i64::MAX, |max| max.value);
                // What a step computes is not held to the bounds of the form.
                let computed = self
                    .mechanism
                    .steps
                    .iter()
                    .any(|step| step.set.iter().any(|(set, _)| set.value == *name));
                (!computed).then_some(Bounds { low, high, given: false })
            }
            Expr::Size(of) => {
                let Expr::Field(name) = &**of else {
                    return Some(Bounds { given: false, ..Bounds::of(0, i64::MAX) });
                };
                let max = self.mechanism.field(name)?.max.as_ref().map_or(i64::MAX, |max| max.value);
                Some(Bounds { low: 0, high: max, given: false })
            }
            _ => None,
        }
    }

    /// Whether the parts of an `&&` exclude each other.
    fn contradicts(&self, expr: &Expr) -> bool {
        let mut parts = Vec::new();
        conjuncts(expr, &mut parts);
        let mut equal: BTreeMap<String, &str> = BTreeMap::new();
        let mut ranges: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for part in parts {
            let Expr::Binary { op, left, right } = part else { continue };
            let (op, subject, value) = match (&**left, &**right) {
                (subject, value @ (Expr::Text(_) | Expr::Int(_))) => (*op, subject, value),
                (value @ (Expr::Text(_) | Expr::Int(_)), subject) => (mirrored(*op), subject, value),
                _ => continue,
            };
            let key = format!("{subject:?}");
            match value {
                Expr::Text(text) if op == Op::Eq => {
                    let other = equal.insert(key, text);
                    if other.is_some_and(|other| other != text) {
                        return true;
                    }
                }
                Expr::Int(int) => {
                    let range = ranges.entry(key).or_insert((i64::MIN, i64::MAX));
                    match op {
                        Op::Eq => *range = (range.0.max(*int), range.1.min(*int)),
                        Op::Lt => range.1 = range.1.min(int.saturating_sub(1)),
                        Op::Le => range.1 = range.1.min(*int),
                        Op::Gt => range.0 = range.0.max(int.saturating_add(1)),
                        Op::Ge => range.0 = range.0.max(*int),
                        _ => {}
                    }
                    if range.0 > range.1 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
}

fn conjuncts<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Binary { op: Op::And, left, right } => {
            conjuncts(left, out);
            conjuncts(right, out);
        }
        other => out.push(other),
    }
}

fn mirrored(op: Op) -> Op {
    match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        other => other,
    }
}

fn literals(op: Op, left: &Expr, right: &Expr) -> Option<Truth> {
    let holds = match (left, right) {
        (Expr::Text(a), Expr::Text(b)) => match op {
            Op::Eq => a == b,
            Op::Ne => a != b,
            _ => return None,
        },
        (Expr::Bool(a), Expr::Bool(b)) => match op {
            Op::Eq => a == b,
            Op::Ne => a != b,
            _ => return None,
        },
        (Expr::Span(a), Expr::Span(b)) if matches!(op, Op::Eq | Op::Ne) => (a == b) == (op == Op::Eq),
        _ => return None,
    };
    Some(if holds { Truth::Always } else { Truth::Never })
}

fn between(op: Op, a: Bounds, b: Bounds) -> Truth {
    let given = a.given && b.given;
    let (always, never) = match op {
        Op::Lt => (a.high < b.low, a.low >= b.high),
        Op::Le => (a.high <= b.low, a.low > b.high),
        Op::Gt => (a.low > b.high, a.high <= b.low),
        Op::Ge => (a.low >= b.high, a.high < b.low),
        Op::Eq => (a.low == a.high && a.low == b.low && b.low == b.high, a.high < b.low || b.high < a.low),
        Op::Ne => (a.high < b.low || b.high < a.low, false),
        _ => (false, false),
    };
    match (always && given, never) {
        (true, _) => Truth::Always,
        (_, true) => Truth::Never,
        _ => Truth::Depends,
    }
}
