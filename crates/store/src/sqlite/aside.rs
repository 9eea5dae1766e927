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

/// The tables in which the engine keeps the index `words`.
const TABLES: [&str; 4] = ["words_data", "words_idx", "words_docsize", "words_config"];
/// Its settings, as the migrations leave them: those in a damaged file may be none.
const SETTINGS: [(&str, i64); 2] = [("automerge", 8), ("usermerge", 2)];

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
            for (name, value) in SETTINGS {
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

#[cfg(test)]
mod tests {
    use crate::Ledger as _;
    use crate::conformance::fixture::COUNTY;
    use crate::sqlite::Sqlite;

    #[test]
    fn a_rebuild_leaves_the_settings_of_the_index_as_a_new_ledger_has_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let ledger = Sqlite::open(dir.path(), COUNTY).expect("opens");
        let settings = || -> Vec<(String, i64)> {
            let writer = ledger.writer();
            let mut query = writer.conn.prepare("SELECT k, v FROM words_config ORDER BY k").expect("a query");
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
            rows.collect::<Result<_, _>>().expect("settings")
        };
        let before = settings();
        let damage = "UPDATE words_config SET k = 'none' WHERE k = 'usermerge'; UPDATE words_config SET v = -1 WHERE k = 'automerge'";
        ledger.writer().conn.execute_batch(damage).expect("damaged");
        assert_ne!(settings(), before);
        ledger.begin_rebuild().expect("emptied");
        ledger.end_rebuild().expect("made anew");
        assert_eq!(settings(), before);
    }
}
