//! Taking destroyed keys out of the file of their table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::access::Access;

use super::{log, once};
use crate::StoreError;

/// Up to so many bytes the table is written anew with each erasure: a few tens of milliseconds.
const SMALL: u64 = 16 << 20;
/// A larger table is written anew so long after an erasure, once for all that came meanwhile.
const LATER: Duration = Duration::from_secs(600);

/// Writes the table of keys anew after erasures.
pub(super) struct Scrubber {
    access: Access,
    waiting: Arc<AtomicBool>,
}

impl Scrubber {
    pub(super) fn new(access: Access) -> Scrubber {
        Scrubber { access, waiting: Arc::default() }
    }

    /// A key was destroyed: its row goes now, its bytes in the file at once or a while later.
    pub(super) fn destroyed(&self) {
        let small = once(&self.access, log::keys_size).map(|(size, _)| size <= SMALL);
        let done = match small {
            Ok(true) => scrub(&self.access).map(|()| true),
            other => other,
        };
        if let Err(error) = &done {
            tracing::warn!(%error, "destroyed keys stay in the table's file for now");
        }
        if done != Ok(true) && !self.waiting.swap(true, Ordering::SeqCst) {
            let (access, waiting) = (self.access.clone(), Arc::clone(&self.waiting));
            let wait = move || loop {
                std::thread::sleep(LATER);
                waiting.store(false, Ordering::SeqCst);
                match scrub(&access) {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, "destroyed keys still stay in the table's file"),
                }
                if waiting.swap(true, Ordering::SeqCst) {
                    return;
                }
            };
            let _ = std::thread::Builder::new().name("scrubber".to_owned()).spawn(wait);
        }
    }
}

fn scrub(access: &Access) -> Result<(), StoreError> {
    once(access, log::scrub).map(drop)
}
