//! What a run will do, fixed before it does anything.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{PartialFile, RunId, UsageError};

/// The plan of a run, `runs/<run id>/plan.json`.
///
/// A rerun under the same id takes the plan as it stands, the load date included; other arguments are a usage error.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Plan {
    /// Id of the run.
    pub run_id: String,
    /// The command, e.g. `run`.
    pub command: String,
    /// Version of the program that planned it.
    pub version: String,
    /// What decides the run's content: argument name to value.
    pub arguments: BTreeMap<String, String>,
    /// Day that partitions the lake's tables (`dt`).
    pub load_date: NaiveDate,
    /// Files the run reads, as path, size and a tag of their content.
    pub inputs: Vec<PlannedInput>,
}

/// A file the run reads.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlannedInput {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

impl Plan {
    /// A plan of the running version for today.
    pub fn new(
        run_id: &RunId,
        command: &str,
        arguments: BTreeMap<String, String>,
        inputs: Vec<crate::InputFile>,
    ) -> Self {
        Self {
            run_id: run_id.to_string(),
            command: command.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            arguments,
            load_date: today(),
            inputs: inputs.into_iter().map(|input| PlannedInput { path: input.path, size: input.size }).collect(),
        }
    }

    /// Writes the plan, or takes the one that a run under this id wrote before.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] that names every difference when the run was planned with other arguments or inputs, and errors of
    /// reading and writing, naming the file.
    pub fn fix(self, runs: &Path) -> Result<Self> {
        let path = runs.join(&self.run_id).join("plan.json");
        if !path.exists() {
            let text = serde_json::to_vec_pretty(&self).context("writing the plan as JSON")?;
            PartialFile::write_all_to(&path, &text)?;
            return Ok(self);
        }
        let text = fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
        let planned: Self =
            serde_json::from_slice(&text).with_context(|| format!("`{}` is not a plan", path.display()))?;
        let differences = planned.differences(&self);
        if differences.is_empty() {
            return Ok(planned);
        }
        Err(UsageError::new(format!(
            "run `{}` was planned otherwise: {}; give another --run-id, or the arguments of `{}`",
            self.run_id,
            differences.join(", "),
            path.display()
        )))
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.command != other.command {
            differences.push(format!("the command was `{}`, now `{}`", self.command, other.command));
        }
        let names: std::collections::BTreeSet<_> = self.arguments.keys().chain(other.arguments.keys()).collect();
        for name in names {
            let value = |plan: &Self| plan.arguments.get(name).map_or("not given".to_owned(), |v| format!("`{v}`"));
            let (before, now) = (value(self), value(other));
            if before != now {
                differences.push(format!("--{name} was {before}, now {now}"));
            }
        }
        if self.inputs != other.inputs {
            differences.push(format!(
                "the input was {} files of {} bytes, now {} files of {} bytes",
                self.inputs.len(),
                self.inputs.iter().map(|i| i.size).sum::<u64>(),
                other.inputs.len(),
                other.inputs.iter().map(|i| i.size).sum::<u64>()
            ));
        }
        differences
    }
}

/// Today in UTC: the load date of a new run.
pub fn today() -> NaiveDate {
    now().date_naive()
}

/// The clock, read here and nowhere else.
#[expect(
    clippy::disallowed_methods,
    reason = "a run's id and load date come from the day it was planned; a rerun reads them from the plan"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: &str) -> Plan {
        let run_id = "r1".parse().unwrap();
        let arguments = BTreeMap::from([("seed".to_owned(), seed.to_owned())]);
        Plan::new(&run_id, "run", arguments, Vec::new())
    }

    #[test]
    fn a_rerun_takes_the_plan_as_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = plan("42");
        first.load_date = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        let first = first.fix(dir.path()).unwrap();
        assert_eq!(plan("42").fix(dir.path()).unwrap(), first);
    }

    #[test]
    fn other_arguments_under_the_same_id_are_a_usage_error() {
        let dir = tempfile::tempdir().unwrap();
        plan("42").fix(dir.path()).unwrap();
        let error = plan("43").fix(dir.path()).unwrap_err();
        assert!(error.is::<UsageError>());
        assert!(error.to_string().contains("--seed was `42`, now `43`"), "{error}");
    }
}
