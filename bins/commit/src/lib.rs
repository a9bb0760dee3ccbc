//! The commit step: one commit a table for what a run's writers handed over, `ops.pipeline_runs` last.

mod open;
mod verdict;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDateTime, Utc};
use twinlake_lake::{BlockingLake, CommitOutcome, HandOver, LakeError, PipelineRun, Run, RunStatus, SourceFile};
use twinlake_task::{Exit, Plan, UsageError};

pub use open::{cohort, open_lake};
pub use verdict::Verdict;

/// Commits what a run's writers handed over: one commit a table, `ops.pipeline_runs` last
///
/// A table that has the run already is left as it is, so a commit may be repeated until it succeeds.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "twinlake-commit", version)]
#[group(skip)]
pub struct Args {
    /// Lake: the folder that holds `lake/` and `runs/`, or `s3://bucket/prefix`
    #[arg(long, default_value = "twinlake-out", value_name = "DIR|URL")]
    pub lake: String,

    /// Folder that holds `runs/` [default: the lake's, when that is a folder]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Flags that every step has.
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// A table and what its commit came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Committed {
    /// `<namespace>.<table>`.
    pub table: String,
    /// Whether the run is new to the table, its snapshot and its rows.
    pub outcome: CommitOutcome,
}

/// Runs the step: `runs/<run id>/plan.json`, the verdict and the hand-over lists beside it say what there is to commit.
///
/// # Errors
///
/// A usage error when there is nothing known of the run; the lake's errors otherwise. Nothing is half-committed: readers
/// take only runs that `ops.pipeline_runs` lists.
pub fn run(args: &Args) -> Result<Exit> {
    let run_id = args.task.run_id().as_str();
    if cfg!(not(feature = "aws")) && args.lake.contains("://") {
        // Says how to get S3; asking for --root first would lead nowhere.
        open_lake(&args.lake)?;
    }
    let root = match &args.root {
        Some(root) => root.clone(),
        None if args.lake.contains("://") => {
            return Err(UsageError::new(format!("`{}` is no folder: say with --root where `runs/` is", args.lake)));
        }
        None => PathBuf::from(&args.lake),
    };
    let plan = read_plan(&root, run_id)?;
    let status = match Verdict::read(&root.join("runs").join(run_id))? {
        Some(Verdict::Publish(status)) => status,
        Some(Verdict::Stopped) => {
            tracing::error!(run_id, "the run was stopped by its findings and is not committed");
            return Ok(Exit::Findings);
        }
        None => {
            let said = format!("the checks of run `{run_id}` have not ended: do it again under the same --run-id");
            return Err(UsageError::new(said));
        }
    };
    let handover = HandOver::new(&root, run_id);
    let tables = handover.tables().with_context(|| format!("run `{run_id}` has handed nothing over"))?;
    let lake = open_lake(&args.lake)?;

    let mut committed = commit_tables(&lake, &handover, &tables, run_id)?;
    let run = Run { id: run_id.to_owned(), load_date: plan.load_date };
    if !plan.inputs.is_empty() {
        let outcome = lake.record_source_files(&run, &source_files(&plan))?;
        committed.push(Committed { table: "ops.source_files".into(), outcome });
    }
    let record = record_of(&plan, &committed, status, now())?;
    let outcome = lake.record_run(&run, &record)?;
    committed.push(Committed { table: "ops.pipeline_runs".into(), outcome });
    lake.repair_version_hints()?;

    let mut stdout = std::io::stdout().lock();
    stdout.write_all(report(&committed).as_bytes()).context("writing to stdout")?;
    Ok(Exit::Done)
}

/// One commit a table, in an order that is the same in every run: `omop`, `fhir`, `quality`, then the rest, by name.
///
/// # Errors
///
/// [`LakeError`] of the first table that could not be committed. Those before it are in the lake, and a repetition
/// finds them there.
pub fn commit_tables(
    lake: &BlockingLake,
    handover: &HandOver,
    tables: &[String],
    run_id: &str,
) -> Result<Vec<Committed>, LakeError> {
    let rank = |table: &str| {
        let namespaces = ["omop.", "fhir.", "quality."];
        namespaces.iter().position(|namespace| table.starts_with(namespace)).unwrap_or(namespaces.len())
    };
    let mut tables = tables.to_vec();
    tables.sort_by(|one, other| (rank(one), one).cmp(&(rank(other), other)));
    let mut committed = Vec::with_capacity(tables.len());
    for table in tables {
        let lines = handover.read(&table)?;
        let outcome = lake.commit(run_id, &table, &lines)?;
        committed.push(Committed { table, outcome });
    }
    Ok(committed)
}

/// What became of each table, as aligned text: table, rows of the run, snapshot, and whether it was there before.
pub fn report(committed: &[Committed]) -> String {
    let width = committed.iter().map(|one| one.table.len()).max().unwrap_or(0).max("table".len());
    let line = |table: &str, rows: &str, snapshot: &str, word: &str| {
        format!("{table:width$}  {rows:>10}  {snapshot:>19}  {word}\n")
    };
    let lines = committed.iter().map(|Committed { table, outcome }| {
        let snapshot = outcome.snapshot_id().map_or("expired".to_owned(), |id| id.to_string());
        let word = match outcome {
            CommitOutcome::Committed { .. } => "committed",
            CommitOutcome::AlreadyCommitted { .. } => "already there",
        };
        line(table, &outcome.rows().to_string(), &snapshot, word)
    });
    std::iter::once(line("table", "rows", "snapshot", "outcome")).chain(lines).collect()
}

fn read_plan(root: &Path, run_id: &str) -> Result<Plan> {
    let path = root.join("runs").join(run_id).join("plan.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(UsageError::new(format!("there is no run `{run_id}`: `{}` is missing", path.display())));
        }
        Err(error) => return Err(error).with_context(|| format!("reading `{}`", path.display())),
    };
    serde_json::from_slice(&text).with_context(|| format!("`{}` is not a plan", path.display()))
}

fn source_files(plan: &Plan) -> Vec<SourceFile> {
    let inputs = plan.inputs.iter();
    inputs
        .map(|input| SourceFile {
            path: input.path.display().to_string(),
            size_bytes: input.size,
            tag: None,
            n_resources: None,
            n_rejected: None,
        })
        .collect()
}

/// The run as `ops.pipeline_runs` lists it: what the plan says of the cohort, and the rows that were committed.
fn record_of(
    plan: &Plan,
    committed: &[Committed],
    status: RunStatus,
    committed_at: NaiveDateTime,
) -> Result<PipelineRun> {
    let argument = |name: &str| plan.arguments.get(name);
    let rows: BTreeMap<String, u64> = committed.iter().map(|one| (one.table.clone(), one.outcome.rows())).collect();
    let n_patients = rows.get("omop.person").or_else(|| rows.get("fhir.patient")).copied().unwrap_or(0);
    Ok(PipelineRun {
        command: plan.command.clone(),
        pack: argument("pack").cloned(),
        pack_hash: argument("pack-hash").cloned(),
        semantics_version: parsed(plan, "semantics-version")?,
        seed: parsed(plan, "seed")?,
        as_of: parsed(plan, "as-of")?,
        version: plan.version.clone(),
        n_patients,
        table_rows: rows,
        snapshot_ids: committed.iter().map(|one| (one.table.clone(), one.outcome.snapshot_id())).collect(),
        status,
        committed_at,
    })
}

fn parsed<T: std::str::FromStr>(plan: &Plan, name: &str) -> Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Some(text) = plan.arguments.get(name) else { return Ok(None) };
    let value = text.parse().with_context(|| format!("the plan's {name} is `{text}`"))?;
    Ok(Some(value))
}

/// The clock: when a run is listed, in UTC.
#[expect(clippy::disallowed_methods, reason = "which of two runs of a day is the later one is a matter of the clock")]
pub fn now() -> NaiveDateTime {
    let now: DateTime<Utc> = Utc::now();
    now.naive_utc()
}
