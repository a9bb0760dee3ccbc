//! What a check gave, as files: JSON, XML for `JUnit`, a page of HTML, Parquet; and the rules themselves.

mod html;
mod json;
mod junit;
mod list;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use twinlake_crosscheck::{Baseline, Score, Severity};
use twinlake_task::PartialFile;

use crate::check::Report;

pub use table::{findings_batches, findings_schema, rule_results_batch, rule_results_schema, write_parquet};

pub(crate) use json::finding as finding_as_json;
pub(crate) use list::as_markdown;

/// Writes the report as one JSON object: `summary`, `rules` and `findings`; with a score, `defects` too.
pub(crate) fn write_json(path: &Path, report: &Report, score: Option<&Score>) -> Result<()> {
    write(path, &json::report(report, score))
}

/// Writes the report as XML for `JUnit`, a test case a rule; a rule fails when a finding of it is at least this bad.
pub(crate) fn write_junit(path: &Path, report: &Report, failing: Severity) -> Result<()> {
    write(path, &junit::report(report, failing))
}

/// Writes the report as one page of HTML that needs no other file.
pub(crate) fn write_html(path: &Path, report: &Report, failing: Severity) -> Result<()> {
    write(path, &html::page(report, failing))
}

/// Writes the findings as a baseline, in the order of their lines, each once.
pub(crate) fn write_baseline(path: &Path, report: &Report) -> Result<()> {
    let mut lines: Vec<String> = report.findings.iter().map(Baseline::line).collect();
    lines.sort();
    lines.dedup();
    let mut text =
        "# Known findings, a rule and its subject a line; `twinlake validate --baseline` passes over them.\n"
            .to_owned();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    write(path, &text)
}

/// Reads a baseline.
pub(crate) fn read_baseline(path: &Path) -> Result<Baseline> {
    let text = fs::read_to_string(path).with_context(|| format!("reading the baseline `{}`", path.display()))?;
    Ok(Baseline::read(&text))
}

fn write(path: &Path, text: &str) -> Result<()> {
    PartialFile::write_all_to(path, text.as_bytes()).with_context(|| format!("writing `{}`", path.display()))
}
