//! Plain reading: the head, records, entries, timers, cells.

use std::collections::BTreeMap;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Digest, Point, RecordId, Timestamp};
use gongzhi_kernel::chain::{Entry, Head, Header};
use gongzhi_kernel::project::Row;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Result as Sql, params, params_from_iter};

use super::error::{fault, unreadable};
use crate::shared::{Gather, NEVER, ROW, dimension_number, period_end};
use crate::{Answer, CellQuery, Loaded, StoreError, Tally, Timer, Want};

type Done<T> = Result<T, StoreError>;

/// Reads the columns of [`ROW`].
pub(super) fn row(from: &rusqlite::Row<'_>) -> Sql<Row> {
    let due: i64 = from.get(15)?;
    let point = match (from.get(23)?, from.get(24)?) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }),
        _ => None,
    };
    Ok(Row {
        id: RecordId(from.get(0)?),
        mechanism: from.get(1)?,
        version: from.get(2)?,
        revision: unsigned(from, 3)?,
        state: from.get(4)?,
        open: from.get(5)?,
        number: from.get(6)?,
        title: from.get(7)?,
        path: [from.get(8)?, from.get(9)?, from.get(10)?, from.get(11)?],
        unit: from.get(12)?,
        kind: from.get(13)?,
        kind_top: from.get(14)?,
        due: (due != NEVER).then_some(Timestamp(due)),
        due_name: from.get(16)?,
        late: from.get(17)?,
        opened: Timestamp(from.get(18)?),
        changed: Timestamp(from.get(19)?),
        month: from.get(20)?,
        marks: from.get::<_, i64>(21)?.cast_unsigned(),
        parent: from.get::<_, Option<[u8; 16]>>(22)?.map(RecordId),
        point,
    })
}

/// Counts are never negative.
fn unsigned(from: &rusqlite::Row<'_>, at: usize) -> Sql<u64> {
    let value: i64 = from.get(at)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, value))
}

pub(super) fn head(conn: &Connection, county: &str) -> Done<Head> {
    conn.prepare_cached("SELECT size, hash FROM ledger WHERE county = ?1")
        .and_then(|mut query| {
            query.query_row([county], |row| Ok(Head { size: unsigned(row, 0)?, hash: Digest(row.get(1)?) }))
        })
        .map_err(fault)
}

pub(super) fn load(conn: &Connection, county: &str, want: &Want) -> Done<Loaded> {
    let mut loaded = Loaded::default();
    for id in &want.records {
        if let Some(bytes) = snapshot(conn, county, *id)? {
            loaded.records.push((*id, bytes));
            loaded
                .revisions
                .extend(newest(conn, county, *id).map_err(fault)?.map(|revision| (*id, revision)));
        }
    }
    let mut query = conn
        .prepare_cached("SELECT digest, record, revision, seq FROM answer WHERE county = ?1 AND command = ?2")
        .map_err(fault)?;
    for command in &want.commands {
        let answer = query
            .query_row(params![county, command.as_str()], |row| {
                Ok(Answer {
                    command: command.clone(),
                    digest: Digest(row.get(0)?),
                    record: RecordId(row.get(1)?),
                    revision: unsigned(row, 2)?,
                    seq: unsigned(row, 3)?,
                })
            })
            .optional()
            .map_err(fault)?;
        loaded.answers.extend(answer);
    }
    Ok(loaded)
}

/// The revision of a record's newest entry.
fn newest(conn: &Connection, county: &str, id: RecordId) -> Sql<Option<u64>> {
    conn.prepare_cached(
        "SELECT revision FROM entry INDEXED BY entry_of_record
         WHERE county = ?1 AND record = ?2 ORDER BY revision DESC LIMIT 1",
    )?
    .query_row(params![county, id.0], |row| unsigned(row, 0))
    .optional()
}

pub(super) fn counters(conn: &Connection, county: &str) -> Done<BTreeMap<(String, i16), u64>> {
    conn.prepare_cached("SELECT mechanism, year, last FROM counter WHERE county = ?1")
        .and_then(|mut query| {
            query.query_map([county], |row| Ok(((row.get(0)?, row.get(1)?), unsigned(row, 2)?)))?.collect()
        })
        .map_err(fault)
}

pub(super) fn snapshots(conn: &Connection, county: &str, mechanism: &str) -> Done<Vec<Vec<u8>>> {
    conn.prepare_cached(
        "SELECT snapshot FROM record INDEXED BY new_all WHERE county = ?1 AND mechanism = ?2 ORDER BY record",
    )
    .and_then(|mut query| query.query_map([county, mechanism], |row| row.get(0))?.collect())
    .map_err(fault)
}

pub(super) fn snapshot(conn: &Connection, county: &str, id: RecordId) -> Done<Option<Vec<u8>>> {
    conn.prepare_cached("SELECT snapshot FROM record WHERE county = ?1 AND record = ?2")
        .and_then(|mut query| query.query_row(params![county, id.0], |row| row.get(0)).optional())
        .map_err(fault)
}

pub(super) fn rows(conn: &Connection, county: &str, ids: &[RecordId]) -> Done<Vec<Row>> {
    let sql = format!("SELECT {ROW} FROM record r WHERE r.county = ?1 AND r.record = ?2");
    let mut query = conn.prepare_cached(&sql).map_err(fault)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(query.query_row(params![county, id.0], row).optional().map_err(fault)?);
    }
    Ok(found)
}

pub(super) fn by_receipt(conn: &Connection, county: &str, receipt: Digest) -> Done<Option<RecordId>> {
    conn.prepare_cached("SELECT record FROM record WHERE county = ?1 AND receipt = ?2")
        .and_then(|mut query| {
            query.query_row(params![county, receipt.0], |row| row.get(0).map(RecordId)).optional()
        })
        .map_err(fault)
}

pub(super) fn by_number(conn: &Connection, county: &str, number: &str) -> Done<Option<RecordId>> {
    conn.prepare_cached("SELECT record FROM record WHERE county = ?1 AND number = ?2 AND number <> ''")
        .and_then(|mut query| {
            query.query_row(params![county, number], |row| row.get(0).map(RecordId)).optional()
        })
        .map_err(fault)
}

const ENTRY: &str = "SELECT seq, record, revision, header, hash, salt, body FROM entry";

pub(super) fn history(conn: &Connection, county: &str, id: RecordId) -> Done<Vec<Entry>> {
    let sql = format!("{ENTRY} WHERE county = ?1 AND record = ?2 ORDER BY revision, seq");
    let mut query = conn.prepare_cached(&sql).map_err(fault)?;
    let mut rows = query.query(params![county, id.0]).map_err(fault)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

pub(super) fn entries(conn: &Connection, county: &str, from: u64, limit: u32) -> Done<Vec<Entry>> {
    let sql = format!("{ENTRY} WHERE county = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3");
    let mut query = conn.prepare_cached(&sql).map_err(fault)?;
    let mut rows =
        query.query(params![county, i64::try_from(from).unwrap_or(i64::MAX), limit]).map_err(fault)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

pub(super) fn entries_by_record(
    conn: &Connection,
    county: &str,
    after: Option<(RecordId, u64)>,
    limit: u32,
) -> Done<Vec<Entry>> {
    // No identifier is shorter than the empty one, so that it comes before all.
    let (record, revision) = after.map_or((Vec::new(), 0), |(id, revision)| (id.0.to_vec(), revision));
    let sql = format!(
        "{ENTRY} INDEXED BY entry_of_record WHERE county = ?1 AND (record, revision) > (?2, ?3)
         ORDER BY record, revision LIMIT ?4"
    );
    let mut query = conn.prepare_cached(&sql).map_err(fault)?;
    let mut rows = query.query(params![county, record, revision.cast_signed(), limit]).map_err(fault)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// Reads an entry; the columns by which it was found must be those that its header binds.
fn entry(row: &rusqlite::Row<'_>) -> Done<Entry> {
    let seq = unsigned(row, 0).map_err(fault)?;
    let header = row
        .get_ref(3)
        .map_err(fault)?
        .as_blob()
        .ok()
        .and_then(|bytes| Header::from_bytes(bytes).ok())
        .ok_or_else(|| unreadable(&format!("header of entry {seq}")))?;
    let record = RecordId(row.get(1).map_err(fault)?);
    let revision = unsigned(row, 2).map_err(fault)?;
    if (header.seq, header.record, header.revision) != (seq, record, revision) {
        return Err(StoreError::Corrupt(format!("entry {seq} is filed under what its header does not say")));
    }
    Ok(Entry {
        header,
        hash: Digest(row.get(4).map_err(fault)?),
        salt: row.get(5).map_err(fault)?,
        body: row.get(6).map_err(fault)?,
    })
}

pub(super) fn timers(conn: &Connection, county: &str, until: Timestamp, limit: u32) -> Done<Vec<Timer>> {
    conn.prepare_cached(
        "SELECT record, deadline, at FROM timer WHERE county = ?1 AND at <= ?2 ORDER BY at, record, deadline LIMIT ?3",
    )
    .and_then(|mut query| {
        query
            .query_map(params![county, until.0, limit], |row| {
                Ok(Timer { record: RecordId(row.get(0)?), deadline: row.get(1)?, at: Timestamp(row.get(2)?) })
            })?
            .collect()
    })
    .map_err(fault)
}

pub(super) fn tallies(conn: &Connection, county: &str, query: &CellQuery) -> Done<Vec<Tally>> {
    let mut args: Vec<Value> = vec![
        county.to_owned().into(),
        query.mechanism.clone().into(),
        dimension_number(query.dimension).into(),
    ];
    // CROSS JOIN fixes the order: first the few series, then the range of each.
    let mut sql = "SELECT s.indicator, c.key, c.period, c.num, c.den FROM series s CROSS JOIN cell c
         WHERE s.county = ? AND s.mechanism = ? AND s.dimension = ?"
        .to_owned();
    among(&mut sql, &mut args, "s.indicator", &query.indicators);
    sql.push_str(" AND c.county = s.county AND c.series = s.id");
    among(&mut sql, &mut args, "c.key", &query.keys);
    sql.push_str(" AND c.period BETWEEN ? AND ? AND (c.num <> 0 OR c.den <> 0)");
    args.push(query.from.clone().into());
    args.push(period_end(&query.to).into());
    let mut gathered = Gather::new(query);
    let read = || {
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(args))?;
        while let Some(row) = rows.next()? {
            let text = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str()?);
            gathered.add(text(0)?, text(1)?, text(2)?, row.get(3)?, row.get(4)?);
        }
        Ok::<_, rusqlite::Error>(())
    };
    read().map_err(fault)?;
    Ok(gathered.tallies())
}

/// Adds `column IN (…)`, or nothing for an empty list.
pub(super) fn among(sql: &mut String, args: &mut Vec<Value>, column: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    let places = vec!["?"; values.len()].join(", ");
    sql.push_str(&format!(" AND {column} IN ({places})"));
    args.extend(values.iter().cloned().map(Value::from));
}
