//! Typed faults in a patient's FHIR or OMOP, with the key to them: does a validator find them, and nothing else?
//!
//! A [`Plan`] says which patients get a fault: each of them one, of one [`Kind`], so that every finding about a patient has
//! one root. [`Plan::inject`] works on a [`Chart`], both sides of one patient, and says in a [`Defect`] what it did. A
//! fault on one side breaks the agreement; a fault on both sides breaks a rule, which its kind names; a few kinds leave a
//! chart that is as good as any other, which no validator can see, and are marked so.
//!
//! A kind is a line or two in the file of its side in `kinds`: its name, what it does, and the change of a resource or a row that
//! it is. The changes are those of `Attempt`.
//!
//! What a patient gets is a function of (plan, patient), never of other patients, threads or the clock.

mod attempt;
mod chart;
mod defect;
mod document;
mod draws;
mod kind;
mod kinds;
mod part;
mod plan;
mod resource;
mod row;
mod text;

pub use chart::{Chart, Surroundings};
pub use defect::Defect;
pub use document::Document;
pub use kind::{FoundBy, Kind, Side};
pub use kinds::kinds;
pub use plan::{Plan, PlanError};
