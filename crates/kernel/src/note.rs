//! Signed notes and checkpoints of the log, in the public forms C2SP `signed-note` and
//! `tlog-checkpoint`, so that any witness or monitor of such logs can follow this one.
//!
//! A note is a text, an empty line, and a line for each signature: `— name base64(id ‖ signature)`.
//! Only Ed25519 (signature type 1) is made and checked here; signatures of other keys are carried.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use gongzhi_base::Digest;

/// The signature type of plain Ed25519.
const ED25519: u8 = 1;
/// Longest note read, in bytes: a checkpoint with hundreds of signatures is far below it.
const LONGEST: usize = 100_000;
/// Most signatures looked at.
const MOST: usize = 100;

/// Why a text is no note, key or checkpoint, or why no signature counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadNote {
    /// It has not the form.
    Malformed,
    /// It is signed by none of the keys that are trusted.
    UnknownKey,
    /// A signature under a trusted key's name and identifier is not by that key.
    Forged,
    /// A key of the log signed a checkpoint of `size` entries, but signs for `from` to `to` entries only: before
    /// that it was not in use yet, after that it was retired.
    KeyRange { size: u64, from: u64, to: Option<u64> },
}

impl fmt::Display for BadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadNote::Malformed => "not in the form of a signed note",
            BadNote::UnknownKey => "signed by none of the trusted keys",
            BadNote::Forged => "a signature is not by the key it names",
            BadNote::KeyRange { .. } => "signed by a key that does not sign for a log of this size",
        })
    }
}

impl std::error::Error for BadNote {}

/// A public key with its name: `name+hexid+base64(type ‖ key)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    pub name: String,
    /// Ed25519 public key.
    pub key: [u8; 32],
}

fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}

impl VerifierKey {
    /// The identifier by which signature lines name the key.
    pub fn id(&self) -> [u8; 4] {
        let mut input = self.name.clone().into_bytes();
        input.extend([b'\n', ED25519]);
        input.extend(self.key);
        let digest = Digest::of(&input).0;
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// Whether the key's signature over a text is this one.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.key) else { return false };
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        key.verify_strict(text.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.id();
        let mut bytes = vec![ED25519];
        bytes.extend(self.key);
        write!(f, "{}+{a:02x}{b:02x}{c:02x}{d:02x}+{}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = BadNote;

    fn from_str(text: &str) -> Result<VerifierKey, BadNote> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadNote::Malformed);
        };
        let bytes = STANDARD.decode(key).map_err(|_| BadNote::Malformed)?;
        let (Some((&ED25519, key)), true) = (bytes.split_first(), good_name(name)) else {
            return Err(BadNote::Malformed);
        };
        let key = key.try_into().map_err(|_| BadNote::Malformed)?;
        let found = VerifierKey { name: name.to_owned(), key };
        // Written again it must be the same text: the identifier fits, and nothing is spelt twice.
        if VerifyingKey::from_bytes(&found.key).is_err() || found.to_string() != text || id.len() != 8 {
            return Err(BadNote::Malformed);
        }
        Ok(found)
    }
}

/// A key of a log, and for which sizes of the log it signs. What a retired key signs for a larger log counts for
/// nothing: its secret half may be in anybody's hands by then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogKey {
    pub key: VerifierKey,
    /// Size of the log when it began to sign.
    pub from: u64,
    /// Largest size of the log that it signed; `None` while it signs.
    pub to: Option<u64>,
}

impl LogKey {
    /// Whether it signs for a log of this size.
    pub fn signs(&self, size: u64) -> bool {
        self.from <= size && self.to.is_none_or(|to| size <= to)
    }
}

impl From<VerifierKey> for LogKey {
    /// A key of which nothing else is known: it signs for all sizes.
    fn from(key: VerifierKey) -> LogKey {
        LogKey { key, from: 0, to: None }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.key, self.from)?;
        match self.to {
            Some(to) => write!(f, "{to}"),
            None => f.write_str("-"),
        }
    }
}

impl FromStr for LogKey {
    type Err = BadNote;

    /// A line of a list: the verifier key, and where they are known the sizes; `-` for a key that still signs.
    /// Words behind are left out.
    fn from_str(line: &str) -> Result<LogKey, BadNote> {
        let size = |word: &str| {
            let digits = word.bytes().all(|byte| byte.is_ascii_digit());
            word.parse().ok().filter(|_| digits).ok_or(BadNote::Malformed)
        };
        let mut words = line.split_whitespace();
        let key = words.next().ok_or(BadNote::Malformed)?.parse()?;
        let from = words.next().map_or(Ok(0), size)?;
        let to = words.next().filter(|word| *word != "-").map(size).transpose()?;
        Ok(LogKey { key, from, to })
    }
}

/// A key that signs, with its name.
pub struct SignerKey {
    pub name: String,
    key: SigningKey,
}

impl SignerKey {
    /// The key of a 32-byte Ed25519 seed.
    pub fn new(name: String, seed: &[u8; 32]) -> SignerKey {
        SignerKey { name, key: SigningKey::from_bytes(seed) }
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key().to_bytes() }
    }
}

/// A line of a note's end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub name: String,
    pub id: [u8; 4],
    /// The signature proper, of 64 bytes for Ed25519.
    pub bytes: Vec<u8>,
}

/// A text with its signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Ends in a newline, which is signed as well.
    pub text: String,
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text, which must end in a newline, with every key.
    pub fn sign(text: String, keys: &[SignerKey]) -> Note {
        let signatures = keys.iter().map(|key| Signature {
            name: key.name.clone(),
            id: key.verifier().id(),
            bytes: key.key.sign(text.as_bytes()).to_bytes().to_vec(),
        });
        Note { signatures: signatures.collect(), text }
    }

    /// Which of these keys signed it. None of them, or a false signature in the name of one, is an error.
    pub fn signers<'k>(
        &self,
        trusted: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<&'k VerifierKey>, BadNote> {
        let trusted: Vec<&VerifierKey> = trusted.into_iter().collect();
        let mut found: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let Some(key) = trusted.iter().find(|key| key.name == line.name && key.id() == line.id) else {
                continue;
            };
            let key = *key;
            if !key.verifies(&self.text, &line.bytes) {
                return Err(BadNote::Forged);
            }
            if !found.contains(&key) {
                found.push(key);
            }
        }
        if found.is_empty() { Err(BadNote::UnknownKey) } else { Ok(found) }
    }

    /// The checkpoint that the note holds, and which of these keys of its log signed it. Keys of other logs count
    /// for nothing; a key that does not sign for a log of this size is an error like a false signature.
    pub fn checkpoint<'k>(
        &self,
        trusted: &'k [LogKey],
    ) -> Result<(Checkpoint, Vec<&'k VerifierKey>), BadNote> {
        let point = Checkpoint::read(&self.text)?;
        let own = || trusted.iter().filter(|known| known.key.name == point.origin);
        let signers = self.signers(own().map(|known| &known.key))?;
        // The same key may be known from several lists.
        let fits = |signer: &VerifierKey| own().any(|known| known.key == *signer && known.signs(point.size));
        let outside = signers.iter().find(|signer| !fits(signer));
        if let Some(known) = outside.and_then(|signer| own().find(|known| known.key == **signer)) {
            return Err(BadNote::KeyRange { size: point.size, from: known.from, to: known.to });
        }
        Ok((point, signers))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let mut bytes = line.id.to_vec();
            bytes.extend(&line.bytes);
            writeln!(f, "— {} {}", line.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = BadNote;

    fn from_str(note: &str) -> Result<Note, BadNote> {
        let control = note.chars().any(|c| c < ' ' && c != '\n');
        if note.len() > LONGEST || control {
            return Err(BadNote::Malformed);
        }
        let at = note.rfind("\n\n").ok_or(BadNote::Malformed)?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(BadNote::Malformed)?;
        let signatures: Result<Vec<Signature>, BadNote> = lines.split('\n').map(signature).collect();
        match signatures {
            Ok(signatures) if signatures.len() <= MOST => Ok(Note { text: text.to_owned(), signatures }),
            _ => Err(BadNote::Malformed),
        }
    }
}

fn signature(line: &str) -> Result<Signature, BadNote> {
    let rest = line.strip_prefix("— ").ok_or(BadNote::Malformed)?;
    let (name, bytes) = rest.split_once(' ').ok_or(BadNote::Malformed)?;
    let bytes = STANDARD.decode(bytes).map_err(|_| BadNote::Malformed)?;
    match bytes.split_first_chunk::<4>() {
        Some((id, bytes)) if good_name(name) && !bytes.is_empty() => {
            Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
        }
        _ => Err(BadNote::Malformed),
    }
}

/// What a log says of itself: so many entries, and this root over them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Digest,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, root_text(&self.root))
    }

    /// Reads a note's text; lines that the form leaves to others may follow.
    pub fn read(text: &str) -> Result<Checkpoint, BadNote> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(digits), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(BadNote::Malformed);
        };
        let size: u64 = digits.parse().map_err(|_| BadNote::Malformed)?;
        let root = STANDARD.decode(root).map_err(|_| BadNote::Malformed)?;
        let root: [u8; 32] = root.try_into().map_err(|_| BadNote::Malformed)?;
        // No leading zero or sign, and the root's line is ended.
        if origin.is_empty() || size.to_string() != digits || lines.next().is_none() {
            return Err(BadNote::Malformed);
        }
        Ok(Checkpoint { origin: origin.to_owned(), size, root: Digest(root) })
    }
}

/// A root of the log as checkpoints write it, in base64: the one form in which people are shown it.
pub fn root_text(root: &Digest) -> String {
    STANDARD.encode(root.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the Go project's module `golang.org/x/mod/sumdb/note`, which others test with.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const SIGNED: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn published() -> String {
        format!("{TEXT}\n{SIGNED}")
    }

    fn peter() -> SignerKey {
        let bytes = STANDARD.decode(SEED).expect("base64");
        SignerKey::new("PeterNeumann".into(), bytes[1..].try_into().expect("32 bytes"))
    }

    #[test]
    fn the_published_note_verifies_and_is_signed_again_to_the_byte() {
        let key: VerifierKey = VERIFIER.parse().expect("a key");
        assert_eq!(key.to_string(), VERIFIER);
        assert_eq!(peter().verifier(), key);
        let note: Note = published().parse().expect("a note");
        assert_eq!(note.text, TEXT);
        assert_eq!(note.signers(std::slice::from_ref(&key)), Ok(vec![&key]));
        assert_eq!(note.to_string(), published());
        assert_eq!(Note::sign(TEXT.into(), &[peter()]), note);
    }

    #[test]
    fn a_key_signs_for_its_sizes_only_and_for_its_own_log() {
        let seed = |byte| SignerKey::new("gongzhi.000000".into(), &[byte; 32]);
        let note = |size, keys: &[SignerKey]| {
            let point = Checkpoint { origin: "gongzhi.000000".into(), size, root: Digest([5; 32]) };
            Note::sign(point.text(), keys)
        };
        let known = |line: &str| line.replace("KEY", &seed(1).verifier().to_string()).parse::<LogKey>();
        let found =
            |line: &str, size| note(size, &[seed(1)]).checkpoint(&[known(line).expect("a line")]).map(|_| ());
        for (line, size, good) in [
            ("KEY", 0, true),
            ("KEY", u64::MAX, true),
            ("KEY 3", 2, false),
            ("KEY 3 -", 3, true),
            ("KEY 3 9 -", 9, true),
            ("KEY 3 9", 10, false),
            ("KEY 0 0", 0, true),
        ] {
            assert_eq!(found(line, size).is_ok(), good, "{line}, {size}");
        }
        assert_eq!(found("KEY 3 9", 10), Err(BadNote::KeyRange { size: 10, from: 3, to: Some(9) }));
        for line in ["", "KEY x", "KEY +3", "KEY 3 x", "KEY -"] {
            assert_eq!(known(line), Err(BadNote::Malformed), "{line}");
        }
        assert_eq!(known("KEY 3 9").expect("a line").to_string(), format!("{} 3 9", seed(1).verifier()));
        assert_eq!(known("KEY").expect("a line").to_string(), format!("{} 0 -", seed(1).verifier()));
        let other = SignerKey::new("gongzhi.111111".into(), &[2; 32]);
        let both = [seed(1).verifier().into(), other.verifier().into()];
        assert_eq!(note(4, &[other]).checkpoint(&both), Err(BadNote::UnknownKey));
    }

    #[test]
    fn mangled_keys_are_refused() {
        for end in 1..VERIFIER.len() {
            assert!(VERIFIER[..end].parse::<VerifierKey>().is_err(), "{end}");
            assert!(VERIFIER[end..].parse::<VerifierKey>().is_err(), "{end}");
        }
        for at in 0..VERIFIER.len() {
            let mut bytes = VERIFIER.as_bytes().to_vec();
            bytes[at] += 1;
            let text = String::from_utf8(bytes).expect("ascii");
            assert!(text.parse::<VerifierKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn changed_and_foreign_notes_are_refused() {
        let key: VerifierKey = VERIFIER.parse().expect("a key");
        let other = SignerKey::new("other".into(), &[1; 32]).verifier();
        let note: Note = published().replace("answer", "Answer").parse().expect("a note");
        assert_eq!(note.signers(std::slice::from_ref(&key)), Err(BadNote::Forged));
        let note: Note = published().parse().expect("a note");
        assert_eq!(note.signers(std::slice::from_ref(&other)), Err(BadNote::UnknownKey));
        assert_eq!(note.signers(&[]), Err(BadNote::UnknownKey));
        let both = Note::sign(TEXT.into(), &[SignerKey::new("other".into(), &[1; 32]), peter()]);
        let keys = [key, other];
        assert_eq!(both.signers(&keys).map(|found| found.len()), Ok(2));
    }

    #[test]
    fn texts_of_another_form_are_no_notes() {
        let good = published();
        let bad = [
            String::new(),
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}more\n"),
            good.replace("— ", "- "),
            good.replace("JnAM=", "JnAM"),
            good.replace("PeterNeumann", "Peter+Neumann"),
            good.replace("think", "thi\tnk"),
            format!("{TEXT}\n— PeterNeumann AAAA\n"),
            format!("{TEXT}\n{}", SIGNED.repeat(101)),
        ];
        for text in bad {
            assert_eq!(text.parse::<Note>(), Err(BadNote::Malformed), "{text:?}");
        }
    }

    #[test]
    fn checkpoints_have_one_form() {
        let point = Checkpoint { origin: "gongzhi.000000".into(), size: 7, root: Digest([5; 32]) };
        assert_eq!(Checkpoint::read(&point.text()), Ok(point.clone()));
        assert_eq!(Checkpoint::read(&format!("{}extension\n", point.text())), Ok(point.clone()));
        let text = point.text();
        for bad in [
            text.replace("\n7\n", "\n07\n"),
            text.replace("\n7\n", "\n+7\n"),
            text.replace("\n7\n", "\n-7\n"),
            text.replace("\n7\n", "\n\n"),
            text.replace("BQUF", "B"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert_eq!(Checkpoint::read(&bad), Err(BadNote::Malformed), "{bad:?}");
        }
    }
}
