//! The tables about the runs themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use chrono::{NaiveDate, NaiveDateTime};

use crate::writer::days_since_epoch;
use crate::{CommitOutcome, Lake, LakeError, LakeTable, Run};

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunStatus {
    /// Everything was done.
    Done,
    /// Everything was done, and the validator has findings.
    Findings,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Findings => "findings",
        })
    }
}

/// A row of `ops.pipeline_runs`: readers take only the runs listed there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PipelineRun {
    /// The verb, e.g. `run`.
    pub command: String,
    /// Name of the model pack; none for ingested data.
    pub pack: Option<String>,
    /// Hash of the model pack's content.
    pub pack_hash: Option<String>,
    /// Version of what the simulation means by its pack.
    pub semantics_version: Option<i32>,
    /// The seed, in digits: it may be too large for a signed 64-bit column.
    pub seed: Option<u64>,
    /// The day the charts are cut at.
    pub as_of: Option<NaiveDate>,
    /// Version of the program.
    pub version: String,
    /// Patients of the run.
    pub n_patients: u64,
    /// Rows of the run, by table.
    pub table_rows: BTreeMap<String, u64>,
    /// Snapshot of the run, by table; none when it has expired.
    pub snapshot_ids: BTreeMap<String, Option<i64>>,
    /// How the run ended.
    pub status: RunStatus,
    /// When the run is listed, in UTC. Load dates are days; this tells the latest of two runs of one day.
    pub committed_at: NaiveDateTime,
}

/// A row of `ops.source_files`: a file that a run read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// Path as given in the plan.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// What tells two contents of one path apart, e.g. a hash or an entity tag.
    pub tag: Option<String>,
    /// Resources read.
    pub n_resources: Option<u64>,
    /// Records that could not be read.
    pub n_rejected: Option<u64>,
}

/// `ops.pipeline_runs`, one row a run.
pub fn pipeline_runs() -> LakeTable {
    table(
        "pipeline_runs",
        vec![
            Field::new("command", DataType::Utf8, false),
            Field::new("pack", DataType::Utf8, true),
            Field::new("pack_hash", DataType::Utf8, true),
            Field::new("semantics_version", DataType::Int32, true),
            Field::new("seed", DataType::Utf8, true),
            Field::new("as_of", DataType::Date32, true),
            Field::new("load_date", DataType::Date32, false),
            Field::new("version", DataType::Utf8, false),
            Field::new("n_patients", DataType::Int64, false),
            Field::new("table_rows", DataType::Utf8, false),
            Field::new("snapshot_ids", DataType::Utf8, false),
            Field::new("status", DataType::Utf8, false),
            Field::new("committed_at", DataType::Timestamp(TimeUnit::Microsecond, None), false),
        ],
        vec![],
    )
}

/// `ops.source_files`, one row a file that a run read.
pub fn source_files() -> LakeTable {
    table(
        "source_files",
        vec![
            Field::new("path", DataType::Utf8, false),
            Field::new("size_bytes", DataType::Int64, false),
            Field::new("tag", DataType::Utf8, true),
            Field::new("n_resources", DataType::Int64, true),
            Field::new("n_rejected", DataType::Int64, true),
        ],
        vec!["path".into()],
    )
}

impl Lake {
    /// Whether a run is listed in `ops.pipeline_runs`, so that all of it is visible and nothing is left to do.
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] when the catalog cannot be read.
    pub async fn is_recorded(&self, run_id: &str) -> Result<bool, LakeError> {
        let name = pipeline_runs().full_name();
        Ok(self.committed(run_id, &name).await?.is_some())
    }

    /// Lists a run in `ops.pipeline_runs`: the last commit of a run, which makes it visible to readers.
    ///
    /// # Errors
    ///
    /// As [`Lake::commit`].
    pub async fn record_run(&self, run: &Run, record: &PipelineRun) -> Result<CommitOutcome, LakeError> {
        let table = pipeline_runs();
        let batch = batch_of_run(run, record, &table);
        self.append_once(run, &table, batch).await
    }

    /// Lists the files that a run read.
    ///
    /// # Errors
    ///
    /// As [`Lake::commit`].
    pub async fn record_source_files(&self, run: &Run, files: &[SourceFile]) -> Result<CommitOutcome, LakeError> {
        let table = source_files();
        let batch = batch_of_files(files, &table);
        self.append_once(run, &table, batch).await
    }

    /// Writes and commits a small table in one go.
    ///
    /// # Errors
    ///
    /// As [`Lake::commit`].
    pub async fn append_once(
        &self,
        run: &Run,
        table: &LakeTable,
        batch: RecordBatch,
    ) -> Result<CommitOutcome, LakeError> {
        self.ensure_table(table).await?;
        let name = table.full_name();
        if let Some(outcome) = self.committed(&run.id, &name).await? {
            return Ok(outcome);
        }
        let mut writer = self.writer(table, run, "0").await?;
        writer.write(&batch).await?;
        let handover = writer.close().await?;
        self.commit(&run.id, &name, &handover).await
    }
}

fn table(name: &str, columns: Vec<Field>, keys: Vec<String>) -> LakeTable {
    LakeTable {
        namespace: "ops".into(),
        name: name.into(),
        schema: Arc::new(Schema::new(columns)),
        keys,
        partitioned_by_dt: false,
        sort: vec![],
    }
}

fn batch_of_run(run: &Run, record: &PipelineRun, table: &LakeTable) -> RecordBatch {
    let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let optional = |value: Option<&str>| Arc::new(StringArray::from(vec![value.map(str::to_owned)])) as ArrayRef;
    let day = |date: Option<NaiveDate>| Arc::new(Date32Array::from(vec![date.map(days_since_epoch)])) as ArrayRef;
    let seed = record.seed.map(|seed| seed.to_string());
    let columns = vec![
        text(&record.command),
        optional(record.pack.as_deref()),
        optional(record.pack_hash.as_deref()),
        Arc::new(Int32Array::from(vec![record.semantics_version])),
        optional(seed.as_deref()),
        day(record.as_of),
        day(Some(run.load_date)),
        text(&record.version),
        Arc::new(Int64Array::from(vec![count(record.n_patients)])),
        text(&json(&record.table_rows)),
        text(&json(&record.snapshot_ids)),
        text(&record.status.to_string()),
        Arc::new(TimestampMicrosecondArray::from(vec![record.committed_at.and_utc().timestamp_micros()])),
    ];
    RecordBatch::try_new(Arc::clone(&table.schema), columns)
        .expect("columns are listed in the order of the schema above")
}

fn batch_of_files(files: &[SourceFile], table: &LakeTable) -> RecordBatch {
    let numbers = |of: fn(&SourceFile) -> Option<u64>| {
        let values = files.iter().map(|file| of(file).map(count));
        Arc::new(values.collect::<Int64Array>()) as ArrayRef
    };
    let columns = vec![
        Arc::new(StringArray::from_iter_values(files.iter().map(|file| &file.path))) as ArrayRef,
        numbers(|file| Some(file.size_bytes)),
        Arc::new(files.iter().map(|file| file.tag.as_deref()).collect::<StringArray>()),
        numbers(|file| file.n_resources),
        numbers(|file| file.n_rejected),
    ];
    RecordBatch::try_new(Arc::clone(&table.schema), columns)
        .expect("columns are listed in the order of the schema above")
}

fn count(n: u64) -> i64 {
    i64::try_from(n).expect("nobody counts beyond 2^63")
}

fn json(map: &impl serde::Serialize) -> String {
    serde_json::to_string(map).expect("maps from text to numbers are JSON")
}
