//! Codes of the value sets that R4 requires.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The codes of a value set, by code system.
#[derive(Debug)]
pub struct ValueSet {
    /// Its id, e.g. `administrative-gender`.
    pub name: &'static str,
    /// Code systems, each with its codes in order.
    systems: Vec<(&'static str, Vec<&'static str>)>,
}

impl ValueSet {
    /// Whether a code is among them. Without a system any of them will do, as for an element of type `code`.
    pub fn has(&self, system: Option<&str>, code: &str) -> bool {
        let mut systems = self.systems.iter().filter(|(uri, _)| system.is_none_or(|system| system == *uri));
        systems.any(|(_, codes)| codes.binary_search(&code).is_ok())
    }

    /// Whether it has codes of this system.
    pub fn knows(&self, system: &str) -> bool {
        self.systems.iter().any(|(uri, _)| *uri == system)
    }

    /// Its codes, system after system.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.systems.iter().flat_map(|(_, codes)| codes.iter().copied())
    }
}

static SETS: LazyLock<BTreeMap<&'static str, ValueSet>> = LazyLock::new(|| {
    let mut sets: BTreeMap<&'static str, ValueSet> = BTreeMap::new();
    let mut current = "";
    for line in include_str!("../spec/codes.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('=') {
            current = name;
            sets.insert(name, ValueSet { name, systems: Vec::new() });
        } else if let Some(set) = sets.get_mut(current) {
            let mut words = line.split(' ');
            if let Some(system) = words.next() {
                let mut codes: Vec<&str> = words.collect();
                codes.sort_unstable();
                set.systems.push((system, codes));
            }
        }
    }
    sets
});

/// The value set of this id, if an element requires it and its codes can be listed.
pub fn value_set(name: &str) -> Option<&'static ValueSet> {
    SETS.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_their_system() {
        let status = value_set("observation-status").unwrap();
        assert!(status.has(None, "final") && status.has(Some("http://hl7.org/fhir/observation-status"), "final"));
        assert!(!status.has(None, "done") && !status.knows("http://loinc.org"));
        assert_eq!(value_set("administrative-gender").unwrap().codes().count(), 4);
        assert!(value_set("mimetypes").is_none(), "media types cannot be listed");
    }

    #[test]
    fn every_set_has_codes() {
        for (name, set) in &*SETS {
            assert!(set.codes().next().is_some(), "{name}");
        }
    }
}
