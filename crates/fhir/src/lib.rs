//! FHIR R4 resources: typed, borrowing, lossless; NDJSON and Bundle reading and writing.
//!
//! A [`Resource`] is read from the text of one resource and borrows its strings from it. Elements that the types here
//! do not know are kept as raw JSON in `extra`, and resource types that are not modelled are kept whole, so writing a
//! resource gives back everything that was read. [`ndjson`] and [`bundle`] find the resources in files, and
//! [`bundle::resolve`] turns references between the entries of a Bundle into `Type/id`.
//!
//! # Example
//!
//! ```
//! use twinlake_fhir::Resource;
//!
//! let text = r#"{"resourceType":"Patient","id":"p1","birthDate":"1970-03","photo":[]}"#;
//! let Resource::Patient(patient) = Resource::from_json(text)? else { panic!("not a Patient") };
//! assert_eq!(patient.birth_date.unwrap().to_string(), "1970-03");
//! assert_eq!(Resource::Patient(patient).to_json(), text);
//! # Ok::<(), twinlake_fhir::FhirError>(())
//! ```

#[macro_use]
mod element;

pub mod bundle;
mod compact;
mod cursor;
mod datatypes;
mod date;
mod decimal;
mod error;
mod header;
mod json;
pub mod ndjson;
mod reference;
mod resource;
mod resources;
mod text;

pub use cursor::{Cursor, Kind};
pub use datatypes::*;
pub use date::{DateError, DateTime, PartialDate, Precision};
pub use decimal::{Decimal, DecimalError};
pub use error::FhirError;
pub use header::{Header, leading_type};
pub use resource::{OtherResource, Resource};
pub use resources::*;
pub use text::{Extra, Raw, Text};
