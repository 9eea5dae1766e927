//! How the ledger hashes: each entry's header covers the digest of its salted body and the hash of
//! the entry before. The hash of a header is its RFC 6962 leaf hash, so that a Merkle log over the
//! same headers proves the same entries, and a body can be erased while the chain still verifies.
//!
//! Entries of format 2 bind their time as well: none lies before that of the entry before it. Those of format 1
//! were written before that rule; clocks of two machines and commands that overtook each other let their times go
//! back a little, which is tolerated up to [`LAG`]. Once an entry has format 2, all that follow have.

use std::collections::HashMap;

use gongzhi_base::canon::{Canon, Out, array, expect_array};
use gongzhi_base::{Digest, RecordId, Timestamp};
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::event::Event;

/// The public head of an entry: no content, only what binds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The format of entries: [`FORMAT`], or 1 in older ledgers.
    pub format: u8,
    /// The county's code: one ledger per county.
    pub county: String,
    /// Position in the ledger, counted from 0 without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub record: RecordId,
    pub revision: u64,
    /// Digest of salt and body.
    pub body: Digest,
    /// Leaf hash of the entry before; zeros at the beginning.
    pub previous: Digest,
}

impl Header {
    /// RFC 6962 leaf hash of the header's canonical bytes.
    pub fn hash(&self) -> Digest {
        leaf_hash(&self.to_bytes())
    }
}

/// The format of new entries.
pub const FORMAT: u8 = 2;
/// How far the time of an entry of format 1 may lie before the latest time of those before it, in milliseconds.
pub const LAG: i64 = 10 * 60_000;

/// RFC 6962 leaf hash: SHA-256 over 0x00 and the bytes.
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    let mut input = Vec::with_capacity(bytes.len() + 1);
    input.push(0);
    input.extend_from_slice(bytes);
    Digest::of(&input)
}

/// An entry as the store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub header: Header,
    pub hash: Digest,
    pub salt: [u8; 16],
    /// Canonical bytes of the [`Event`].
    pub body: Vec<u8>,
}

impl Entry {
    /// What happened; `None` when the body is not the one that the header binds.
    pub fn event(&self) -> Option<Event> {
        let header = &self.header;
        if body_digest(&self.salt, &self.body) != header.body {
            return None;
        }
        Event::from_bytes(&self.body).ok().filter(|event| {
            event.record == header.record && event.revision == header.revision && event.at == header.at
        })
    }
}

/// The end of the ledger: what the next entry continues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    pub hash: Digest,
}

impl Head {
    /// The head of an empty ledger.
    pub const EMPTY: Head = Head { size: 0, hash: Digest([0; 32]) };

    /// The next entry after this head, and the head after it.
    pub fn append(self, county: &str, event: &Event, salt: [u8; 16]) -> (Entry, Head) {
        let body = event.to_bytes();
        let header = Header {
            format: FORMAT,
            county: county.to_owned(),
            seq: self.size,
            at: event.at,
            record: event.record,
            revision: event.revision,
            body: body_digest(&salt, &body),
            previous: self.hash,
        };
        let hash = header.hash();
        (Entry { header, hash, salt, body }, Head { size: self.size + 1, hash })
    }

    /// Checks that an entry continues this head, and gives the head after it.
    pub fn verify(self, entry: &Entry) -> Result<Head, Broken> {
        let header = &entry.header;
        if header.seq != self.size {
            return Err(Broken { seq: self.size, what: What::Sequence });
        }
        if header.previous != self.hash || header.hash() != entry.hash {
            return Err(Broken { seq: self.size, what: What::Chain });
        }
        if entry.event().is_none() {
            return Err(Broken { seq: self.size, what: What::Body });
        }
        Ok(Head { size: self.size + 1, hash: entry.hash })
    }
}

/// The way along the entries: each continues the one before, times do not go back, and the revisions of
/// every record follow each other without a gap or a double.
#[derive(Clone, Debug)]
pub struct Walk {
    head: Head,
    /// Format and time of the last entry.
    last: Option<(u8, Timestamp)>,
    /// The latest time so far.
    latest: Option<Timestamp>,
    /// The last revision of each record passed.
    revisions: HashMap<RecordId, u64>,
    /// It began in the middle: records may have had entries before.
    middle: bool,
    times: bool,
}

impl Default for Walk {
    fn default() -> Walk {
        let revisions = HashMap::new();
        Walk { head: Head::EMPTY, last: None, latest: None, revisions, middle: false, times: true }
    }
}

impl Walk {
    /// A way that begins behind the entry with this header.
    pub fn behind(before: &Header) -> Walk {
        let head = Head { size: before.seq + 1, hash: before.hash() };
        let last = Some((before.format, before.at));
        Walk { head, last, latest: Some(before.at), middle: true, ..Walk::default() }
    }

    /// The same without regard to times: what is damaged by a false clock only must still be kept and restored.
    pub fn whenever(self) -> Walk {
        Walk { times: false, ..self }
    }

    /// The end so far.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Passes the next entry.
    pub fn pass(&mut self, entry: &Entry) -> Result<(), Broken> {
        let header = &entry.header;
        let head = self.head.verify(entry)?;
        let broken = |what| Err(Broken { seq: header.seq, what });
        let newer = self.last.is_none_or(|(format, _)| header.format >= format);
        let known = (1..=FORMAT).contains(&header.format);
        if self.times && !(newer && known && may_follow(header.format, header.at, self.last, self.latest)) {
            return broken(What::Time);
        }
        let next = match self.revisions.get(&header.record) {
            Some(last) => header.revision == last + 1,
            None => header.revision == 1 || self.middle && header.revision > 1,
        };
        if !next {
            return broken(What::Revision);
        }
        self.revisions.insert(header.record, header.revision);
        self.last = Some((header.format, header.at));
        self.latest = self.latest.max(Some(header.at));
        self.head = head;
        Ok(())
    }
}

fn may_follow(format: u8, at: Timestamp, last: Option<(u8, Timestamp)>, latest: Option<Timestamp>) -> bool {
    match format {
        1 => latest.is_none_or(|latest| at.0.saturating_add(LAG) >= latest.0),
        _ => last.is_none_or(|(_, last)| at >= last),
    }
}

impl Header {
    /// Whether this entry's time may stand right behind that of another, the one before it.
    pub fn may_follow(&self, before: &Header) -> bool {
        may_follow(self.format, self.at, Some((before.format, before.at)), Some(before.at))
    }
}

/// What a header holds of a body.
pub fn body_digest(salt: &[u8; 16], body: &[u8]) -> Digest {
    Digest::of_parts(&[salt, body])
}

/// Where a ledger does not verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    pub seq: u64,
    pub what: What,
}

/// What does not verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An entry is missing or out of order.
    Sequence,
    /// The header was changed or does not continue the one before.
    Chain,
    /// The content is not what the header binds.
    Body,
    /// The time lies before that of an entry before.
    Time,
    /// The revision is not the one that the record's entry before leads to.
    Revision,
}

impl Canon for Header {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 8);
        self.format.put(out);
        self.county.put(out);
        self.seq.put(out);
        self.at.put(out);
        self.record.put(out);
        self.revision.put(out);
        self.body.put(out);
        self.previous.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 8)?;
        Ok(Header {
            format: Canon::take(input)?,
            county: Canon::take(input)?,
            seq: Canon::take(input)?,
            at: Canon::take(input)?,
            record: Canon::take(input)?,
            revision: Canon::take(input)?,
            body: Canon::take(input)?,
            previous: Canon::take(input)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Acted;
    use crate::event::Deed;

    fn event(revision: u64) -> Event {
        Event {
            record: RecordId([3; 16]),
            mechanism: "m".into(),
            version: 1,
            revision,
            at: Timestamp(1_000),
            by: Acted::System,
            deed: Deed::Look { fields: vec!["phone".into()], purpose: "call back".into() },
        }
    }

    /// A ledger of entries with these formats, times in minutes, records and revisions.
    fn pass(entries: &[(u8, i64, u8, u64)]) -> Result<(), Broken> {
        let (mut walk, mut head) = (Walk::default(), Head::EMPTY);
        for (format, minutes, record, revision) in entries {
            let record = RecordId([*record; 16]);
            let event = Event { record, at: Timestamp(minutes * 60_000), ..event(*revision) };
            let (mut entry, _) = head.append("000000", &event, [1; 16]);
            entry.header.format = *format;
            entry.hash = entry.header.hash();
            walk.pass(&entry)?;
            head = walk.head();
        }
        Ok(())
    }

    #[test]
    fn times_do_not_go_back() {
        let time = |seq| Err(Broken { seq, what: What::Time });
        assert_eq!(pass(&[(2, 10, 1, 1), (2, 10, 2, 1), (2, 11, 1, 2)]), Ok(()));
        assert_eq!(pass(&[(2, 10, 1, 1), (2, 9, 2, 1)]), time(1));
        // Before format 2 clocks that disagreed a little are tolerated, one that was set back is not.
        assert_eq!(pass(&[(1, 20, 1, 1), (1, 12, 2, 1), (1, 10, 3, 1), (2, 10, 4, 1)]), Ok(()));
        assert_eq!(pass(&[(1, 20, 1, 1), (1, 12, 2, 1), (1, 9, 3, 1)]), time(2));
        assert_eq!(pass(&[(1, 20, 1, 1), (2, 19, 2, 1)]), time(1));
        assert_eq!(pass(&[(2, 10, 1, 1), (1, 10, 2, 1)]), time(1), "the older format is no way round");
        assert_eq!(pass(&[(3, 10, 1, 1)]), time(0));
    }

    #[test]
    fn revisions_follow_each_other() {
        let revision = |seq| Err(Broken { seq, what: What::Revision });
        assert_eq!(pass(&[(2, 1, 1, 1), (2, 1, 2, 1), (2, 1, 1, 2)]), Ok(()));
        assert_eq!(pass(&[(2, 1, 1, 2)]), revision(0));
        assert_eq!(pass(&[(2, 1, 1, 1), (2, 1, 1, 3)]), revision(1));
        assert_eq!(pass(&[(2, 1, 1, 1), (2, 1, 2, 1), (2, 1, 2, 1)]), revision(2));
    }

    #[test]
    fn any_changed_byte_is_found() {
        let (first, head) = Head::EMPTY.append("000000", &event(1), [1; 16]);
        let (second, end) = head.append("000000", &event(2), [2; 16]);
        assert_eq!(Head::EMPTY.verify(&first), Ok(head));
        assert_eq!(head.verify(&second), Ok(end));
        assert_eq!(Head::EMPTY.verify(&second).unwrap_err().what, What::Sequence);
        for at in 0..second.body.len() {
            let mut bad = second.clone();
            bad.body[at] ^= 1;
            assert_eq!(head.verify(&bad), Err(Broken { seq: 1, what: What::Body }), "byte {at}");
        }
        let mut bad = second.clone();
        bad.header.at = Timestamp(999);
        assert_eq!(head.verify(&bad).unwrap_err().what, What::Chain);
    }
}
