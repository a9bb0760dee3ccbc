//! The account of what FHIR said: what became of each resource, and what OMOP has no row or column for.

use rustc_hash::FxHashMap;

use crate::fate::{Fate, Fates};

/// What became of resources, and counts of what was lost, by resource type.
///
/// Every resource has one [`Fate`]. Losses are of three kinds: resources (or parts) that gave no row, by reason (f2o-062);
/// elements without a column, by path (f2o-080); codes that the vocabulary does not map, by system (f2o-063).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    fates: FxHashMap<String, Fates>,
    reasons: Counts,
    elements: Counts,
    codes: FxHashMap<String, FxHashMap<String, Unmapped>>,
}

/// By group and name; in no order, since this is counted in for every element of every resource, and put in order when read.
type Counts = FxHashMap<String, FxHashMap<String, u64>>;

/// What is known of a code without a standard concept.
#[derive(Clone, Debug, Default, PartialEq)]
struct Unmapped {
    count: u64,
    display: Option<String>,
}

/// A code without a standard concept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnmappedCode<'l> {
    /// URI of the code system; empty when the coding names none.
    pub system: &'l str,
    /// The code; the text of a concept without a coding.
    pub code: &'l str,
    /// What the source calls it, as first read.
    pub display: Option<&'l str>,
    /// How often it was met.
    pub count: u64,
}

impl Losses {
    /// Resources that gave no row, or lost something else, as (resource type, reason, count), sorted.
    pub fn reasons(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        sorted(&self.reasons)
    }

    /// Elements without a column, as (resource type, path, count), sorted; choices by their name in JSON.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        sorted(&self.elements)
    }

    /// Codes without a standard concept, as (system, code, count), sorted; an absent system is empty text.
    pub fn codes(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let mut codes: Vec<_> =
            flat(&self.codes).map(|(system, code, unmapped)| (system, code, unmapped.count)).collect();
        codes.sort_unstable();
        codes.into_iter()
    }

    /// Codes without a standard concept, most frequent first, then by system and code: what to map by hand, in this order.
    pub fn unmapped_codes(&self) -> Vec<UnmappedCode<'_>> {
        let mut codes = Vec::new();
        for (system, code, unmapped) in flat(&self.codes) {
            codes.push(UnmappedCode { system, code, display: unmapped.display.as_deref(), count: unmapped.count });
        }
        codes.sort_unstable_by_key(|code| (std::cmp::Reverse(code.count), code.system, code.code));
        codes
    }

    /// What became of the resources of each type, sorted by type.
    pub fn fates(&self) -> impl Iterator<Item = (&str, Fates)> {
        let mut fates: Vec<_> = self.fates.iter().map(|(name, fates)| (name.as_str(), *fates)).collect();
        fates.sort_unstable_by_key(|(name, _)| *name);
        fates.into_iter()
    }

    /// How often resources of a type were counted under a reason.
    pub fn reason(&self, resource_type: &str, reason: &str) -> u64 {
        self.reasons.get(resource_type).and_then(|counts| counts.get(reason)).copied().unwrap_or(0)
    }

    /// True when nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty() && self.elements.is_empty() && self.codes.is_empty()
    }

    /// Adds the counts of another patient, shard or run.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.reasons, &other.reasons), (&mut self.elements, &other.elements)] {
            for (group, name, n) in flat(theirs) {
                add(mine, group, name, *n);
            }
        }
        for (system, codes) in &other.codes {
            for (code, unmapped) in codes {
                self.add_code(system, code, unmapped.display.as_deref(), unmapped.count);
            }
        }
        for (resource_type, fates) in &other.fates {
            entry(&mut self.fates, resource_type).merge(*fates);
        }
    }

    /// Counts `n` resources that give no row, for a reason; for a caller that finds out before harmonization.
    pub fn count_out_of_scope(&mut self, resource_type: &str, reason: &str, n: u64) {
        if n > 0 {
            add(&mut self.reasons, resource_type, reason, n);
            entry(&mut self.fates, resource_type).add(Fate::OutOfScope, n);
        }
    }

    /// Counts what became of a resource.
    pub(crate) fn count_fate(&mut self, resource_type: &str, fate: Fate) {
        entry(&mut self.fates, resource_type).add(fate, 1);
    }

    /// Counts a resource or a part of it under a reason.
    pub(crate) fn count_reason(&mut self, resource_type: &str, reason: &str) {
        add(&mut self.reasons, resource_type, reason, 1);
    }

    pub(crate) fn count_element(&mut self, resource_type: &str, path: &str) {
        add(&mut self.elements, resource_type, path, 1);
    }

    pub(crate) fn count_code(&mut self, system: Option<&str>, code: &str, display: Option<&str>) {
        self.add_code(system.unwrap_or_default(), code, display, 1);
    }

    fn add_code(&mut self, system: &str, code: &str, display: Option<&str>, n: u64) {
        let unmapped = entry(entry(&mut self.codes, system), code);
        unmapped.count += n;
        if unmapped.display.is_none() {
            unmapped.display = display.map(str::to_owned);
        }
    }
}

fn add(counts: &mut Counts, group: &str, name: &str, n: u64) {
    *entry(entry(counts, group), name) += n;
}

/// The value of a key, which is made only when it is not there: this runs for every element of every resource.
fn entry<'m, T: Default>(map: &'m mut FxHashMap<String, T>, key: &str) -> &'m mut T {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), T::default());
    }
    map.get_mut(key).expect("it was just made")
}

fn flat<T>(counts: &FxHashMap<String, FxHashMap<String, T>>) -> impl Iterator<Item = (&str, &str, &T)> {
    counts.iter().flat_map(|(group, names)| names.iter().map(|(name, of)| (group.as_str(), name.as_str(), of)))
}

fn sorted(counts: &Counts) -> impl Iterator<Item = (&str, &str, u64)> {
    let mut sorted: Vec<_> = flat(counts).map(|(group, name, n)| (group, name, *n)).collect();
    sorted.sort_unstable();
    sorted.into_iter()
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
        two.count_code(None, "x", Some("a thing"));
        one.merge(&two);
        assert_eq!(one.reason("Condition", "status"), 2);
        assert_eq!(one.elements().collect::<Vec<_>>(), [("Patient", "name", 2)]);
        assert_eq!(one.codes().collect::<Vec<_>>(), [("", "x", 1)]);
        assert_eq!(one.reason("Condition", "date"), 0);
    }

    #[test]
    fn codes_come_by_how_often_they_were_met() {
        let mut losses = Losses::default();
        for (code, display) in [("rare", None), ("often", None), ("often", Some("Often")), ("a", None)] {
            losses.count_code(Some("s"), code, display);
        }
        let codes: Vec<_> = losses.unmapped_codes().iter().map(|one| (one.code, one.count, one.display)).collect();
        assert_eq!(codes, [("often", 2, Some("Often")), ("a", 1, None), ("rare", 1, None)]);
    }

    #[test]
    fn a_resource_out_of_scope_has_a_reason_and_a_fate() {
        let mut losses = Losses::default();
        losses.count_out_of_scope("Goal", "not-mapped", 2);
        losses.count_out_of_scope("Goal", "duplicate", 0);
        losses.count_fate("Patient", Fate::Mapped);
        let mut both = losses.clone();
        both.merge(&losses);
        assert_eq!(both.reasons().collect::<Vec<_>>(), [("Goal", "not-mapped", 4)]);
        let fates: Vec<_> = both.fates().map(|(name, fates)| (name, fates.total())).collect();
        assert_eq!(fates, [("Goal", 4), ("Patient", 2)]);
    }
}
