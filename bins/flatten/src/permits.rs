//! How many threads may work at once, whatever they work at.

use std::sync::{Condvar, Mutex, PoisonError};

/// A count of threads that may be busy. Reading, flattening and encoding have their own threads, which wait for each other; only
/// so many of them run at a time as the user allows.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Permits {
    pub(crate) fn new(n: usize) -> Self {
        Self { free: Mutex::new(n), freed: Condvar::new() }
    }

    /// Does the work when its turn comes.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = self.hold();
        work()
    }

    /// One permit, for as long as it is held.
    pub(crate) fn hold(&self) -> Held<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Held(self)
    }
}

/// Given back when dropped, also when the work panics.
pub(crate) struct Held<'p>(&'p Permits);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
