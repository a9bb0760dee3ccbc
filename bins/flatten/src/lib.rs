//! The flatten step: FHIR resources to tables by [`ViewDefinition`]s.
//!
//! [`run`] is the command; [`flatten_files`] is what it and `twinlake run` do, with a closure that takes the batches.

mod files;
mod input;
mod keys;
mod output;
mod parquet_file;
mod permits;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use twinlake_flatten::{Plan, Types, ViewDefinition, builtin};
use twinlake_task::{Exit, PartialFile, UsageError, files_under};

use files::flatten_with;
use permits::Permits;

pub use files::{Config, Totals, flatten_files, tables};
pub use input::Rejected;
pub use output::Format;

/// Flatten FHIR R4 to tables by views of SQL on FHIR
///
/// Input is NDJSON, single resources or Bundles, plain, gzip or zstd. A file is written whole or not at all.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "twinlake-flatten", version)]
#[group(skip)]
pub struct Args {
    /// A ViewDefinition; may be given several times
    #[arg(long = "view", value_name = "FILE", num_args = 1..)]
    pub view: Vec<PathBuf>,

    /// A folder of views (`*.json`)
    #[arg(long, value_name = "DIR")]
    pub views: Vec<PathBuf>,

    /// The views of the lake's fhir tables
    #[arg(long)]
    pub builtin: bool,

    /// Files or folders of FHIR R4; `-` is standard input
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub input: Vec<PathBuf>,

    /// How the rows are written
    #[arg(long, value_enum, default_value_t = Format::Ndjson, value_name = "FORMAT")]
    pub format: Format,

    /// `ansi` for the specification's default types, `typed` for dates and numbers to calculate with
    #[arg(long, value_enum, default_value_t = TypeProfile::Typed, value_name = "TYPES")]
    pub types: TypeProfile,

    /// Add the keys that join with OMOP: `omop_key`, `subject_key`, `encounter_key`
    #[arg(long)]
    pub keys: bool,

    /// Folder for the tables, or the file of the only one [default: stdout]
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,

    /// Threads [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// What to do about a resource that cannot be read or flattened
    #[arg(long, value_enum, default_value_t = OnError::Fail, value_name = "WHAT")]
    pub on_error: OnError,

    /// Where `--on-error quarantine` writes what was left out: NDJSON with file, line, byte, reason and text
    #[arg(long, value_name = "FILE", required_if_eq("on_error", "quarantine"))]
    pub quarantine: Option<PathBuf>,

    /// Flags that every step has.
    #[command(flatten)]
    pub task: twinlake_task::Args,
}

/// See [`Types`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum TypeProfile {
    /// The specification's default types
    Ansi,
    /// Types to calculate with
    Typed,
}

/// What to do about a resource that cannot be read or flattened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum OnError {
    /// Stop and write nothing
    Fail,
    /// Tell it on stderr and go on
    Skip,
    /// As `skip`, and write it to the file of `--quarantine`
    Quarantine,
}

/// Runs the command.
///
/// # Errors
///
/// A usage error without a view, or for several tables on stdout; the errors of [`flatten_files`].
pub fn run(args: &Args) -> Result<Exit> {
    let config = Config {
        views: views(args)?,
        types: match args.types {
            TypeProfile::Ansi => Types::Ansi,
            TypeProfile::Typed => Types::Typed,
        },
        keys: args.keys,
        threads: args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        strict: args.on_error == OnError::Fail,
    };
    for plan in Plan::compile_all(&config.views, config.types)? {
        for warning in plan.warnings() {
            tracing::warn!("{warning}");
        }
    }
    let tables = tables(&config)?;
    if args.output.is_none() && tables.len() > 1 {
        return Err(UsageError::new(format!("{} tables do not fit on stdout; say with --output where", tables.len())));
    }
    let files = input_files(&args.input)?;
    let n_threads = config.threads.get();
    let permits = Arc::new(Permits::new(n_threads));
    let mut output = output::Output::create(args.output.as_deref(), args.format, &tables, n_threads, &permits)?;
    let mut quarantine = match (&args.quarantine, args.on_error) {
        (Some(path), OnError::Quarantine) => Some(PartialFile::create(path)?),
        _ => None,
    };
    let sink = &mut |table: &str, rows| output.write(table, rows);
    let totals = flatten_with(&config, &files, &permits, sink, &mut |rejected| {
        tracing::warn!("{rejected}");
        if let Some(file) = &mut quarantine {
            let Rejected { file: path, line, byte, reason, text } = rejected;
            let path = path.display().to_string();
            let one = serde_json::json!({"file": path, "line": line, "byte": byte, "reason": reason, "text": text});
            writeln!(file, "{one}").context("writing what was left out")?;
        }
        Ok(())
    })?;
    output.finish()?;
    if let Some(file) = quarantine {
        file.complete()?;
    }
    tracing::info!(?totals, "flattened");
    if totals.n_rejected > 0 {
        tracing::warn!(n_rejected = totals.n_rejected, "some resources were left out");
    }
    Ok(Exit::Done)
}

/// Files that can hold resources: all that were named, and in folders those with a name that says so, but for the
/// manifest of a bulk export.
fn input_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) = paths.iter().cloned().partition(|path| input::is_stdin(path));
    if stdin.len() > 1 {
        return Err(UsageError::new("standard input is read only once"));
    }
    let named = if paths.is_empty() { Vec::new() } else { files_under(&paths)? };
    let found = named.into_iter().map(|file| file.path);
    let files: Vec<PathBuf> = stdin
        .into_iter()
        .chain(found.filter(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let is_manifest = name.starts_with("manifest.") && name.ends_with(".json");
            let is_fhir = matches!(input::fhir_extension(file).as_str(), "ndjson" | "jsonl" | "json");
            paths.contains(file) || (is_fhir && !is_manifest)
        }))
        .collect();
    if files.is_empty() {
        let named: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        anyhow::bail!("no .ndjson or .json file (plain, .gz or .zst) in {}", named.join(", "));
    }
    Ok(files)
}

fn views(args: &Args) -> Result<Vec<ViewDefinition>> {
    let mut paths = args.view.clone();
    for folder in &args.views {
        let mut found = Vec::new();
        let entries = fs::read_dir(folder).with_context(|| format!("reading views in `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
        if found.is_empty() {
            return Err(UsageError::new(format!("no view (*.json) in `{}`", folder.display())));
        }
        found.sort();
        paths.append(&mut found);
    }
    let mut views = if args.builtin { builtin::views() } else { Vec::new() };
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("reading view `{}`", path.display()))?;
        views.push(ViewDefinition::parse(&text).with_context(|| format!("reading view `{}`", path.display()))?);
    }
    if views.is_empty() {
        return Err(UsageError::new("no view: give --view, --views or --builtin"));
    }
    let mut names = BTreeSet::new();
    for view in &views {
        let name = if view.name().is_empty() { view.resource() } else { view.name() };
        if !names.insert(name) {
            return Err(UsageError::new(format!("two views are named `{name}`")));
        }
    }
    Ok(views)
}
