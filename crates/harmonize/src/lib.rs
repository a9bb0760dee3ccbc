//! FHIR R4 to OMOP CDM v5.4: one patient's resources become rows, and what has no home is counted.
//!
//! `docs/harmonization.md` is the contract, column by column. The table of an event follows the domain of its standard
//! concept (HL7 FHIR-to-OMOP guide, f2o-037), whatever its resource type; an event that did not happen gives no row
//! (f2o-060) and is counted by its reason (f2o-062); an element without a column is counted too (f2o-080).
//!
//! [`Shared`] reads what patients share (practitioners, organizations, locations, medications); [`harmonize_patient`] does the rest,
//! one patient at a time, so memory is that of one patient.
//!
//! ```
//! use twinlake_fhir::Resource;
//! use twinlake_harmonize::{Shared, harmonize_patient};
//! use twinlake_omop::AnyRow;
//! use twinlake_vocab::Vocab;
//!
//! let patient = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-03",
//!     "maritalStatus":{"text":"married"}}"#;
//! let resources = [Resource::from_json(patient)?];
//! let harmonized = harmonize_patient(Vocab::embedded(), &Shared::default(), &resources);
//! let AnyRow::Person(person) = &harmonized.rows[0] else { panic!("not a person") };
//! assert_eq!((person.gender_concept_id.get(), person.year_of_birth, person.day_of_birth), (8532, 1970, None));
//! let lost: Vec<_> = harmonized.losses.elements().collect();
//! assert_eq!(lost, [("Patient", "maritalStatus", 1)]);
//! # Ok::<(), twinlake_fhir::FhirError>(())
//! ```

mod allergy;
mod coded;
mod condition;
mod cost;
mod coverage;
mod current;
mod device;
mod drug;
mod elements;
mod episode;
mod era;
mod event;
mod fate;
mod home;
mod loss;
mod note;
mod observation;
mod observation_period;
mod patient;
mod person;
mod procedure;
mod shared;
mod specimen;
mod supply;
mod visit;
mod xhtml;

pub use fate::Fates;
pub use home::suggested_home;
pub use loss::{Losses, UnmappedCode};
pub use patient::{Harmonized, gives_nothing, harmonize_patient, has_no_home};
pub use shared::Shared;
