//! FHIR code systems, by the URIs that FHIR R4 gives them, and the OMOP vocabulary that holds each.

/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// RxNorm.
pub const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// CVX, the vaccine codes of the CDC.
pub const CVX: &str = "http://hl7.org/fhir/sid/cvx";
/// UCUM, units of measure.
pub const UCUM: &str = "http://unitsofmeasure.org";
/// ICD-10-CM.
pub const ICD10CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// Provider specialties of the Centers for Medicare and Medicaid Services, two characters: `08`.
///
/// OMOP's `Medicare Specialty` writes them without the leading zero, so they are mapped by value set, not by code.
pub const CMS_SPECIALTY: &str = "https://bluebutton.cms.gov/resources/variables/prvdr_spclty";
/// HL7's roles of practitioners: `doctor`, `nurse`.
pub const PRACTITIONER_ROLE: &str = "http://terminology.hl7.org/CodeSystem/practitioner-role";

/// The OMOP vocabulary that holds the codes of a FHIR code system; `None` for a system that OMOP keeps elsewhere.
pub fn vocabulary(system: &str) -> Option<&'static str> {
    match system {
        SNOMED => Some("SNOMED"),
        LOINC => Some("LOINC"),
        RXNORM => Some("RxNorm"),
        CVX => Some("CVX"),
        UCUM => Some("UCUM"),
        ICD10CM => Some("ICD10CM"),
        _ => None,
    }
}
