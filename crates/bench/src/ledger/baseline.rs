//! What the database engines do by themselves on this machine, in the same run: one row, one durable
//! commit.

use std::path::Path;
use std::time::Duration;

/// About the size of an entry.
const ROW: usize = 400;

/// SQLite's own single-row commits a second, write-ahead log and full sync, 16 callers or one: it has
/// one writer.
pub fn sqlite(file: &Path, seconds: u64) -> Result<f64, String> {
    let run = || -> rusqlite::Result<f64> {
        let conn = rusqlite::Connection::open(file)?;
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "full")?;
        conn.execute_batch("CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        let mut insert = conn.prepare("INSERT INTO entry (body) VALUES (?1)")?;
        let body = [7u8; ROW];
        let began = crate::now();
        let until = began + Duration::from_secs(seconds);
        let mut rows = 0u64;
        while crate::now() < until {
            insert.execute([&body[..]])?;
            rows += 1;
        }
        Ok(rows as f64 / began.elapsed().as_secs_f64())
    };
    run().map_err(|error| error.to_string())
}
