//! What a server has seen of its log, kept beside the database: an older state that is put in its
//! place is noticed at the next start.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gongzhi_service::Service;
use gongzhi_service::doctor::{Seen, stands};
use gongzhi_store::Ledger;

use super::Fault;

/// The file: the newest checkpoint, a signed note.
pub const FILE: &str = "log.seen";
/// How often it is written, when the log has grown.
const EVERY: Duration = Duration::from_secs(10);
/// Held while the file is written.
static ONE: Mutex<()> = Mutex::new(());

/// The checkpoint kept in a directory.
pub fn kept(dir: &Path) -> Option<String> {
    std::fs::read_to_string(dir.join(FILE)).ok()
}

/// Refuses a ledger that does not continue what was seen in this directory.
pub fn check(ledger: &dyn Ledger, dir: &Path) -> Result<(), Fault> {
    let Some(note) = kept(dir) else { return Ok(()) };
    let file = dir.join(FILE);
    let named = ("file", file.display().to_string());
    match stands(ledger, &note)? {
        Seen::Older { size, held } => {
            let args = [("size", size.to_string()), ("held", held.to_string()), named];
            Err(Fault::told("seen-older", args))
        }
        Seen::Other { size } => Err(Fault::told("seen-other", [("size", size.to_string()), named])),
        Seen::NoCheckpoint => {
            tracing::warn!(file = %file.display(), "no checkpoint; it is written anew");
            Ok(())
        }
        Seen::Continued { .. } | Seen::Unsigned => Ok(()),
    }
}

/// Writes the newest checkpoint now and then, until the service has ended.
pub fn keep(service: &Arc<Service>, dir: &Path) {
    let (service, dir) = (Arc::downgrade(service), dir.to_owned());
    let _ = std::thread::Builder::new().name("seen".into()).spawn(move || run(&service, &dir));
}

/// Writes the newest checkpoint at an orderly end.
pub fn last(service: &Service, dir: &Path) {
    let _ = once(service, dir, None);
}

fn run(service: &Weak<Service>, dir: &Path) {
    let mut last = None;
    while let Some(held) = service.upgrade() {
        last = once(&held, dir, last);
        drop(held);
        std::thread::sleep(EVERY);
    }
}

/// Writes the newest checkpoint if it has another size than the last one written here; gives the size that is kept.
fn once(service: &Service, dir: &Path, last: Option<u64>) -> Option<u64> {
    // The thread and the end of the server use one file beside.
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let signed = match service.checkpoint() {
        Ok(signed) if last == Some(signed.checkpoint.size) => return last,
        Ok(signed) => signed,
        Err(failure) => {
            tracing::warn!(?failure, "no checkpoint could be made");
            return last;
        }
    };
    // What was seen before must not be overwritten with what contradicts it.
    match kept(dir).map(|note| stands(service.ledger(), &note)).transpose() {
        Ok(Some(Seen::Older { .. } | Seen::Other { .. })) => {
            tracing::error!("the log does not continue what was seen of it: run `gongzhi verify`");
            return last;
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "what was seen of the log could not be compared"),
    }
    match write(dir, signed.note.to_string().as_bytes()) {
        Ok(()) => Some(signed.checkpoint.size),
        Err(error) => {
            tracing::warn!(%error, "what was seen of the log could not be kept");
            last
        }
    }
}

fn write(dir: &Path, note: &[u8]) -> std::io::Result<()> {
    let beside = dir.join("log.seen.part");
    std::fs::write(&beside, note)?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(beside, dir.join(FILE))
}
