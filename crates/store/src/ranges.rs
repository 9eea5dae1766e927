//! The ranges of which a list is the union, the same on every engine: one for each mechanism and
//! each part of the reader's scope.

use std::collections::BTreeSet;

use gongzhi_lang::model::Level;

use crate::{ListQuery, Scope, ScopePart, Within};

/// Rows of one page at most.
pub(crate) const PAGE: u32 = 1_000;
/// Rows of an inbox that are counted at most.
pub(crate) const COUNTED: usize = 1_000;
/// Parts of a scope that are read as ranges of their own; more become one filter.
const RANGES: usize = 24;

/// A column that leads an index, the narrowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Lead {
    Part,
    Grid,
    Village,
    Unit,
    Town,
    Kind,
    All,
}

impl Lead {
    pub(crate) fn of_level(level: Level) -> Lead {
        match level {
            Level::County => Lead::All,
            Level::Township => Lead::Town,
            Level::Village => Lead::Village,
            Level::Grid => Lead::Grid,
        }
    }
}

/// One range: a mechanism, and what the reader may see of it.
pub(crate) struct Branch<'a> {
    pub(crate) mechanism: String,
    pub(crate) seen: Seen<'a>,
}

pub(crate) enum Seen<'a> {
    All,
    Within(&'a Within),
    AnyOf(Vec<&'a ScopePart>),
}

/// Whether a list goes over all mechanisms of the county, so that [`branches`] must be told them.
pub(crate) fn over_all(query: &ListQuery) -> bool {
    query.scope == Scope::All && query.mechanism.is_none()
}

/// The ranges of a list; `all` are the county's mechanisms where the list goes over all of them.
pub(crate) fn branches(query: &ListQuery, all: Vec<String>) -> Vec<Branch<'_>> {
    let parts = match &query.scope {
        Scope::Any(parts) => parts,
        Scope::All => {
            let mechanisms = query.mechanism.as_ref().map_or(all, |mechanism| vec![mechanism.clone()]);
            let all = |mechanism| Branch { mechanism, seen: Seen::All };
            return mechanisms.into_iter().map(all).collect();
        }
    };
    let mut wanted: Vec<&ScopePart> = Vec::new();
    for part in parts {
        let asked = query.mechanism.as_ref().is_none_or(|mechanism| *mechanism == part.mechanism);
        if asked && !wanted.contains(&part) {
            wanted.push(part);
        }
    }
    let of = |mechanism: &str, seen| Branch { mechanism: mechanism.to_owned(), seen };
    if wanted.len() <= RANGES {
        return wanted.into_iter().map(|part| of(&part.mechanism, Seen::Within(&part.within))).collect();
    }
    let mechanisms: BTreeSet<&String> = wanted.iter().map(|part| &part.mechanism).collect();
    let parts = |name: &String| wanted.iter().copied().filter(|part| part.mechanism == *name).collect();
    mechanisms.into_iter().map(|name| of(name, Seen::AnyOf(parts(name)))).collect()
}
