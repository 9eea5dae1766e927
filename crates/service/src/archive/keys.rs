//! Encryption to recipients, in the public `age` format with X25519 keys.
//!
//! Who backs up needs only the public half; the secret half can lie where no server is.

use std::fmt;
use std::io::{Read, Write};
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::ArchiveFault;

/// The public half: `age1…`.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

/// The secret half.
pub struct Identity(age::x25519::Identity);

impl FromStr for Recipient {
    type Err = ArchiveFault;

    fn from_str(text: &str) -> Result<Recipient, ArchiveFault> {
        let found = text.trim().parse().map(Recipient);
        found.map_err(|_| ArchiveFault::NoRecipient(text.trim().to_owned()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Identity {
    /// A new pair.
    pub fn generate() -> Identity {
        Identity(age::x25519::Identity::generate())
    }

    /// The public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The text of an identity file.
    pub fn file(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "# public key: {}\n{}\n",
            self.recipient(),
            self.0.to_string().expose_secret()
        ))
    }

    /// All identities of a file: one a line, `#` begins a comment.
    pub fn read_file(text: &str) -> Result<Vec<Identity>, ArchiveFault> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let found: Result<Vec<Identity>, _> = lines.map(|line| line.parse().map(Identity)).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => Err(ArchiveFault::NoIdentity),
        }
    }
}

/// A stream that encrypts to all of these; must be finished.
pub fn seal<W: Write>(
    recipients: &[Recipient],
    out: W,
) -> Result<age::stream::StreamWriter<W>, ArchiveFault> {
    let keys = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
    let encryptor =
        age::Encryptor::with_recipients(keys).map_err(|_| ArchiveFault::NoRecipient(String::new()))?;
    Ok(encryptor.wrap_output(out)?)
}

/// A stream that decrypts with any of these.
pub fn open<R: Read>(
    identities: &[Identity],
    input: R,
) -> Result<age::stream::StreamReader<R>, ArchiveFault> {
    let decryptor = age::Decryptor::new(input).map_err(|error| match error {
        age::DecryptError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            ArchiveFault::File(error)
        }
        error => ArchiveFault::Damaged(format!("no encrypted file: {error}")),
    })?;
    let keys = identities.iter().map(|identity| &identity.0 as &dyn age::Identity);
    decryptor.decrypt(keys).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => ArchiveFault::Locked,
        error => ArchiveFault::Damaged(error.to_string()),
    })
}
