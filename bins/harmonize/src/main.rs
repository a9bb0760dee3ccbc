//! Maps FHIR R4 to OMOP CDM v5.4.

use std::process::ExitCode;

use twinlake_harmonize_bin::Args;

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| &args.task, twinlake_harmonize_bin::run)
}
