//! What a server has seen of its log, kept beside the database: an older state that is put in its
//! place is noticed at the next start.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use gongzhi_service::Service;
use gongzhi_service::doctor::{Seen, stands};
use gongzhi_store::Ledger;

use super::Fault;

/// The file: the newest checkpoint, a signed note.
const FILE: &str = "log.seen";
/// How often it is written, when the log has grown.
const EVERY: Duration = Duration::from_secs(10);

/// The checkpoint kept in a directory.
pub fn kept(dir: &Path) -> Option<String> {
    std::fs::read_to_string(dir.join(FILE)).ok()
}

/// Refuses a ledger that does not continue what was seen in this directory.
pub fn check(ledger: &dyn Ledger, dir: &Path) -> Result<(), Fault> {
    let Some(note) = kept(dir) else { return Ok(()) };
    let file = dir.join(FILE);
    let aside = format!("if it is meant, move {} aside", file.display());
    match stands(ledger, &note)? {
        Seen::Older { size, held } => Err(Fault::new(format!(
            "the ledger holds {held} entries, but {size} were seen here: an older state was put in its place; restore a newer backup, or {aside}"
        ))),
        Seen::Other { size } => Err(Fault::new(format!(
            "the ledger's first {size} entries are not those that were seen here: it was exchanged or changed; run `gongzhi doctor` and `gongzhi verify`, or {aside}"
        ))),
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

fn run(service: &Weak<Service>, dir: &Path) {
    let mut last = None;
    while let Some(held) = service.upgrade() {
        match held.checkpoint() {
            Ok(signed) if last != Some(signed.checkpoint.size) => {
                // What was seen before must not be overwritten with what contradicts it.
                match kept(dir).map(|note| stands(held.ledger(), &note)).transpose() {
                    Ok(Some(Seen::Older { .. } | Seen::Other { .. })) => {
                        tracing::error!(
                            "the log does not continue what was seen of it: run `gongzhi verify`"
                        );
                        drop(held);
                        std::thread::sleep(EVERY);
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "what was seen of the log could not be compared"),
                }
                let note = signed.note.to_string();
                match write(dir, note.as_bytes()) {
                    Ok(()) => last = Some(signed.checkpoint.size),
                    Err(error) => tracing::warn!(%error, "what was seen of the log could not be kept"),
                }
            }
            Ok(_) => {}
            Err(failure) => tracing::warn!(?failure, "no checkpoint could be made"),
        }
        drop(held);
        std::thread::sleep(EVERY);
    }
}

fn write(dir: &Path, note: &[u8]) -> std::io::Result<()> {
    let beside = dir.join("log.seen.part");
    std::fs::write(&beside, note)?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(beside, dir.join(FILE))
}
