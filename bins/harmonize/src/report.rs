//! The loss report as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use twinlake_task::PartialFile;

use crate::files::Totals;
use crate::gather::Rejected;

/// What was read, what was written, and what was lost between.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Persons written.
    pub persons: u64,
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Rows written, by table.
    pub rows: BTreeMap<String, u64>,
    /// Records that could not be read.
    pub rejected: u64,
    /// Resources that gave no row, or lost a part, by type and reason.
    pub reasons: Vec<Loss>,
    /// Elements without a column, by type and path.
    pub elements: Vec<Loss>,
    /// Codes without a standard concept, by system and code; most frequent first.
    pub codes: Vec<Loss>,
}

/// One line of the report.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Loss {
    /// Resource type, or code system.
    pub of: String,
    /// Reason, path, or code.
    pub what: String,
    /// How often.
    pub count: u64,
}

impl Report {
    /// The report of a run.
    pub fn of(totals: &Totals) -> Self {
        let counts = |(of, what, count): (&str, &str, u64)| Loss { of: of.to_owned(), what: what.to_owned(), count };
        let mut codes: Vec<Loss> = totals.losses.codes().map(counts).collect();
        codes.sort_by_key(|code| std::cmp::Reverse(code.count));
        Self {
            persons: totals.persons,
            resources: totals.resources.clone(),
            rows: totals.rows.iter().map(|(table, rows)| (table.name().to_owned(), *rows)).collect(),
            rejected: totals.rejected,
            reasons: totals.losses.reasons().map(counts).collect(),
            elements: totals.losses.elements().map(counts).collect(),
            codes,
        }
    }

    /// Writes the report to a file.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut json = serde_json::to_vec_pretty(self).context("writing the loss report")?;
        json.push(b'\n');
        PartialFile::write_all_to(path, &json)
    }
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
