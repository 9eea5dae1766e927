//! Receipts: what a holder needs to prove, without asking anybody, that entries of a record are in
//! the log unaltered. Made by the service, checked here; the page in the browser checks the same.

use gongzhi_base::canon::{Canon, Out, array, expect_array};
use gongzhi_base::{Digest, RecordId, Timestamp};
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::chain::{Header, body_digest, leaf_hash};
use crate::event::Event;
use crate::note::{BadNote, Checkpoint, LogKey, Note, Signature, VerifierKey};
use crate::proof;

/// A receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    pub record: RecordId,
    /// The keys of the log as its maker names them; whoever checks should trust his own copy.
    pub keys: Vec<VerifierKey>,
    /// The signed checkpoint to which the proofs lead.
    pub checkpoint: Note,
    /// Entries of the record from its first on, without gaps.
    pub entries: Vec<Proven>,
    /// Canonical bytes of the [`Header`] of the entry before the first one, whose hash that one holds: the
    /// first cannot have been entered earlier than it.
    pub before: Option<Vec<u8>>,
    /// That the log only grew since an earlier checkpoint.
    pub earlier: Option<Earlier>,
}

/// An entry with its proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    pub seq: u64,
    /// Canonical bytes of the [`Header`].
    pub header: Vec<u8>,
    /// Salt and canonical bytes of the [`Event`], where the holder may see it. A salt without its content would
    /// help nobody but who wants to guess the content.
    pub body: Option<([u8; 16], Vec<u8>)>,
    /// Inclusion proof.
    pub path: Vec<Digest>,
}

/// A smaller log and the proof that the checkpoint's log continues it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Earlier {
    pub size: u64,
    pub root: Digest,
    pub path: Vec<Digest>,
}

/// What the checker brings along.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trust {
    /// Keys that the checker trusts. With none, the receipt's own are taken, and the result says so.
    pub keys: Vec<LogKey>,
    /// A checkpoint that the checker has from elsewhere: an older receipt, a witness, a newspaper.
    pub log: Option<Note>,
}

/// Why a receipt proves nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The checkpoint has not the form of one.
    Checkpoint,
    /// The checkpoint is of another log than the trusted keys'.
    Foreign { found: String, expected: String },
    /// The checker brought no key, and the receipt has none: the short form never has.
    NoKey,
    /// None of the trusted keys has signed.
    UnknownKey,
    /// A signature in the name of a trusted key is not by it.
    Forged,
    /// A trusted key has signed that signs for logs of `from` to `to` entries only, not for one of `size`.
    KeyRange { size: u64, from: u64, to: Option<u64> },
    /// There is no entry.
    Empty,
    /// An entry's head cannot be read or stands for another entry.
    Header { seq: u64 },
    /// An entry is of another record.
    Record { seq: u64 },
    /// Entries of the record are left out before this one.
    Gap { seq: u64 },
    /// The proof of an entry does not lead to the checkpoint.
    NotInLog { seq: u64 },
    /// An entry's content is not what was entered.
    Body { seq: u64 },
    /// What is given as the head of the entry before is not that of the entry before.
    Before { seq: u64 },
    /// An entry's time lies before that of an entry before.
    Time { seq: u64 },
    /// The log is not the continuation of the earlier one.
    Rewritten { size: u64 },
    /// The checker's own checkpoint is of another size, and the receipt holds no proof between both.
    Incomparable { size: u64, own: u64 },
}

/// What a receipt proves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    pub record: RecordId,
    pub checkpoint: Checkpoint,
    /// The keys that signed.
    pub signers: Vec<VerifierKey>,
    /// Whether these keys come from the receipt itself: then all hangs on whoever handed it over.
    pub own_keys: bool,
    pub entries: Vec<Seen>,
    /// When the entry before the first one was entered: the first one came then or later.
    pub after: Option<Timestamp>,
    /// Size of the earlier log that was continued.
    pub since: Option<u64>,
}

/// A proven entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub seq: u64,
    pub at: Timestamp,
    pub revision: u64,
    /// What happened, where the receipt shows it.
    pub event: Option<Event>,
}

/// Reads the signed checkpoint with trusted keys.
fn checkpoint<'k>(note: &Note, keys: &'k [LogKey]) -> Result<(Checkpoint, Vec<&'k VerifierKey>), Fault> {
    let point = Checkpoint::read(&note.text).map_err(|_| Fault::Checkpoint)?;
    // A log's keys bear its name.
    let first = keys.first().ok_or(Fault::NoKey)?;
    if !keys.iter().any(|known| known.key.name == point.origin) {
        return Err(Fault::Foreign { found: point.origin, expected: first.key.name.clone() });
    }
    note.checkpoint(keys).map_err(|bad| match bad {
        BadNote::Forged => Fault::Forged,
        BadNote::UnknownKey => Fault::UnknownKey,
        BadNote::Malformed => Fault::Checkpoint,
        BadNote::KeyRange { size, from, to } => Fault::KeyRange { size, from, to },
    })
}

impl Receipt {
    /// Checks everything.
    pub fn verify(&self, trust: &Trust) -> Result<Verified, Fault> {
        let own_keys = trust.keys.is_empty();
        let own: Vec<LogKey> = self.keys.iter().cloned().map(LogKey::from).collect();
        let keys = if own_keys { &own } else { &trust.keys };
        let (point, signers) = checkpoint(&self.checkpoint, keys)?;
        if self.entries.is_empty() {
            return Err(Fault::Empty);
        }
        let mut seen = Vec::with_capacity(self.entries.len());
        let mut last: Option<Header> = None;
        for (entry, revision) in self.entries.iter().zip(1..) {
            let (header, event) = entry.verify(self.record, revision, &point)?;
            if last.is_some_and(|last| header.seq <= last.seq || !header.may_follow(&last)) {
                return Err(Fault::Time { seq: header.seq });
            }
            seen.push(Seen { seq: header.seq, at: header.at, revision, event });
            last = Some(header);
        }
        let after = self.before()?;
        if let Some(earlier) = &self.earlier {
            let (old, new) = ((earlier.size, earlier.root), (point.size, point.root));
            if !proof::continues(old, new, &earlier.path) {
                return Err(Fault::Rewritten { size: earlier.size });
            }
        }
        if let Some(note) = &trust.log {
            self.compare(&point, &checkpoint(note, keys)?.0)?;
        }
        let since = trust.log.as_ref().and_then(|note| Checkpoint::read(&note.text).ok()).map(|log| log.size);
        let since = since.or(self.earlier.as_ref().map(|earlier| earlier.size));
        let signers = signers.into_iter().cloned().collect();
        let (record, entries) = (self.record, seen);
        Ok(Verified { record, checkpoint: point, signers, own_keys, entries, after, since })
    }

    /// The time of the entry before the first one, which binds it. The first one is proven.
    fn before(&self) -> Result<Option<Timestamp>, Fault> {
        let (Some(bytes), Some(first)) = (&self.before, self.entries.first()) else { return Ok(None) };
        let fault = Fault::Before { seq: first.seq };
        let Ok(header) = Header::from_bytes(&first.header) else { return Err(fault) };
        let before = Header::from_bytes(bytes).ok().filter(|before| {
            before.to_bytes() == *bytes && before.hash() == header.previous && before.seq + 1 == header.seq
        });
        let before = before.ok_or(fault)?;
        if !header.may_follow(&before) {
            return Err(Fault::Time { seq: first.seq });
        }
        Ok(Some(before.at))
    }

    /// The receipt's log against the one that the checker knows.
    fn compare(&self, point: &Checkpoint, log: &Checkpoint) -> Result<(), Fault> {
        let known = match &self.earlier {
            Some(earlier) if earlier.size == log.size => earlier.root,
            _ if point.size == log.size => point.root,
            _ => return Err(Fault::Incomparable { size: point.size, own: log.size }),
        };
        if known == log.root { Ok(()) } else { Err(Fault::Rewritten { size: log.size }) }
    }
}

impl Proven {
    fn verify(
        &self,
        record: RecordId,
        revision: u64,
        point: &Checkpoint,
    ) -> Result<(Header, Option<Event>), Fault> {
        let seq = self.seq;
        let header = Header::from_bytes(&self.header).map_err(|_| Fault::Header { seq })?;
        // One form only: other bytes for the same header would have another hash.
        if header.seq != seq || header.to_bytes() != self.header {
            return Err(Fault::Header { seq });
        }
        let leaf = leaf_hash(&self.header);
        if !proof::includes(leaf, seq, point.size, &self.path, point.root) {
            return Err(Fault::NotInLog { seq });
        }
        if header.record != record {
            return Err(Fault::Record { seq });
        }
        if header.revision != revision {
            return Err(Fault::Gap { seq });
        }
        let event = match &self.body {
            None => None,
            Some((salt, body)) => {
                let event = Event::from_bytes(body).map_err(|_| Fault::Body { seq })?;
                let bound = event.record == record && event.revision == revision && event.at == header.at;
                if !bound || body_digest(salt, body) != header.body {
                    return Err(Fault::Body { seq });
                }
                Some(event)
            }
        };
        Ok((header, event))
    }
}

/// The short form of a receipt for a QR code: its first entry, proven, without the content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compact {
    pub checkpoint: Checkpoint,
    /// Signatures under the log's own name.
    pub signatures: Vec<([u8; 4], Vec<u8>)>,
    pub header: Vec<u8>,
    /// Header of the entry before it.
    pub before: Option<Vec<u8>>,
    pub path: Vec<Digest>,
}

impl Compact {
    /// The short form; `None` for a receipt without entries or of a faulty checkpoint.
    pub fn of(receipt: &Receipt) -> Option<Compact> {
        let checkpoint = Checkpoint::read(&receipt.checkpoint.text).ok()?;
        // What the short form cannot hold would not verify again.
        if checkpoint.text() != receipt.checkpoint.text {
            return None;
        }
        let first = receipt.entries.first()?;
        let lines = receipt.checkpoint.signatures.iter().filter(|line| line.name == checkpoint.origin);
        Some(Compact {
            signatures: lines.map(|line| (line.id, line.bytes.clone())).collect(),
            checkpoint,
            header: first.header.clone(),
            before: receipt.before.clone(),
            path: first.path.clone(),
        })
    }

    /// The receipt again, as far as the short form holds it.
    pub fn receipt(&self) -> Option<Receipt> {
        let header = Header::from_bytes(&self.header).ok()?;
        let signatures = self.signatures.iter().map(|(id, bytes)| Signature {
            name: self.checkpoint.origin.clone(),
            id: *id,
            bytes: bytes.clone(),
        });
        Some(Receipt {
            record: header.record,
            keys: Vec::new(),
            checkpoint: Note { text: self.checkpoint.text(), signatures: signatures.collect() },
            entries: vec![Proven {
                seq: header.seq,
                header: self.header.clone(),
                body: None,
                path: self.path.clone(),
            }],
            before: self.before.clone(),
            earlier: None,
        })
    }

    /// As digits, which a QR code packs nearly as tightly as bytes and every address may hold:
    /// 7 bytes are 17 digits.
    pub fn digits(&self) -> String {
        Compact::in_digits(&self.to_bytes())
    }

    /// Bytes as digits.
    pub fn in_digits(bytes: &[u8]) -> String {
        let mut out = String::new();
        for chunk in bytes.chunks(7) {
            let number = chunk.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            out.push_str(&format!("{number:0width$}", width = DIGITS[chunk.len()]));
        }
        out
    }

    /// Reads digits.
    pub fn read(digits: &str) -> Option<Compact> {
        let mut bytes = Vec::new();
        for chunk in digits.as_bytes().chunks(DIGITS[7]) {
            let len = DIGITS.iter().position(|width| *width == chunk.len())?;
            let text =
                std::str::from_utf8(chunk).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
            let number: u64 = text.parse().ok()?;
            let all = number.to_be_bytes();
            if all[..8 - len].iter().any(|byte| *byte != 0) {
                return None;
            }
            bytes.extend(&all[8 - len..]);
        }
        Compact::from_bytes(&bytes).ok()
    }
}

/// Digits that hold so many bytes.
const DIGITS: [usize; 8] = [0, 3, 5, 8, 10, 13, 15, 17];

/// The form of short receipts. The first one held a salt where the header of the entry before stands now.
const FORM: u8 = 2;

impl Canon for Compact {
    fn put(&self, out: &mut Out<'_>) {
        let bytes = |out: &mut Out<'_>, bytes: &[u8]| gongzhi_base::canon::ok(out.bytes(bytes));
        array(out, 8);
        FORM.put(out);
        self.checkpoint.origin.put(out);
        self.checkpoint.size.put(out);
        self.checkpoint.root.put(out);
        array(out, self.signatures.len());
        for (id, signature) in &self.signatures {
            bytes(out, &[id.as_slice(), signature].concat());
        }
        bytes(out, &self.header);
        bytes(out, self.before.as_deref().unwrap_or_default());
        bytes(out, &self.path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>());
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 8)?;
        let form = input.u8()?;
        if !(1..=FORM).contains(&form) {
            return Err(Error::message("another form of short receipts"));
        }
        let checkpoint =
            Checkpoint { origin: Canon::take(input)?, size: Canon::take(input)?, root: Canon::take(input)? };
        let count = input.array()?.ok_or(Error::message("an array without length"))?;
        let mut signatures = Vec::new();
        for _ in 0..count {
            let (id, signature) =
                input.bytes()?.split_first_chunk::<4>().ok_or(Error::message("a short signature"))?;
            signatures.push((*id, signature.to_vec()));
        }
        let header = input.bytes()?.to_vec();
        let before = Some(input.bytes()?.to_vec()).filter(|bytes| form > 1 && !bytes.is_empty());
        let (path, rest) = input.bytes()?.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(Error::message("bytes of another length"));
        }
        let path = path.iter().map(|hash| Digest(*hash)).collect();
        Ok(Compact { checkpoint, signatures, header, before, path })
    }
}

#[cfg(test)]
mod tests;
