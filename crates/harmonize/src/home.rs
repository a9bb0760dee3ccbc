//! Where in OMOP an element could go that has no column in this mapping (f2o-081).

/// What names a person or reaches them: it must not be in OMOP (f2o-020, f2o-022).
const IDENTIFYING: [&str; 6] = ["identifier", "name", "telecom", "photo", "contact", "masterIdentifier"];

/// Extensions that tell one life from others.
const OF_A_LIFE: [&str; 2] = ["mothersMaidenName", "birthPlace"];

/// Where an element could go, by resource type and path; `None` for what must not be in OMOP: identifiers, names and the like.
///
/// A table and a column, in words for whoever extends the mapping. Where nothing better is known it is `observation`, which takes
/// whatever has a code.
pub fn suggested_home(resource_type: &str, path: &str) -> Option<&'static str> {
    let element = path.split(['.', '(']).next().unwrap_or(path);
    let of_person = matches!(resource_type, "Patient" | "Practitioner" | "RelatedPerson");
    // A narrative of a person begins with their name.
    let names = of_person
        && (matches!(element, "address" | "birthDate" | "text") || OF_A_LIFE.iter().any(|part| path.contains(part)));
    if IDENTIFYING.contains(&element) || names {
        return None;
    }
    Some(match (resource_type, element) {
        ("AllergyIntolerance", "criticality" | "reaction" | "clinicalStatus") => {
            "observation, with observation_event_id the allergy's row"
        }
        ("Patient", "contained" | "link") => "fact_relationship between persons",
        ("Condition", "severity" | "stage" | "evidence") => {
            "observation, with observation_event_id the condition's row"
        }
        ("Condition", "clinicalStatus") => "condition_occurrence.stop_reason, or the condition's end",
        ("Encounter", "reasonCode" | "reasonReference" | "diagnosis") => "condition_occurrence of the visit",
        ("Encounter", "type" | "serviceType" | "priority") => "observation of the visit",
        ("Procedure", "outcome" | "complication" | "followUp") => "observation or condition_occurrence of the visit",
        (
            "MedicationRequest" | "MedicationDispense" | "MedicationAdministration" | "MedicationStatement",
            "statusReason",
        ) => "drug_exposure.stop_reason",
        ("Observation", "interpretation") => "measurement.value_as_concept_id, where there is no coded value",
        ("Observation", "specimen") => "fact_relationship between measurement and specimen",
        ("Specimen", "condition") => "specimen.disease_status_concept_id",
        (_, "reasonCode" | "reasonReference") => "condition_occurrence, tied by fact_relationship",
        (_, "bodySite" | "site" | "method") => "a more specific concept of the row itself, else observation",
        (_, "note" | "text" | "conclusion" | "patientInstruction" | "description") => "note",
        (_, "participant" | "performer" | "asserter" | "recorder") => "provider_id of the row",
        (_, "location") => "care_site_id of the visit",
        (_, "partOf" | "basedOn" | "supportingInfo" | "derivedFrom" | "hasMember" | "result" | "context") => {
            "fact_relationship"
        }
        (_, "contained") => "rows of the resources in it, were they resources of their own",
        (_, "adjudication" | "item" | "payment" | "total") => "cost",
        _ => "observation",
    })
}

#[cfg(test)]
mod tests {
    use super::suggested_home;

    #[test]
    fn what_names_a_person_has_no_home() {
        for (resource_type, path) in [
            ("Patient", "name"),
            ("Patient", "text"),
            ("Patient", "address.city"),
            ("Patient", "extension(http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName)"),
            ("Claim", "identifier"),
        ] {
            assert_eq!(suggested_home(resource_type, path), None, "{resource_type}.{path}");
        }
        assert_eq!(suggested_home("Organization", "address.city"), Some("observation"));
    }

    #[test]
    fn an_element_has_a_home_of_its_type_or_of_all() {
        assert_eq!(suggested_home("Specimen", "condition"), Some("specimen.disease_status_concept_id"));
        assert_eq!(suggested_home("Goal", "note.text"), Some("note"));
        assert_eq!(suggested_home("Patient", "extension(http://example.org)"), Some("observation"));
    }
}
