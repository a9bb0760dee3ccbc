//! What a known condition calls for: visits, orders, goals and drugs.

use serde::Deserialize;

use super::one;
use crate::key::Key;
use crate::table::Sex;

/// Visits that a known condition calls for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// Days between visits.
    pub every_days: f64,
    /// What is ordered at them.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// What the plan for the condition is to reach, beside the goal of its treatment.
    #[serde(default)]
    pub goals: Vec<PlanGoal>,
}

/// A number that a care plan is to bring, or keep, below a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanGoal {
    /// Key of the lab.
    pub lab: Key,
    /// The value, in the lab's unit.
    pub below: f64,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
}

/// A lab, report or procedure ordered at a visit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Key of a lab, a report or a procedure.
    pub of: Key,
    /// Probability that it is done.
    #[serde(default = "one")]
    pub probability: f64,
    /// Fewest days since the last one.
    #[serde(default)]
    pub every_days: f64,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// Up to this age, not included.
    pub to_age: Option<f64>,
    /// In this sex only.
    pub sex: Option<Sex>,
}

/// Drugs that a known condition calls for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Keys of medications, in the order in which they are added.
    pub ladder: Vec<Key>,
    /// Share of people who take drugs for it at all.
    pub start: f64,
    /// Table of a factor on that share, by sex and age; who has begun stays with it.
    pub start_curve: Option<Key>,
    /// Probability that a visit adds the next while the goal is missed.
    #[serde(default)]
    pub step: f64,
    /// What treatment aims at.
    pub goal: Option<Goal>,
    /// Drugs are begun only while the goal's latent is above this.
    pub begin_above: Option<f64>,
}

/// A latent below a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The latent.
    pub latent: Key,
    /// The value.
    pub below: f64,
}
