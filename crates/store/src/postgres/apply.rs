//! Applying what commits left: records, lists, search and figures, many commits in one transaction.
//!
//! It has a connection of its own, so that commits go on meanwhile. Any node may apply what any other
//! has left; the row of `applied` puts them in line.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use gongzhi_base::{RecordId, Short};

use super::access::Access;
use super::derive::{self, Derived, Old};
use super::error::{Done, Fault};
use super::link::{Link, Step, TELL, arg, get, step};
use super::log::Later;
use super::pool::Patience;
use super::write::{Owed, channel};
use super::{claims, log, looks, read, search};
use crate::pending::{ROWS, Unpacked};
use crate::shared::dimension_number;
use crate::{Batch, StoreError};

/// A mechanism's indicator in one dimension: mechanism, the dimension's number, indicator.
pub(super) type Series = (Short, i64, Short);

/// Records of which is remembered how they stand in the database.
const HELD: usize = 4_096;

/// The applying connection with what it remembers.
pub(super) struct Applying {
    access: Access,
    county: String,
    link: Option<Link>,
    memory: Memory,
    owed: Owed,
}

/// What stands in the database for certain.
#[derive(Default)]
struct Memory {
    series: HashMap<Series, i64>,
    mechanisms: BTreeSet<String>,
    /// Up to which commit this node has applied. While that is the last one applied by any, what is
    /// held is true.
    applied: Option<i64>,
    held: Held,
}

impl Memory {
    /// Takes in what is done now.
    fn learn(&mut self, fresh: Fresh) {
        self.series.extend(fresh.series);
        self.mechanisms.extend(fresh.mechanisms);
        self.applied = fresh.applied;
        self.held.extend(fresh.held);
    }

    /// Believes nothing any more: with the connection the server may have lost what was not synced by
    /// itself, numbers of series among it.
    fn doubt(&mut self) {
        *self = Memory::default();
    }
}

/// The records written last, in two halves: when the newer one is full, the older one is forgotten.
#[derive(Default)]
struct Held {
    newer: HashMap<RecordId, Old>,
    older: HashMap<RecordId, Old>,
}

impl Held {
    fn get(&self, id: &RecordId) -> Option<&Old> {
        self.newer.get(id).or_else(|| self.older.get(id))
    }

    /// Adds one; nothing is forgotten before [`Held::trim`].
    fn extend(&mut self, records: Vec<(RecordId, Old)>) {
        self.newer.extend(records);
    }

    fn trim(&mut self) {
        if self.newer.len() > HELD / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
    }

    fn clear(&mut self) {
        self.newer.clear();
        self.older.clear();
    }
}

/// What a transaction adds to the [`Memory`] once it is done.
#[derive(Default)]
struct Fresh {
    series: Vec<(Series, i64)>,
    mechanisms: Vec<String>,
    applied: Option<i64>,
    held: Vec<(RecordId, Old)>,
}

impl Applying {
    pub(super) fn new(access: Access, county: &str, owed: Owed) -> Applying {
        Applying { access, county: county.to_owned(), link: None, memory: Memory::default(), owed }
    }

    /// The connection, made anew when it was lost.
    fn link(&mut self, patience: &mut Patience) -> Result<&Link, StoreError> {
        loop {
            if let Some(link) = self.link.take() {
                return Ok(self.link.insert(link));
            }
            match Link::connect(&self.access) {
                Ok(link) => self.link = Some(link),
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Lost(why)) => patience.rest(why)?,
            }
        }
    }

    /// Applies what was left, and gives the last commit that was applied. What a lost connection may have
    /// done is not done again: the row of `applied` goes on with it.
    pub(super) fn apply(&mut self) -> Result<i64, StoreError> {
        let mut patience = Patience::new();
        loop {
            let (county, mut memory) = (self.county.clone(), std::mem::take(&mut self.memory));
            memory.held.trim();
            // What this cannot tell, because it fails, others find when they look by themselves.
            let owed = self.owed.swap(0, Ordering::Relaxed);
            let done = match self.link(&mut patience) {
                Ok(link) => link.run(apply(link, &county, owed, &mut memory)),
                Err(error) => return Err(error),
            };
            if done.is_err() {
                memory.doubt();
            }
            self.memory = memory;
            match done {
                Ok(Applied { n, fresh, more }) => {
                    self.memory.learn(fresh);
                    // What comes meanwhile waits for more to be applied with it.
                    if !more {
                        return Ok(n);
                    }
                }
                Err(fault) => self.failed(fault, &mut patience)?,
            }
        }
    }

    /// Ends what failed; a lost connection may be tried again.
    fn failed(&mut self, fault: Fault, patience: &mut Patience) -> Result<(), StoreError> {
        match fault {
            Fault::Store(error) => {
                // A connection that cannot even do that is given up.
                if self.link.as_ref().is_some_and(|link| link.run(link.script("ROLLBACK")).is_err()) {
                    self.link = None;
                }
                Err(error)
            }
            Fault::Lost(why) => {
                self.link = None;
                patience.rest(why)
            }
        }
    }

    /// Writes derived rows only, during a rebuild: all records are new.
    pub(super) fn derive(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (county, memory) = (self.county.clone(), std::mem::take(&mut self.memory));
        let link = self.link(&mut Patience::new())?;
        let done = link.run(rebuild(link, &county, &memory, batch));
        // Whether what a lost connection was told is done is open: the rebuild must begin again, and says so.
        let done = done.map(|fresh| {
            self.memory = memory;
            self.memory.learn(fresh);
        });
        self.ended(done)
    }

    /// Empties all that is derived.
    pub(super) fn empty(&mut self) -> Result<(), StoreError> {
        let county = self.county.clone();
        self.memory = Memory::default();
        let mut patience = Patience::new();
        loop {
            let link = self.link(&mut patience)?;
            match link.run_long(log::empty(link, &county)) {
                // Tables that others were about to write to may be in the way; what is empty may be emptied again.
                Err(fault @ Fault::Lost(_)) => self.failed(fault, &mut patience)?,
                done => return self.ended(done),
            }
        }
    }

    /// All that is derived is there again.
    pub(super) fn end(&mut self) -> Result<(), StoreError> {
        let (county, access) = (self.county.clone(), self.access.clone());
        let link = self.link(&mut Patience::new())?;
        let words = || {
            let link = Link::connect(&access)?;
            link.run_long(log::make_indexes(&link, Later::Words))
        };
        let (words, others) = std::thread::scope(|scope| {
            let words = scope.spawn(words);
            let others = link.run_long(log::make_indexes(link, Later::Others));
            (words.join(), others)
        });
        let words = words.unwrap_or_else(|_| Err(Fault::Lost("a thread ended badly".to_owned())));
        let done = others.and(words).and_then(|()| link.run_long(log::rebuilt(link, &county)));
        self.ended(done)
    }

    /// What must not be tried again by itself.
    fn ended(&mut self, done: Done<()>) -> Result<(), StoreError> {
        match done {
            Ok(()) => Ok(()),
            Err(Fault::Lost(why)) => {
                self.link = None;
                Err(super::pool::away(&why))
            }
            Err(fault) => self.failed(fault, &mut Patience::new()),
        }
    }
}

/// How many commits left something, and up to which of them it was applied.
pub(super) async fn stand(link: &Link, county: &str) -> Done<(i64, i64)> {
    let sql = "SELECT batches, (SELECT n FROM applied WHERE county = $1) FROM ledger WHERE county = $1";
    match link.first(sql, &[&county]).await? {
        Some(row) => Ok((get(&row, 0)?, get(&row, 1)?)),
        None => Err(read::headless()),
    }
}

/// A transaction is not synced by itself: what is lost with a loss of power is applied again.
const UNSYNCED: &str = "SET LOCAL synchronous_commit = off";
/// Taken first: nobody else applies meanwhile.
const LINE: &str = "SELECT n, rows, (SELECT batches FROM ledger WHERE county = $1) FROM applied
    WHERE county = $1 FOR UPDATE";

/// What one transaction has applied.
struct Applied {
    /// The last commit that was applied.
    n: i64,
    fresh: Fresh,
    /// Whether there may have been more than it took.
    more: bool,
}

/// Applies the next rows, if there are any.
async fn apply(link: &Link, county: &str, owed: u64, memory: &mut Memory) -> Done<Applied> {
    // The rows are read after the lock was taken: a statement sees what was committed before it began.
    let rows = "SELECT n, body FROM pending
        WHERE county = $1 AND n > (SELECT n FROM applied WHERE county = $1) ORDER BY n LIMIT $2";
    let first = [
        step("BEGIN", vec![]),
        step(UNSYNCED, vec![]),
        step(LINE, vec![arg(county)]),
        step(rows, vec![arg(county), arg(i64::from(ROWS))]),
    ];
    let found = link.pipeline(&first).await?;
    let line = found[2].first().ok_or_else(|| super::error::unreadable("row of what was applied"))?;
    let (before, numbered_rows): (i64, i64) = (get(line, 0)?, get(line, 1)?);
    if found[3].is_empty() {
        link.script("ROLLBACK").await?;
        let missing = get::<i64>(line, 2)? > before;
        if missing {
            return Err(Unpacked::missing(before + 1).into());
        }
        let fresh = Fresh { applied: memory.applied, ..Fresh::default() };
        return Ok(Applied { n: before, fresh, more: false });
    }
    let (mut applied, mut unpacked) = (before, Unpacked::default());
    for row in &found[3] {
        unpacked.next(&mut applied, get(row, 0)?, get(row, 1)?)?;
    }
    let (batch, begun) = unpacked.whole();
    if memory.applied != Some(before) {
        // Others have applied: what is remembered of records may be old.
        memory.held.clear();
    }
    let unknown = unknown(memory, &batch);
    let changed =
        batch.records.iter().map(|stored| stored.projection.row.id).filter(|id| !begun.contains(id));
    let strange: Vec<RecordId> = changed.filter(|id| memory.held.get(id).is_none()).collect();
    let mut numbers = Vec::new();
    if !strange.is_empty() || !unknown.is_empty() {
        let mut steps = vec![step(derive::OLD, vec![arg(county), arg(read::ids(&strange))])];
        number(county, &unknown, &mut steps);
        let found = link.pipeline(&steps).await?;
        memory.held.extend(found[0].iter().map(derive::old).collect::<Done<_>>()?);
        if !unknown.is_empty() {
            numbers = numbered(&found[found.len() - 1])?;
        }
    }
    // What was taken for new must not be there, whatever is remembered.
    let old = |id: &RecordId| memory.held.get(id).filter(|_| !begun.contains(id));
    let derived = Derived::new(county, &batch, &old, numbered_rows, &memory.mechanisms);
    let mut steps = vec![
        step(
            "UPDATE applied SET n = $2, rows = rows + $3 WHERE county = $1 RETURNING 1",
            vec![arg(county), arg(applied), arg(derived.added())],
        ),
        // Not from the first one on: the index still holds what was deleted before.
        step(
            "DELETE FROM pending WHERE county = $1 AND n > $2 AND n <= $3",
            vec![arg(county), arg(before), arg(applied)],
        ),
    ];
    let many_words = derived.words() >= search::MANY;
    if many_words {
        steps.push(step(search::GATHER, vec![]));
    }
    derived.steps(county, &mut steps);
    if many_words {
        steps.push(step(search::SORT_IN, vec![]));
    }
    figures(county, &batch, memory, &numbers, &mut steps);
    if owed > 0 {
        steps.push(step(TELL, vec![arg(channel(county)), arg(owed.to_string())]));
    }
    steps.push(step("COMMIT", vec![]));
    link.pipeline(&steps).await?;
    let fresh = Fresh {
        series: numbers,
        mechanisms: derived.mechanisms().collect(),
        applied: Some(applied),
        held: derived.left().collect(),
    };
    Ok(Applied { n: applied, fresh, more: found[3].len() == ROWS as usize })
}

async fn rebuild(link: &Link, county: &str, memory: &Memory, batch: &Batch) -> Done<Fresh> {
    let unknown = unknown(memory, batch);
    let mut first = vec![step("BEGIN", vec![]), step(UNSYNCED, vec![]), step(LINE, vec![arg(county)])];
    number(county, &unknown, &mut first);
    let found = link.pipeline(&first).await?;
    let rows = match found[2].first() {
        Some(row) => get(row, 1)?,
        None => return Err(read::headless()),
    };
    let numbers = if unknown.is_empty() { Vec::new() } else { numbered(&found[found.len() - 1])? };
    let derived = Derived::new(county, batch, &|_| None, rows, &memory.mechanisms);
    let mut steps = Vec::new();
    derived.steps(county, &mut steps);
    looks::put(county, batch, &mut steps);
    claims::put(county, batch, &mut steps);
    figures(county, batch, memory, &numbers, &mut steps);
    let sql = "UPDATE applied SET rows = rows + $2 WHERE county = $1";
    steps.push(step(sql, vec![arg(county), arg(derived.added())]));
    steps.push(step("COMMIT", vec![]));
    link.pipeline(&steps).await?;
    Ok(Fresh { series: numbers, mechanisms: derived.mechanisms().collect(), ..Fresh::default() })
}

/// The series of a batch that have no number in memory.
fn unknown(memory: &Memory, batch: &Batch) -> BTreeSet<Series> {
    let name = |key: &gongzhi_kernel::project::CellKey| {
        (key.mechanism.clone(), dimension_number(key.dimension), key.indicator.clone())
    };
    batch.cells.iter().map(|(key, _)| name(key)).filter(|name| !memory.series.contains_key(name)).collect()
}

/// Gives numbers to series that have none, and reads those of all asked for. The head's lock is held:
/// nobody else gives numbers in this county.
fn number<'a>(county: &'a str, unknown: &'a BTreeSet<Series>, steps: &mut Vec<Step<'a>>) {
    if unknown.is_empty() {
        return;
    }
    let args = || {
        vec![
            arg(county),
            arg(unknown.iter().map(|(mechanism, ..)| mechanism.as_str()).collect::<Vec<_>>()),
            arg(unknown.iter().map(|(_, dimension, _)| *dimension).collect::<Vec<_>>()),
            arg(unknown.iter().map(|(.., indicator)| indicator.as_str()).collect::<Vec<_>>()),
        ]
    };
    let give = "INSERT INTO series (county, id, mechanism, dimension, indicator)
        SELECT $1, (SELECT coalesce(max(id), 0) FROM series WHERE county = $1) + row_number() OVER (), n.*
        FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (mechanism, dimension, indicator)
        WHERE NOT EXISTS (SELECT 1 FROM series s WHERE s.county = $1 AND s.mechanism = n.mechanism
                          AND s.dimension = n.dimension AND s.indicator = n.indicator)";
    let read = "SELECT s.mechanism, s.dimension, s.indicator, s.id
        FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (mechanism, dimension, indicator)
        JOIN series s ON s.county = $1 AND s.mechanism = n.mechanism AND s.dimension = n.dimension
                         AND s.indicator = n.indicator";
    steps.push(step(give, args()));
    steps.push(step(read, args()));
}

fn numbered(rows: &[tokio_postgres::Row]) -> Done<Vec<(Series, i64)>> {
    let name = |row, at| get::<&str>(row, at).map(Short::from);
    rows.iter().map(|row| Ok(((name(row, 0)?, get(row, 1)?, name(row, 2)?), get(row, 3)?))).collect()
}

fn figures<'a>(
    county: &'a str,
    batch: &'a Batch,
    memory: &Memory,
    numbers: &[(Series, i64)],
    steps: &mut Vec<Step<'a>>,
) {
    let fresh: BTreeMap<&Series, i64> = numbers.iter().map(|(name, number)| (name, *number)).collect();
    let series = |name: &Series| {
        // Every name was either known or has just been given its number.
        fresh.get(name).or_else(|| memory.series.get(name)).copied().unwrap_or_default()
    };
    derive::figures(county, batch, series, steps);
}
