//! What was written down in words: notes of visits, and reports of diagnostic services.

use chrono::NaiveDateTime;

use super::{Cause, EventId};

/// Kind of a note.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum NoteKind {
    /// Of a hospital stay, written when it ends.
    DischargeSummary,
    /// Of an emergency visit.
    HistoryAndPhysical,
    /// Of a follow-up, a visit for a problem, or a call.
    Progress,
    /// Of a visit for a procedure.
    Procedure,
}

/// A note of a visit. It names nobody.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its place in the chart.
    pub event: EventId,
    /// Kind of note.
    pub kind: NoteKind,
    /// When it was written: at the end of the visit.
    pub at: NaiveDateTime,
    /// The text, lines ended by `\n`.
    pub text: String,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A diagnostic service's report on a procedure, in words. It names nobody.
#[derive(Clone, Debug)]
pub struct WrittenReport {
    /// Its place in the chart.
    pub event: EventId,
    /// The service.
    pub service: twinlake_pack::ReportService,
    /// Place in the chart of the same text as a document, when it was filed as one too.
    pub document: Option<EventId>,
    /// When it was issued; not after the visit.
    pub at: NaiveDateTime,
    /// The text, lines ended by `\n`.
    pub text: String,
    /// Index into [`super::Timeline::procedures`].
    pub procedure: usize,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}
