//! Where in the hospital a patient was, and how a stay ended.

use chrono::NaiveDateTime;

use super::Cause;

/// A part of the hospital.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ward {
    Emergency,
    General,
    IntensiveCare,
}

impl Ward {
    /// All wards, in the order of their numbers in the [reference set](crate::reference).
    pub const ALL: [Self; 3] = [Self::Emergency, Self::General, Self::IntensiveCare];
}

/// Time spent in one ward during a visit to the hospital.
#[derive(Clone, Debug)]
pub struct WardStay {
    /// Index of the encounter; its ward stays follow each other without a gap from its start to its end.
    pub encounter: usize,
    /// Where.
    pub ward: Ward,
    /// From when.
    pub start: NaiveDateTime,
    /// Until when.
    pub end: NaiveDateTime,
    /// What caused it: the cause of the encounter.
    pub cause: Cause,
}

/// Where a patient went after a hospital stay; who is not named here went home, or died.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Destination {
    LongTermCare,
    Hospice,
}

/// A discharge to somewhere else than home.
#[derive(Clone, Debug)]
pub struct Discharge {
    /// Index of the encounter.
    pub encounter: usize,
    /// Where to.
    pub to: Destination,
    /// What caused it: the cause of the encounter.
    pub cause: Cause,
}
