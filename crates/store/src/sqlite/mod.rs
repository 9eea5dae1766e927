//! The embedded engine: one SQLite file in write-ahead mode, synced on every commit.
//!
//! One connection writes, a few read beside it, and a thread moves the log into the file. Every
//! reading method sees one state of the database.

mod accounts;
mod aside;
mod cells;
mod claims;
mod error;
mod held;
mod keeper;
mod later;
mod list;
mod log;
mod looks;
mod outbox;
mod pool;
mod read;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod traces;
mod units;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gongzhi_base::words::Term;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::Claim;
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_kernel::merkle::Node;
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::Level;
use rusqlite::Connection;

use crate::known::Known;
use crate::pending::Applier;
use crate::{
    Answer, Batch, CellQuery, CellValue, Credential, Durability, Ledger, ListQuery, Loaded, Look, LookQuery,
    Names, Page, Scope, Session, StoreError, Stored, Structure, Tally, Timer, Trace, Traces, Want,
};
use keeper::Keeper;
use pool::Pool;
use schema::Use;
use write::Writer;

/// Connections that read at the same time.
const READERS: usize = 4;

/// Bytes that must be free on the file's disk for a server to be ready.
const ROOM: u64 = 4 << 20;

/// The file's name in a data directory.
const FILE: &str = "ledger.sqlite";

/// A county's ledger in one SQLite file.
pub struct Sqlite {
    county: String,
    file: PathBuf,
    // Dropped in this order: the threads first, the writer last, which empties the log.
    applier: Applier,
    keeper: Arc<Keeper>,
    readers: Pool,
    known: Known,
    writer: Arc<Mutex<Writer>>,
}

impl Sqlite {
    /// Opens or makes a ledger. `path` is a directory, in which the file is called
    /// `ledger.sqlite`, or the file itself; `county` is the official code of the county, and a
    /// file that holds another county's ledger is refused, as is one of a newer version.
    pub fn open(path: &Path, county: &str) -> Result<Sqlite, StoreError> {
        let file = file_of(path)?;
        let mut conn = schema::connect(&file, Use::Write)?;
        let before = schema::migrate(&mut conn, county)?;
        log::complete(&mut conn, county)?;
        if before < schema::LOOKS {
            looks::complete(&mut conn, county)?;
        }
        let readers = (0..READERS).map(|_| schema::connect(&file, Use::Read)).collect::<Result<_, _>>()?;
        let writer = Arc::new(Mutex::new(Writer::new(conn, county)));
        let keeper = Keeper::start(schema::connect(&file, Use::Keep)?, Arc::clone(&writer))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        let keeper = Arc::new(keeper);
        let apply = {
            let (writer, keeper) = (Arc::clone(&writer), Arc::clone(&keeper));
            move || {
                let (applied, rows) = locked(&writer).apply()?;
                keeper.changed(rows);
                Ok(applied)
            }
        };
        let applier = Applier::start(apply).map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Sqlite {
            county: county.to_owned(),
            file,
            applier,
            keeper,
            readers: Pool::new(readers),
            known: Known::default(),
            writer,
        })
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        locked(&self.writer)
    }

    /// Reads what is derived: all that was committed before is applied first. With a full disk that may
    /// not be possible; then lists are shown as they are, rather than nothing at all.
    fn lists<T>(&self, read: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.derived(&read) {
            Err(StoreError::Full) => self.readers.read(read),
            read => read,
        }
    }

    /// The same for what decisions rest on: nothing older will do.
    fn derived<T>(&self, read: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut wanted = None;
        loop {
            let found = self.readers.read(|conn| {
                let (batches, applied) = later::stand(conn, &self.county)?;
                let until = *wanted.get_or_insert(batches);
                if applied < until { Ok(Err(until)) } else { read(conn).map(Ok) }
            })?;
            match found {
                Ok(found) => return Ok(found),
                Err(until) => self.applier.wait(until)?,
            }
        }
    }
}

fn locked(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    // A panic rolls the open transaction back, and the writer's memory changes only after a commit.
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn file_of(path: &Path) -> Result<PathBuf, StoreError> {
    if path.is_dir() {
        return Ok(path.join(FILE));
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| StoreError::Engine(format!("{}: {error}", parent.display())))?;
    }
    Ok(path.to_owned())
}

impl Ledger for Sqlite {
    fn head(&self) -> Result<Head, StoreError> {
        self.readers.read(|conn| read::head(conn, &self.county))
    }

    fn load(&self, want: &Want) -> Result<Loaded, StoreError> {
        if want.records.is_empty() {
            return self.readers.read(|conn| read::load(conn, &self.county, want));
        }
        self.derived(|conn| read::load(conn, &self.county, want))
    }

    fn commit(&self, expect: Head, batch: &Batch) -> Result<(), StoreError> {
        let rows = self.writer().commit(expect, batch)?;
        self.keeper.changed(rows);
        if !batch.destroyed.is_empty() {
            self.keeper.destroyed();
        }
        self.applier.left(batch.records.len());
        Ok(())
    }

    fn counters(&self) -> Result<BTreeMap<(String, i16), u64>, StoreError> {
        self.derived(|conn| read::counters(conn, &self.county))
    }

    fn holders(&self, claims: &[Claim]) -> Result<Vec<(Claim, RecordId)>, StoreError> {
        self.readers.read(|conn| claims::holders(conn, &self.county, claims))
    }

    fn snapshots(&self, mechanism: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        self.derived(|conn| read::snapshots(conn, &self.county, mechanism))
    }

    fn snapshot(&self, id: RecordId) -> Result<Option<Vec<u8>>, StoreError> {
        self.derived(|conn| read::snapshot(conn, &self.county, id))
    }

    fn rows(&self, ids: &[RecordId]) -> Result<Vec<Row>, StoreError> {
        self.lists(|conn| read::rows(conn, &self.county, ids))
    }

    fn by_receipt(&self, receipt: Digest) -> Result<Option<RecordId>, StoreError> {
        // A code that is known stays what it is.
        match self.readers.read(|conn| read::by_receipt(conn, &self.county, receipt))? {
            Some(found) => Ok(Some(found)),
            None => self.lists(|conn| read::by_receipt(conn, &self.county, receipt)),
        }
    }

    fn by_number(&self, number: &str) -> Result<Option<RecordId>, StoreError> {
        self.lists(|conn| read::by_number(conn, &self.county, number))
    }

    fn history(&self, id: RecordId) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|conn| read::history(conn, &self.county, id))
    }

    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|conn| read::entries(conn, &self.county, from, limit))
    }

    fn entries_by_record(
        &self,
        after: Option<(RecordId, u64)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|conn| read::entries_by_record(conn, &self.county, after, limit))
    }

    fn nodes(&self, level: u8, from: u64, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.readers.read(|conn| log::nodes(conn, &self.county, level, from, limit))
    }

    fn answers(&self, after: Option<&CommandId>, limit: u32) -> Result<Vec<Answer>, StoreError> {
        self.readers.read(|conn| log::answers(conn, &self.county, after, limit))
    }

    fn keys(&self, of: &[RecordId]) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError> {
        self.readers.read(|conn| log::keys(conn, &self.county, of))
    }

    fn all_keys(&self, after: Option<RecordId>, limit: u32) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError> {
        self.readers.read(|conn| log::all_keys(conn, &self.county, after, limit))
    }

    fn put_keys(&self, keys: &[(RecordId, Vec<u8>)]) -> Result<(), StoreError> {
        log::replace_keys(&mut self.writer().conn, &self.county, keys)
    }

    fn replace_nodes(&self, nodes: &[Node]) -> Result<(), StoreError> {
        log::replace_nodes(&mut self.writer().conn, &self.county, nodes)
    }

    fn begin_rebuild(&self) -> Result<(), StoreError> {
        self.writer().empty()
    }

    fn put_derived(&self, batch: &Batch) -> Result<(), StoreError> {
        let rows = self.writer().derive(batch)?;
        self.keeper.changed(rows);
        Ok(())
    }

    fn end_rebuild(&self) -> Result<(), StoreError> {
        self.writer().derived()?;
        // The index of search came into the log as a whole.
        self.keeper.changed(keeper::ENOUGH);
        Ok(())
    }

    fn rebuilding(&self) -> Result<bool, StoreError> {
        self.readers.read(|conn| log::rebuilding(conn, &self.county))
    }

    /// The file has one writer, this process: whoever waits here for others waits in vain, shortly.
    fn wait(&self, beyond: u64, at_most: Duration) -> Result<u64, StoreError> {
        let size = self.head()?.size;
        if size > beyond {
            return Ok(size);
        }
        std::thread::sleep(at_most);
        Ok(self.head()?.size)
    }

    fn shared(&self) -> bool {
        false
    }

    fn looks(&self, query: &LookQuery) -> Result<Vec<Look>, StoreError> {
        self.readers.read(|conn| looks::list(conn, &self.county, query))
    }

    fn trace(&self, stored: &Stored, names: &Names) -> Trace {
        traces::expected(stored, names)
    }

    fn traces(&self, names: &Names) -> Result<Traces, StoreError> {
        self.derived(|conn| traces::kept(conn, &self.county, names))
    }

    fn claims(
        &self,
        after: Option<(Claim, RecordId)>,
        limit: u32,
    ) -> Result<Vec<(Claim, RecordId)>, StoreError> {
        self.readers.read(|conn| claims::all(conn, &self.county, after, limit))
    }

    fn todo(&self, keys: &[String], after: Option<(i64, RecordId)>, limit: u32) -> Result<Page, StoreError> {
        self.lists(|conn| list::todo(conn, &self.county, keys, after, limit))
    }

    fn todo_count(&self, keys: &[String]) -> Result<(u64, u64), StoreError> {
        self.lists(|conn| list::todo_count(conn, &self.county, keys))
    }

    fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.lists(|conn| list::list(conn, &self.county, query))
    }

    fn values(
        &self,
        mechanism: &str,
        name: &str,
        above: Option<RecordId>,
    ) -> Result<Vec<String>, StoreError> {
        self.lists(|conn| list::values(conn, &self.county, mechanism, name, above))
    }

    fn search(&self, scope: &Scope, terms: &[Term], limit: u32) -> Result<Vec<Row>, StoreError> {
        self.lists(|conn| search::search(conn, &self.county, scope, terms, limit))
    }

    fn recent_near(
        &self,
        mechanism: &str,
        place: (Level, &str),
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        self.derived(|conn| list::recent_near(conn, &self.county, mechanism, place, since, limit))
    }

    fn timers(&self, until: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError> {
        self.derived(|conn| read::timers(conn, &self.county, until, limit))
    }

    fn tallies(&self, query: &CellQuery) -> Result<Vec<Tally>, StoreError> {
        let ask = |conn: &Connection, read: bool| {
            let (_, applied) = later::stand(conn, &self.county)?;
            let known = self.known.find(query, applied);
            if known.is_some() || !read {
                return Ok(known);
            }
            let tallies = read::tallies(conn, &self.county, query)?;
            self.known.keep(query, applied, &tallies);
            Ok(Some(tallies))
        };
        self.known.of(query, |read| self.lists(|conn| ask(conn, read)))
    }

    fn cells(&self, query: &CellQuery) -> Result<Vec<CellValue>, StoreError> {
        let tallies = self.derived(|conn| read::tallies(conn, &self.county, query))?;
        Ok(tallies.into_iter().flat_map(Tally::cells).collect())
    }

    fn put_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        accounts::put_credential(&self.writer().conn, &self.county, credential)
    }

    fn credential(&self, login: &str) -> Result<Option<Credential>, StoreError> {
        self.readers.read(|conn| accounts::credential(conn, &self.county, login))
    }

    fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        accounts::put_session(&mut self.writer().conn, &self.county, session)
    }

    fn session(&self, token: Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.readers.read(|conn| accounts::session(conn, &self.county, token, now))
    }

    fn end_session(&self, token: Digest) -> Result<(), StoreError> {
        accounts::end_session(&self.writer().conn, &self.county, token)
    }

    fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.readers.read(|conn| accounts::credentials(conn, &self.county))
    }

    fn settings(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.readers.read(|conn| accounts::settings(conn, &self.county))
    }

    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.read(|conn| accounts::setting(conn, &self.county, name))
    }

    fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        accounts::put_setting(&self.writer().conn, &self.county, name, value)
    }

    fn outbox(&self) -> &dyn crate::outbox::Outbox {
        self
    }

    fn durability(&self) -> Result<Durability, StoreError> {
        accounts::durability(&self.writer().conn)
    }

    fn structure(&self) -> Result<Structure, StoreError> {
        self.readers.read(accounts::structure)
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.readers.read(|conn| read::head(conn, &self.county))?;
        accounts::ping(&mut self.writer().conn, &self.county)?;
        // What is taken back needs no room, and where none is left the next command may be the one too many.
        let disk = rustix::fs::statvfs(&self.file).map_err(|error| StoreError::Engine(error.to_string()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM { Err(StoreError::Full) } else { Ok(()) }
    }
}
