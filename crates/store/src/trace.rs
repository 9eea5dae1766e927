//! What the engines keep of a record in inboxes, lists and search, as sums: equal where all of it is as it follows
//! from the record. A recount compares them without holding the rows themselves.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use gongzhi_base::words::index_tokens;
use gongzhi_base::{Digest, RecordId};

use crate::Stored;
use crate::shared::{NEVER, Repeated, lines, units};

/// The traces of one record. A sum does not depend on the order of what it sums, and rows that stand twice change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// Its places in inboxes.
    pub inbox: u64,
    /// Its places in the lists of units and of values.
    pub lists: u64,
    /// What search knows of it.
    pub search: u64,
    /// The same without the words of names ([`Names`]), in no order: what a renaming does not change.
    pub own: u64,
    /// How many words search knows of it.
    pub words: u64,
    /// Its deadlines, as its row repeats them.
    pub timers: u64,
    /// The digest of its receipt code.
    pub receipt: Option<Digest>,
}

/// The traces of all records.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traces {
    pub records: HashMap<RecordId, Trace>,
    /// What search knows of rows that no record has, by the row's number.
    pub strays: BTreeSet<i64>,
    /// Beginnings of words for which search has another list than its words say.
    pub torn: BTreeSet<String>,
}

/// The words of all names that places, units and entries of catalogues have or had: search knows a record by those they
/// had when it last changed.
#[derive(Clone, Debug, Default)]
pub struct Names {
    words: HashSet<String>,
    /// One of them was renamed.
    pub changed: bool,
}

impl Names {
    /// Takes in the words of a name.
    pub fn add(&mut self, name: &str) {
        for word in index_tokens(name).split(' ').filter(|word| !word.is_empty()) {
            if !self.words.contains(word) {
                self.words.insert(word.to_owned());
            }
        }
    }

    /// Whether a word is one of them.
    pub fn holds(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// A number for one row or word, the same wherever it is asked for.
pub(crate) fn mark(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Takes one more row or word into a sum.
pub(crate) fn add(sum: &mut u64, parts: impl Hash) {
    *sum = sum.wrapping_add(mark(parts));
}

/// The lists in which a record stands by opening and, while it is open, by due time: the tables' names.
pub(crate) const LISTS: [(&str, &str); 2] = [("unit_new", "opened"), ("unit_open", "due")];

impl Trace {
    /// Takes in what the record's own row repeats.
    pub(crate) fn row(&mut self, Repeated { todo, timers, scopes }: &Repeated, receipt: Option<Digest>) {
        add(&mut self.inbox, todo);
        add(&mut self.timers, timers);
        add(&mut self.lists, scopes);
        self.receipt = receipt;
    }

    /// Takes in a place in an inbox.
    pub(crate) fn waits(&mut self, who: &str, due: i64, late: bool) {
        add(&mut self.inbox, (who, due, late));
    }

    /// Takes in a place in one of the [`LISTS`].
    pub(crate) fn listed(&mut self, table: &str, mechanism: &str, unit: &str, at: i64) {
        add(&mut self.lists, (table, mechanism, unit, at));
    }

    /// All of it as it follows from a record, but for what search knows: that each engine writes in its own way.
    pub(crate) fn expected(stored: &Stored) -> Trace {
        let (made, mut trace) = (&stored.projection, Trace::default());
        let repeated = Repeated::of(made);
        trace.row(&repeated, stored.receipt);
        let (row, due) = (&made.row, made.row.due.map_or(NEVER, |due| due.0));
        for who in lines(&repeated.todo) {
            trace.waits(who, due, row.late);
        }
        let stands = [Some(row.opened.0), row.open.then_some(due)];
        for unit in units(&repeated.scopes).collect::<BTreeSet<_>>() {
            for ((table, _), at) in LISTS.into_iter().zip(stands) {
                at.into_iter().for_each(|at| trace.listed(table, &row.mechanism, unit, at));
            }
        }
        trace
    }
}
