//! The twinlake command: `run` does the main job, `query` asks the lake, and each step is a subcommand.

mod calibrate;
mod lake_sink;
mod layout;
mod model;
mod python;
mod query;
mod run;
mod summary;
mod tables;
mod transform;
mod views;

use std::process::ExitCode;

use anyhow::Result;
use twinlake_task::Exit;

/// Synthetic patients as FHIR R4 and as OMOP CDM v5.4, from one timeline, proven to agree, in one Iceberg lake
#[derive(Debug, clap::Parser)]
#[command(name = "twinlake", version, propagate_version = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Run(run::RunArgs),
    Query(query::QueryArgs),
    Generate(twinlake_generate::Args),
    Ingest(twinlake_ingest::Args),
    Flatten(twinlake_flatten_bin::Args),
    Harmonize(twinlake_harmonize_bin::Args),
    Validate(twinlake_validate::Args),
    Commit(twinlake_commit::Args),
    Model(model::ModelArgs),
    Calibrate(calibrate::CalibrateArgs),
    Views(views::ViewsArgs),
}

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| args.task(), Args::run)
}

impl Args {
    fn task(&self) -> &twinlake_task::Args {
        match &self.command {
            Command::Run(args) => &args.task,
            Command::Query(args) => &args.task,
            Command::Generate(args) => &args.task,
            Command::Ingest(args) => &args.task,
            Command::Flatten(args) => &args.task,
            Command::Harmonize(args) => &args.task,
            Command::Validate(args) => &args.task,
            Command::Commit(args) => &args.task,
            Command::Model(args) => &args.task,
            Command::Calibrate(args) => &args.task,
            Command::Views(args) => &args.task,
        }
    }

    fn run(&self) -> Result<Exit> {
        match &self.command {
            Command::Run(args) => run::run(args),
            Command::Query(args) => query::query(args),
            Command::Generate(args) => twinlake_generate::run(args),
            Command::Ingest(args) => twinlake_ingest::run(args),
            Command::Flatten(args) => twinlake_flatten_bin::run(args),
            Command::Harmonize(args) => twinlake_harmonize_bin::run(args),
            Command::Validate(args) => twinlake_validate::run(args),
            Command::Commit(args) => twinlake_commit::run(args),
            Command::Model(args) => model::model(args),
            Command::Calibrate(args) => calibrate::calibrate(args),
            Command::Views(args) => views::views(args),
        }
    }
}
