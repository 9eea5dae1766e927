//! Accounts, sessions and settings: what belongs to the installation and not to the ledger.

use gongzhi_base::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::error::fault;
use crate::{Credential, Durability, Session, StoreError, Structure};

type Done<T> = Result<T, StoreError>;

pub(super) fn put_credential(conn: &Connection, county: &str, credential: &Credential) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO credential (county, login, person, hash) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET person = excluded.person, hash = excluded.hash",
    )
    .and_then(|mut put| put.execute(params![county, credential.login, credential.person, credential.hash]))
    .map_err(fault)?;
    Ok(())
}

pub(super) fn credential(conn: &Connection, county: &str, login: &str) -> Done<Option<Credential>> {
    conn.prepare_cached("SELECT login, person, hash FROM credential WHERE county = ?1 AND login = ?2")
        .and_then(|mut query| {
            query
                .query_row(params![county, login], |row| {
                    Ok(Credential { login: row.get(0)?, person: row.get(1)?, hash: row.get(2)? })
                })
                .optional()
        })
        .map_err(fault)
}

pub(super) fn credentials(conn: &Connection, county: &str) -> Done<Vec<Credential>> {
    conn.prepare_cached("SELECT login, person, hash FROM credential WHERE county = ?1 ORDER BY login")
        .and_then(|mut query| {
            query
                .query_map([county], |row| {
                    Ok(Credential { login: row.get(0)?, person: row.get(1)?, hash: row.get(2)? })
                })?
                .collect()
        })
        .map_err(fault)
}

pub(super) fn settings(conn: &Connection, county: &str) -> Done<Vec<(String, Vec<u8>)>> {
    conn.prepare_cached("SELECT name, value FROM setting WHERE county = ?1 ORDER BY name")
        .and_then(|mut query| query.query_map([county], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(fault)
}

/// Begins a session and forgets those that have expired by then.
pub(super) fn put_session(conn: &mut Connection, county: &str, session: &Session) -> Done<()> {
    let mut put = || -> rusqlite::Result<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.prepare_cached("DELETE FROM session WHERE county = ?1 AND expires <= ?2")?
            .execute(params![county, session.created.0])?;
        tx.prepare_cached(
            "INSERT OR REPLACE INTO session (county, token, person, created, expires, csrf)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            county,
            session.token.0,
            session.person,
            session.created.0,
            session.expires.0,
            session.csrf
        ])?;
        tx.commit()
    };
    put().map_err(fault)
}

pub(super) fn session(
    conn: &Connection,
    county: &str,
    token: Digest,
    now: Timestamp,
) -> Done<Option<Session>> {
    conn.prepare_cached(
        "SELECT person, created, expires, csrf FROM session WHERE county = ?1 AND token = ?2 AND expires > ?3",
    )
    .and_then(|mut query| {
        query
            .query_row(params![county, token.0, now.0], |row| {
                Ok(Session {
                    token,
                    person: row.get(0)?,
                    created: Timestamp(row.get(1)?),
                    expires: Timestamp(row.get(2)?),
                    csrf: row.get(3)?,
                })
            })
            .optional()
    })
    .map_err(fault)
}

pub(super) fn end_session(conn: &Connection, county: &str, token: Digest) -> Done<()> {
    conn.prepare_cached("DELETE FROM session WHERE county = ?1 AND token = ?2")
        .and_then(|mut delete| delete.execute(params![county, token.0]))
        .map_err(fault)?;
    Ok(())
}

pub(super) fn setting(conn: &Connection, county: &str, name: &str) -> Done<Option<Vec<u8>>> {
    conn.prepare_cached("SELECT value FROM setting WHERE county = ?1 AND name = ?2")
        .and_then(|mut query| query.query_row(params![county, name], |row| row.get(0)).optional())
        .map_err(fault)
}

pub(super) fn put_setting(conn: &Connection, county: &str, name: &str, value: &[u8]) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO setting (county, name, value) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET value = excluded.value",
    )
    .and_then(|mut put| put.execute(params![county, name, value]))
    .map_err(fault)?;
    Ok(())
}

/// What the writing connection waits for before a commit is acknowledged.
pub(super) fn durability(conn: &Connection) -> Done<Durability> {
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(fault)?;
    let sync: i64 = conn.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(fault)?;
    let words = format!("journal_mode {mode}, synchronous {sync}");
    // 2 is full, 3 extra: each commit is on the disk.
    Ok(if sync >= 2 { Durability::Safe(words) } else { Durability::Unsafe(words) })
}

/// What SQLite's own check finds; it has the index of search check itself as well.
pub(super) fn structure(conn: &Connection) -> Done<Structure> {
    let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fault)?;
    Ok(if found == "ok" { Structure::Sound } else { Structure::Damaged(found) })
}

/// Takes the right to write and gives it back: shows that the database answers and is not read-only.
pub(super) fn ping(conn: &mut Connection, county: &str) -> Done<()> {
    let mut ask = || -> rusqlite::Result<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.prepare_cached("UPDATE ledger SET size = size WHERE county = ?1")?.execute([county])?;
        tx.rollback()
    };
    ask().map_err(fault)
}
