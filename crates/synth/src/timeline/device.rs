//! Devices left in the body, and pictures taken of it.

use chrono::NaiveDate;
use twinlake_pack::Modality;

use super::{Cause, ConceptKey, EventId};

/// A device that a procedure put in, and that stays.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its place in the chart.
    pub event: EventId,
    /// What it is, e.g. `coronary-stent`.
    pub concept: ConceptKey,
    /// Number of its lot.
    pub lot: String,
    /// Its own number within the lot.
    pub serial: String,
    /// Day on which it was made.
    pub made: NaiveDate,
    /// Day until which it may be put in.
    pub expires: NaiveDate,
    /// Index into [`Timeline::procedures`](super::Timeline::procedures).
    pub procedure: usize,
    /// What caused it: the cause of the procedure.
    pub cause: Cause,
}

/// The pictures of one examination. The pictures themselves are nowhere.
#[derive(Clone, Debug)]
pub struct ImagingStudy {
    /// Its place in the chart.
    pub event: EventId,
    /// What made the pictures.
    pub modality: Modality,
    /// Number of pictures of each series.
    pub series: Vec<u32>,
    /// Index into [`Timeline::procedures`](super::Timeline::procedures).
    pub procedure: usize,
    /// What caused it: the cause of the procedure.
    pub cause: Cause,
}
