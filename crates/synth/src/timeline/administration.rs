//! Drugs that staff gave.

use chrono::NaiveDateTime;

use super::{Cause, EventId};

/// One dose of a prescription, given at the visit at which it was prescribed.
#[derive(Clone, Debug)]
pub struct Administration {
    /// Its place in the chart.
    pub event: EventId,
    /// Index into [`Timeline::prescriptions`](super::Timeline::prescriptions).
    pub prescription: usize,
    /// When it was given, not before the prescription.
    pub at: NaiveDateTime,
    /// What caused it: the cause of the prescription.
    pub cause: Cause,
}
