//! What was counted last, for as long as nothing else is applied: a dashboard that several people look at is put
//! together from thousands of buckets once, and then again after the next change.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::{CellQuery, StoreError, Tally};

/// Questions whose answers are kept.
const QUESTIONS: NonZeroUsize = NonZeroUsize::new(64).expect("some");

/// How the tables stood: how often they were written past the commits, and up to which commit they were applied.
type Stand = (u64, i64);

pub(super) struct Known {
    written: AtomicU64,
    answers: Mutex<LruCache<CellQuery, (Stand, Vec<Tally>)>>,
}

impl Default for Known {
    fn default() -> Known {
        Known { written: AtomicU64::new(0), answers: Mutex::new(LruCache::new(QUESTIONS)) }
    }
}

/// What is known by one who begins to read now.
pub(super) struct Now<'a> {
    known: &'a Known,
    written: u64,
}

impl Known {
    /// Asked before the tables are read: what is written to them meanwhile is newer than what is read.
    pub(super) fn now(&self) -> Now<'_> {
        Now { known: self, written: self.written.load(Ordering::SeqCst) }
    }

    /// The tables were written, not by applying a commit.
    pub(super) fn forget(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
        self.answers().clear();
    }

    fn answers(&self) -> MutexGuard<'_, LruCache<CellQuery, (Stand, Vec<Tally>)>> {
        // A panic leaves whole answers.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now<'_> {
    /// The answer of before if nothing was applied since, else it is read. `applied` comes from the transaction in
    /// which `read` reads.
    pub(super) fn of(
        &self,
        query: &CellQuery,
        applied: i64,
        read: impl FnOnce() -> Result<Vec<Tally>, StoreError>,
    ) -> Result<Vec<Tally>, StoreError> {
        let stand = (self.written, applied);
        if let Some((_, tallies)) = self.known.answers().get(query).filter(|(of, _)| *of == stand) {
            return Ok(tallies.clone());
        }
        let tallies = read()?;
        self.known.answers().put(query.clone(), (stand, tallies.clone()));
        Ok(tallies)
    }
}

#[cfg(test)]
mod tests {
    use gongzhi_lang::model::Dimension;

    use super::*;

    fn query(mechanism: &str) -> CellQuery {
        CellQuery {
            mechanism: mechanism.to_owned(),
            indicators: Vec::new(),
            dimension: Dimension::Place,
            keys: Vec::new(),
            from: String::new(),
            to: String::new(),
        }
    }

    #[test]
    fn an_answer_is_of_its_question_and_its_stand() {
        let known = Known::default();
        let read = |now: &Now<'_>, of: &str, applied: i64| {
            let mut read = false;
            now.of(&query(of), applied, || {
                read = true;
                Ok(Vec::new())
            })
            .expect("an answer");
            read
        };
        let first = known.now();
        assert!(read(&first, "matter", 7));
        assert!(!read(&first, "matter", 7), "nothing changed");
        assert!(read(&first, "pledge", 7), "another question");
        assert!(read(&first, "matter", 8), "a commit was applied");
        assert!(!read(&first, "matter", 8));
        known.forget();
        assert!(read(&first, "matter", 8), "what he reads may be of before");
        assert!(read(&known.now(), "matter", 8), "and is not told to who comes later");
        assert!(!read(&known.now(), "matter", 8));
    }
}
