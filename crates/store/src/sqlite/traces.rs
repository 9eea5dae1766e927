//! What stands of each record in inboxes, lists and search.

use std::collections::{BTreeSet, HashMap, HashSet};

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::project::Projection;
use rusqlite::{Connection, Result as Sql, Row};

use super::error::fault;
use crate::shared::{Repeated, searched, tokens};
use crate::trace::{LISTS, Names, Trace, Traces, add};
use crate::{StoreError, Stored};

/// The words that search holds, one by one, with the row and the place of each; made for every reading connection.
pub(super) const VOCABULARY: &str =
    "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'instance')";

/// As it follows from a record.
pub(super) fn expected(stored: &Stored, names: &Names) -> Trace {
    let mut trace = Trace::expected(stored);
    let Projection { text, .. } = &stored.projection;
    if !text.is_empty() {
        let scopes = tokens(&stored.projection);
        for (column, words) in [("text", text.as_str()), ("scope", searched(&scopes))] {
            for (at, word) in words.split(' ').filter(|word| !word.is_empty()).enumerate() {
                found(&mut trace, column, at as i64, word, names);
            }
        }
    }
    trace
}

/// Takes in a word by which search finds a record.
fn found(trace: &mut Trace, column: &str, at: i64, word: &str, names: &Names) {
    add(&mut trace.search, (column, at, word));
    let text = column == "text";
    trace.words += u64::from(text);
    if !(text && names.holds(word)) {
        add(&mut trace.own, (column, word));
    }
}

/// As the tables hold it.
pub(super) fn kept(conn: &Connection, county: &str, names: &Names) -> Result<Traces, StoreError> {
    read(conn, county, names).map_err(fault)
}

fn read(conn: &Connection, county: &str, names: &Names) -> Sql<Traces> {
    let (mut all, mut rows) = (Traces::default(), HashMap::new());
    let sql = "SELECT record, row, todo, timers, scopes, receipt FROM record WHERE county = ?1";
    each(conn, sql, county, |row| {
        let repeated = Repeated { todo: row.get(2)?, timers: row.get(3)?, scopes: row.get(4)? };
        let id = id(row)?;
        rows.insert(row.get::<_, i64>(1)?, id);
        all.records.entry(id).or_default().row(&repeated, row.get::<_, Option<_>>(5)?.map(Digest));
        Ok(())
    })?;
    // Lists lead to a record by the number of its row: one that leads to another record is none of its own.
    let own = |row: &Row<'_>| -> Sql<(RecordId, bool)> {
        let id = id(row)?;
        Ok((id, rows.get(&row.get(1)?) == Some(&id)))
    };
    each(conn, "SELECT record, row, who, due, late FROM todo WHERE county = ?1", county, |row| {
        let (id, own) = own(row)?;
        let trace = all.records.entry(id).or_default();
        trace.waits(if own { row.get_ref(2)?.as_str()? } else { "" }, row.get(3)?, row.get(4)?);
        Ok(())
    })?;
    for (table, at) in LISTS {
        let sql = format!("SELECT record, row, mechanism, unit, {at} FROM {table} WHERE county = ?1");
        each(conn, &sql, county, |row| {
            let (id, own) = own(row)?;
            let trace = all.records.entry(id).or_default();
            let unit = if own { row.get_ref(3)?.as_str()? } else { "" };
            trace.listed(table, row.get_ref(2)?.as_str()?, unit, row.get(4)?);
            Ok(())
        })?;
    }
    // It has no county: the file holds one. Words come in their order.
    let mut beginning = Beginning::default();
    each(conn, "SELECT doc, col, offset, term FROM temp.vocabulary WHERE ?1 <> ''", county, |row| {
        let number = row.get(0)?;
        let (column, word) = (row.get_ref(1)?.as_str()?, row.get_ref(3)?.as_str()?);
        if beginning.text.is_empty() || !word.starts_with(&beginning.text) {
            std::mem::replace(&mut beginning, Beginning::of(word)).compare(conn, &mut all.torn)?;
        }
        beginning.rows.insert(number);
        match rows.get(&number).and_then(|id| all.records.get_mut(id)) {
            Some(trace) => found(trace, column, row.get(2)?, word, names),
            None => drop(all.strays.insert(number)),
        }
        Ok(())
    })?;
    beginning.compare(conn, &mut all.torn)?;
    Ok(all)
}

/// The rows that hold a word with a certain first letter: search keeps a list of its own of these.
#[derive(Default)]
struct Beginning {
    text: String,
    rows: HashSet<i64>,
}

impl Beginning {
    fn of(word: &str) -> Beginning {
        Beginning { text: word.chars().take(1).collect(), rows: HashSet::new() }
    }

    /// Compares the rows that its words have with those of that list.
    fn compare(self, conn: &Connection, torn: &mut BTreeSet<String>) -> Sql<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut query = conn.prepare_cached("SELECT rowid FROM words WHERE words MATCH ?1")?;
        let mut rows = query.query([format!("\"{}\" *", self.text.replace('"', "\"\""))])?;
        let mut n = 0;
        while let Some(row) = rows.next()? {
            if !self.rows.contains(&row.get(0)?) {
                torn.insert(self.text);
                return Ok(());
            }
            n += 1;
        }
        if n != self.rows.len() {
            torn.insert(self.text);
        }
        Ok(())
    }
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
