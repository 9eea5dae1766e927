//! What records claim for themselves alone.

use gongzhi_base::RecordId;
use gongzhi_kernel::Claim;
use rusqlite::{Connection, Result as Sql, Transaction, params};

use super::error::fault;
use crate::{Batch, StoreError};

/// Frees and claims.
pub(super) fn put(tx: &Transaction<'_>, county: &str, batch: &Batch) -> Sql<()> {
    if !batch.freed.is_empty() {
        let mut free =
            tx.prepare_cached("DELETE FROM claim WHERE county = ?1 AND claim = ?2 AND record = ?3")?;
        for (claim, record) in &batch.freed {
            free.execute(params![county, claim.0, record.0])?;
        }
    }
    if !batch.claimed.is_empty() {
        let mut insert =
            tx.prepare_cached("INSERT OR IGNORE INTO claim (county, claim, record) VALUES (?1, ?2, ?3)")?;
        for (claim, record) in &batch.claimed {
            insert.execute(params![county, claim.0, record.0])?;
        }
    }
    Ok(())
}

/// Records that hold any of these claims.
pub(super) fn holders(
    conn: &Connection,
    county: &str,
    claims: &[Claim],
) -> Result<Vec<(Claim, RecordId)>, StoreError> {
    let mut found = Vec::new();
    let sql = "SELECT record FROM claim WHERE county = ?1 AND claim = ?2 ORDER BY record";
    let mut query = conn.prepare_cached(sql).map_err(fault)?;
    for claim in claims {
        let rows = query.query_map(params![county, claim.0], |row| row.get(0)).map_err(fault)?;
        for record in rows {
            found.push((*claim, RecordId(record.map_err(fault)?)));
        }
    }
    Ok(found)
}

/// All claims, by claim and record.
pub(super) fn all(
    conn: &Connection,
    county: &str,
    after: Option<(Claim, RecordId)>,
    limit: u32,
) -> Result<Vec<(Claim, RecordId)>, StoreError> {
    let (claim, record) =
        after.map_or_else(Default::default, |(claim, record)| (claim.0.to_vec(), record.0.to_vec()));
    let sql = "SELECT claim, record FROM claim WHERE county = ?1 AND (claim, record) > (?2, ?3)
        ORDER BY claim, record LIMIT ?4";
    conn.prepare_cached(sql)
        .and_then(|mut query| {
            let wanted = params![county, claim, record, limit];
            query.query_map(wanted, |row| Ok((Claim(row.get(0)?), RecordId(row.get(1)?))))?.collect()
        })
        .map_err(fault)
}
