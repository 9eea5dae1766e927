//! What must hold between records, and what a document offers beside its rules.

use gongzhi_base::Words;

use super::Clause;
use crate::expr::Expr;

/// What must hold between the records of a mechanism, or within one.
#[derive(Debug)]
pub struct Constraint {
    pub name: String,
    /// Told to whoever is refused.
    pub words: Words,
    pub rule: Rule,
    pub holds: Holds,
    pub clause: Clause,
}

/// What a constraint demands.
#[derive(Debug)]
pub enum Rule {
    /// No two records have the same values.
    Unique(Together),
    /// Of records with the same values, the spans do not meet: days with both ends, or times from the
    /// first up to the last.
    NoOverlap { of: Together, from: String, to: String },
    /// Two numbers of one record are equal.
    Balanced { left: Expr, right: Expr },
}

/// What records are compared by. One that lacks a value is compared with none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Together {
    pub fields: Vec<String>,
    pub within: Vec<Within>,
}

/// What records share besides their fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Within {
    /// The record above.
    Parent,
    /// The record's place.
    Place,
    /// The month and the year of opening.
    Month,
    Year,
}

impl Within {
    /// All of them.
    pub const ALL: [Within; 4] = [Within::Parent, Within::Place, Within::Month, Within::Year];

    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Within::Parent => "parent",
            Within::Place => "place",
            Within::Month => "month",
            Within::Year => "year",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Within> {
        Within::ALL.into_iter().find(|within| within.word() == word)
    }
}

/// In which states a constraint is demanded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holds {
    /// While the record is in no final state.
    Open,
    Always,
    States(Vec<String>),
}

/// Rows that the form of a step begins with, taken from open records of a mechanism that whoever fills it
/// in may read. He may change them: what he sends counts.
#[derive(Debug)]
pub struct Proposal {
    /// The table.
    pub field: String,
    pub mechanism: String,
    /// What must hold of such a record.
    pub when: Option<Expr>,
    /// So many rows at the most.
    pub most: u32,
    /// Columns with what they take from the record.
    pub with: Vec<(String, Expr)>,
}

/// A record's own entry in the calendars of those who may read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalendarEntry {
    /// Fields with its beginning and its end: both times, or both days.
    pub from: String,
    pub to: Option<String>,
    /// A field with where it is.
    pub at: Option<String>,
}
