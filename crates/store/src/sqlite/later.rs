//! What commits left to be applied, in the file.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Result as Sql, Transaction, TransactionBehavior, params};

use super::error::{commit_fault, fault};
use super::write::{self, Fresh, Kind, Series};
use crate::StoreError;
use crate::pending::{ROWS, Unpacked};

/// Leaves a packed row. The head was moved before, and with it the number of the row.
pub(super) fn put(tx: &Transaction<'_>, county: &str, packed: &[u8]) -> Sql<()> {
    tx.prepare_cached(
        "INSERT INTO pending (county, n, body) SELECT county, batches, ?2 FROM ledger WHERE county = ?1",
    )?
    .execute(params![county, packed])?;
    Ok(())
}

/// How many commits left something, and up to which of them it was applied.
pub(super) fn stand(conn: &Connection, county: &str) -> Result<(i64, i64), StoreError> {
    conn.prepare_cached("SELECT batches, applied FROM ledger WHERE county = ?1")
        .and_then(|mut query| query.query_row([county], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(fault)
}

/// Applies the next rows in one transaction, if there are any. Gives the last commit that was applied.
pub(super) fn apply(
    conn: &mut Connection,
    county: &str,
    memory: (&HashMap<Series, i64>, &BTreeSet<String>),
) -> Result<(i64, Option<(Fresh, u64)>), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(commit_fault)?;
    let (batches, mut applied) = stand(&tx, county)?;
    if applied >= batches {
        return Ok((applied, None));
    }
    let mut unpacked = Unpacked::default();
    read(&tx, county, &mut applied, &mut unpacked)?;
    let (batch, begun) = unpacked.whole();
    let mut fresh = Fresh::default();
    let mut write = || -> Sql<u64> {
        let rows = write::put_derived(&tx, county, &batch, &Kind::Begun(&begun), memory, &mut fresh)?;
        tx.prepare_cached("DELETE FROM pending WHERE county = ?1 AND n <= ?2")?
            .execute(params![county, applied])?;
        tx.prepare_cached("UPDATE ledger SET applied = ?2 WHERE county = ?1")?
            .execute(params![county, applied])?;
        Ok(rows)
    };
    let rows = write().map_err(fault)?;
    tx.commit().map_err(commit_fault)?;
    Ok((applied, Some((fresh, rows))))
}

/// Unpacks the rows after `applied`, which then is the last of them.
fn read(
    tx: &Transaction<'_>,
    county: &str,
    applied: &mut i64,
    unpacked: &mut Unpacked,
) -> Result<(), StoreError> {
    let mut query = tx
        .prepare_cached("SELECT n, body FROM pending WHERE county = ?1 AND n > ?2 ORDER BY n LIMIT ?3")
        .map_err(fault)?;
    let mut rows = query.query(params![county, *applied, ROWS]).map_err(fault)?;
    let before = *applied;
    while let Some(row) = rows.next().map_err(fault)? {
        let n = row.get(0).map_err(fault)?;
        let packed = row.get_ref(1).and_then(|body| Ok(body.as_blob()?)).map_err(fault)?;
        unpacked.next(applied, n, packed)?;
    }
    if *applied == before { Err(Unpacked::missing(before + 1)) } else { Ok(()) }
}
