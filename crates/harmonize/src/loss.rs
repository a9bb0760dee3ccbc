//! The account of what FHIR said and OMOP has no row or column for.

use std::collections::BTreeMap;

/// Counts of what was lost, by resource type.
///
/// Three kinds: resources (or parts) that gave no row, by reason; elements without a column, by path; codes that the
/// vocabulary does not map, by system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    reasons: Counts,
    elements: Counts,
    codes: Counts,
}

type Counts = BTreeMap<String, BTreeMap<String, u64>>;

impl Losses {
    /// Resources that gave no row, or lost something else, as (resource type, reason, count), sorted.
    pub fn reasons(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        flat(&self.reasons)
    }

    /// Elements without a column, as (resource type, path, count), sorted; choices by their name in JSON.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        flat(&self.elements)
    }

    /// Codes without a standard concept, as (system, code, count), sorted; an absent system is empty text.
    pub fn codes(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        flat(&self.codes)
    }

    /// How often resources of a type were counted under a reason.
    pub fn reason(&self, resource_type: &str, reason: &str) -> u64 {
        self.reasons.get(resource_type).and_then(|counts| counts.get(reason)).copied().unwrap_or(0)
    }

    /// True when nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty() && self.elements.is_empty() && self.codes.is_empty()
    }

    /// Adds the counts of another patient, shard or run.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.reasons, &other.reasons),
            (&mut self.elements, &other.elements),
            (&mut self.codes, &other.codes),
        ] {
            for (group, name, n) in flat(theirs) {
                add(mine, group, name, n);
            }
        }
    }

    /// Counts a resource under a reason; for a caller that finds out before harmonization.
    pub fn count_reason(&mut self, resource_type: &str, reason: &str) {
        add(&mut self.reasons, resource_type, reason, 1);
    }

    pub(crate) fn count_element(&mut self, resource_type: &str, path: &str) {
        add(&mut self.elements, resource_type, path, 1);
    }

    pub(crate) fn count_code(&mut self, system: Option<&str>, code: &str) {
        add(&mut self.codes, system.unwrap_or_default(), code, 1);
    }
}

/// Adds without making a key that is there already: this runs for every element of every resource.
fn add(counts: &mut Counts, group: &str, name: &str, n: u64) {
    if !counts.contains_key(group) {
        counts.insert(group.to_owned(), BTreeMap::new());
    }
    let names = counts.get_mut(group).expect("it was just made");
    match names.get_mut(name) {
        Some(count) => *count += n,
        None => {
            names.insert(name.to_owned(), n);
        }
    }
}

fn flat(counts: &Counts) -> impl Iterator<Item = (&str, &str, u64)> {
    counts.iter().flat_map(|(group, names)| names.iter().map(|(name, &n)| (group.as_str(), name.as_str(), n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_counts_add_up() {
        let mut one = Losses::default();
        one.count_reason("Condition", "status");
        one.count_element("Patient", "name");
        let mut two = one.clone();
        two.count_code(None, "x");
        one.merge(&two);
        assert_eq!(one.reason("Condition", "status"), 2);
        assert_eq!(one.elements().collect::<Vec<_>>(), [("Patient", "name", 2)]);
        assert_eq!(one.codes().collect::<Vec<_>>(), [("", "x", 1)]);
        assert_eq!(one.reason("Condition", "date"), 0);
    }
}
