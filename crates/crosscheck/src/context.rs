//! What a check knows besides the rows of its persons.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use twinlake_harmonize::Shared;
use twinlake_omop::{AnyRow, Cell, DynRow, Table};
use twinlake_pack::Pack;
use twinlake_vocab::Vocab;

use crate::fhir::FhirSide;
use crate::finding::Severity;
use crate::omop::{Descendants, OwnConcepts, SeenKeys, Structure};

/// What a check knows besides the rows of its persons.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Code to concept.
    pub vocab: &'a Vocab,
    /// Practitioners, organizations and locations of the FHIR side.
    pub shared: &'a Shared,
    /// The FHIR side as a whole; with an empty one no reference dangles.
    pub fhir: &'a FhirSide,
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

/// The OMOP side as a whole: which tables it has, its vocabulary, and the rows that belong to no person.
#[derive(Clone, Debug, Default)]
pub struct OmopSide {
    rows: BTreeMap<Table, u64>,
    keys: BTreeMap<Table, BTreeSet<i64>>,
    expected: BTreeMap<Table, BTreeSet<i64>>,
    release: Option<NaiveDate>,
    pub(crate) structure: Structure,
    pub(crate) concepts: OwnConcepts,
    pub(crate) descendants: Descendants,
    pub(crate) seen: SeenKeys,
    unread: BTreeMap<Table, String>,
}

impl OmopSide {
    /// Learns of a file of a table and its columns; of a table that is there without a file, `columns` is none.
    ///
    /// A caller that knows all tables that there are tells each, and [`Accounting::finish`](crate::Accounting::finish) says which tables and columns the CDM
    /// has beside; a caller that does not, none.
    pub fn declare<C: AsRef<str>>(&mut self, table: Table, columns: Option<&[C]>) {
        self.structure.declare(table, columns);
    }

    /// Number of tables that were told.
    pub fn tables(&self) -> u64 {
        self.structure.n_tables()
    }

    /// Whether rows of a table without a FHIR side say something about the others, so that [`OmopSide::count`] wants them too:
    /// the vocabulary, and when the data were released.
    pub fn learns_from(table: Table) -> bool {
        matches!(table, Table::CdmSource | Table::Concept | Table::ConceptAncestor)
    }

    /// Counts a row. Of tables that belong to no person (provider, care site, location) the key is kept; of the others two
    /// bytes a row, so that a key that comes twice is noticed; of CONCEPT some sixteen bytes.
    pub fn count(&mut self, row: &DynRow) {
        *self.rows.entry(row.table).or_default() += 1;
        match row.table {
            Table::Concept => self.concepts.add(row),
            Table::ConceptAncestor => self.descendants.add(row),
            Table::CdmSource => {
                let days = ["source_release_date", "cdm_release_date"].map(|column| row.cell(column).as_date());
                self.release = days.into_iter().flatten().chain(self.release).max();
            }
            table if SHARED.contains(&table) => self.keys.entry(table).or_default().extend(row.key()),
            _ => self.seen.see(row),
        }
    }

    /// When the data were released, by `cdm_source`; nothing in them is later.
    pub fn release(&self) -> Option<NaiveDate> {
        self.release
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
