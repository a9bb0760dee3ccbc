//! Tables as files, or one of them on stdout.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use twinlake_flatten::{CellText, cell_text, json_lines};
use twinlake_task::PartialFile;

use crate::parquet_file::ParquetFile;
use crate::permits::Permits;

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
pub(crate) enum Target {
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

/// Rows of a Parquet row group, but for what the last batch has more.
const GROUP_ROWS: usize = 65_536;
/// Bytes of batches that wait for their row group to be full, over all tables.
const PENDING_BYTES: usize = 32 << 20;

/// Where the encoded rows of a table go.
enum TableFile {
    /// Lines of text.
    Text(Target),
    Parquet(Box<ParquetFile>),
    Arrow(Box<FileWriter<Target>>),
}

/// A table that is being written.
struct Table {
    file: TableFile,
    /// Batches of a row group that is not full yet.
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
}

/// Batches to encode, and how.
struct Job {
    batches: Arc<Vec<RecordBatch>>,
    encoding: Encoding,
    done: SyncSender<Result<Encoded>>,
}

enum Encoding {
    Ndjson,
    Csv,
    /// One column of a row group.
    Parquet(usize, Box<ArrowColumnWriter>),
}

enum Encoded {
    Text(Vec<u8>),
    Column(ArrowColumnChunk),
}

impl Job {
    fn encode(batches: &[RecordBatch], encoding: Encoding) -> Result<Encoded> {
        Ok(match encoding {
            Encoding::Ndjson => {
                let mut lines = String::new();
                for rows in batches {
                    json_lines(rows, &mut lines);
                }
                Encoded::Text(lines.into_bytes())
            }
            Encoding::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                for rows in batches {
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
                Encoded::Text(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
            Encoding::Parquet(column, mut writer) => {
                for rows in batches {
                    // A list of primitives has one leaf, as a primitive has.
                    for leaf in compute_leaves(rows.schema_ref().field(column), rows.column(column))? {
                        writer.write(&leaf)?;
                    }
                }
                Encoded::Column(writer.close()?)
            }
        })
    }
}

impl Table {
    fn new(format: Format, schema: &SchemaRef, mut target: Target) -> Result<Self> {
        let file = match format {
            Format::Ndjson => TableFile::Text(target),
            Format::Csv => {
                let mut header = csv::Writer::from_writer(Vec::new());
                header.write_record(schema.fields().iter().map(|field| field.name()))?;
                target.write_all(&header.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
                TableFile::Text(target)
            }
            Format::Parquet => TableFile::Parquet(Box::new(ParquetFile::new(target, schema.clone()))),
            Format::Arrow => TableFile::Arrow(Box::new(FileWriter::try_new(target, schema)?)),
        };
        Ok(Self { file, pending: Vec::new(), pending_rows: 0, pending_bytes: 0 })
    }

    /// What is pending, as work to do: the text of all rows, or each column of a row group.
    fn take_pending(&mut self, format: Format) -> Result<Vec<(Job, Receiver<Result<Encoded>>)>> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let encodings = match (&mut self.file, format) {
            (TableFile::Parquet(file), _) => {
                let writers = file.column_writers(&self.pending)?.into_iter().map(Box::new);
                (0..).zip(writers).map(|(column, writer)| Encoding::Parquet(column, writer)).collect()
            }
            (_, Format::Csv) => vec![Encoding::Csv],
            _ => vec![Encoding::Ndjson],
        };
        (self.pending_rows, self.pending_bytes) = (0, 0);
        let batches = Arc::new(std::mem::take(&mut self.pending));
        let job = |encoding| {
            let (done, result) = sync_channel(1);
            (Job { batches: batches.clone(), encoding, done }, result)
        };
        Ok(encodings.into_iter().map(job).collect())
    }

    fn append(&mut self, encoded: Vec<Encoded>) -> Result<()> {
        match &mut self.file {
            TableFile::Parquet(file) => {
                let mut group = file.next_row_group()?;
                for encoded in encoded {
                    if let Encoded::Column(column) = encoded {
                        column.append_to_row_group(&mut group)?;
                    }
                }
                group.close()?;
            }
            TableFile::Text(target) => {
                for encoded in encoded {
                    if let Encoded::Text(text) = encoded {
                        target.write_all(&text)?;
                    }
                }
            }
            TableFile::Arrow(_) => unreachable!("batches are written as they come"),
        }
        Ok(())
    }

    fn finish(self) -> Result<Target> {
        Ok(match self.file {
            TableFile::Text(target) => target,
            TableFile::Parquet(file) => file.finish()?,
            TableFile::Arrow(mut writer) => {
                writer.finish()?;
                writer.into_inner()?
            }
        })
    }
}

/// All tables of a command. Rows are encoded by other threads and written in their order by this one.
pub(crate) struct Output {
    format: Format,
    tables: BTreeMap<String, Table>,
    pending_bytes: usize,
    jobs: Option<Sender<Job>>,
    /// What is being encoded, in the order of its rows, and the parts of it in theirs.
    encoding: VecDeque<(String, Vec<Receiver<Result<Encoded>>>)>,
    /// How many row groups, or pieces of text, may be on their way.
    n_encoding: usize,
    threads: Vec<JoinHandle<()>>,
}

impl Output {
    /// Begins every table, so that an empty one is there too. Without a path the only table goes to stdout.
    pub(crate) fn create(
        path: Option<&Path>,
        format: Format,
        tables: &[(String, SchemaRef)],
        n_threads: usize,
        permits: &Arc<Permits>,
    ) -> Result<Self> {
        let mut writers = BTreeMap::new();
        for (table, schema) in tables {
            let target = match path {
                None => Target::Stdout(io::stdout()),
                Some(path) => Target::File(Box::new(PartialFile::create(file_of(path, format, table, tables.len()))?)),
            };
            writers.insert(table.clone(), Table::new(format, schema, target)?);
        }
        let (jobs, work) = channel::<Job>();
        let work = Arc::new(Mutex::new(work));
        let mut threads = Vec::new();
        for _ in 0..n_threads {
            let (work, permits) = (work.clone(), permits.clone());
            threads.push(std::thread::spawn(move || {
                while let Some(Job { batches, encoding, done }) = next(&work) {
                    let encoded = permits.run(|| Job::encode(&batches, encoding));
                    // Before it is told, so that the memory is free when the next rows come.
                    drop(batches);
                    // Whoever waits for it may have given up.
                    let _ = done.send(encoded);
                }
            }));
        }
        let (jobs, encoding) = (Some(jobs), VecDeque::new());
        // The columns of a row group keep all threads busy; a second one is there when the first ends.
        let n_encoding = if format == Format::Parquet { 2 } else { n_threads };
        Ok(Self { format, tables: writers, pending_bytes: 0, jobs, encoding, n_encoding, threads })
    }

    pub(crate) fn write(&mut self, table: &str, rows: RecordBatch) -> Result<()> {
        let writer = self.tables.get_mut(table).context("every table was begun")?;
        if let TableFile::Arrow(file) = &mut writer.file {
            return file.write(&rows).with_context(|| format!("writing table `{table}`"));
        }
        let n_bytes = rows.get_array_memory_size();
        writer.pending_rows += rows.num_rows();
        writer.pending_bytes += n_bytes;
        self.pending_bytes += n_bytes;
        writer.pending.push(rows);
        if self.format != Format::Parquet || writer.pending_rows >= GROUP_ROWS {
            self.encode(table)?;
        }
        // Of many tables none may be full for long: the largest goes first.
        while self.pending_bytes >= PENDING_BYTES {
            let largest = self.tables.iter().max_by_key(|(_, table)| table.pending_bytes).map(|(name, _)| name.clone());
            self.encode(&largest.context("a table has what is pending")?)?;
        }
        Ok(())
    }

    /// Gives what a table has pending to be encoded; waits for the oldest when enough is on its way.
    fn encode(&mut self, table: &str) -> Result<()> {
        let writer = self.tables.get_mut(table).context("every table was begun")?;
        self.pending_bytes -= writer.pending_bytes;
        let work = writer.take_pending(self.format)?;
        if work.is_empty() {
            return Ok(());
        }
        while self.encoding.len() >= self.n_encoding {
            self.append_oldest()?;
        }
        let jobs = self.jobs.as_ref().context("the tables are not finished")?;
        let mut results = Vec::new();
        for (job, result) in work {
            jobs.send(job).map_err(|_| anyhow!("the threads that encode have ended"))?;
            results.push(result);
        }
        self.encoding.push_back((table.to_owned(), results));
        Ok(())
    }

    fn append_oldest(&mut self) -> Result<()> {
        let Some((table, results)) = self.encoding.pop_front() else { return Ok(()) };
        let writer = self.tables.get_mut(&table).context("every table was begun")?;
        let encoded: Result<Vec<_>> =
            results.iter().map(|result| result.recv().context("a thread that encodes has ended")?).collect();
        encoded.and_then(|encoded| writer.append(encoded)).with_context(|| format!("writing table `{table}`"))
    }

    /// Ends all tables, then gives them their names.
    pub(crate) fn finish(mut self) -> Result<()> {
        let names: Vec<String> = self.tables.keys().cloned().collect();
        for table in names {
            self.encode(&table)?;
        }
        while !self.encoding.is_empty() {
            self.append_oldest()?;
        }
        self.jobs = None;
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| anyhow!("a thread that encodes has panicked"))?;
        }
        let mut targets = Vec::new();
        for (table, writer) in self.tables {
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

fn next(work: &Mutex<Receiver<Job>>) -> Option<Job> {
    work.lock().ok()?.recv().ok()
}

/// A path that ends as the format does is the file of the only table; any other is a folder with a file a table.
fn file_of(path: &Path, format: Format, table: &str, n_tables: usize) -> PathBuf {
    if n_tables == 1 && path.extension().is_some_and(|extension| extension == format.extension()) {
        return path.to_owned();
    }
    path.join(format!("{table}.{}", format.extension()))
}
