//! What a batch changes of everything that is derived from the entries, gathered into one statement
//! for each table and kind of change.

use std::collections::BTreeSet;

use gongzhi_base::RecordId;
use gongzhi_kernel::project::Row;

use super::apply::Series;
use super::error::Done;
use super::link::{Step, arg, bytes, get, step};
use super::search;
use crate::shared::{NEVER, Repeated, dimension_number, lines, period_text, searched, timer, units};
use crate::{Batch, Stored};

/// What was stored of a record before, as far as a change of it must know.
pub(super) struct Old {
    row: i64,
    open: bool,
    due: i64,
    late: bool,
    opened: i64,
    mechanism: String,
    path: [Option<String>; 4],
    unit: Option<String>,
    kind_top: Option<String>,
    todo: String,
    timers: String,
    scopes: String,
}

/// Reads the records of a batch as they are before it, for [`old`]. As everywhere here `OFFSET 0` keeps
/// the planner from turning the loop round: on a table that is empty when the plan is made it would
/// rather read the whole county than look up each key.
pub(super) const OLD: &str = "SELECT r.* FROM unnest($2::bytea[]) AS w (record) CROSS JOIN LATERAL
        (SELECT record, row, open, due, late, opened, mechanism, region, town, village, grid, unit, kind_top,
            todo, timers, scopes FROM record WHERE county = $1 AND record = w.record OFFSET 0) r";

pub(super) fn old(row: &tokio_postgres::Row) -> Done<(RecordId, Old)> {
    let old = Old {
        row: get(row, 1)?,
        open: get(row, 2)?,
        due: get(row, 3)?,
        late: get(row, 4)?,
        opened: get(row, 5)?,
        mechanism: get(row, 6)?,
        path: [get(row, 7)?, get(row, 8)?, get(row, 9)?, get(row, 10)?],
        unit: get(row, 11)?,
        kind_top: get(row, 12)?,
        todo: get(row, 13)?,
        timers: get(row, 14)?,
        scopes: get(row, 15)?,
    };
    Ok((RecordId(bytes(row, 0)?), old))
}

/// A record in its new form with what its tables repeat.
struct Made<'a> {
    stored: &'a Stored,
    row: i64,
    due: i64,
    todo: String,
    timers: String,
    scopes: String,
}

impl Made<'_> {
    /// What the next change of the record must know of it.
    fn left(&self) -> (RecordId, Old) {
        let row = &self.stored.projection.row;
        let old = Old {
            row: self.row,
            open: row.open,
            due: self.due,
            late: row.late,
            opened: row.opened.0,
            mechanism: row.mechanism.clone(),
            path: row.path.clone(),
            unit: row.unit.clone(),
            kind_top: row.kind_top.clone(),
            todo: self.todo.clone(),
            timers: self.timers.clone(),
            scopes: self.scopes.clone(),
        };
        (row.id, old)
    }
}

/// Rows that leave a table and rows that come into it.
struct Moved<T> {
    gone: Vec<T>,
    come: Vec<T>,
}

impl<T> Default for Moved<T> {
    fn default() -> Moved<T> {
        Moved { gone: Vec::new(), come: Vec::new() }
    }
}

/// A place in an inbox: who, due time, record, late.
type Place = (String, i64, RecordId, bool);
/// A place in a list of a unit: mechanism, unit, opening or due time, record.
type UnitPlace = (String, String, i64, RecordId);
/// When a record's deadline is looked at: time, record, deadline.
type Timed = (i64, RecordId, String);

/// All changes of a batch.
#[derive(Default)]
pub(super) struct Derived<'a> {
    fresh: Vec<Made<'a>>,
    changed: Vec<Made<'a>>,
    waits: Vec<(&'a Row, i64)>,
    waits_no_more: Vec<RecordId>,
    todo: Moved<Place>,
    timers: Moved<Timed>,
    unit_new: Moved<UnitPlace>,
    unit_open: Moved<UnitPlace>,
    words: Vec<(i64, RecordId, &'a str, search::Lexemes)>,
    words_changed: Vec<(i64, RecordId, &'a str, search::Lexemes)>,
    mechanisms: BTreeSet<&'a str>,
}

impl<'a> Derived<'a> {
    /// Compares each record with what `old` gives as stored; new ones get the rows after `rows`.
    pub(super) fn new<'o>(
        county: &str,
        batch: &'a Batch,
        old: &dyn Fn(&RecordId) -> Option<&'o Old>,
        mut rows: i64,
        known: &BTreeSet<String>,
    ) -> Derived<'a> {
        let mut derived = Derived::default();
        for stored in &batch.records {
            let new = &stored.projection.row;
            if !known.contains(&new.mechanism) {
                derived.mechanisms.insert(&new.mechanism);
            }
            let old = old(&new.id);
            let row = old.map_or_else(
                || {
                    rows += 1;
                    rows
                },
                |old| old.row,
            );
            derived.record(county, stored, old, row);
        }
        derived
    }

    /// How many rows the batch adds to the county's records.
    pub(super) fn added(&self) -> i64 {
        self.fresh.len() as i64
    }

    fn record(&mut self, county: &str, stored: &'a Stored, old: Option<&Old>, row: i64) {
        let made = &stored.projection;
        let new = &made.row;
        let id = new.id;
        let due = new.due.map_or(NEVER, |due| due.0);
        let Repeated { todo, timers, scopes } = Repeated::of(made);

        let same_lead = |old: &Old| {
            old.mechanism == new.mechanism
                && old.path == new.path
                && old.unit == new.unit
                && old.kind_top == new.kind_top
        };
        match old {
            Some(old) if old.open && !new.open => self.waits_no_more.push(id),
            Some(old) if old.open && old.due == due && same_lead(old) => {}
            _ if new.open => self.waits.push((new, due)),
            _ => {}
        }

        let (old_todo, stood) = old.map_or(("", None), |old| (&old.todo, Some((old.due, old.late))));
        let stays = stood == Some((due, new.late));
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
            (lines(old_todo).collect(), lines(&todo).collect());
        if let Some((stood_at, late)) = stood {
            // Where only the lateness is another one, the row stays and is changed.
            let gone = before.iter().filter(|who| stood_at != due || !after.contains(*who));
            self.todo.gone.extend(gone.map(|who| ((*who).to_owned(), stood_at, id, late)));
        }
        let come = after.iter().filter(|who| !stays || !before.contains(*who));
        self.todo.come.extend(come.map(|who| ((*who).to_owned(), due, id, new.late)));

        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
            (old.map_or("", |old| &old.timers).split('\n').collect(), timers.split('\n').collect());
        let timed = |line: &&str| timer(line).map(|(at, deadline)| (at, id, deadline.to_owned()));
        self.timers.gone.extend(before.difference(&after).filter_map(timed));
        self.timers.come.extend(after.difference(&before).filter_map(timed));

        // Where the record stood in each list of a unit and where it stands now; nowhere, when it is closed.
        let places = |mechanism: &str, scopes: &str, at: Option<i64>| -> BTreeSet<UnitPlace> {
            let place = |at| units(scopes).map(move |unit| (mechanism.to_owned(), unit.to_owned(), at, id));
            at.into_iter().flat_map(place).collect()
        };
        let stood =
            |at: Option<i64>| old.map_or_else(BTreeSet::new, |old| places(&old.mechanism, &old.scopes, at));
        let (before, after) =
            (stood(old.map(|old| old.opened)), places(&new.mechanism, &scopes, Some(new.opened.0)));
        self.unit_new.gone.extend(before.difference(&after).cloned());
        self.unit_new.come.extend(after.difference(&before).cloned());
        let (before, after) = (
            stood(old.filter(|old| old.open).map(|old| old.due)),
            places(&new.mechanism, &scopes, new.open.then_some(due)),
        );
        self.unit_open.gone.extend(before.difference(&after).cloned());
        self.unit_open.come.extend(after.difference(&before).cloned());

        let words = |old: Option<&Old>| match old {
            None => !made.text.is_empty(),
            Some(old) => {
                stored.text_changed
                    || searched(&old.scopes) != searched(&scopes)
                    || old.mechanism != new.mechanism
                    || old.path != new.path
            }
        };
        if words(old) {
            let words = (row, id, made.text.as_str(), search::Lexemes::of(county, row, made));
            if old.is_some() { self.words_changed.push(words) } else { self.words.push(words) }
        }
        let made = Made { stored, row, due, todo, timers, scopes };
        if old.is_some() { self.changed.push(made) } else { self.fresh.push(made) }
    }

    /// The statements, in an order in which nothing meets what it replaces.
    pub(super) fn steps(&'a self, county: &'a str, steps: &mut Vec<Step<'a>>) {
        for (made, sql) in [(&self.fresh, INSERT_RECORDS), (&self.changed, UPDATE_RECORDS)] {
            if !made.is_empty() {
                steps.push(records(county, made, sql));
            }
        }
        if !self.waits_no_more.is_empty() {
            let gone = super::read::ids(&self.waits_no_more);
            steps.push(step(WAITS_NO_MORE, vec![arg(county), arg(gone)]));
        }
        if !self.waits.is_empty() {
            steps.push(waits(county, &self.waits));
        }
        for (places, sql) in [(&self.todo.gone, OUT_OF_INBOX), (&self.todo.come, INTO_INBOX)] {
            if !places.is_empty() {
                let mut args = vec![
                    arg(county),
                    arg(each(places, |(who, ..)| who.as_str())),
                    arg(each(places, |(_, due, ..)| *due)),
                    arg(each(places, |(_, _, id, _)| id.0.as_slice())),
                ];
                if sql == INTO_INBOX {
                    args.push(arg(each(places, |(.., late)| *late)));
                }
                steps.push(step(sql, args));
            }
        }
        for (timers, sql) in [(&self.timers.gone, NO_TIMER), (&self.timers.come, TIMER)] {
            if !timers.is_empty() {
                let args = vec![
                    arg(county),
                    arg(each(timers, |(at, ..)| *at)),
                    arg(each(timers, |(_, id, _)| id.0.as_slice())),
                    arg(each(timers, |(.., deadline)| deadline.as_str())),
                ];
                steps.push(step(sql, args));
            }
        }
        for (places, sql) in [
            (&self.unit_new.gone, NOT_UNIT_NEW),
            (&self.unit_open.gone, NOT_UNIT_OPEN),
            (&self.unit_new.come, UNIT_NEW),
            (&self.unit_open.come, UNIT_OPEN),
        ] {
            if !places.is_empty() {
                let args = vec![
                    arg(county),
                    arg(each(places, |(mechanism, ..)| mechanism.as_str())),
                    arg(each(places, |(_, unit, ..)| unit.as_str())),
                    arg(each(places, |(_, _, at, _)| *at)),
                    arg(each(places, |(.., id)| id.0.as_slice())),
                ];
                steps.push(step(sql, args));
            }
        }
        for (words, sql) in [(&self.words, WORDS), (&self.words_changed, OTHER_WORDS)] {
            if !words.is_empty() {
                let args = vec![
                    arg(county),
                    arg(each(words, |(row, ..)| *row)),
                    arg(each(words, |(_, id, ..)| id.0.as_slice())),
                    arg(each(words, |(_, _, text, _)| *text)),
                    arg(each(words, |(.., lexemes)| lexemes)),
                ];
                steps.push(step(sql, args));
            }
        }
        if !self.mechanisms.is_empty() {
            let names: Vec<&str> = self.mechanisms.iter().copied().collect();
            let sql =
                "INSERT INTO mechanism (county, name) SELECT $1, m.name FROM unnest($2::text[]) AS m (name)
                       ON CONFLICT DO NOTHING";
            steps.push(step(sql, vec![arg(county), arg(names)]));
        }
    }

    /// Of how many records words are written.
    pub(super) fn words(&self) -> usize {
        self.words.len() + self.words_changed.len()
    }

    /// The records as they are once this is durable.
    pub(super) fn left(&self) -> impl Iterator<Item = (RecordId, Old)> {
        self.fresh.iter().chain(&self.changed).map(Made::left)
    }

    /// Mechanisms that were not known to have records.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = String> {
        self.mechanisms.iter().map(|name| (*name).to_owned())
    }
}

/// One column of an array parameter.
fn each<'a, T, C>(of: &'a [T], column: impl Fn(&'a T) -> C) -> Vec<C> {
    of.iter().map(column).collect()
}

const INSERT_RECORDS: &str = "INSERT INTO record (county, record, row, mechanism, version, revision, state, open, number, title,
        region, town, village, grid, unit, kind, kind_top, due, due_name, late, opened, changed, month, marks, parent,
        lat, lon, receipt, todo, timers, scopes, snapshot)
    SELECT $1, n.* FROM unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bool[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
        $18::bigint[], $19::text[], $20::bool[], $21::bigint[], $22::bigint[], $23::text[], $24::bigint[], $25::bytea[],
        $26::bigint[], $27::bigint[], $28::bytea[], $29::text[], $30::text[], $31::text[], $32::bytea[]) AS n";
const UPDATE_RECORDS: &str = "UPDATE record r SET mechanism = n.mechanism, version = n.version, revision = n.revision,
        state = n.state, open = n.open, number = n.number, title = n.title, region = n.region, town = n.town,
        village = n.village, grid = n.grid, unit = n.unit, kind = n.kind, kind_top = n.kind_top, due = n.due,
        due_name = n.due_name, late = n.late, opened = n.opened, changed = n.changed, month = n.month,
        marks = n.marks, parent = n.parent, lat = n.lat, lon = n.lon, receipt = coalesce(n.receipt, r.receipt),
        todo = n.todo, timers = n.timers, scopes = n.scopes, snapshot = n.snapshot
    FROM (SELECT n.*, (SELECT ctid FROM record WHERE county = $1 AND record = n.record) AS at
        FROM unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bool[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
        $18::bigint[], $19::text[], $20::bool[], $21::bigint[], $22::bigint[], $23::text[], $24::bigint[], $25::bytea[],
        $26::bigint[], $27::bigint[], $28::bytea[], $29::text[], $30::text[], $31::text[], $32::bytea[])
        AS n (record, row, mechanism, version, revision, state, open, number, title, region, town, village, grid, unit,
              kind, kind_top, due, due_name, late, opened, changed, month, marks, parent, lat, lon, receipt, todo,
              timers, scopes, snapshot)) n
    WHERE r.ctid = n.at";

fn records<'a>(county: &'a str, made: &'a [Made<'a>], sql: &'static str) -> Step<'a> {
    let row = |made: &'a Made<'a>| &made.stored.projection.row;
    let place = |level: usize| arg(each(made, |made| row(made).path[level].as_deref()));
    let args = vec![
        arg(county),
        arg(each(made, |made| row(made).id.0.as_slice())),
        arg(each(made, |made| made.row)),
        arg(each(made, |made| row(made).mechanism.as_str())),
        arg(each(made, |made| i64::from(row(made).version))),
        arg(each(made, |made| row(made).revision.cast_signed())),
        arg(each(made, |made| row(made).state.as_str())),
        arg(each(made, |made| row(made).open)),
        arg(each(made, |made| row(made).number.as_str())),
        arg(each(made, |made| row(made).title.as_str())),
        place(0),
        place(1),
        place(2),
        place(3),
        arg(each(made, |made| row(made).unit.as_deref())),
        arg(each(made, |made| row(made).kind.as_deref())),
        arg(each(made, |made| row(made).kind_top.as_deref())),
        arg(each(made, |made| made.due)),
        arg(each(made, |made| row(made).due_name.as_deref())),
        arg(each(made, |made| row(made).late)),
        arg(each(made, |made| row(made).opened.0)),
        arg(each(made, |made| row(made).changed.0)),
        arg(each(made, |made| row(made).month.as_str())),
        arg(each(made, |made| row(made).marks.cast_signed())),
        arg(each(made, |made| row(made).parent.as_ref().map(|id| id.0.as_slice()))),
        arg(each(made, |made| row(made).point.map(|point| i64::from(point.lat)))),
        arg(each(made, |made| row(made).point.map(|point| i64::from(point.lon)))),
        arg(each(made, |made| made.stored.receipt.as_ref().map(|receipt| receipt.0.as_slice()))),
        arg(each(made, |made| made.todo.as_str())),
        arg(each(made, |made| made.timers.as_str())),
        arg(each(made, |made| made.scopes.as_str())),
        arg(each(made, |made| made.stored.snapshot.as_slice())),
    ];
    step(sql, args)
}

fn waits<'a>(county: &'a str, waits: &'a [(&'a Row, i64)]) -> Step<'a> {
    let sql = "INSERT INTO waiting (county, record, mechanism, town, village, grid, unit, kind_top, due)
        SELECT $1, n.* FROM unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::bigint[]) AS n
        ON CONFLICT (county, record) DO UPDATE SET mechanism = excluded.mechanism, town = excluded.town,
            village = excluded.village, grid = excluded.grid, unit = excluded.unit, kind_top = excluded.kind_top,
            due = excluded.due";
    let place = |level: usize| arg(each(waits, move |(row, _)| row.path[level].as_deref()));
    let args = vec![
        arg(county),
        arg(each(waits, |(row, _)| row.id.0.as_slice())),
        arg(each(waits, |(row, _)| row.mechanism.as_str())),
        place(1),
        place(2),
        place(3),
        arg(each(waits, |(row, _)| row.unit.as_deref())),
        arg(each(waits, |(row, _)| row.kind_top.as_deref())),
        arg(each(waits, |(_, due)| *due)),
    ];
    step(sql, args)
}

/// Rows are deleted by keys that are looked up one by one, see [`OLD`]; nobody else changes these tables
/// while the head's lock is held.
const WAITS_NO_MORE: &str = "DELETE FROM waiting WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest($2::bytea[]) AS g (record) CROSS JOIN LATERAL
        (SELECT ctid FROM waiting WHERE county = $1 AND record = g.record OFFSET 0) t))";
const OUT_OF_INBOX: &str = "DELETE FROM todo WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest($2::text[], $3::bigint[], $4::bytea[]) AS g (who, due, record) CROSS JOIN LATERAL
        (SELECT ctid FROM todo WHERE county = $1 AND who = g.who AND due = g.due AND record = g.record OFFSET 0) t))";
const INTO_INBOX: &str = "INSERT INTO todo (county, who, due, record, late)
    SELECT $1, n.* FROM unnest($2::text[], $3::bigint[], $4::bytea[], $5::bool[]) AS n
    ON CONFLICT (county, who, due, record) DO UPDATE SET late = excluded.late";
const NO_TIMER: &str = "DELETE FROM timer WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS g (at, record, deadline) CROSS JOIN LATERAL
        (SELECT ctid FROM timer WHERE county = $1 AND at = g.at AND record = g.record AND deadline = g.deadline OFFSET 0) t))";
const TIMER: &str = "INSERT INTO timer (county, at, record, deadline)
    SELECT $1, n.* FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS n";
const NOT_UNIT_NEW: &str = "DELETE FROM unit_new WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) AS g (mechanism, unit, at, record) CROSS JOIN LATERAL
        (SELECT ctid FROM unit_new WHERE county = $1 AND mechanism = g.mechanism AND unit = g.unit AND opened = g.at AND record = g.record OFFSET 0) t))";
const NOT_UNIT_OPEN: &str = "DELETE FROM unit_open WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) AS g (mechanism, unit, at, record) CROSS JOIN LATERAL
        (SELECT ctid FROM unit_open WHERE county = $1 AND mechanism = g.mechanism AND unit = g.unit AND due = g.at AND record = g.record OFFSET 0) t))";
const UNIT_NEW: &str = "INSERT INTO unit_new (county, mechanism, unit, opened, record)
    SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) AS n";
const UNIT_OPEN: &str = "INSERT INTO unit_open (county, mechanism, unit, due, record)
    SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) AS n";
const WORDS: &str = "INSERT INTO words (county, row, record, text, lexemes)
    SELECT $1, n.* FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::tsvector[]) AS n";
/// A record whose first text comes later has no words yet.
const OTHER_WORDS: &str = "INSERT INTO words (county, row, record, text, lexemes)
    SELECT $1, n.* FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::tsvector[]) AS n
    ON CONFLICT (county, row) DO UPDATE SET text = excluded.text, lexemes = excluded.lexemes";

/// Adds the changes of cells and counters; the numbers of all series are known.
pub(super) fn figures<'a>(
    county: &'a str,
    batch: &'a Batch,
    series: impl Fn(&Series) -> i64,
    steps: &mut Vec<Step<'a>>,
) {
    if !batch.cells.is_empty() {
        let mut of = Vec::with_capacity(batch.cells.len());
        // Cells mostly come sorted: those of one series stand together.
        let mut last: Option<(Series, i64)> = None;
        for (key, _) in &batch.cells {
            let name = (key.mechanism.clone(), dimension_number(key.dimension), key.indicator.clone());
            let number = match &last {
                Some((like, number)) if *like == name => *number,
                _ => series(&name),
            };
            of.push(number);
            last = Some((name, number));
        }
        let sql = "INSERT INTO cell (county, series, key, period, num, den)
            SELECT $1, n.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS n
            ON CONFLICT (county, series, key, period)
            DO UPDATE SET num = cell.num + excluded.num, den = cell.den + excluded.den";
        let args = vec![
            arg(county),
            arg(of),
            arg(batch.cells.iter().map(|(key, _)| key.key.as_str()).collect::<Vec<_>>()),
            arg(batch.cells.iter().map(|(key, _)| period_text(key)).collect::<Vec<_>>()),
            arg(batch.cells.iter().map(|(_, (num, _))| *num).collect::<Vec<_>>()),
            arg(batch.cells.iter().map(|(_, (_, den))| *den).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
    if !batch.counters.is_empty() {
        let sql = "INSERT INTO counter (county, mechanism, year, last)
            SELECT $1, n.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS n
            ON CONFLICT (county, mechanism, year) DO UPDATE SET last = excluded.last";
        let args = vec![
            arg(county),
            arg(batch.counters.keys().map(|(mechanism, _)| mechanism.as_str()).collect::<Vec<_>>()),
            arg(batch.counters.keys().map(|(_, year)| i64::from(*year)).collect::<Vec<_>>()),
            arg(batch.counters.values().map(|last| last.cast_signed()).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
}
