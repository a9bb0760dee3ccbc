//! What care cost, and who paid it.

use chrono::{NaiveDate, NaiveDateTime};

use super::{ConceptKey, EventId};

/// A bill for a visit, sent to the payer, and the payer's decision on it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Place of the claim in the chart.
    pub event: EventId,
    /// Place of the decision in the chart.
    pub decision_event: EventId,
    /// Index into [`Timeline::coverages`](super::Timeline::coverages).
    pub coverage: usize,
    /// Index of the encounter.
    pub encounter: usize,
    /// When it was sent: at the end of the visit.
    pub at: NaiveDateTime,
    /// Day of the payer's decision, when that came by `as_of`.
    pub decided: Option<NaiveDate>,
    /// What was billed, at least the visit itself, which is first.
    pub items: Vec<ClaimItem>,
    /// What caused it.
    pub cause: super::Cause,
}

/// One line of a bill. Amounts are US cents.
#[derive(Clone, Debug)]
pub struct ClaimItem {
    /// What was billed.
    pub service: Service,
    /// Its concept.
    pub concept: ConceptKey,
    /// What was charged.
    pub charged: i64,
    /// What the payer allows; at most what was charged.
    pub allowed: i64,
    /// What the patient pays of that before the payer does.
    pub deductible: i64,
    /// What the patient pays besides.
    pub copay: i64,
}

impl ClaimItem {
    /// US cents that the payer pays: what is allowed less what the patient pays.
    pub fn benefit(&self) -> i64 {
        self.allowed - self.patient()
    }

    /// US cents that the patient pays.
    pub fn patient(&self) -> i64 {
        self.deductible + self.copay
    }
}

/// What a line of a bill is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// The visit.
    Visit,
    /// Index into [`Timeline::procedures`](super::Timeline::procedures).
    Procedure(usize),
    /// Index into [`Timeline::immunizations`](super::Timeline::immunizations).
    Immunization(usize),
}
