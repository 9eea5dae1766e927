//! What a document offers beside its rules: an entry in calendars, and rows that a form begins with.

use crate::ast::{ClauseAt, Code};
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::pairs;
use crate::diagnostic::Faults;
use crate::source::{At, Word};
use crate::yaml::{Data, Node};

/// A record's own entry in calendars, as written.
#[derive(Clone, Debug)]
pub struct CalendarEntry {
    pub from: Word,
    pub to: Option<Word>,
    pub at: Option<Word>,
}

/// Rows of a table that a form begins with, taken from records of a mechanism.
#[derive(Debug)]
pub struct Proposal {
    pub at: At,
    /// The table.
    pub field: Word,
    pub mechanism: Word,
    pub when: Option<Code>,
    pub most: u32,
    pub with: Vec<(Word, Code)>,
}

/// Rows proposed where the document sets no number.
const MOST: u32 = 20;

/// Reads `calendar: { from, to, at }`.
pub fn calendar(entry: &Entry<'_>, faults: &mut Faults) -> Option<CalendarEntry> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let from = map.required_text("from", faults);
    let (to, at) = (map.text("to", faults), map.text("at", faults));
    map.finish(faults);
    Some(CalendarEntry { from: from?, to, at })
}

/// Reads `proposes: { table: { of, when, most, with } }`.
pub fn proposals(node: &Node, clause: &ClauseAt, source: &str, faults: &mut Faults) -> Vec<Proposal> {
    let Data::Map(entries) = &node.data else {
        faults.add(crate::checks::wrong_value::expected("kind.mapping", node.at));
        return Vec::new();
    };
    let one = |(field, node): &(Word, Node), faults: &mut Faults| {
        let mut map = Map::open(node, field.at, clause, faults)?;
        let mechanism = map.required_text("of", faults);
        let when = map.take("when", faults).and_then(|node| read::code(node, source, faults));
        let most = map.take("most", faults).and_then(|node| read::number(node, 1, 50, faults));
        let with = map.require("with", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
        map.finish(faults);
        let most = most.map_or(MOST, |most| most.value as u32);
        Some(Proposal { at: field.at, field: field.clone(), mechanism: mechanism?, when, most, with })
    };
    entries.iter().filter_map(|entry| one(entry, faults)).collect()
}
