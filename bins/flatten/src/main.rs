//! Flattens FHIR by views of SQL on FHIR.

use std::process::ExitCode;

use twinlake_flatten_bin::Args;

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| &args.task, twinlake_flatten_bin::run)
}
