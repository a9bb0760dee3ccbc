//! Concepts that a mapping names outright: where a row comes from, and codes with a part of their own.
//!
//! Each id is a row of the embedded crosswalk, of the domain that its column asks for (a test looks them all up).

use twinlake_omop::ConceptId;

macro_rules! concepts {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $domain:ident;)*) => {
        $($(#[$doc])* pub const $name: ConceptId = ConceptId::new($id);)*
        #[cfg(test)]
        const ALL: &[(ConceptId, crate::Domain)] = &[$(($name, crate::Domain::$domain)),*];
    };
}

concepts! {
    /// EHR: the record, with no more said about where it was entered.
    EHR = 32817, TypeConcept;
    /// EHR administration record: a drug given, a vaccine among them.
    ADMINISTRATION = 32818, TypeConcept;
    /// EHR encounter record: visits, encounter diagnoses, procedures done at a visit.
    ENCOUNTER = 32827, TypeConcept;
    /// EHR physical examination: vital signs.
    VITAL_SIGNS = 32836, TypeConcept;
    /// EHR prescription.
    PRESCRIPTION = 32838, TypeConcept;
    /// EHR problem list.
    PROBLEM_LIST = 32840, TypeConcept;
    /// Lab.
    LABORATORY = 32856, TypeConcept;
    /// Patient filled survey.
    SURVEY = 32862, TypeConcept;
    /// Standard algorithm from EHR: how observation periods were made.
    DERIVED_FROM_EHR = 32882, TypeConcept;
    /// UTF-8, of `note.encoding_concept_id`.
    UTF8 = 32678, Metadata;
    /// OMOP CDM Version 5.4.0, of `cdm_source`.
    CDM_V5_4 = 756_265, Metadata;
}

/// LOINC "Cause of death": its coded value goes to `death.cause_*` and makes no row of its own.
pub const CAUSE_OF_DEATH: &str = "69453-9";

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::Vocab;

    #[test]
    fn every_named_concept_is_a_standard_row_of_its_domain() {
        for &(id, domain) in ALL {
            let concept = Vocab::embedded().concept(id).unwrap();
            assert_eq!((concept.domain, concept.standard), (domain, true), "{id:?}");
        }
    }
}
