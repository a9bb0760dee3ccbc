//! Allergies, each with the share of people who have it.

use serde::Deserialize;

use crate::key::Key;

/// Allergies: `allergies.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allergies {
    /// Name; the cause of each allergy.
    pub key: Key,
    /// Number of their event stream.
    pub stream: u16,
    /// Earliest and latest age of onset, in years.
    pub onset_years: [f64; 2],
    /// The allergies; at most 16.
    pub allergy: Vec<AllergyShare>,
    /// Where the figures are from.
    pub source: Key,
}

/// An allergy and the share of people who have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllergyShare {
    /// Concept key.
    pub concept: Key,
    /// Share of people.
    pub share: f64,
    /// Concept key of what it does to people, if that is to be told.
    pub reaction: Option<Key>,
}
