//! [`Measured`]: a number that follows the patient's state, and what only a survey measures.

use serde::Deserialize;

use super::anything;
use crate::key::Key;

/// A measured number: the sum of its parts, or the exponential of the sum.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Table of mean and of the standard deviation between people.
    pub curve: Option<Key>,
    /// Constant.
    #[serde(default)]
    pub offset: f64,
    /// Parts that follow the patient's state.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// Standard deviation from visit to visit.
    #[serde(default)]
    pub noise: f64,
    /// More of it, while conditions last.
    #[serde(default)]
    pub noisier: Vec<Term>,
    /// Another lab whose deviation of the same visit moves this one too.
    pub swayed: Option<Sway>,
    /// Whether the written value is the exponential of the sum.
    #[serde(default)]
    pub log: bool,
    /// Another number, as written, that this one stays below.
    pub below: Option<Below>,
}

/// What two numbers of one visit share: they are off on the same day, as both pressures are of someone who hurried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sway {
    /// The other lab, a measured one.
    pub lab: Key,
    /// What one standard deviation of the other's noise from visit to visit adds, in this number's unit.
    pub by: f64,
}

/// A distance kept from another number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The other lab.
    pub lab: Key,
    /// The least distance.
    pub by: f64,
}

/// A part of a measured number. Exactly one of `latent` and `condition` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Value of this latent.
    pub latent: Option<Key>,
    /// Whether the latent's mean in health at this sex and age is taken off first.
    #[serde(default)]
    pub relative: bool,
    /// One while this condition lasts.
    pub condition: Option<Key>,
    /// Factor.
    pub weight: f64,
    /// Table of a further factor, by sex and age.
    pub curve: Option<Key>,
}

/// Something that only a survey measures, never a chart: `survey.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyItem {
    /// Name; no lab has it.
    pub key: Key,
    /// Unit, for people.
    pub unit: Key,
    /// Digits after the point.
    #[serde(default)]
    pub decimals: u8,
    /// Lowest and highest value.
    #[serde(default = "anything")]
    pub bounds: [f64; 2],
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// How it comes about from the person's state; it keeps no distance from a lab.
    pub measured: Measured,
}
