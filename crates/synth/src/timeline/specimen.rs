//! Specimens.

use chrono::NaiveDateTime;

use super::{Cause, ConceptKey, EventId};

/// A sample taken at a visit, in which laboratory results were measured.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// Its place in the chart.
    pub event: EventId,
    /// What was taken, e.g. `blood-specimen`.
    pub concept: ConceptKey,
    /// What people call it.
    pub name: &'static str,
    /// When it was taken: when the first of its results is of.
    pub at: NaiveDateTime,
    /// Indices into [`Timeline::observations`](super::Timeline::observations).
    pub results: Vec<usize>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it: the cause of its first result.
    pub cause: Cause,
}
