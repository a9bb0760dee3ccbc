//! The FHIR side of a partition: resources by person, versions, and the names that findings use.

mod must_support;
mod reference;
mod rules;
mod schema;
mod status;
mod structure;

use std::collections::BTreeMap;

use twinlake_fhir::{Header, Patient, Reference, Resource};
use twinlake_omop::key;

use crate::context::Context;
use crate::finding::{Finding, Severity};
use crate::partition::ResourceText;

pub use must_support::{MustSupport, ProfileScore};
pub use reference::FhirSide;
pub(crate) use reference::Resolver;
pub(crate) use rules::RULES;
pub(crate) use status::ACTIVE_AFTER_DEATH;

/// Key of the person a resource belongs to; none for what persons share, and for types that are not modelled.
///
/// It is that of [`Header::patient_id`], which knows the patient of other types too, of a resource that was read.
pub fn person_of(resource: &Resource<'_>) -> Option<i64> {
    patient_id(resource).map(key::of_person)
}

/// The same, of the text of a resource of any type, whether or not it can be read as one.
pub(crate) fn owner_of_text(text: &str) -> Option<i64> {
    Header::read(text).ok()?.patient_id().map(key::of_person)
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
    /// Their texts, in the same order.
    pub(crate) texts: Vec<ResourceText<'a>>,
}

impl<'a> FhirPerson<'a> {
    /// What is wrong with the resources by themselves. What several references miss is one finding.
    ///
    /// `is_persons` says whether they are a person's; else each is of nobody.
    pub(crate) fn check(&self, context: &Context<'_>, is_persons: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        let own = self.resources.iter().filter_map(|resource| Some((resource.resource_type(), resource.id()?)));
        let resolver =
            if is_persons { Resolver::of_person(context.fhir, own) } else { Resolver::of_nobody(context.fhir) };
        for text in &self.texts {
            structure::check(text.json, context.content(), &resolver, &mut findings);
        }
        status::check(&self.resources, self.patient(), context.content(), &mut findings);
        joined(findings)
    }

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

/// What is wrong with a resource by itself, e.g. one that persons share. References are held against `context.fhir` alone.
pub fn check_resource(context: &Context<'_>, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    structure::check(text, context.content(), &Resolver::of_nobody(context.fhir), &mut findings);
    findings
}

/// What is wrong with the elements of a JSON text that is no resource as we read them; none when it is no JSON.
pub(crate) fn misfits(text: &str, severity: Severity) -> Vec<Finding> {
    let mut findings = Vec::new();
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        let nothing_missing = FhirSide::default();
        structure::check(text, severity, &Resolver::of_nobody(&nothing_missing), &mut findings);
    }
    findings
}

/// Findings with one for each resource that is not there, however often it is referred to.
fn joined(findings: Vec<Finding>) -> Vec<Finding> {
    let mut missing: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    let mut joined: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if finding.rule == "fhir.dangling"
            && let Some(target) = &finding.fhir
        {
            let (_, n) = missing.entry(target.clone()).or_insert((joined.len(), 0));
            *n += 1;
            if *n > 1 {
                continue;
            }
        }
        joined.push(finding);
    }
    for (place, n) in missing.into_values().filter(|(_, n)| *n > 1) {
        let others = format!("; so do {} more references", n - 1);
        joined[place].message.push_str(&others);
    }
    joined
}

fn version(meta: Option<&twinlake_fhir::Meta<'_>>) -> Option<u64> {
    meta?.version_id.as_deref()?.parse().ok()
}

/// One finding for each resource that comes twice in one version; a higher version supersedes and is none.
pub(crate) fn duplicates(resources: &[Resource<'_>], person_id: Option<i64>, severity: Severity) -> Vec<Finding> {
    let names = resources.iter().filter_map(|resource| Some((resource.resource_type(), resource.id()?)));
    let mut hashes: Vec<u64> = names.map(|(resource_type, id)| reference::name_hash(resource_type, id)).collect();
    hashes.sort_unstable();
    if !hashes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Vec::new();
    }
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
