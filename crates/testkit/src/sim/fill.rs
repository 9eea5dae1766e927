//! Filling what a step asks by the types of its fields, well or wrongly.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{FileRef, RecordId, Value};
use gongzhi_kernel::{Post, Raw, World, command::Input};
use gongzhi_lang::model::{Field, Mechanism, Step, Type};

use super::chance::Chance;
use super::habits::Habits;
use super::model::Model;

/// How personal values begin, so that they can be looked for where they must not be.
pub const SECRET: &str = "zqsecret";

/// What filling needs.
pub struct Pen<'a> {
    pub habits: &'a Habits,
    pub world: &'a World,
    pub model: &'a Model,
    pub photo: &'a FileRef,
    pub file: &'a FileRef,
    pub today: jiff::civil::Date,
    pub chance: &'a mut Chance,
    /// The values that the record has already.
    pub known: &'a BTreeMap<String, Value>,
}

impl Pen<'_> {
    /// The fields of a step; `None` when one that must be filled cannot be. `place` is where it is
    /// about, for the field that is the record's place.
    pub fn fill(&mut self, law: &Arc<Mechanism>, step: &Step, place: &str) -> Option<Input> {
        let mut input = Input::new();
        for ask in &step.asks {
            let field = law.field(&ask.field)?;
            if ask.optional && !self.chance.happens(self.habits.people.optional) {
                continue;
            }
            match self.value(law, field, place) {
                Some(raw) => input.insert(ask.field.clone(), raw),
                None if ask.optional => None,
                None => return None,
            };
        }
        Some(input)
    }

    fn value(&mut self, law: &Mechanism, field: &Field, place: &str) -> Option<Raw> {
        if law.place.as_deref() == Some(&field.name) && self.chance.happens(90.0) {
            return Some(Raw::Text(place.to_owned()));
        }
        if law.register.as_deref() == Some("post") && field.name == "role" {
            let roles: Vec<&String> = self.model.laws.library.roles.keys().collect();
            return self.chance.one(&roles).map(|role| Raw::Text((*role).clone()));
        }
        self.typed(field, &field.ty, place)
    }

    fn typed(&mut self, field: &Field, ty: &Type, place: &str) -> Option<Raw> {
        let text = |text: String| Some(Raw::Text(text));
        match ty {
            Type::Bool => Some(Raw::Bool(self.chance.happens(30.0))),
            Type::Int => {
                let (low, high) = (field.min.unwrap_or(0), field.max.unwrap_or(9));
                let number = low + self.chance.count(0, (high - low).clamp(0, 20).unsigned_abs()) as i64;
                if field.amount {
                    text(format!("{}.{:02}", number.max(1) / 100, number.max(1) % 100))
                } else {
                    Some(Raw::Int(number))
                }
            }
            Type::Text => text(self.text(field)),
            Type::Date => {
                let days = self.chance.count(0, 60) as i64 - 20;
                let date = self.today.checked_add(jiff::Span::new().days(days)).ok()?;
                text(date.to_string())
            }
            Type::Time => text(format!(
                "{}T{:02}:{:02}",
                self.today,
                self.chance.count(7, 20),
                self.chance.count(0, 59)
            )),
            Type::Span => text(format!("{} days", self.chance.count(1, 9))),
            Type::Choice(options) => self.chance.one(options).cloned().map(Raw::Text),
            Type::Entry(catalogue) => {
                let catalogue = self.world.catalogue(catalogue)?;
                let leaf =
                    |entry: &&gongzhi_lang::model::Entry| entry.parent.is_some() || catalogue.levels == 1;
                let codes: Vec<&str> =
                    catalogue.entries.values().filter(leaf).map(|entry| entry.code.as_str()).collect();
                self.chance.one(&codes).map(|code| Raw::Text((*code).to_owned()))
            }
            Type::Place => {
                let places = self.model.places(&field.levels);
                self.chance.one(&places).map(|code| Raw::Text((*code).to_owned()))
            }
            Type::Unit => {
                // Mostly one near the place, else any.
                let fits =
                    |kind: &str| field.kinds.is_empty() || field.kinds.iter().any(|known| known == kind);
                let near = self.chance.happens(75.0);
                let above = self.model.above(place);
                let units: Vec<&str> = self
                    .world
                    .units()
                    .filter(|unit| fits(&unit.kind))
                    .filter(|unit| !near || above.iter().any(|(_, code)| *code == unit.place))
                    .map(|unit| unit.code.as_str())
                    .collect();
                self.chance.one(&units).map(|code| Raw::Text((*code).to_owned()))
            }
            Type::Person => {
                // Where one of a unit's staff is asked: mostly one of them, else any.
                let unit = field.within.as_ref().and_then(|unit| self.known.get(unit)?.text());
                let unit = unit.filter(|_| self.chance.happens(90.0));
                let fits = |post: &Post| unit.is_none() || post.unit.as_deref() == unit;
                let held = self.model.posts().filter(|(_, post)| fits(post));
                let people: Vec<&str> = held.map(|(person, _)| person.as_str()).collect();
                self.chance.one(&people).map(|code| Raw::Text((*code).to_owned()))
            }
            Type::Record(of) => {
                let open = |id: &&RecordId| {
                    let known = &self.model.records[*id];
                    known.mechanism == *of && self.model.open(known)
                };
                let records: Vec<RecordId> =
                    self.model.cases.iter().rev().filter(open).take(30).copied().collect();
                self.chance.one(&records).map(|id| Raw::Text(id.to_string()))
            }
            Type::Point => {
                let mut part = || self.chance.part() * 0.2;
                Some(Raw::Point(35.0 + part(), 111.0 + part()))
            }
            Type::File => Some(Raw::File(if field.photo { self.photo.clone() } else { self.file.clone() })),
            Type::List(item) => {
                let most = field.max.unwrap_or(3).clamp(1, 3).unsigned_abs();
                let least = field.min.unwrap_or(1).clamp(1, 3).unsigned_abs();
                let count = self.chance.count(least, most.max(least));
                let items: Vec<Raw> = (0..count).filter_map(|_| self.typed(field, item, place)).collect();
                (items.len() as u64 >= least).then_some(Raw::List(items))
            }
            // A type that came later than this: what needs it is not played.
            #[allow(unreachable_patterns, reason = "types of fields may be added")]
            _ => None,
        }
    }

    fn text(&mut self, field: &Field) -> String {
        let (least, most) = (field.min.unwrap_or(1).max(1), field.max.unwrap_or(200));
        let mut text = match field.personal.is_some() {
            true => format!("{SECRET}{:07}", self.chance.count(0, 9_999_999)),
            false => String::new(),
        };
        let wanted = self.chance.count(1, 4);
        for _ in 0..wanted {
            if field.personal.is_none() {
                text.push_str(self.chance.one(&self.habits.words).map(String::as_str).unwrap_or("x"));
            }
        }
        while (text.chars().count() as i64) < least {
            text.push('0');
        }
        text.chars().take(usize::try_from(most.max(1)).unwrap_or(200)).collect()
    }

    /// Spoils an input so that no server may take it; says how.
    pub fn spoil(&mut self, law: &Mechanism, step: &Step, input: &mut Input) -> &'static str {
        let asked: Vec<&Field> = step.asks.iter().filter_map(|ask| law.field(&ask.field)).collect();
        let must: Vec<&str> =
            step.asks.iter().filter(|ask| !ask.optional).map(|ask| ask.field.as_str()).collect();
        if !must.is_empty() && self.chance.happens(30.0) {
            let name = self.chance.one(&must).copied().unwrap_or_default();
            input.insert(name.to_owned(), Raw::Text("  ".into()));
            return "a field left empty";
        }
        if let Some(field) = self.chance.one(&asked).copied()
            && self.chance.happens(75.0)
        {
            let (raw, what) = match &field.ty {
                Type::Text if self.chance.happens(50.0) => {
                    (Raw::Text("a\u{7}b".into()), "a control character")
                }
                Type::Text => {
                    let most = usize::try_from(field.max.unwrap_or(2_000)).unwrap_or(0);
                    (Raw::Text("长".repeat(most + 1)), "a text too long")
                }
                Type::List(_) => (Raw::List(vec![Raw::Bool(true); 2]), "a list of something else"),
                Type::Bool => (Raw::Text("perhaps".into()), "no yes or no"),
                _ => (Raw::Text("no-such-code".into()), "what is not there"),
            };
            if field.ty != Type::List(Box::new(Type::Bool)) {
                input.insert(field.name.clone(), raw);
                return what;
            }
        }
        input.insert("no_such_field".into(), Raw::Text("x".into()));
        "a field not asked"
    }
}
