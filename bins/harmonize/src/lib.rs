//! The harmonize step: anyone's FHIR R4 becomes OMOP CDM v5.4 tables, with a report of what has no home there.
//!
//! [`run`] is the command; [`harmonize_all`] is what it and `twinlake run` do, with a closure that takes the rows.

mod files;
mod folder;
mod gather;
mod report;
mod used;
mod vocabulary;

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use twinlake_fhir::ndjson::Compression;
use twinlake_task::{Exit, Progress, files_under};

pub use files::{Config, Totals, harmonize_all, harmonize_files};
pub use folder::{OmopFolder, OmopFormat};
pub use gather::Rejected;
pub use report::{Code, Counts, Loss, Reason, Report};
pub use vocabulary::{Vocabulary, VocabularyArgs};

/// Map FHIR R4 to OMOP CDM v5.4, and report what has no home there
///
/// Input is NDJSON by type, or Bundles; plain, gzip or zstd. Tables are written whole or not at all.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "twinlake-harmonize", version)]
#[group(skip)]
pub struct Args {
    /// Folder of FHIR R4: `<Type>[.<shard>].ndjson[.gz|.zst]`, or Bundles
    #[arg(long, value_name = "DIR")]
    pub fhir_dir: PathBuf,

    /// Folder for the OMOP tables, and for `report.json` and `rejected.ndjson`
    #[arg(long, value_name = "DIR")]
    pub omop_dir: PathBuf,

    /// How the tables are written
    #[arg(long, value_enum, default_value_t = OmopFormat::Parquet, value_name = "FORMAT")]
    pub omop_format: OmopFormat,

    /// What became of the input, as JSON [default: `report.json` of the OMOP folder]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Codes without a standard concept, as CSV to fill in and give to `--source-to-concept-map`
    #[arg(long, value_name = "FILE")]
    pub unmapped: Option<PathBuf>,

    /// Release date of the tables, for `cdm_source` [default: today]
    #[arg(long, value_name = "DATE")]
    pub date: Option<NaiveDate>,

    /// The vocabulary.
    #[command(flatten)]
    pub vocabulary: VocabularyArgs,

    /// Threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Run id and logging.
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// Runs the command: tables and report to the folder, a summary to stderr.
///
/// # Errors
///
/// A folder that is not there, holds no FHIR or cannot be written, by name; two patients of one key.
pub fn run(args: &Args) -> Result<Exit> {
    let mut progress = Progress::start("harmonize");
    let inputs = files_under(std::slice::from_ref(&args.fhir_dir))?;
    if inputs.is_empty() {
        bail!("no FHIR file in `{}`: expected files such as `Patient.ndjson` or Bundles", args.fhir_dir.display());
    }
    fs::create_dir_all(&args.omop_dir).with_context(|| format!("making folder `{}`", args.omop_dir.display()))?;
    let work = WorkFolder(args.omop_dir.join(".harmonize"));
    // Bundles become NDJSON by type in the work folder, references resolved.
    let ingest = twinlake_ingest::Config {
        output: work.0.join("resources"),
        rejected: args.omop_dir.join("rejected"),
        compression: Compression::Zstd,
        shard: None,
    };
    let lines = twinlake_ingest::as_ndjson(&ingest, &inputs)?;
    if lines.n_rejected > 0 {
        tracing::warn!(n_rejected = lines.n_rejected, folder = %ingest.rejected.display(), "records rejected");
    }
    let config = Config {
        work: work.0.clone(),
        threads: args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        date: args.date.unwrap_or_else(twinlake_task::today),
    };
    let vocabulary = args.vocabulary.open()?;
    let mut folder = OmopFolder::new(&args.omop_dir, args.omop_format)?;
    let mut rejected = Vec::new();
    let totals = harmonize_all(&config, &vocabulary, &lines.files, &mut |row| folder.write(&row), &mut |one| {
        tracing::warn!("{one}");
        rejected.push(one);
        Ok(())
    })?;
    if totals.n_resources() == 0 {
        bail!("no FHIR resources in `{}`; {} records were rejected", args.fhir_dir.display(), rejected.len());
    }
    folder.complete()?;
    let report = Report::of(&totals, lines.records.as_ref());
    report.write(args.report.as_deref().unwrap_or(&args.omop_dir.join("report.json")))?;
    if let Some(path) = &args.unmapped {
        report::write_unmapped(&report.unmapped_codes, path)?;
    }
    report::write_rejected(&rejected, &args.omop_dir.join("rejected.ndjson"))?;
    drop(work);
    tracing::info!(run_id = %args.task.run_id(), persons = totals.persons, rows = totals.n_rows(), "harmonized");
    progress.say(String::new);
    progress.done(&totals.to_string());
    Ok(Exit::Done)
}

/// A folder that goes when the work ends, however it ends.
struct WorkFolder(PathBuf);

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // Work files: what stays behind is only litter.
        let _ = fs::remove_dir_all(&self.0);
    }
}
