//! Reading connections, lent one at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::error::fault;
use crate::StoreError;

/// A few connections that only read.
pub(super) struct Pool {
    idle: Mutex<Vec<Connection>>,
    freed: Condvar,
}

/// Gives the connection back, also when the reading panics.
struct Lent<'a> {
    pool: &'a Pool,
    conn: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.lock().push(conn);
            self.pool.freed.notify_one();
        }
    }
}

impl Pool {
    pub(super) fn new(idle: Vec<Connection>) -> Pool {
        Pool { idle: Mutex::new(idle), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic cannot leave the list of connections half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads with one connection, all statements seeing the same state of the database.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut idle = self.lock();
        let conn = loop {
            match idle.pop() {
                Some(conn) => break conn,
                None => idle = self.freed.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let lent = Lent { pool: self, conn: Some(conn) };
        let Some(conn) = lent.conn.as_ref() else {
            return Err(StoreError::Engine("no connection".to_owned()));
        };
        // Rolls back when dropped: nothing was written. The last to be lent is the first to be lent
        // again, so that its page cache is warm.
        let view = conn.unchecked_transaction().map_err(fault)?;
        read(&view)
    }
}
