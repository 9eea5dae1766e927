//! Archives: a whole county in one encrypted file, and a county moved from one database to another.
//!
//! An archive is an `age` file (any tool of that format opens it with the right identity). Inside, it
//! is a line that names the format, then frames: four bytes of length, canonical bytes, and the digest
//! that chains it to the frames before. The last frame is an end mark with counts and the log's root,
//! so that an archive that was cut off or changed is known before anything of it is believed. Lists
//! and figures are not in it: they are rebuilt.
//!
//! [`give`] turns a ledger into frames and [`Taker`] frames into a ledger. A backup puts a file between
//! them, a move nothing.

mod chain;
mod erasures;
mod frame;
mod give;
mod keys;
mod take;

use std::fmt;

use gongzhi_store::StoreError;

pub use chain::{FORMAT, Reader, Writer};
pub use erasures::ErasureList;
pub use frame::{Begin, End, Frame};
pub use give::{Given, give};
pub use keys::{Identity, Recipient, open, seal};
pub use take::{Erasures, TAKING, Taken, Taker};

/// Why an archive was not made or not taken in.
#[derive(Debug)]
pub enum ArchiveFault {
    Store(StoreError),
    /// A file could not be read or written.
    File(std::io::Error),
    /// The archive is cut off, changed, or no archive; what shows it.
    Damaged(String),
    /// It was written by a newer version in this format.
    Newer(u64),
    /// The target holds something already.
    NotEmpty(String),
    /// No identity opens it, or a recipient or identity is none.
    Locked(String),
    /// The master key is missing or another county's.
    Key(String),
    /// The source changed while it was moved.
    Moved,
}

impl fmt::Display for ArchiveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArchiveFault::Store(error) => error.fmt(f),
            ArchiveFault::File(error) => error.fmt(f),
            ArchiveFault::Damaged(what) => write!(f, "the archive is damaged: {what}; use another backup"),
            ArchiveFault::Newer(format) => {
                write!(
                    f,
                    "the archive was written by a newer version (format {format}): install that version"
                )
            }
            ArchiveFault::NotEmpty(what) => {
                write!(f, "the target holds {what} already: nothing was changed; choose an empty one")
            }
            ArchiveFault::Locked(why) | ArchiveFault::Key(why) => f.write_str(why),
            ArchiveFault::Moved => {
                f.write_str("the source went on while it was moved: stop its server and move it again")
            }
        }
    }
}

impl std::error::Error for ArchiveFault {}

impl From<StoreError> for ArchiveFault {
    fn from(error: StoreError) -> ArchiveFault {
        ArchiveFault::Store(error)
    }
}

impl From<std::io::Error> for ArchiveFault {
    fn from(error: std::io::Error) -> ArchiveFault {
        ArchiveFault::File(error)
    }
}
