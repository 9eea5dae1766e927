//! What records are on paper: rows of a sheet, printed documents.

use gongzhi_base::Words;

use super::Clause;
use crate::notice::Piece;

/// Records as the rows of a table: what the opening step asks are its columns. Those above it that have a
/// sheet stand in the same rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// The step that a new row takes.
    pub new: String,
    /// The steps that a changed row takes: the first that leads from the state of its record.
    pub changed: Vec<String>,
    /// The fields that tell the records under one parent apart.
    pub key: Vec<String>,
    /// The words of the column of the record's number, by which a row is known whatever else it changes.
    pub number: Option<Words>,
    /// Further columns when it is written: fields, `number` or `state`.
    pub shows: Vec<String>,
    pub clause: Clause,
}

/// A document to be printed from a record.
#[derive(Clone, PartialEq, Debug)]
pub struct Print {
    pub name: String,
    pub words: Words,
    /// States in which it may be printed; empty for all.
    pub states: Vec<String>,
    /// From above.
    pub body: Vec<Printed>,
    pub clause: Clause,
}

/// A piece of a printed document.
#[derive(Clone, PartialEq, Debug)]
pub enum Printed {
    Heading {
        zh: Vec<Piece>,
        en: Vec<Piece>,
    },
    Text {
        zh: Vec<Piece>,
        en: Vec<Piece>,
    },
    /// At the right.
    Right {
        zh: Vec<Piece>,
        en: Vec<Piece>,
    },
    /// Fields, `number` or `state`, each with its value.
    Facts(Vec<String>),
    /// A table of the record.
    Rows(String),
    /// The parts of a mechanism: fields, `number` or `state` of each.
    Parts {
        mechanism: String,
        columns: Vec<String>,
    },
}
