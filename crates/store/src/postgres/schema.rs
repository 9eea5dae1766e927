//! The form of the database: migrations, and what the server must be.

use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Done, words};
use super::link::{Link, get};
use super::tls;
use crate::StoreError;

/// All migrations in order; the number of the last is the schema's version.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../migrations/postgres/0001_ledger.sql")),
    (2, include_str!("../../migrations/postgres/0002_claims.sql")),
    (3, include_str!("../../migrations/postgres/0003_pending.sql")),
    (4, include_str!("../../migrations/postgres/0004_within.sql")),
    (5, include_str!("../../migrations/postgres/0005_packed_rows.sql")),
    (6, include_str!("../../migrations/postgres/0006_epoch.sql")),
    (7, include_str!("../../migrations/postgres/0007_pending_words.sql")),
    (8, include_str!("../../migrations/postgres/0008_gathered_words.sql")),
];

/// The key of the lock under which one server at a time changes the schema.
const LOCK: i64 = 0x0067_6f6e_677a_6869;

/// How the server is reached, from a URL or a list of settings, and how connections are encrypted.
pub(super) fn config(url: &str) -> Result<(Config, MakeRustlsConnect), StoreError> {
    let (address, wish) = tls::taken(url)?;
    let mut config: Config = address.parse().map_err(|error| {
        StoreError::Engine(format!("the address of the database cannot be read: {}", words(&error)))
    })?;
    config.ssl_mode(wish.mode());
    if config.get_application_name().is_none() {
        config.application_name("gongzhi");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(5));
    }
    config.keepalives_idle(std::time::Duration::from_secs(10));
    config.tcp_user_timeout(std::time::Duration::from_secs(20));
    // Of several hosts the one that may be written, also after a failover.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok((config, wish.connector()?))
}

/// Whether the schema is there at all.
pub(super) async fn exists(link: &Link) -> Done<bool> {
    let row = link.first("SELECT to_regclass('gongzhi.version') IS NOT NULL", &[]).await?;
    row.map_or(Ok(false), |row| get(&row, 0))
}

/// The counties whose ledgers the database holds.
pub(super) async fn counties(link: &Link) -> Done<Vec<String>> {
    if !exists(link).await? {
        return Ok(Vec::new());
    }
    let rows = link.query("SELECT county FROM ledger ORDER BY county", &[]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Brings an older or empty database to the form that this version knows, and begins the county's
/// ledger if there is none.
pub(super) async fn migrate(link: &Link, county: &str) -> Done<()> {
    let known = MIGRATIONS.last().map_or(0, |last| last.0);
    let first = link.first(
        "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding')",
        &[],
    );
    if let Some(row) = first.await? {
        let (version, encoding): (i64, &str) = (get(&row, 0)?, get(&row, 1)?);
        if version < 150_000 {
            return Err(StoreError::Engine("PostgreSQL 15 or newer is needed".to_owned()).into());
        }
        if encoding != "UTF8" {
            let text = format!("the database is encoded in {encoding}: make it with ENCODING 'UTF8'");
            return Err(StoreError::Engine(text).into());
        }
    }
    link.script("BEGIN").await?;
    let done = migrated(link, county, known).await;
    link.script(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}

async fn migrated(link: &Link, county: &str, known: i64) -> Done<()> {
    // Servers that start together wait for each other here.
    link.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    if !exists(link).await? {
        link.script(
            "CREATE SCHEMA IF NOT EXISTS gongzhi; CREATE TABLE gongzhi.version (number BIGINT NOT NULL);
             INSERT INTO gongzhi.version VALUES (0)",
        )
        .await?;
    }
    let found: i64 = match link.first("SELECT number FROM version", &[]).await? {
        Some(row) => get(&row, 0)?,
        None => 0,
    };
    if found > known {
        return Err(StoreError::Engine(format!(
            "it was written by a newer version (schema {found}, this program knows {known}): install that version"
        ))
        .into());
    }
    for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| *number > found) {
        link.script(sql).await?;
        link.execute("UPDATE version SET number = $1", &[number]).await?;
    }
    link.execute(
        "INSERT INTO ledger (county, size, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
        &[&county, &[0u8; 32].as_slice()],
    )
    .await?;
    let applied = "INSERT INTO applied (county, n, rows) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
    link.execute(applied, &[&county]).await?;
    Ok(())
}

/// Whether an acknowledged commit outlives a crash of the machine, as far as the server's settings tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durability {
    /// The server's version, as it tells it.
    pub version: String,
    pub fsync: bool,
    pub full_page_writes: bool,
    /// As this program's sessions have it.
    pub synchronous_commit: String,
    /// Whether pages carry checksums, so that a decayed page is noticed.
    pub checksums: bool,
}

impl Durability {
    /// What would lose acknowledged commands, in an operator's words; empty when all is well.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.fsync {
            faults.push("PostgreSQL runs with fsync off: a power failure would lose or destroy what was acknowledged; set fsync = on".to_owned());
        }
        if !self.full_page_writes {
            faults.push("PostgreSQL runs with full_page_writes off: a power failure may destroy pages; set full_page_writes = on".to_owned());
        }
        if self.synchronous_commit == "off" {
            faults.push("synchronous_commit is off: what was acknowledged may be lost".to_owned());
        }
        faults
    }
}

pub(super) async fn durability(link: &Link) -> Done<Durability> {
    let sql = "SELECT current_setting('server_version'), current_setting('fsync') = 'on',
               current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'),
               current_setting('data_checksums') = 'on'";
    let row = link.first(sql, &[]).await?.ok_or_else(|| super::error::unreadable("settings"))?;
    Ok(Durability {
        version: get(&row, 0)?,
        fsync: get(&row, 1)?,
        full_page_writes: get(&row, 2)?,
        synchronous_commit: get(&row, 3)?,
        checksums: get(&row, 4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_embedded_in_order() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
        let mut numbers: Vec<i64> = std::fs::read_dir(dir)
            .expect("the directory of migrations")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy()[..4].parse().expect("a number"))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, MIGRATIONS.iter().map(|(number, _)| *number).collect::<Vec<_>>());
        assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_address_is_refused_plainly() {
        assert!(config("postgres://u@h/d?sslmode=disable").is_ok());
        let refused = config("http://h").err().expect("refused");
        assert!(refused.to_string().contains("cannot be read"), "{refused}");
    }
}
