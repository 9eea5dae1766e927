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
pub mod rebuild;
pub mod receipt;
pub mod recount;
pub mod restore;
pub mod seen;
pub mod serve;
pub mod show;
pub mod verify;

use std::fmt;
use std::io::Write as _;

use gongzhi_service::archive::ArchiveFault;
use gongzhi_service::load::LoadFault;
use gongzhi_store::{StoreError, Untrusted};
use gongzhi_web::i18n::{Lang, t};

/// What ends a command, in words for an operator.
#[derive(Debug)]
pub struct Fault(String);

impl Fault {
    /// A fault in these words.
    pub fn new(words: impl Into<String>) -> Fault {
        Fault(words.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault(match error {
            StoreError::Untrusted(why) => Lang::ALL.map(|lang| t(lang, &untrusted(why))).join("\n"),
            error => error.to_string(),
        })
    }
}

/// The key of the words that say why a server's certificate is not believed and what to do.
fn untrusted(why: Untrusted) -> String {
    format!("untrusted-{}", why.word())
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault(error.to_string())
    }
}

impl From<ArchiveFault> for Fault {
    fn from(fault: ArchiveFault) -> Fault {
        Fault(fault.to_string())
    }
}

impl From<LoadFault> for Fault {
    fn from(fault: LoadFault) -> Fault {
        Fault(match fault {
            LoadFault::File { path, why } => format!("{path}: {why}"),
            LoadFault::Row { path, line, why } => format!("{path}, line {line}: {why}"),
            LoadFault::Documents(faults) => format!("the documents have faults:\n{}", faults.join("\n")),
            LoadFault::Failure(failure) => format!("loading stopped: {failure:?}"),
        })
    }
}

impl From<gongzhi_service::Failure> for Fault {
    fn from(failure: gongzhi_service::Failure) -> Fault {
        Fault(format!("{failure:?}"))
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
    use super::*;

    #[test]
    fn every_reason_not_to_believe_a_server_has_its_words_in_both_languages() {
        for lang in Lang::ALL {
            for why in Untrusted::ALL {
                assert!(gongzhi_web::i18n::has(lang, &untrusted(why)), "{}", why.word());
            }
        }
    }
}
