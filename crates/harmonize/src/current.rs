//! One resource per id: of several versions the highest counts.

use std::collections::BTreeMap;

use twinlake_fhir::{Meta, Resource};

use crate::loss::Losses;

/// The resources to map, in the order given: each id once, in its highest version, the last of equal ones.
///
/// The others are counted under `superseded` (a lower version) or `duplicate` (the same), a resource without an id
/// under `id`.
pub(crate) fn current<'r, 'a>(resources: &'r [Resource<'a>], losses: &mut Losses) -> Vec<&'r Resource<'a>> {
    let mut best: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, resource) in resources.iter().enumerate() {
        let Some(id) = resource.id() else {
            losses.count_reason(resource.resource_type(), "id");
            continue;
        };
        let key = (resource.resource_type(), id);
        if let Some(&other) = best.get(&key) {
            let (mine, theirs) = (version(resource), version(&resources[other]));
            losses.count_reason(resource.resource_type(), if mine == theirs { "duplicate" } else { "superseded" });
            if mine < theirs {
                continue;
            }
        }
        best.insert(key, place);
    }
    let mut places: Vec<usize> = best.into_values().collect();
    places.sort_unstable();
    places.into_iter().map(|place| &resources[place]).collect()
}

/// `meta.versionId` as a number; absent or not a number is below any.
fn version(resource: &Resource<'_>) -> Option<u64> {
    meta(resource)?.version_id.as_deref()?.parse().ok()
}

fn meta<'r, 'a>(resource: &'r Resource<'a>) -> Option<&'r Meta<'a>> {
    match resource {
        Resource::Patient(resource) => resource.meta.as_ref(),
        Resource::Practitioner(resource) => resource.meta.as_ref(),
        Resource::Organization(resource) => resource.meta.as_ref(),
        Resource::Location(resource) => resource.meta.as_ref(),
        Resource::Encounter(resource) => resource.meta.as_ref(),
        Resource::Condition(resource) => resource.meta.as_ref(),
        Resource::Observation(resource) => resource.meta.as_ref(),
        Resource::Procedure(resource) => resource.meta.as_ref(),
        Resource::MedicationRequest(resource) => resource.meta.as_ref(),
        Resource::Immunization(resource) => resource.meta.as_ref(),
        Resource::AllergyIntolerance(resource) => resource.meta.as_ref(),
        Resource::DiagnosticReport(resource) => resource.meta.as_ref(),
        Resource::Other(_) => None,
    }
}
