//! The FHIR side of a partition: resources by person, versions, and the names that findings use.

mod must_support;
mod reference;
mod rules;
mod schema;
mod sound;
mod status;
mod structure;

use std::collections::{BTreeMap, BTreeSet};

use twinlake_fhir::{Header, Patient, Resource};
use twinlake_omop::key;

use crate::context::Context;
use crate::finding::{Finding, Severity};
use crate::partition::ResourceText;

pub use must_support::{MustSupport, ProfileScore};
pub use reference::FhirSide;
pub(crate) use reference::Resolver;
pub(crate) use rules::RULES;
pub(crate) use status::ACTIVE_AFTER_DEATH;
pub(crate) use structure::Walks;

/// Key of the person whose resource a text is; none of what persons share, and of what has no header that can be read.
pub(crate) fn owner_of_text(text: &str) -> Option<i64> {
    Header::read(text).ok()?.patient_id().map(key::of_person)
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
    pub(crate) fn check(&self, context: &Context<'_>, is_persons: bool, walks: &mut Walks) -> Vec<Finding> {
        let mut findings = Vec::new();
        let own = self.resources.iter().filter_map(|resource| Some((resource.resource_type(), resource.id()?)));
        let resolver =
            if is_persons { Resolver::of_person(context.fhir, own) } else { Resolver::of_nobody(context.fhir) };
        for text in &self.texts {
            walks.check(text.json, context.content(), &resolver, &mut findings);
        }
        status::check(&self.resources, self.patient(), context.content(), &mut findings);
        joined(findings)
    }

    /// The patients that the resources say they are about.
    pub(crate) fn patient_ids(&self) -> BTreeSet<String> {
        let headers = self.texts.iter().filter_map(|text| Header::scan(text.json));
        headers.filter_map(|header| header.patient_id().map(str::to_owned)).collect()
    }

    /// The Patient: of several versions the highest, of equal ones the last.
    pub(crate) fn patient(&self) -> Option<&Patient<'a>> {
        let patients = self.resources.iter().filter_map(|resource| match resource {
            Resource::Patient(patient) => Some(&**patient),
            _ => None,
        });
        patients.max_by_key(|patient| patient.meta.as_ref().and_then(|meta| number(meta.version_id.as_deref())))
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
///
/// What it has of the elements that its profiles must support is counted in `score`.
pub fn check_resource(context: &Context<'_>, text: &str, score: &mut MustSupport) -> Vec<Finding> {
    let (mut findings, mut walks) = (Vec::new(), Walks::default());
    walks.check(text, context.content(), &Resolver::of_nobody(context.fhir), &mut findings);
    score.merge(&walks.must_support);
    findings
}

/// What is wrong with the elements of a JSON text that is no resource as we read them; none when it is no JSON.
pub(crate) fn misfits(text: &str, severity: Severity, walks: &mut Walks) -> Vec<Finding> {
    let mut findings = Vec::new();
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        let nothing_missing = FhirSide::default();
        walks.check(text, severity, &Resolver::of_nobody(&nothing_missing), &mut findings);
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

/// A version as a number; absent or not a number is below any.
fn number(version_id: Option<&str>) -> Option<u64> {
    version_id?.parse().ok()
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
            *counts.entry((resource.resource_type(), id, number(resource.version_id()))).or_default() += 1;
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
