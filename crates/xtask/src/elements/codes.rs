//! Codes of value sets, where they can be listed.

use std::collections::BTreeMap;

use serde_json::Value;

/// Codes by code system.
type Codes = BTreeMap<String, Vec<String>>;

/// Code systems and value sets by url.
#[derive(Default)]
pub(super) struct Terminology {
    systems: BTreeMap<String, Value>,
    sets: BTreeMap<String, Value>,
}

impl Terminology {
    /// Takes a code system or value set; of others it takes none.
    pub(super) fn add(&mut self, resource: Value) {
        let Some(url) = resource["url"].as_str().map(str::to_owned) else { return };
        if resource["resourceType"] == "CodeSystem" {
            self.systems.insert(url, resource);
        } else if resource["resourceType"] == "ValueSet" {
            self.sets.insert(url, resource);
        }
    }

    /// The codes of a value set; none when it cannot be listed: it filters, takes all of a system that is not here, or has no
    /// code at all.
    pub(super) fn codes(&self, url: &str) -> Option<Codes> {
        let compose = &self.sets.get(url)?["compose"];
        if compose["exclude"].is_array() {
            return None;
        }
        let mut codes = Codes::new();
        for include in compose["include"].as_array()? {
            if include["filter"].is_array() {
                return None;
            }
            for other in include["valueSet"].as_array().into_iter().flatten() {
                for (system, more) in self.codes(other.as_str()?)? {
                    codes.entry(system).or_default().extend(more);
                }
            }
            let Some(system) = include["system"].as_str() else { continue };
            let listed = match include["concept"].as_array() {
                Some(concepts) => concepts,
                None => self.systems.get(system).filter(|all| all["content"] == "complete")?["concept"].as_array()?,
            };
            gather(listed, codes.entry(system.to_owned()).or_default());
        }
        for codes in codes.values_mut() {
            codes.sort();
            codes.dedup();
        }
        let can_be_written = |code: &String| !code.contains(' ');
        (!codes.is_empty() && codes.values().flatten().all(can_be_written)).then_some(codes)
    }
}

/// Adds concepts and those below them.
fn gather(concepts: &[Value], codes: &mut Vec<String>) {
    for concept in concepts {
        codes.extend(concept["code"].as_str().map(str::to_owned));
        gather(concept["concept"].as_array().map_or(&[], Vec::as_slice), codes);
    }
}
