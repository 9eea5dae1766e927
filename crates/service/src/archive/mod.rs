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
pub use erasures::{ErasureList, listed};
pub use frame::{Begin, End, Frame};
pub use give::{Given, give};
pub use keys::{Identity, Recipient, open, seal};
pub use take::{Erasures, TAKING, Taken, Taker};

/// Why an archive was not made or not taken in. Shown, it is for logs; the commands have their own words.
#[derive(Debug)]
pub enum ArchiveFault {
    Store(StoreError),
    /// A file could not be read or written.
    File(std::io::Error),
    /// The archive is cut off, changed, or no archive; what shows it.
    Damaged(String),
    /// The list of erasures is cut off, changed, or none; what shows it. Nothing is wrong with any archive.
    List(String),
    /// The list of erasures is of another county, by their codes.
    OtherList {
        held: String,
        list: String,
    },
    /// It was written by a newer version in this format.
    Newer(u64),
    /// The target holds a county already, with so many entries.
    NotEmpty(u64),
    /// What was given is no recipient.
    NoRecipient(String),
    /// The file holds no identity.
    NoIdentity,
    /// None of the identities opens it.
    Locked,
    /// The archive holds no master key, and none was given.
    NoKey,
    /// The source changed while it was moved.
    Moved,
}

impl fmt::Display for ArchiveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArchiveFault::Store(error) => error.fmt(f),
            ArchiveFault::File(error) => error.fmt(f),
            ArchiveFault::Damaged(what) => write!(f, "the archive is damaged: {what}"),
            ArchiveFault::List(what) => write!(f, "the list of erasures {what}"),
            ArchiveFault::OtherList { held, list } => {
                write!(f, "the list of erasures is of county {list}, not of {held}")
            }
            ArchiveFault::Newer(format) => write!(f, "the archive has the newer format {format}"),
            ArchiveFault::NotEmpty(entries) => write!(f, "the target holds a county with {entries} entries"),
            ArchiveFault::NoRecipient(given) => write!(f, "`{given}` is no recipient"),
            ArchiveFault::NoIdentity => f.write_str("the file holds no identity"),
            ArchiveFault::Locked => f.write_str("the archive is encrypted to other recipients"),
            ArchiveFault::NoKey => f.write_str("the archive holds no master key, and none was given"),
            ArchiveFault::Moved => f.write_str("the source went on while it was moved"),
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
