//! One resource per id: of several versions the highest counts.

use std::collections::BTreeMap;

use twinlake_fhir::Resource;

use crate::loss::Losses;

/// The resources to map, in the order given: each id once, in its highest version, the last of equal ones.
///
/// The others are counted under `superseded` (a lower version) or `duplicate` (the same), a resource without an id
/// under `id`.
pub(crate) fn current<'r, 'a>(resources: &'r [Resource<'a>], losses: &mut Losses) -> Vec<&'r Resource<'a>> {
    let mut best: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, resource) in resources.iter().enumerate() {
        let Some(id) = resource.id() else {
            losses.count_out_of_scope(resource.resource_type(), "id", 1);
            continue;
        };
        let key = (resource.resource_type(), id);
        if let Some(&other) = best.get(&key) {
            let (mine, theirs) = (version(resource), version(&resources[other]));
            let reason = if mine == theirs { "duplicate" } else { "superseded" };
            losses.count_out_of_scope(resource.resource_type(), reason, 1);
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
pub(crate) fn version(resource: &Resource<'_>) -> Option<u64> {
    resource.meta()?.version_id.as_deref()?.parse().ok()
}
