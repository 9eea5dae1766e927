//! The commands.

pub mod backup;
pub mod burden;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod erasures;
pub mod figures;
pub mod import;
pub mod key;
pub mod load;
pub mod log;
pub mod moving;
pub mod open;
pub mod outgoing;
pub mod place;
pub mod rebuild;
pub mod receipt;
pub mod recount;
pub mod restore;
pub mod seen;
pub mod serve;
pub mod show;
pub mod verify;
pub mod words;

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use gongzhi_service::Failure;
use gongzhi_service::archive::ArchiveFault;
use gongzhi_service::load::LoadFault;
use gongzhi_service::seal::KEY_VARIABLE;
use gongzhi_store::{KeyFault, StoreError, Unfinished, Untrusted};

use words::words;

/// What ends a command, in words for an operator.
#[derive(Debug)]
pub struct Fault(String);

impl Fault {
    /// A fault in these words, for what has its own.
    pub fn new(words: impl Into<String>) -> Fault {
        Fault(words.into())
    }

    /// A fault in the words of the locale files.
    pub fn told<const N: usize>(key: &str, args: [(&'static str, String); N]) -> Fault {
        Fault(words(key, args))
    }

    /// What the system says of a file.
    pub fn file(path: &Path, error: &std::io::Error) -> Fault {
        let key = match error.kind() {
            ErrorKind::NotFound => "file-missing",
            ErrorKind::PermissionDenied => "file-denied",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "file-full",
            _ => "file-fault",
        };
        Fault::told(key, [("file", path.display().to_string()), ("why", error.to_string())])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        let why = |why: String| [("why", why)];
        match error {
            StoreError::Full => Fault::told("store-full", []),
            StoreError::Conflict | StoreError::Known => Fault::told("store-conflict", []),
            StoreError::Corrupt(what) => Fault::told("store-corrupt", why(what)),
            StoreError::Key(fault) => fault.into(),
            StoreError::Unfinished(what) => Fault::told(&unfinished(what), []),
            StoreError::Held(by) if by.is_empty() => Fault::told("store-rotating", []),
            StoreError::Held(by) => Fault::told("store-held", [("by", by.join(", "))]),
            StoreError::CutOff => Fault::told("store-cut-off", []),
            StoreError::Untrusted(why) => Fault::told(&untrusted(why), []),
            StoreError::Away(what) => Fault::told("store-away", why(what)),
            // A table or column that is not there is damage as well.
            StoreError::Engine(what) if what.contains("no such ") => Fault::told("store-corrupt", why(what)),
            StoreError::Engine(what) => Fault::told("store-engine", why(what)),
        }
    }
}

/// The key of the words that say why a server's certificate is not believed and what to do.
fn untrusted(why: Untrusted) -> String {
    format!("untrusted-{}", why.word())
}

/// The key of the words for what was cut off: those of `gongzhi doctor`.
fn unfinished(what: Unfinished) -> String {
    format!("doctor-whole-{}", what.word())
}

impl From<KeyFault> for Fault {
    fn from(fault: KeyFault) -> Fault {
        let key = format!("key-{}", fault.word());
        let (at, why) = match fault {
            KeyFault::Unreadable { file, why } | KeyFault::Unwritten { file, why } => (file, why),
            KeyFault::NoKey { at } => (at, String::new()),
            KeyFault::Foreign => (String::new(), String::new()),
        };
        Fault::told(&key, [("at", at), ("why", why), ("variable", KEY_VARIABLE.to_owned())])
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        let key = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "system-full",
            _ => "system-fault",
        };
        Fault::told(key, [("why", error.to_string())])
    }
}

impl From<ArchiveFault> for Fault {
    fn from(fault: ArchiveFault) -> Fault {
        let why = |why: String| [("why", why)];
        match fault {
            ArchiveFault::Store(error) => error.into(),
            ArchiveFault::File(error) => error.into(),
            ArchiveFault::Damaged(what) => Fault::told("archive-damaged", why(what)),
            ArchiveFault::List(what) => Fault::told("archive-list", why(what)),
            ArchiveFault::OtherList { held, list } => {
                Fault::told("archive-other-list", [("held", held), ("list", list)])
            }
            ArchiveFault::Newer(format) => Fault::told("archive-newer", [("format", format.to_string())]),
            ArchiveFault::NotEmpty(entries) => Fault::told("archive-not-empty", [("n", entries.to_string())]),
            ArchiveFault::NoRecipient(given) => Fault::told("archive-no-recipient", [("given", given)]),
            ArchiveFault::NoIdentity => Fault::told("archive-no-identity", []),
            ArchiveFault::Locked => Fault::told("archive-locked", []),
            ArchiveFault::NoKey => Fault::told("archive-no-key", []),
            ArchiveFault::Moved => Fault::told("archive-moved", []),
        }
    }
}

impl From<LoadFault> for Fault {
    fn from(fault: LoadFault) -> Fault {
        Fault(match fault {
            LoadFault::File { path, why } => words("load-file", [("file", path), ("why", why)]),
            LoadFault::Row { path, line, why } => {
                words("load-row", [("file", path), ("line", line.to_string()), ("why", why)])
            }
            LoadFault::Documents(faults) => words("load-documents", [("faults", faults.join("\n"))]),
            LoadFault::Failure(failure) => return failure.into(),
        })
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        match failure {
            Failure::Store(error) => error.into(),
            Failure::Clock { minutes } => Fault::told("clock-behind", [("minutes", minutes.to_string())]),
            failure => Fault(gongzhi_web::pages::words::failure_words(words::lang(), &failure).words),
        }
    }
}

/// Prints; whoever reads may have seen enough (`| head`).
pub fn say(text: &str) -> Result<(), Fault> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use gongzhi_web::i18n::{Lang, has};

    use super::*;

    #[test]
    fn every_reason_has_its_words_in_both_languages() {
        let untrusted = Untrusted::ALL.map(untrusted);
        let unfinished = Unfinished::ALL.map(unfinished);
        let (file, why) = (String::new, String::new);
        let key = [
            KeyFault::Unreadable { file: file(), why: why() },
            KeyFault::NoKey { at: file() },
            KeyFault::Unwritten { file: file(), why: why() },
            KeyFault::Foreign,
        ];
        let keys = key.map(|fault| format!("key-{}", fault.word()));
        let shown = ["rebuild", "restore", "recount", "entries", "answers", "keys", "files"];
        let shown = shown.map(|what| format!("progress-{what}"));
        for key in untrusted.into_iter().chain(unfinished).chain(keys).chain(shown) {
            for lang in Lang::ALL {
                assert!(has(lang, &key), "{key}");
            }
        }
    }

    #[test]
    fn every_key_that_a_command_names_has_its_words() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
        let mut count = 0;
        for path in std::fs::read_dir(folder).expect("the commands").map(|entry| entry.expect("one").path()) {
            let source = std::fs::read_to_string(&path).expect("text");
            for call in ["Fault::told(", "words(", "ended("] {
                for (at, _) in source.match_indices(call) {
                    let rest = source[at + call.len()..].trim_start();
                    let Some((key, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
                        continue;
                    };
                    // This very list of calls is no call.
                    if key.contains(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-') {
                        continue;
                    }
                    count += 1;
                    assert!(Lang::ALL.iter().all(|lang| has(*lang, key)), "{key} in {}", path.display());
                }
            }
        }
        assert!(count > 60, "only {count} keys found: the reader has gone blind");
    }
}
