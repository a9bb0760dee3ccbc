//! [`Plan`]: which patients get which fault.

use std::str::FromStr;

use crate::attempt::Attempt;
use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::draws::Draws;
use crate::kind::{Kind, Side};
use crate::kinds::kinds;

/// Share of charts in which the rare kinds are tried first.
const RARE_FIRST: f64 = 0.5;

/// Which patients get a fault, and of which kinds: `rate=0.01,kinds=all,seed=7`, where each part may be left out.
///
/// ```
/// use twinlake_defects::Plan;
///
/// let plan: Plan = "rate=0.5,kinds=omop-flipped-gender+fhir-flipped-gender".parse()?;
/// assert_eq!((plan.rate(), plan.kinds().len()), (0.5, 2));
/// assert!("rate=2".parse::<Plan>().is_err());
/// # Ok::<(), twinlake_defects::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    rate: f64,
    kinds: Vec<&'static Kind>,
    seed: u64,
}

/// Why a text is no plan.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A part without a known name.
    #[error("`{0}` is none of `rate=SHARE`, `kinds=all` or `kinds=KIND+KIND`, `seed=NUMBER`")]
    Part(String),
    /// A share that is none.
    #[error("`{0}` is no share of patients between 0 and 1")]
    Rate(String),
    /// A kind that there is not.
    #[error("there is no kind `{0}` of defects; `twinlake generate --list-defects` lists them")]
    Kind(String),
    /// A seed that is no number.
    #[error("`{0}` is no seed")]
    Seed(String),
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut plan = Self { rate: 0.01, kinds: kinds().collect(), seed: 1 };
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("rate", share)) => {
                    let rate = share.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
                    plan.rate = rate.ok_or_else(|| PlanError::Rate(share.to_owned()))?;
                }
                Some(("kinds", "all")) => plan.kinds = kinds().collect(),
                Some(("kinds", names)) => {
                    let find = |name: &str| {
                        let kind = kinds().find(|kind| kind.name == name);
                        kind.ok_or_else(|| PlanError::Kind(name.to_owned()))
                    };
                    plan.kinds = names.split('+').map(find).collect::<Result<_, _>>()?;
                }
                Some(("seed", seed)) => plan.seed = seed.parse().map_err(|_| PlanError::Seed(seed.to_owned()))?,
                _ => return Err(PlanError::Part(part.to_owned())),
            }
        }
        Ok(plan)
    }
}

impl Plan {
    /// Share of patients that get a fault.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The kinds of faults they get.
    pub fn kinds(&self) -> &[&'static Kind] {
        &self.kinds
    }

    /// Whether a patient is to get a fault.
    pub fn concerns(&self, patient: u64) -> bool {
        self.swaps(patient) || Draws::new(self.seed, "patient", patient).uniform() < self.rate
    }

    /// Puts the patient's fault into the chart; none when no kind of the plan has anything to work on there.
    ///
    /// The chart is as it was when there is none.
    pub fn inject(&self, patient: u64, chart: &mut Chart, surroundings: &Surroundings<'_>) -> Option<Defect> {
        let swap = || self.kinds.iter().copied().find(|kind| kind.is_swap);
        if self.swaps(patient)
            && let Some(defect) = swap().and_then(|kind| apply(kind, self.seed, patient, chart, surroundings))
        {
            return Some(defect);
        }
        if Draws::new(self.seed, "patient", patient).uniform() >= self.rate {
            return None;
        }
        let mut kinds: Vec<&'static Kind> = self.kinds.iter().copied().filter(|kind| !kind.is_swap).collect();
        let mut draws = Draws::new(self.seed, "kind", patient);
        draws.shuffle(&mut kinds);
        // What few charts have anything for comes first in some of them, or it would hardly ever come.
        if draws.uniform() < RARE_FIRST {
            kinds.sort_by_key(|kind| !kind.is_rare);
        }
        kinds.into_iter().find_map(|kind| apply(kind, self.seed, patient, chart, surroundings))
    }

    /// Whether a patient changes places with the one beside them: both of a pair do, or neither.
    fn swaps(&self, patient: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "there are few kinds")]
        let share = self.rate / self.kinds.len() as f64;
        self.kinds.iter().any(|kind| kind.is_swap) && Draws::new(self.seed, "pair", patient / 2).uniform() < share
    }
}

/// Puts a fault of a kind into the chart, or leaves it as it is.
fn apply(
    kind: &'static Kind,
    seed: u64,
    patient: u64,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
) -> Option<Defect> {
    let mut changed = chart.clone();
    let draws = Draws::new(seed, kind.name, patient);
    let defect = (kind.inject)(&mut Attempt { kind, chart: &mut changed, surroundings, draws })?;
    if kind.side == Side::Both {
        changed.remap(surroundings);
    }
    *chart = changed;
    Some(defect)
}
