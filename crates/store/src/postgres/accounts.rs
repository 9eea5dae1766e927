//! Accounts, sessions and settings: what belongs to the installation and not to the ledger.

use gongzhi_base::{Digest, Timestamp};

use super::error::Done;
use super::link::{Link, arg, bytes, get, step};
use crate::{Credential, Session};

pub(super) async fn put_credential(link: &Link, county: &str, credential: &Credential) -> Done<()> {
    let sql = "INSERT INTO credential (county, login, person, hash) VALUES ($1, $2, $3, $4)
               ON CONFLICT (county, login) DO UPDATE SET person = excluded.person, hash = excluded.hash";
    let Credential { login, person, hash } = credential;
    link.execute(sql, &[&county, login, person, hash]).await.map(drop)
}

fn account(row: &tokio_postgres::Row) -> Done<Credential> {
    Ok(Credential { login: get(row, 0)?, person: get(row, 1)?, hash: get(row, 2)? })
}

pub(super) async fn credential(link: &Link, county: &str, login: &str) -> Done<Option<Credential>> {
    // No login holds a null, which the server would not take as text.
    if login.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT login, person, hash FROM credential WHERE county = $1 AND login = $2";
    link.first(sql, &[&county, &login]).await?.as_ref().map(account).transpose()
}

pub(super) async fn credentials(link: &Link, county: &str) -> Done<Vec<Credential>> {
    let sql = "SELECT login, person, hash FROM credential WHERE county = $1 ORDER BY login";
    link.query(sql, &[&county]).await?.iter().map(account).collect()
}

/// Begins a session and forgets those that have expired by then.
pub(super) async fn put_session(link: &Link, county: &str, session: &Session) -> Done<()> {
    let forget = "DELETE FROM session WHERE county = $1 AND expires <= $2";
    let put =
        "INSERT INTO session (county, token, person, created, expires, csrf) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (county, token) DO UPDATE SET person = excluded.person, created = excluded.created,
               expires = excluded.expires, csrf = excluded.csrf";
    link.pipeline(&[
        step(forget, vec![arg(county), arg(session.created.0)]),
        step(
            put,
            vec![
                arg(county),
                arg(session.token.0.as_slice()),
                arg(session.person.as_str()),
                arg(session.created.0),
                arg(session.expires.0),
                arg(session.csrf.as_slice()),
            ],
        ),
    ])
    .await
    .map(drop)
}

pub(super) async fn session(
    link: &Link,
    county: &str,
    token: Digest,
    now: Timestamp,
) -> Done<Option<Session>> {
    let sql = "SELECT person, created, expires, csrf FROM session
               WHERE county = $1 AND token = $2 AND expires > $3";
    let row = link.first(sql, &[&county, &token.0.as_slice(), &now.0]).await?;
    row.map(|row| {
        Ok(Session {
            token,
            person: get(&row, 0)?,
            created: Timestamp(get(&row, 1)?),
            expires: Timestamp(get(&row, 2)?),
            csrf: bytes(&row, 3)?,
        })
    })
    .transpose()
}

pub(super) async fn end_session(link: &Link, county: &str, token: Digest) -> Done<()> {
    let sql = "DELETE FROM session WHERE county = $1 AND token = $2";
    link.execute(sql, &[&county, &token.0.as_slice()]).await.map(drop)
}

pub(super) async fn settings(link: &Link, county: &str) -> Done<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT name, value FROM setting WHERE county = $1 ORDER BY name";
    link.query(sql, &[&county]).await?.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

pub(super) async fn setting(link: &Link, county: &str, name: &str) -> Done<Option<Vec<u8>>> {
    let sql = "SELECT value FROM setting WHERE county = $1 AND name = $2";
    link.first(sql, &[&county, &name]).await?.map(|row| get(&row, 0)).transpose()
}

pub(super) async fn put_setting(link: &Link, county: &str, name: &str, value: &[u8]) -> Done<()> {
    let sql = "INSERT INTO setting (county, name, value) VALUES ($1, $2, $3)
               ON CONFLICT (county, name) DO UPDATE SET value = excluded.value";
    link.execute(sql, &[&county, &name, &value]).await.map(drop)
}

/// Takes a right to write and gives it back: shows that the database answers and is not read-only.
/// Nobody else is kept waiting: what is written is a setting that nobody reads.
pub(super) async fn ping(link: &Link, county: &str) -> Done<()> {
    link.pipeline(&[
        step("BEGIN", vec![]),
        step(
            "INSERT INTO setting (county, name, value) VALUES ($1, $2, '') ON CONFLICT DO NOTHING",
            vec![arg(county), arg("ping")],
        ),
        step("ROLLBACK", vec![]),
    ])
    .await
    .map(drop)
}
