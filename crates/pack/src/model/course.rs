//! [`Course`]: a time that passes by itself, with visits and an end.

use serde::Deserialize;

use super::{EpisodeDrug, LabShift, Order, one};
use crate::key::Key;

/// A time that begins, is attended by visits and ends by itself in hospital: a pregnancy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Mean days from onset to the end.
    pub days: f64,
    /// Standard deviation of these days.
    pub spread: f64,
    /// Fewest and most days.
    pub bounds: [f64; 2],
    /// Fewest days from an end to the next onset.
    pub pause_days: f64,
    /// Key of the sort of visit, a file of `care`.
    pub visit: Key,
    /// Days from onset to the first visit, at the least and on average.
    pub first_visit_days: [f64; 2],
    /// Days between visits.
    pub visits: Vec<CourseInterval>,
    /// What is ordered at the visits.
    #[serde(default)]
    pub orders: Vec<CourseOrder>,
    /// Drugs of the first visit, each with its probability.
    #[serde(default)]
    pub drugs: Vec<EpisodeDrug>,
    /// What it does to labs measured at the visits and at the end.
    #[serde(default)]
    pub shifts: Vec<LabShift>,
    /// How it ends.
    pub end: CourseEnd,
}

/// From a day after onset on, a visit every so many days.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseInterval {
    /// First day after onset.
    pub from_day: f64,
    /// Days to the next visit.
    pub every_days: f64,
}

/// An order of a course, at the visits between two days after onset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseOrder {
    /// Key of a lab, a report or a procedure.
    pub of: Key,
    /// Probability that it is done at a visit.
    #[serde(default = "one")]
    pub probability: f64,
    /// Fewest days since the last one of this course or an earlier one.
    #[serde(default)]
    pub every_days: f64,
    /// First day after onset.
    #[serde(default)]
    pub from_day: f64,
    /// Day after onset from which it is no longer ordered.
    pub to_day: Option<f64>,
}

/// The end of a course: a hospital stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseEnd {
    /// Ways it ends; one of them, by share.
    pub ways: Vec<CourseWay>,
    /// What is diagnosed at the stay.
    pub outcomes: Vec<Outcome>,
    /// What is ordered at the stay.
    #[serde(default)]
    pub orders: Vec<Order>,
}

/// A way in which a course ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseWay {
    /// Key of the procedure.
    pub procedure: Key,
    /// Share of ends.
    pub share: f64,
    /// Mean days of the stay.
    pub stay_days: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// A diagnosis of the end of a course.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Probability.
    #[serde(default = "one")]
    pub probability: f64,
}
