//! Random draws of one patient under one plan.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A random stream.
#[derive(Debug)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of a label and a number under a seed.
    pub(crate) fn new(seed: u64, label: &str, number: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"twinlake defects");
        hasher.update(seed.to_be_bytes());
        hasher.update(number.to_be_bytes());
        hasher.update(label);
        Self(ChaCha8Rng::from_seed(hasher.finalize().into()))
    }

    /// Uniform in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `n`; zero when `n` is zero.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let product = u128::from(self.0.next_u64()) * n as u128;
        usize::try_from(product >> 64).expect("less than n")
    }

    /// One of the items, if there are any.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        items.get(self.below(items.len())).copied()
    }

    /// The items in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
