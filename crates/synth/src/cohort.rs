//! Cohorts: which patients a shard holds, and patients made in blocks on several threads, given out in order.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::str::FromStr;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Patients made at a time by one thread. Blocks begin at the first patient of a shard, whatever the threads.
pub const BLOCK: u64 = 16;

/// One of several parts of a cohort, written `2/7`.
///
/// Shards are contiguous: of patients `first..first + n`, shard *i* of *k* holds those from `(i - 1)·n/k` up to `i·n/k`,
/// rounded down. Which patients there are, and what they are, does not depend on the split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// The whole cohort as one shard.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Shard `index` (from 1) of `of`; `None` when there is no such shard.
    pub const fn new(index: u64, of: u64) -> Option<Self> {
        if index >= 1 && index <= of { Some(Self { index, of }) } else { None }
    }

    /// Number of this shard, from 1.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// Number of shards.
    pub const fn of(self) -> u64 {
        self.of
    }

    /// The patients of this shard, of a cohort of `n_patients` from `first` on; empty when there are more shards than patients.
    pub fn patients(self, first: u64, n_patients: u64) -> Range<u64> {
        let bound = |shard: u64| {
            let patients = u128::from(shard) * u128::from(n_patients) / u128::from(self.of);
            first + u64::try_from(patients).expect("at most all patients")
        };
        bound(self.index - 1)..bound(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.index, self.of)
    }
}

/// A text is not a shard.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a shard; write `2/7` for the second of seven")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        text.split_once('/')
            .and_then(|(index, of)| Self::new(index.parse().ok()?, of.parse().ok()?))
            .ok_or_else(|| ShardError(text.to_owned()))
    }
}

/// Makes the patients in blocks of [`BLOCK`] on several threads, and gives out the blocks in order.
///
/// A thread waits until its last block is taken before it begins the next but one, so memory is set by the number of
/// threads, never by the number of patients. With one thread, everything happens on the caller's.
///
/// # Errors
///
/// The first error of `take`; blocks under way are then given up.
///
/// # Panics
///
/// When `make` panics.
pub fn for_each_block<T: Send, E>(
    patients: Range<u64>,
    threads: NonZeroUsize,
    make: impl Fn(Range<u64>) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let block = |index: u64| {
        let start = patients.start.checked_add(index.checked_mul(BLOCK)?)?;
        (start < patients.end).then(|| start..patients.end.min(start + BLOCK))
    };
    if threads.get() == 1 {
        return (0..).map_while(block).try_for_each(|patients| take(make(patients)));
    }
    thread::scope(|scope| {
        let step = threads.get();
        let (block, make) = (&block, &make);
        let workers: Vec<Receiver<T>> = (0..step as u64)
            .map(|worker| {
                let (sender, receiver) = mpsc::sync_channel(1);
                scope.spawn(move || {
                    for patients in (worker..).step_by(step).map_while(block) {
                        if sender.send(make(patients)).is_err() {
                            return; // The taker gave up.
                        }
                    }
                });
                receiver
            })
            .collect();
        for receiver in workers.iter().cycle() {
            match receiver.recv() {
                Ok(block) => take(block)?,
                // The worker whose turn it is has no block left, so nobody has; if it panicked, the scope says so.
                Err(_) => break,
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gather(patients: Range<u64>, threads: usize) -> Vec<u64> {
        let mut seen = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        let taken: Result<(), ()> = for_each_block(patients, threads, Iterator::collect::<Vec<_>>, |block| {
            seen.extend(block);
            Ok(())
        });
        taken.unwrap();
        seen
    }

    #[test]
    fn blocks_come_in_order_on_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            assert_eq!(gather(5..2000, threads), (5..2000).collect::<Vec<_>>());
            assert_eq!(gather(7..7, threads), Vec::<u64>::new());
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let threads = NonZeroUsize::new(4).unwrap();
        let mut n_taken = 0;
        let result = for_each_block(
            1..1_000_000,
            threads,
            |block| block,
            |block| {
                n_taken += 1;
                if block.contains(&(3 * BLOCK + 5)) { Err(block.start) } else { Ok(()) }
            },
        );
        assert_eq!((result, n_taken), (Err(1 + 3 * BLOCK), 4));
    }

    #[test]
    fn a_shard_is_a_number_of_a_number() {
        assert_eq!("2/7".parse(), Ok(Shard { index: 2, of: 7 }));
        for bad in ["", "2", "0/7", "8/7", "1/0", "a/b", "-1/3", "1/2/3"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn shards_are_a_partition(first in 1u64..1000, n_patients in 0u64..500, of in 1u64..20) {
            let all: Vec<u64> =
                (1..=of).flat_map(|index| Shard::new(index, of).unwrap().patients(first, n_patients)).collect();
            prop_assert_eq!(all, (first..first + n_patients).collect::<Vec<_>>());
        }
    }
}
