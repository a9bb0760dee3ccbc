//! The validate step: FHIR is mapped to OMOP a second time and compared with the OMOP that is there, row by row and column by
//! column, beside rules on each side. Works on any pair of folders, and on a run of a lake.

mod answers;
mod check;
mod codec;
mod folders;
mod gather;
mod lake;
mod output;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use twinlake_crosscheck::{Baseline, RuleFilter, Score, Severity, Status, Terms};
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_harmonize_bin::VocabularyArgs;
use twinlake_pack::Pack;
use twinlake_task::{Exit, Progress, UsageError};

pub use check::{Report, Sources, Unreadable, check};
pub use folders::{fhir_files, omop_files};
pub use output::{findings_batches, findings_schema, rule_results_batch, rule_results_schema, write_parquet};

/// Compare FHIR with OMOP, person by person and column by column, and hold each to its standard; exit code 3 when a finding
/// is bad enough
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "twinlake-validate", version)]
#[group(skip)]
pub struct Args {
    /// Folder of FHIR R4: `<Type>[.<shard>].ndjson[.gz|.zst]`, or Bundles
    #[arg(long, value_name = "DIR", required_unless_present_any = ["lake", "list_rules"])]
    pub fhir_dir: Option<PathBuf>,

    /// Folder of OMOP CDM v5.4: `<table>.parquet` or `.csv`, or a folder `<table>` of such files
    #[arg(long, value_name = "DIR", required_unless_present_any = ["lake", "list_rules"])]
    pub omop_dir: Option<PathBuf>,

    /// Output folder of `twinlake run`: the FHIR and the OMOP rows of one of its runs
    #[arg(long, value_name = "DIR", conflicts_with_all = ["fhir_dir", "omop_dir"])]
    pub lake: Option<PathBuf>,

    /// Which run of the lake [default: the only one]
    #[arg(long, value_name = "RUN_ID", requires = "lake")]
    pub lake_run: Option<String>,

    /// Hold the rows to the built-in model pack's constraints too (a disease at an age it does not occur)
    #[arg(long)]
    pub constraints: bool,

    /// Only these rules, `*` stands for any text: `measurement.*,*.before_birth`
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub rules: Vec<String>,

    /// Print the rules as Markdown and check nothing
    #[arg(long)]
    pub list_rules: bool,

    /// A finding at least this bad fails the run
    #[arg(long, value_enum, default_value_t = Failing::Warning, value_name = "SEVERITY")]
    pub severity: Failing,

    /// Findings of each rule that are kept and printed; all are counted
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,

    /// Known findings, which do not fail the run: a file that --write-baseline wrote
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Write what is found as the baseline of later runs; --limit does not hold then
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,

    /// The vocabulary that the FHIR is mapped with
    #[command(flatten)]
    pub vocabulary: VocabularyArgs,

    /// How findings are written to stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,

    /// Write summary, rules and findings as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// The key to defects that `generate --defects` wrote: say how many of them were found; the run fails unless all were,
    /// and nothing else
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,

    /// Write XML for CI, in the form of `JUnit`: a test case a rule
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Write a page of HTML
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Write `findings.parquet` and `rule_results.parquet` to a folder
    #[arg(long, value_name = "DIR")]
    pub parquet: Option<PathBuf>,

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

/// How bad a finding must be to fail the run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Failing {
    /// Warnings and errors.
    Warning,
    /// Errors only.
    Error,
}

impl Failing {
    fn severity(self) -> Severity {
        match self {
            Failing::Warning => Severity::Warning,
            Failing::Error => Severity::Error,
        }
    }
}

/// Runs the step: findings to stdout, a summary to stderr, the report to the files that are asked for.
///
/// # Errors
///
/// Folders that are not there or cannot be read, by name; a pattern of `--rules` that names no rule.
pub fn run(args: &Args) -> Result<Exit> {
    let terms = terms(args)?;
    if args.list_rules {
        let filter = (!args.rules.is_empty()).then_some(&terms.rules);
        write!(std::io::stdout().lock(), "{}", output::as_markdown(filter)).context("writing to stdout")?;
        return Ok(Exit::Done);
    }
    let work = std::env::temp_dir().join(format!("twinlake-{}-{}", args.task.run_id(), std::process::id()));
    let outcome = check_folders(args, terms, &work);
    // Work files only; the outcome is what matters.
    let _ = std::fs::remove_dir_all(&work);
    let report = outcome?;
    let failing = args.severity.severity();
    let score = args.answers.as_deref().map(answers::read).transpose()?;
    let score = score.map(|answers| Score::new(&answers, &report.findings));
    write_files(args, &report, score.as_ref(), failing)?;
    if let Some(score) = score {
        let mut stdout = std::io::stdout().lock();
        let lines = answers::as_text(&score);
        lines.iter().try_for_each(|line| writeln!(stdout, "{line}")).context("writing to stdout")?;
        return Ok(if score.all.is_perfect() { Exit::Done } else { Exit::Findings });
    }
    print(args, &report)?;
    Ok(if report.fails_at(failing) { Exit::Findings } else { Exit::Done })
}

/// Which findings count.
fn terms(args: &Args) -> Result<Terms> {
    let rules = RuleFilter::new(args.rules.iter().map(|pattern| pattern.trim()));
    let strays: Vec<&str> = rules.strays().collect();
    if !strays.is_empty() {
        let said = format!("no rule is named `{}`; --list-rules prints them", strays.join("`, `"));
        return Err(UsageError::new(said));
    }
    let known = args.baseline.as_deref().map_or_else(|| Ok(Baseline::default()), output::read_baseline)?;
    // A baseline that left out what is not kept would fail the next run, and a score would be of a part.
    let limit = (args.write_baseline.is_none() && args.answers.is_none()).then_some(args.limit);
    Ok(Terms { rules, known, limit })
}

fn write_files(args: &Args, report: &Report, score: Option<&Score>, failing: Severity) -> Result<()> {
    if let Some(path) = &args.json {
        output::write_json(path, report, score)?;
    }
    if let Some(path) = &args.junit {
        output::write_junit(path, report, failing)?;
    }
    if let Some(path) = &args.html {
        output::write_html(path, report, failing)?;
    }
    if let Some(folder) = &args.parquet {
        write_parquet(folder, report)?;
    }
    if let Some(path) = &args.write_baseline {
        output::write_baseline(path, report)?;
    }
    Ok(())
}

/// The findings that are kept, a line each; of rules with more, how many there are; the rules that could not run.
fn print(args: &Args, report: &Report) -> Result<()> {
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| match args.format {
            Format::Text => {
                let place = finding.place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
                format!("{}: {}{place}", finding.severity.as_str(), finding.message)
            }
            Format::Ndjson => output::finding_as_json(finding).to_string(),
        })
        .collect();
    if args.format == Format::Text {
        for (rule, count) in report.by_rule() {
            let kept = report.findings.iter().filter(|finding| finding.rule == rule).count() as u64;
            if count > kept {
                lines.push(format!("{rule}: and {} more", count - kept));
            }
        }
        let mut not_run: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for result in report.results.iter().filter(|result| result.status == Status::Error) {
            not_run.entry(result.reason.as_deref().unwrap_or_default()).or_default().push(result.rule);
        }
        for (reason, rules) in not_run {
            lines.push(format!("error: {} rules could not run, {} among them: {reason}", rules.len(), rules[0]));
        }
    }
    let mut stdout = std::io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(stdout, "{line}")).context("writing to stdout")
}

fn check_folders(args: &Args, terms: Terms, work: &Path) -> Result<Report> {
    let progress = Progress::start("validate");
    let (fhir, omop) = match (&args.lake, &args.fhir_dir, &args.omop_dir) {
        (Some(folder), ..) => lake::files(folder, args.lake_run.as_deref())?,
        (None, Some(fhir), Some(omop)) => (fhir_files(fhir)?, omop_files(omop)?),
        _ => return Err(UsageError::new("--fhir-dir and --omop-dir, or --lake, say what to check")),
    };
    let ingest = twinlake_ingest::Config {
        output: work.join("resources"),
        rejected: work.join("rejected"),
        compression: Compression::Zstd,
        shard: None,
    };
    let fhir = twinlake_ingest::as_ndjson(&ingest, &fhir)?;
    let vocabulary = args.vocabulary.open()?;
    let sources = Sources {
        vocab: vocabulary.get(),
        fhir: fhir.files,
        unreadable: read_rejected(&fhir.rejected)?,
        n_duplicates: fhir.n_duplicates,
        omop,
        has_all_tables: args.lake.is_none(),
        work: work.to_owned(),
        pack: args.constraints.then(Pack::embedded),
        foreign: false,
        terms,
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
