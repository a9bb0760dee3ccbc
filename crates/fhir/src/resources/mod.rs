//! The resources that are modelled, grouped as FHIR groups them.

mod administration;
mod coordination;
mod device;
mod document;
mod encounter;
mod imaging;
mod medication;
mod money;
mod observation;
mod problem;
mod request;
mod specimen;
mod supply;
mod survey;

pub use administration::*;
pub use coordination::*;
pub use device::*;
pub use document::*;
pub use encounter::*;
pub use imaging::*;
pub use medication::*;
pub use money::*;
pub use observation::*;
pub use problem::*;
pub use request::*;
pub use specimen::*;
pub use supply::*;
pub use survey::*;
