//! How many readers begin at the same time.
//!
//! Whoever waits for lists to be written gives his slot to the next: the wait costs nothing, and those who need not wait
//! go on. Afterwards he goes on without one. He must not wait for another: those who have the slots may be waiting for a
//! thread, and he has one. How many read at once is then bounded by the engine's connections. Slots are given in the
//! order in which they were asked for.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

/// So many slots.
pub struct Slots(Arc<Semaphore>);

thread_local! {
    /// The slot that a thread has.
    static HELD: RefCell<Option<OwnedSemaphorePermit>> = const { RefCell::new(None) };
}

/// Gives the slot back, also when the work panics.
struct GivesBack;

impl Drop for GivesBack {
    fn drop(&mut self) {
        HELD.take();
    }
}

impl Slots {
    pub fn new(slots: usize) -> Slots {
        Slots(Arc::new(Semaphore::new(slots)))
    }

    /// Runs blocking work on a thread of the runtime once there is a slot. The runtime must have more threads for
    /// such work than there are slots, for those who wait.
    ///
    /// # Errors
    /// The work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // It is never closed.
        let slot = self.0.clone().acquire_owned().await.ok();
        let work = move || {
            HELD.set(slot);
            let _gives_back = GivesBack;
            work()
        };
        spawn_blocking(work).await
    }
}

/// Waits without the thread's slot, if it has one.
pub(crate) fn aside<T>(wait: impl FnOnce() -> T) -> T {
    HELD.take();
    wait()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    #[test]
    fn who_waits_leaves_his_slot_to_others() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let slots = Arc::new(Slots::new(1));
        let (come, came): (_, Receiver<()>) = channel();
        let waiting = {
            let slots = slots.clone();
            runtime.spawn(async move { slots.run(move || aside(|| came.recv().is_ok())).await })
        };
        // The only slot is free for whoever ends the wait.
        let ends = runtime.block_on(slots.run(move || come.send(()).is_ok()));
        assert!(ends.expect("it ends"));
        assert!(runtime.block_on(waiting).expect("it runs").expect("it ends"));
        let all = slots.0.available_permits();
        assert_eq!(all, 1, "and it is given back in the end");
    }

    #[test]
    fn who_waited_goes_on_although_the_slots_are_others() {
        let threads = 3;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().max_blocking_threads(threads).build().expect("one");
        let slots = Arc::new(Slots::new(1));
        let (waits, waiting) = channel();
        let enter = |work: Box<dyn FnOnce() -> bool + Send>| {
            let slots = slots.clone();
            runtime.spawn(async move { slots.run(work).await })
        };
        // All threads wait aside, and one reader more has the slot and no thread.
        let mut readers = Vec::new();
        let mut release = Vec::new();
        for _ in 0..threads {
            let (come, came) = channel::<()>();
            let waits = waits.clone();
            release.push(come);
            readers.push(enter(Box::new(move || aside(|| waits.send(()).is_ok() && came.recv().is_ok()))));
            waiting.recv().expect("it waits");
        }
        readers.push(enter(Box::new(|| true)));
        while slots.0.available_permits() > 0 {
            std::thread::yield_now();
        }
        release.iter().for_each(|come| come.send(()).expect("it waits"));
        for reader in readers {
            assert!(runtime.block_on(reader).expect("it runs").expect("it ends"));
        }
    }

    #[test]
    fn a_slot_outlives_a_panic() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let slots = Slots::new(1);
        let panics = runtime.block_on(slots.run(|| assert_eq!(slots_of_nobody(), 1, "as it is meant")));
        assert!(panics.is_err());
        assert_eq!(runtime.block_on(slots.run(|| 7)).ok(), Some(7));
    }

    fn slots_of_nobody() -> u32 {
        0
    }
}
