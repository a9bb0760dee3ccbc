//! Drugs that were handed out.

use chrono::NaiveDateTime;

use super::EventId;

/// One fill of a prescription.
#[derive(Clone, Debug)]
pub struct Dispense {
    /// Its place in the chart.
    pub event: EventId,
    /// Index into [`Timeline::prescriptions`](super::Timeline::prescriptions).
    pub prescription: usize,
    /// Which fill of the prescription it is, from 0; the others are refills.
    pub fill: u32,
    /// When it was handed over, not before the prescription.
    pub at: NaiveDateTime,
    /// What caused it.
    pub cause: super::Cause,
}

impl Dispense {
    /// Whether it was handed over on a day of the visit at which it was prescribed; otherwise it belongs to no visit.
    pub fn is_of_visit(&self, timeline: &super::Timeline) -> bool {
        let encounter = &timeline.encounters[timeline.prescriptions[self.prescription].encounter];
        self.at.date() <= encounter.end.date()
    }
}
