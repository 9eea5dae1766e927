//! The ledger and its read models: one interface, one conformance suite, an engine for each
//! database. The SQLite engine is the embedded default; the PostgreSQL engine carries several server
//! nodes and several counties.

pub mod conformance;
mod fault;
mod known;
pub mod ledger;
mod look;
pub mod outbox;
mod pending;
pub mod postgres;
mod ranges;
mod shared;
mod slots;
pub mod sqlite;
mod trace;
mod verify;

pub use fault::{KeyFault, StoreError, Unfinished, Untrusted};
pub use ledger::*;
pub use look::{Look, LookQuery};
pub use ranges::COUNTED;
pub use slots::Slots;
pub use trace::{Names, Trace, Traces};
pub use verify::{VerifyError, verify};
