//! Questionnaires as they were answered, question by question.

use super::{Cause, EventId};

/// A questionnaire whose score the chart holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Instrument {
    /// Depression in nine questions.
    Phq9,
    /// The first two of them.
    Phq2,
    /// Anxiety in seven questions.
    Gad7,
    /// Alcohol in three questions.
    AuditC,
}

impl Instrument {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Phq9, Self::Phq2, Self::Gad7, Self::AuditC];

    /// LOINC code of its total score.
    pub const fn score_code(self) -> &'static str {
        match self {
            Self::Phq9 => "44261-6",
            Self::Phq2 => "55758-7",
            Self::Gad7 => "70274-6",
            Self::AuditC => "75626-2",
        }
    }

    /// How many questions it has.
    pub const fn n_questions(self) -> usize {
        match self {
            Self::Phq9 => 9,
            Self::Phq2 => 2,
            Self::Gad7 => 7,
            Self::AuditC => 3,
        }
    }

    /// Points of the last answer of each question; the first one has none.
    pub const fn most_points(self) -> u8 {
        match self {
            Self::Phq9 | Self::Phq2 | Self::Gad7 => 3,
            Self::AuditC => 4,
        }
    }
}

/// A questionnaire filled in by the patient.
#[derive(Clone, Debug)]
pub struct SurveyResponse {
    /// Its place in the chart.
    pub event: EventId,
    /// The questionnaire.
    pub instrument: Instrument,
    /// Points of each answer, in the order of the questions; they add up to the score.
    pub points: Vec<u8>,
    /// Index into [`super::Timeline::observations`] of the score.
    pub score: usize,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}
