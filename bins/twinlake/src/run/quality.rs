//! The validate stage: FHIR is mapped to OMOP a second time and compared; findings and losses go to `quality`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use twinlake_crosscheck::{Severity, Terms};
use twinlake_harmonize::Losses;
use twinlake_omop::Table;
use twinlake_pack::Pack;
use twinlake_task::{Progress, files_under};
use twinlake_validate::{Sources, check, findings_batches, rule_results_batch};

use super::Job;
use crate::lake_sink::data_files;
use crate::summary::{Checked, Findings, grouped};
use crate::tables;

/// Findings of each rule that `quality.findings` keeps; `quality.rule_results` counts all.
const KEPT: usize = 10_000;

impl Job<'_> {
    /// Checks what the run has written, before anybody sees it.
    pub(super) fn validate(&mut self) -> Result<()> {
        let progress = Progress::start("validate");
        let generated = self.args.from.is_empty();
        let report = check(&Sources {
            fhir: self.resource_files()?,
            // Both are counted in the summary of the ingest stage.
            unreadable: Vec::new(),
            n_duplicates: 0,
            omop: self.omop_files()?,
            // A table without rows has no file yet.
            has_all_tables: false,
            work: self.layout.run(&self.run.id).join("work"),
            vocab: self.vocabulary.get(),
            pack: generated.then(Pack::embedded),
            foreign: !generated,
            terms: Terms { limit: Some(KEPT), ..Terms::default() },
            threads: self.threads,
        })?;
        let mut sink = self.sink("validate");
        for findings in findings_batches(&report.findings) {
            sink.write(&tables::findings(), &findings?)?;
        }
        sink.write(&tables::rule_results(), &rule_results_batch(&report.results)?)?;
        let losses = losses_batch(&report.losses)?;
        sink.write(&tables::losses(), &losses)?;
        sink.finish()?;
        self.summary.findings = Findings {
            checked: if generated { Checked::Agreement } else { Checked::Rules },
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            by_rule: report.by_rule().into_iter().map(|(rule, n)| (rule.to_owned(), n)).collect(),
        };
        self.summary.unmapped_codes = report.losses.codes().map(|(_, _, n)| n).sum();
        self.summary.losses = report.losses.reasons().chain(report.losses.elements()).map(|(_, _, n)| n).sum();
        // Enough to see what is wrong; the others are in quality.findings.
        for finding in report.findings.iter().take(10) {
            tracing::warn!("{}", finding.message);
        }
        let (persons, rows) = (grouped(report.persons), grouped(report.rows.values().sum()));
        let found = report.count(Severity::Error) + report.count(Severity::Warning);
        self.stage(
            "validate",
            progress,
            &format!("{persons} persons, {rows} rows compared: {} findings", grouped(found)),
        );
        Ok(())
    }

    /// The run's files of the raw zone.
    pub(super) fn resource_files(&self) -> Result<Vec<PathBuf>> {
        let folder = self.layout.resources(&self.run.id, self.run.load_date);
        Ok(files_under(&[folder])?.into_iter().map(|file| file.path).collect())
    }

    /// The run's OMOP data files, not yet committed.
    fn omop_files(&self) -> Result<BTreeMap<Table, Vec<PathBuf>>> {
        let handed_over = self.handover.tables()?;
        let mut files = BTreeMap::new();
        for table in Table::ALL {
            let name = format!("omop.{}", table.name());
            if handed_over.contains(&name) {
                files.insert(table, data_files(&self.handover, &name)?);
            }
        }
        Ok(files)
    }
}

fn losses_batch(losses: &Losses) -> Result<RecordBatch> {
    type Loss<'a> = (&'static str, Option<&'a str>, &'a str, Option<&'a str>, u64);
    let reasons = losses.reasons().map(|(kind, name, n)| ("reason", Some(kind), name, None, n));
    let elements = losses.elements().map(|(kind, name, n)| ("element", Some(kind), name, None, n));
    let codes = losses.codes().map(|(system, code, n)| ("unmapped code", None, code, Some(system), n));
    let rows: Vec<Loss<'_>> = reasons.chain(elements).chain(codes).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2))),
        Arc::new(rows.iter().map(|row| row.3).collect::<StringArray>()),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::try_from(row.4).unwrap_or(i64::MAX)))),
    ];
    Ok(RecordBatch::try_new(tables::losses().schema, columns)?)
}
