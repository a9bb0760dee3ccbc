//! The generate stage: patients into the raw zone and, as OMOP rows, into the lake's data files.

use std::fs;

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use twinlake_generate::{Compress, FhirFormat, NdjsonFolder, OmopSink, Options, Sinks, produce};
use twinlake_omop::Table;
use twinlake_pack::Pack;
use twinlake_synth::chart::Rates;
use twinlake_synth::render::Context;
use twinlake_task::Progress;

use super::{Job, vocab};
use crate::lake_sink::LakeSink;
use crate::summary::grouped;
use crate::tables;

impl OmopSink for LakeSink<'_> {
    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        LakeSink::write(self, &tables::omop(table), batch)
    }
}

impl Job<'_> {
    /// Draws the cohort and renders it twice.
    pub(super) fn generate(&mut self) -> Result<()> {
        let mut progress = Progress::start("generate");
        let pack = Pack::embedded();
        let as_of = self.args.as_of.unwrap_or(pack.reference_date);
        let context = Context::new(pack, vocab(), self.args.seed, as_of);
        let options = Options {
            patients: 1..self.args.patients + 1,
            threads: self.threads,
            format: FhirFormat::Ndjson,
            compress: Compress::Zstd,
            chart: Rates::NONE,
            defects: None,
            since: None,
        };
        let folder = self.fresh_resources()?;
        // A path of the raw zone is never written twice: the attempt is part of the name.
        let attempt = std::process::id();
        let mut fhir = NdjsonFolder::new(&folder, Some(&format!("1-of-1.{attempt}")), Compress::Zstd)?;
        let mut omop = self.sink("1-of-1");
        let n_patients = self.args.patients;
        let sinks = Sinks { fhir: Some(&mut fhir), omop: Some(&mut omop), ..Sinks::default() };
        let totals = produce(&context, &options, sinks, &mut |totals| {
            progress.say(|| format!("{} of {} patients", grouped(totals.patients), grouped(n_patients)));
        })?;
        fhir.complete()?;
        omop.finish()?;
        self.summary.source =
            format!("model pack {} {}, seed {}, as of {as_of}", pack.name, &pack.hash()[..12], self.args.seed);
        self.summary.patients = totals.patients;
        self.summary.resources = totals.resources.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let (resources, rows) = (totals.resources.values().sum(), totals.rows.values().sum());
        self.stage(
            "generate",
            progress,
            &format!(
                "{} patients, {} resources, {} OMOP rows",
                grouped(totals.patients),
                grouped(resources),
                grouped(rows)
            ),
        );
        Ok(())
    }

    /// The run's folder of the raw zone, without what an attempt that did not end left there.
    pub(super) fn fresh_resources(&self) -> Result<std::path::PathBuf> {
        let folder = self.layout.resources(&self.run.id, self.run.load_date);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("removing `{}`", folder.display()))?;
        }
        Ok(folder)
    }
}
