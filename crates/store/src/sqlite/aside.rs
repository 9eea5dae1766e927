//! The search index of a rebuild. It is made in a file of its own, by a thread of its own, while the tables are written:
//! a file has one writer, and making the index is a third of the work.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Result as Sql, TransactionBehavior, params};

use super::error::{commit_fault, fault};
use super::log;
use super::schema::{self, Use};
use super::write::INSERT_WORDS;
use crate::shared::{Repeated, searched};
use crate::{Batch, StoreError};

/// The tables in which the engine keeps the index `words`; its settings stay as they are.
const TABLES: [&str; 3] = ["words_data", "words_idx", "words_docsize"];

/// A search index beside the ledger's file. Whatever becomes of it, it is made anew by the next rebuild.
pub(super) struct Aside {
    conn: Connection,
    file: Scratch,
}

/// A file that is of no use to anybody later.
struct Scratch(PathBuf);

impl Scratch {
    fn remove(&self) {
        // Not there, or removed by the next rebuild.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Aside {
    /// An empty index of the same form as the ledger's. What an earlier rebuild left is removed.
    pub fn begin(ledger: &Connection) -> Result<Aside, StoreError> {
        let path = ledger.path().unwrap_or_default();
        let file = Scratch(PathBuf::from(format!("{path}-words")));
        file.remove();
        let open = || -> Sql<Connection> {
            let conn = Connection::open(&file.0)?;
            // Nothing of it is needed after a crash.
            conn.execute_batch(
                "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -32768",
            )?;
            let form: String = ledger.query_row(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'words'",
                [],
                |row| row.get(0),
            )?;
            conn.execute_batch(&form)?;
            let mut settings = ledger.prepare("SELECT k, v FROM words_config WHERE k <> 'version'")?;
            let mut rows = settings.query([])?;
            while let Some(row) = rows.next()? {
                let (name, value): (String, rusqlite::types::Value) = (row.get(0)?, row.get(1)?);
                conn.execute("INSERT INTO words (words, rank) VALUES (?1, ?2)", params![name, value])?;
            }
            Ok(conn)
        };
        let conn = open().map_err(fault)?;
        Ok(Aside { conn, file })
    }

    /// Adds the words of records that stand in the rows from `first` on.
    pub fn put(&mut self, first: i64, batch: &Batch) -> Result<(), StoreError> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        let write = || -> Sql<()> {
            let mut insert = tx.prepare_cached(INSERT_WORDS)?;
            for (row, stored) in (first..).zip(&batch.records) {
                let made = &stored.projection;
                if !made.text.is_empty() {
                    insert.execute(params![row, made.text, searched(&Repeated::of(made).scopes)])?;
                }
            }
            Ok(())
        };
        write().map_err(fault)?;
        tx.commit().map_err(fault)
    }

    /// Puts it in the place of the ledger's, and ends the rebuild with the same transaction. On a connection of its own:
    /// whoever holds the index open learns in this way that it is another one now.
    pub fn end(&self, ledger: &Connection, county: &str) -> Result<(), StoreError> {
        let mut conn = schema::connect(Path::new(ledger.path().unwrap_or_default()), Use::Keep)?;
        conn.execute("ATTACH ?1 AS aside", [self.file.0.to_string_lossy()]).map_err(fault)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(commit_fault)?;
        for table in TABLES {
            let taken =
                format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM aside.{table}");
            tx.execute_batch(&taken).map_err(fault)?;
        }
        log::rebuilt(&tx, county).map_err(fault)?;
        tx.commit().map_err(commit_fault)
    }
}
