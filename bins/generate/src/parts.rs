//! A table's rows in one Parquet file or, when they are many, in several of a bounded size.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use arrow::record_batch::RecordBatch;
use twinlake_omop::Table;
use twinlake_omop::write::{ParquetWriter, ROW_GROUP_ROWS};
use twinlake_task::{PartialFile, SealedFile};

/// Rows after which a file is closed: a Parquet writer holds what it knows of every row group until the end.
const FILE_ROWS: u64 = 16 * ROW_GROUP_ROWS as u64;

/// The rows of a table in `<stem>.parquet`, or in `<parts>0001.parquet`, `<parts>0002.parquet` and so on.
pub(crate) struct TableParts {
    table: Table,
    stem: PathBuf,
    parts: PathBuf,
    prefix: String,
    file_rows: u64,
    full: Vec<SealedFile>,
    current: ParquetWriter<PartialFile>,
}

impl TableParts {
    /// Begins the table's first file. A shard's files lie in a folder of the table's name and begin with the shard's.
    pub(crate) fn new(folder: &Path, table: Table, shard: Option<&str>) -> Result<Self> {
        Self::with_rows(folder, table, shard, FILE_ROWS)
    }

    fn with_rows(folder: &Path, table: Table, shard: Option<&str>, file_rows: u64) -> Result<Self> {
        let parts = folder.join(table.name());
        let stem = shard.map_or_else(|| parts.clone(), |shard| parts.join(shard));
        let prefix = shard.map(|shard| format!("{shard}.")).unwrap_or_default();
        let current = begin(table, &stem, 1)?;
        Ok(Self { table, stem, parts, prefix, file_rows, full: Vec::new(), current })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let context = || format!("writing table `{}`", self.table.name());
        if self.current.rows() >= self.file_rows {
            let next = begin(self.table, &self.stem, self.full.len() + 2)?;
            let file = std::mem::replace(&mut self.current, next).finish().with_context(context)?;
            self.full.push(file.seal()?);
        }
        self.current.write_batch(batch).with_context(context)
    }

    /// Ends the last file; none has its name yet.
    pub(crate) fn seal(self) -> Result<SealedParts> {
        let last = self.current.finish().with_context(|| format!("writing table `{}`", self.table.name()))?.seal()?;
        let (mut files, stem) = (self.full, self.stem);
        files.push(last);
        Ok(SealedParts { files, single: with_ending(&stem), parts: self.parts, prefix: self.prefix })
    }
}

/// A table's files, whole, without their names.
pub(crate) struct SealedParts {
    files: Vec<SealedFile>,
    single: PathBuf,
    parts: PathBuf,
    prefix: String,
}

impl SealedParts {
    /// Gives the files their names and removes what an earlier run of the same name left beside them.
    pub(crate) fn complete(self) -> Result<()> {
        let n_parts = self.files.len();
        let part = |number: usize| self.parts.join(format!("{}{number:04}.parquet", self.prefix));
        let mut stale = if n_parts == 1 { 1 } else { n_parts + 1 };
        if n_parts == 1 {
            self.files.into_iter().try_for_each(SealedFile::complete)?;
        } else {
            for (number, file) in (1..).zip(self.files) {
                file.complete_as(&part(number))?;
            }
            remove(&self.single)?;
        }
        while remove(&part(stale))? {
            stale += 1;
        }
        Ok(())
    }
}

fn begin(table: Table, stem: &Path, number: usize) -> Result<ParquetWriter<PartialFile>> {
    let path =
        if number == 1 { with_ending(stem) } else { with_ending(Path::new(&format!("{}.{number}", stem.display()))) };
    let context = format!("writing table `{}`", table.name());
    ParquetWriter::new(table, PartialFile::create(path)?).context(context)
}

fn with_ending(stem: &Path) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".parquet");
    PathBuf::from(path)
}

/// Removes a file; false when there is none.
fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("removing `{}`, which an earlier run left", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use twinlake_omop::{AnyRow, Death, TableBuilder};

    use super::*;

    fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
        let mut builder = TableBuilder::new(Table::Death);
        rows.for_each(|person_id| builder.append(&AnyRow::from(Death { person_id, ..Death::default() })));
        builder.finish()
    }

    fn files(folder: &Path, shard: Option<&str>, n_batches: i64) -> Vec<String> {
        let mut parts = TableParts::with_rows(folder, Table::Death, shard, 20).unwrap();
        for number in 0..n_batches {
            parts.write(&batch(number * 10..number * 10 + 10)).unwrap();
        }
        parts.seal().unwrap().complete().unwrap();
        let mut persons = Vec::new();
        let mut names = Vec::new();
        for file in twinlake_task::files_under(&[folder.to_owned()]).unwrap() {
            for rows in twinlake_omop::read::parquet(Table::Death, fs::File::open(&file.path).unwrap()).unwrap() {
                persons.extend(rows.unwrap().iter().map(|row| row.person_id().unwrap()));
            }
            names.push(file.path.strip_prefix(folder).unwrap().display().to_string());
        }
        assert_eq!(persons, (0..n_batches * 10).collect::<Vec<_>>());
        names
    }

    #[test]
    fn many_rows_are_several_files_and_a_later_run_leaves_none_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let parts = ["death/0001.parquet", "death/0002.parquet", "death/0003.parquet"];
        assert_eq!(files(dir.path(), None, 5), parts);
        assert_eq!(files(dir.path(), None, 4), parts[..2]);
        assert_eq!(files(dir.path(), None, 2), ["death.parquet"]);
        assert_eq!(files(dir.path(), None, 3), parts[..2]);
    }

    #[test]
    fn a_shard_has_parts_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(files(dir.path(), Some("2-of-7"), 3), ["death/2-of-7.0001.parquet", "death/2-of-7.0002.parquet"]);
        assert_eq!(files(dir.path(), Some("2-of-7"), 1), ["death/2-of-7.parquet"]);
    }
}
