//! Orders for tests and procedures.

use chrono::NaiveDateTime;

use super::{Cause, ConceptKey, EventId};

/// An order that was carried out.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its place in the chart.
    pub event: EventId,
    /// What was ordered: the panel of a report, or the procedure.
    pub concept: ConceptKey,
    /// What sort of service.
    pub category: RequestCategory,
    /// When it was ordered: as the visit began.
    pub authored: NaiveDateTime,
    /// When it was carried out, not before.
    pub done: NaiveDateTime,
    /// What came of it.
    pub fulfilled_by: Fulfilment,
    /// Condition it was ordered for.
    pub reason: Option<ConceptKey>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fulfilment {
    /// Index into [`Timeline::reports`](super::Timeline::reports).
    Report(usize),
    /// Index into [`Timeline::procedures`](super::Timeline::procedures).
    Procedure(usize),
}

/// Sort of a requested service.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RequestCategory {
    Laboratory,
    Imaging,
    Surgical,
    Evaluation,
    Counselling,
}
