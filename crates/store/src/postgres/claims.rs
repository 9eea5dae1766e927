//! What records claim for themselves alone.

use gongzhi_base::RecordId;
use gongzhi_kernel::Claim;

use super::error::Done;
use super::link::{Link, Step, arg, bytes, step};
use crate::Batch;

/// Frees and claims.
pub(super) fn put<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    const FREE: &str = "DELETE FROM claim WHERE ctid = ANY(ARRAY(
        SELECT t.ctid FROM unnest($2::bytea[], $3::bytea[]) AS g (claim, record) CROSS JOIN LATERAL
            (SELECT ctid FROM claim WHERE county = $1 AND claim = g.claim AND record = g.record OFFSET 0) t))";
    const CLAIM: &str = "INSERT INTO claim (county, claim, record)
        SELECT $1, n.* FROM unnest($2::bytea[], $3::bytea[]) AS n ON CONFLICT DO NOTHING";
    for (pairs, sql) in [(&batch.freed, FREE), (&batch.claimed, CLAIM)] {
        if pairs.is_empty() {
            continue;
        }
        let claims: Vec<&[u8]> = pairs.iter().map(|(claim, _)| claim.0.as_slice()).collect();
        let records: Vec<&[u8]> = pairs.iter().map(|(_, record)| record.0.as_slice()).collect();
        steps.push(step(sql, vec![arg(county), arg(claims), arg(records)]));
    }
}

/// Records that hold any of these claims.
pub(super) async fn holders(link: &Link, county: &str, claims: &[Claim]) -> Done<Vec<(Claim, RecordId)>> {
    let wanted: Vec<&[u8]> = claims.iter().map(|claim| claim.0.as_slice()).collect();
    let sql = "SELECT t.claim, t.record FROM unnest($2::bytea[]) AS g (claim) CROSS JOIN LATERAL
        (SELECT claim, record FROM claim WHERE county = $1 AND claim = g.claim ORDER BY claim, record OFFSET 0) t";
    let rows = link.query(sql, &[&county, &wanted]).await?;
    rows.iter().map(|row| Ok((Claim(bytes(row, 0)?), RecordId(bytes(row, 1)?)))).collect()
}

/// All claims, by claim and record.
pub(super) async fn all(
    link: &Link,
    county: &str,
    after: Option<(Claim, RecordId)>,
    limit: u32,
) -> Done<Vec<(Claim, RecordId)>> {
    // No claim is shorter than the empty one, so that it comes before all.
    let (claim, record) =
        after.map_or_else(Default::default, |(claim, record)| (claim.0.to_vec(), record.0.to_vec()));
    let sql = "SELECT claim, record FROM claim WHERE county = $1 AND (claim, record) > ($2, $3)
        ORDER BY claim, record LIMIT $4";
    let rows = link.query(sql, &[&county, &claim, &record, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok((Claim(bytes(row, 0)?), RecordId(bytes(row, 1)?)))).collect()
}
