//! What was counted last, for as long as nothing else is applied: a dashboard that several people look at is put
//! together from thousands of buckets once, and then again after the next change.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::{CellQuery, StoreError, Tally};

/// Questions whose answers are kept.
const QUESTIONS: NonZeroUsize = NonZeroUsize::new(64).expect("some");

/// Answers, each with the last commit that was applied to what it was read from. A rebuild counts as a commit when it
/// begins and when it ends.
pub(crate) struct Known {
    answers: Mutex<LruCache<CellQuery, (i64, Vec<Tally>)>>,
    /// Questions that somebody is reading the answer to.
    read: Mutex<HashSet<CellQuery>>,
    done: Condvar,
}

impl Default for Known {
    fn default() -> Known {
        let answers = Mutex::new(LruCache::new(QUESTIONS));
        Known { answers, read: Mutex::default(), done: Condvar::new() }
    }
}

/// That somebody reads; ended also when the reading panics.
struct Turn<'a> {
    known: &'a Known,
    query: &'a CellQuery,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        held(&self.known.read).remove(self.query);
        self.known.done.notify_all();
    }
}

/// A panic leaves what is behind the lock whole.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// The answer to a question. `ask` is asked first only for what is [known](Known::find); where that is nothing, it is told
    /// to read, one at a time for each question: who comes meanwhile finds what the first one read.
    pub fn of(
        &self,
        query: &CellQuery,
        ask: impl Fn(bool) -> Result<Option<Vec<Tally>>, StoreError>,
    ) -> Result<Vec<Tally>, StoreError> {
        if let Some(known) = ask(false)? {
            return Ok(known);
        }
        let mut read = held(&self.read);
        while read.contains(query) {
            read = self.done.wait(read).unwrap_or_else(PoisonError::into_inner);
        }
        read.insert(query.clone());
        drop(read);
        let _turn = Turn { known: self, query };
        Ok(ask(true)?.unwrap_or_default())
    }

    /// The answer of before, if nothing was applied since. What was applied is asked before the tables are read.
    pub fn find(&self, query: &CellQuery, applied: i64) -> Option<Vec<Tally>> {
        held(&self.answers).get(query).filter(|(of, _)| *of == applied).map(|(_, tallies)| tallies.clone())
    }

    /// Keeps what was read, for whoever asks the same.
    pub fn keep(&self, query: &CellQuery, applied: i64, tallies: &[Tally]) {
        held(&self.answers).put(query.clone(), (applied, tallies.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

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

    /// Asks for a question's answer when so much was applied; whether it was read.
    fn read(known: &Known, of: &str, applied: i64) -> bool {
        let query = query(of);
        let times = AtomicUsize::new(0);
        let ask = |read: bool| {
            let found = known.find(&query, applied);
            if found.is_some() || !read {
                return Ok(found);
            }
            times.fetch_add(1, Ordering::SeqCst);
            known.keep(&query, applied, &[]);
            Ok(Some(Vec::new()))
        };
        known.of(&query, ask).expect("an answer");
        times.into_inner() > 0
    }

    #[test]
    fn an_answer_is_of_its_question_and_its_stand() {
        let known = Known::default();
        assert!(read(&known, "matter", 7));
        assert!(!read(&known, "matter", 7), "nothing changed");
        assert!(read(&known, "pledge", 7), "another question");
        assert!(read(&known, "matter", 8), "a commit was applied");
        assert!(!read(&known, "matter", 8));
        assert!(read(&known, "matter", 7), "an older stand is another one");
    }

    #[test]
    fn many_who_ask_the_same_at_once_have_it_read_once() {
        let known = Known::default();
        let times = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| times.fetch_add(usize::from(read(&known, "matter", 7)), Ordering::SeqCst));
            }
        });
        assert_eq!(times.into_inner(), 1);
    }

    #[test]
    fn a_question_that_failed_can_be_asked_again() {
        let known = Known::default();
        let query = query("matter");
        assert_eq!(
            known.of(&query, |read| if read { Err(StoreError::Full) } else { Ok(None) }),
            Err(StoreError::Full)
        );
        let panics = thread::scope(|scope| {
            scope
                .spawn(|| known.of(&query, |read| if read { panic!("as it is meant") } else { Ok(None) }))
                .join()
        });
        assert!(panics.is_err());
        assert!(read(&known, "matter", 7));
    }
}
