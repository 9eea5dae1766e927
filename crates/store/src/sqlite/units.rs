//! The lists of the units that have a part in records.

use std::sync::LazyLock;

use gongzhi_kernel::project::Row;
use rusqlite::{Result as Sql, Transaction, params};

use super::write::Old;
use crate::shared::units;

/// `DELETE` and `INSERT` for each of the two lists of units: by opening, and by due time while open.
static UNIT_LISTS: LazyLock<[(String, String); 2]> = LazyLock::new(|| {
    [("unit_new", "opened"), ("unit_open", "due")].map(|(table, key)| {
        (
            format!("DELETE FROM {table} WHERE county = ?1 AND mechanism = ?2 AND unit = ?3 AND {key} = ?4 AND record = ?5"),
            format!("INSERT OR IGNORE INTO {table} (county, mechanism, unit, {key}, record, row) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
        )
    })
});

/// Changes the lists of the units that have a part in the record.
pub(super) fn put_units(
    tx: &Transaction<'_>,
    county: &str,
    row: i64,
    old: Option<&Old>,
    (new, due, scopes): (&Row, i64, &str),
) -> Sql<u64> {
    let mut rows = 0;
    // Where the record stood in each list and where it stands now; nowhere, when it is closed.
    let stood = [old.map(|old| old.opened), old.filter(|old| old.open).map(|old| old.due)];
    let stands = [Some(new.opened.0), new.open.then_some(due)];
    let old_scopes = old.map_or("", |old| &old.scopes);
    let same_name = old.is_none_or(|old| old.mechanism == new.mechanism);
    for ((delete, insert), (stood, stands)) in UNIT_LISTS.iter().zip(stood.into_iter().zip(stands)) {
        let same = stood == stands && same_name;
        if same && old_scopes == scopes {
            continue;
        }
        if let (Some(at), Some(old)) = (stood, old) {
            let mut delete = tx.prepare_cached(delete)?;
            for unit in units(old_scopes).filter(|unit| !same || !units(scopes).any(|kept| kept == *unit)) {
                rows += delete.execute(params![county, old.mechanism, unit, at, new.id.0])?;
            }
        }
        if let Some(at) = stands {
            let mut insert = tx.prepare_cached(insert)?;
            for unit in units(scopes).filter(|unit| !same || !units(old_scopes).any(|kept| kept == *unit)) {
                rows += insert.execute(params![county, new.mechanism, unit, at, new.id.0, row])?;
            }
        }
    }
    Ok(rows as u64)
}

/// A new record that is still to be put into the lists of units.
pub(super) struct Listed<'b> {
    pub row: i64,
    pub new: &'b Row,
    pub due: i64,
    pub scopes: String,
}

/// Puts new records into the lists of units, in the order of the lists: then neighbours come one after another.
pub(super) fn put_listed(tx: &Transaction<'_>, county: &str, listed: Vec<Listed<'_>>) -> Sql<()> {
    for ((_, insert), list) in UNIT_LISTS.iter().zip([0, 1]) {
        let stands = |listed: &Listed<'_>| match list {
            0 => Some(listed.new.opened.0),
            _ => listed.new.open.then_some(listed.due),
        };
        let mut lines: Vec<_> = listed
            .iter()
            .filter_map(|listed| Some((listed, stands(listed)?)))
            .flat_map(|(listed, at)| {
                let line = move |unit| (&listed.new.mechanism, unit, at, listed.new.id.0, listed.row);
                units(&listed.scopes).map(line)
            })
            .collect();
        lines.sort_unstable();
        let mut insert = tx.prepare_cached(insert)?;
        for (mechanism, unit, at, record, row) in lines {
            insert.execute(params![county, mechanism, unit, at, record, row])?;
        }
    }
    Ok(())
}
