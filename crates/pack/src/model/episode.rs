//! [`Episode`]: what an acute condition brings about each time.

use serde::Deserialize;

use super::Order;
use crate::key::Key;

/// What one episode of an acute condition brings about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// Share seen in the emergency department.
    #[serde(default)]
    pub emergency: f64,
    /// Share that ends in a hospital stay.
    #[serde(default)]
    pub admission: f64,
    /// Share of these stays that do not begin in the emergency department: planned, or sent by a doctor.
    #[serde(default)]
    pub direct: f64,
    /// Mean days of a stay.
    #[serde(default)]
    pub stay_days: f64,
    /// What is ordered at the visit.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Drugs, each with its probability.
    #[serde(default)]
    pub drugs: Vec<EpisodeDrug>,
    /// What it does to labs measured at the visit.
    #[serde(default)]
    pub shifts: Vec<LabShift>,
}

/// A drug of an episode.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeDrug {
    /// Key of the medication.
    pub medication: Key,
    /// Probability that it is prescribed.
    pub probability: f64,
}

/// An episode's effect on a lab.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabShift {
    /// Key of the lab.
    pub lab: Key,
    /// Mean of the change.
    pub by: f64,
}
