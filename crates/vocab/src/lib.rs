//! What both models mean by a code: FHIR's (system, code) on one side, OMOP's concept on the other.
//!
//! [`Vocab::embedded`] is a small crosswalk, compiled in: the concepts that the model pack uses, and those that FHIR's
//! required codes (gender, encounter class, …) need. [`Vocab::map`] takes a code to its source and standard concept;
//! [`Vocab::unit`], [`Vocab::ingredients`] and the value sets answer the other questions of a mapping. The same data
//! comes out as rows of OMOP's vocabulary tables ([`Vocab::concept_rows`] and its neighbours).
//!
//! Ids, codes, domains and standard flags are facts of the OHDSI Standardized Vocabularies and are never made up: each
//! row was found in a published extract, and a test compares them. Labels of SNOMED CT concepts are our own wording;
//! `NOTICE` names the owners of the rest.
//!
//! ```
//! use twinlake_vocab::{Domain, Vocab, system};
//!
//! let vocab = Vocab::embedded();
//! let male = vocab.gender("male");
//! assert_eq!(male.get(), 8507);
//! assert_eq!(vocab.concept(male).map(|concept| concept.domain), Some(Domain::Gender));
//!
//! // A code that is not there maps to nothing, and says so with concept 0.
//! let unknown = vocab.map(Some(system::SNOMED), "not-a-code");
//! assert_eq!(unknown.standard.get(), 0);
//! ```

mod athena;
mod concept;
mod load;
mod local;
mod rows;
mod store;
pub mod system;
pub mod types;
mod vocab;

pub use concept::{Concept, Domain};
pub use load::{Files, VocabError};
pub use vocab::{Mapping, Strength, Vocab};
