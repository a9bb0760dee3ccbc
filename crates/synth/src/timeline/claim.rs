//! What care cost, and who paid it.

use chrono::{NaiveDate, NaiveDateTime};

use super::{ConceptKey, EventId};

/// A bill for a visit, or for the drugs that a pharmacy handed out on a day, sent to the payer, and the payer's decision.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Place of the claim in the chart.
    pub event: EventId,
    /// Place of the decision in the chart.
    pub decision_event: EventId,
    /// Index into [`Timeline::coverages`](super::Timeline::coverages).
    pub coverage: usize,
    /// Index of the encounter; none of a pharmacy's bill.
    pub encounter: Option<usize>,
    /// Index of the organization that sends it.
    pub organization: usize,
    /// First and last day of what is billed.
    pub served: (NaiveDate, NaiveDate),
    /// When it was sent: at the end of the visit, or when the last of the drugs was handed out.
    pub at: NaiveDateTime,
    /// Day of the payer's decision, when that came by `as_of`; on a pharmacy's bill it is made at once.
    pub decided: Option<NaiveDate>,
    /// What was billed, at least one item; of a visit, the visit itself is first.
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
    /// Index into [`Timeline::dispenses`](super::Timeline::dispenses).
    Dispense(usize),
}
