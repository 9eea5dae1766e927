//! The only door to the outside's clock and randomness. Everything else takes what comes through it,
//! so that tests and the simulator can turn the clock and fix the seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use gongzhi_base::{Digest, RecordId, Timestamp};

/// Clock and randomness.
pub trait Ambient: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Fills with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// Sixteen random bytes.
    fn sixteen(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    /// A new time-ordered identifier.
    fn record_id(&self) -> RecordId {
        let mut entropy = [0; 10];
        self.fill(&mut entropy);
        RecordId::at(self.now().0, entropy)
    }
}

/// The machine's clock and randomness.
pub struct Machine;

impl Ambient for Machine {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock comes in")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes in")]
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no secret is safe: better stop than go on.
        getrandom::fill(bytes).expect("the machine gives randomness");
    }
}

/// The machine's clock so many milliseconds ahead, with its randomness: a demo shows what time brings.
pub struct Ahead(pub i64);

impl Ambient for Ahead {
    fn now(&self) -> Timestamp {
        Machine.now().plus_millis(self.0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        Machine.fill(bytes);
    }
}

/// A clock that is turned by hand and randomness from a seed: for the demo's past, tests and the
/// simulator.
pub struct Scripted {
    now: AtomicI64,
    seed: Mutex<Digest>,
}

impl Scripted {
    /// Begins at a time, with a seed.
    pub fn new(now: Timestamp, seed: u64) -> Scripted {
        Scripted { now: AtomicI64::new(now.0), seed: Mutex::new(Digest::of(&seed.to_be_bytes())) }
    }

    /// Turns the clock.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }
}

impl Ambient for Scripted {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut seed = self.seed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            *seed = Digest::of(&seed.0);
            let drawn = Digest::of_parts(&[b"draw", &seed.0]);
            chunk.copy_from_slice(&drawn.0[..chunk.len()]);
        }
    }
}
