//! The ranges of which a list is the union, the same on every engine: one for each mechanism and
//! each part of the reader's scope.

use std::collections::BTreeSet;

use gongzhi_base::RecordId;
use gongzhi_kernel::project::{facet_key, facet_token};
use gongzhi_lang::model::Level;

use crate::shared::{ABOVE, within};
use crate::{ListQuery, Scope, ScopePart, Within};

/// Rows of one page at most.
pub(crate) const PAGE: u32 = 1_000;
/// Rows of an inbox that are counted at most: a full inbox costs what one of a screen or three costs.
pub const COUNTED: usize = 100;
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
#[derive(Clone)]
pub(crate) struct Branch<'a> {
    pub(crate) mechanism: String,
    pub(crate) seen: Seen<'a>,
    /// The one of `among` whose rows it holds.
    facet: Option<&'a str>,
}

impl Branch<'_> {
    /// The token of the list of values that leads the range, and those of the lists in which its rows stand
    /// besides. Of one parent there are few parts: nothing else leads them.
    pub(crate) fn lists(&self, query: &ListQuery) -> (Option<String>, Vec<String>) {
        let mut keys: Vec<&str> =
            self.facet.into_iter().chain(query.facets.iter().map(String::as_str)).collect();
        let mut take = |above: bool| {
            let at = keys.iter().position(|key| key.starts_with(ABOVE) == above)?;
            Some(facet_token(keys.remove(at)))
        };
        let lead = match (query.parent, take(true), take(false)) {
            (None, Some(above), Some(value)) => Some(within(&above, &value)),
            (None, above, value) => above.or(value),
            (Some(_), above, value) => {
                let rest = keys.iter().map(|key| facet_token(key));
                return (None, above.into_iter().chain(value).chain(rest).collect());
            }
        };
        (lead, keys.into_iter().map(facet_token).collect())
    }
}

/// What the tokens of a name's lists of values begin with; within a record above, where one is given.
pub(crate) fn values_of(name: &str, above: Option<RecordId>) -> String {
    let values = facet_token(&format!("{name}="));
    match above {
        Some(id) => within(&facet_token(&format!("{ABOVE}{id}")), &values),
        None => values,
    }
}

/// The value of which a token is the list; `beginning` as in [`values_of`].
pub(crate) fn value_of(token: &str, beginning: &str) -> Option<String> {
    facet_key(token.strip_prefix(beginning)?)
}

/// Values of one name that are looked up at most.
pub(crate) const VALUES: usize = 1_000;

#[derive(Clone)]
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
    let seen = seen(query, all);
    if query.among.is_empty() {
        return seen;
    }
    let mut branches = Vec::with_capacity(seen.len() * query.among.len());
    for branch in &seen {
        branches.extend(query.among.iter().map(|facet| Branch { facet: Some(facet), ..branch.clone() }));
    }
    branches
}

fn seen(query: &ListQuery, all: Vec<String>) -> Vec<Branch<'_>> {
    let parts = match &query.scope {
        Scope::Any(parts) => parts,
        Scope::All => {
            let mechanisms = query.mechanism.as_ref().map_or(all, |mechanism| vec![mechanism.clone()]);
            let all = |mechanism| Branch { mechanism, seen: Seen::All, facet: None };
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
    let of = |mechanism: &str, seen| Branch { mechanism: mechanism.to_owned(), seen, facet: None };
    if wanted.len() <= RANGES {
        return wanted.into_iter().map(|part| of(&part.mechanism, Seen::Within(&part.within))).collect();
    }
    let mechanisms: BTreeSet<&String> = wanted.iter().map(|part| &part.mechanism).collect();
    let parts = |name: &String| wanted.iter().copied().filter(|part| part.mechanism == *name).collect();
    mechanisms.into_iter().map(|name| of(name, Seen::AnyOf(parts(name)))).collect()
}
