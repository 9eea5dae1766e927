//! Constraints over records: what may be there once only, spans that may not meet, sums that are equal.

use gongzhi_base::Words;

use crate::ast::{ClauseAt, Code};
use crate::checks::constraint as wrong;
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::clause;
use crate::diagnostic::Faults;
use crate::source::Word;

/// A constraint as written.
#[derive(Debug)]
pub struct Constraint {
    pub name: Word,
    pub words: Words,
    pub rule: Rule,
    pub holds: Holds,
    pub clause: ClauseAt,
}

/// What a constraint demands.
#[derive(Debug)]
pub enum Rule {
    Unique {
        fields: Vec<Word>,
        within: Vec<Word>,
    },
    NoOverlap {
        fields: Vec<Word>,
        within: Vec<Word>,
        from: Word,
        to: Word,
    },
    /// Two whole numbers; one that could not be read has been told.
    Balanced(Option<Code>, Option<Code>),
}

/// In which states it is demanded.
#[derive(Debug)]
pub enum Holds {
    /// While the record is in no final state.
    Open,
    Always,
    States(Vec<Word>),
}

/// Reads one constraint.
pub fn decode(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Constraint> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let [unique, spans, balanced] = ["unique", "no-overlap", "balanced"].map(|key| map.take(key, faults));
    if [unique, spans, balanced].into_iter().flatten().count() != 1 {
        faults.add(wrong::one_rule(entry.key));
    }
    let fields = unique.or(spans).map(|node| read::texts(node, faults)).unwrap_or_default();
    let within = match unique.or(spans) {
        Some(_) => map.take("within", faults).map(|node| read::texts(node, faults)).unwrap_or_default(),
        None => Vec::new(),
    };
    let rule = if unique.is_some() {
        Some(Rule::Unique { fields, within })
    } else if spans.is_some() {
        let (from, to) = (map.required_text("from", faults), map.required_text("to", faults));
        from.zip(to).map(|(from, to)| Rule::NoOverlap { fields, within, from, to })
    } else {
        balanced.map(|node| {
            let sides = read::items(node);
            if sides.len() != 2 {
                faults.add(wrong::two_sides(entry.key));
            }
            let mut codes = sides.iter().map(|side| read::code(side, source, faults));
            let (left, right) = (codes.next().flatten(), codes.next().flatten());
            Rule::Balanced(left, right)
        })
    };
    let holds = match map.take("while", faults).map(|node| read::texts(node, faults)) {
        None => Holds::Open,
        Some(states) => match states.as_slice() {
            [one] if one.value == "open" => Holds::Open,
            [one] if one.value == "always" => Holds::Always,
            _ => Holds::States(states),
        },
    };
    let clause = clause(entry, &mut map, faults);
    map.finish(faults);
    Some(Constraint { name: entry.key.clone(), words, rule: rule?, holds, clause })
}

impl Constraint {
    /// The fields by which records are compared.
    pub fn fields(&self) -> impl Iterator<Item = &Word> {
        let (fields, ends): (&[Word], [Option<&Word>; 2]) = match &self.rule {
            Rule::Unique { fields, .. } => (fields, [None, None]),
            Rule::NoOverlap { fields, from, to, .. } => (fields, [Some(from), Some(to)]),
            Rule::Balanced(..) => (&[], [None, None]),
        };
        fields.iter().chain(ends.into_iter().flatten())
    }

    /// Its expressions.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        let sides = match &self.rule {
            Rule::Balanced(left, right) => [left.as_ref(), right.as_ref()],
            _ => [None, None],
        };
        sides.into_iter().flatten()
    }
}
