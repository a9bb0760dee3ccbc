//! The ingest and harmonize stages: anyone's FHIR R4 into the raw zone, and from there to OMOP rows.

use anyhow::Result;
use twinlake_fhir::ndjson::Compression;
use twinlake_harmonize_bin::{Config, harmonize_all};
use twinlake_task::{InputFile, Progress};

use super::Job;
use super::rejected::Rejection;
use crate::summary::grouped;

impl Job<'_> {
    /// Reads the input into the raw zone and maps it to OMOP.
    pub(super) fn ingest(&mut self) -> Result<()> {
        let mut progress = Progress::start("ingest");
        let folder = self.fresh_resources()?;
        let config = twinlake_ingest::Config {
            output: folder,
            rejected: self.layout.rejected(&self.run.id, self.run.load_date),
            compression: Compression::Zstd,
            shard: Some(format!("1-of-1.{}", std::process::id())),
        };
        let inputs: Vec<InputFile> =
            self.plan.inputs.iter().map(|input| InputFile { path: input.path.clone(), size: input.size }).collect();
        let read = twinlake_ingest::ingest(&config, &inputs, &mut progress)?;
        self.summary.source = format!("{} files of FHIR R4", grouped(read.files));
        self.summary.rejected = read.rejected;
        self.summary.duplicates = read.duplicates + read.superseded;
        self.summary.unresolved_references = read.unresolved_references;
        self.summary.patients = read.resources.get("Patient").copied().unwrap_or(0);
        let said = format!("{} resources from {} files", grouped(read.n_resources()), grouped(read.files));
        self.summary.resources = read.resources;
        self.stage("ingest", progress, &said);
        self.harmonize()
    }

    /// Maps the raw zone's resources to OMOP.
    fn harmonize(&mut self) -> Result<()> {
        let mut progress = Progress::start("harmonize");
        let config = Config {
            work: self.layout.run(&self.run.id).join("work"),
            threads: self.threads,
            date: self.run.load_date,
        };
        let files = self.resource_files()?;
        let mut sink = self.sink("1-of-1");
        let mut rejected = Vec::new();
        let mut n_rows: u64 = 0;
        let totals = harmonize_all(
            &config,
            &self.vocabulary,
            &files,
            &mut |row| {
                n_rows += 1;
                progress.say(|| format!("{} rows", grouped(n_rows)));
                sink.push(&row)
            },
            &mut |one| {
                rejected.push(Rejection { file: one.file, line: one.line, reason: one.reason });
                Ok(())
            },
        )?;
        sink.finish()?;
        self.summary.rejected += rejected.len() as u64;
        self.set_aside("harmonize", &rejected)?;
        let (persons, rows) = (grouped(totals.persons), grouped(totals.n_rows()));
        self.stage("harmonize", progress, &format!("{persons} persons, {rows} OMOP rows"));
        Ok(())
    }
}
