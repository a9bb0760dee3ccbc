//! [`Medication`]: a drug and what it does.

use serde::Deserialize;

use super::Goal;
use crate::key::Key;

/// A drug: `medications/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medication {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Instruction to the patient.
    pub sig: Key,
    /// Days one fill lasts.
    pub days_supply: u32,
    /// Units in one fill.
    pub quantity: u32,
    /// Refills after the first fill.
    #[serde(default)]
    pub refills: u32,
    /// Hazard per year that a long-term user stops.
    #[serde(default)]
    pub stop_per_year: f64,
    /// What it does to latent state.
    #[serde(default)]
    pub effects: Vec<DrugEffect>,
    /// Not below this value of a latent.
    pub avoid: Option<Goal>,
    /// Medications that end when this one begins, and are not begun beside it.
    #[serde(default)]
    pub replaces: Vec<Key>,
    /// Given by staff at the visit and never handed out: every so many hours, as long as the visit and the supply last.
    pub given_hours: Option<u32>,
    /// Whether its Medication is a resource of the reference set, to which what is ordered, handed out and given refers;
    /// else each says the code itself.
    #[serde(default)]
    pub formulary: bool,
    /// Whether the concept is coarser than a clinical drug.
    #[serde(default)]
    pub approximate: bool,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// Up to this age, not included.
    pub to_age: Option<f64>,
}

/// A drug's effect on a latent: it comes with a half-life, and goes when the drug is stopped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrugEffect {
    /// The latent.
    pub latent: Key,
    /// Full effect of the drug alone.
    pub by: f64,
    /// Days until half of it is there.
    pub half_life_days: f64,
    /// Standard deviation between people of the factor on `by`.
    #[serde(default)]
    pub spread: f64,
}
