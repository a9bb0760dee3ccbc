//! What became of the input, as JSON; the codes to map by hand, as CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use twinlake_harmonize::{Fates, Losses, UnmappedCode, suggested_home};
use twinlake_ingest::Records;
use twinlake_task::PartialFile;
use twinlake_vocab::system;

use crate::files::Totals;
use crate::gather::Rejected;

/// What was read, what became of it, and what was lost.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Persons written.
    pub persons: u64,
    /// Rows written, by table.
    pub rows: BTreeMap<String, u64>,
    /// All records of the input, and what became of them.
    pub total: Counts,
    /// The same by resource type; of records whose type cannot be read, under `unknown`.
    pub by_type: BTreeMap<String, Counts>,
    /// Why resources gave no row, or a part of them was lost; by type, then reason.
    pub reasons: Vec<Reason>,
    /// Elements without a column, by type and path.
    pub losses: Vec<Loss>,
    /// Codes without a standard concept, most frequent first.
    pub unmapped_codes: Vec<Code>,
}

/// Records of the input, and what became of them: the last four add up to the first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Records met: resources, and what should have been some.
    pub input: u64,
    /// Those that gave a row whose concept is known, or filled columns of another resource's row.
    pub mapped: u64,
    /// Those that gave rows, none of them with a standard concept.
    pub unmapped: u64,
    /// Those that gave no row, for a reason.
    pub out_of_scope: u64,
    /// Those that could not be read.
    pub rejected: u64,
}

/// Why a resource gave no row, or what of it was lost.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// Its type.
    pub resource_type: String,
    /// The reason, as `docs/harmonization.md` lists them.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// An element without a column.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Loss {
    /// Path from the resource, `Patient.maritalStatus`.
    pub path: String,
    /// How often.
    pub count: u64,
    /// Where in OMOP it could go; `null` for what must not be there, such as names.
    pub could_go: Option<&'static str>,
}

/// A code without a standard concept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Code {
    /// URI of its code system; `null` when the coding names none.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// What the source calls it.
    pub display: Option<String>,
    /// How often it was met.
    pub count: u64,
}

impl Report {
    /// The report of a run; `ingested` says what became of records on the way to the files that were harmonized.
    pub fn of(totals: &Totals, ingested: Option<&BTreeMap<String, Records>>) -> Self {
        let mut by_type: BTreeMap<String, Counts> = BTreeMap::new();
        let mut losses = totals.losses.clone();
        let read = totals.resources.iter().chain(&totals.rejected);
        match ingested {
            None => read.for_each(|(name, n)| by_type.entry(name.clone()).or_default().input += n),
            Some(records) => {
                for (name, records) in records {
                    let counts = by_type.entry(name.clone()).or_default();
                    counts.input += records.read;
                    counts.rejected += records.rejected;
                    losses.count_out_of_scope(name, "duplicate", records.duplicates);
                    losses.count_out_of_scope(name, "superseded", records.superseded);
                }
            }
        }
        for (name, fates) in losses.fates() {
            let Fates { mapped, unmapped, out_of_scope } = fates;
            let counts = by_type.entry(name.to_owned()).or_default();
            counts.mapped += mapped;
            counts.unmapped += unmapped;
            counts.out_of_scope += out_of_scope;
        }
        for (name, n) in &totals.rejected {
            by_type.entry(name.clone()).or_default().rejected += n;
        }
        Self {
            persons: totals.persons,
            rows: totals.rows.iter().map(|(table, rows)| (table.name().to_owned(), *rows)).collect(),
            total: by_type.values().copied().fold(Counts::default(), Counts::plus),
            by_type,
            reasons: reasons(&losses),
            losses: elements(&losses),
            unmapped_codes: losses.unmapped_codes().into_iter().map(Code::from).collect(),
        }
    }

    /// Writes the report to a file.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut json = serde_json::to_vec_pretty(self).context("writing the report")?;
        json.push(b'\n');
        PartialFile::write_all_to(path, &json)
    }
}

impl Counts {
    /// What became of records, however it did: as many as there were.
    pub fn accounted(self) -> u64 {
        self.mapped + self.unmapped + self.out_of_scope + self.rejected
    }

    fn plus(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            mapped: self.mapped + other.mapped,
            unmapped: self.unmapped + other.unmapped,
            out_of_scope: self.out_of_scope + other.out_of_scope,
            rejected: self.rejected + other.rejected,
        }
    }
}

impl From<UnmappedCode<'_>> for Code {
    fn from(code: UnmappedCode<'_>) -> Self {
        Self {
            system: Some(code.system).filter(|system| !system.is_empty()).map(str::to_owned),
            code: code.code.to_owned(),
            display: code.display.map(str::to_owned),
            count: code.count,
        }
    }
}

fn reasons(losses: &Losses) -> Vec<Reason> {
    let reason = |(resource_type, reason, count): (&str, &str, u64)| Reason {
        resource_type: resource_type.to_owned(),
        reason: reason.to_owned(),
        count,
    };
    losses.reasons().map(reason).collect()
}

fn elements(losses: &Losses) -> Vec<Loss> {
    let loss = |(resource_type, path, count): (&str, &str, u64)| Loss {
        path: format!("{resource_type}.{path}"),
        count,
        could_go: suggested_home(resource_type, path),
    };
    losses.elements().map(loss).collect()
}

/// Writes the unmapped codes as rows of `source_to_concept_map` with an empty target, most frequent first, and how often each
/// was met in a column of its own. Filled in, the file is what `--source-to-concept-map` reads.
///
/// `source_vocabulary_id` is OMOP's name of the code system, else the last segment of its URI (which two systems may share:
/// then the URI), else `None`.
pub(crate) fn write_unmapped(codes: &[Code], path: &Path) -> Result<()> {
    let systems: BTreeSet<&str> = codes.iter().filter_map(|code| code.system.as_deref()).collect();
    let is_shared = |name: &str| systems.iter().filter(|system| system::short_name(system) == name).count() > 1;
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([
        "source_code",
        "source_concept_id",
        "source_vocabulary_id",
        "source_code_description",
        "target_concept_id",
        "target_vocabulary_id",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
        "count",
    ])?;
    // An empty code cannot be looked up, so it cannot be mapped.
    for code in codes.iter().filter(|code| !code.code.is_empty()) {
        let vocabulary = match code.system.as_deref() {
            None => "None".to_owned(),
            Some(system) => {
                let name = system::short_name(system);
                if is_shared(&name) { system.to_owned() } else { name }
            }
        };
        let (display, count) = (code.display.as_deref().unwrap_or_default(), code.count.to_string());
        csv.write_record([&code.code, "0", &vocabulary, display, "", "", "1970-01-01", "2099-12-31", "", &count])?;
    }
    PartialFile::write_all_to(path, &csv.into_inner().context("writing the unmapped codes")?)
}

/// Writes the rejected records, one JSON object a line; no file when there are none.
pub(crate) fn write_rejected(rejected: &[Rejected], path: &Path) -> Result<()> {
    if rejected.is_empty() {
        return Ok(());
    }
    let mut lines = Vec::new();
    for one in rejected {
        serde_json::to_writer(&mut lines, one).context("writing the rejected records")?;
        lines.push(b'\n');
    }
    PartialFile::write_all_to(path, &lines)
}
