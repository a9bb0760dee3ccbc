//! What FHIR R4 (4.0.1) says of each element: its cardinality, its types, what it may refer to and the codes it is bound to.
//!
//! The facts are two tables, `spec/elements.txt` and `spec/codes.txt`, made from the specification's definitions by
//! `cargo xtask elements`. They are read once, when the first of them is asked for.
//!
//! # Example
//!
//! ```
//! use twinlake_r4::{Found, element};
//!
//! let Some(Found::Plain(gender)) = element("Patient", "gender") else { panic!() };
//! assert_eq!((gender.min, gender.many, gender.types.as_slice()), (0, false, &["code"][..]));
//! assert!(gender.binding.unwrap().has(None, "female"));
//! assert!(!gender.binding.unwrap().has(None, "f"));
//!
//! let Some(Found::Key(_, of)) = element("Observation", "valueQuantity") else { panic!() };
//! assert_eq!(of, "Quantity");
//! ```

mod codes;
mod elements;
mod primitive;
mod types;

pub use codes::{ValueSet, value_set};
pub use elements::{Element, Found, element, elements, is_resource, type_named, type_names};
pub use primitive::{Form, Primitive};
pub use types::{PRIMITIVES, TYPES, choice_key, is_primitive};
