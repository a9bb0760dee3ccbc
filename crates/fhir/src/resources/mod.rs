//! The resources that are modelled, grouped as FHIR groups them.

mod administration;
mod encounter;
mod medication;
mod observation;
mod problem;
mod request;
mod specimen;

pub use administration::*;
pub use encounter::*;
pub use medication::*;
pub use observation::*;
pub use problem::*;
pub use request::*;
pub use specimen::*;
