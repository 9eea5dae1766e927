//! Sheets: records that come and go as the rows of a table.

use gongzhi_base::Words;

use crate::ast::{ClauseAt, Mechanism, Step};
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::clause;
use crate::diagnostic::Faults;
use crate::model::{self, Type};
use crate::source::{At, Word};
use crate::world::World;

/// A sheet as written.
#[derive(Debug)]
pub struct Sheet {
    pub at: At,
    /// The step that a new row takes.
    pub new: Word,
    /// The steps that a changed row takes: the first that leads from the state of its record. Without one no row of
    /// a known record may differ.
    pub changed: Vec<Word>,
    /// The fields that tell the records under one parent apart.
    pub key: Vec<Word>,
    /// The column of the record's number, by which a row is known whatever else it changes.
    pub number: Option<Words>,
    /// Further columns of the sheet when it is written: fields, `number` or `state`.
    pub shows: Vec<Word>,
    pub clause: ClauseAt,
}

/// Columns that name no field.
pub const BUILT_IN: [&str; 2] = ["number", "state"];

impl Sheet {
    /// What is read and written.
    pub fn built(&self, clause: model::Clause) -> model::Sheet {
        let names = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        model::Sheet {
            new: self.new.value.clone(),
            changed: names(&self.changed),
            key: names(&self.key),
            number: self.number.clone(),
            shows: names(&self.shows),
            clause,
        }
    }

    /// The fields that it shows besides those asked.
    pub fn shown_fields(&self) -> impl Iterator<Item = &Word> {
        self.shows.iter().filter(|word| !BUILT_IN.contains(&word.text()))
    }
}

/// Reads `sheet` of a mechanism.
pub fn decode(entry: &Entry<'_>, faults: &mut Faults) -> Option<Sheet> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let new = map.required_text("new", faults);
    let changed = map.take("changed", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let key = map.require("key", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let number = map.take("number", faults).and_then(|node| read::words(node, entry.key.at, faults));
    let shows = map.take("shows", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Sheet { at: entry.key.at, new: new?, changed, key, number, shows, clause })
}

/// The fields that only a change asks, such as its reason: columns of their own, read for changed rows only.
pub fn only_changed<'a>(mechanism: &'a Mechanism, sheet: &'a Sheet) -> Vec<&'a Word> {
    let asked =
        |name: &str| opener(mechanism).is_some_and(|new| new.asks.iter().any(|ask| ask.field.value == name));
    let steps = sheet.changed.iter().filter_map(|word| mechanism.step(word.text()));
    let mut more: Vec<&Word> = Vec::new();
    for ask in steps.filter(|step| !step.opener).flat_map(|step| &step.asks) {
        if !asked(ask.field.text()) && !more.iter().any(|known| known.value == ask.field.value) {
            more.push(&ask.field);
        }
    }
    more
}

/// The opening step of a mechanism's sheet.
pub fn opener(mechanism: &Mechanism) -> Option<&Step> {
    mechanism.step(mechanism.sheet.as_ref()?.new.text()).filter(|step| step.opener)
}

/// A mechanism with a sheet and those above it that have one, the topmost first.
pub fn chain<'a>(world: &World<'a>, mechanism: &'a Mechanism) -> Vec<&'a Mechanism> {
    let mut chain = vec![mechanism];
    let mut above = mechanism.parent.as_ref();
    while let Some(parent) = above.and_then(|parent| world.mechanism(parent.text())) {
        // A circle of parents is told elsewhere.
        if parent.sheet.is_none() || chain.iter().any(|known| known.name.value == parent.name.value) {
            break;
        }
        chain.insert(0, parent);
        above = parent.parent.as_ref();
    }
    chain
}

/// Whether a cell can hold a value of the type.
pub fn writable(ty: &Type) -> bool {
    match ty {
        Type::List(item) => !matches!(**item, Type::List(_)) && writable(item),
        Type::Text
        | Type::Int
        | Type::Date
        | Type::Month
        | Type::Choice(_)
        | Type::Entry(_)
        | Type::Place
        | Type::Unit
        | Type::Person => true,
        _ => false,
    }
}
