//! The FHIR side of a partition: resources by person, versions, and the names that findings use.

use std::collections::BTreeMap;

use twinlake_fhir::{Patient, Reference, Resource};
use twinlake_omop::key;

use crate::finding::{Finding, Severity};
use crate::registry::{Family, Over, Written};

/// Rules on FHIR that the comparison needs.
pub(crate) const RULES: &[Written] = &[
    Written {
        id: "patient.birth_date",
        family: Family::Fhir,
        severity: Severity::Error,
        over: Over::ResourcesOf("Patient"),
        says: "A Patient has a `birthDate`; without one there is no person.",
        standard: "OMOP CDM v5.4 (person.year_of_birth isRequired)",
        query: "Open the Patient that the finding names; `birthDate` is absent.",
    },
    Written {
        id: "patient.gender",
        family: Family::Fhir,
        severity: Severity::Error,
        over: Over::ResourcesOf("Patient"),
        says: "A Patient has a `gender`, and OMOP does not know better than it.",
        standard: "US Core 7.0.0",
        query: "Open the Patient that the finding names; `gender` is absent or `unknown`.",
    },
    Written {
        id: "fhir.duplicate",
        family: Family::Fhir,
        severity: Severity::Error,
        over: Over::Resources,
        says: "No resource comes twice in one version.",
        standard: "FHIR R4 (Resource.id)",
        query: "Search the files for the type and id that the finding names.",
    },
    Written {
        id: "fhir.subject",
        family: Family::Fhir,
        severity: Severity::Error,
        over: Over::Resources,
        says: "The Patient whom resources are about is there.",
        standard: "FHIR R4 (references)",
        query: "Search the files for the Patient that the finding names; it is in none.",
    },
    Written {
        id: "fhir.unreadable",
        family: Family::Fhir,
        severity: Severity::Error,
        over: Over::Resources,
        says: "Every record is a resource that can be read.",
        standard: "FHIR R4 (JSON)",
        query: "Open the file at the line that the finding names, or search for the text that it shows.",
    },
];

/// Key of the person a resource belongs to; none for what persons share, and for types that are not modelled.
///
/// Partition FHIR by this and OMOP by `person_id`, and the two sides of a person meet.
pub fn person_of(resource: &Resource<'_>) -> Option<i64> {
    patient_id(resource).map(key::of_person)
}

/// Id of the patient a resource is about.
pub(crate) fn patient_id<'r>(resource: &'r Resource<'_>) -> Option<&'r str> {
    let subject: &Option<Reference<'_>> = match resource {
        Resource::Patient(patient) => return patient.id.as_deref(),
        Resource::Encounter(resource) => &resource.subject,
        Resource::Condition(resource) => &resource.subject,
        Resource::Observation(resource) => &resource.subject,
        Resource::Procedure(resource) => &resource.subject,
        Resource::MedicationRequest(resource) => &resource.subject,
        Resource::Immunization(resource) => &resource.patient,
        Resource::AllergyIntolerance(resource) => &resource.patient,
        Resource::MedicationDispense(resource) => &resource.subject,
        Resource::DiagnosticReport(resource) => &resource.subject,
        Resource::Coverage(resource) => &resource.beneficiary,
        Resource::ServiceRequest(resource) => &resource.subject,
        Resource::Specimen(resource) => &resource.subject,
        Resource::MedicationAdministration(resource) => &resource.subject,
        Resource::MedicationStatement(resource) => &resource.subject,
        Resource::DeviceUseStatement(resource) => &resource.subject,
        Resource::Composition(resource) => &resource.subject,
        Resource::Device(resource) => &resource.patient,
        Resource::ImagingStudy(resource) => &resource.subject,
        Resource::SupplyDelivery(resource) => &resource.patient,
        Resource::DocumentReference(resource) => &resource.subject,
        Resource::RelatedPerson(resource) => &resource.patient,
        Resource::CareTeam(resource) => &resource.subject,
        Resource::CarePlan(resource) => &resource.subject,
        Resource::Goal(resource) => &resource.subject,
        Resource::EpisodeOfCare(resource) => &resource.patient,
        Resource::QuestionnaireResponse(resource) => &resource.subject,
        Resource::Claim(resource) => &resource.patient,
        Resource::ExplanationOfBenefit(resource) => &resource.patient,
        _ => return None,
    };
    subject.as_ref()?.id_of("Patient")
}

/// The resources of one person.
#[derive(Debug, Default)]
pub(crate) struct FhirPerson<'a> {
    pub(crate) resources: Vec<Resource<'a>>,
}

impl<'a> FhirPerson<'a> {
    /// The Patient: of several versions the highest, of equal ones the last.
    pub(crate) fn patient(&self) -> Option<&Patient<'a>> {
        let patients = self.resources.iter().filter_map(|resource| match resource {
            Resource::Patient(patient) => Some(&**patient),
            _ => None,
        });
        patients.max_by_key(|patient| version(patient.meta.as_ref()))
    }

    /// Which resource an OMOP key of this person is from, e.g. `Condition/c-17`.
    pub(crate) fn names(&self) -> BTreeMap<i64, String> {
        let mut names = BTreeMap::new();
        for resource in &self.resources {
            let Some(id) = resource.id() else { continue };
            let name = format!("{}/{id}", resource.resource_type());
            let row_key = match resource {
                Resource::Patient(_) => key::of_person(id),
                other => key::of(other.resource_type(), id),
            };
            if let Resource::Observation(observation) = resource {
                for slot in (1u32..).take(observation.component.len()) {
                    names.insert(key::slot(row_key, slot), format!("{name} component {}", slot - 1));
                }
            }
            if let Resource::Encounter(encounter) = resource {
                for slot in (0u32..).take(encounter.location.len()).skip(1) {
                    names.insert(key::slot(row_key, slot), format!("{name} location {slot}"));
                }
            }
            names.insert(row_key, name);
        }
        names
    }
}

fn version(meta: Option<&twinlake_fhir::Meta<'_>>) -> Option<u64> {
    meta?.version_id.as_deref()?.parse().ok()
}

/// One finding for each resource that comes twice in one version; a higher version supersedes and is none.
pub(crate) fn duplicates(resources: &[Resource<'_>], person_id: Option<i64>, severity: Severity) -> Vec<Finding> {
    let mut counts: BTreeMap<(&str, &str, Option<u64>), u64> = BTreeMap::new();
    for resource in resources {
        if let Some(id) = resource.id() {
            *counts.entry((resource.resource_type(), id, version(resource.meta()))).or_default() += 1;
        }
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated
        .map(|((resource_type, id, version), count)| {
            let version = version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
            let name = format!("{resource_type}/{id}");
            let message = format!("fhir.duplicate: {name} comes {count} times with {version}");
            let mut finding =
                Finding::on_fhir("fhir.duplicate", severity, message).of_resource(&name).saying(Some(name), None);
            finding.person_id = person_id;
            finding
        })
        .collect()
}
