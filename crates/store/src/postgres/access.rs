//! How the server is reached, and who may be connected beside whom.
//!
//! Every connection to a county holds a lock of its session that all of them share, and is made only while the
//! county's epoch is the one that its owner has found first. Whoever changes the county's keys holds that lock alone and
//! has raised the epoch before: he knows that nobody else is connected, and who was before comes
//! back as a stranger. So no commit needs to ask, however long a server was halted.

use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Done, unreadable};
use super::link::{Link, get};
use super::schema;
use crate::StoreError;

/// Where a server is and how to come in.
#[derive(Clone)]
pub(super) struct Access {
    pub config: Config,
    /// Encrypts a connection where the configuration wants it.
    pub tls: MakeRustlsConnect,
    fence: Option<Arc<Fence>>,
}

/// The county whose connections are counted, and its epoch when it was opened.
struct Fence {
    county: String,
    epoch: i64,
}

/// The lock that connections to a county hold: its class beside the county's own number.
macro_rules! lock {
    ($how:literal) => {
        concat!("SELECT ", $how, "(1735359081, hashtext($1))")
    };
}
const SHARE: &str = lock!("pg_try_advisory_lock_shared");
const ALONE: &str = lock!("pg_try_advisory_lock");
const EPOCH: &str = "SELECT epoch FROM ledger WHERE county = $1";
const RAISE: &str = "UPDATE ledger SET epoch = epoch + 1 WHERE county = $1";
/// Who else is connected to the county.
const OTHERS: &str = "SELECT l.pid, coalesce(host(a.client_addr), ''), coalesce(a.application_name, '')
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.classid = 1735359081 AND l.objsubid = 2 AND l.granted AND l.pid <> pg_backend_pid()
      AND l.objid = (hashtext($1)::bigint & 4294967295)::oid
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY l.pid";
/// Ends another's connection and waits for its end, some seconds at most.
const END: &str = "SELECT pg_terminate_backend($1, 5000)";

impl Access {
    /// As nobody in particular: to look what is there. `url` as in [`super::Postgres::open`].
    pub fn new(url: &str) -> Result<Access, StoreError> {
        let (config, tls) = schema::config(url)?;
        Ok(Access { config, tls, fence: None })
    }

    /// As one of those who use a county, beginning with this connection.
    pub async fn sharing(mut self, link: &Link, county: &str) -> Done<Access> {
        share(link, county).await?;
        self.fence = Some(Arc::new(Fence { county: county.to_owned(), epoch: epoch(link, county).await? }));
        Ok(self)
    }

    /// Lets a new connection in.
    pub async fn enter(&self, link: &Link) -> Done<()> {
        let Some(fence) = &self.fence else { return Ok(()) };
        share(link, &fence.county).await?;
        // Read after the lock is held: from here on nobody raises it.
        if epoch(link, &fence.county).await? == fence.epoch {
            return Ok(());
        }
        Err(StoreError::CutOff.into())
    }
}

/// Takes a county for this connection alone. Who else is connected is cut off if `cut_off`, else it is said who it is.
pub(super) async fn alone(link: &Link, county: &str, cut_off: bool) -> Done<()> {
    if cut_off {
        // First of all, so that nobody whose connection is ended comes back.
        link.execute(RAISE, &[&county]).await?;
        for (pid, _) in others(link, county).await? {
            link.query(END, &[&pid]).await?;
        }
    }
    if !truth(link, ALONE, county).await? {
        let found = others(link, county).await?.into_iter().map(|(_, shown)| shown);
        return Err(StoreError::Held(found.collect()).into());
    }
    link.execute(RAISE, &[&county]).await.map(drop)
}

async fn share(link: &Link, county: &str) -> Done<()> {
    match truth(link, SHARE, county).await? {
        true => Ok(()),
        false => Err(StoreError::Held(Vec::new()).into()),
    }
}

async fn epoch(link: &Link, county: &str) -> Done<i64> {
    match link.first(EPOCH, &[&county]).await? {
        Some(row) => get(&row, 0),
        // The county was taken out of the database below its server.
        None => Err(StoreError::CutOff.into()),
    }
}

async fn truth(link: &Link, sql: &str, county: &str) -> Done<bool> {
    let row = link.first(sql, &[&county]).await?;
    row.map_or_else(|| Err(unreadable("nothing")), |row| get(&row, 0))
}

/// Who is connected to a county: the number of the server's process, and it with address and name.
async fn others(link: &Link, county: &str) -> Done<Vec<(i32, String)>> {
    let rows = link.query(OTHERS, &[&county]).await?;
    rows.iter()
        .map(|row| {
            let (pid, address, name): (i32, &str, &str) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            let at = if address.is_empty() { String::new() } else { format!(" from {address}") };
            Ok((pid, format!("{name} (process {pid} of the database{at})")))
        })
        .collect()
}
