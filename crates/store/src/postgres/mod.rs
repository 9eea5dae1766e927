//! The engine for several server nodes and several counties: PostgreSQL 15 or newer.
//!
//! One connection writes, one applies what commits left, a few read beside them, one listens for what other
//! nodes wrote. What is kept in memory is believed only while nobody else has applied anything, so that any
//! number of nodes may serve one ledger. Connections that were lost are made anew with bounded patience; a commit whose answer was
//! lost is looked up before anything is said about it.

mod access;
mod accounts;
mod apply;
mod claims;
mod derive;
mod error;
mod link;
mod list;
mod log;
mod looks;
mod outbox;
mod pool;
mod read;
mod schema;
mod scrub;
mod search;
#[cfg(test)]
mod tests;
mod tls;
mod traces;
mod write;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join;
use gongzhi_base::words::Term;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::Claim;
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_kernel::merkle::Node;
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::Level;

use crate::known::Known;
use crate::outbox::Outbox;
use crate::pending::Applier;
use crate::{
    Answer, Batch, CellQuery, CellValue, Credential, Ledger, ListQuery, Loaded, Look, LookQuery, Names, Page,
    Provable, Scope, Session, Setting, StoreError, Stored, Tally, Timer, Trace, Traces, Want,
};
use access::Access;
use apply::Applying;
use error::Done;
use link::Link;
use pool::Pool;
pub use schema::Durability;
use scrub::Scrubber;
use write::{Owed, Writer};

/// A county's ledger in a PostgreSQL database.
pub struct Postgres {
    county: String,
    access: Access,
    pool: Pool,
    known: Known,
    writer: Mutex<Writer>,
    applier: Applier,
    applying: Arc<Mutex<Applying>>,
    listener: Mutex<Option<Link>>,
    scrubber: Scrubber,
    /// This process rebuilds what is derived: others are kept out meanwhile.
    rebuilds: Arc<AtomicBool>,
    /// The server's process that writes for this node.
    process: Arc<AtomicI32>,
    /// Keeps all others out while it lasts.
    _guard: Option<Mutex<Link>>,
}

/// Asks once on a connection of its own.
fn once<T>(access: &Access, work: impl AsyncFnOnce(&Link) -> Done<T>) -> Result<(T, Link), StoreError> {
    let ask = || {
        let link = Link::connect(access)?;
        Ok((link.run(work(&link))?, link))
    };
    ask().map_err(pool::told)
}

impl Postgres {
    /// Opens or makes a county's ledger. `url` is `postgres://USER:PASSWORD@HOST/NAME` or a list of
    /// settings as PostgreSQL's own programs take it, `sslmode` and `sslrootcert` among them; `county` is the official code of the county. A
    /// database of a newer version is refused, and so is a server that does not write through to the disk.
    pub fn open(url: &str, county: &str) -> Result<Postgres, StoreError> {
        let access = Access::new(url)?;
        let ((durability, access), link) = once(&access, async |link| {
            schema::migrate(link, county).await?;
            let access = access.clone().sharing(link, county).await?;
            Ok((schema::durability(link).await?, access))
        })?;
        Postgres::opened(county, access, link, None, &durability)
    }

    /// Opens a county's ledger for whoever changes its keys: while this stands, nobody else is connected to the county, and
    /// whoever was before has to be started again. Where there is somebody, it is said who ([`StoreError::Held`]), or he is
    /// cut off with `cut_off`: what he has not committed yet, he never will.
    pub fn alone(url: &str, county: &str, cut_off: bool) -> Result<Postgres, StoreError> {
        let access = Access::new(url)?;
        let ((), guard) = once(&access, async |link| {
            schema::migrate(link, county).await?;
            access::alone(link, county, cut_off).await
        })?;
        let (durability, link) = once(&access, schema::durability)?;
        Postgres::opened(county, access, link, Some(guard), &durability)
    }

    fn opened(
        county: &str,
        access: Access,
        link: Link,
        guard: Option<Link>,
        durability: &Durability,
    ) -> Result<Postgres, StoreError> {
        if !durability.fsync {
            return Err(StoreError::Engine(durability.faults().join("; ")));
        }
        for fault in durability.faults() {
            tracing::warn!("{fault}");
        }
        let pool = Pool::new(access.clone());
        let number = link.process().map_err(pool::told)?;
        let process = Arc::new(AtomicI32::new(number));
        let rebuilds = Arc::new(AtomicBool::new(false));
        let owed = Owed::default();
        let writer =
            Writer::new(access.clone(), county, link, process.clone(), rebuilds.clone(), owed.clone());
        let writer = Mutex::new(writer);
        let applying = Arc::new(Mutex::new(Applying::new(access.clone(), county, owed)));
        let apply = {
            let applying = Arc::clone(&applying);
            move || locked(&applying).apply()
        };
        let applier = Applier::start(apply).map_err(|error| StoreError::Engine(error.to_string()))?;
        let (listener, scrubber) = (Mutex::new(None), Scrubber::new(access.clone()));
        let county = county.to_owned();
        Ok(Postgres {
            county,
            access,
            pool,
            known: Known::default(),
            writer,
            applier,
            applying,
            listener,
            scrubber,
            rebuilds,
            process,
            _guard: guard.map(Mutex::new),
        })
    }

    /// Asks about what is derived: all that was committed before, by any node, is applied first. With a full
    /// disk that may not be possible; then lists are shown as they are, rather than nothing at all.
    fn lists<T>(&self, work: impl AsyncFn(&Link) -> Done<T>) -> Result<T, StoreError> {
        match self.derived(&work) {
            Err(StoreError::Full) => self.pool.run(work),
            found => found,
        }
    }

    /// The same for what decisions rest on: nothing older will do.
    fn derived<T>(&self, work: impl AsyncFn(&Link) -> Done<T>) -> Result<T, StoreError> {
        let (mut wanted, mut waited) = (None, false);
        // Where it is known that there is something to wait for, the question is asked once only.
        if self.applier.behind() {
            let (batches, applied) = self.pool.run(async |link| apply::stand(link, &self.county).await)?;
            if applied < batches {
                self.applier.wait(batches)?;
                (wanted, waited) = (Some(batches), true);
            }
        }
        loop {
            // Both are asked in one round trip, this before that.
            let ((batches, applied), found) = self.pool.run(async |link| {
                let (stand, found) = join(apply::stand(link, &self.county), work(link)).await;
                Ok((stand?, found?))
            })?;
            let until = *wanted.get_or_insert(batches);
            if applied >= until {
                return Ok(found);
            }
            if waited {
                // It was applied, and is not any more: the server has lost that with a crash.
                self.applier.lost(applied);
            }
            self.applier.wait(until)?;
            waited = true;
        }
    }

    /// The counties whose ledgers a database holds, by code.
    pub fn counties(url: &str) -> Result<Vec<String>, StoreError> {
        once(&Access::new(url)?, schema::counties).map(|(found, _)| found)
    }

    /// Whether an acknowledged commit outlives a crash of the server's machine, as its settings tell.
    pub fn durability(&self) -> Result<Durability, StoreError> {
        self.pool.run(async |link| schema::durability(link).await)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic drops what the writer remembers; the database has no open transaction for longer
        // than its own patience.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits on the listening connection until the ledger has grown.
    fn listen(&self, beyond: u64, at_most: Duration) -> Done<u64> {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = listener.is_none();
        let link = match listener.take() {
            Some(link) => link,
            None => Link::connect(&self.access)?,
        };
        let size = link.run(async {
            if fresh {
                link.script(&format!("LISTEN \"{}\"", write::channel(&self.county).replace('"', "\"\"")))
                    .await?;
                let size = read::head(&link, &self.county).await?.size;
                if size > beyond {
                    return Ok(size);
                }
            }
            let grown = async {
                loop {
                    let notice = link.notice().await?;
                    // What this node wrote itself is no news to it.
                    if notice.process != self.process.load(Ordering::Relaxed) && notice.size > beyond {
                        // Who told it may have failed to do it.
                        let size = read::head(&link, &self.county).await?.size;
                        if size > beyond {
                            return Ok(size);
                        }
                    }
                }
            };
            match tokio::time::timeout(at_most, grown).await {
                Ok(size) => size,
                Err(_) => Ok(read::head(&link, &self.county).await?.size),
            }
        })?;
        // A connection that failed is not kept.
        *listener = Some(link);
        Ok(size)
    }
}

fn locked(applying: &Mutex<Applying>) -> MutexGuard<'_, Applying> {
    // A panic drops what it remembers; the open transaction ends with the server's patience.
    applying.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger for Postgres {
    fn head(&self) -> Result<Head, StoreError> {
        self.pool.run(async |link| read::head(link, &self.county).await)
    }

    fn load(&self, want: &Want) -> Result<Loaded, StoreError> {
        if want.records.is_empty() {
            return self.pool.run(async |link| read::load(link, &self.county, want).await);
        }
        self.derived(async |link| read::load(link, &self.county, want).await)
    }

    fn commit(&self, expect: Head, batch: &Batch) -> Result<(), StoreError> {
        self.writer().commit(expect, batch)?;
        if !batch.destroyed.is_empty() {
            self.scrubber.destroyed();
        }
        self.applier.left(batch.records.len());
        Ok(())
    }

    fn turn(&self) -> Result<Head, StoreError> {
        self.writer().turn()
    }

    fn let_go(&self) {
        self.writer().let_go();
    }

    fn counters(&self) -> Result<BTreeMap<(String, i16), u64>, StoreError> {
        self.derived(async |link| read::counters(link, &self.county).await)
    }

    fn holders(&self, wanted: &[Claim]) -> Result<Vec<(Claim, RecordId)>, StoreError> {
        self.pool.run(async |link| claims::holders(link, &self.county, wanted).await)
    }

    fn snapshots(&self, mechanism: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        self.derived(async |link| read::snapshots(link, &self.county, mechanism).await)
    }

    fn snapshot(&self, id: RecordId) -> Result<Option<Vec<u8>>, StoreError> {
        self.derived(async |link| read::snapshot(link, &self.county, id).await)
    }

    fn rows(&self, ids: &[RecordId]) -> Result<Vec<Row>, StoreError> {
        self.lists(async |link| read::rows(link, &self.county, ids).await)
    }

    fn by_receipt(&self, receipt: Digest) -> Result<Option<RecordId>, StoreError> {
        // A code that is known stays what it is.
        match self.pool.run(async |link| read::by_receipt(link, &self.county, receipt).await)? {
            Some(found) => Ok(Some(found)),
            None => self.lists(async |link| read::by_receipt(link, &self.county, receipt).await),
        }
    }

    fn by_number(&self, number: &str) -> Result<Option<RecordId>, StoreError> {
        self.lists(async |link| read::by_number(link, &self.county, number).await)
    }

    fn history(&self, id: RecordId) -> Result<Vec<Entry>, StoreError> {
        self.pool.run(async |link| read::history(link, &self.county, id).await)
    }

    fn provable(&self, id: RecordId, names: &[&str]) -> Result<Provable, StoreError> {
        // All of it in one round trip.
        self.derived(async |link| {
            let record = join(
                read::snapshot(link, &self.county, id),
                join(read::history(link, &self.county, id), read::before(link, &self.county, id)),
            );
            let log = read::settings_and_head(link, &self.county, names);
            let ((snapshot, (entries, before)), log) = join(record, log).await;
            let (settings, head) = log?;
            Ok(Provable { snapshot: snapshot?, entries: entries?, before: before?, settings, head })
        })
    }

    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.pool.run(async |link| read::entries(link, &self.county, from, limit).await)
    }

    fn entries_by_record(
        &self,
        after: Option<(RecordId, u64)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.pool.run(async |link| read::entries_by_record(link, &self.county, after, limit).await)
    }

    fn nodes(&self, level: u8, from: u64, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.pool.run(async |link| log::nodes(link, &self.county, level, from, limit).await)
    }

    fn answers(&self, after: Option<&CommandId>, limit: u32) -> Result<Vec<Answer>, StoreError> {
        self.pool.run(async |link| log::answers(link, &self.county, after, limit).await)
    }

    fn keys(&self, of: &[RecordId]) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError> {
        self.pool.run(async |link| log::keys(link, &self.county, of).await)
    }

    fn all_keys(&self, after: Option<RecordId>, limit: u32) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError> {
        self.pool.run(async |link| log::all_keys(link, &self.county, after, limit).await)
    }

    fn put_keys(&self, keys: &[(RecordId, Vec<u8>)]) -> Result<(), StoreError> {
        self.pool.run(async |link| log::put_keys(link, &self.county, keys).await)
    }

    fn replace_nodes(&self, nodes: &[Node]) -> Result<(), StoreError> {
        self.pool.run(async |link| log::replace_nodes(link, &self.county, nodes).await)
    }

    fn begin_rebuild(&self) -> Result<(), StoreError> {
        // Nobody else commits from here on; whoever takes an archive in does.
        self.rebuilds.store(true, Ordering::Relaxed);
        locked(&self.applying).empty()
    }

    fn put_derived(&self, batch: &Batch) -> Result<(), StoreError> {
        locked(&self.applying).derive(batch)
    }

    fn end_rebuild(&self) -> Result<(), StoreError> {
        locked(&self.applying).end()?;
        self.rebuilds.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn rebuilding(&self) -> Result<bool, StoreError> {
        self.pool.run(async |link| log::rebuilding(link, &self.county).await)
    }

    fn wait(&self, beyond: u64, at_most: Duration) -> Result<u64, StoreError> {
        self.listen(beyond, at_most).map_err(pool::told)
    }

    fn shared(&self) -> bool {
        true
    }

    fn looks(&self, query: &LookQuery) -> Result<Vec<Look>, StoreError> {
        self.pool.run(async |link| looks::list(link, &self.county, query).await)
    }

    fn trace(&self, stored: &Stored, names: &Names) -> Trace {
        traces::expected(stored, names)
    }

    fn traces(&self, names: &Names) -> Result<Traces, StoreError> {
        // All that was committed before is there to be read.
        self.derived(async |_| Ok(()))?;
        let read = || {
            let link = Link::connect(&self.access)?;
            link.run_long(traces::kept(&link, &self.county, names))
        };
        read().map_err(pool::told)
    }

    fn claims(
        &self,
        after: Option<(Claim, RecordId)>,
        limit: u32,
    ) -> Result<Vec<(Claim, RecordId)>, StoreError> {
        self.pool.run(async |link| claims::all(link, &self.county, after, limit).await)
    }

    fn todo(&self, keys: &[String], after: Option<(i64, RecordId)>, limit: u32) -> Result<Page, StoreError> {
        self.lists(async |link| list::todo(link, &self.county, keys, after, limit).await)
    }

    fn todo_count(&self, keys: &[String]) -> Result<(u64, u64), StoreError> {
        self.lists(async |link| list::todo_count(link, &self.county, keys).await)
    }

    fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.lists(async |link| list::list(link, &self.county, query).await)
    }

    fn values(
        &self,
        mechanism: &str,
        name: &str,
        above: Option<RecordId>,
    ) -> Result<Vec<String>, StoreError> {
        self.lists(async |link| list::values(link, &self.county, mechanism, name, above).await)
    }

    fn search(&self, scope: &Scope, terms: &[Term], limit: u32) -> Result<Vec<Row>, StoreError> {
        self.lists(async |link| search::search(link, &self.county, scope, terms, limit).await)
    }

    fn recent_near(
        &self,
        mechanism: &str,
        place: (Level, &str),
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        self.derived(async |link| list::recent_near(link, &self.county, mechanism, place, since, limit).await)
    }

    fn timers(&self, until: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError> {
        self.derived(async |link| read::timers(link, &self.county, until, limit).await)
    }

    fn tallies(&self, query: &CellQuery) -> Result<Vec<Tally>, StoreError> {
        let ask = async |link: &Link, read: bool| {
            let (_, applied) = apply::stand(link, &self.county).await?;
            let known = self.known.find(query, applied);
            if known.is_some() || !read {
                return Ok(known);
            }
            let tallies = read::tallies(link, &self.county, query).await?;
            self.known.keep(query, applied, &tallies);
            Ok(Some(tallies))
        };
        self.known.of(query, |read| self.lists(async |link| ask(link, read).await))
    }

    fn cells(&self, query: &CellQuery) -> Result<Vec<CellValue>, StoreError> {
        let tallies = self.derived(async |link| read::tallies(link, &self.county, query).await)?;
        Ok(tallies.into_iter().flat_map(Tally::cells).collect())
    }

    fn put_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        self.pool.run(async |link| accounts::put_credential(link, &self.county, credential).await)
    }

    fn credential(&self, login: &str) -> Result<Option<Credential>, StoreError> {
        self.pool.run(async |link| accounts::credential(link, &self.county, login).await)
    }

    fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        self.pool.run(async |link| accounts::put_session(link, &self.county, session).await)
    }

    fn session(&self, token: Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.pool.run(async |link| accounts::session(link, &self.county, token, now).await)
    }

    fn end_session(&self, token: Digest) -> Result<(), StoreError> {
        self.pool.run(async |link| accounts::end_session(link, &self.county, token).await)
    }

    fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.pool.run(async |link| accounts::credentials(link, &self.county).await)
    }

    fn settings(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.pool.run(async |link| accounts::settings(link, &self.county).await)
    }

    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool.run(async |link| accounts::setting(link, &self.county, name).await)
    }

    fn settings_and_head(&self, names: &[&str]) -> Result<(Vec<Setting>, Head), StoreError> {
        self.pool.run(async |link| read::settings_and_head(link, &self.county, names).await)
    }

    fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.pool.run(async |link| accounts::put_setting(link, &self.county, name, value).await)
    }

    fn outbox(&self) -> &dyn Outbox {
        self
    }

    fn durability(&self) -> Result<crate::Durability, StoreError> {
        let told = Postgres::durability(self)?;
        let faults = told.faults();
        Ok(match faults.is_empty() {
            true => crate::Durability::Safe(format!(
                "fsync on, synchronous_commit {}, PostgreSQL {}",
                told.synchronous_commit, told.version
            )),
            false => crate::Durability::Unsafe(faults.join("; ")),
        })
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.pool.run(async |link| accounts::ping(link, &self.county).await)
    }
}
