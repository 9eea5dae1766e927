//! Notices: who is told what when a step is taken, a deadline comes near or passes.

use crate::ast::{ClauseAt, Mechanism, Who};
use crate::checks::{missing_words, wrong_value};
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::{clause, who_list};
use crate::diagnostic::Faults;
use crate::model::{self, Type};
use crate::source::{At, Spanned, Word};
use crate::yaml::Node;

/// A notice as written.
#[derive(Debug)]
pub struct Notice {
    pub name: Word,
    /// The text in each language with its placeholders.
    pub zh: Text,
    pub en: Text,
    /// Steps that tell it.
    pub on: Vec<Word>,
    /// Deadlines whose reminder tells it.
    pub warned: Vec<Word>,
    /// Deadlines whose passing tells it.
    pub late: Vec<Word>,
    pub to: Vec<Spanned<Who>>,
    pub clause: ClauseAt,
}

/// A text with `{placeholders}`.
#[derive(Debug, Default)]
pub struct Text {
    pub pieces: Vec<Piece>,
    /// Each placeholder with its place.
    pub named: Vec<Word>,
}

/// A part of a notice's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    Text(String),
    /// A field's value in words.
    Field(String),
    /// The record's number.
    Number,
    /// When the deadline that tells it is due; for a step, the nearest running one.
    Due,
    /// The name of the record's state.
    State,
}

/// Placeholders that name no field.
pub const BUILT_IN: [&str; 3] = ["number", "due", "state"];

impl Notice {
    /// The placeholders of both texts.
    pub fn named(&self) -> impl Iterator<Item = &Word> {
        self.zh.named.iter().chain(&self.en.named)
    }

    /// The placeholders that name fields.
    pub fn fields(&self) -> impl Iterator<Item = &Word> {
        self.named().filter(|word| !BUILT_IN.contains(&word.text()))
    }

    /// What the kernel runs.
    pub fn built(&self, clause: model::Clause, to: Vec<model::Who>) -> model::Notice {
        let names = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        model::Notice {
            name: self.name.value.clone(),
            zh: self.zh.pieces.clone(),
            en: self.en.pieces.clone(),
            on: names(&self.on),
            warned: names(&self.warned),
            late: names(&self.late),
            to,
            clause,
        }
    }
}

/// Reads one notice.
pub fn decode(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Notice> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let mut names = |key, faults: &mut Faults| {
        map.take(key, faults).map(|node| read::texts(node, faults)).unwrap_or_default()
    };
    let (on, warned, late) = (names("on", faults), names("warned", faults), names("late", faults));
    let to = map.require("to", faults).map(|node| who_list(node, faults)).unwrap_or_default();
    let mut texts = Vec::new();
    let mut given = Vec::new();
    for key in ["zh", "en"] {
        let node = map.take(key, faults);
        let word = node.and_then(|node| read::text(node, faults));
        texts.push(word.as_ref().zip(node).map(|(word, node)| text(word, node, source, faults)));
        given.push(word.map(|word| word.value).unwrap_or_default());
    }
    missing_words::check(&given[0], &given[1], entry.key.at, faults);
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    let en = texts.pop().flatten().unwrap_or_default();
    let zh = texts.pop().flatten().unwrap_or_default();
    Some(Notice { name: entry.key.clone(), zh, en, on, warned, late, to, clause })
}

/// Takes a text apart at its placeholders.
pub(crate) fn text(word: &Word, node: &Node, source: &str, faults: &mut Faults) -> Text {
    let written = source.get(node.at.range()).unwrap_or("");
    // Where the text stands as it is (folded or escaped ones do not), its parts have places.
    let offset = written.find(word.text());
    let mut out = Text::default();
    let (mut rest, mut at) = (word.text(), 0);
    while let Some(open) = rest.find('{') {
        if open > 0 {
            out.pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let Some(close) = rest[open..].find('}').map(|close| open + close) else {
            faults.add(wrong_value::expected(
                "kind.placeholder",
                place(node, offset, at + open..at + rest.len()),
            ));
            return out;
        };
        let name = &rest[open + 1..close];
        out.pieces.push(match name {
            "number" => Piece::Number,
            "due" => Piece::Due,
            "state" => Piece::State,
            field => Piece::Field(field.to_owned()),
        });
        out.named.push(Word::new(name.to_owned(), place(node, offset, at + open + 1..at + close)));
        at += close + 1;
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        out.pieces.push(Piece::Text(rest.to_owned()));
    }
    out
}

fn place(node: &Node, offset: Option<usize>, range: std::ops::Range<usize>) -> At {
    offset.map_or(node.at, |offset| node.at.part(offset + range.start..offset + range.end))
}

/// Whether a value of the type can be told in a few words of either language.
pub fn tellable(ty: &Type) -> bool {
    match ty {
        Type::List(item) => tellable(item),
        Type::Text
        | Type::Int
        | Type::Date
        | Type::Time
        | Type::Choice(_)
        | Type::Entry(_)
        | Type::Place
        | Type::Unit
        | Type::Person => true,
        _ => false,
    }
}

/// Everybody who may read the records of a mechanism beside their holders: its readers, those who
/// act in it and those for whom it waits. The same rule as the kernel's.
pub fn readers(mechanism: &Mechanism) -> Vec<&Who> {
    let acting = mechanism.steps.iter().filter(|step| !step.opener).flat_map(|step| &step.by);
    let waiting = mechanism.states.iter().flat_map(|state| &state.waits);
    let all = mechanism.readers.iter().chain(acting).chain(waiting).map(|who| &who.value);
    all.filter(|who| matches!(who, Who::Role(_) | Who::RoleOf { .. })).collect()
}
