//! The ledger and its read models: one interface, one conformance suite, an engine for each
//! database. The SQLite engine is the embedded default.

pub mod ledger;
pub mod sqlite;

pub use ledger::*;
