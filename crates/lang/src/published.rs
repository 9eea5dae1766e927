//! What of a mechanism's records anybody sees, without an account: which fields, and for what purpose.

use gongzhi_base::Words;

use crate::ast::ClauseAt;
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::clause;
use crate::diagnostic::Faults;
use crate::model;
use crate::source::{At, Word};

/// What anybody sees of a mechanism's records, without an account, on the page of their place.
#[derive(Clone, Debug)]
pub struct Published {
    /// Public fields in the order in which they are shown; the title and the state always are.
    pub shows: Vec<String>,
    /// What it is published for.
    pub purpose: Words,
    pub clause: model::Clause,
}

/// `published` as written.
#[derive(Debug)]
pub struct Draft {
    pub at: At,
    pub shows: Vec<Word>,
    pub purpose: Words,
    pub clause: ClauseAt,
}

impl Draft {
    /// What the product shows.
    pub fn built(&self, clause: model::Clause) -> Published {
        Published {
            shows: self.shows.iter().map(|word| word.value.clone()).collect(),
            purpose: self.purpose.clone(),
            clause,
        }
    }
}

/// Reads `published` of a mechanism; without its purpose nothing is published.
pub fn decode(entry: &Entry<'_>, faults: &mut Faults) -> Option<Draft> {
    let at = entry.key.at;
    let mut map = Map::open(entry.node, at, entry.clause, faults)?;
    let shows = map.require("shows", faults).map(|node| read::texts(node, faults));
    let purpose = map.require("purpose", faults).and_then(|node| read::words(node, at, faults));
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Draft { at, shows: shows?, purpose: purpose?, clause })
}
