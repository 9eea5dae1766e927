//! How many readers are at work at the same time.
//!
//! Whoever waits for lists to be written gives his slot back meanwhile: the wait costs nothing, and those who need
//! not wait go on. Slots are given in the order in which they were asked for.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

/// So many slots.
pub struct Slots(Arc<Semaphore>);

/// A slot that a thread has, and where it belongs.
struct Held {
    of: Arc<Semaphore>,
    _slot: Option<OwnedSemaphorePermit>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
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
        let of = self.0.clone();
        // It is never closed.
        let slot = of.clone().acquire_owned().await.ok();
        let work = move || {
            HELD.set(Some(Held { of, _slot: slot }));
            let _gives_back = GivesBack;
            work()
        };
        spawn_blocking(work).await
    }
}

/// Waits without the thread's slot, if it has one, and then for another.
pub(crate) fn aside<T>(wait: impl FnOnce() -> T) -> T {
    let Some(Held { of, .. }) = HELD.take() else { return wait() };
    let result = wait();
    let slot = Handle::try_current().ok().and_then(|handle| handle.block_on(of.clone().acquire_owned()).ok());
    HELD.set(Some(Held { of, _slot: slot }));
    result
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
