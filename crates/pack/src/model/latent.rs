//! Latent state: the slow quantities of the body.

use serde::Deserialize;

use crate::key::Key;

/// A slow quantity of the body that drives labs and vitals, e.g. `glycaemia`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// Name.
    pub key: Key,
    /// Unit, for people.
    pub unit: Key,
    /// Table of mean and standard deviation in health.
    pub curve: Key,
    /// Whether people spread around the mean as a log-normal; else as a normal.
    pub log: bool,
    /// Where the log-normal begins; the larger, the more skewed. The mean stands above it at every age.
    #[serde(default)]
    pub origin: f64,
    /// Lowest and highest value, whatever happens.
    pub bounds: [f64; 2],
    /// The most that all treatments together can move it; the effect saturates there.
    pub treatment_cap: f64,
    /// How much of a person's deviation comes from an earlier latent.
    #[serde(default)]
    pub loadings: Vec<Loading>,
}

/// Share of one latent's deviation in another's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loading {
    /// The earlier latent.
    pub on: Key,
    /// Correlation.
    pub weight: f64,
}
