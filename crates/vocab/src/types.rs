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
    /// Cost record.
    COST = 32814, TypeConcept;
    /// United States dollar.
    US_DOLLAR = 44_818_668, Currency;
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
    /// Patient self-report: what someone says they take or use.
    SELF_REPORT = 32865, TypeConcept;
    /// Patient filled survey.
    SURVEY = 32862, TypeConcept;
    /// Standard algorithm from EHR: how observation periods were made.
    DERIVED_FROM_EHR = 32882, TypeConcept;
    /// UTF-8, of `note.encoding_concept_id`.
    UTF8 = 32678, Metadata;
    /// Standard algorithm: rows that a program made of nobody's data.
    ALGORITHM = 32880, TypeConcept;
    /// Episode of Care, of `episode`.
    EPISODE_OF_CARE = 32533, Episode;
    /// `visit_occurrence.visit_occurrence_id`, as a field that an event is linked by.
    VISIT_OCCURRENCE_ID = 1_147_070, Metadata;
    /// `procedure_occurrence.procedure_occurrence_id`, as a field that an event is linked by.
    PROCEDURE_OCCURRENCE_ID = 1_147_082, Metadata;
    /// `drug_exposure.drug_exposure_id`, as a field that an event is linked by.
    DRUG_EXPOSURE_ID = 1_147_094, Metadata;
    /// `condition_occurrence.condition_occurrence_id`, as a field that an event is linked by.
    CONDITION_OCCURRENCE_ID = 1_147_127, Metadata;
    /// `cdm_source`, as what a row of `metadata` is about.
    CDM_SOURCE = 1_147_325, Metadata;
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
