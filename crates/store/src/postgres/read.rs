//! Plain reading: the head, records, entries, timers, cells.

use std::collections::{BTreeMap, HashMap};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, Point, RecordId, Timestamp};
use gongzhi_kernel::chain::{Entry, Head, Header};
use gongzhi_kernel::project::Row;

use super::error::{Done, Fault, unreadable};
use super::link::{Link, bytes, count, get};
use crate::shared::{Gather, NEVER, ROW, dimension_number, period_end};
use crate::{Answer, CellQuery, Loaded, Setting, StoreError, Tally, Timer, Want};

/// Reads the columns of [`ROW`].
pub(super) fn row(from: &tokio_postgres::Row) -> Done<Row> {
    let due: i64 = get(from, 15)?;
    let coordinate = |at| -> Done<Option<i32>> {
        let value: Option<i64> = get(from, at)?;
        value.map(|value| i32::try_from(value).map_err(unreadable)).transpose()
    };
    let point = match (coordinate(23)?, coordinate(24)?) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }),
        _ => None,
    };
    let parent: Option<&[u8]> = get(from, 22)?;
    Ok(Row {
        id: RecordId(bytes(from, 0)?),
        mechanism: get(from, 1)?,
        version: u32::try_from(get::<i64>(from, 2)?).map_err(unreadable)?,
        revision: count(from, 3)?,
        state: get(from, 4)?,
        open: get(from, 5)?,
        number: get(from, 6)?,
        title: get(from, 7)?,
        path: [get(from, 8)?, get(from, 9)?, get(from, 10)?, get(from, 11)?],
        unit: get(from, 12)?,
        kind: get(from, 13)?,
        kind_top: get(from, 14)?,
        due: (due != NEVER).then_some(Timestamp(due)),
        due_name: get(from, 16)?,
        late: get(from, 17)?,
        opened: Timestamp(get(from, 18)?),
        changed: Timestamp(get(from, 19)?),
        month: get(from, 20)?,
        marks: get::<i64>(from, 21)?.cast_unsigned(),
        parent: parent.map(|id| id.try_into().map(RecordId).map_err(unreadable)).transpose()?,
        point,
    })
}

/// Identifiers as an array parameter.
pub(super) fn ids(of: &[RecordId]) -> Vec<&[u8]> {
    of.iter().map(|id| id.0.as_slice()).collect()
}

/// A position as the database counts it.
pub(super) fn position(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

pub(super) async fn head(link: &Link, county: &str) -> Done<Head> {
    match link.first("SELECT size, hash FROM ledger WHERE county = $1", &[&county]).await? {
        Some(row) => Ok(Head { size: count(&row, 0)?, hash: Digest(bytes(&row, 1)?) }),
        None => Err(headless()),
    }
}

/// Of a ledger whose row of the head is gone.
pub(super) fn headless() -> Fault {
    StoreError::Corrupt("the ledger's head is missing".to_owned()).into()
}

pub(super) async fn settings_and_head(
    link: &Link,
    county: &str,
    names: &[&str],
) -> Done<(Vec<Setting>, Head)> {
    let sql = "SELECT size, hash, ARRAY(
                   SELECT (SELECT value FROM setting s WHERE s.county = $1 AND s.name = wanted.name)
                   FROM unnest($2::text[]) WITH ORDINALITY AS wanted (name, at) ORDER BY at)
               FROM ledger WHERE county = $1";
    match link.first(sql, &[&county, &names]).await? {
        Some(row) => Ok((get(&row, 2)?, Head { size: count(&row, 0)?, hash: Digest(bytes(&row, 1)?) })),
        None => Err(headless()),
    }
}

pub(super) async fn load(link: &Link, county: &str, want: &Want) -> Done<Loaded> {
    let (found, commands) =
        futures_util::future::join(found(link, county, &want.records), answers(link, county, &want.commands))
            .await;
    let mut found = found?;
    let taken = want.records.iter().filter_map(|id| found.remove(id).map(|found| (*id, found)));
    let mut loaded = Loaded { answers: commands?, ..Loaded::default() };
    for (id, (snapshot, revision)) in taken {
        loaded.records.push((id, snapshot));
        loaded.revisions.extend(revision.map(|revision| (id, revision)));
    }
    Ok(loaded)
}

/// Snapshots, and the revision of each record's newest entry.
async fn found(
    link: &Link,
    county: &str,
    wanted: &[RecordId],
) -> Done<HashMap<RecordId, (Vec<u8>, Option<u64>)>> {
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let sql = "SELECT r.record, r.snapshot, (SELECT e.revision FROM entry e
            WHERE e.county = $1 AND e.record = w.record ORDER BY e.revision DESC LIMIT 1)
        FROM unnest($2::bytea[]) AS w (record) CROSS JOIN LATERAL
        (SELECT record, snapshot FROM record WHERE county = $1 AND record = w.record OFFSET 0) r";
    for row in link.query(sql, &[&county, &ids(wanted)]).await? {
        let newest = get::<Option<i64>>(&row, 2)?.and_then(|revision| u64::try_from(revision).ok());
        found.insert(RecordId(bytes(&row, 0)?), (get(&row, 1)?, newest));
    }
    Ok(found)
}

async fn answers(link: &Link, county: &str, wanted: &[CommandId]) -> Done<Vec<Answer>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = wanted.iter().map(CommandId::as_str).collect();
    let sql = "SELECT a.* FROM unnest($2::text[]) AS w (command) CROSS JOIN LATERAL
        (SELECT command, digest, record, revision, seq FROM answer WHERE county = $1 AND command = w.command
         OFFSET 0) a";
    let mut found = HashMap::new();
    for row in link.query(sql, &[&county, &names]).await? {
        let answer = answer(&row)?;
        found.insert(answer.command.clone(), answer);
    }
    Ok(wanted.iter().filter_map(|command| found.remove(command)).collect())
}

/// Reads command, digest, record, revision and sequence.
pub(super) fn answer(row: &tokio_postgres::Row) -> Done<Answer> {
    let name: &str = get(row, 0)?;
    let command =
        CommandId::new(name).map_err(|_| unreadable(format!("identifier of the command “{name}”")))?;
    Ok(Answer {
        command,
        digest: Digest(bytes(row, 1)?),
        record: RecordId(bytes(row, 2)?),
        revision: count(row, 3)?,
        seq: count(row, 4)?,
    })
}

pub(super) async fn counters(link: &Link, county: &str) -> Done<BTreeMap<(String, i16), u64>> {
    let rows = link.query("SELECT mechanism, year, last FROM counter WHERE county = $1", &[&county]).await?;
    rows.iter()
        .map(|row| {
            let year = i16::try_from(get::<i64>(row, 1)?).map_err(unreadable)?;
            Ok(((get(row, 0)?, year), count(row, 2)?))
        })
        .collect()
}

pub(super) async fn snapshots(link: &Link, county: &str, mechanism: &str) -> Done<Vec<Vec<u8>>> {
    let sql = "SELECT record, snapshot FROM record WHERE county = $1 AND mechanism = $2";
    let rows = link.query(sql, &[&county, &mechanism]).await?;
    let mut found: Vec<(&[u8], Vec<u8>)> =
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect::<Done<_>>()?;
    found.sort_unstable_by_key(|(id, _)| *id);
    Ok(found.into_iter().map(|(_, snapshot)| snapshot).collect())
}

pub(super) async fn snapshot(link: &Link, county: &str, id: RecordId) -> Done<Option<Vec<u8>>> {
    let sql = "SELECT snapshot FROM record WHERE county = $1 AND record = $2";
    let row = link.first(sql, &[&county, &id.0.as_slice()]).await?;
    row.map(|row| get(&row, 0)).transpose()
}

pub(super) async fn rows(link: &Link, county: &str, wanted: &[RecordId]) -> Done<Vec<Row>> {
    let sql = format!(
        "SELECT {ROW} FROM unnest($2::bytea[]) WITH ORDINALITY AS w (record, at)
         JOIN record r ON r.county = $1 AND r.record = w.record ORDER BY w.at"
    );
    link.query(&sql, &[&county, &ids(wanted)]).await?.iter().map(row).collect()
}

pub(super) async fn by_receipt(link: &Link, county: &str, receipt: Digest) -> Done<Option<RecordId>> {
    let sql = "SELECT record FROM record WHERE county = $1 AND receipt = $2";
    let row = link.first(sql, &[&county, &receipt.0.as_slice()]).await?;
    row.map(|row| bytes(&row, 0).map(RecordId)).transpose()
}

pub(super) async fn by_number(link: &Link, county: &str, number: &str) -> Done<Option<RecordId>> {
    let sql = "SELECT record FROM record WHERE county = $1 AND number = $2 AND number <> ''";
    let row = link.first(sql, &[&county, &number]).await?;
    row.map(|row| bytes(&row, 0).map(RecordId)).transpose()
}

const ENTRY: &str = "SELECT seq, record, revision, header, hash, salt, body FROM entry";

pub(super) async fn history(link: &Link, county: &str, id: RecordId) -> Done<Vec<Entry>> {
    let sql = format!("{ENTRY} WHERE county = $1 AND record = $2 ORDER BY revision, seq");
    link.query(&sql, &[&county, &id.0.as_slice()]).await?.iter().map(entry).collect()
}

/// The entry before the oldest of a record.
pub(super) async fn before(link: &Link, county: &str, id: RecordId) -> Done<Option<Entry>> {
    let sql = format!(
        "{ENTRY} WHERE county = $1
            AND seq = (SELECT seq - 1 FROM entry WHERE county = $1 AND record = $2 ORDER BY revision LIMIT 1)"
    );
    link.first(&sql, &[&county, &id.0.as_slice()]).await?.as_ref().map(entry).transpose()
}

pub(super) async fn entries(link: &Link, county: &str, from: u64, limit: u32) -> Done<Vec<Entry>> {
    let sql = format!("{ENTRY} WHERE county = $1 AND seq >= $2 ORDER BY seq LIMIT $3");
    link.query(&sql, &[&county, &position(from), &i64::from(limit)]).await?.iter().map(entry).collect()
}

pub(super) async fn entries_by_record(
    link: &Link,
    county: &str,
    after: Option<(RecordId, u64)>,
    limit: u32,
) -> Done<Vec<Entry>> {
    // No identifier is shorter than the empty one, so that it comes before all.
    let (record, revision) = after.map_or((Vec::new(), 0), |(id, revision)| (id.0.to_vec(), revision));
    let sql = format!(
        "{ENTRY} WHERE county = $1 AND (record, revision) > ($2, $3) ORDER BY record, revision LIMIT $4"
    );
    let rows = link.query(&sql, &[&county, &record, &position(revision), &i64::from(limit)]).await?;
    rows.iter().map(entry).collect()
}

/// Reads an entry; the columns by which it was found must be those that its header binds.
fn entry(row: &tokio_postgres::Row) -> Done<Entry> {
    let seq = count(row, 0)?;
    let header =
        Header::from_bytes(get(row, 3)?).map_err(|_| unreadable(format!("header of entry {seq}")))?;
    if (header.seq, header.record, header.revision) != (seq, RecordId(bytes(row, 1)?), count(row, 2)?) {
        let text = format!("entry {seq} is filed under what its header does not say");
        return Err(StoreError::Corrupt(text).into());
    }
    Ok(Entry { header, hash: Digest(bytes(row, 4)?), salt: bytes(row, 5)?, body: get(row, 6)? })
}

pub(super) async fn timers(link: &Link, county: &str, until: Timestamp, limit: u32) -> Done<Vec<Timer>> {
    let sql = "SELECT record, deadline, at FROM timer WHERE county = $1 AND at <= $2
               ORDER BY at, record, deadline LIMIT $3";
    let rows = link.query(sql, &[&county, &until.0, &i64::from(limit)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Timer {
                record: RecordId(bytes(row, 0)?),
                deadline: get(row, 1)?,
                at: Timestamp(get(row, 2)?),
            })
        })
        .collect()
}

pub(super) async fn tallies(link: &Link, county: &str, query: &CellQuery) -> Done<Vec<Tally>> {
    // First the few series, then the range of each, narrowed to the keys where there are any.
    let (indicators, mut keys) = (&query.indicators, query.keys.clone());
    keys.sort_unstable();
    keys.dedup();
    let keyed = if keys.is_empty() { "" } else { "CROSS JOIN unnest($7::text[]) AS k (key)" };
    let key = if keys.is_empty() { "" } else { "AND key = k.key" };
    let sql = format!(
        "SELECT s.indicator, c.key, c.period, c.num, c.den FROM series s {keyed} CROSS JOIN LATERAL (
             SELECT key, period, num, den FROM cell
             WHERE county = $1 AND series = s.id {key} AND period BETWEEN $5 AND $6 AND (num <> 0 OR den <> 0)
         ) c WHERE s.county = $1 AND s.mechanism = $2 AND s.dimension = $3
             AND (cardinality($4::text[]) = 0 OR s.indicator = ANY($4))"
    );
    let dimension = dimension_number(query.dimension);
    let end = period_end(&query.to);
    let mut args: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        vec![&county, &query.mechanism, &dimension, indicators, &query.from, &end];
    if !keys.is_empty() {
        args.push(&keys);
    }
    let rows = link.query(&sql, &args).await?;
    let mut gathered = Gather::new(query);
    for row in &rows {
        gathered.add(get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?, get(row, 4)?);
    }
    Ok(gathered.tallies())
}
