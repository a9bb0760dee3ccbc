//! The validate step: FHIR is mapped to OMOP a second time and compared with the OMOP that is there, row by row and column by
//! column, beside rules on each side. Works on any pair of folders.

mod check;
mod codec;
mod folders;
mod gather;

use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use twinlake_crosscheck::{Finding, Severity};
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_harmonize_bin::VocabularyArgs;
use twinlake_pack::Pack;
use twinlake_task::{Exit, Progress};

pub use check::{Report, Sources, Unreadable, check};
pub use folders::{fhir_files, omop_files};

/// Compare FHIR with OMOP, person by person and column by column; exit code 3 when there are findings
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "twinlake-validate", version)]
#[group(skip)]
pub struct Args {
    /// Folder of FHIR R4: `<Type>[.<shard>].ndjson[.gz|.zst]`, or Bundles
    #[arg(long, value_name = "DIR")]
    pub fhir_dir: PathBuf,

    /// Folder of OMOP CDM v5.4: `<table>.parquet` or `.csv`, or a folder `<table>` of such files
    #[arg(long, value_name = "DIR")]
    pub omop_dir: PathBuf,

    /// Hold the rows to the built-in model pack's constraints too (a disease at an age it does not occur)
    #[arg(long)]
    pub constraints: bool,

    /// The vocabulary that the FHIR is mapped with
    #[command(flatten)]
    pub vocabulary: VocabularyArgs,

    /// How findings are written to stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,

    /// Threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Run id and logging
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// A sentence a line.
    Text,
    /// A JSON object a line.
    Ndjson,
}

/// Runs the step: findings to stdout, a summary to stderr.
///
/// # Errors
///
/// Folders that are not there or cannot be read, by name.
pub fn run(args: &Args) -> Result<Exit> {
    let work = std::env::temp_dir().join(format!("twinlake-{}-{}", args.task.run_id(), std::process::id()));
    let outcome = check_folders(args, &work);
    // Work files only; the outcome is what matters.
    let _ = std::fs::remove_dir_all(&work);
    let report = outcome?;
    let mut stdout = std::io::stdout().lock();
    for finding in &report.findings {
        let line = match args.format {
            Format::Text => format!("{}: {}", finding.severity.as_str(), finding.message),
            Format::Ndjson => as_json(finding),
        };
        writeln!(stdout, "{line}").context("writing to stdout")?;
    }
    Ok(if report.findings.is_empty() { Exit::Done } else { Exit::Findings })
}

fn check_folders(args: &Args, work: &Path) -> Result<Report> {
    let progress = Progress::start("validate");
    let omop = omop_files(&args.omop_dir)?;
    let ingest = twinlake_ingest::Config {
        output: work.join("resources"),
        rejected: work.join("rejected"),
        compression: Compression::Zstd,
        shard: None,
    };
    let fhir = twinlake_ingest::as_ndjson(&ingest, &fhir_files(&args.fhir_dir)?)?;
    let vocabulary = args.vocabulary.open()?;
    let sources = Sources {
        vocab: vocabulary.get(),
        fhir: fhir.files,
        unreadable: read_rejected(&fhir.rejected)?,
        n_duplicates: fhir.n_duplicates,
        omop,
        work: work.to_owned(),
        pack: args.constraints.then(Pack::embedded),
        foreign: false,
        threads: args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
    };
    let report = check(&sources)?;
    progress.done(&format!(
        "{} persons, {} resources, {} rows: {} errors, {} warnings",
        report.persons,
        report.resources.values().sum::<u64>(),
        report.rows.values().sum::<u64>(),
        report.count(Severity::Error),
        report.count(Severity::Warning),
    ));
    Ok(report)
}

/// A finding as one JSON object.
fn as_json(finding: &Finding) -> String {
    serde_json::json!({
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "table": finding.table.map(twinlake_omop::Table::name),
        "column": finding.column,
        "person_id": finding.person_id,
        "key": finding.key,
        "fhir": finding.fhir,
        "omop": finding.omop,
        "message": finding.message,
    })
    .to_string()
}

/// Where and why each record of these files was rejected.
fn read_rejected(files: &[PathBuf]) -> Result<Vec<Unreadable>> {
    let mut unreadable = Vec::new();
    for path in files {
        let context = || format!("reading `{}`", path.display());
        let file = File::open(path).with_context(context)?;
        let text = ndjson::open(file, Compression::from_path(path)).with_context(context)?;
        let mut lines = ndjson::Reader::new(text);
        while let Some(line) = lines.next_line().with_context(context)? {
            let Rejection { file, line, reason } = serde_json::from_str(line.text).with_context(context)?;
            unreadable.push(Unreadable { place: format!("{file}:{line}"), reason });
        }
    }
    Ok(unreadable)
}

/// A line of the rejected.
#[derive(serde::Deserialize)]
struct Rejection {
    file: String,
    line: u64,
    reason: String,
}
