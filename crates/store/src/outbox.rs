//! What is told to people: notices in the application, and messages that leave the product.
//!
//! Notices come into being in the transaction of the entries that tell them. Messages are made of
//! them afterwards, once, by whichever node comes first, and are sent at least once under a lasting
//! identifier. Nothing here is derived: a rebuild leaves it as it is. Nothing here is personal: texts
//! hold no personal field, and people's addresses are sealed.

use std::fmt;
use std::str::FromStr;

use gongzhi_base::{Digest, RecordId, Timestamp, Words};
use gongzhi_kernel::notice::Notice;

use crate::StoreError;

/// A notice's place: the sequence of the entry that tells it, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark {
    pub seq: u64,
    pub n: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.n)
    }
}

/// A text that is no place of a notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Mark, NoMark> {
        let (seq, n) = text.split_once('-').ok_or(NoMark)?;
        // No ledger grows beyond what its database can count.
        let seq = seq.parse().ok().filter(|seq| *seq <= i64::MAX as u64).ok_or(NoMark)?;
        Ok(Mark { seq, n: n.parse().map_err(|_| NoMark)? })
    }
}

/// A notice as one person has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    pub mark: Mark,
    pub read: bool,
    pub record: RecordId,
    pub mechanism: String,
    pub rule: String,
    pub at: Timestamp,
    pub text: Words,
}

/// How a person wants to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choices {
    pub person: String,
    /// Channels and addresses, sealed by the service.
    pub sealed: Vec<u8>,
    /// When the next digest goes out; `None` for no digest.
    pub digest: Option<Timestamp>,
    /// The digests have told everything before this entry.
    pub told: u64,
    /// Digest of the secret in the address of the person's calendar.
    pub feed: Option<Digest>,
}

/// A way out of the product.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    Mail,
    Hook,
}

/// Something to be sent to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The same however often it is sent.
    pub id: Digest,
    pub person: String,
    pub channel: Channel,
    pub subject: String,
    pub text: String,
    /// Path of the page that it is about.
    pub link: String,
    pub made: Timestamp,
    /// When it may be taken next.
    pub due: Timestamp,
    /// How often it has been taken; tells one taker from the next.
    pub tries: u32,
    /// What went wrong the last time.
    pub error: String,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    Sent,
    /// Try again then.
    Again {
        due: Timestamp,
        error: String,
    },
    /// Given up: a dead letter.
    Dead {
        error: String,
    },
    /// Nobody wants it any more.
    Dropped,
}

/// What was decided about a dead letter, kept for good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    pub message: Digest,
    pub at: Timestamp,
    /// The administrator.
    pub by: String,
    /// Sent again (`true`) or thrown away.
    pub again: bool,
    /// To whom it was addressed, about what, and why it could not be sent.
    pub person: String,
    pub channel: Channel,
    pub subject: String,
    pub error: String,
}

/// How many messages there are; each counted up to 1,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    pub waiting: u64,
    pub dead: u64,
}

/// What a ledger keeps beside its entries for those who are to be told.
pub trait Outbox: Send + Sync {
    /// A person's read or unread notices, newest first, before a mark.
    fn notices(
        &self,
        person: &str,
        read: bool,
        before: Option<Mark>,
        limit: u32,
    ) -> Result<Vec<Told>, StoreError>;
    /// How many are unread, up to 100.
    fn unread(&self, person: &str) -> Result<u64, StoreError>;
    /// One notice of a person.
    fn notice(&self, person: &str, mark: Mark) -> Result<Option<Told>, StoreError>;
    /// Marks a person's notice as read, or all of them up to one (`all`).
    fn read(&self, person: &str, mark: Mark, all: bool) -> Result<(), StoreError>;
    /// Deletes notices told by entries before this one, for everybody, at most so many; how many went.
    fn forget(&self, before: u64, limit: u32) -> Result<u32, StoreError>;

    /// From which entry on notices wait to be made into messages, and the first of them.
    fn unspread(&self, limit: u32) -> Result<(u64, Vec<(Mark, Notice)>), StoreError>;
    /// Notices up to before an entry have been made into these messages. `false` when another node
    /// came first: then nothing is written.
    fn spread(&self, from: u64, to: u64, messages: &[Message]) -> Result<bool, StoreError>;

    /// A person's choices.
    fn choices(&self, person: &str) -> Result<Option<Choices>, StoreError>;
    /// Writes or replaces them.
    fn put_choices(&self, choices: &Choices) -> Result<(), StoreError>;
    /// Whose calendar has this secret.
    fn by_feed(&self, feed: Digest) -> Result<Option<String>, StoreError>;
    /// Choices whose digest is due by then, the oldest first.
    fn digests(&self, until: Timestamp, limit: u32) -> Result<Vec<Choices>, StoreError>;
    /// A person's digest was made: the next one, and what has been told. `false` when it was not due
    /// at `expect` any more: then nothing is written.
    fn put_digest(
        &self,
        person: &str,
        expect: Timestamp,
        next: Option<Timestamp>,
        told: u64,
        messages: &[Message],
    ) -> Result<bool, StoreError>;

    /// Adds a message; one of the same identifier is left as it is.
    fn put_message(&self, message: &Message) -> Result<(), StoreError>;
    /// Takes messages that are due, the oldest first. Until `until` nobody else gets them.
    fn take(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Message>, StoreError>;
    /// How attempts ended: by message and the `tries` under which it was taken. Whoever took it too
    /// long ago changes nothing any more.
    fn settle(&self, attempts: &[(Digest, u32, Attempt)]) -> Result<(), StoreError>;
    /// Dead letters, newest first, made before a time.
    fn dead_letters(
        &self,
        before: Option<(Timestamp, Digest)>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError>;
    /// One dead letter.
    fn dead_letter(&self, id: Digest) -> Result<Option<Message>, StoreError>;
    /// Sends a dead letter again or throws it away, and keeps who decided. `false` when there is no
    /// such dead letter (any more).
    fn decide(&self, decision: &Decision) -> Result<bool, StoreError>;
    /// The newest decisions.
    fn decisions(&self, limit: u32) -> Result<Vec<Decision>, StoreError>;
    /// How many messages there are.
    fn waiting(&self) -> Result<Waiting, StoreError>;
}
