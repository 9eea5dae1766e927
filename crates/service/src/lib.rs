//! The use cases: authorise, decide, append; and every read, with the same rights. Pages, API,
//! imports, timers and the command line all go through here.

pub mod accounts;
pub mod ambient;
pub mod archive;
pub mod audit;
pub mod bulk;
pub mod burden;
pub mod codes;
pub mod compare;
pub mod counted;
pub mod desk;
pub mod doctor;
pub mod engine;
pub mod failure;
pub mod figures;
pub mod files;
pub mod import;
pub mod listing;
pub mod load;
pub mod log;
pub mod moving;
mod offers;
pub mod outbox;
mod parts;
pub mod propose;
mod publish;
pub mod published;
pub mod rebuild;
pub mod receipt;
pub mod recount;
pub mod recur;
pub mod replay;
pub mod rotate;
pub mod saved;
pub mod seal;
pub mod service;
mod sound;
mod sums;
pub mod timers;

pub use ambient::Ambient;
pub use engine::{Outcome, State};
pub use failure::Failure;
pub use service::{Service, Settings};

/// Remembers so many things, those that were used last.
fn last<K: std::hash::Hash + Eq, V>(most: usize) -> lru::LruCache<K, V> {
    lru::LruCache::new(std::num::NonZeroUsize::new(most).unwrap_or(std::num::NonZeroUsize::MIN))
}
