//! Drugs that staff gave.

use chrono::NaiveDateTime;

use super::{Cause, EventId};

/// One dose of a prescribed drug, given at the visit at which it was prescribed.
#[derive(Clone, Debug)]
pub struct Administration {
    /// Its place in the chart.
    pub event: EventId,
    /// Index into [`Timeline::prescriptions`](super::Timeline::prescriptions).
    pub prescription: usize,
    /// Whether it was given on the spot, ahead of a supply for home; else the prescription is for what staff give.
    pub ahead_of_supply: bool,
    /// When it was given, not before the prescription.
    pub at: NaiveDateTime,
    /// What caused it: the cause of the prescription.
    pub cause: Cause,
}
