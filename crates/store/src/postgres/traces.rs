//! What stands of each record in inboxes, lists and search.

use std::collections::BTreeSet;

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::project::{Projection, Row as Record};

use super::error::Done;
use super::link::{Link, bytes, get};
use super::search::{block, cut, is_mark, lexemes_of};
use crate::Stored;
use crate::shared::{NEVER, Repeated};
use crate::trace::{LISTS, Names, Trace, Traces, add};

/// As it follows from a record.
pub(super) fn expected(stored: &Stored, names: &Names) -> Trace {
    let (mut trace, made) = (Trace::expected(stored), &stored.projection);
    if made.row.open {
        waiting(&mut trace, &made.row);
    }
    let Projection { text, .. } = made;
    if !text.is_empty() {
        add(&mut trace.search, text);
        let lexemes = lexemes_of(made);
        lexemes.iter().for_each(|word| add(&mut trace.search, word.as_ref()));
        own(&mut trace, text, &lexemes.iter().map(AsRef::as_ref).collect(), names);
    }
    trace
}

/// What no renaming changes: the words of the text that are no name's, and the marks. Of the lexemes each other one must
/// be a word of the text, and each word one of them.
fn own(trace: &mut Trace, text: &str, lexemes: &BTreeSet<&str>, names: &Names) {
    let words = || text.split(' ').filter(|word| !word.is_empty());
    trace.words = words().count() as u64;
    words().filter(|word| !names.holds(word)).for_each(|word| add(&mut trace.own, word));
    let (marks, found): (Vec<&str>, Vec<&str>) = lexemes.iter().partition(|lexeme| is_mark(lexeme));
    marks.into_iter().for_each(|mark| add(&mut trace.own, mark));
    if found.into_iter().ne(words().map(cut).collect::<BTreeSet<_>>()) {
        add(&mut trace.own, "torn");
    }
}

/// The place of an open record in the lists by due time.
fn waiting(trace: &mut Trace, Record { mechanism, path, unit, kind_top, due, .. }: &Record) {
    let [_, town, village, grid] = path;
    let due = due.map_or(NEVER, |due| due.0);
    add(&mut trace.lists, (mechanism, town, village, grid, unit, kind_top, due));
}

/// As the tables hold it.
pub(super) async fn kept(link: &Link, county: &str, names: &Names) -> Done<Traces> {
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
        let text = get::<&str>(row, 2)?;
        add(&mut trace.search, text);
        let mut words: BTreeSet<&str> = get::<Vec<&str>>(row, 3)?.into_iter().collect();
        if !words.remove(block(county, number).as_str()) {
            add(&mut trace.search, "no block");
            add(&mut trace.own, "no block");
        }
        own(trace, text, &words, names);
        words.into_iter().for_each(|word| add(&mut trace.search, word));
        Ok(())
    })
    .await?;
    Ok(found)
}
