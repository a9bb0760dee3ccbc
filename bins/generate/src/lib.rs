//! The generate step: the same patients as FHIR and as OMOP, from a seed.
//!
//! [`run`] is the verb, with its files. [`produce`] is the work without files: blocks of patients are drawn and rendered
//! on several threads and handed, in order, to a [`FhirSink`] and an [`OmopSink`].

mod block;
mod bundle;
mod defects;
mod folder;
mod kit;
mod manifest;
mod parts;
mod produce;
mod sink;
mod truth;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use clap::{Parser, ValueEnum};
use twinlake_defects::Plan;
use twinlake_pack::Pack;
use twinlake_synth::chart::Rates;
use twinlake_synth::cohort::Shard;
use twinlake_synth::render::Context;
use twinlake_synth::simulate::Model;
use twinlake_task::{Exit, Progress, UsageError};
use twinlake_vocab::Vocab;

use defects::AnswersFile;
use truth::TruthFile;

pub use block::Compress;
pub use folder::{BundleFolder, CsvFolder, NdjsonFolder, ParquetFolder};
pub use manifest::Manifest;
pub use produce::{Options, Totals, produce};
pub use sink::{BatchSink, FhirFormat, FhirPart, FhirSink, OmopSink, Sinks};

/// Writes synthetic patients as FHIR R4 and as OMOP CDM v5.4; the same seed gives the same patients.
#[derive(Clone, Debug, Parser)]
#[command(name = "twinlake-generate", version)]
#[group(skip)]
pub struct Args {
    /// Number of patients of the cohort
    #[arg(long, visible_alias = "count", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=MAX_PATIENT), value_name = "N")]
    pub patients: u64,

    /// Number of the cohort's first patient
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MAX_PATIENT), value_name = "K")]
    pub first: u64,

    /// Write one part of the cohort, e.g. `2/7`; all parts together are the cohort
    #[arg(long, default_value_t = Shard::WHOLE, value_name = "I/N")]
    pub shard: Shard,

    /// Threads that make patients [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Seed of the cohort
    #[arg(long, default_value_t = 42)]
    pub seed: u64,

    /// The day that the charts end [default: the model pack's reference date]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<NaiveDate>,

    /// Write a delta: only what is new or has changed after this day, which must be before `--as-of`
    #[arg(long, conflicts_with = "truth", value_name = "DATE")]
    pub since: Option<NaiveDate>,

    /// Folder of a model pack [default: the one compiled in]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// Charts with faults: `messy`, or a TOML file of shares (`missing`, `late`, `duplicate`, `local_code`, `unit_spelling`)
    #[arg(long, value_name = "MESSY|FILE")]
    pub chart: Option<String>,

    /// Put faults into the charts of a share of patients, one each: `rate=0.01,kinds=all,seed=7`
    #[arg(long, conflicts_with = "since", value_name = "PLAN")]
    pub defects: Option<String>,

    /// File for the key to the defects [default: `defects.parquet` beside the folder for OMOP, or that for FHIR]
    #[arg(long, requires = "defects", value_name = "FILE")]
    pub answers: Option<PathBuf>,

    /// List the kinds of defects, and write nothing
    #[arg(long)]
    pub list_defects: bool,

    /// Folder for FHIR
    #[arg(long, value_name = "DIR", required_unless_present_any = ["omop_dir", "truth", "list_defects"])]
    pub fhir_dir: Option<PathBuf>,

    /// Folder for OMOP
    #[arg(long, value_name = "DIR")]
    pub omop_dir: Option<PathBuf>,

    /// Folder for the truth behind the charts: each event, its cause, the latent state, and where FHIR and OMOP have it
    #[arg(long, value_name = "DIR")]
    pub truth: Option<PathBuf>,

    /// How FHIR is laid out
    #[arg(long, visible_alias = "format", value_enum, default_value_t = Format::Ndjson, value_name = "FORMAT")]
    pub fhir_format: Format,

    /// Where the NDJSON will be served, for the urls in its `manifest.json` [default: the files' names alone]
    #[arg(long, value_name = "URL")]
    pub files_url: Option<String>,

    /// How FHIR is compressed
    #[arg(long, value_enum, default_value_t = Compress::None)]
    pub compress: Compress,

    /// How OMOP is written
    #[arg(long, value_enum, default_value_t = OmopFormat::Parquet)]
    pub omop_format: OmopFormat,

    /// Run id and logging.
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// Patients are numbered below 2^33.
const MAX_PATIENT: u64 = (1 << 33) - 1;

/// How FHIR is laid out in its folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// One resource a line, one file a type, with the `manifest.json` of a bulk export.
    Ndjson,
    /// One collection Bundle a patient, and one for what they share.
    Bundle,
    /// One transaction Bundle a patient, and one for what they share, to be loaded first.
    BundleTransaction,
}

/// How OMOP is written in its folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum OmopFormat {
    /// Parquet.
    Parquet,
    /// CSV with a header, and SQL that loads it into `DuckDB` or `PostgreSQL` with keys on.
    Csv,
}

/// Writes a cohort, or a shard of one, to folders. Files take their names when all of them are complete.
///
/// # Errors
///
/// A usage error (exit code 2) for arguments that cannot be, else what could not be read or written, by name.
pub fn run(args: &Args) -> Result<Exit> {
    if args.list_defects {
        std::io::stdout().write_all(defects::list().as_bytes()).context("writing to stdout")?;
        return Ok(Exit::Done);
    }
    let last = args.first.checked_add(args.patients - 1).filter(|&last| last <= MAX_PATIENT);
    let Some(last) = last else {
        return Err(UsageError::new(format!("the cohort's last patient is beyond `{MAX_PATIENT}`")));
    };
    let pack = load_pack(args.model.as_deref())?;
    let as_of = check_as_of(&pack, args.as_of)?;
    if let Some(since) = args.since.filter(|&since| since >= as_of) {
        return Err(UsageError::new(format!("`--since {since}` is not before `{as_of}`, the day that the charts end")));
    }
    let context = Context::new(&pack, Vocab::embedded(), args.seed, as_of);
    let patients = args.shard.patients(args.first, args.patients);
    let options = Options {
        patients,
        threads: args.threads.unwrap_or_else(default_threads),
        format: match args.fhir_format {
            Format::Ndjson => FhirFormat::Ndjson,
            Format::Bundle => FhirFormat::Collection,
            Format::BundleTransaction => FhirFormat::Transaction,
        },
        compress: args.compress,
        chart: args.chart.as_deref().map_or(Ok(Rates::NONE), chart_rates)?,
        defects: args.defects.as_deref().map(plan_of).transpose()?,
        since: args.since,
    };
    // A whole cohort is one file a table; a shard's files are named after it, so that all shards share a folder.
    let shard = (args.shard.of() > 1).then(|| format!("{}-of-{}", args.shard.index(), args.shard.of()));
    let shard = shard.as_deref();
    let with_reference = options.writes_reference();

    let mut fhir = args.fhir_dir.as_deref().map(|dir| FhirFolder::new(dir, args, shard)).transpose()?;
    let mut omop = args.omop_dir.as_deref().map(|dir| OmopFolder::new(dir, args, shard, with_reference)).transpose()?;
    let truth = args.truth.as_deref().map(|dir| TruthFile::new(dir, shard, &Model::new(&pack)));
    let mut truth = truth.transpose()?;
    let mut answers = args.defects.is_some().then(|| AnswersFile::new(&answers_path(args, shard))).transpose()?;
    let mut write_answers = |batch: &RecordBatch| answers.as_mut().map_or(Ok(()), |file| file.write(batch));
    let mut write_truth = |batch: &RecordBatch| truth.as_mut().map_or(Ok(()), |file| file.write(batch));
    let mut progress = Progress::start("generate");
    tracing::info!(run_id = %args.task.run_id(), seed = args.seed, first = args.first, last, shard = %args.shard, %as_of, since = args.since.map(tracing::field::display), "generating");
    let totals = produce(
        &context,
        &options,
        Sinks {
            fhir: fhir.as_mut().map(FhirFolder::as_sink),
            omop: omop.as_mut().map(OmopFolder::as_sink),
            truth: args.truth.is_some().then_some(&mut write_truth),
            answers: args.defects.is_some().then_some(&mut write_answers),
        },
        &mut |totals| progress.say(|| format!("{} patients", totals.patients)),
    )?;
    if let Some(fhir) = fhir {
        let files_url = args.files_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        fhir.complete(&Manifest { as_of, files_url })?;
    }
    if let Some(omop) = omop {
        omop.complete()?;
    }
    if let Some(dir) = args.omop_dir.as_deref().filter(|_| with_reference && args.omop_format == OmopFormat::Csv) {
        kit::write(dir, args.shard)?;
    }
    if let Some(truth) = truth {
        truth.complete()?;
    }
    if let Some(answers) = answers {
        answers.complete()?;
    }
    progress.done(&totals.to_string());
    Ok(Exit::Done)
}

/// The plan of `--defects`.
fn plan_of(plan: &str) -> Result<Plan> {
    plan.parse().map_err(|error| UsageError::new(format!("`--defects {plan}`: {error}")))
}

/// Where the key to the defects goes: not among the tables, where it would be taken for one.
fn answers_path(args: &Args, shard: Option<&str>) -> PathBuf {
    let name = shard.map_or_else(|| "defects.parquet".to_owned(), |shard| format!("defects.{shard}.parquet"));
    let folder = [&args.omop_dir, &args.fhir_dir, &args.truth].into_iter().flatten().next();
    let beside = folder.and_then(|folder| folder.parent()).unwrap_or(Path::new(""));
    args.answers.clone().unwrap_or_else(|| beside.join(name))
}

/// The shares of `--chart`.
fn chart_rates(chart: &str) -> Result<Rates> {
    if chart == "messy" {
        return Ok(Rates::MESSY);
    }
    let text = fs::read_to_string(chart).with_context(|| format!("reading `{chart}`"))?;
    let rates: Rates = toml::from_str(&text).with_context(|| format!("reading `{chart}`"))?;
    rates.check().with_context(|| format!("reading `{chart}`"))?;
    Ok(rates)
}

/// The day that the charts end: the one asked for, else the pack's reference date.
///
/// # Errors
///
/// A usage error for a day after the reference date, where nothing is known.
pub fn check_as_of(pack: &Pack, as_of: Option<NaiveDate>) -> Result<NaiveDate> {
    let (as_of, end) = (as_of.unwrap_or(pack.reference_date), pack.reference_date);
    if as_of > end {
        return Err(UsageError::new(format!("`--as-of {as_of}` is after `{end}`, where the model pack ends")));
    }
    Ok(as_of)
}

/// Reads the model pack of a folder, or takes the one compiled in.
///
/// # Errors
///
/// A file that cannot be read, or what is wrong with the pack.
pub fn load_pack(folder: Option<&Path>) -> Result<PackRef> {
    let Some(folder) = folder else { return Ok(PackRef::Embedded(Pack::embedded())) };
    let mut files = Vec::new();
    read_files(folder, folder, &mut files)?;
    let pack = Pack::from_files(files).with_context(|| format!("reading model pack `{}`", folder.display()))?;
    Ok(PackRef::Read(Box::new(pack)))
}

/// A model pack: the one compiled in, or one that was read.
#[derive(Debug)]
pub enum PackRef {
    /// Compiled in.
    Embedded(&'static Pack),
    /// Read from a folder.
    Read(Box<Pack>),
}

impl std::ops::Deref for PackRef {
    type Target = Pack;

    fn deref(&self) -> &Pack {
        match self {
            Self::Embedded(pack) => pack,
            Self::Read(pack) => pack,
        }
    }
}

/// One thread for each core.
pub fn default_threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Gathers a folder's files by their path inside `root`, with `/` between its parts.
fn read_files(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading model pack `{}`", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("reading model pack `{}`", folder.display()))?.path();
        if path.is_dir() {
            read_files(root, &path, files)?;
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
        let inside = path.strip_prefix(root).unwrap_or(&path);
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        files.push((parts.join("/"), bytes));
    }
    Ok(())
}

enum FhirFolder {
    Ndjson(NdjsonFolder),
    Bundle(BundleFolder),
}

impl FhirFolder {
    fn new(dir: &Path, args: &Args, shard: Option<&str>) -> Result<Self> {
        Ok(match args.fhir_format {
            Format::Ndjson => Self::Ndjson(NdjsonFolder::new(dir, shard, args.compress)?),
            Format::Bundle | Format::BundleTransaction => Self::Bundle(BundleFolder::new(dir, args.compress)?),
        })
    }

    fn as_sink(&mut self) -> &mut dyn FhirSink {
        match self {
            Self::Ndjson(folder) => folder,
            Self::Bundle(folder) => folder,
        }
    }

    fn complete(self, manifest: &Manifest) -> Result<()> {
        match self {
            Self::Ndjson(folder) => folder.complete_with(manifest),
            Self::Bundle(folder) => folder.complete(),
        }
    }
}

enum OmopFolder {
    Parquet(ParquetFolder),
    Csv(CsvFolder),
}

impl OmopFolder {
    fn new(dir: &Path, args: &Args, shard: Option<&str>, with_reference: bool) -> Result<Self> {
        Ok(match args.omop_format {
            OmopFormat::Parquet => Self::Parquet(ParquetFolder::new(dir, shard, with_reference)?),
            OmopFormat::Csv => Self::Csv(CsvFolder::new(dir, shard, with_reference)?),
        })
    }

    fn as_sink(&mut self) -> &mut dyn OmopSink {
        match self {
            Self::Parquet(folder) => folder,
            Self::Csv(folder) => folder,
        }
    }

    fn complete(self) -> Result<()> {
        match self {
            Self::Parquet(folder) => folder.complete(),
            Self::Csv(folder) => folder.complete(),
        }
    }
}
