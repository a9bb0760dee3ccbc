//! OMOP tables as files of a folder, a file a table.

use std::path::Path;

use anyhow::{Context as _, Result};
use twinlake_omop::write::{CsvWriter, ParquetWriter};
use twinlake_omop::{AnyRow, Table};
use twinlake_task::PartialFile;

/// How tables are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum OmopFormat {
    /// Parquet, compressed with zstd
    Parquet,
    /// CSV with a header
    Csv,
}

/// All 39 tables of the CDM, empty or not: readers of a CDM expect each to be there.
pub struct OmopFolder {
    /// In the order of [`Table::ALL`].
    writers: Vec<(Table, Writer)>,
}

enum Writer {
    Parquet(Box<ParquetWriter<PartialFile>>),
    Csv(Box<CsvWriter<PartialFile>>),
}

impl OmopFolder {
    /// Begins a file for each table in a folder, which is made when needed.
    ///
    /// # Errors
    ///
    /// A file that cannot be made, by name.
    pub fn new(folder: &Path, format: OmopFormat) -> Result<Self> {
        let mut writers = Vec::new();
        for table in Table::ALL {
            writers.push((
                table,
                match format {
                    OmopFormat::Parquet => {
                        let file = PartialFile::create(folder.join(format!("{}.parquet", table.name())))?;
                        Writer::Parquet(Box::new(ParquetWriter::new(table, file)?))
                    }
                    OmopFormat::Csv => {
                        let file = PartialFile::create(folder.join(format!("{}.csv", table.name())))?;
                        Writer::Csv(Box::new(CsvWriter::new(table, file)?))
                    }
                },
            ));
        }
        Ok(Self { writers })
    }

    /// Adds a row to its table.
    ///
    /// # Errors
    ///
    /// A write that fails, naming the table.
    pub fn write(&mut self, row: &AnyRow) -> Result<()> {
        let table = row.table();
        let writer = self.writers.iter_mut().find(|(its, _)| *its == table).map(|(_, writer)| writer);
        match writer.context("every table was begun")? {
            Writer::Parquet(writer) => writer.write(row).map_err(anyhow::Error::from),
            Writer::Csv(writer) => writer.write(row).map_err(anyhow::Error::from),
        }
        .with_context(|| format!("writing table `{}`", table.name()))
    }

    /// Ends all tables, then gives the files their names.
    ///
    /// # Errors
    ///
    /// A write or rename that fails, naming the file.
    pub fn complete(self) -> Result<()> {
        let mut files = Vec::new();
        for (table, writer) in self.writers {
            let context = || format!("writing table `{}`", table.name());
            files.push(match writer {
                Writer::Parquet(writer) => writer.finish().with_context(context)?,
                Writer::Csv(writer) => writer.finish().with_context(context)?,
            });
        }
        files.into_iter().try_for_each(PartialFile::complete)
    }
}
