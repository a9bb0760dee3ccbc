//! [`Visit`]: the sorts of visit and when they fall due.

use serde::Deserialize;

use super::{Order, PlanGoal, one};
use crate::key::Key;

/// FHIR class of an encounter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum VisitClass {
    Ambulatory,
    Emergency,
    Inpatient,
    Virtual,
}

/// A sort of visit: `care/*.toml`; `wellness`, `follow-up`, `virtual`, `acute`, `emergency`, `inpatient` must be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Name.
    pub key: Key,
    /// Concept key of the kind of visit.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Class.
    pub class: VisitClass,
    /// First hour of a start, and the hour after the last; whole weeks when `weekends`.
    pub hours: [u32; 2],
    /// Whether it also happens on Saturdays and Sundays.
    #[serde(default)]
    pub weekends: bool,
    /// Minutes it takes, at least and at most.
    pub minutes: [u32; 2],
    /// What is always ordered.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Whether it takes place in the hospital, whatever its class.
    #[serde(default)]
    pub hospital: bool,
    /// When it falls due by age; a visit with nothing to do is left out, but for `wellness`.
    #[serde(default)]
    pub schedule: Vec<Interval>,
    /// Probability that one that falls due takes place.
    #[serde(default = "one")]
    pub attendance: f64,
    /// Share of follow-ups that take this form: virtual only.
    #[serde(default)]
    pub share: f64,
    /// Share of visits for an acute condition that take its place (virtual visits), without anything measured.
    #[serde(default)]
    pub acute_share: f64,
    /// Factor on both shares by sex and age, a table.
    pub share_curve: Option<Key>,
    /// What the plan that the first of them makes may be to reach, in this order; wellness visits only.
    #[serde(default)]
    pub goals: Vec<PlanGoal>,
    /// Probability that staff give the first dose of a drug that is prescribed there to be taken at home.
    #[serde(default)]
    pub first_dose: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// From an age on, a visit every so many months.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// First age, in months.
    pub from_age_months: f64,
    /// Months to the next one.
    pub every_months: f64,
}
