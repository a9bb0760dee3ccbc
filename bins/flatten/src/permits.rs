//! How many threads may work at once, whatever they work at.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A count of threads that may be busy. Reading, flattening and encoding have their own threads, which wait for each other;
/// only so many of them run at a time as the user allows. Whoever comes first goes first, so that none waits for long.
#[derive(Debug)]
pub(crate) struct Permits {
    n: u64,
    turns: Mutex<Turns>,
    given_back: Condvar,
}

#[derive(Debug, Default)]
struct Turns {
    asked: u64,
    given_back: u64,
}

impl Permits {
    pub(crate) fn new(n: usize) -> Self {
        Self { n: n as u64, turns: Mutex::default(), given_back: Condvar::new() }
    }

    /// Does the work when its turn comes.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = self.hold();
        work()
    }

    /// One permit, for as long as it is held.
    pub(crate) fn hold(&self) -> Held<'_> {
        let mut turns = self.turns();
        let turn = turns.asked;
        turns.asked += 1;
        while turn >= self.n + turns.given_back {
            turns = self.given_back.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        Held(self)
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Given back when dropped, also when the work panics.
pub(crate) struct Held<'p>(&'p Permits);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.turns().given_back += 1;
        self.0.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_are_busy_than_may_be() {
        let permits = Permits::new(2);
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        permits.run(|| {
                            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            std::thread::yield_now();
                            busy.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.into_inner()));
    }
}
