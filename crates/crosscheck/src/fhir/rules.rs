//! The rules on FHIR, in words.

use crate::finding::Severity;
use crate::registry::{Family, Over, Written};

const fn rule(
    id: &'static str,
    over: Over,
    says: &'static str,
    standard: &'static str,
    query: &'static str,
) -> Written {
    Written { id, family: Family::Fhir, severity: Severity::Error, over, says, standard, query }
}

/// How to find a resource and an element of it.
const OPEN: &str = "Open the resource that the finding names at the path that it names.";

/// All of them.
pub(crate) const RULES: &[Written] = &[
    rule(
        "patient.birth_date",
        Over::ResourcesOf("Patient"),
        "A Patient has a `birthDate`; without one there is no person.",
        "OMOP CDM v5.4 (person.year_of_birth isRequired)",
        "Open the Patient that the finding names; `birthDate` is absent.",
    ),
    rule(
        "patient.gender",
        Over::ResourcesOf("Patient"),
        "A Patient has a `gender`, and OMOP does not know better than it.",
        "US Core 7.0.0",
        "Open the Patient that the finding names; `gender` is absent or `unknown`.",
    ),
    rule(
        "fhir.duplicate",
        Over::Resources,
        "No resource comes twice in one version.",
        "FHIR R4 (Resource.id)",
        "Search the files for the type and id that the finding names.",
    ),
    rule(
        "fhir.subject",
        Over::Resources,
        "The Patient whom resources are about is there.",
        "FHIR R4 (references)",
        "Search the files for the Patient that the finding names; it is in none.",
    ),
    rule(
        "fhir.unreadable",
        Over::Resources,
        "Every record is a resource that can be read.",
        "FHIR R4 (JSON)",
        "Open the file at the line that the finding names, or search for the text that it shows.",
    ),
    rule(
        "fhir.resource_type",
        Over::Resources,
        "A resource is of a type that R4 has.",
        "FHIR R4 (resource types)",
        OPEN,
    ),
    rule("fhir.element", Over::Resources, "R4 has every element that a resource has.", "FHIR R4 (definitions)", OPEN),
    rule(
        "fhir.required",
        Over::Resources,
        "An element that R4 requires is there.",
        "FHIR R4 (cardinality)",
        "Open the resource that the finding names; the element at the path is absent.",
    ),
    rule(
        "fhir.cardinality",
        Over::Resources,
        "An element is a list where R4 has one, and only there; nothing is empty or there twice.",
        "FHIR R4 (cardinality, JSON)",
        OPEN,
    ),
    rule(
        "fhir.choice",
        Over::Resources,
        "An element with a choice of types has one value.",
        "FHIR R4 (choice of data types)",
        "Open the resource that the finding names; two keys begin with the name of the element.",
    ),
    rule(
        "fhir.type",
        Over::Resources,
        "A value is an object, a text, a number or a boolean as its type is in JSON.",
        "FHIR R4 (JSON)",
        OPEN,
    ),
    rule(
        "fhir.format",
        Over::Resources,
        "A primitive value has the format of its type, and a day is in the calendar.",
        "FHIR R4 (data types)",
        OPEN,
    ),
    rule(
        "fhir.code",
        Over::Resources,
        "A code is of the value set that R4 requires.",
        "FHIR R4 (required bindings)",
        OPEN,
    ),
    rule(
        "fhir.reference_type",
        Over::Resources,
        "A reference is to a type of resources that R4 allows there.",
        "FHIR R4 (references)",
        OPEN,
    ),
    rule(
        "fhir.dangling",
        Over::Resources,
        "What a reference of a patient's resource refers to is there: among those of the same patient, or among those that patients share.",
        "FHIR R4 (references); Bulk Data 2.0",
        "Search the files for the type and id that the finding says; it is in none, or of another patient.",
    ),
    rule("fhir.period", Over::Resources, "A period does not end before it starts.", "FHIR R4 (per-1)", OPEN),
    rule(
        "fhir.encounter_without_end",
        Over::ResourcesOf("Encounter"),
        "A finished Encounter has an end.",
        "FHIR R4 (Encounter.status)",
        OPEN,
    ),
    rule(
        "fhir.procedure_without_time",
        Over::ResourcesOf("Procedure"),
        "A completed Procedure says when it was performed.",
        "US Core 7.0.0 (us-core-7)",
        OPEN,
    ),
    rule(
        "fhir.abated_and_active",
        Over::ResourcesOf("Condition"),
        "A Condition that has abated is not active.",
        "FHIR R4 (con-4)",
        OPEN,
    ),
    rule(
        "fhir.error_and_status",
        Over::ResourcesOf("Condition"),
        "A Condition that was entered in error has no clinical status.",
        "FHIR R4 (con-5)",
        OPEN,
    ),
    rule(
        "fhir.value_and_reason",
        Over::ResourcesOf("Observation"),
        "An Observation has a value or a reason why it has none, not both.",
        "FHIR R4 (obs-6)",
        OPEN,
    ),
    rule(
        "fhir.observation_without_value",
        Over::ResourcesOf("Observation"),
        "A final Observation has a value, components, members, or a reason why it has none.",
        "US Core 7.0.0 (us-core-2)",
        OPEN,
    ),
    rule(
        "fhir.active_after_death",
        Over::ResourcesOf("MedicationRequest"),
        "Who is dead has no active MedicationRequest.",
        "FHIR R4 (MedicationRequest.status)",
        "Open the MedicationRequest that the finding names and its Patient, who is deceased.",
    ),
];
