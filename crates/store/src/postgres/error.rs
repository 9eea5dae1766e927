//! What the server's errors mean to the product.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::tls;
use crate::StoreError;

/// Why something asked of the server was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The connection is gone, or must be given up: whether it was done is open.
    Lost(String),
    /// The server said no, or said what cannot be read.
    Store(StoreError),
}

/// What a function of the engine gives.
pub(super) type Done<T> = Result<T, Fault>;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Store(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error.as_db_error() {
            Some(said) => said_no(said),
            None => match tls::untrusted(&error) {
                Some(why) => Fault::Store(StoreError::Untrusted(why)),
                None => Fault::Lost(words(&error)),
            },
        }
    }
}

fn said_no(said: &DbError) -> Fault {
    let code = said.code();
    let text = format!("{} ({})", said.message(), code.code());
    // Being shut down, starting up, cut off for idling in a transaction, out of connections, or a
    // standby since the last failover: another connection may do.
    let gone = [
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::TOO_MANY_CONNECTIONS,
        // Undone so that others go on: it may be done again.
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    if code.code().starts_with("57P") || code.code().starts_with("08") || gone.contains(code) {
        return Fault::Lost(text);
    }
    Fault::Store(match code.code() {
        "53100" => StoreError::Full,
        "23505" => StoreError::Known,
        // The head that a commit asks for is not there: see `write::TAKE`.
        "22012" => StoreError::Conflict,
        "XX001" | "XX002" => StoreError::Corrupt(text),
        "55P03" => StoreError::Engine("another server holds the ledger and does not let go".to_owned()),
        _ => StoreError::Engine(text),
    })
}

/// An error with its causes, in one line.
pub(super) fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Bytes in the database that are not what this version writes.
pub(super) fn unreadable(what: impl std::fmt::Display) -> Fault {
    Fault::Store(StoreError::Corrupt(format!("unreadable {what}")))
}
