//! [`Onset`]: how a condition begins.

use serde::Deserialize;

use super::one;
use crate::key::Key;
use crate::population::Race;

/// How a condition begins: at a rate, or when a latent crosses a threshold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Onset {
    /// Once, at a hazard per year by sex and age.
    Hazard {
        /// Table of hazards.
        table: Key,
        /// Factor on the whole table.
        #[serde(default = "one")]
        scale: f64,
        /// What moves the hazard.
        #[serde(default)]
        effects: Vec<Effect>,
        /// Conditions of which one must be there first.
        #[serde(default)]
        requires_any: Vec<Key>,
        /// Years of birth, rising, and the factor on the hazard of those born from then on; 1 before the first.
        #[serde(default)]
        cohorts: Vec<(f64, f64)>,
    },
    /// Once, at the first birthday at which untreated latent state is above a value.
    Crossing {
        /// The latent.
        latent: Key,
        /// The threshold.
        above: f64,
    },
    /// Again and again, at a rate per year by sex and age.
    Recurrent {
        /// Table of rates.
        table: Key,
        /// Factor on the whole table.
        #[serde(default = "one")]
        scale: f64,
        /// Weight of each month, January first; they are divided by their mean.
        #[serde(default)]
        season: Vec<f64>,
        /// Factor on the rate from a time on, as calendar year with fraction, rising; nothing happens before the first.
        #[serde(default)]
        calendar: Vec<(f64, f64)>,
        /// What moves the rate.
        #[serde(default)]
        effects: Vec<Effect>,
        /// Conditions of which one must be there first.
        #[serde(default)]
        requires_any: Vec<Key>,
    },
}

/// A factor on a hazard. Exactly one of `latent`, `race` and `condition` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Per standard deviation of this latent.
    pub latent: Option<Key>,
    /// In people of this race.
    pub race: Option<Race>,
    /// In people of Hispanic or Latino ethnicity.
    pub hispanic: Option<bool>,
    /// While this condition lasts.
    pub condition: Option<Key>,
    /// Logarithm of the hazard ratio.
    pub log_hr: f64,
}
