//! Verification of a whole ledger, entry by entry.

use std::fmt;

use gongzhi_kernel::chain::{Broken, Head, Walk, What};
use gongzhi_kernel::merkle::{Frontier, Node};

use crate::{Ledger, StoreError};

/// Entries read at once.
const PAGE: u32 = 1_000;

/// Why a ledger does not verify.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VerifyError {
    /// The entries could not be read.
    Store(StoreError),
    /// An entry is not what the chain binds.
    Broken(Broken),
    /// A hash kept of the Merkle log is not that of the entries below it.
    Node { level: u8, index: u64 },
    /// The entries end before or after the stored head.
    End { found: Head, stored: Head },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Store(error) => error.fmt(f),
            VerifyError::Broken(Broken { seq, what }) => match what {
                What::Sequence => write!(f, "entry {seq} is missing or out of order"),
                What::Chain => write!(f, "entry {seq} does not continue the entry before"),
                What::Body => write!(f, "entry {seq} does not hold what its header binds"),
                What::Time => write!(f, "entry {seq} is dated before an entry before it"),
                What::Revision => {
                    write!(
                        f,
                        "entry {seq} is not the next revision of its record: one is missing or there twice"
                    )
                }
            },
            VerifyError::Node { level, index } => {
                write!(f, "hash {index} of level {level} is not that of its entries: run `gongzhi rebuild`")
            }
            VerifyError::End { found, stored } => {
                write!(f, "the ledger holds {} entries, its head names {}", found.size, stored.size)
            }
        }
    }
}

impl std::error::Error for VerifyError {}

/// Walks all entries from the first and checks that each continues the one before and holds what
/// its header binds, that no time goes back and no revision is missing or doubled, and that the hashes kept of the
/// Merkle log are theirs. `progress` hears how many were checked, after each page. Gives the head.
///
/// Entries appended while it walks are checked too; the walk ends at the first moment without more.
pub fn verify(ledger: &dyn Ledger, progress: &mut dyn FnMut(u64)) -> Result<Head, VerifyError> {
    let (mut walk, mut edge) = (Walk::default(), Frontier::default());
    loop {
        let stored = ledger.head().map_err(VerifyError::Store)?;
        let page = ledger.entries(walk.head().size, PAGE).map_err(VerifyError::Store)?;
        for entry in &page {
            walk.pass(entry).map_err(VerifyError::Broken)?;
            for node in edge.push(entry.hash) {
                kept(ledger, node)?;
            }
        }
        let head = walk.head();
        progress(head.size);
        if page.len() < PAGE as usize {
            let end = head.size == stored.size && head.hash == stored.hash;
            // Another writer may have added entries between the two questions.
            let grew = head.size > stored.size && ledger.head().map_err(VerifyError::Store)? == head;
            return if end || grew { Ok(head) } else { Err(VerifyError::End { found: head, stored }) };
        }
    }
}

/// Compares a hash that the entries make with the one kept.
fn kept(ledger: &dyn Ledger, Node { level, index, hash }: Node) -> Result<(), VerifyError> {
    let kept = ledger.nodes(level, index, 1).map_err(VerifyError::Store)?;
    if kept == [hash] { Ok(()) } else { Err(VerifyError::Node { level, index }) }
}
