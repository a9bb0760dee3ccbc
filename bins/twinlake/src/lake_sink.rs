//! Rows and batches straight into the lake's data files, with a hand-over list for the commit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use serde::Deserialize;
use twinlake_lake::{BlockingLake, BlockingWriter, HandOver, LakeTable, Run};
use twinlake_omop::{AnyRow, Table, TableBuilder};

use crate::tables;

/// Rows gathered before a batch is encoded.
const BATCH_ROWS: usize = 8_192;

/// Data files of one shard of a run; nobody sees them before the commit.
pub(crate) struct LakeSink<'a> {
    lake: &'a BlockingLake,
    run: &'a Run,
    handover: &'a HandOver,
    shard: String,
    writers: BTreeMap<String, BlockingWriter>,
    builders: BTreeMap<Table, TableBuilder>,
}

impl<'a> LakeSink<'a> {
    pub(crate) fn new(lake: &'a BlockingLake, run: &'a Run, handover: &'a HandOver, shard: impl Into<String>) -> Self {
        Self { lake, run, handover, shard: shard.into(), writers: BTreeMap::new(), builders: BTreeMap::new() }
    }

    /// Adds an OMOP row.
    pub(crate) fn push(&mut self, row: &AnyRow) -> Result<()> {
        let table = row.table();
        let builder = self.builders.entry(table).or_insert_with(|| TableBuilder::new(table));
        builder.append(row);
        if builder.len() < BATCH_ROWS {
            return Ok(());
        }
        let batch = builder.finish();
        self.write(&tables::omop(table), &batch)
    }

    /// Adds a batch of any table.
    pub(crate) fn write(&mut self, table: &LakeTable, batch: &RecordBatch) -> Result<()> {
        let name = table.full_name();
        if !self.writers.contains_key(&name) {
            let writer = self.lake.writer(table, self.run, &self.shard)?;
            self.writers.insert(name.clone(), writer);
        }
        let writer = self.writers.get_mut(&name).context("a writer was just made")?;
        writer.write(batch)?;
        Ok(())
    }

    /// Ends the files and writes the hand-over lists.
    pub(crate) fn finish(mut self) -> Result<()> {
        for (table, mut builder) in std::mem::take(&mut self.builders) {
            if !builder.is_empty() {
                let batch = builder.finish();
                self.write(&tables::omop(table), &batch)?;
            }
        }
        for (name, writer) in self.writers {
            let lines = writer.close()?;
            self.handover.write(&name, &self.shard, &lines)?;
        }
        Ok(())
    }
}

/// Local paths of the data files that were handed over for a table.
pub(crate) fn data_files(handover: &HandOver, table: &str) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct DataFile {
        #[serde(alias = "file-path")]
        file_path: String,
    }
    let mut paths = Vec::new();
    for line in handover.read(table)? {
        let file: DataFile = serde_json::from_str(&line).with_context(|| format!("a hand-over line of {table}"))?;
        let path = file.file_path.strip_prefix("file://").unwrap_or(&file.file_path);
        paths.push(PathBuf::from(path));
    }
    Ok(paths)
}
