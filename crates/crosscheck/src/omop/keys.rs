//! Keys are unique in the whole data set, not only within a person.
//!
//! Persons are checked in partitions, so no partition sees all keys. [`SeenKeys`] sees every row once beforehand and keeps
//! two bytes of it; keys that it may have seen twice are few, and the partitions say whose they are.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_omop::{DynRow, Table};

use crate::finding::Finding;

/// Bits of the first filter.
const FIRST_BITS: usize = 1 << 20;
/// Bits of a filter for each key in it; with two probes, one key in seventy is thought seen that is not.
const BITS_PER_KEY: usize = 16;

/// Which keys were seen, roughly: a key that was seen is always known, one that was not seldom.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenKeys {
    /// Each twice as large as the one before.
    filters: Vec<Filter>,
    /// Keys that were perhaps seen twice.
    suspects: BTreeSet<(Table, i64)>,
}

#[derive(Clone, Debug)]
struct Filter {
    words: Vec<u64>,
    n_keys: usize,
}

impl SeenKeys {
    /// Sees a row that belongs to a person.
    pub(crate) fn see(&mut self, row: &DynRow) {
        let Some(key) = row.key().filter(|_| is_own_key(row.table)) else { return };
        let probes = probes(row.table, key);
        if self.filters.iter().any(|filter| filter.has(probes)) {
            self.suspects.insert((row.table, key));
            return;
        }
        if self.filters.last().is_none_or(Filter::is_full) {
            let bits = self.filters.last().map_or(FIRST_BITS, |last| last.words.len() * 128);
            self.filters.push(Filter { words: vec![0; bits / 64], n_keys: 0 });
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.add(probes);
        }
    }

    pub(crate) fn is_suspect(&self, table: Table, key: i64) -> bool {
        !self.suspects.is_empty() && self.suspects.contains(&(table, key))
    }
}

impl Filter {
    fn is_full(&self) -> bool {
        self.n_keys * BITS_PER_KEY >= self.words.len() * 64
    }

    fn bit(&self, probe: u64) -> (usize, u64) {
        // The number of words is a power of two.
        let bit = usize::try_from(probe & (self.words.len() as u64 * 64 - 1)).unwrap_or_default();
        (bit / 64, 1 << (bit % 64))
    }

    fn has(&self, probes: [u64; 2]) -> bool {
        probes.iter().all(|probe| {
            let (word, bit) = self.bit(*probe);
            self.words[word] & bit != 0
        })
    }

    fn add(&mut self, probes: [u64; 2]) {
        for probe in probes {
            let (word, bit) = self.bit(probe);
            self.words[word] |= bit;
        }
        self.n_keys += 1;
    }
}

/// Two numbers that spread over all bits, by the finalizer of `SplitMix64`.
fn probes(table: Table, key: i64) -> [u64; 2] {
    let mix = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let first = mix(key.cast_unsigned().wrapping_add((table as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    [first, mix(first.wrapping_add(0x9e37_79b9_7f4a_7c15))]
}

/// Whether rows of the table have a key other than their person's.
fn is_own_key(table: Table) -> bool {
    let spec = table.spec();
    spec.person_column.is_some() && spec.key_column.is_some() && spec.key_column != spec.person_column
}

/// Rows with a suspect key, and whose they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holders(BTreeMap<(Table, i64), Vec<i64>>);

impl Holders {
    /// Takes a row of a person whose key is suspect and of which nothing was said yet.
    pub(crate) fn add(&mut self, table: Table, key: i64, person_id: i64) {
        self.0.entry((table, key)).or_default().push(person_id);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (key, mut persons) in other.0 {
            self.0.entry(key).or_default().append(&mut persons);
        }
    }

    /// A finding for each key that several persons have.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((table, key), persons) in &self.0 {
            let distinct: BTreeSet<_> = persons.iter().collect();
            let [first, second, ..] = distinct.iter().copied().collect::<Vec<_>>()[..] else { continue };
            let message = format!("{table}.duplicate: rows of persons {first} and {second} are {table} {key}");
            let says = Some(format!("{} rows", distinct.len()));
            let finding = Finding::on(*table, "duplicate", message);
            findings.push(finding.of_row(Some(*second), Some(*key)).saying(None, says));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinlake_omop::Cell;

    fn row(key: i64) -> DynRow {
        let table = Table::Measurement;
        let mut cells = vec![Cell::Null; table.spec().fields.len()];
        cells[0] = Cell::Int(key);
        DynRow { table, cells }
    }

    #[test]
    fn a_key_that_came_twice_is_suspect_and_few_others_are() {
        let mut seen = SeenKeys::default();
        for key in 0..200_000 {
            seen.see(&row(key * 7_919));
        }
        let wrong = seen.suspects.len();
        assert!(wrong < 6_000, "{wrong} of 200,000");
        assert!(seen.filters.len() > 1, "one filter does not hold them");
        for key in [0, 7_919, 7_919 * 199_999] {
            seen.see(&row(key));
            assert!(seen.is_suspect(Table::Measurement, key));
            assert!(!seen.is_suspect(Table::Observation, key));
        }
    }

    #[test]
    fn a_key_of_one_person_is_no_finding() {
        let mut holders = Holders::default();
        holders.add(Table::Measurement, 7, 1);
        assert_eq!(holders.findings(), []);
        let mut other = Holders::default();
        other.add(Table::Measurement, 7, 2);
        holders.merge(other);
        let findings = holders.findings();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "measurement.duplicate: rows of persons 1 and 2 are measurement 7");
    }
}
