//! The resources that are modelled, grouped as FHIR groups them.

mod administration;
mod document;
mod encounter;
mod medication;
mod money;
mod observation;
mod problem;
mod specimen;

pub use administration::*;
pub use document::*;
pub use encounter::*;
pub use medication::*;
pub use money::*;
pub use observation::*;
pub use problem::*;
pub use specimen::*;
