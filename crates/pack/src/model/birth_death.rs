//! How births and deaths are charted.

use serde::Deserialize;

use super::Order;
use crate::key::Key;

/// The hospital stay in which a child is born: `birth.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthRules {
    /// Concept key of the diagnosis.
    pub concept: Key,
    /// Number of the event stream of that diagnosis.
    pub stream: u16,
    /// Share of children born in hospital.
    pub in_hospital: f64,
    /// Mean days of the stay.
    pub stay_days: f64,
    /// What is ordered.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Where the figures are from.
    pub source: Key,
}

/// How deaths are charted: `death.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeathRules {
    /// Table of a factor on the hazard of death by sex and age, which brings the deaths of those who are ill back to
    /// the life table.
    pub correction: Option<Key>,
    /// Concept key of the observation that says the cause.
    pub concept: Key,
    /// Number of the event stream of that observation.
    pub stream: u16,
    /// Share of deaths in hospital.
    pub in_hospital: f64,
    /// Where the figures are from.
    pub source: Key,
}
