//! Connections that are lent for a question, and patience with a server that is away.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::access::Access;

use super::error::{Done, Fault};
use super::link::Link;
use crate::StoreError;

/// Connections lent at the same time; more wait.
const MOST: usize = 8;

/// How long one waits for a server that is away.
const BOUND: Duration = Duration::from_secs(8);
/// The first pause between two tries, and the longest; each is twice as long as the one before.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// What is left of the time that one waits for a server that is away.
pub(super) struct Patience {
    left: Duration,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Patience {
        Patience::of(BOUND)
    }

    fn of(bound: Duration) -> Patience {
        Patience { left: bound, pause: PAUSES[0] }
    }

    /// Rests before another try, or says that it is enough.
    pub(super) fn rest(&mut self, why: String) -> Result<(), StoreError> {
        std::thread::sleep(self.next(&why)?);
        Ok(())
    }

    /// The next pause. All of them together are as long as the bound.
    fn next(&mut self, why: &str) -> Result<Duration, StoreError> {
        if self.left.is_zero() {
            return Err(away(why));
        }
        let pause = self.pause.min(self.left);
        self.left -= pause;
        self.pause = (self.pause * 2).min(PAUSES[1]);
        Ok(pause)
    }
}

/// A fault in an operator's words.
pub(super) fn told(fault: Fault) -> StoreError {
    match fault {
        Fault::Store(error) => error,
        Fault::Lost(why) => away(&why),
    }
}

/// In an operator's words: the server is away.
pub(super) fn away(why: &str) -> StoreError {
    StoreError::Away(why.to_owned())
}

#[derive(Default)]
struct State {
    /// The last to be given back is the first to be lent: its statements are prepared.
    idle: Vec<Link>,
    lent: usize,
}

/// A few connections for whoever asks.
pub(super) struct Pool {
    access: Access,
    /// How long one waits for a server that is away.
    bound: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

/// A connection on loan, or the right to open one.
struct Lent<'a> {
    pool: &'a Pool,
    link: Option<Link>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.lent -= 1;
        state.idle.extend(self.link.take());
        drop(state);
        self.pool.freed.notify_one();
    }
}

impl Pool {
    pub(super) fn new(access: Access) -> Pool {
        Pool { access, bound: BOUND, state: Mutex::default(), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Lent<'_> {
        let mut state = self.lock();
        while state.lent >= MOST {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.lent += 1;
        let link = state.idle.pop();
        drop(state);
        Lent { pool: self, link }
    }

    /// Asks, and asks again on another connection when one was lost: for questions and for changes
    /// that may be made twice.
    pub(super) fn run<T>(&self, work: impl AsyncFn(&Link) -> Done<T>) -> Result<T, StoreError> {
        let mut patience = Patience::of(self.bound);
        let mut lent = self.lend();
        loop {
            let link = match lent.link.take().map_or_else(|| Link::connect(&self.access), Ok) {
                Ok(link) => lent.link.insert(link),
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Lost(why)) => {
                    patience.rest(why)?;
                    continue;
                }
            };
            match link.run(work(link)) {
                Ok(found) => return Ok(found),
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Lost(why)) => {
                    // What one connection lost the others have lost too, most likely.
                    lent.link = None;
                    self.lock().idle.clear();
                    patience.rest(why)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn pauses_grow_and_are_together_as_long_as_the_bound() {
        for millis in [0, 1, 50, 51, 740, 8_000, 60_000] {
            let bound = Duration::from_millis(millis);
            let mut patience = Patience::of(bound);
            let pauses: Vec<Duration> = std::iter::from_fn(|| patience.next("gone").ok()).collect();
            assert_eq!(pauses.iter().sum::<Duration>(), bound);
            assert!(pauses.iter().all(|pause| *pause <= PAUSES[1]));
            // The last one is what is left.
            let grown = pauses.split_last().map_or(&[][..], |(_, grown)| grown);
            assert!(grown.windows(2).all(|two| two[1] == (two[0] * 2).min(PAUSES[1])), "{pauses:?}");
            assert_eq!(patience.next("gone"), Err(away("gone")));
        }
        assert_eq!(Patience::new().left, Duration::from_secs(8), "as docs/RELIABILITY.md says");
    }

    #[test]
    fn a_server_that_is_away_is_tried_again_until_the_bound_is_used_up() {
        // Nothing answers there, which is known at once.
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("host={} user=nobody dbname=none", dir.path().display());
        let mut pool = Pool::new(Access::new(&url).expect("an address"));
        for bound in [0, 20] {
            pool.bound = Duration::from_millis(bound);
            let asked = pool.run(async |_| Ok(()));
            assert!(matches!(asked, Err(StoreError::Away(_))));
        }
        // One that is lost again and again is tried once more than there are pauses: 50, 100 and 30 ms.
        let database = gongzhi_testkit::postgres::database();
        let mut pool = Pool::new(Access::new(database.url()).expect("an address"));
        pool.bound = Duration::from_millis(180);
        let tries = Cell::new(0);
        let lost = pool.run(async |_| {
            tries.set(tries.get() + 1);
            Err::<(), _>(Fault::Lost("cut".to_owned()))
        });
        assert_eq!(lost, Err(away("cut")));
        assert_eq!(tries.get(), 4);
        assert_eq!(pool.run(async |_| Ok(7)), Ok(7), "and is there again for the next one who asks");
    }
}
