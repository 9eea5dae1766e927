//! Which county a database file holds.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::fault;
use super::{Sqlite, file_of};
use crate::StoreError;

impl Sqlite {
    /// The code of the county whose ledger a file holds.
    pub fn county_of(path: &Path) -> Result<String, StoreError> {
        let conn =
            Connection::open_with_flags(file_of(path)?, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fault)?;
        conn.query_row("SELECT county FROM ledger", [], |row| row.get(0)).map_err(fault)
    }
}
