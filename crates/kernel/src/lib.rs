//! The kernel: `decide` and `fold`, rights, deadlines, projections and the ledger's hashing.
//!
//! Pure: it reads no clock, draws no randomness and does no I/O. Everything it needs comes in as
//! values; everything it says goes out as values.

pub mod actor;
pub mod chain;
pub mod claims;
pub mod clocks;
pub mod command;
pub mod decide;
pub mod eval;
pub mod event;
pub mod example;
pub mod input;
pub mod keeping;
pub mod laws;
pub mod lineage;
pub mod merkle;
pub mod note;
pub mod notice;
pub mod number;
pub mod project;
pub mod proof;
pub mod receipt;
pub mod record;
pub mod recurs;
pub mod refusal;
pub mod rights;
mod rows;
pub mod share;
pub mod spread;
pub mod world;

pub use actor::{Acted, Actor, Post};
pub use chain::{Entry, Header};
pub use claims::Claim;
pub use command::{Command, Order, Raw};
pub use decide::{Case, Decision, decide, hindered, premature};
pub use event::{Deed, Event};
pub use laws::Laws;
pub use record::Record;
pub use refusal::{Fault, FieldFault, Refusal};
pub use world::World;
