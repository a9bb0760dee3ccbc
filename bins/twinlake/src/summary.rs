//! What a run did: `summary.json` for programs, a page of text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use twinlake_task::PartialFile;

use crate::layout::Layout;
use crate::transform::Transformed;

/// What a run did.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Summary {
    /// Id of the run.
    pub(crate) run_id: String,
    /// Load date, the partition `dt`.
    pub(crate) load_date: NaiveDate,
    /// Version of the program.
    pub(crate) version: String,
    /// Pack, semantics version and seed of generated patients; what was read otherwise.
    pub(crate) source: String,
    /// Patients.
    pub(crate) patients: u64,
    /// FHIR resources by type.
    pub(crate) resources: BTreeMap<String, u64>,
    /// Records set aside because they could not be read.
    pub(crate) rejected: u64,
    /// Copies of a resource that stood in several files.
    pub(crate) duplicates: u64,
    /// References that name no resource of the input.
    pub(crate) unresolved_references: u64,
    /// Uses of codes that the vocabulary does not know.
    pub(crate) unmapped_codes: u64,
    /// FHIR elements and resources without a home in OMOP, counted by use.
    pub(crate) losses: u64,
    /// What the validator found.
    pub(crate) findings: Findings,
    /// All tables of the lake, by full name.
    pub(crate) tables: BTreeMap<String, TableSummary>,
    /// Seconds of each stage, in order.
    pub(crate) stages: Vec<Stage>,
    /// What dbt built, unless it was skipped.
    pub(crate) dbt: Option<Transformed>,
}

/// What the validator found.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Findings {
    /// What was looked at.
    pub(crate) checked: Checked,
    /// Disagreements and broken rules.
    pub(crate) errors: u64,
    /// What is wrong with someone else's data.
    pub(crate) warnings: u64,
    /// Both, by rule.
    pub(crate) by_rule: BTreeMap<String, u64>,
}

/// What the validator looked at.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Checked {
    /// Nothing: it was skipped.
    #[default]
    Nothing,
    /// The rules of each side; the OMOP rows come from the FHIR, so that they agree says nothing.
    Rules,
    /// The rules, and that two renderings agree.
    Agreement,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It is in the lake now.
    Added,
    /// It was there before.
    WasThere,
    /// Its findings kept it out; they are in `quality.findings`.
    Stopped,
}

/// A table after the run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct TableSummary {
    /// Rows of all runs.
    pub(crate) rows: u64,
    /// Rows of this run.
    pub(crate) added: u64,
    /// The table's current snapshot; none for one that never got a row.
    pub(crate) snapshot_id: Option<i64>,
    /// The table's current metadata file.
    pub(crate) metadata_location: String,
}

/// A stage and its seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Stage {
    /// Name of the verb.
    pub(crate) name: String,
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
}

impl Summary {
    /// Writes `summary.json` into the run's folder.
    pub(crate) fn write(&self, run: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).context("writing the summary as JSON")?;
        PartialFile::write_all_to(run.join("summary.json"), &text)
    }

    /// Reads the summary of an earlier run.
    pub(crate) fn read(run: &Path) -> Result<Self> {
        let path = run.join("summary.json");
        let text = std::fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("reading `{}`", path.display()))
    }

    /// Rows that the run added to a namespace.
    fn added(&self, namespace: &str) -> u64 {
        let tables = self.tables.iter().filter(|(name, _)| name.split('.').next() == Some(namespace));
        tables.map(|(_, table)| table.added).sum()
    }

    /// The summary for people.
    pub(crate) fn page(&self, layout: &Layout, fate: Fate) -> String {
        let mut page = String::new();
        let mut line = |text: String| {
            page.push_str(&text);
            page.push('\n');
        };
        // The tables are many, so they stand above what is read first.
        line(String::new());
        line(format!("  {:<32}{:>12}{:>12}  snapshot", "table", "rows", "added"));
        for (name, table) in self.tables.iter().filter(|(_, table)| table.rows > 0) {
            let snapshot = table.snapshot_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
            line(format!("  {name:<32}{:>12}{:>12}  {snapshot}", grouped(table.rows), grouped(table.added)));
        }
        let empty = self.tables.values().filter(|table| table.rows == 0).count();
        if empty > 0 {
            line(format!("  and {empty} empty tables"));
        }
        let seconds: f64 = self.stages.iter().map(|stage| stage.seconds).sum();
        line(String::new());
        line(match fate {
            Fate::Added => format!("run {} is in the lake, after {seconds:.1} s", self.run_id),
            Fate::WasThere => {
                format!("run {} is already in the lake: nothing was added now; this is what it did", self.run_id)
            }
            Fate::Stopped => {
                format!("run {} is NOT in the lake: quality.findings says what is wrong with it", self.run_id)
            }
        });
        line(format!("  {:<22}{}", "source", self.source));
        line(format!("  {:<22}{}", "patients", grouped(self.patients)));
        line(format!("  {:<22}{}", "FHIR resources", grouped(self.resources.values().sum())));
        line(format!("  {:<22}{}", "OMOP rows", grouped(self.added("omop"))));
        line(format!("  {:<22}{}", "findings", self.findings_text()));
        for (rule, n) in self.findings.by_rule.iter().take(20) {
            line(format!("    {:<40}{:>12}", rule, grouped(*n)));
        }
        for (name, n) in [
            ("rejected records", self.rejected),
            ("repeated resources", self.duplicates),
            ("dangling references", self.unresolved_references),
            ("unmapped codes", self.unmapped_codes),
            ("without an OMOP home", self.losses),
        ] {
            if n > 0 {
                line(format!("  {name:<22}{}", grouped(n)));
            }
        }
        if let Some(dbt) = &self.dbt {
            line(format!("  {:<22}{} models built, {} tests passed", "dbt", dbt.models, dbt.tests));
        }
        line(String::new());
        let stages = self.stages.iter().fold(String::new(), |mut text, stage| {
            let _ = write!(text, "  {} {:.1} s", stage.name, stage.seconds);
            text
        });
        line(format!("  stages  {}", stages.trim_start()));
        line(String::new());
        let program = quoted(&program());
        let out = quoted(&layout.out.display().to_string());
        line(format!("  lake    {}", layout.lake().display()));
        line(format!("  raw     {}", layout.resources(&self.run_id, self.load_date).display()));
        line(format!("  run     {}", layout.run(&self.run_id).display()));
        if self.rejected > 0 {
            line(format!("  rejected {}", layout.rejected(&self.run_id, self.load_date).display()));
        }
        if self.dbt.is_some() {
            line(format!("  marts   {}", layout.database().display()));
        }
        line(String::new());
        line("  try next".to_owned());
        let query = |sql: &str| format!("    {program} query --out {out} \"{sql}\"");
        if fate == Fate::Stopped {
            line(query("select rule, message from quality.findings limit 20"));
            return page;
        }
        if self.dbt.is_some() {
            line(query("select * from metrics.condition_prevalence"));
            line(query("select * from marts.dim_patient limit 5"));
        }
        line(query("select * from omop.person limit 5"));
        page
    }

    fn findings_text(&self) -> String {
        let checked = self.findings.checked;
        match (self.findings.errors, self.findings.warnings) {
            _ if checked == Checked::Nothing => "not checked".to_owned(),
            (0, 0) if checked == Checked::Agreement => "0: FHIR and OMOP agree row by row".to_owned(),
            (0, 0) => "0".to_owned(),
            (errors, warnings) => format!("{} errors, {} warnings", grouped(errors), grouped(warnings)),
        }
    }
}

/// The program as one would call it from here.
fn program() -> String {
    let called = std::env::args_os().next().map_or_else(|| PathBuf::from("twinlake"), PathBuf::from);
    let below = std::env::current_dir().ok().and_then(|here| Some(called.strip_prefix(here).ok()?.to_owned()));
    match below {
        // A shell looks for a name without a folder elsewhere.
        Some(below) if below.components().count() == 1 => format!("./{}", below.display()),
        below => below.unwrap_or(called).display().to_string(),
    }
}

/// A word of a shell's command, in quotes when it needs them.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A number with commas between thousands.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        assert_eq!(quoted("target/release/twinlake"), "target/release/twinlake");
        assert_eq!(quoted("my lake"), "'my lake'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
