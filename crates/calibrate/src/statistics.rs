//! Sums that merge, what follows from them, and how far off is still a hit.

use std::collections::BTreeMap;

/// Count, sum and sum of squares of numbers: what merges by adding. Vitals and labs are of one order of magnitude with
/// their spread, so little cancels in an `f64`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) n: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    pub(crate) fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.n > 0.0).then(|| self.sum / self.n)
    }

    pub(crate) fn variance(&self) -> Option<f64> {
        (self.n > 1.0).then(|| ((self.squares - self.sum * self.sum / self.n) / (self.n - 1.0)).max(0.0))
    }
}

/// Two numbers together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pairs {
    pub(crate) x: Moments,
    y: Moments,
    products: f64,
}

impl Pairs {
    pub(crate) fn add(&mut self, x: f64, y: f64) {
        self.x.add(x);
        self.y.add(y);
        self.products += x * y;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.x.merge(&other.x);
        self.y.merge(&other.y);
        self.products += other.products;
    }

    pub(crate) fn pearson(&self) -> Option<f64> {
        let n = self.x.n;
        let (mean_x, mean_y) = self.x.mean().zip(self.y.mean())?;
        let (variance_x, variance_y) = self.x.variance().zip(self.y.variance())?;
        let covariance = (self.products - n * mean_x * mean_y) / (n - 1.0);
        let spread = (variance_x * variance_y).sqrt();
        (spread > 0.0).then(|| (covariance / spread).clamp(-1.0, 1.0))
    }
}

/// How often each value came, in tenths of the unit; as many entries as there are values, not people.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Values(BTreeMap<i64, u64>);

impl Values {
    /// Counts a number, rounded to tenths.
    #[expect(clippy::cast_possible_truncation, reason = "a lab's bounds are far within an i64")]
    pub fn add(&mut self, value: f64) {
        *self.0.entry((value * 10.0).round() as i64).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (value, n) in &other.0 {
            *self.0.entry(*value).or_default() += n;
        }
    }

    /// How many were counted.
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
    pub(crate) fn n(&self) -> f64 {
        self.0.values().sum::<u64>() as f64
    }

    /// The least value that this share of all does not exceed; none without values.
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let n: u64 = self.0.values().sum();
        let wanted = share * n as f64;
        let mut below = 0;
        for (&value, &count) in &self.0 {
            below += count;
            if below as f64 >= wanted && below > 0 {
                return Some(value as f64 / 10.0);
            }
        }
        None
    }
}

/// People by two questions: given and outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Table2x2 {
    /// Both.
    pub both: f64,
    /// Given, without the outcome.
    pub given: f64,
    /// The outcome, not given.
    pub outcome: f64,
    /// Neither.
    pub neither: f64,
}

impl Table2x2 {
    pub(crate) fn add(&mut self, given: bool, outcome: bool) {
        match (given, outcome) {
            (true, true) => self.both += 1.0,
            (true, false) => self.given += 1.0,
            (false, true) => self.outcome += 1.0,
            (false, false) => self.neither += 1.0,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.both += other.both;
        self.given += other.given;
        self.outcome += other.outcome;
        self.neither += other.neither;
    }

    /// People.
    pub fn n(&self) -> f64 {
        self.both + self.given + self.outcome + self.neither
    }

    /// Odds ratio; none when a cell of the divisor is empty.
    pub fn odds_ratio(&self) -> Option<f64> {
        let divisor = self.given * self.outcome;
        (divisor > 0.0).then(|| self.both * self.neither / divisor)
    }

    /// Standard error of the logarithm of the odds ratio (Woolf).
    pub fn standard_error(&self) -> Option<f64> {
        let cells = [self.both, self.given, self.outcome, self.neither];
        cells.iter().all(|&cell| cell > 0.0).then(|| cells.iter().map(|cell| 1.0 / cell).sum::<f64>().sqrt())
    }

    /// Odds ratio within strata, by Mantel and Haenszel.
    pub fn mantel_haenszel<'a>(strata: impl IntoIterator<Item = &'a Self>) -> Option<f64> {
        let (mut above, mut below) = (0.0, 0.0);
        for stratum in strata {
            let n = stratum.n();
            if n > 0.0 {
                above += stratum.both * stratum.neither / n;
                below += stratum.given * stratum.outcome / n;
            }
        }
        (below > 0.0).then(|| above / below)
    }
}

/// Floor of a share's tolerance, in percentage points.
pub(crate) const SHARE_FLOOR: f64 = 1.0;
/// Floor of a mean's tolerance, as a part of the mean.
const MEAN_FLOOR: f64 = 0.02;
/// Floor of a correlation's tolerance.
const CORRELATION_FLOOR: f64 = 0.05;
/// Floor of an odds ratio's tolerance, as a factor.
const ODDS_FLOOR: f64 = 1.25;
/// Floor of a visit rate's tolerance, as a part of it.
const RATE_FLOOR: f64 = 0.1;
/// Floor of a life expectancy's tolerance, in years.
pub(crate) const YEARS_FLOOR: f64 = 0.5;

/// Twice the standard error of two independent errors.
fn twice(se: f64, own: f64) -> f64 {
    2.0 * (se * se + own * own).sqrt()
}

/// How far a percentage may be from the published `percent`, in points: the floor (1 unless one is given), or twice the
/// standard error of the published figure and of `n` generated people.
pub fn tolerance_of_share(percent: f64, se: f64, n: f64, floor: Option<f64>) -> f64 {
    let p = (percent / 100.0).clamp(0.0, 1.0);
    let own = if n > 0.0 { 100.0 * (p * (1.0 - p) / n).sqrt() } else { 0.0 };
    twice(se, own).max(floor.unwrap_or(SHARE_FLOOR))
}

/// How far a mean may be from the published `mean`: 2 % of it, or twice the standard error of the published figure and
/// of `n` generated people with this variance.
pub fn tolerance_of_mean(mean: f64, se: f64, variance: f64, n: f64, floor: Option<f64>) -> f64 {
    let own = if n > 0.0 { (variance / n).sqrt() } else { 0.0 };
    twice(se, own).max(floor.unwrap_or(MEAN_FLOOR * mean.abs()))
}

/// How far a correlation may be off: 0.05, or twice its standard error.
pub(crate) fn tolerance_of_correlation(r: f64, published_n: Option<u32>, n: f64) -> f64 {
    let error = |n: f64| if n > 1.0 { (1.0 - r * r) / (n - 1.0).sqrt() } else { 0.0 };
    twice(published_n.map_or(0.0, |n| error(f64::from(n))), error(n)).max(CORRELATION_FLOOR)
}

/// By what factor an odds ratio may be off, as a logarithm: ln 1.25, or twice its standard error.
pub(crate) fn tolerance_of_odds(se: f64, own: f64) -> f64 {
    twice(se, own).max(libm::log(ODDS_FLOOR))
}

/// How far a rate may be off: a tenth, or twice its standard error.
pub(crate) fn tolerance_of_rate(rate: f64, se: f64, own: f64, floor: Option<f64>) -> f64 {
    twice(se, own).max(floor.unwrap_or(RATE_FLOOR * rate))
}

/// Chance of a normal deviation of more than two standard errors to one side.
const TAIL: f64 = 0.022_75;

/// The largest or the least number of rare events that chance allows where so many are expected: the next one on that
/// side is met, of a Poisson distribution, as seldom as two standard errors of a normal one. A whole number, but where
/// more than 500 are expected.
pub(crate) fn farthest_count(expected: f64, more: bool) -> f64 {
    if expected > 500.0 {
        let two = 2.0 * expected.sqrt();
        return if more { expected + two } else { expected - two };
    }
    let (mut count, mut chance, mut below) = (0.0, libm::exp(-expected), 0.0);
    loop {
        // At least `count` are met at a chance of 1 - below, at most `count` at below + chance.
        let reached = if more { 1.0 - below - chance < TAIL } else { below + chance >= TAIL };
        if reached {
            return count;
        }
        below += chance;
        count += 1.0;
        chance *= expected / count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_events_are_allowed_what_chance_makes_of_them() {
        // Of a table of the Poisson distribution.
        assert!(close(farthest_count(0.5, true), 2.0) && close(farthest_count(0.5, false), 0.0));
        assert!(close(farthest_count(10.0, true), 17.0) && close(farthest_count(10.0, false), 4.0));
        assert!(close(farthest_count(0.0, true), 0.0));
        let (most, least) = (farthest_count(400.0, true), farthest_count(400.0, false));
        assert!((most - 440.0).abs() < 2.0 && (least - 360.0).abs() < 2.0, "{least} to {most}");
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn moments_and_pairs_are_those_of_the_numbers_in_any_split() {
        let numbers = [(1.0, 2.0), (2.0, 1.0), (3.0, 5.0), (5.0, 6.0)];
        let mut whole = Pairs::default();
        let (mut first, mut second) = (Pairs::default(), Pairs::default());
        for (index, (x, y)) in numbers.into_iter().enumerate() {
            whole.add(x, y);
            if index < 1 { &mut first } else { &mut second }.add(x, y);
        }
        first.merge(&second);
        assert_eq!(first, whole);
        assert!(close(whole.x.mean().unwrap(), 2.75));
        assert!(close(whole.x.variance().unwrap(), 8.75 / 3.0));
        // By hand: covariance 10.5/3, variances 8.75/3 and 17/3.
        assert!(close(whole.pearson().unwrap(), 10.5 / (8.75_f64 * 17.0).sqrt()));
        assert_eq!(Pairs::default().pearson(), None);
    }

    #[test]
    fn quantiles_are_values_that_came() {
        let mut values = Values::default();
        for value in [3.0, 1.0, 2.0, 4.0] {
            values.add(value);
        }
        assert_eq!([0.1, 0.5, 0.9].map(|share| values.quantile(share)), [Some(1.0), Some(2.0), Some(4.0)]);
        assert_eq!(Values::default().quantile(0.5), None);
    }

    #[test]
    fn odds_ratios_crude_and_within_strata() {
        let first = Table2x2 { both: 10.0, given: 20.0, outcome: 5.0, neither: 40.0 };
        let second = Table2x2 { both: 30.0, given: 10.0, outcome: 30.0, neither: 20.0 };
        assert!(close(first.odds_ratio().unwrap(), 4.0));
        assert!(close(second.odds_ratio().unwrap(), 2.0));
        let expected = (400.0 / 75.0 + 600.0 / 90.0) / (100.0 / 75.0 + 300.0 / 90.0);
        assert!(close(Table2x2::mantel_haenszel([&first, &second]).unwrap(), expected));
        assert_eq!(Table2x2 { outcome: 0.0, ..first }.odds_ratio(), None);
        assert_eq!(Table2x2::mantel_haenszel([]), None);
    }

    #[test]
    fn tolerance_is_the_floor_or_twice_the_error() {
        assert!(close(tolerance_of_share(50.0, 0.1, 1e9, None), 1.0));
        assert!(close(tolerance_of_share(50.0, 0.1, 1e9, Some(3.0)), 3.0));
        assert!(close(tolerance_of_share(50.0, 3.0, 2500.0, None), 2.0 * 10.0_f64.sqrt()));
        assert!(close(tolerance_of_mean(100.0, 0.1, 4.0, 1e9, None), 2.0));
        assert!(close(tolerance_of_mean(100.0, 3.0, 1600.0, 100.0, None), 10.0));
        assert!(close(tolerance_of_correlation(0.5, Some(1_000_000), 1e6), 0.05));
        assert!(close(tolerance_of_correlation(0.0, None, 101.0), 0.2));
        assert!(close(tolerance_of_odds(0.0, 0.0), libm::log(1.25)));
    }
}
