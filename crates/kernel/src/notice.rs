//! Notices: who is told what because of a decision. The texts are told in both languages, so that
//! the reader's choice is made where they are read; they hold no personal value (the checker sees
//! to that).

use std::collections::BTreeSet;

use gongzhi_base::{RecordId, Timestamp, Value, Words};
use gongzhi_lang::model::{self, Field, Mechanism, Type};
use gongzhi_lang::notice::Piece;

use crate::actor::Acted;
use crate::event::{Deed, Event};
use crate::project::todo;
use crate::record::Record;
use crate::world::World;

/// Something to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    pub record: RecordId,
    pub mechanism: String,
    /// The notice's name in its mechanism.
    pub rule: String,
    pub at: Timestamp,
    pub text: Words,
    /// Codes of the persons who are told, each once, in order.
    pub to: Vec<String>,
}

/// The notices of one event. `record` is the one of which the decision lets it tell: mostly that after the whole
/// decision, so that nobody is told of what has been overtaken by an automatic step. Who acted is not told what
/// he did.
pub fn of_event(mechanism: &Mechanism, event: &Event, record: &Record, world: &World) -> Vec<Notice> {
    if mechanism.notices.is_empty() {
        return Vec::new();
    }
    let deadline = match &event.deed {
        Deed::Passed { deadline, .. } => Some(deadline.as_str()),
        _ => None,
    };
    let told = |rule: &model::Notice| {
        let keys = todo(&rule.to, record, world);
        let today = world.zone.date(event.at);
        let mut to: BTreeSet<&str> = keys.iter().flat_map(|key| world.holders(key, today)).collect();
        if let Acted::Person { code, .. } = &event.by {
            to.remove(code.as_str());
        }
        if to.is_empty() {
            return None;
        }
        let teller = Teller { mechanism, record, world, deadline };
        let text = Words::new(
            teller.text(&rule.zh, |words| &words.zh, "、"),
            teller.text(&rule.en, |words| if words.en.is_empty() { &words.zh } else { &words.en }, ", "),
        );
        Some(Notice {
            record: record.id,
            mechanism: mechanism.name.clone(),
            rule: rule.name.clone(),
            at: event.at,
            text,
            to: to.into_iter().map(str::to_owned).collect(),
        })
    };
    telling(mechanism, event).filter_map(told).collect()
}

/// The rules by which an event tells somebody something.
pub fn telling<'m>(mechanism: &'m Mechanism, event: &'m Event) -> impl Iterator<Item = &'m model::Notice> {
    mechanism.notices.iter().filter(|rule| match &event.deed {
        Deed::Step(taken) => rule.on.contains(&taken.step),
        Deed::Passed { deadline, late: false } => rule.warned.contains(deadline),
        Deed::Passed { deadline, late: true } => rule.late.contains(deadline),
        _ => false,
    })
}

/// Stands for a value that is not there.
const NONE: &str = "—";

/// Puts the values of a record into a text.
struct Teller<'a> {
    mechanism: &'a Mechanism,
    record: &'a Record,
    world: &'a World,
    /// The deadline that tells it.
    deadline: Option<&'a str>,
}

impl Teller<'_> {
    fn text(&self, pieces: &[Piece], say: fn(&Words) -> &String, comma: &str) -> String {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Number => out.push_str(&self.record.number),
                Piece::Due => out.push_str(&self.due()),
                Piece::State => {
                    let state = self.mechanism.state(&self.record.state);
                    out.push_str(state.map_or(NONE, |state| say(&state.words)));
                }
                Piece::Field(name) => out.push_str(&self.field(name, say, comma)),
            }
        }
        out
    }

    fn due(&self) -> String {
        let clock = match self.deadline {
            Some(name) => self.record.clocks.get(name),
            None => {
                let running = self.record.running();
                running.into_iter().map(|(_, clock)| clock).min_by_key(|clock| clock.derivation.due)
            }
        };
        clock.map_or_else(|| NONE.to_owned(), |clock| moment(self.world.zone.told(clock.derivation.due)))
    }

    fn field(&self, name: &str, say: fn(&Words) -> &String, comma: &str) -> String {
        let (Some(field), Some(value)) = (self.mechanism.field(name), self.record.fields.get(name)) else {
            return NONE.to_owned();
        };
        let item = match &field.ty {
            Type::List(item) => item,
            ty => ty,
        };
        let words: Vec<String> =
            value.items().iter().map(|value| self.value(field, item, value, say)).collect();
        if words.is_empty() { NONE.to_owned() } else { words.join(comma) }
    }

    fn value(&self, field: &Field, ty: &Type, value: &Value, say: fn(&Words) -> &String) -> String {
        let world = self.world;
        let known =
            |words: Option<&Words>, code: &str| words.map_or_else(|| code.to_owned(), |w| say(w).clone());
        match (ty, value) {
            (Type::Place, Value::Text(code)) => known(world.place(code).map(|place| &place.words), code),
            (Type::Unit, Value::Text(code)) => known(world.unit(code).map(|unit| &unit.words), code),
            (Type::Entry(catalogue), Value::Text(code)) => {
                let entry = world.catalogue(catalogue).and_then(|catalogue| catalogue.entries.get(code));
                known(entry.map(|entry| &entry.words), code)
            }
            (Type::Choice(_), Value::Text(name)) => {
                let option = field.options.iter().find(|(known, _)| known == name);
                known(option.map(|(_, words)| words), name)
            }
            (Type::Person, Value::Text(code)) => {
                world.person(code).map_or_else(|| code.clone(), |person| person.name.clone())
            }
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Int(fen)) if field.amount => {
                let sign = if *fen < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
            }
            (_, Value::Int(number)) => number.to_string(),
            (_, Value::Date(day)) => date(*day),
            (_, Value::Time(at)) => moment(world.zone.civil(*at)),
            // Nothing else can stand in a notice, a sealed value least of all.
            _ => NONE.to_owned(),
        }
    }
}

/// `2026-11-23 14:30`
fn moment(at: jiff::civil::DateTime) -> String {
    format!("{} {:02}:{:02}", date(at.date()), at.hour(), at.minute())
}

fn date(date: jiff::civil::Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}
