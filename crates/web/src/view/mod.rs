//! Pages as plain data.
//!
//! One struct per page, each an askama template under `templates/`. They hold display data only (strings, flags, lists), so a handler
//! fills them from a use case and renders; no page computes a rule, a right or a date. Every struct reads from JSON as well: the sample
//! pages in `web/shots/samples` are such files, rendered in every language by `examples/render_pages.rs` and by the tests.
//!
//! Texts of the interface come from [`crate::i18n`]; labels of fields, steps and kinds come from mechanism documents, already in the
//! reader's language.

mod account;
mod burden;
mod chart;
mod desk;
mod errors;
mod field;
mod figures;
mod form;
pub mod format;
mod icons;
mod lists;
mod log;
mod notices;
mod public;
mod record;
mod resident;
mod rounds;
pub mod sample;
mod sheets;
mod shell;
mod why;

pub use account::*;
pub use burden::*;
pub use chart::*;
pub use desk::*;
pub use errors::*;
pub use field::*;
pub use figures::*;
pub use form::*;
pub use lists::*;
pub use log::*;
pub use notices::*;
pub use public::*;
pub use record::*;
pub use resident::*;
pub use rounds::*;
pub use sheets::*;
pub use shell::*;
pub use why::*;

#[cfg(test)]
mod tests;
