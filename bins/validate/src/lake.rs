//! Finding FHIR and OMOP of a run in a lake.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use twinlake_crosscheck::{OmopSide, is_checked};
use twinlake_lake::BlockingLake;
use twinlake_omop::Table;
use twinlake_task::{InputFile, UsageError, files_under};

/// Files by table.
type TableFiles = BTreeMap<Table, Vec<PathBuf>>;

/// The files of a run: its resources in the raw zone, and the data files that the current snapshot of each OMOP table has of
/// it. `folder` is the output folder of `twinlake run`.
///
/// # Errors
///
/// No lake there; several runs and none named; a run without resources.
pub(crate) fn files(folder: &Path, run: Option<&str>) -> Result<(Vec<InputFile>, TableFiles)> {
    let lake_folder = folder.join("lake");
    if !lake_folder.join("catalog.db").exists() {
        bail!("no lake in `{}`: expected the output folder of `twinlake run`", folder.display());
    }
    let lake = BlockingLake::open_local(lake_folder)?;
    let runs = lake.runs()?;
    let run = match (run, runs.as_slice()) {
        (Some(run), _) if runs.iter().any(|known| known == run) => run,
        (Some(run), _) => return Err(UsageError::new(format!("the lake has no run `{run}`: {}", listed(&runs)))),
        (None, [only]) => only,
        (None, _) => return Err(UsageError::new(format!("say which with --lake-run: {}", listed(&runs)))),
    };
    let mut omop = TableFiles::new();
    for table in Table::ALL.into_iter().filter(|table| is_checked(*table) || OmopSide::learns_from(*table)) {
        let files = lake.data_files(&format!("omop.{}", table.name()), run)?;
        let local = files.iter().map(|path| PathBuf::from(path.strip_prefix("file://").unwrap_or(path)));
        omop.insert(table, local.collect());
    }
    Ok((files_under(&resources(folder, run)?)?, omop))
}

fn listed(runs: &[String]) -> String {
    match runs {
        [] => "it has no run".to_owned(),
        runs => format!("it has the runs `{}`", runs.join("`, `")),
    }
}

/// The run's folders of the raw zone, `raw/resources/dt=…/run=…`.
fn resources(folder: &Path, run: &str) -> Result<Vec<PathBuf>> {
    let raw = folder.join("raw/resources");
    let context = || format!("reading `{}`", raw.display());
    let mut folders = Vec::new();
    for day in fs::read_dir(&raw).with_context(context)? {
        let of_run = day.with_context(context)?.path().join(format!("run={run}"));
        if of_run.is_dir() {
            folders.push(of_run);
        }
    }
    if folders.is_empty() {
        bail!("no resources of run `{run}` in `{}`", raw.display());
    }
    Ok(folders)
}
