//! One row of CONCEPT, and the domains that decide its table.

use chrono::NaiveDate;
use twinlake_omop::ConceptId;

/// A row of CONCEPT, as its vocabulary holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concept<'v> {
    /// Its id.
    pub concept_id: ConceptId,
    /// Its name; for SNOMED CT in the embedded crosswalk a short label of our own.
    pub label: &'v str,
    /// Its domain, which decides the table of an event.
    pub domain: Domain,
    /// Its domain by OMOP's `domain_id`, also where that is [`Domain::Other`].
    pub domain_id: &'v str,
    /// Its vocabulary, by OMOP's name: `SNOMED`, `LOINC`, …
    pub vocabulary: &'v str,
    /// Its concept class: `Clinical Drug`, `Ingredient`, …
    pub class: &'v str,
    /// True of a standard concept (`S`).
    pub standard: bool,
    /// True of a classification concept (`C`).
    pub classification: bool,
    /// Its code in its vocabulary.
    pub code: &'v str,
    /// First day it is valid.
    pub valid_start: NaiveDate,
    /// Last day it is valid; 2099-12-31 when it still is.
    pub valid_end: NaiveDate,
    /// `D` or `U` when it is no longer valid.
    pub invalid_reason: Option<&'v str>,
}

impl Concept<'_> {
    /// CONCEPT's `standard_concept`: `S`, `C` or nothing.
    pub fn standard_concept(&self) -> Option<&'static str> {
        match (self.standard, self.classification) {
            (true, _) => Some("S"),
            (false, true) => Some("C"),
            (false, false) => None,
        }
    }
}

macro_rules! domains {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A domain of the OMOP vocabulary. The first six decide which table an event lands in.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Domain {
            $($(#[$doc])* $name,)*
            /// A domain that decides nothing here; an event of it lands in the table of its resource.
            Other,
        }

        impl Domain {
            /// OMOP's `domain_id`; empty for [`Domain::Other`].
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)* Self::Other => "" }
            }

            /// The domain with this `domain_id`.
            pub fn from_id(domain_id: &str) -> Option<Self> {
                match domain_id { $($id => Some(Self::$name),)* _ => None }
            }
        }
    };
}

domains! {
    /// `condition_occurrence`.
    Condition = "Condition",
    /// `drug_exposure`.
    Drug = "Drug",
    /// `procedure_occurrence`.
    Procedure = "Procedure",
    /// `measurement`.
    Measurement = "Measurement",
    /// `observation`.
    Observation = "Observation",
    /// `device_exposure`.
    Device = "Device",
    /// Currencies of `cost`.
    Currency = "Currency",
    /// Status of a diagnosis.
    ConditionStatus = "Condition Status",
    /// Kinds of `episode`.
    Episode = "Episode",
    /// Ethnicity of a person.
    Ethnicity = "Ethnicity",
    /// Gender of a person.
    Gender = "Gender",
    /// Countries and regions.
    Geography = "Geography",
    /// Languages of notes.
    Language = "Language",
    /// Coded results.
    MeasValue = "Meas Value",
    /// `<`, `>` and their like.
    MeasValueOperator = "Meas Value Operator",
    /// The vocabulary's own concepts, concept 0 among them.
    Metadata = "Metadata",
    /// Kinds of notes.
    Note = "Note",
    /// Providers.
    Provider = "Provider",
    /// Specialties of providers.
    ProviderSpecialty = "Provider Specialty",
    /// Race of a person.
    Race = "Race",
    /// Ways to give a drug.
    Route = "Route",
    /// Anatomic sites of specimens.
    SpecAnatomicSite = "Spec Anatomic Site",
    /// `specimen`.
    Specimen = "Specimen",
    /// Where a row comes from.
    TypeConcept = "Type Concept",
    /// Units of measure.
    Unit = "Unit",
    /// Kinds of visit.
    Visit = "Visit",
}
