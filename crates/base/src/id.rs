//! Identifiers. All are plain bytes or short text; none is ever reused.

use std::fmt;
use std::str::FromStr;

/// A record's identifier: 16 bytes, time-ordered for records people open, derived from the natural
/// key for entries of a register (so that importing the same row twice names the same record).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The identifier of a register's entry, from the register's mechanism and the entry's key.
    pub fn of_entry(mechanism: &str, key: &str) -> RecordId {
        let digest = Digest::of_parts(&[b"gongzhi.entry", mechanism.as_bytes(), key.as_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&digest.0[..16]);
        // Entries start with 0xE so that they never meet a time-ordered identifier.
        id[0] = 0xE0 | (id[0] & 0x0F);
        RecordId(id)
    }

    /// A time-ordered identifier from a time in milliseconds and ten bytes of entropy.
    pub fn at(millis: i64, entropy: [u8; 10]) -> RecordId {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[6..].copy_from_slice(&entropy);
        RecordId(id)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for RecordId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        read_hex(text).map(RecordId)
    }
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of one run of bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        use sha2::Digest as _;
        Digest(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of several parts, each preceded by its length, so that no two lists of parts
    /// collide by shifting a boundary.
    pub fn of_parts(parts: &[&[u8]]) -> Digest {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Digest(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for Digest {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        read_hex(text).map(Digest)
    }
}

/// A command's identifier, chosen by the client: 8 to 64 of `A-Z a-z 0-9 - _ .`. The same
/// identifier sent again gives the same answer and changes nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommandId(String);

impl CommandId {
    /// Checks the form of an identifier.
    pub fn new(text: &str) -> Result<CommandId, BadId> {
        let fits = (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if fits { Ok(CommandId(text.to_owned())) } else { Err(BadId) }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text that is not an identifier of the expected form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadId;

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier of the expected form")
    }
}

impl std::error::Error for BadId {}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(HEX[usize::from(byte >> 4)] as char);
        text.push(HEX[usize::from(byte & 15)] as char);
    }
    f.write_str(&text)
}

fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], BadId> {
    let bytes = text.as_bytes();
    if bytes.len() != N * 2 {
        return Err(BadId);
    }
    let mut out = [0; N];
    for (slot, pair) in out.iter_mut().zip(bytes.chunks(2)) {
        let high = (pair[0] as char).to_digit(16).ok_or(BadId)?;
        let low = (pair[1] as char).to_digit(16).ok_or(BadId)?;
        *slot = (high * 16 + low) as u8;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_read_back_what_they_write() {
        let id = RecordId::at(1_700_000_000_000, [7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("xyz".parse::<RecordId>(), Err(BadId));
        assert!(RecordId::at(5, [0; 10]) < RecordId::at(6, [0; 10]));
    }

    #[test]
    fn parts_do_not_collide_by_shifting() {
        assert_ne!(Digest::of_parts(&[b"ab", b"c"]), Digest::of_parts(&[b"a", b"bc"]));
    }

    #[test]
    fn command_identifiers_have_one_form() {
        for bad in ["", "short", "has space in it", "中文中文中文", &"x".repeat(65)] {
            assert_eq!(CommandId::new(bad), Err(BadId), "{bad}");
        }
        assert!(CommandId::new("0b3c-11_a.B").is_ok());
    }
}
