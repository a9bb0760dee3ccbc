//! The marts: `dbt build` on the lake, with the embedded project.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use twinlake_task::RunId;

use crate::python::{self, Python};

/// What dbt did.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Transformed {
    /// Models built, seeds included.
    pub(crate) models: usize,
    /// Data and unit tests passed.
    pub(crate) tests: usize,
}

/// Where a transform reads and writes.
pub(crate) struct Places<'a> {
    /// Folder of the run, for the project, its artefacts and logs.
    pub(crate) run: &'a Path,
    /// The DuckDB file of the marts.
    pub(crate) database: &'a Path,
}

/// Runs `dbt build` with the catalog's table locations.
///
/// # Errors
///
/// A model or test that fails, with dbt's own words and the log's place.
pub(crate) fn transform(
    python: &Python,
    run_id: &RunId,
    places: &Places<'_>,
    locations: &BTreeMap<String, String>,
) -> Result<Transformed> {
    let project = places.run.join("dbt");
    python::unpack_project(&project)?;
    let (target, logs) = (places.run.join("dbt-target"), places.run.join("dbt-logs"));
    let vars = serde_json::json!({ "lake": locations }).to_string();
    let database = std::path::absolute(places.database).context("finding the place of the marts")?;
    let output = python
        .command()
        .args([
            "-c",
            "from dbt.cli.main import cli; cli()",
            "--no-use-colors",
            "build",
            "--target",
            "dev",
            "--vars",
            &vars,
        ])
        .arg("--project-dir")
        .arg(&project)
        .arg("--profiles-dir")
        .arg(&project)
        .arg("--target-path")
        .arg(std::path::absolute(&target)?)
        .arg("--log-path")
        .arg(std::path::absolute(&logs)?)
        .env("TWINLAKE_DUCKDB", &database)
        .env("PIPELINE_RUN_ID", run_id.as_str())
        .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        .output()
        .context("starting dbt")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = said.lines().chain(errors.lines()).rev().take(40).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("dbt build failed; its log is `{}`\n{}", logs.join("dbt.log").display(), tail.join("\n"));
    }
    counts(&target.join("run_results.json"))
}

/// Counts models and tests in dbt's own account.
fn counts(path: &Path) -> Result<Transformed> {
    #[derive(Deserialize)]
    struct RunResults {
        results: Vec<NodeResult>,
    }
    #[derive(Deserialize)]
    struct NodeResult {
        unique_id: String,
    }
    let text = fs::read(path).with_context(|| format!("reading `{}`", path.display()))?;
    let results: RunResults = serde_json::from_slice(&text).with_context(|| format!("reading `{}`", path.display()))?;
    let count = |kinds: &[&str]| {
        let of_kind = |id: &str| kinds.iter().any(|kind| id.starts_with(kind));
        results.results.iter().filter(|result| of_kind(&result.unique_id)).count()
    };
    Ok(Transformed { models: count(&["model.", "seed."]), tests: count(&["test.", "unit_test."]) })
}
