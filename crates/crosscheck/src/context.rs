//! What a check knows besides the rows of its persons.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_harmonize::Shared;
use twinlake_omop::{AnyRow, Cell, DynRow, Table};
use twinlake_pack::Pack;
use twinlake_vocab::Vocab;

use crate::finding::Severity;

/// What a check knows besides the rows of its persons.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Code to concept.
    pub vocab: &'a Vocab,
    /// Practitioners, organizations and locations of the FHIR side.
    pub shared: &'a Shared,
    /// The OMOP side as a whole.
    pub omop: &'a OmopSide,
    /// The pack whose constraints the rows keep; none for data of others.
    pub pack: Option<&'a Pack>,
    /// Whether the FHIR is someone else's: what is wrong with it is then a warning.
    pub foreign: bool,
}

impl Context<'_> {
    /// How bad it is when the content itself is at fault, not the agreement.
    pub(crate) fn content(&self) -> Severity {
        if self.foreign { Severity::Warning } else { Severity::Error }
    }
}

/// The OMOP side as a whole: which tables it has, and the rows that belong to no person.
#[derive(Clone, Debug, Default)]
pub struct OmopSide {
    rows: BTreeMap<Table, u64>,
    keys: BTreeMap<Table, BTreeSet<i64>>,
    expected: BTreeMap<Table, BTreeSet<i64>>,
    unread: BTreeMap<Table, String>,
}

impl OmopSide {
    /// Counts a row. Of tables that belong to no person (provider, care site, location) the key is kept.
    pub fn count(&mut self, row: &DynRow) {
        *self.rows.entry(row.table).or_default() += 1;
        if SHARED.contains(&row.table) {
            self.keys.entry(row.table).or_default().extend(row.key());
        }
    }

    /// Learns of a shared row that FHIR gives ([`Shared::rows`]), so that its absence is said once and not by every
    /// row that refers to it.
    pub fn expect(&mut self, row: &AnyRow) {
        self.expected.entry(row.table()).or_default().extend(row.key());
    }

    /// Learns that a table could not be read. What was read of it before does not count, nothing is compared with it, and
    /// its rules end as errors.
    pub fn could_not_read(&mut self, table: Table, reason: impl Into<String>) {
        self.unread.insert(table, reason.into());
        self.rows.remove(&table);
        self.keys.remove(&table);
    }

    /// Tables that could not be read, and why.
    pub fn unread(&self) -> &BTreeMap<Table, String> {
        &self.unread
    }

    /// Number of rows of a table.
    pub fn rows(&self, table: Table) -> u64 {
        self.rows.get(&table).copied().unwrap_or_default()
    }

    /// Whether the table is not there, or has no row.
    pub fn lacks(&self, table: Table) -> bool {
        self.rows(table) == 0
    }

    pub(crate) fn has_key(&self, table: Table, key: i64) -> bool {
        self.keys.get(&table).is_some_and(|keys| keys.contains(&key))
    }

    /// Whether a column refers to a provider or care site that OMOP has and FHIR does not: that is one finding on the
    /// provider, not one on each of its events.
    pub(crate) fn is_unshared(&self, column: &str, cell: &Cell<'_>) -> bool {
        let table = match column {
            "provider_id" => Table::Provider,
            "care_site_id" => Table::CareSite,
            _ => return false,
        };
        cell.as_int().is_some_and(|key| self.has_key(table, key) && !self.expects_key(table, key))
    }

    pub(crate) fn expects_key(&self, table: Table, key: i64) -> bool {
        self.expected.get(&table).is_some_and(|keys| keys.contains(&key))
    }
}

/// Tables whose rows persons share.
pub(crate) const SHARED: [Table; 3] = [Table::Provider, Table::CareSite, Table::Location];
