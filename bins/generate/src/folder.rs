//! Plain folders of files, each there whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use arrow::record_batch::RecordBatch;
use twinlake_omop::write::CsvWriter;
use twinlake_omop::{Table, read};
use twinlake_task::PartialFile;

use crate::block::Compress;
use crate::manifest::{Manifest, OutputFile};
use crate::parts::{SealedParts, TableParts};
use crate::sink::{FhirPart, FhirSink, OmopSink};

/// NDJSON, a file a type: `<Type>[.<shard>].ndjson[.gz|.zst]`.
#[derive(Debug)]
pub struct NdjsonFolder {
    folder: PathBuf,
    shard: String,
    ending: String,
    /// Files by type, with their numbers of lines.
    files: BTreeMap<String, (PartialFile, u64)>,
}

impl NdjsonFolder {
    /// Begins in a folder, made when needed; `shard` becomes a part of the names.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn new(folder: &Path, shard: Option<&str>, compress: Compress) -> Result<Self> {
        let shard = shard.map(|shard| format!(".{shard}")).unwrap_or_default();
        let ending = format!("{shard}.ndjson{}", compress.suffix());
        Ok(Self { folder: made(folder)?, shard, ending, files: BTreeMap::new() })
    }

    /// Gives the files their names.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn complete(self) -> Result<()> {
        self.files.into_values().try_for_each(|(file, _)| file.complete())
    }

    /// Gives the files their names, then writes `manifest[.<shard>].json`, which lists them.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn complete_with(self, manifest: &Manifest) -> Result<()> {
        let path = self.folder.join(format!("manifest{}.json", self.shard));
        let files = self.files.iter().map(|(resource_type, (_, n_resources))| OutputFile {
            resource_type,
            name: format!("{resource_type}{}", self.ending),
            n_resources: *n_resources,
        });
        let text = format!("{:#}\n", manifest.of(files));
        self.complete()?;
        PartialFile::write_all_to(path, text.as_bytes())
    }
}

impl FhirSink for NdjsonFolder {
    fn write(&mut self, part: &FhirPart) -> Result<()> {
        if !self.files.contains_key(&part.name) {
            let path = self.folder.join(format!("{}{}", part.name, self.ending));
            self.files.insert(part.name.clone(), (PartialFile::create(path)?, 0));
        }
        let (file, n_lines) = self.files.get_mut(&part.name).context("it was just made")?;
        *n_lines += part.n_resources;
        let path = file.path().to_owned();
        file.write_all(&part.bytes).with_context(|| format!("writing `{}`", path.display()))
    }
}

/// Bundles, a file a patient: `<patient's id>.json[.gz|.zst]`, and `reference.json` for what they share.
#[derive(Debug)]
pub struct BundleFolder {
    folder: PathBuf,
    compress: Compress,
}

impl BundleFolder {
    /// Begins in a folder, made when needed.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn new(folder: &Path, compress: Compress) -> Result<Self> {
        Ok(Self { folder: made(folder)?, compress })
    }

    /// Ends the work; every Bundle has its name already.
    ///
    /// # Errors
    ///
    /// None.
    pub fn complete(self) -> Result<()> {
        Ok(())
    }
}

impl FhirSink for BundleFolder {
    fn write(&mut self, part: &FhirPart) -> Result<()> {
        let path = self.folder.join(format!("{}.json{}", part.name, self.compress.suffix()));
        PartialFile::write_all_to(path, &part.bytes)
    }
}

/// Parquet: `<table>.parquet`, or `<table>/<shard>.parquet`; of more than a million rows, `<table>/[<shard>.]0001.parquet` and so on.
pub struct ParquetFolder {
    tables: BTreeMap<Table, TableParts>,
}

impl ParquetFolder {
    /// Begins in a folder, made when needed, with a file for each table of patients and, with `all`, each other table.
    ///
    /// # Errors
    ///
    /// When folder or files cannot be made.
    pub fn new(folder: &Path, shard: Option<&str>, all: bool) -> Result<Self> {
        let folder = made(folder)?;
        let begin = |table| Ok((table, TableParts::new(&folder, table, shard)?));
        Ok(Self { tables: tables(all).map(begin).collect::<Result<_>>()? })
    }

    /// Gives the files their names.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn complete(self) -> Result<()> {
        let tables: Vec<_> = self.tables.into_values().map(TableParts::seal).collect::<Result<_>>()?;
        tables.into_iter().try_for_each(SealedParts::complete)
    }
}

impl OmopSink for ParquetFolder {
    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        self.tables.get_mut(&table).with_context(|| format!("table `{}` has no file", table.name()))?.write(batch)
    }
}

/// CSV: `<table>.csv`, or `<table>/<shard>.csv`.
pub struct CsvFolder {
    files: BTreeMap<Table, CsvWriter<PartialFile>>,
}

impl CsvFolder {
    /// Begins in a folder, made when needed, with a file for each table of patients and, with `all`, each other table.
    ///
    /// # Errors
    ///
    /// When folder or files cannot be made.
    pub fn new(folder: &Path, shard: Option<&str>, all: bool) -> Result<Self> {
        let mut files = BTreeMap::new();
        for table in tables(all) {
            let file = csv_file(&made(folder)?, table, shard)?;
            files.insert(table, CsvWriter::new(table, file)?);
        }
        Ok(Self { files })
    }

    /// Gives the files their names.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn complete(self) -> Result<()> {
        let files: Vec<_> = self.files.into_values().map(CsvWriter::finish).collect::<Result<_, _>>()?;
        files.into_iter().try_for_each(PartialFile::complete)
    }
}

impl OmopSink for CsvFolder {
    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        let file = self.files.get_mut(&table).with_context(|| format!("table `{}` has no file", table.name()))?;
        for row in read::rows(table, batch)? {
            file.write_dyn(&row).with_context(|| format!("writing table `{}`", table.name()))?;
        }
        Ok(())
    }
}

/// The tables of patients, and with `all` every other table of the CDM, empty or not.
fn tables(all: bool) -> impl Iterator<Item = Table> {
    Table::ALL.into_iter().filter(move |&table| all || is_of_patients(table))
}

/// Whether a table may have rows of patients, and so has a file in every shard.
pub(crate) fn is_of_patients(table: Table) -> bool {
    table.spec().person_column.is_some()
        || matches!(table, Table::Cost | Table::EpisodeEvent | Table::FactRelationship | Table::NoteNlp)
}

fn csv_file(folder: &Path, table: Table, shard: Option<&str>) -> Result<PartialFile> {
    PartialFile::create(match shard {
        Some(shard) => folder.join(table.name()).join(format!("{shard}.csv")),
        None => folder.join(format!("{}.csv", table.name())),
    })
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("making folder `{}`", folder.display()))?;
    Ok(folder.to_owned())
}
