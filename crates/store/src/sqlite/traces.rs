//! What stands of each record in inboxes, lists and search.

use std::collections::HashMap;

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::project::Projection;
use rusqlite::{Connection, Result as Sql, Row};

use super::error::fault;
use crate::shared::{Repeated, searched, tokens};
use crate::trace::{LISTS, Trace, Traces, add};
use crate::{StoreError, Stored};

/// The words that search holds, one by one, with the row and the place of each; made for every reading connection.
pub(super) const VOCABULARY: &str =
    "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'instance')";

/// As it follows from a record.
pub(super) fn expected(stored: &Stored) -> Trace {
    let mut trace = Trace::expected(stored);
    let Projection { text, .. } = &stored.projection;
    if !text.is_empty() {
        let scopes = tokens(&stored.projection);
        for (column, words) in [("text", text.as_str()), ("scope", searched(&scopes))] {
            for (at, word) in words.split(' ').filter(|word| !word.is_empty()).enumerate() {
                add(&mut trace.search, (column, at as i64, word));
            }
        }
    }
    trace
}

/// As the tables hold it.
pub(super) fn kept(conn: &Connection, county: &str) -> Result<Traces, StoreError> {
    read(conn, county).map_err(fault)
}

fn read(conn: &Connection, county: &str) -> Sql<Traces> {
    let (mut found, mut rows) = (Traces::default(), HashMap::new());
    let sql = "SELECT record, row, todo, timers, scopes, receipt FROM record WHERE county = ?1";
    each(conn, sql, county, |row| {
        let repeated = Repeated { todo: row.get(2)?, timers: row.get(3)?, scopes: row.get(4)? };
        let id = id(row)?;
        rows.insert(row.get::<_, i64>(1)?, id);
        found.records.entry(id).or_default().row(&repeated, row.get::<_, Option<_>>(5)?.map(Digest));
        Ok(())
    })?;
    // Lists lead to a record by the number of its row: one that leads to another record is none of its own.
    let own = |row: &Row<'_>| -> Sql<(RecordId, bool)> {
        let id = id(row)?;
        Ok((id, rows.get(&row.get(1)?) == Some(&id)))
    };
    each(conn, "SELECT record, row, who, due, late FROM todo WHERE county = ?1", county, |row| {
        let (id, own) = own(row)?;
        let trace = found.records.entry(id).or_default();
        trace.waits(if own { row.get_ref(2)?.as_str()? } else { "" }, row.get(3)?, row.get(4)?);
        Ok(())
    })?;
    for (table, at) in LISTS {
        let sql = format!("SELECT record, row, mechanism, unit, {at} FROM {table} WHERE county = ?1");
        each(conn, &sql, county, |row| {
            let (id, own) = own(row)?;
            let trace = found.records.entry(id).or_default();
            let unit = if own { row.get_ref(3)?.as_str()? } else { "" };
            trace.listed(table, row.get_ref(2)?.as_str()?, unit, row.get(4)?);
            Ok(())
        })?;
    }
    // It has no county: the file holds one.
    each(conn, "SELECT doc, col, offset, term FROM temp.vocabulary WHERE ?1 <> ''", county, |row| {
        let number = row.get(0)?;
        match rows.get(&number).and_then(|id| found.records.get_mut(id)) {
            Some(trace) => {
                let (column, word) = (row.get_ref(1)?.as_str()?, row.get_ref(3)?.as_str()?);
                add(&mut trace.search, (column, row.get::<_, i64>(2)?, word));
            }
            None => drop(found.strays.insert(number)),
        }
        Ok(())
    })?;
    Ok(found)
}

fn id(row: &Row<'_>) -> Sql<RecordId> {
    row.get(0).map(RecordId)
}

fn each(conn: &Connection, sql: &str, county: &str, mut take: impl FnMut(&Row<'_>) -> Sql<()>) -> Sql<()> {
    let mut query = conn.prepare(sql)?;
    let mut rows = query.query([county])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}
