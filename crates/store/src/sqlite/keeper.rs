//! Moves the write-ahead log into the database file beside the commits, so that no command waits
//! for it longer than a moment; and puts the search index in order when nothing is to be done.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::write::Writer;

/// Changed rows after which the log is moved: some 30 MB of log.
pub(super) const ENOUGH: u64 = 20_000;
/// Frames of the log few enough to move while the writer waits.
const REST: i64 = 400;
/// How long emptying the log may keep commands waiting, and when it is tried again.
const PATIENCE: Duration = Duration::from_millis(200);
const AGAIN: Duration = Duration::from_millis(100);

/// When nothing was changed for so long, parts of the search index are merged until it is one, or somebody comes.
const QUIET: Duration = Duration::from_secs(3);

#[derive(Default)]
struct State {
    changed: u64,
    /// How often something was changed.
    told: u64,
    /// All parts of the search index that can be merged are.
    merged: bool,
    /// A key was destroyed that may still stand in the log.
    destroyed: bool,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that keeps the log short.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread with a connection of its own.
    pub(super) fn start(conn: Connection, writer: Arc<Mutex<Writer>>) -> std::io::Result<Keeper> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wal-keeper".to_owned())
            .spawn(move || keep(&seen, &conn, &writer))?;
        Ok(Keeper { shared, thread: Some(thread) })
    }

    /// Tells that a commit has destroyed a key: the log that still holds it is emptied at once.
    pub(super) fn destroyed(&self) {
        self.shared.lock().destroyed = true;
        self.shared.wake.notify_one();
    }

    /// Tells how many rows a commit has changed.
    pub(super) fn changed(&self, rows: u64) {
        let mut state = self.shared.lock();
        state.changed += rows;
        state.told += 1;
        // From now on the thread looks whether nothing comes.
        if std::mem::take(&mut state.merged) || state.changed >= ENOUGH {
            self.shared.wake.notify_one();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(shared: &Shared, conn: &Connection, writer: &Mutex<Writer>) {
    // After which change nothing came for a while.
    let mut quiet = None;
    loop {
        let mut state = shared.lock();
        while !state.stop && state.changed < ENOUGH && !state.destroyed {
            if state.merged {
                state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if quiet == Some(state.told) {
                break;
            }
            let told = state.told;
            let waited = shared.wake.wait_timeout(state, QUIET).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            quiet = (waited.1.timed_out() && state.told == told).then_some(told);
        }
        if state.stop {
            return;
        }
        if std::mem::take(&mut state.destroyed) {
            drop(state);
            if !emptied(conn, writer) {
                // A reader holds the log; the next moment it does not.
                std::thread::sleep(AGAIN);
                shared.lock().destroyed = true;
            }
            continue;
        }
        if state.changed < ENOUGH {
            let told = state.told;
            drop(state);
            merge(shared, writer, told);
            continue;
        }
        state.changed = 0;
        drop(state);
        // The bulk goes while commits go on; each pass leaves what was added meanwhile.
        for _ in 0..4 {
            match checkpoint(conn) {
                Ok(left) if left > REST => {}
                _ => break,
            }
        }
        // The log begins anew only when nothing is left in it: the writer waits for the short rest.
        let held = writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = checkpoint(conn) {
            // Nothing is lost, the log only grows; the next time tries again.
            tracing::warn!(%error, "the write-ahead log could not be moved into the database");
        }
        drop(held);
    }
}

/// Merges a step further. When nothing is left, or it cannot be done, it is tried again after the next change.
fn merge(shared: &Shared, writer: &Mutex<Writer>, told: u64) {
    let merged = writer.lock().unwrap_or_else(PoisonError::into_inner).merge();
    if let Err(error) = &merged {
        tracing::warn!(%error, "the search index could not be put in order");
    }
    let rows = merged.unwrap_or(0);
    let mut state = shared.lock();
    state.changed += rows;
    state.merged = rows == 0 && state.told == told;
}

/// Moves all of the log into the file and cuts it to nothing; whether that succeeded.
fn emptied(conn: &Connection, writer: &Mutex<Writer>) -> bool {
    // The bulk first, without the writer.
    let _ = checkpoint(conn);
    let _held = writer.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever only reads is waited for no longer than a command may wait.
    let _ = conn.busy_timeout(PATIENCE);
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    match busy {
        Ok(busy) => busy == 0,
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log that holds a destroyed key could not be emptied yet");
            false
        }
    }
}

/// One pass; gives how many frames of the log are left.
fn checkpoint(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
    })
}

#[cfg(test)]
mod tests {
    use gongzhi_base::words::query_terms;
    use rusqlite::Connection;

    use crate::Scope;
    use crate::conformance::fixture::{Book, COUNTY, record, with_text};
    use crate::sqlite::{FILE, Sqlite};

    /// Of how many parts the search index is made.
    fn parts(file: &Connection) -> i64 {
        let count = "SELECT count(DISTINCT segid) FROM words_idx";
        file.query_row(count, [], |row| row.get(0)).expect("a count")
    }

    #[test]
    fn a_search_index_that_is_left_alone_becomes_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut book = Book::new(Box::new(Sqlite::open(dir.path(), COUNTY).expect("opens")));
        let file = Connection::open(dir.path().join(FILE)).expect("opens");
        let find =
            |book: &Book| book.ledger.search(&Scope::All, &query_terms("停水"), 1_000).expect("a search");
        let mut count = 0;
        for _ in 0..2 {
            // What is applied by itself is a part of its own.
            for _ in 0..5 {
                let records = (count..count + 10).map(|n| with_text(record(n), "停水"));
                book.put(records.collect()).expect("committed");
                count += 10;
                assert_eq!(find(&book).len() as u64, count);
            }
            assert!(parts(&file) > 1, "nobody has merged them yet");
            while parts(&file) > 1 {
                std::thread::sleep(super::AGAIN);
            }
            assert_eq!(find(&book).len() as u64, count);
        }
        drop(book);
        file.execute_batch("INSERT INTO words (words) VALUES ('integrity-check')").expect("sound");
    }
}
