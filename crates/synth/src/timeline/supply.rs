//! Things for use at home.

use chrono::NaiveDateTime;

use super::{Cause, ConceptKey, EventId};

/// Something that was handed out for use at home, on a day of no visit.
#[derive(Clone, Debug)]
pub struct Supply {
    /// Its place in the chart.
    pub event: EventId,
    /// What it is, e.g. `walking-aid`.
    pub concept: ConceptKey,
    /// Pieces, at least one.
    pub quantity: u32,
    /// When it was handed over.
    pub at: NaiveDateTime,
    /// Index of the organization that handed it over.
    pub organization: usize,
    /// What caused it: the condition.
    pub cause: Cause,
}
