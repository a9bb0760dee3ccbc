//! The ingest step: any FHIR R4 files become NDJSON by resource type, with references resolved.
//!
//! [`run`] is the verb. [`ingest`] is the work: the input is read twice, first to learn which resource stands behind
//! which url and identifier and which version of a resource is the latest, then to write. Memory holds one record and
//! both indexes, which keep hashes and ids; never a file or a Bundle.

mod lines;
mod output;
mod record;
mod seen;
mod source;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use twinlake_fhir::Header;
use twinlake_fhir::bundle::{self, References};
use twinlake_fhir::ndjson::Compression;
use twinlake_task::{Exit, InputFile, Progress, files_under};

pub use lines::{Lines, as_ndjson};
use output::{Output, Rejection};
use record::Record;
use seen::{Seen, Verdict};
use source::{Content, Piece};

/// Turns FHIR R4 Bundles and NDJSON into NDJSON by resource type, references resolved and duplicates left out
#[derive(Clone, Debug, Parser)]
#[command(name = "twinlake-ingest", version)]
#[group(skip)]
pub struct Args {
    /// Files or folders: Bundles (.json), NDJSON (.ndjson, .jsonl), plain, .gz or .zst
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Folder for the NDJSON files
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,

    /// Folder for records that cannot be read, with the reason [default: `rejected` beside the output]
    #[arg(long, value_name = "DIR")]
    pub rejected: Option<PathBuf>,

    /// How the files are compressed
    #[arg(long, value_enum, default_value_t = Compress::None)]
    pub compress: Compress,

    /// Part of the file names between type and ending, e.g. the shard
    #[arg(long, value_name = "NAME")]
    pub shard: Option<String>,

    /// Run id and logging.
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// How files are compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Compress {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl From<Compress> for Compression {
    fn from(compress: Compress) -> Self {
        match compress {
            Compress::None => Compression::None,
            Compress::Gzip => Compression::Gzip,
            Compress::Zstd => Compression::Zstd,
        }
    }
}

/// Where [`ingest`] writes, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder for `<Type>[.<shard>].ndjson[.gz|.zst]`.
    pub output: PathBuf,
    /// Folder for `rejected[.<shard>].ndjson[.gz|.zst]`, which is made only when a record is rejected.
    pub rejected: PathBuf,
    /// How the files are compressed.
    pub compression: Compression,
    /// Part of the file names between type and ending.
    pub shard: Option<String>,
}

/// What was read and what became of it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Files with resources in them, or with records that were rejected.
    pub files: u64,
    /// Files that hold no resources: manifests, logs, anything that is not JSON by its name.
    pub ignored_files: u64,
    /// Resources written, by type.
    pub resources: BTreeMap<String, u64>,
    /// Records that could not be read; each is in the folder of the rejected.
    pub rejected: u64,
    /// Resources left out because the same one, with the same content, is written.
    pub duplicates: u64,
    /// Resources left out because another content of the same one is written: the highest `meta.versionId`, else the
    /// first.
    pub superseded: u64,
    /// Resources without an id or url, which were given an id made from their content.
    pub ids_made: u64,
    /// References left as they were because nothing in the input stands behind them; `Type/id` is taken at its word.
    pub unresolved_references: u64,
    /// Entries of Bundles that hold no resource, e.g. responses.
    pub empty_entries: u64,
    /// What became of the records of each resource type; of those whose type cannot be read, under `unknown`.
    pub records: BTreeMap<String, Records>,
}

/// What became of the records of one resource type: written, or one of the other three.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Records {
    /// All that were met.
    pub read: u64,
    /// Left out because the same one, with the same content, is written.
    pub duplicates: u64,
    /// Left out because another content of the same one is written.
    pub superseded: u64,
    /// Put aside because they could not be read.
    pub rejected: u64,
}

impl Summary {
    /// How many resources were written.
    pub fn n_resources(&self) -> u64 {
        self.resources.values().sum()
    }

    fn report(&self) -> String {
        let mut report = String::new();
        for (name, count) in &self.resources {
            // Writing to a String does not fail.
            let _ = writeln!(report, "{count:>12}  {name}");
        }
        let rest = [
            (self.files, "files read"),
            (self.ignored_files, "files without resources"),
            (self.rejected, "records rejected"),
            (self.duplicates, "duplicates left out"),
            (self.superseded, "other versions left out"),
            (self.ids_made, "ids made"),
            (self.unresolved_references, "references unresolved"),
            (self.empty_entries, "entries without a resource"),
        ];
        for (count, name) in rest.iter().filter(|(count, name)| *count > 0 || *name == "files read") {
            let _ = writeln!(report, "{count:>12}  ({name})");
        }
        report
    }
}

/// Runs the verb and prints what it did.
///
/// # Errors
///
/// As [`ingest`].
pub fn run(args: &Args) -> Result<Exit> {
    let beside = || args.output.parent().unwrap_or_else(|| Path::new("")).join("rejected");
    let config = Config {
        output: args.output.clone(),
        rejected: args.rejected.clone().unwrap_or_else(beside),
        compression: args.compress.into(),
        shard: args.shard.clone(),
    };
    let mut progress = Progress::start("ingest");
    let summary = ingest(&config, &files_under(&args.paths)?, &mut progress)?;
    progress.done(&format!("{} resources from {} files", summary.n_resources(), summary.files));
    tracing::info!(
        run_id = %args.task.run_id(),
        n_resources = summary.n_resources(),
        n_rejected = summary.rejected,
        n_duplicates = summary.duplicates,
        n_unresolved = summary.unresolved_references,
        "ingested"
    );
    if summary.rejected > 0 {
        tracing::warn!(n_rejected = summary.rejected, folder = %config.rejected.display(), "records rejected");
    }
    std::io::stdout().lock().write_all(summary.report().as_bytes()).context("writing to stdout")?;
    Ok(Exit::Done)
}

/// Reads the files and writes their resources by type. Files of the output are there whole or not at all.
///
/// # Errors
///
/// A file that cannot be opened or written, by name, and input without a single resource. Records that cannot be read
/// are no errors: they are put aside and counted.
pub fn ingest(config: &Config, inputs: &[InputFile], progress: &mut Progress) -> Result<Summary> {
    let inputs: Vec<&InputFile> = inputs.iter().filter(|input| !is_output(config, &input.path)).collect();
    let mut job = Job::default();
    for input in &inputs {
        progress.say(|| format!("reading {}", input.path.display()));
        job.learn(&input.path)?;
    }
    job.n_bundles = 0;
    let mut output = Output::new(config);
    for input in &inputs {
        progress.say(|| format!("{} resources written", job.summary.n_resources()));
        job.write(&input.path, &mut output)?;
    }
    output.complete()?;
    if job.summary.n_resources() == 0 {
        let first = job.first_trouble.map(|trouble| format!("; first: {trouble}")).unwrap_or_default();
        bail!("no FHIR resources in {} files; {} records were rejected{first}", inputs.len(), job.summary.rejected);
    }
    Ok(job.summary)
}

/// The resource type of a record, as far as it can be read; `unknown` otherwise.
pub fn type_of(record: &[u8]) -> String {
    // The first kilobyte has the type of nearly all records; a broken one is not worth a second look.
    let start = String::from_utf8_lossy(&record[..record.len().min(1 << 10)]);
    let leading = twinlake_fhir::leading_type(&start).map(str::to_owned);
    let wherever = || Some(Header::scan(std::str::from_utf8(record).ok()?)?.resource_type?.as_str().to_owned());
    leading.or_else(wherever).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Whether a file lies in a folder that this run writes to.
fn is_output(config: &Config, path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    [&config.output, &config.rejected]
        .into_iter()
        .filter_map(|folder| folder.canonicalize().ok())
        .any(|folder| path.starts_with(folder))
}

/// Rejected records that are told at once; all of them are in the folder of the rejected.
const REJECTIONS_SHOWN: u64 = 10;

/// What is known after the first reading, and what was done in the second.
#[derive(Default)]
struct Job {
    references: References,
    seen: Seen,
    /// Bundles and files so far; both readings count alike.
    n_bundles: u64,
    summary: Summary,
    /// What is wrong with the first file or record that gave nothing.
    first_trouble: Option<String>,
}

impl Job {
    /// The first reading of a file.
    fn learn(&mut self, path: &Path) -> Result<()> {
        let mut bundles = self.n_bundles;
        source::read(path, &mut bundles, &mut |piece| {
            // What is rejected is told in the second reading.
            if let Content::Resource(text) = piece.content
                && let Ok(record) = Record::read(text, piece.id_from_url)
            {
                self.references.learn(piece.bundle, piece.full_url, &record.header, &record.id);
                self.seen.learn(record.resource_type(), &record.id, record.version());
            }
            Ok(())
        })?;
        self.n_bundles = bundles;
        Ok(())
    }

    /// The second reading of a file.
    fn write(&mut self, path: &Path, output: &mut Output) -> Result<()> {
        let mut bundles = self.n_bundles;
        let found = source::read(path, &mut bundles, &mut |piece| self.write_piece(path, &piece, output))?;
        self.n_bundles = bundles;
        if found.is_fhir {
            self.summary.files += 1;
        } else {
            self.summary.ignored_files += 1;
            tracing::info!(file = %path.display(), "no resources");
            self.first_trouble
                .get_or_insert_with(|| format!("`{}` has no object with a `resourceType`", path.display()));
        }
        self.summary.empty_entries += found.n_empty_entries;
        Ok(())
    }

    fn write_piece(&mut self, path: &Path, piece: &Piece<'_>, output: &mut Output) -> Result<()> {
        let start = match &piece.content {
            Content::Resource(text) => text.as_bytes(),
            Content::Broken { bytes, .. } => bytes,
        };
        let records = self.summary.records.entry(type_of(start)).or_default();
        records.read += 1;
        let mut reject = |reason: &str, line, text: &[u8]| {
            self.summary.rejected += 1;
            records.rejected += 1;
            let trouble = || format!("`{}`, line {line}: {reason}", path.display());
            if self.summary.rejected <= REJECTIONS_SHOWN {
                tracing::warn!("rejected: {}", trouble());
            }
            self.first_trouble.get_or_insert_with(trouble);
            output.reject(&Rejection { file: path, line, reason, text: String::from_utf8_lossy(text) })
        };
        let text = match &piece.content {
            Content::Resource(text) => *text,
            Content::Broken { reason, bytes } => return reject(reason, piece.line, bytes),
        };
        let record = match Record::read(text, piece.id_from_url) {
            Ok(record) => record,
            Err(error) => return reject(&error.to_string(), error.line_from(piece.line), text.as_bytes()),
        };
        let resolved = match bundle::resolve(text, Some(&record.id), piece.bundle, &self.references) {
            Ok(resolved) => resolved,
            Err(error) => return reject(&error.to_string(), error.line_from(piece.line), text.as_bytes()),
        };
        let resource_type = record.resource_type();
        match self.seen.judge(resource_type, &record.id, record.version(), &resolved.text) {
            Verdict::New => {
                output.write(resource_type, &resolved.text)?;
                *self.summary.resources.entry(resource_type.to_owned()).or_default() += 1;
                self.summary.unresolved_references += resolved.n_unresolved;
                self.summary.ids_made += u64::from(record.is_id_made);
            }
            Verdict::Duplicate => {
                self.summary.duplicates += 1;
                records.duplicates += 1;
            }
            Verdict::Superseded => {
                self.summary.superseded += 1;
                records.superseded += 1;
            }
        }
        Ok(())
    }
}
