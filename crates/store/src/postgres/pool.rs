//! Connections that are lent for a question, and patience with a server that is away.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::access::Access;

use super::error::{Done, Fault};
use super::link::Link;
use crate::StoreError;

/// Connections lent at the same time; more wait.
const MOST: usize = 8;

/// How long one waits for a server that is away: some eight seconds, with growing pauses.
pub(super) struct Patience(u32);

impl Patience {
    pub(super) fn new() -> Patience {
        Patience(0)
    }

    /// Rests before another try, or says that it is enough.
    pub(super) fn rest(&mut self, why: String) -> Result<(), StoreError> {
        const LONGEST: u64 = 1_000;
        if self.0 >= 11 {
            return Err(away(&why));
        }
        let millis = (50 << self.0).min(LONGEST);
        self.0 += 1;
        std::thread::sleep(Duration::from_millis(millis));
        Ok(())
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
    StoreError::Engine(format!("PostgreSQL cannot be reached: {why}"))
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
        Pool { access, state: Mutex::default(), freed: Condvar::new() }
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
        let mut patience = Patience::new();
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
