//! Printed documents: what a record looks like on paper.

use gongzhi_base::Words;

use crate::ast::ClauseAt;
use crate::checks::{missing_words, print as check};
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::clause;
use crate::diagnostic::Faults;
use crate::model;
use crate::notice::{self, Text};
use crate::source::{At, Word};
use crate::yaml::{Data, Node};

/// A printed document as written.
#[derive(Debug)]
pub struct Print {
    pub name: Word,
    pub words: Words,
    /// States in which it may be printed; empty for all.
    pub states: Vec<Word>,
    pub body: Vec<Piece>,
    pub clause: ClauseAt,
}

/// A piece of it, from above.
#[derive(Debug)]
pub enum Piece {
    Heading {
        zh: Text,
        en: Text,
    },
    Text {
        zh: Text,
        en: Text,
    },
    /// At the right, such as a date or signature.
    Right {
        zh: Text,
        en: Text,
    },
    /// Fields with their values.
    Facts(Vec<Word>),
    /// A table of the record.
    Rows(Word),
    /// The parts of a mechanism, with these columns.
    Parts {
        mechanism: Word,
        columns: Vec<Word>,
    },
}

/// Names that stand for no field.
pub const BUILT_IN: [&str; 2] = ["number", "state"];

/// Kinds of pieces, as they are written.
const KINDS: [&str; 6] = ["heading", "text", "right", "facts", "rows", "parts"];

impl Print {
    /// Words that name fields of the record itself.
    pub fn fields(&self) -> impl Iterator<Item = &Word> {
        self.body.iter().flat_map(Piece::named).filter(|word| !BUILT_IN.contains(&word.text()))
    }

    /// What is printed.
    pub fn built(&self, clause: model::Clause) -> model::Print {
        let names = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        let piece = |piece: &Piece| match piece {
            Piece::Heading { zh, en } => {
                model::Printed::Heading { zh: zh.pieces.clone(), en: en.pieces.clone() }
            }
            Piece::Text { zh, en } => model::Printed::Text { zh: zh.pieces.clone(), en: en.pieces.clone() },
            Piece::Right { zh, en } => model::Printed::Right { zh: zh.pieces.clone(), en: en.pieces.clone() },
            Piece::Facts(fields) => model::Printed::Facts(names(fields)),
            Piece::Rows(field) => model::Printed::Rows(field.value.clone()),
            Piece::Parts { mechanism, columns } => {
                model::Printed::Parts { mechanism: mechanism.value.clone(), columns: names(columns) }
            }
        };
        model::Print {
            name: self.name.value.clone(),
            words: self.words.clone(),
            states: names(&self.states),
            body: self.body.iter().map(piece).collect(),
            clause,
        }
    }
}

impl Piece {
    /// Words that name something of the record itself.
    fn named(&self) -> Vec<&Word> {
        match self {
            Piece::Heading { zh, en } | Piece::Text { zh, en } | Piece::Right { zh, en } => {
                zh.named.iter().chain(&en.named).collect()
            }
            Piece::Facts(fields) => fields.iter().collect(),
            Piece::Rows(field) => vec![field],
            Piece::Parts { .. } => Vec::new(),
        }
    }
}

/// Reads one printed document.
pub fn decode(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Print> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let states = map.take("states", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let body = map.require("body", faults).map(read::items).unwrap_or_default();
    let body = body.iter().filter_map(|node| piece(node, entry, source, faults)).collect();
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Print { name: entry.key.clone(), words, states, body, clause })
}

fn piece(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Piece> {
    let at = node.at;
    let mut map = Map::open(node, at, entry.clause, faults)?;
    map.at = at;
    let given: Vec<&str> = match &node.data {
        Data::Map(entries) => {
            entries.iter().map(|(key, _)| key.text()).filter(|key| KINDS.contains(key)).collect()
        }
        _ => Vec::new(),
    };
    let columns = map.take("columns", faults).map(|node| read::texts(node, faults));
    let piece = match given.as_slice() {
        ["heading"] => {
            both(map.take("heading", faults), at, source, faults).map(|(zh, en)| Piece::Heading { zh, en })
        }
        ["text"] => both(map.take("text", faults), at, source, faults).map(|(zh, en)| Piece::Text { zh, en }),
        ["right"] => {
            both(map.take("right", faults), at, source, faults).map(|(zh, en)| Piece::Right { zh, en })
        }
        ["facts"] => map.take("facts", faults).map(|node| Piece::Facts(read::texts(node, faults))),
        ["rows"] => map.text("rows", faults).map(Piece::Rows),
        ["parts"] => {
            let columns = columns.clone().unwrap_or_default();
            map.text("parts", faults).map(|mechanism| Piece::Parts { mechanism, columns })
        }
        _ => {
            for kind in KINDS {
                map.take(kind, &mut Faults::default());
            }
            faults.add(check::piece(at));
            None
        }
    };
    map.finish(faults);
    piece
}

/// A text in both languages, with its placeholders.
fn both(node: Option<&Node>, at: At, source: &str, faults: &mut Faults) -> Option<(Text, Text)> {
    let clause = ClauseAt::default();
    let mut map = Map::open(node?, at, &clause, faults)?;
    let mut texts = Vec::new();
    let mut given = Vec::new();
    for key in ["zh", "en"] {
        let node = map.take(key, faults);
        let word = node.and_then(|node| read::text(node, faults));
        texts.push(word.as_ref().zip(node).map(|(word, node)| notice::text(word, node, source, faults)));
        given.push(word.map(|word| word.value).unwrap_or_default());
    }
    missing_words::check(&given[0], &given[1], at, faults);
    map.finish(faults);
    let en = texts.pop().flatten().unwrap_or_default();
    let zh = texts.pop().flatten().unwrap_or_default();
    Some((zh, en))
}
