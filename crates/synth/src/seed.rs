//! Seed trees: every patient and topic has a random stream of its own, found by name.
//!
//! A child is the SHA-256 of its parent, a label and an index, so patient 7 is the same whether 10 or 10,000 are drawn,
//! in any order, on any number of threads, and a new topic leaves the old ones alone. The samplers are our own, in `f64`
//! with `libm`, so that a platform's mathematics library cannot change a value.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A node of the seed tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The root of a cohort's tree.
    pub fn root(seed: u64) -> Self {
        Self::hash(&[b"twinlake seed", &seed.to_be_bytes()])
    }

    /// The child with this label and index.
    #[must_use]
    pub fn child(&self, label: &str, index: u64) -> Self {
        Self::hash(&[&self.0, &(label.len() as u64).to_be_bytes(), label.as_bytes(), &index.to_be_bytes()])
    }

    /// The random stream of this node.
    pub fn draws(&self) -> Draws {
        Draws { generator: ChaCha8Rng::from_seed(self.0) }
    }

    /// One of this node's many short random streams, by number: cheaper than a child each.
    pub fn at(&self, stream: u64) -> Draws {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(stream);
        Draws { generator }
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// A random stream: `ChaCha8` and our own samplers.
#[derive(Clone, Debug)]
pub struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    /// The random stream of a node.
    pub fn new(seed: Seed) -> Self {
        seed.draws()
    }

    /// Uniform in [0, 1), in steps of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        to_unit(self.generator.next_u64())
    }

    /// A whole number below `n`, each as likely to within 2^-64 · n; zero when `n` is zero.
    pub fn below(&mut self, n: usize) -> usize {
        let product = u128::from(self.generator.next_u64()) * n as u128;
        usize::try_from(product >> 64).expect("less than n")
    }

    /// One of the items.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal, by the inverse of its distribution function.
    pub fn normal(&mut self) -> f64 {
        inverse_normal(self.uniform() + f64::EPSILON / 4.0)
    }

    /// Exponential with mean one.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Index of a weight, in proportion to the weights; the last one when they do not sum to more than zero.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut rest = self.uniform() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            if rest < weight {
                break;
            }
            rest -= weight;
        }
        last
    }
}

#[expect(clippy::cast_precision_loss, reason = "53 bits fit into an f64 exactly")]
fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// The standard normal quantile function, by Acklam's rational approximation (relative error below 1.2e-9).
#[expect(clippy::excessive_precision, reason = "the coefficients as published")]
pub fn inverse_normal(probability: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_690e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const LOW: f64 = 0.024_25;
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        polynomial(&C, q) / (polynomial(&D, q) * q + 1.0)
    };
    if probability < LOW {
        tail(probability.max(f64::MIN_POSITIVE))
    } else if probability > 1.0 - LOW {
        -tail((1.0 - probability).max(f64::EPSILON / 4.0))
    } else {
        let q = probability - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / (polynomial(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_values_are_stable() {
        let mut draws = Seed::root(42).child("patient", 7).child("demographics", 0).draws();
        let uniforms: Vec<String> = (0..3).map(|_| format!("{:.12}", draws.uniform())).collect();
        let normals: Vec<String> = (0..3).map(|_| format!("{:.9}", draws.normal())).collect();
        let others =
            format!("{:.9} {} {}", draws.exponential(), draws.below(1000), draws.weighted([1.0, 2.0, 3.0].into_iter()));
        assert_eq!(uniforms, ["0.410097198329", "0.962562325196", "0.885562746974"]);
        assert_eq!(normals, ["0.676713639", "-0.162083519", "0.022196917"]);
        assert_eq!(others, "0.076830367 77 1");
    }

    #[test]
    fn children_differ_by_label_and_index() {
        let root = Seed::root(1);
        assert_ne!(root.child("a", 0), root.child("a", 1));
        assert_ne!(root.child("a", 0), root.child("b", 0));
        assert_ne!(root.child("a", 0).child("b", 0), root.child("ab", 0));
        assert_eq!(root.child("a", 3), Seed::root(1).child("a", 3));
    }

    #[test]
    fn the_normal_quantiles_are_those_of_the_tables() {
        for (probability, quantile) in
            [(0.5, 0.0), (0.975, 1.959_963_985), (0.001, -3.090_232_306), (0.84, 0.994_457_883)]
        {
            assert!((inverse_normal(probability) - quantile).abs() < 1e-7, "{probability}");
        }
        assert!(inverse_normal(0.0).is_finite());
        assert!(inverse_normal(1.0).is_finite());
    }

    #[test]
    fn samplers_have_their_means() {
        let mut draws = Seed::root(5).draws();
        let n = 20_000;
        let mean = |sum: f64| sum / f64::from(n);
        let (mut normal, mut square, mut exponential, mut uniform, mut second) = (0.0, 0.0, 0.0, 0.0, 0);
        for _ in 0..n {
            let x = draws.normal();
            normal += x;
            square += x * x;
            exponential += draws.exponential();
            uniform += draws.uniform();
            second += i32::from(draws.weighted([1.0, 3.0].into_iter()) == 1);
        }
        assert!(mean(normal).abs() < 0.03);
        assert!((mean(square) - 1.0).abs() < 0.04);
        assert!((mean(exponential) - 1.0).abs() < 0.03);
        assert!((mean(uniform) - 0.5).abs() < 0.01);
        assert!((mean(f64::from(second)) - 0.75).abs() < 0.02);
    }
}
