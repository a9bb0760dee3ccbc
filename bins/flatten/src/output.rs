//! Tables as files, or one of them on stdout.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use twinlake_flatten::{CellText, cell_text, json_lines};
use twinlake_task::PartialFile;

/// How rows are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// A JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// Parquet, compressed with zstd
    Parquet,
    /// Arrow IPC file
    Arrow,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

/// Where a table goes: a file that is there whole or not at all, or stdout.
enum Target {
    File(Box<PartialFile>),
    Stdout(io::Stdout),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        }
    }
}

enum TableWriter {
    Ndjson(Target, String),
    Csv(Box<csv::Writer<Target>>),
    Parquet(Box<ArrowWriter<Target>>),
    Arrow(Box<FileWriter<Target>>),
}

impl TableWriter {
    fn new(format: Format, schema: &SchemaRef, target: Target) -> Result<Self> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson(target, String::new()),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(target);
                writer.write_record(schema.fields().iter().map(|field| field.name()))?;
                Self::Csv(Box::new(writer))
            }
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
                    .set_max_row_group_row_count(Some(65_536))
                    .set_created_by("twinlake".to_owned())
                    .build();
                Self::Parquet(Box::new(ArrowWriter::try_new(target, schema.clone(), Some(properties))?))
            }
            Format::Arrow => Self::Arrow(Box::new(FileWriter::try_new(target, schema)?)),
        })
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        match self {
            Self::Ndjson(target, lines) => {
                lines.clear();
                json_lines(rows, lines);
                target.write_all(lines.as_bytes())?;
            }
            Self::Csv(writer) => {
                for row in 0..rows.num_rows() {
                    for column in rows.columns() {
                        match cell_text(column, row) {
                            CellText::Null => writer.write_field("")?,
                            CellText::Bare(text) | CellText::Text(text) => writer.write_field(text)?,
                        }
                    }
                    writer.write_record(None::<&[u8]>)?;
                }
            }
            Self::Parquet(writer) => writer.write(rows)?,
            Self::Arrow(writer) => writer.write(rows)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Target> {
        Ok(match self {
            Self::Ndjson(target, _) => target,
            Self::Csv(writer) => writer.into_inner().map_err(csv::IntoInnerError::into_error)?,
            Self::Parquet(writer) => writer.into_inner()?,
            Self::Arrow(mut writer) => {
                writer.finish()?;
                writer.into_inner()?
            }
        })
    }
}

/// All tables of a command.
pub(crate) struct Output {
    writers: BTreeMap<String, TableWriter>,
}

impl Output {
    /// Begins every table, so that an empty one is there too. Without a path the only table goes to stdout.
    pub(crate) fn create(path: Option<&Path>, format: Format, tables: &[(String, SchemaRef)]) -> Result<Self> {
        let mut writers = BTreeMap::new();
        for (table, schema) in tables {
            let target = match path {
                None => Target::Stdout(io::stdout()),
                Some(path) => Target::File(Box::new(PartialFile::create(file_of(path, format, table, tables.len()))?)),
            };
            writers.insert(table.clone(), TableWriter::new(format, schema, target)?);
        }
        Ok(Self { writers })
    }

    pub(crate) fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<()> {
        let writer = self.writers.get_mut(table).context("every table was begun")?;
        writer.write(rows).with_context(|| format!("writing table `{table}`"))
    }

    /// Ends all tables, then gives them their names.
    pub(crate) fn finish(self) -> Result<()> {
        let mut targets = Vec::new();
        for (table, writer) in self.writers {
            targets.push(writer.finish().with_context(|| format!("writing table `{table}`"))?);
        }
        for target in targets {
            match target {
                Target::File(file) => file.complete()?,
                Target::Stdout(mut stdout) => stdout.flush().context("writing to stdout")?,
            }
        }
        Ok(())
    }
}

/// A path that ends as the format does is the file of the only table; any other is a folder with a file a table.
fn file_of(path: &Path, format: Format, table: &str, n_tables: usize) -> PathBuf {
    if n_tables == 1 && path.extension().is_some_and(|extension| extension == format.extension()) {
        return path.to_owned();
    }
    path.join(format!("{table}.{}", format.extension()))
}
