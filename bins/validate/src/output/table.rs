//! Findings and results as record batches and Parquet: `quality.findings` and `quality.rule_results`.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use twinlake_crosscheck::{Finding, RuleResult, rule};
use twinlake_omop::Table;

use crate::check::Report;

/// Findings in one batch.
const BATCH_ROWS: usize = 8_192;

/// Columns of `quality.findings`: a row a finding.
pub fn findings_schema() -> SchemaRef {
    schema(&[
        ("rule", DataType::Utf8, false),
        ("severity", DataType::Utf8, false),
        ("table_name", DataType::Utf8, true),
        ("column_name", DataType::Utf8, true),
        ("person_id", DataType::Int64, true),
        ("row_key", DataType::Int64, true),
        ("resource", DataType::Utf8, true),
        ("path", DataType::Utf8, true),
        ("place", DataType::Utf8, true),
        ("fhir", DataType::Utf8, true),
        ("omop", DataType::Utf8, true),
        ("message", DataType::Utf8, false),
    ])
}

/// Columns of `quality.rule_results`: a row a rule.
pub fn rule_results_schema() -> SchemaRef {
    schema(&[
        ("rule", DataType::Utf8, false),
        ("family", DataType::Utf8, false),
        ("severity", DataType::Utf8, false),
        ("status", DataType::Utf8, false),
        ("reason", DataType::Utf8, true),
        ("checked", DataType::Int64, false),
        ("findings", DataType::Int64, false),
        ("says", DataType::Utf8, false),
        ("standard", DataType::Utf8, false),
    ])
}

fn schema(columns: &[(&str, DataType, bool)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type, nullable)| Field::new(*name, data_type.clone(), *nullable));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Findings as batches of `quality.findings`.
///
/// # Errors
///
/// None that is known; a column that does not fit its field would be one.
pub fn findings_batches(findings: &[Finding]) -> impl Iterator<Item = Result<RecordBatch>> {
    findings.chunks(BATCH_ROWS).map(findings_batch)
}

fn findings_batch(findings: &[Finding]) -> Result<RecordBatch> {
    fn text<'a>(findings: &'a [Finding], of: impl Fn(&'a Finding) -> Option<&'a str>) -> ArrayRef {
        Arc::new(findings.iter().map(of).collect::<StringArray>())
    }
    fn number(findings: &[Finding], of: impl Fn(&Finding) -> Option<i64>) -> ArrayRef {
        Arc::new(findings.iter().map(of).collect::<Int64Array>())
    }
    let columns = vec![
        text(findings, |finding| Some(&finding.rule)),
        text(findings, |finding| Some(finding.severity.as_str())),
        text(findings, |finding| finding.table.map(Table::name)),
        text(findings, |finding| finding.column),
        number(findings, |finding| finding.person_id),
        number(findings, |finding| finding.key),
        text(findings, |finding| finding.resource.as_deref()),
        text(findings, |finding| finding.path.as_deref()),
        text(findings, |finding| finding.place.as_deref()),
        text(findings, |finding| finding.fhir.as_deref()),
        text(findings, |finding| finding.omop.as_deref()),
        text(findings, |finding| Some(&finding.message)),
    ];
    Ok(RecordBatch::try_new(findings_schema(), columns)?)
}

/// Results as one batch of `quality.rule_results`.
///
/// # Errors
///
/// None that is known; a column that does not fit its field would be one.
pub fn rule_results_batch(results: &[RuleResult]) -> Result<RecordBatch> {
    let rules: Vec<_> = results.iter().filter_map(|result| Some((result, rule(result.rule)?))).collect();
    let text = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let number = |values: Vec<u64>| -> ArrayRef {
        let values = values.into_iter().map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(values))
    };
    let columns = vec![
        text(rules.iter().map(|(result, _)| Some(result.rule)).collect()),
        text(rules.iter().map(|(_, rule)| Some(rule.family.as_str())).collect()),
        text(rules.iter().map(|(_, rule)| Some(rule.severity.as_str())).collect()),
        text(rules.iter().map(|(result, _)| Some(result.status.as_str())).collect()),
        text(rules.iter().map(|(result, _)| result.reason.as_deref()).collect()),
        number(rules.iter().map(|(result, _)| result.checked).collect()),
        number(rules.iter().map(|(result, _)| result.findings).collect()),
        text(rules.iter().map(|(_, rule)| Some(&*rule.says)).collect()),
        text(rules.iter().map(|(_, rule)| Some(&*rule.standard)).collect()),
    ];
    Ok(RecordBatch::try_new(rule_results_schema(), columns)?)
}

/// Writes `findings.parquet` and `rule_results.parquet` to a folder.
///
/// # Errors
///
/// A folder or file that cannot be written, by name.
pub fn write_parquet(folder: &Path, report: &Report) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making `{}`", folder.display()))?;
    write(&folder.join("findings.parquet"), &findings_schema(), findings_batches(&report.findings))?;
    let results = std::iter::once(rule_results_batch(&report.results));
    write(&folder.join("rule_results.parquet"), &rule_results_schema(), results)
}

fn write(path: &Path, schema: &SchemaRef, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<()> {
    let context = || format!("writing `{}`", path.display());
    let file = File::create(path).with_context(context)?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(schema), None).with_context(context)?;
    for batch in batches {
        writer.write(&batch?).with_context(context)?;
    }
    writer.close().with_context(context)?;
    Ok(())
}
