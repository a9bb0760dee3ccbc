//! Who pays for a patient's care.

use chrono::NaiveDate;

use super::EventId;

/// A span of time in which a payer covered the patient.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Its place in the chart.
    pub event: EventId,
    /// Index into the pack's payers; nothing is charted of times without one.
    pub payer: usize,
    /// Whose plan it is.
    pub relationship: Relationship,
    /// Number of the member, the subscriber's with two more digits.
    pub member: String,
    /// Number of the subscriber.
    pub subscriber: String,
    /// Number of the employer's group, of a private plan.
    pub group: Option<String>,
    /// First day, inside the chart's window.
    pub start: NaiveDate,
    /// Last day, when it came by `as_of`; the day of death at the latest.
    pub end: Option<NaiveDate>,
    /// What caused it.
    pub cause: super::Cause,
}

impl Coverage {
    /// Whether the payer covers that day.
    pub fn is_in_force(&self, day: NaiveDate) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }
}

/// What the patient is to the subscriber, FHIR's `subscriber-relationship`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Relationship {
    Itself,
    Spouse,
    Child,
}
