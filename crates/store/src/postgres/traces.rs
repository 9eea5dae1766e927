//! What stands of each record in inboxes, lists and search.

use std::collections::BTreeSet;

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::project::{Projection, Row as Record};

use super::error::Done;
use super::link::{Link, bytes, get};
use super::search::{block, lexemes_of};
use crate::Stored;
use crate::shared::{NEVER, Repeated};
use crate::trace::{LISTS, Trace, Traces, add};

/// As it follows from a record.
pub(super) fn expected(stored: &Stored) -> Trace {
    let (mut trace, made) = (Trace::expected(stored), &stored.projection);
    if made.row.open {
        waiting(&mut trace, &made.row);
    }
    let Projection { text, .. } = made;
    if !text.is_empty() {
        add(&mut trace.search, text);
        lexemes_of(made).iter().for_each(|word| add(&mut trace.search, word.as_ref()));
    }
    trace
}

/// The place of an open record in the lists by due time.
fn waiting(trace: &mut Trace, Record { mechanism, path, unit, kind_top, due, .. }: &Record) {
    let [_, town, village, grid] = path;
    let due = due.map_or(NEVER, |due| due.0);
    add(&mut trace.lists, (mechanism, town, village, grid, unit, kind_top, due));
}

/// As the tables hold it.
pub(super) async fn kept(link: &Link, county: &str) -> Done<Traces> {
    let mut found = Traces::default();
    let sql = "SELECT record, todo, timers, scopes, receipt FROM record WHERE county = $1";
    link.each(sql, &[&county], |row| {
        let repeated = Repeated { todo: get(row, 1)?, timers: get(row, 2)?, scopes: get(row, 3)? };
        let receipt = get::<Option<&[u8]>>(row, 4)?.map(|_| bytes(row, 4)).transpose()?;
        found.records.entry(RecordId(bytes(row, 0)?)).or_default().row(&repeated, receipt.map(Digest));
        Ok(())
    })
    .await?;
    let sql = "SELECT record, who, due, late FROM todo WHERE county = $1";
    link.each(sql, &[&county], |row| {
        let trace = found.records.entry(RecordId(bytes(row, 0)?)).or_default();
        trace.waits(get(row, 1)?, get(row, 2)?, get(row, 3)?);
        Ok(())
    })
    .await?;
    for (table, at) in LISTS {
        let sql = format!("SELECT record, mechanism, unit, {at} FROM {table} WHERE county = $1");
        link.each(&sql, &[&county], |row| {
            let trace = found.records.entry(RecordId(bytes(row, 0)?)).or_default();
            trace.listed(table, get(row, 1)?, get(row, 2)?, get(row, 3)?);
            Ok(())
        })
        .await?;
    }
    let sql =
        "SELECT record, mechanism, town, village, grid, unit, kind_top, due FROM waiting WHERE county = $1";
    link.each(sql, &[&county], |row| {
        let trace = found.records.entry(RecordId(bytes(row, 0)?)).or_default();
        let text = |at| get::<Option<String>>(row, at);
        let due: i64 = get(row, 7)?;
        let mechanism: String = get(row, 1)?;
        add(&mut trace.lists, (mechanism, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?, due));
        Ok(())
    })
    .await?;
    // The number of a record's row says to which block its words belong.
    let sql = "SELECT w.row, w.record, w.text, tsvector_to_array(w.lexemes), r.record IS NOT NULL
        FROM words w LEFT JOIN record r ON r.county = w.county AND r.record = w.record AND r.row = w.row
        WHERE w.county = $1";
    link.each(sql, &[&county], |row| {
        let (number, known): (i64, bool) = (get(row, 0)?, get(row, 4)?);
        if !known {
            found.strays.insert(number);
            return Ok(());
        }
        let trace = found.records.entry(RecordId(bytes(row, 1)?)).or_default();
        add(&mut trace.search, get::<&str>(row, 2)?);
        let mut words: BTreeSet<&str> = get::<Vec<&str>>(row, 3)?.into_iter().collect();
        if !words.remove(block(county, number).as_str()) {
            add(&mut trace.search, "no block");
        }
        words.into_iter().for_each(|word| add(&mut trace.search, word));
        Ok(())
    })
    .await?;
    Ok(found)
}
