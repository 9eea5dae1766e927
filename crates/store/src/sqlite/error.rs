//! What the engine's errors mean to the product.

use rusqlite::{Error, ErrorCode, ffi};

use crate::StoreError;

/// Extended codes of SQLite's I/O errors that mean that no room is left for writing.
const NO_ROOM: [i32; 4] =
    [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_TRUNCATE];

/// Extended codes of a key that stands already.
const STANDS: [i32; 2] = [ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_UNIQUE];

/// Maps an error of the engine.
pub(super) fn fault(error: Error) -> StoreError {
    match &error {
        Error::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::SystemIoFailure if NO_ROOM.contains(&cause.extended_code) => StoreError::Full,
            ErrorCode::SystemIoFailure
                if [ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS]
                    .contains(&cause.extended_code) =>
            {
                StoreError::Corrupt(error.to_string())
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(error.to_string()),
            _ => StoreError::Engine(error.to_string()),
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Engine(error.to_string()),
    }
}

/// Maps an error of a commit: a file kept locked by another process means that another writer
/// came first, and a key that stands already that what was taken for new is not.
pub(super) fn commit_fault(error: Error) -> StoreError {
    match &error {
        Error::SqliteFailure(cause, _) if cause.code == ErrorCode::DatabaseBusy => StoreError::Conflict,
        Error::SqliteFailure(cause, _) if STANDS.contains(&cause.extended_code) => StoreError::Known,
        _ => fault(error),
    }
}

/// Bytes in the database that are not what this version writes.
pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Corrupt(format!("unreadable {what}"))
}
