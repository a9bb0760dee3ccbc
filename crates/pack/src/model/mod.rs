//! What happens to people: latent state, conditions, medications, labs and care, as the files of a pack say it.
//!
//! Everything here is data; the words are closed sets, so a pack is read or refused, never half understood.

mod allergy;
mod birth_death;
mod care;
mod condition;
mod course;
mod derived;
mod episode;
mod lab;
mod latent;
mod measured;
mod medication;
mod onset;
mod procedure;
mod report;
mod vaccine;
mod visit;

pub use allergy::{Allergies, AllergyShare};
pub use birth_death::{BirthRules, DeathRules};
pub use care::{FollowUp, Goal, Order, PlanGoal, Treatment};
pub use condition::{Condition, Mortality, Recognition, Shift, Supply};
pub use course::{Course, CourseEnd, CourseInterval, CourseOrder, CourseWay, Outcome};
pub use derived::{Derived, Weighted};
pub use episode::{Episode, EpisodeDrug, LabShift};
pub use lab::{Answer, Grade, Lab, LabCategory, TextAnswer};
pub use latent::{Latent, Loading};
pub use measured::{Below, Measured, SurveyItem, Sway, Term};
pub use medication::{DrugEffect, Medication};
pub use onset::{Effect, Onset};
pub use procedure::{Modality, Procedure, ProcedureCategory, ReportService};
pub use report::{Report, Specimen};
pub use vaccine::Vaccine;
pub use visit::{Interval, Visit, VisitClass};

/// What a share or a factor is when the pack gives none.
const fn one() -> f64 {
    1.0
}

/// Bounds of a number that the pack gives none.
const fn anything() -> [f64; 2] {
    [-1e9, 1e9]
}
