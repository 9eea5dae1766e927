//! Cells of figures, each under the number of its series.

use std::collections::HashMap;

use gongzhi_kernel::project::CellKey;
use rusqlite::{Result as Sql, Transaction, params};

use super::write::{Fresh, Series};
use crate::Batch;
use crate::shared::{dimension_number, period_text};

/// Adds the changes of a batch to its cells.
pub(super) fn put_cells(
    tx: &Transaction<'_>,
    county: &str,
    batch: &Batch,
    known: &HashMap<Series, i64>,
    fresh: &mut Fresh,
) -> Sql<()> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO cell (county, series, key, period, num, den) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET num = num + excluded.num, den = den + excluded.den",
    )?;
    // Cells mostly come sorted: those of one series stand together.
    let mut last: Option<(&CellKey, i64)> = None;
    for (key, (num, den)) in &batch.cells {
        let series = match last {
            Some((like, series)) if same_series(like, key) => series,
            _ => series(tx, county, key, known, fresh)?,
        };
        last = Some((key, series));
        upsert.execute(params![county, series, key.key.as_str(), period_text(key), num, den])?;
    }
    Ok(())
}

fn same_series(a: &CellKey, b: &CellKey) -> bool {
    a.indicator == b.indicator && a.dimension == b.dimension && a.mechanism == b.mechanism
}

/// The number of a cell's series, given when it is new.
fn series(
    tx: &Transaction<'_>,
    county: &str,
    key: &CellKey,
    known: &HashMap<Series, i64>,
    fresh: &mut Fresh,
) -> Sql<i64> {
    let name: Series = (key.mechanism.clone(), key.indicator.clone(), key.dimension);
    if let Some(id) = known.get(&name) {
        return Ok(*id);
    }
    let dimension = dimension_number(key.dimension);
    let wanted = params![county, key.mechanism.as_str(), dimension, key.indicator.as_str()];
    tx.prepare_cached(
        "INSERT OR IGNORE INTO series (county, mechanism, dimension, indicator) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(wanted)?;
    let id = tx
        .prepare_cached(
            "SELECT id FROM series WHERE county = ?1 AND mechanism = ?2 AND dimension = ?3 AND indicator = ?4",
        )?
        .query_row(wanted, |row| row.get(0))?;
    fresh.series.push((name, id));
    Ok(id)
}
