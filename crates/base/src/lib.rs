//! Foundations shared by every crate: identifiers, dates and the working-day calendar, official
//! codes, typed values, and the canonical encoding with its digests.
//!
//! Nothing here reads a clock, draws randomness or does I/O.

pub mod calendar;
pub mod canon;
pub mod code;
pub mod dayrule;
pub mod id;
pub mod lang;
pub mod span;
pub mod time;
pub mod value;
pub mod words;

pub use calendar::Calendar;
/// A short text that is copied often: up to 24 bytes need no memory of their own.
pub use compact_str::CompactString as Short;
/// [`format!`] into a [`Short`].
pub use compact_str::format_compact as format_short;
pub use id::{CommandId, Digest, RecordId};
pub use jiff::civil::Date;
pub use lang::{Lang, Words};
pub use span::{Span, Unit};
pub use time::{Timestamp, Zone};
pub use value::{FileRef, Point, Value};
