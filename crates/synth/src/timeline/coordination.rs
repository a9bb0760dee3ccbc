//! How care is coordinated: teams, plans, goals, people close to the patient, and who recorded a visit.

use chrono::{NaiveDate, NaiveDateTime};

use super::{Cause, ConceptKey, EventId, Scaled, Sex};

/// Whether something intended still goes on at `as_of`, and why not.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Course {
    /// It goes on.
    Ongoing,
    /// The condition it was for is over.
    Completed(NaiveDate),
    /// The patient has died.
    Ended(NaiveDate),
}

impl Course {
    /// The last day, when there is one.
    pub fn end(self) -> Option<NaiveDate> {
        match self {
            Self::Ongoing => None,
            Self::Completed(day) | Self::Ended(day) => Some(day),
        }
    }
}

/// Someone close to the patient.
#[derive(Clone, Debug)]
pub struct RelatedPerson {
    /// Its place in the chart.
    pub event: EventId,
    /// What they are to the patient.
    pub kinship: Kinship,
    /// Sex.
    pub sex: Sex,
    /// Given name; never in OMOP.
    pub given_name: &'static str,
    /// Family name, of who is not of the family; never in OMOP.
    pub family_name: Option<&'static str>,
    /// Telephone number of the range reserved for fiction; never in OMOP.
    pub phone: String,
    /// Whether they are the one to call in an emergency.
    pub is_emergency_contact: bool,
    /// Index of the encounter at which they were written down.
    pub encounter: usize,
    /// Last day on which they have a part: a child's eighteenth birthday or the patient's death, once it has come.
    pub until: Option<NaiveDate>,
    /// What caused it.
    pub cause: Cause,
}

/// What someone is to the patient.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kinship {
    Parent,
    Spouse,
    Child,
    Sibling,
    Friend,
}

/// Who takes part in the care of a patient over the years; one a patient.
#[derive(Clone, Debug)]
pub struct CareTeam {
    /// Its place in the chart.
    pub event: EventId,
    /// Indices of the practitioners: the patient's own, then whoever was seen when the first plan was made.
    pub practitioners: Vec<usize>,
    /// Index of the organization that they work for.
    pub organization: usize,
    /// Whether it still meets.
    pub course: Course,
    /// Index of the encounter at which it was formed.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A number that care is to bring something below.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Its place in the chart.
    pub event: EventId,
    /// What is measured.
    pub measure: ConceptKey,
    /// What it is to stay below.
    pub below: Scaled,
    /// UCUM code.
    pub unit: &'static str,
    /// When it is to be reached; may lie after `as_of`.
    pub due: NaiveDate,
    /// Index into [`super::Timeline::care_plans`].
    pub plan: usize,
    /// What caused it.
    pub cause: Cause,
}

/// What a care plan is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To stay well: check-ups, screening and vaccines when they fall due.
    Prevention,
    /// A lasting condition: index into [`super::Timeline::problems`].
    Problem(usize),
}

/// How often a care plan foresees a visit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Every {
    Days(u32),
    Months(u32),
}

/// What is intended for one lasting condition, or for staying well.
#[derive(Clone, Debug)]
pub struct CarePlan {
    /// Its place in the chart.
    pub event: EventId,
    /// What it is for.
    pub purpose: Purpose,
    /// How often it foresees a visit.
    pub every: Every,
    /// Whether it still goes on.
    pub course: Course,
    /// Index of the encounter at which it was made.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// Who wrote down an encounter, and who passed it on.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// Its place in the chart.
    pub event: EventId,
    /// Index of the encounter.
    pub encounter: usize,
    /// When it was recorded: as the encounter ended.
    pub recorded: NaiveDateTime,
    /// What caused it.
    pub cause: Cause,
}

/// A time in which a clinic takes charge of a condition.
#[derive(Clone, Debug)]
pub struct EpisodeOfCare {
    /// Its place in the chart.
    pub event: EventId,
    /// What the pack calls it.
    pub kind: &'static str,
    /// Index into [`super::Timeline::problems`].
    pub problem: usize,
    /// Indices of the encounters that belong to it, ascending; at least one, and it begins with the first.
    pub encounters: Vec<usize>,
    /// Whether it still goes on.
    pub course: Course,
    /// What caused it.
    pub cause: Cause,
}
