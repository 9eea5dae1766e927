//! The form of the database file: migrations and settings of connections.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::fault;
use crate::StoreError;

/// All migrations in order. The number of the last is the database's `user_version`.
const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("../../migrations/sqlite/0001_ledger.sql")),
    (2, include_str!("../../migrations/sqlite/0002_units.sql")),
    (3, include_str!("../../migrations/sqlite/0003_merkle_and_keys.sql")),
    (LOOKS, include_str!("../../migrations/sqlite/0004_looks.sql")),
    (5, include_str!("../../migrations/sqlite/0005_outbox.sql")),
    (6, include_str!("../../migrations/sqlite/0006_search_merging.sql")),
    (7, include_str!("../../migrations/sqlite/0007_claims.sql")),
    (8, include_str!("../../migrations/sqlite/0008_pending.sql")),
    (9, include_str!("../../migrations/sqlite/0009_keys_stay.sql")),
    (10, include_str!("../../migrations/sqlite/0010_within.sql")),
    (11, include_str!("../../migrations/sqlite/0011_search_in_order.sql")),
];

/// The form that brought the list of looks, which older databases have to be given.
pub(super) const LOOKS: u32 = 4;

/// Bytes of a page. Small pages win here: a group of commands touches many far-apart leaves, and
/// each touched page goes whole into the write-ahead log.
const PAGE: u32 = 4096;

/// What a connection is for; each kind may keep another amount of memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Write,
    Read,
    Keep,
}

impl Use {
    /// Page cache in KiB. One writer and four readers stay below 125 MB. What a reader holds is
    /// given up whenever something was written; the writer keeps its own, and at a million records it touches far-apart leaves.
    fn cache(self) -> i64 {
        match self {
            Use::Write => 96 * 1024,
            Use::Read => 6 * 1024,
            Use::Keep => 256,
        }
    }
}

/// Opens one connection and sets it up.
pub(super) fn connect(path: &Path, purpose: Use) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let conn = Connection::open_with_flags(path, flags).map_err(fault)?;
    conn.busy_timeout(Duration::from_secs(10)).map_err(fault)?;
    // Works only while the file is empty; afterwards the file's own size stays.
    conn.pragma_update(None, "page_size", PAGE).map_err(fault)?;
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(fault)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Engine("the file system does not allow a write-ahead log".to_owned()));
    }
    for (name, value) in [
        // Durable before it is acknowledged: the log is synced on every commit.
        ("synchronous", "full"),
        ("foreign_keys", "off"),
        ("temp_store", "memory"),
        ("mmap_size", "0"),
        // The keeper's thread moves the log into the file; this is only the net below it.
        ("wal_autocheckpoint", if purpose == Use::Write { "50000" } else { "0" }),
        ("journal_size_limit", "67108864"),
        // What is freed of a page that is written anyway is overwritten: a key once stood there, perhaps.
        ("secure_delete", "fast"),
    ] {
        conn.pragma_update(None, name, value).map_err(fault)?;
    }
    if purpose == Use::Read {
        conn.execute_batch(super::traces::VOCABULARY).map_err(fault)?;
        conn.pragma_update(None, "query_only", "on").map_err(fault)?;
    }
    conn.pragma_update(None, "cache_size", -purpose.cache()).map_err(fault)?;
    // Plans do not depend on bound values. Otherwise every new value of a `LIMIT ?` would have the
    // whole statement prepared again, which costs more than most of them take.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
    conn.set_prepared_statement_cache_capacity(96);
    Ok(conn)
}

/// Brings an older or empty database to the form that this version knows. Gives the form it had, 0 for none.
pub(super) fn migrate(conn: &mut Connection, county: &str) -> Result<u32, StoreError> {
    let known = MIGRATIONS.last().map_or(0, |last| last.0);
    // A table of keys that is dropped must not stay readable in the file's free pages.
    conn.pragma_update(None, "secure_delete", "on").map_err(fault)?;
    let found = migrated(conn, county, known)?;
    conn.pragma_update(None, "secure_delete", "fast").map_err(fault)?;
    Ok(found)
}

fn migrated(conn: &mut Connection, county: &str, known: u32) -> Result<u32, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(fault)?;
    if found > known {
        return Err(StoreError::Engine(format!(
            "it was written by a newer version (schema {found}, this program knows {known}): install that version"
        )));
    }
    for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| *number > found) {
        tx.execute_batch(sql).map_err(fault)?;
        tx.pragma_update(None, "user_version", number).map_err(fault)?;
    }
    let other: Option<String> = {
        let mut query = tx.prepare("SELECT county FROM ledger WHERE county <> ?1 LIMIT 1").map_err(fault)?;
        let mut rows = query.query([county]).map_err(fault)?;
        rows.next().map_err(fault)?.map(|row| row.get(0)).transpose().map_err(fault)?
    };
    if let Some(other) = other {
        return Err(StoreError::Engine(format!("it holds the ledger of county {other}, not of {county}")));
    }
    tx.execute("INSERT OR IGNORE INTO ledger (county, size, hash) VALUES (?1, 0, zeroblob(32))", [county])
        .map_err(fault)?;
    tx.commit().map_err(fault)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_embedded_in_order() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(dir)
            .expect("the directory of migrations")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let numbers: Vec<u32> = files.iter().map(|name| name[..4].parse().expect("a number")).collect();
        assert_eq!(numbers, MIGRATIONS.iter().map(|(number, _)| *number).collect::<Vec<_>>());
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
    }
}
