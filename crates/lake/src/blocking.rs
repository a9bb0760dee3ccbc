//! The lake for programs that are not async.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::runtime::{Builder, Runtime};

use crate::{CommitOutcome, DataFileWriter, Lake, LakeError, LakeTable, PipelineRun, Run, SourceFile, TableState};

/// A [`Lake`] with its own threads. Cheap to clone; may be used from many threads at once, but not from async code.
#[derive(Clone, Debug)]
pub struct BlockingLake {
    runtime: Arc<Runtime>,
    lake: Lake,
}

impl BlockingLake {
    /// Opens the lake that `open` gives, e.g. `BlockingLake::open(Lake::open_local("lake"))`.
    ///
    /// # Errors
    ///
    /// What `open` answers; [`LakeError::Runtime`] when no threads can be had.
    pub fn open<E: From<LakeError>>(open: impl Future<Output = Result<Lake, E>>) -> Result<Self, E> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lake")
            .enable_all()
            .build()
            .map_err(|source| LakeError::Runtime { source })?;
        let lake = runtime.block_on(open)?;
        Ok(Self { runtime: Arc::new(runtime), lake })
    }

    /// Opens the lake in a folder, see [`Lake::open_local`].
    ///
    /// # Errors
    ///
    /// As [`Lake::open_local`].
    pub fn open_local(folder: impl AsRef<Path>) -> Result<Self, LakeError> {
        Self::open(Lake::open_local(folder))
    }

    /// The async lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Waits for something the async lake does: `lake.wait(lake.lake().cohort())`.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// See [`Lake::ensure_table`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ensure_table(&self, table: &LakeTable) -> Result<(), LakeError> {
        self.wait(self.lake.ensure_table(table))
    }

    /// See [`Lake::claim_cohort`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn claim_cohort(&self, cohort: &str) -> Result<(), LakeError> {
        self.wait(self.lake.claim_cohort(cohort))
    }

    /// See [`Lake::writer`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn writer(&self, table: &LakeTable, run: &Run, shard: &str) -> Result<BlockingWriter, LakeError> {
        Ok(BlockingWriter {
            runtime: Arc::clone(&self.runtime),
            writer: self.wait(self.lake.writer(table, run, shard))?,
        })
    }

    /// See [`Lake::commit`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn commit(&self, run_id: &str, table: &str, handover: &[String]) -> Result<CommitOutcome, LakeError> {
        self.wait(self.lake.commit(run_id, table, handover))
    }

    /// See [`Lake::committed`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn committed(&self, run_id: &str, table: &str) -> Result<Option<CommitOutcome>, LakeError> {
        self.wait(self.lake.committed(run_id, table))
    }

    /// See [`Lake::is_recorded`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn is_recorded(&self, run_id: &str) -> Result<bool, LakeError> {
        self.wait(self.lake.is_recorded(run_id))
    }

    /// See [`Lake::record_run`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn record_run(&self, run: &Run, record: &PipelineRun) -> Result<CommitOutcome, LakeError> {
        self.wait(self.lake.record_run(run, record))
    }

    /// See [`Lake::record_source_files`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn record_source_files(&self, run: &Run, files: &[SourceFile]) -> Result<CommitOutcome, LakeError> {
        self.wait(self.lake.record_source_files(run, files))
    }

    /// See [`Lake::append_once`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn append_once(&self, run: &Run, table: &LakeTable, batch: RecordBatch) -> Result<CommitOutcome, LakeError> {
        self.wait(self.lake.append_once(run, table, batch))
    }

    /// See [`Lake::runs`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn runs(&self) -> Result<Vec<String>, LakeError> {
        self.wait(self.lake.runs())
    }

    /// See [`Lake::data_files`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn data_files(&self, table: &str, run_id: &str) -> Result<Vec<String>, LakeError> {
        self.wait(self.lake.data_files(table, run_id))
    }

    /// See [`Lake::tables`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn tables(&self) -> Result<Vec<TableState>, LakeError> {
        self.wait(self.lake.tables())
    }

    /// See [`Lake::repair_version_hints`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn repair_version_hints(&self) -> Result<(), LakeError> {
        self.wait(self.lake.repair_version_hints())
    }
}

/// A [`DataFileWriter`] for programs that are not async. It may move between threads.
pub struct BlockingWriter {
    runtime: Arc<Runtime>,
    writer: DataFileWriter,
}

impl BlockingWriter {
    /// See [`DataFileWriter::write`]. Encoding is done by the calling thread.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.runtime.block_on(self.writer.write(batch))
    }

    /// Rows written so far.
    pub fn n_rows(&self) -> u64 {
        self.writer.n_rows()
    }

    /// See [`DataFileWriter::close`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(self) -> Result<Vec<String>, LakeError> {
        self.runtime.block_on(self.writer.close())
    }
}
