//! How the ledger hashes: each entry's header covers the digest of its salted body and the hash of
//! the entry before. The hash of a header is its RFC 6962 leaf hash, so that a Merkle log over the
//! same headers proves the same entries, and a body can be erased while the chain still verifies.

use gongzhi_base::canon::{Canon, Out, array, expect_array};
use gongzhi_base::{Digest, RecordId, Timestamp};
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::event::Event;

/// The public head of an entry: no content, only what binds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The format of entries, 1.
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
            format: 1,
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
        if body_digest(&entry.salt, &entry.body) != header.body {
            return Err(Broken { seq: self.size, what: What::Body });
        }
        let bound = Event::from_bytes(&entry.body).is_ok_and(|event| {
            event.record == header.record && event.revision == header.revision && event.at == header.at
        });
        if !bound {
            return Err(Broken { seq: self.size, what: What::Body });
        }
        Ok(Head { size: self.size + 1, hash: entry.hash })
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
