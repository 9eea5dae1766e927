//! What the engines have in common: how a row, a due time and a dimension stand in a database.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use gongzhi_base::RecordId;
use gongzhi_kernel::chain::{Head, Header};
use gongzhi_kernel::project::{CellKey, Projection, facet_token, unit_token};
use gongzhi_lang::model::{Dimension, Level};

use crate::{Batch, CellQuery, StoreError, Tally};

/// Stands for “no due time” in a database, so that such rows come last.
pub(crate) const NEVER: i64 = i64::MAX;

/// The columns of a list's row, of the table `record` named `r`.
pub(crate) const ROW: &str = "r.record, r.mechanism, r.version, r.revision, r.state, r.open, r.number, r.title, \
     r.region, r.town, r.village, r.grid, r.unit, r.kind, r.kind_top, r.due, r.due_name, r.late, r.opened, \
     r.changed, r.month, r.marks, r.parent, r.lat, r.lon";

/// The number by which a database names a dimension.
pub(crate) fn dimension_number(dimension: Dimension) -> i64 {
    match dimension {
        Dimension::Place => 0,
        Dimension::Unit => 1,
        Dimension::Kind => 2,
        Dimension::Month => 3,
        Dimension::Parent => 4,
        Dimension::Field => 5,
        Dimension::Moved => 6,
        Dimension::Apart => 7,
    }
}

/// How a cell's period stands in a database: `2026-01`, with its bucket `2026-01.123`. The point sorts before
/// every digit, so that the buckets of a period stand together right behind it.
pub(crate) fn period_text(key: &CellKey) -> Cow<'_, str> {
    match key.bucket {
        None => Cow::Borrowed(&key.period),
        Some(bucket) => Cow::Owned(format!("{}.{bucket:03}", key.period)),
    }
}

/// A period and its bucket in a database's text.
fn read_period(text: &str) -> (&str, Option<u16>) {
    match text.split_once('.').and_then(|(period, bucket)| Some((period, bucket.parse().ok()?))) {
        Some((period, bucket)) => (period, Some(bucket)),
        None => (text, None),
    }
}

/// Puts cells together as they are read. Those of one figure stand together in a database, so that of
/// hundreds of buckets only the first one asks for room.
pub(crate) struct Gather<'q> {
    query: &'q CellQuery,
    tallies: Vec<Tally>,
}

impl<'q> Gather<'q> {
    pub fn new(query: &'q CellQuery) -> Gather<'q> {
        Gather { query, tallies: Vec::new() }
    }

    /// Takes a cell: indicator, key, period as it stands in the database, numerator and denominator.
    pub fn add(&mut self, indicator: &str, key: &str, period: &str, numerator: i64, denominator: i64) {
        let (period, bucket) = read_period(period);
        let same = |tally: &Tally| {
            tally.key.key == key && tally.key.period == period && tally.key.indicator == indicator
        };
        if !self.tallies.last().is_some_and(same) {
            let key = CellKey {
                mechanism: self.query.mechanism.as_str().into(),
                indicator: indicator.into(),
                dimension: self.query.dimension,
                key: key.into(),
                period: period.into(),
                bucket: None,
            };
            self.tallies.push(Tally { key, numerator: 0, denominator: 0, buckets: Vec::new() });
        }
        if let Some(tally) = self.tallies.last_mut() {
            match bucket {
                Some(bucket) => tally.buckets.push((bucket, numerator, denominator)),
                None => (tally.numerator, tally.denominator) = (numerator, denominator),
            }
        }
    }

    /// All of them by key, in whatever order they came.
    pub fn tallies(mut self) -> Vec<Tally> {
        self.tallies.sort_by(|a, b| a.key.cmp(&b.key));
        self.tallies.dedup_by(|later, kept| {
            let same = later.key == kept.key;
            if same {
                kept.numerator += later.numerator;
                kept.denominator += later.denominator;
                kept.buckets.append(&mut later.buckets);
            }
            same
        });
        for tally in &mut self.tallies {
            tally.buckets.sort_unstable();
        }
        self.tallies
    }
}

/// The end of a range of periods with all their buckets: the stroke sorts between the point and the digits.
pub(crate) fn period_end(to: &str) -> String {
    format!("{to}/")
}

/// The column of the place at a level.
pub(crate) fn place_column(level: Level) -> &'static str {
    match level {
        Level::County => "region",
        Level::Township => "town",
        Level::Village => "village",
        Level::Grid => "grid",
    }
}

/// The head after the batch, when its entries continue the expected head without a gap.
pub(crate) fn continued(county: &str, expect: Head, batch: &Batch) -> Result<Head, StoreError> {
    batch.entries.iter().try_fold(expect, |head, entry| {
        let header = &entry.header;
        if header.seq != head.size || header.previous != head.hash || header.county != county {
            return Err(StoreError::Engine(format!("entry {} does not continue the ledger", header.seq)));
        }
        Ok(Head { size: head.size + 1, hash: entry.hash })
    })
}

/// The records that a batch begins: their first entry is in it.
pub(crate) fn begun(batch: &Batch) -> HashSet<RecordId> {
    let first = |header: &&Header| header.revision == 1;
    batch.entries.iter().map(|entry| &entry.header).filter(first).map(|header| header.record).collect()
}

/// The key of the list of all that stands under a record above, before its identifier.
pub(crate) const ABOVE: &str = "above=";

/// The token of the list of those under a record above that stand in a list of values too.
pub(crate) fn within(above: &str, value: &str) -> String {
    // The sign stands in no other token and sorts behind them all.
    format!("zf~{}~{}", &above[2..], &value[2..])
}

/// The tokens of a record's scopes with those of the lists of values in which it stands, as kept in its row;
/// last those within each record above.
pub(crate) fn tokens(projection: &Projection) -> String {
    static UNDER: LazyLock<String> = LazyLock::new(|| facet_token(ABOVE));
    let all: Vec<&str> = projection.scopes.iter().chain(&projection.facets).map(String::as_str).collect();
    let mut all = all.join(" ");
    let (above, values): (Vec<&String>, Vec<&String>) =
        projection.facets.iter().partition(|token| token.starts_with(UNDER.as_str()));
    for above in above {
        for value in &values {
            all.push(' ');
            all.push_str(&within(above, value));
        }
    }
    all
}

/// The tokens among them that search knows.
pub(crate) fn searched(tokens: &str) -> &str {
    static FACET: LazyLock<String> = LazyLock::new(|| format!(" {}", facet_token("")));
    match tokens.find(FACET.as_str()) {
        Some(end) => &tokens[..end],
        None if tokens.starts_with(FACET.trim_start()) => "",
        None => tokens,
    }
}

/// The units and lists of values among the tokens of a record: each has a list of its own.
pub(crate) fn units(tokens: &str) -> impl Iterator<Item = &str> {
    static KINDS: LazyLock<[String; 2]> = LazyLock::new(|| [unit_token(""), facet_token("")]);
    tokens.split(' ').filter(|token| KINDS.iter().any(|kind| token.starts_with(kind.as_str())))
}

/// The lines of a list kept as text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').filter(|line| !line.is_empty())
}

/// A timer kept as a line: when, and which deadline.
pub(crate) fn timer(line: &str) -> Option<(i64, &str)> {
    let (at, deadline) = line.split_once('\t')?;
    Some((at.parse().ok()?, deadline))
}

/// The lines of an inbox, the deadlines and the tokens of a record, as its row repeats them for the next change.
pub(crate) struct Repeated {
    pub todo: String,
    pub timers: String,
    pub scopes: String,
}

impl Repeated {
    /// As they follow from a record.
    pub fn of(made: &Projection) -> Repeated {
        let timers: Vec<String> =
            made.timers.iter().map(|(deadline, at)| format!("{}\t{deadline}", at.0)).collect();
        Repeated { todo: made.todo.join("\n"), timers: timers.join("\n"), scopes: tokens(made) }
    }
}
