//! The flatten stage: the run's resources into the `fhir` tables.

use std::num::NonZeroUsize;

use anyhow::{Result, bail};
use twinlake_flatten::{Types, builtin};
use twinlake_flatten_bin::{Config, flatten_files};
use twinlake_lake::LakeTable;
use twinlake_task::Progress;

use super::Job;
use super::rejected::Rejection;
use crate::summary::grouped;
use crate::tables;

/// The `fhir` tables that the built-in views give, keys included.
pub(super) fn tables() -> Result<Vec<LakeTable>> {
    let tables = twinlake_flatten_bin::tables(&config(NonZeroUsize::MIN))?;
    Ok(tables.into_iter().map(|(name, schema)| tables::fhir(&name, schema)).collect())
}

fn config(threads: NonZeroUsize) -> Config {
    Config { views: builtin::views(), types: Types::Typed, keys: true, threads, strict: false }
}

impl Job<'_> {
    /// Flattens what the raw zone holds of this run.
    pub(super) fn flatten(&mut self) -> Result<()> {
        let mut progress = Progress::start("flatten");
        let definitions = tables()?;
        let mut sink = self.sink("1-of-1");
        let mut rejected = Vec::new();
        let mut n_rows: u64 = 0;
        flatten_files(
            &config(self.threads),
            &self.resource_files()?,
            &mut |name, batch| {
                n_rows += batch.num_rows() as u64;
                progress.say(|| format!("{} rows", grouped(n_rows)));
                let table = definitions.iter().find(|table| table.name == name);
                sink.write(table.expect("a table for each view"), &batch)
            },
            &mut |reason| {
                let (file, line, reason) = (reason.file.clone(), reason.line, reason.reason.clone());
                rejected.push(Rejection { file, line, reason });
                Ok(())
            },
        )?;
        sink.finish()?;
        self.set_aside("flatten", &rejected)?;
        if self.args.from.is_empty()
            && let Some(first) = rejected.first()
        {
            let Rejection { file, line, reason } = first;
            bail!(
                "{} generated resources have no rows; first: `{}`, line {line}: {reason}",
                rejected.len(),
                file.display()
            );
        }
        self.summary.rejected += rejected.len() as u64;
        self.stage("flatten", progress, &format!("{} rows in {} tables", grouped(n_rows), definitions.len()));
        Ok(())
    }
}
