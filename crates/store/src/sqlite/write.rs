//! The one transaction that makes a group of commands durable.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::LazyLock;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Short};
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::Dimension;
use rusqlite::{Connection, OptionalExtension as _, Result as Sql, Transaction, TransactionBehavior, params};

use super::aside::Aside;
use super::cells::put_cells;
use super::error::{commit_fault, fault};
use super::units::{Listed, put_listed, put_units};
use super::{claims, later, log, looks, outbox};
use crate::shared::{NEVER, Repeated, continued, lines, searched, timer};
use crate::{Batch, StoreError, Stored, pending};

/// Columns that no index holds: the cheapest change of a record.
const PLAIN: &[&str] = &[
    "version", "revision", "state", "title", "region", "kind", "due_name", "late", "changed", "month",
    "marks", "lat", "lon", "todo", "timers", "scopes", "snapshot",
];
/// Columns of indexes, in groups that change together: a change rewrites only the indexes that hold
/// a column of its groups. First those of the lists of open records, then the unit in charge, then
/// the kind, then what hardly ever changes.
const INDEXED: [&[&str]; 4] = [
    &["open", "due"],
    &["unit"],
    &["kind_top"],
    &["mechanism", "number", "town", "village", "grid", "opened", "parent", "receipt"],
];
/// Bits of the groups of [`INDEXED`].
const WAITING: usize = 1;
const UNIT: usize = 2;
const KIND: usize = 4;
const FIXED: usize = 8;

/// Pages of the search index that are merged at once: some milliseconds, for which a command may have to wait.
const MERGED: i64 = 256;
/// For how many rows such a page counts in the write-ahead log.
const PAGE_ROWS: u64 = 3;

fn columns(groups: usize) -> Vec<&'static str> {
    let chosen = INDEXED.iter().enumerate().filter(|(at, _)| groups & 1 << at != 0);
    PLAIN.iter().chain(chosen.flat_map(|(_, columns)| *columns)).copied().collect()
}

/// An `UPDATE` for every set of groups that change. Parameter 1 is the row, then the columns in the
/// order of the lists above.
static UPDATES: LazyLock<[String; 16]> = LazyLock::new(|| {
    std::array::from_fn(|groups| {
        let set = columns(groups).into_iter().enumerate().map(|(at, name)| format!("{name} = ?{}", at + 2));
        format!("UPDATE record SET {} WHERE row = ?1", set.collect::<Vec<_>>().join(", "))
    })
});

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let names = columns(WAITING | UNIT | KIND | FIXED);
    let places: Vec<String> = (0..names.len()).map(|at| format!("?{}", at + 4)).collect();
    format!(
        "INSERT INTO record (row, county, record, {}) VALUES (?1, ?2, ?3, {})",
        names.join(", "),
        places.join(", ")
    )
});

pub(super) type Series = (Short, Short, Dimension);

/// The writing connection with what it remembers of small, only growing tables.
pub(super) struct Writer {
    pub(super) conn: Connection,
    county: String,
    series: HashMap<Series, i64>,
    mechanisms: BTreeSet<String>,
    /// The search index of a rebuild that was begun.
    aside: Option<Aside>,
}

/// What a transaction adds to the memory of the [`Writer`] once it is durable.
#[derive(Default)]
pub(super) struct Fresh {
    pub(super) series: Vec<(Series, i64)>,
    mechanisms: Vec<String>,
}

impl Writer {
    pub(super) fn new(conn: Connection, county: &str) -> Writer {
        Writer {
            conn,
            county: county.to_owned(),
            series: HashMap::new(),
            mechanisms: BTreeSet::new(),
            aside: None,
        }
    }

    /// Writes a whole batch, or nothing. Gives how many rows were changed, about.
    pub(super) fn commit(&mut self, expect: Head, batch: &Batch) -> Result<u64, StoreError> {
        let Writer { conn, county, .. } = self;
        let county = county.as_str();
        let end = continued(county, expect, batch)?;
        let packed = pending::pack(batch);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(commit_fault)?;
        if !move_head(&tx, county, expect, end, packed.is_some()).map_err(fault)? {
            return Err(StoreError::Conflict);
        }
        let write = || -> Sql<u64> {
            let mut rows = put_entries(&tx, county, batch)?;
            rows += log::put(&tx, county, batch)?;
            rows += outbox::put(&tx, county, batch)?;
            looks::put(&tx, county, &batch.looks)?;
            claims::put(&tx, county, batch)?;
            if let Some(packed) = packed {
                later::put(&tx, county, &packed)?;
                rows += 1;
            }
            Ok(rows)
        };
        let rows = { write }().map_err(commit_fault)?;
        tx.commit().map_err(commit_fault)?;
        Ok(rows)
    }

    /// Applies what commits left. Gives the last commit applied, and how many rows were changed, about.
    pub(super) fn apply(&mut self) -> Result<(i64, u64), StoreError> {
        let mut rows = 0;
        loop {
            // What is lost with a loss of power is applied again.
            let done = self.unsynced(|Writer { conn, county, series, mechanisms, .. }| {
                later::apply(conn, county, (series, mechanisms))
            });
            match done? {
                (_, Some((fresh, changed))) => {
                    rows += changed;
                    self.remember(fresh);
                }
                (applied, None) => return Ok((applied, rows)),
            }
        }
    }

    /// Does what need not be synced by itself.
    fn unsynced<T>(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.conn.pragma_update(None, "synchronous", "normal").map_err(fault)?;
        let done = work(self);
        self.conn.pragma_update(None, "synchronous", "full").map_err(fault)?;
        done
    }

    fn remember(&mut self, fresh: Fresh) {
        self.series.extend(fresh.series);
        self.mechanisms.extend(fresh.mechanisms);
    }

    /// Writes derived rows only, during a rebuild: all records are new. What is lost with a loss of power is written
    /// by the next rebuild, for this one has not ended.
    pub(super) fn derive(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        let fresh = self.unsynced(|Writer { conn, county, series, mechanisms, aside }| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(commit_fault)?;
            let first = next_row(&tx).map_err(fault)?;
            let mut fresh = Fresh::default();
            let new = Kind::Rebuilt { first, words: aside.is_none() };
            let mut put = || put_derived(&tx, county, batch, &new, (series, mechanisms), &mut fresh);
            std::thread::scope(|scope| {
                let words = aside.as_mut().map(|aside| scope.spawn(move || aside.put(first, batch)));
                let rows = put().map_err(fault);
                words.map_or(Ok(()), |words| words.join().unwrap_or_else(|panic| resume_unwind(panic)))?;
                rows
            })?;
            tx.commit().map_err(commit_fault)?;
            Ok(fresh)
        })?;
        self.remember(fresh);
        // Rows of new records lie side by side: a page in the log holds many of them.
        Ok((2 * batch.records.len() + batch.cells.len()) as u64)
    }

    /// Merges parts of the search index, a step of it. Gives how many rows were changed, about; none where nothing is
    /// left to be merged.
    pub(super) fn merge(&mut self) -> Result<u64, StoreError> {
        if self.aside.is_some() {
            return Ok(0);
        }
        // What is lost with a loss of power is merged again.
        self.unsynced(|Writer { conn, .. }| {
            let before = conn.total_changes();
            conn.prepare_cached("INSERT INTO words (words, rank) VALUES ('merge', ?1)")
                .and_then(|mut merge| merge.execute([MERGED]))
                .map_err(commit_fault)?;
            // One is the order itself.
            let pages = (conn.total_changes() - before).saturating_sub(1);
            Ok(pages * PAGE_ROWS)
        })
    }

    /// Ends a rebuild.
    pub(super) fn derived(&mut self) -> Result<(), StoreError> {
        match &self.aside {
            Some(aside) => aside.end(&self.conn, &self.county)?,
            None => log::rebuilt(&self.conn, &self.county).map_err(fault)?,
        }
        self.aside = None;
        Ok(())
    }

    /// Empties all that is derived.
    pub(super) fn empty(&mut self) -> Result<(), StoreError> {
        log::empty(&mut self.conn, &self.county)?;
        self.mechanisms.clear();
        // The one before first: both are the same file.
        self.aside = None;
        self.aside = Some(Aside::begin(&self.conn)?);
        Ok(())
    }
}

/// The row that the next record will stand in.
fn next_row(tx: &Transaction<'_>) -> Sql<i64> {
    tx.prepare_cached("SELECT ifnull(max(row), 0) + 1 FROM record")?.query_row([], |row| row.get(0))
}

/// Which records of a batch are new.
pub(super) enum Kind<'a> {
    /// These.
    Begun(&'a HashSet<RecordId>),
    /// All: they stand in the rows from this one on. Whether their words are written too.
    Rebuilt { first: i64, words: bool },
}

/// Records, cells, counters, looks and claims of a batch. Gives how many rows were changed, about.
pub(super) fn put_derived(
    tx: &Transaction<'_>,
    county: &str,
    batch: &Batch,
    kind: &Kind<'_>,
    (series, mechanisms): (&HashMap<Series, i64>, &BTreeSet<String>),
    fresh: &mut Fresh,
) -> Sql<u64> {
    let mut rows = batch.cells.len() as u64;
    let mut listed = Vec::new();
    for (at, stored) in (0..).zip(&batch.records) {
        rows += match kind {
            Kind::Begun(begun) if begun.contains(&stored.projection.row.id) => {
                put_record(tx, county, stored, Place::Next)?
            }
            Kind::Begun(_) => put_record(tx, county, stored, Place::Own)?,
            Kind::Rebuilt { first, words } => {
                let place = Place::Given { row: first + at, words: *words, listed: &mut listed };
                put_record(tx, county, stored, place)?
            }
        };
        let mechanism = &stored.projection.row.mechanism;
        if !mechanisms.contains(mechanism) && !fresh.mechanisms.contains(mechanism) {
            tx.prepare_cached("INSERT OR IGNORE INTO mechanism (county, name) VALUES (?1, ?2)")?
                .execute(params![county, mechanism])?;
            fresh.mechanisms.push(mechanism.clone());
        }
    }
    put_listed(tx, county, listed)?;
    put_cells(tx, county, batch, series, fresh)?;
    put_counters(tx, county, batch)?;
    looks::put(tx, county, &batch.looks)?;
    claims::put(tx, county, batch)?;
    Ok(rows)
}

fn put_counters(tx: &Transaction<'_>, county: &str, batch: &Batch) -> Sql<()> {
    let mut counter = tx.prepare_cached(
        "INSERT INTO counter (county, mechanism, year, last) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET last = excluded.last",
    )?;
    for ((mechanism, year), last) in &batch.counters {
        counter.execute(params![county, mechanism, year, *last as i64])?;
    }
    Ok(())
}

/// Moves the head and, when something is left to be applied, the count of such commits; false when
/// another writer has moved it.
fn move_head(tx: &Transaction<'_>, county: &str, expect: Head, end: Head, leaves: bool) -> Sql<bool> {
    let moved = tx
        .prepare_cached(
            "UPDATE ledger SET size = ?2, hash = ?3, batches = batches + ?6
             WHERE county = ?1 AND size = ?4 AND hash = ?5",
        )?
        .execute(params![county, end.size as i64, end.hash.0, expect.size as i64, expect.hash.0, leaves])?;
    Ok(moved == 1)
}

fn put_entries(tx: &Transaction<'_>, county: &str, batch: &Batch) -> Sql<u64> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO entry (county, seq, record, revision, header, hash, salt, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for entry in &batch.entries {
        let header = &entry.header;
        insert.execute(params![
            county,
            header.seq as i64,
            header.record.0,
            header.revision as i64,
            header.to_bytes(),
            entry.hash.0,
            entry.salt,
            entry.body,
        ])?;
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO answer (county, command, digest, record, revision, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for answer in &batch.answers {
        insert.execute(params![
            county,
            answer.command.as_str(),
            answer.digest.0,
            answer.record.0,
            answer.revision as i64,
            answer.seq as i64,
        ])?;
    }
    Ok(2 * (batch.entries.len() + batch.answers.len()) as u64)
}

/// What was stored of a record before, as far as a change of it must know.
pub(super) struct Old {
    row: i64,
    pub(super) open: bool,
    pub(super) due: i64,
    late: bool,
    todo: String,
    timers: String,
    pub(super) scopes: String,
    pub(super) mechanism: String,
    pub(super) opened: i64,
    /// The groups of [`INDEXED`] of which a column is another one now.
    changed: usize,
}

fn old(tx: &Transaction<'_>, county: &str, stored: &Stored) -> Sql<Option<Old>> {
    let new = &stored.projection.row;
    tx.prepare_cached(
        "SELECT row, open, due, late, todo, timers, scopes,
                mechanism, number, town, village, grid, unit, kind_top, opened, parent, receipt
         FROM record WHERE county = ?1 AND record = ?2",
    )?
    .query_row(params![county, new.id.0], |row| {
        let text = |at: usize| -> Sql<Option<&str>> { Ok(row.get_ref(at)?.as_str_or_null()?) };
        let bytes = |at: usize| -> Sql<Option<&[u8]>> { Ok(row.get_ref(at)?.as_blob_or_null()?) };
        let same = text(7)? == Some(new.mechanism.as_str())
            && text(8)? == Some(new.number.as_str())
            && text(9)? == new.path[1].as_deref()
            && text(10)? == new.path[2].as_deref()
            && text(11)? == new.path[3].as_deref()
            && row.get::<_, i64>(14)? == new.opened.0
            && bytes(15)? == new.parent.as_ref().map(|id| id.0.as_slice())
            && stored
                .receipt
                .as_ref()
                .is_none_or(|receipt| matches!(bytes(16), Ok(Some(old)) if old == receipt.0));
        let due: i64 = row.get(2)?;
        let open: bool = row.get(1)?;
        let groups = [
            (WAITING, open != new.open || due != new.due.map_or(NEVER, |due| due.0)),
            (UNIT, text(12)? != new.unit.as_deref()),
            (KIND, text(13)? != new.kind_top.as_deref()),
            (FIXED, !same),
        ];
        Ok(Old {
            row: row.get(0)?,
            open,
            due,
            late: row.get(3)?,
            todo: row.get(4)?,
            timers: row.get(5)?,
            scopes: row.get(6)?,
            mechanism: row.get(7)?,
            opened: row.get(14)?,
            changed: groups.into_iter().filter(|(_, changed)| *changed).map(|(group, _)| group).sum(),
        })
    })
    .optional()
}

/// Where a record is written.
enum Place<'a, 'b> {
    /// In the row it has; the next, when it has none.
    Own,
    /// In the next row: it is new.
    Next,
    /// In this row: it is new, and so are all others. Its words may be written elsewhere, and in the lists of units it
    /// comes with them.
    Given { row: i64, words: bool, listed: &'a mut Vec<Listed<'b>> },
}

/// Writes one record with its to-do rows, timers and search text; a new one must not be there. Gives
/// how many rows changed.
fn put_record<'b>(tx: &Transaction<'_>, county: &str, stored: &'b Stored, place: Place<'_, 'b>) -> Sql<u64> {
    let projection = &stored.projection;
    let new = &projection.row;
    let due = new.due.map_or(NEVER, |due| due.0);
    let Repeated { todo, timers, scopes } = Repeated::of(projection);
    let old = if matches!(place, Place::Own) { old(tx, county, stored)? } else { None };

    let changed = old.as_ref().map_or(WAITING | UNIT | KIND | FIXED, |old| old.changed);
    let sql = if old.is_none() { &*INSERT } else { &UPDATES[changed] };
    let mut statement = tx.prepare_cached(sql)?;
    let mut bind = Binder { statement: &mut statement, at: 0 };
    match &old {
        None => {
            bind.put(match place {
                Place::Given { row, .. } => Some(row),
                _ => None,
            })?;
            bind.put(county)?;
            bind.put(new.id.0)?;
        }
        Some(old) => bind.put(old.row)?,
    }
    bind.plain(stored, new, &todo, &timers, &scopes)?;
    if changed & WAITING != 0 {
        bind.put(new.open)?;
        bind.put(due)?;
    }
    if changed & UNIT != 0 {
        bind.put(&new.unit)?;
    }
    if changed & KIND != 0 {
        bind.put(&new.kind_top)?;
    }
    if changed & FIXED != 0 {
        let kept = match (&old, &stored.receipt) {
            (_, Some(receipt)) => Some(receipt.0.to_vec()),
            (Some(old), None) => receipt_of(tx, old.row)?,
            (None, None) => None,
        };
        bind.fixed(new, kept)?;
    }
    statement.raw_execute()?;
    drop(statement);

    let row = old.as_ref().map_or_else(|| tx.last_insert_rowid(), |old| old.row);
    let mut rows = 1 + u64::from(changed.count_ones()) * 3;
    let before = old.as_ref().map_or((NEVER, false, ""), |old| (old.due, old.late, old.todo.as_str()));
    rows += put_todo(tx, county, new.id, row, before, (due, new.late, &todo))?;
    rows += put_timers(tx, county, new.id, old.as_ref().map_or("", |old| &old.timers), &timers)?;
    let worded = match place {
        Place::Given { words, listed, .. } => {
            let scopes = scopes.clone();
            listed.push(Listed { row, new, due, scopes });
            rows += 8;
            words
        }
        Place::Own | Place::Next => {
            rows += put_units(tx, county, row, old.as_ref(), (new, due, &scopes))?;
            true
        }
    };
    let text_changed = match &old {
        None => worded && !projection.text.is_empty(),
        Some(old) => stored.text_changed || searched(&old.scopes) != searched(&scopes),
    };
    if text_changed {
        let verb = if old.is_none() { INSERT_WORDS } else { REPLACE_WORDS };
        tx.prepare_cached(verb)?.execute(params![row, projection.text, searched(&scopes)])?;
        rows += 2;
    }
    Ok(rows)
}

pub(super) const INSERT_WORDS: &str = "INSERT INTO words (rowid, text, scope) VALUES (?1, ?2, ?3)";
const REPLACE_WORDS: &str = "INSERT OR REPLACE INTO words (rowid, text, scope) VALUES (?1, ?2, ?3)";

fn receipt_of(tx: &Transaction<'_>, row: i64) -> Sql<Option<Vec<u8>>> {
    tx.prepare_cached("SELECT receipt FROM record WHERE row = ?1")?.query_row([row], |row| row.get(0))
}

/// Binds parameters one after another.
struct Binder<'a, 'conn> {
    statement: &'a mut rusqlite::CachedStatement<'conn>,
    at: usize,
}

impl Binder<'_, '_> {
    fn put(&mut self, value: impl rusqlite::ToSql) -> Sql<()> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)
    }

    /// The columns of [`PLAIN`], in its order.
    fn plain(&mut self, stored: &Stored, row: &Row, todo: &str, timers: &str, scopes: &str) -> Sql<()> {
        self.put(row.version)?;
        self.put(row.revision as i64)?;
        self.put(&row.state)?;
        self.put(&row.title)?;
        self.put(&row.path[0])?;
        self.put(&row.kind)?;
        self.put(&row.due_name)?;
        self.put(row.late)?;
        self.put(row.changed.0)?;
        self.put(&row.month)?;
        self.put(row.marks.cast_signed())?;
        self.put(row.point.map(|point| point.lat))?;
        self.put(row.point.map(|point| point.lon))?;
        self.put(todo)?;
        self.put(timers)?;
        self.put(scopes)?;
        self.put(&stored.snapshot)
    }

    /// The columns of the last group of [`INDEXED`], in its order.
    fn fixed(&mut self, row: &Row, receipt: Option<Vec<u8>>) -> Sql<()> {
        self.put(&row.mechanism)?;
        self.put(&row.number)?;
        self.put(&row.path[1])?;
        self.put(&row.path[2])?;
        self.put(&row.path[3])?;
        self.put(row.opened.0)?;
        self.put(row.parent.map(|id| id.0))?;
        self.put(receipt)
    }
}

/// Changes the to-do rows that are others now.
fn put_todo(
    tx: &Transaction<'_>,
    county: &str,
    id: RecordId,
    row: i64,
    (old_due, old_late, old): (i64, bool, &str),
    (due, late, new): (i64, bool, &str),
) -> Sql<u64> {
    let same = old_due == due && old_late == late;
    if same && old == new {
        return Ok(0);
    }
    let mut rows = 0;
    let mut delete =
        tx.prepare_cached("DELETE FROM todo WHERE county = ?1 AND who = ?2 AND due = ?3 AND record = ?4")?;
    for who in lines(old).filter(|who| !same || !lines(new).any(|kept| kept == *who)) {
        rows += delete.execute(params![county, who, old_due, id.0])?;
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO todo (county, who, due, record, row, late) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for who in lines(new).filter(|who| !same || !lines(old).any(|kept| kept == *who)) {
        rows += insert.execute(params![county, who, due, id.0, row, late])?;
    }
    Ok(rows as u64)
}

/// Changes the timers that are others now.
fn put_timers(tx: &Transaction<'_>, county: &str, id: RecordId, old: &str, new: &str) -> Sql<u64> {
    if old == new {
        return Ok(0);
    }
    let mut rows = 0;
    let mut delete = tx.prepare_cached(
        "DELETE FROM timer WHERE county = ?1 AND at = ?2 AND record = ?3 AND deadline = ?4",
    )?;
    for (at, deadline) in lines(old).filter(|line| !lines(new).any(|kept| kept == *line)).filter_map(timer) {
        rows += delete.execute(params![county, at, id.0, deadline])?;
    }
    let mut insert =
        tx.prepare_cached("INSERT INTO timer (county, at, record, deadline) VALUES (?1, ?2, ?3, ?4)")?;
    for (at, deadline) in lines(new).filter(|line| !lines(old).any(|kept| kept == *line)).filter_map(timer) {
        rows += insert.execute(params![county, at, id.0, deadline])?;
    }
    Ok(rows as u64)
}
