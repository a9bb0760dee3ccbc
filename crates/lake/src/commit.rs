//! One commit per table and run.

use std::collections::BTreeMap;

use iceberg::spec::{DataFile, TableMetadata, deserialize_data_file_from_json};
use iceberg::table::Table;
use iceberg::transaction::{ApplyTransactionAction, Transaction};

use crate::guard::Guard;
use crate::table::table_ident;
use crate::writer::check_run_id;
use crate::{Lake, LakeError};

/// Prefix of the table property that marks a run as committed; the run id follows, the value is the run's row count.
///
/// A property outlives the snapshot, which may expire.
pub const RUN_PROPERTY: &str = "twinlake.pipeline-run-id";

/// Key of the run id in a snapshot's summary.
pub const RUN_SUMMARY: &str = "pipeline_run_id";

/// What became of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommitOutcome {
    /// The rows are in the table now.
    Committed {
        /// The snapshot that this commit made.
        snapshot_id: i64,
        /// Rows of this run.
        rows: u64,
    },
    /// The run was in the table before; nothing was added.
    AlreadyCommitted {
        /// The snapshot that the first commit made, unless it has expired.
        snapshot_id: Option<i64>,
        /// Rows of this run.
        rows: u64,
    },
}

impl CommitOutcome {
    /// The snapshot that holds the run, unless it has expired.
    pub fn snapshot_id(self) -> Option<i64> {
        match self {
            Self::Committed { snapshot_id, .. } => Some(snapshot_id),
            Self::AlreadyCommitted { snapshot_id, .. } => snapshot_id,
        }
    }

    /// Rows of the run in the table.
    pub fn rows(self) -> u64 {
        match self {
            Self::Committed { rows, .. } | Self::AlreadyCommitted { rows, .. } => rows,
        }
    }
}

impl Lake {
    /// Commits the files of a run to a table, once.
    ///
    /// `handover` is what the table's writers gave back, all shards together. Rows, run mark and snapshot become visible
    /// in one step. Without files the run is recorded all the same, as a snapshot that adds nothing. A commit of a run
    /// that is in the table adds nothing, also when two processes commit it at the same time.
    ///
    /// # Errors
    ///
    /// [`LakeError::UnknownTable`]; [`LakeError::HandOver`] when a line is no data file of this table;
    /// [`LakeError::Iceberg`] when the catalog refuses; [`LakeError::Lost`] when it accepted without effect.
    pub async fn commit(&self, run_id: &str, table: &str, handover: &[String]) -> Result<CommitOutcome, LakeError> {
        check_run_id(run_id)?;
        let loaded = self.load(table).await?;
        if let Some(outcome) = mark_of(loaded.metadata(), run_id) {
            return Ok(outcome);
        }
        let files = data_files(table, &loaded, handover)?;
        let n_files = files.len();
        let rows: u64 = files.iter().map(DataFile::record_count).sum();

        let summary = BTreeMap::from([
            (RUN_SUMMARY.to_owned(), run_id.to_owned()),
            ("twinlake.files".to_owned(), n_files.to_string()),
            ("twinlake.rows".to_owned(), rows.to_string()),
            ("twinlake.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]);
        let mark = (run_property(run_id), rows.to_string());
        let guard = Guard::new(self.catalog(), |metadata| mark_of(metadata, run_id).is_some());
        let committed = append(&guard, &loaded, files, summary, mark).await;

        // Yes or no, the table has the last word: a refusal may be the other committer's success, a time-out our own,
        // and SQLite's catalog does not report a transaction that failed at its end.
        let now = self.load(table).await?;
        let landed = mark_of(now.metadata(), run_id);
        self.write_version_hint(table, &now).await?;
        match (committed, landed) {
            (Ok(ours), Some(_)) => {
                let snapshot_id = ours.metadata().current_snapshot_id();
                let snapshot_id = snapshot_id.ok_or_else(|| lost(table, run_id))?;
                tracing::info!(table, run_id, rows, n_files, snapshot_id, "committed");
                Ok(CommitOutcome::Committed { snapshot_id, rows })
            }
            (Err(_), Some(outcome)) => Ok(outcome),
            (Ok(_), None) => Err(lost(table, run_id)),
            (Err(error), None) => Err(LakeError::iceberg("commit to", table)(error)),
        }
    }

    /// What a commit of this run would answer: nothing when the run is not in the table, or the table not in the lake.
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] when the catalog cannot be read.
    pub async fn committed(&self, run_id: &str, table: &str) -> Result<Option<CommitOutcome>, LakeError> {
        let ident = table_ident(table)?;
        let failed = || LakeError::iceberg("look for table", table);
        // Glue answers an error for a table of a namespace that is not there.
        if !self.catalog().namespace_exists(ident.namespace()).await.map_err(failed())?
            || !self.catalog().table_exists(&ident).await.map_err(failed())?
        {
            return Ok(None);
        }
        Ok(mark_of(self.load(table).await?.metadata(), run_id))
    }
}

/// Files, summary and mark in one transaction. A snapshot is made also without files, for the guard needs one.
pub(crate) async fn append(
    guard: &Guard<'_>,
    table: &Table,
    files: Vec<DataFile>,
    summary: BTreeMap<String, String>,
    (key, value): (String, String),
) -> iceberg::Result<Table> {
    let transaction = Transaction::new(table);
    let transaction = transaction
        .fast_append()
        .set_snapshot_properties(summary.into_iter().collect())
        .add_data_files(files)
        .apply(transaction)?;
    transaction.update_table_properties().set(key, value).apply(transaction)?.commit(guard).await
}

fn run_property(run_id: &str) -> String {
    format!("{RUN_PROPERTY}.{run_id}")
}

/// The mark of a run in a table's properties, or in the summaries of its snapshots.
fn mark_of(metadata: &TableMetadata, run_id: &str) -> Option<CommitOutcome> {
    let snapshot = metadata.snapshots().find(|snapshot| {
        let summary = &snapshot.summary().additional_properties;
        summary.get(RUN_SUMMARY).map(String::as_str) == Some(run_id)
    });
    let in_summary = || snapshot?.summary().additional_properties.get("twinlake.rows");
    let rows = metadata.properties().get(&run_property(run_id)).or_else(in_summary)?;
    Some(CommitOutcome::AlreadyCommitted {
        snapshot_id: snapshot.map(|snapshot| snapshot.snapshot_id()),
        rows: rows.parse().ok()?,
    })
}

fn data_files(name: &str, table: &Table, handover: &[String]) -> Result<Vec<DataFile>, LakeError> {
    let metadata = table.metadata();
    let folder = format!("{}/", metadata.location());
    handover
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let refused = |source| LakeError::HandOver { table: name.to_owned(), line: index + 1, source };
            let file = deserialize_data_file_from_json(
                line,
                metadata.default_partition_spec_id(),
                metadata.default_partition_type(),
                metadata.current_schema(),
            )
            .map_err(|source| refused(Some(Box::new(source))))?;
            if file.file_path().starts_with(&folder) { Ok(file) } else { Err(refused(None)) }
        })
        .collect()
}

fn lost(table: &str, run_id: &str) -> LakeError {
    LakeError::Lost { table: table.into(), run_id: run_id.into() }
}
