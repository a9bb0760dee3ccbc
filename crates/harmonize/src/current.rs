//! One resource per id: of several versions the highest counts.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;
use twinlake_fhir::Resource;

use crate::loss::Losses;

/// The resources to map, in the order given: each id once, in its highest version, the last of equal ones.
///
/// The others are counted under `superseded` (a lower version) or `duplicate` (the same), a resource without an id
/// under `id`.
pub(crate) fn current<'r, 'a>(resources: &'r [Resource<'a>], losses: &mut Losses) -> Vec<&'r Resource<'a>> {
    // Numbers are sorted faster than texts; of those few that are equal the texts are compared.
    let mut order: Vec<(u64, usize)> = Vec::with_capacity(resources.len());
    for (place, resource) in resources.iter().enumerate() {
        match resource.id() {
            Some(id) => order.push((hash(resource.resource_type(), id), place)),
            None => losses.count_out_of_scope(resource.resource_type(), "id", 1),
        }
    }
    order.sort_unstable();
    let mut places: Vec<usize> = Vec::with_capacity(order.len());
    for alike in order.chunk_by(|one, other| one.0 == other.0) {
        if let [(_, only)] = alike {
            places.push(*only);
            continue;
        }
        let mut best: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        for &(_, place) in alike {
            let resource = &resources[place];
            let key = (resource.resource_type(), resource.id());
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
        places.extend(best.into_values());
    }
    places.sort_unstable();
    places.into_iter().map(|place| &resources[place]).collect()
}

fn hash(resource_type: &str, id: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (resource_type, id).hash(&mut hasher);
    hasher.finish()
}

/// `meta.versionId` as a number; absent or not a number is below any.
pub(crate) fn version(resource: &Resource<'_>) -> Option<u64> {
    resource.version_id()?.parse().ok()
}
