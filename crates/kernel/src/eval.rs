//! Evaluating checked expressions over one record. A field without value is `None`; an operation
//! on `None` gives `None`, and a condition that is `None` does not hold.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use gongzhi_base::{Span, Timestamp, Value};
use gongzhi_lang::expr::{ActorPart, Expr, Op, Over};
use gongzhi_lang::model::Mechanism;

use crate::actor::Acted;
use crate::record::Record;
use crate::world::World;

/// What an expression may read.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub mechanism: &'a Mechanism,
    pub record: &'a Record,
    pub world: &'a World,
    pub now: Timestamp,
    pub actor: Option<&'a Acted>,
    /// The record that this one is a part of, where it is at hand.
    pub parent: Option<&'a Record>,
    /// What whoever takes a step gave with it.
    pub given: Option<&'a BTreeMap<String, Value>>,
    /// The row or what the part told, inside `count` and `sum`.
    pub inner: Option<&'a BTreeMap<String, Value>>,
}

impl<'a> Scope<'a> {
    /// What a record alone tells: nobody acts, and nothing above it is at hand.
    pub fn of(mechanism: &'a Mechanism, record: &'a Record, world: &'a World, now: Timestamp) -> Scope<'a> {
        Scope { mechanism, record, world, now, actor: None, parent: None, given: None, inner: None }
    }
}

impl Scope<'_> {
    /// Whether a condition holds.
    pub fn holds(&self, expr: &Expr) -> bool {
        self.eval(expr) == Some(Value::Bool(true))
    }

    /// The value of an expression.
    pub fn eval(&self, expr: &Expr) -> Option<Value> {
        let record = self.record;
        let count = |n: usize| Some(Value::Int(n as i64));
        match expr {
            Expr::Bool(value) => Some(Value::Bool(*value)),
            Expr::Int(value) => Some(Value::Int(*value)),
            Expr::Text(value) => Some(Value::Text(value.clone())),
            Expr::Span(value) => Some(Value::Span(*value)),
            Expr::List(items) => {
                items.iter().map(|item| self.eval(item)).collect::<Option<_>>().map(Value::List)
            }
            Expr::Field(name) => record.fields.get(name).cloned(),
            Expr::Column { entry, catalogue, column } => self.column(entry, catalogue, column),
            Expr::Register { entry, register, field } => self.register(entry, register, field),
            Expr::Actor(part) => self.actor(*part),
            Expr::Opened => Some(Value::Time(record.opened)),
            Expr::Now => Some(Value::Time(self.now)),
            Expr::State => Some(Value::Text(record.state.clone())),
            Expr::Number => Some(Value::Text(record.number.clone())),
            Expr::Has(name) => Some(Value::Bool(record.fields.get(name).is_some_and(|v| !is_empty(v)))),
            Expr::Given(name) => {
                let given = self.given.and_then(|given| given.get(name));
                Some(Value::Bool(given.is_some_and(|value| !is_empty(value))))
            }
            Expr::Taken(step) => Some(Value::Int(i64::from(record.taken.get(step).copied().unwrap_or(0)))),
            Expr::Met(name) => Some(Value::Bool(record.clocks.get(name).is_some_and(|clock| clock.met))),
            Expr::Late(name) => Some(Value::Bool(record.was_late(name))),
            Expr::Running(name) => {
                Some(Value::Bool(record.clocks.get(name).is_some_and(|clock| clock.running())))
            }
            Expr::Parts(name) => count(record.parts.iter().filter(|part| part.mechanism == *name).count()),
            Expr::OpenParts(name) => {
                count(record.parts.iter().filter(|part| part.mechanism == *name && part.open).count())
            }
            Expr::UnitFor { kind, place } => {
                let (kind, place) = (self.text(kind)?, self.text(place)?);
                self.world.unit_for(&kind, &place).map(Value::from)
            }
            Expr::Up { place, level } => self.world.up(&self.text(place)?, *level).map(Value::from),
            Expr::Size(of) => match self.eval(of) {
                Some(Value::List(items)) => count(items.len()),
                Some(Value::Text(text)) => count(text.chars().count()),
                Some(_) => count(1),
                None => count(0),
            },
            Expr::First { day, period } => match self.eval(day)? {
                Value::Date(day) => Some(Value::Date(period.first(day))),
                _ => None,
            },
            Expr::DateOf(of) => match self.eval(of)? {
                Value::Time(at) => Some(Value::Date(self.world.zone.date(at))),
                _ => None,
            },
            Expr::Held(of) => {
                let dictionary = self.world.catalogue(gongzhi_lang::dictionary::NAME)?;
                let value = self.eval(of)?;
                let texts = value.items().iter().filter_map(Value::text);
                let found = texts.flat_map(|text| gongzhi_lang::dictionary::find(dictionary, text));
                Some(Value::List(found.map(Value::from).collect()))
            }
            Expr::Missing(of) => {
                let dictionary = self.world.catalogue(gongzhi_lang::dictionary::NAME)?;
                let value = self.eval(of)?;
                let none = |text: &str| {
                    !text.is_empty() && gongzhi_lang::dictionary::find(dictionary, text).is_empty()
                };
                let texts = value.items().iter().filter(|item| item.text().is_some_and(none));
                Some(Value::List(texts.cloned().collect()))
            }
            Expr::Join { of, by } => {
                let value = self.eval(of)?;
                let texts: Vec<&str> = value.items().iter().filter_map(Value::text).collect();
                Some(Value::Text(texts.join(by)))
            }
            Expr::Parent(name) => match (self.parent?, name.as_str()) {
                (parent, "state") => Some(Value::Text(parent.state.clone())),
                (parent, name) => parent.fields.get(name).cloned(),
            },
            Expr::Each { rows, column } => {
                let rows = self.eval(rows)?;
                let cells = rows.items().iter().filter_map(|row| match row {
                    Value::Row(cells) => cells.get(column).cloned(),
                    _ => None,
                });
                Some(Value::List(cells.collect()))
            }
            Expr::Sum(list) => total(self.eval(list).iter().flat_map(Value::items).map(Value::int)),
            Expr::CountOver { over, when } => {
                let mut found = 0;
                self.each(over, |scope| found += usize::from(scope.holds(when)));
                count(found)
            }
            Expr::SumOver { over, number } => {
                let mut numbers = Vec::new();
                self.each(over, |scope| numbers.push(scope.eval(number).and_then(|value| value.int())));
                total(numbers.into_iter())
            }
            Expr::ListOver { over, value } => {
                let mut values = Vec::new();
                self.each(over, |scope| values.extend(scope.eval(value)));
                Some(Value::List(values))
            }
            Expr::Inner(name) => self.inner?.get(name).cloned(),
            Expr::HasInner(name) => {
                Some(Value::Bool(self.inner?.get(name).is_some_and(|value| !is_empty(value))))
            }
            Expr::Not(of) => Some(Value::Bool(!self.holds(of))),
            Expr::Negate(of) => Some(Value::Int(self.eval(of)?.int()?.checked_neg()?)),
            Expr::If { test, then, otherwise } => self.eval(if self.holds(test) { then } else { otherwise }),
            Expr::Binary { op, left, right } => self.binary(*op, left, right),
        }
    }

    /// Calls back for each row or part, with its values inside.
    fn each(&self, over: &Over, mut visit: impl FnMut(&Scope<'_>)) {
        match over {
            Over::Rows(rows) => {
                for row in self.eval(rows).iter().flat_map(Value::items) {
                    if let Value::Row(cells) = row {
                        visit(&Scope { inner: Some(cells), ..*self });
                    }
                }
            }
            Over::Parts(name) => {
                for part in self.record.parts.iter().filter(|part| part.mechanism == *name) {
                    visit(&Scope { inner: Some(&part.told), ..*self });
                }
            }
        }
    }

    fn text(&self, expr: &Expr) -> Option<String> {
        match self.eval(expr)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn column(&self, entry: &Expr, catalogue: &str, column: &str) -> Option<Value> {
        let code = self.text(entry)?;
        let catalogue = self.world.catalogue(catalogue)?;
        let text = catalogue.entries.get(&code)?.values.get(column)?;
        if text.is_empty() {
            return None;
        }
        use gongzhi_lang::model::Type;
        match catalogue.columns.get(column)? {
            Type::Span => text.parse::<Span>().ok().map(Value::Span),
            Type::Int => text.parse().ok().map(Value::Int),
            Type::Bool => Some(Value::Bool(matches!(text.as_str(), "1" | "true" | "yes"))),
            _ => Some(Value::Text(text.clone())),
        }
    }

    fn register(&self, entry: &Expr, register: &str, field: &str) -> Option<Value> {
        let code = self.text(entry)?;
        let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
        match register {
            "place" => {
                let place = self.world.place(&code)?;
                match field {
                    "code" => text(&place.code),
                    "name" => text(&place.words.zh),
                    "name_en" => text(&place.words.en),
                    "level" => text(place.level.word()),
                    "kind" => text(&place.kind),
                    "parent" => place.parent.clone().map(Value::Text),
                    "phone" => text(&place.phone),
                    "point" => place.point.map(Value::Point),
                    _ => None,
                }
            }
            "unit" => {
                let unit = self.world.unit(&code)?;
                match field {
                    "code" => text(&unit.code),
                    "name" => text(&unit.words.zh),
                    "name_en" => text(&unit.words.en),
                    "unit_kind" => text(&unit.kind),
                    "place" => text(&unit.place),
                    "superior" => unit.superior.clone().map(Value::Text),
                    "phone" => text(&unit.phone),
                    "resident" => Some(Value::Bool(unit.resident)),
                    _ => None,
                }
            }
            "person" => match field {
                "code" => Some(Value::Text(code)),
                "name" => self.world.person(&code).map(|person| Value::Text(person.name.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    fn actor(&self, part: ActorPart) -> Option<Value> {
        let Some(Acted::Person { code, post }) = self.actor else { return None };
        match part {
            ActorPart::Person => Some(Value::Text(code.clone())),
            ActorPart::Unit => post.as_ref()?.unit.clone().map(Value::Text),
            ActorPart::Role => Some(Value::Text(post.as_ref()?.role.clone())),
            ActorPart::Place => Some(Value::Text(post.as_ref()?.place.clone())),
        }
    }

    fn binary(&self, op: Op, left: &Expr, right: &Expr) -> Option<Value> {
        // `&&` and `||` look at the right side only when it matters.
        match op {
            Op::And => return Some(Value::Bool(self.holds(left) && self.holds(right))),
            Op::Or => return Some(Value::Bool(self.holds(left) || self.holds(right))),
            _ => {}
        }
        let (left, right) = (self.eval(left), self.eval(right));
        let (Some(left), Some(right)) = (left, right) else {
            // Nothing is unequal to something; every other comparison with nothing is false.
            return match op {
                Op::Ne => Some(Value::Bool(true)),
                Op::Eq | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::In => Some(Value::Bool(false)),
                _ => None,
            };
        };
        let compare = |wanted: &[Ordering]| Some(Value::Bool(wanted.contains(&order(&left, &right)?)));
        match op {
            Op::Eq => Some(Value::Bool(left == right)),
            Op::Ne => Some(Value::Bool(left != right)),
            Op::Lt => compare(&[Ordering::Less]),
            Op::Le => compare(&[Ordering::Less, Ordering::Equal]),
            Op::Gt => compare(&[Ordering::Greater]),
            Op::Ge => compare(&[Ordering::Greater, Ordering::Equal]),
            Op::In => match &right {
                Value::List(items) => Some(Value::Bool(items.contains(&left))),
                _ => Some(Value::Bool(false)),
            },
            Op::Add => match (&left, &right) {
                (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
                (Value::Text(a), Value::Text(b)) => Some(Value::Text(format!("{a}{b}"))),
                (Value::List(a), Value::List(b)) => Some(Value::List([a.as_slice(), b.as_slice()].concat())),
                (Value::Time(at), Value::Span(span)) => Some(Value::Time(self.later(*at, *span))),
                _ => None,
            },
            Op::Sub => left.int()?.checked_sub(right.int()?).map(Value::Int),
            Op::Mul => left.int()?.checked_mul(right.int()?).map(Value::Int),
            Op::Div => left.int()?.checked_div(right.int()?).map(Value::Int),
            Op::Rem => left.int()?.checked_rem(right.int()?).map(Value::Int),
            Op::And | Op::Or => None,
        }
    }

    fn later(&self, at: Timestamp, span: Span) -> Timestamp {
        self.world.calendar.due(self.world.zone, at, span, &[]).due
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Span(a), Value::Span(b)) => Some(a.rough_minutes().cmp(&b.rough_minutes())),
        _ => None,
    }
}

/// The sum of the numbers that are there; nothing if it is too large to be one.
fn total(mut numbers: impl Iterator<Item = Option<i64>>) -> Option<Value> {
    numbers.try_fold(0i64, |sum, number| sum.checked_add(number.unwrap_or(0))).map(Value::Int)
}

/// Whether a value says nothing: empty text or an empty list.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}
