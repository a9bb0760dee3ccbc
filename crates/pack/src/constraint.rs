//! What no record of the population may break, and what it claims to meet.

use serde::Deserialize;

use crate::calibration::{Group, Question};
use crate::key::{ConceptKey, Key};
use crate::table::Sex;

/// At which ages, in which sex, after what and in which dose a concept may occur.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// The concept.
    pub concept: ConceptKey,
    /// Youngest age, in completed years.
    pub min_age: Option<u32>,
    /// Oldest age, in completed years.
    pub max_age: Option<u32>,
    /// The only sex.
    pub sex: Option<Sex>,
    /// Concepts of which one must be on the problem list too, and must not have begun later.
    pub requires_any: Vec<ConceptKey>,
    /// Most units (tablets, puffs) a day of a drug: its quantity over the days that it lasts.
    pub max_per_day: Option<f64>,
    /// Why.
    pub reason: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConstraintFile {
    #[serde(default)]
    pub(crate) constraint: Vec<ConstraintRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConstraintRow {
    pub(crate) concept: Key,
    pub(crate) min_age: Option<u32>,
    pub(crate) max_age: Option<u32>,
    pub(crate) sex: Option<Sex>,
    #[serde(default)]
    pub(crate) requires_any: Vec<Key>,
    pub(crate) max_per_day: Option<f64>,
    pub(crate) reason: Key,
}

/// What a target measures.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Percent of the living whose problem list has the concept at the reference date.
    RecordedPrevalence,
}

/// A figure the pack claims to meet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is measured.
    pub measure: Measure,
    /// Concept key.
    pub concept: Key,
    /// Sex; both when absent.
    pub sex: Option<Sex>,
    /// First age, in completed years.
    pub min_age: u32,
    /// Last age; none for no end.
    pub max_age: Option<u32>,
    /// The figure, in percent.
    pub value: f64,
    /// How far off is still a hit, in percentage points.
    pub tolerance: f64,
    /// Where the figure is from.
    pub source: Key,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetFile {
    #[serde(default)]
    pub(crate) target: Vec<Target>,
    #[serde(default)]
    pub(crate) question: Vec<Question>,
    #[serde(default)]
    pub(crate) group: Vec<Group>,
}
