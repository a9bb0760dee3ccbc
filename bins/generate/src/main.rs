//! `generate`: synthetic patients as FHIR and as OMOP.

use std::process::ExitCode;

use twinlake_generate::{Args, run};

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| &args.task, run)
}
