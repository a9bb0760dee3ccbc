//! `twinlake run`: all verbs in one process, from a seed (or from anyone's FHIR R4) to a lake with marts.

mod flatten;
mod generated;
mod ingested;
mod quality;
mod rejected;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use twinlake_commit::Verdict;
use twinlake_harmonize_bin::{Vocabulary, VocabularyArgs};
use twinlake_lake::{BlockingLake, HandOver, PipelineRun, Run, RunStatus, SourceFile};
use twinlake_omop::Table;
use twinlake_pack::Pack;
use twinlake_task::{Exit, Plan, Progress, RunId, UsageError, files_under};
use twinlake_vocab::Vocab;

use crate::layout::Layout;
use crate::python::{Python, PythonArgs};
use crate::summary::{Fate, Findings, Stage, Summary, TableSummary, grouped};
use crate::transform::{Places, transform};
use crate::{lake_sink, tables};

/// Make a lake: synthetic patients, or with --from anyone's FHIR R4, as FHIR and as OMOP, with marts on top
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct RunArgs {
    /// Patients of the cohort
    #[arg(long, visible_alias = "count", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..1 << 33), value_name = "N", conflicts_with = "from")]
    patients: u64,

    /// Seed of the cohort; the same seed gives the same bytes
    #[arg(long, default_value_t = 42, value_name = "N", conflicts_with = "from")]
    seed: u64,

    /// Day on which the charts end [default: the model pack's reference date]
    #[arg(long, value_name = "DATE", conflicts_with = "from")]
    as_of: Option<NaiveDate>,

    /// Take FHIR R4 Bundles or NDJSON, files or folders, instead of generating
    #[arg(long, value_name = "PATH", num_args = 1..)]
    from: Vec<PathBuf>,

    /// Output folder
    #[arg(long, default_value = "twinlake-out", value_name = "DIR")]
    out: PathBuf,

    /// Threads [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Leave a stage out; may be given several times
    #[arg(long, value_enum, value_name = "STAGE")]
    skip: Vec<Skip>,

    /// The vocabulary that FHIR of others is mapped with; a generated cohort has its own.
    #[command(flatten)]
    vocabulary: VocabularyArgs,

    #[command(flatten)]
    python: PythonArgs,

    #[command(flatten)]
    pub(crate) task: twinlake_task::Args,
}

/// Stages that a run can do without.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Skip {
    Flatten,
    Validate,
    Transform,
}

/// What the stages of one run share.
struct Job<'a> {
    args: &'a RunArgs,
    layout: Layout,
    plan: Plan,
    run: Run,
    lake: BlockingLake,
    handover: HandOver,
    threads: NonZeroUsize,
    vocabulary: Vocabulary,
    summary: Summary,
}

/// Runs the command.
///
/// # Errors
///
/// A usage error for other arguments under a known run id and for a second cohort in a lake; what the stages answer.
pub(crate) fn run(args: &RunArgs) -> Result<Exit> {
    let layout = Layout::new(&args.out);
    if !args.skip.contains(&Skip::Transform) && std::path::absolute(&args.out)?.to_string_lossy().contains('\'') {
        let said = "dbt cannot load seeds from a path with an apostrophe: take another --out, or --skip transform";
        return Err(UsageError::new(said));
    }
    if args.from.is_empty() && !args.vocabulary.is_default() {
        let said =
            "a generated cohort has a vocabulary of its own: --vocabulary and --source-to-concept-map go with --from";
        return Err(UsageError::new(said));
    }
    let vocabulary = args.vocabulary.open()?;
    let run_id = args.task.run_id();
    let is_new = !layout.run(run_id.as_str()).exists();
    let plan = plan(args, run_id)?.fix(&layout.runs())?;
    let lake_is_new = !layout.lake().exists();
    let lake = BlockingLake::open_local(layout.lake())
        .with_context(|| format!("opening the lake in `{}`", layout.lake().display()))?;
    let mut job = Job {
        threads: args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        run: Run { id: run_id.to_string(), load_date: plan.load_date },
        handover: HandOver::new(&layout.out, run_id.as_str()),
        summary: Summary {
            run_id: run_id.to_string(),
            load_date: plan.load_date,
            version: plan.version.clone(),
            ..Summary::default()
        },
        args,
        vocabulary,
        layout,
        plan,
        lake,
    };
    let already = job.lake.is_recorded(run_id.as_str())?;
    let mut exit = Exit::Done;
    if already {
        job.summary = Summary::read(&job.layout.run(run_id.as_str()))?;
    } else {
        if let Err(refused) = job.claim() {
            if is_new {
                // Refused before any work: nothing of the run stays.
                let _ = std::fs::remove_dir_all(job.layout.run(run_id.as_str()));
            }
            return Err(refused);
        }
        exit = match job.build() {
            Ok(exit) => exit,
            Err(error) => {
                let lake = job.layout.lake();
                drop(job);
                if lake_is_new && !args.from.is_empty() {
                    // Nothing of it was published, and the input is still there: an empty lake would only look like one.
                    let _ = std::fs::remove_dir_all(lake);
                }
                return Err(error);
            }
        };
        // Written before the transform, which may fail and be done again: what is in the lake is told already.
        job.summary.write(&job.layout.run(run_id.as_str()))?;
    }
    if exit == Exit::Done && !job.skips(Skip::Transform) && job.summary.dbt.is_none() {
        job.transform(run_id)?;
    }
    job.summary.write(&job.layout.run(run_id.as_str()))?;
    let fate = match (already, exit) {
        (true, _) => Fate::WasThere,
        (false, Exit::Findings) => Fate::Stopped,
        (false, _) => Fate::Added,
    };
    print(&job.summary.page(&job.layout, fate))?;
    Ok(exit)
}

/// What decides the content of the run.
fn plan(args: &RunArgs, run_id: &RunId) -> Result<Plan> {
    let inputs = if args.from.is_empty() { Vec::new() } else { files_under(&args.from)? };
    if !args.from.is_empty() && inputs.is_empty() {
        let paths: Vec<String> = args.from.iter().map(|path| format!("`{}`", path.display())).collect();
        bail!("no file in {}: expected FHIR R4 as Bundles or NDJSON", paths.join(", "));
    }
    let mut arguments = BTreeMap::new();
    if args.from.is_empty() {
        let pack = Pack::embedded();
        twinlake_generate::check_as_of(pack, args.as_of)?;
        arguments.insert("patients".to_owned(), args.patients.to_string());
        arguments.insert("seed".to_owned(), args.seed.to_string());
        arguments.insert("as-of".to_owned(), args.as_of.unwrap_or(pack.reference_date).to_string());
        arguments.insert("pack".to_owned(), pack.name.to_owned());
        arguments.insert("pack-hash".to_owned(), pack.hash().to_owned());
        arguments.insert("semantics-version".to_owned(), pack.semantics_version.to_string());
    } else {
        let paths: Vec<String> = args.from.iter().map(|path| path.display().to_string()).collect();
        arguments.insert("from".to_owned(), paths.join(" "));
        let VocabularyArgs { vocabulary, source_to_concept_map, .. } = &args.vocabulary;
        for (name, path) in [("vocabulary", vocabulary), ("source-to-concept-map", source_to_concept_map)] {
            arguments.extend(path.as_ref().map(|path| (name.to_owned(), path.display().to_string())));
        }
    }
    // What a rerun may leave out or redo without changing what is committed is not in the plan: threads, transform.
    for (stage, name) in [(Skip::Flatten, "flatten"), (Skip::Validate, "validate")] {
        if args.skip.contains(&stage) {
            arguments.insert(format!("skip {name}"), "yes".to_owned());
        }
    }
    Ok(Plan::new(run_id, "run", arguments, inputs))
}

impl Job<'_> {
    fn skips(&self, stage: Skip) -> bool {
        self.args.skip.contains(&stage)
    }

    /// All stages up to the commit. Nobody sees any of it before the last commit.
    fn build(&mut self) -> Result<Exit> {
        let generated = self.args.from.is_empty();
        self.ensure_tables()?;
        if generated {
            self.generate()?;
        } else {
            self.ingest()?;
        }
        if !self.skips(Skip::Flatten) {
            self.flatten()?;
        }
        if !self.skips(Skip::Validate) {
            self.validate()?;
        }
        // A generated cohort that does not agree with itself is not published; its findings are.
        let stopped = generated && self.summary.findings.errors > 0;
        let verdict = if stopped { Verdict::Stopped } else { Verdict::Publish(self.status()) };
        verdict.write(&self.layout.run(&self.run.id))?;
        self.commit(stopped)?;
        Ok(if stopped { Exit::Findings } else { Exit::Done })
    }

    /// A lake holds one cohort: two would both have a person 1.
    fn claim(&self) -> Result<()> {
        if !self.args.from.is_empty() {
            return Ok(());
        }
        let pack = Pack::embedded();
        let cohort = twinlake_commit::cohort(pack.name, pack.hash(), pack.semantics_version, self.args.seed);
        self.lake.claim_cohort(&cohort).map_err(|error| match error {
            twinlake_lake::LakeError::Cohort { .. } => {
                UsageError::new(format!("{error}; take another --out, or the same seed"))
            }
            error => error.into(),
        })
    }

    /// Every table exists before the first row, so that an empty one can be queried too.
    fn ensure_tables(&self) -> Result<()> {
        for table in Table::ALL {
            self.lake.ensure_table(&tables::omop(table))?;
        }
        for table in flatten::tables()? {
            self.lake.ensure_table(&table)?;
        }
        for table in [
            tables::findings(),
            tables::rule_results(),
            tables::losses(),
            twinlake_lake::ops::pipeline_runs(),
            twinlake_lake::ops::source_files(),
        ] {
            self.lake.ensure_table(&table)?;
        }
        Ok(())
    }

    /// Times a stage.
    fn stage(&mut self, name: &'static str, progress: Progress, what: &str) {
        let seconds = progress.done(what);
        self.summary.stages.push(Stage { name: name.to_owned(), seconds });
    }

    /// One commit a table, `ops.pipeline_runs` last.
    fn commit(&mut self, only_quality: bool) -> Result<()> {
        let progress = Progress::start("commit");
        let mut names = self.handover.tables()?;
        names.retain(|name| !only_quality || name.starts_with("quality."));
        let committed = twinlake_commit::commit_tables(&self.lake, &self.handover, &names, &self.run.id)?;
        if !only_quality {
            if !self.plan.inputs.is_empty() {
                let files: Vec<SourceFile> = self.plan.inputs.iter().map(source_file).collect();
                self.lake.record_source_files(&self.run, &files)?;
            }
            // A run that is listed has a summary, whatever happens next.
            self.summary.write(&self.layout.run(&self.run.id))?;
            let record = self.record(&committed);
            self.lake.record_run(&self.run, &record)?;
        }
        self.lake.repair_version_hints()?;
        let mut outcomes: BTreeMap<&str, _> = committed.iter().map(|one| (one.table.as_str(), one.outcome)).collect();
        for state in self.lake.tables()? {
            let outcome = outcomes.remove(state.name.as_str());
            let table = TableSummary {
                rows: state.rows,
                added: outcome.map_or(0, twinlake_lake::CommitOutcome::rows),
                snapshot_id: state.snapshot_id,
                metadata_location: state.metadata_location,
            };
            self.summary.tables.insert(state.name, table);
        }
        if !only_quality {
            for (table, added) in [("ops.pipeline_runs", 1), ("ops.source_files", self.plan.inputs.len() as u64)] {
                if let Some(table) = self.summary.tables.get_mut(table) {
                    table.added = added;
                }
            }
        }
        let n_rows = self.summary.tables.values().map(|table| table.added).sum();
        let n_tables = committed.iter().filter(|one| one.outcome.rows() > 0).count();
        self.stage("commit", progress, &format!("{} rows in {n_tables} tables", grouped(n_rows)));
        Ok(())
    }

    fn record(&self, committed: &[twinlake_commit::Committed]) -> PipelineRun {
        let generated = self.args.from.is_empty().then(Pack::embedded);
        PipelineRun {
            command: self.plan.command.clone(),
            pack: generated.map(|pack| pack.name.to_owned()),
            pack_hash: generated.map(|pack| pack.hash().to_owned()),
            semantics_version: generated.and_then(|pack| i32::try_from(pack.semantics_version).ok()),
            seed: generated.map(|_| self.args.seed),
            as_of: generated.map(|pack| self.args.as_of.unwrap_or(pack.reference_date)),
            version: self.plan.version.clone(),
            n_patients: self.summary.patients,
            table_rows: committed.iter().map(|one| (one.table.clone(), one.outcome.rows())).collect(),
            snapshot_ids: committed.iter().map(|one| (one.table.clone(), one.outcome.snapshot_id())).collect(),
            status: self.status(),
            committed_at: twinlake_commit::now(),
        }
    }

    fn status(&self) -> RunStatus {
        let Findings { errors, warnings, .. } = self.summary.findings;
        if errors + warnings > 0 { RunStatus::Findings } else { RunStatus::Done }
    }

    /// dbt on what is committed now.
    fn transform(&mut self, run_id: &RunId) -> Result<()> {
        let python = Python::prepare(&self.args.python)?;
        let progress = Progress::start("transform");
        let tables = self.lake.tables()?;
        let locations = tables.into_iter().map(|table| (table.name, table.metadata_location)).collect();
        let run = self.layout.run(run_id.as_str());
        let places = Places { run: &run, database: &self.layout.database() };
        let done = transform(&python, run_id, &places, &locations)?;
        self.stage("transform", progress, &format!("{} models, {} tests", done.models, done.tests));
        self.summary.dbt = Some(done);
        Ok(())
    }

    /// A sink for one shard of the run's rows.
    fn sink(&self, shard: &str) -> lake_sink::LakeSink<'_> {
        lake_sink::LakeSink::new(&self.lake, &self.run, &self.handover, shard)
    }
}

fn source_file(input: &twinlake_task::PlannedInput) -> SourceFile {
    SourceFile {
        path: input.path.display().to_string(),
        size_bytes: input.size,
        tag: None,
        n_resources: None,
        n_rejected: None,
    }
}

/// The embedded vocabulary.
fn vocab() -> &'static Vocab {
    Vocab::embedded()
}

fn print(page: &str) -> Result<()> {
    use std::io::Write as _;
    std::io::stdout().lock().write_all(page.as_bytes()).context("writing to stdout")
}
