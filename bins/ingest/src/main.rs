//! Turns Bundles and NDJSON into NDJSON by type.

use std::process::ExitCode;

use twinlake_ingest::Args;

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| &args.task, twinlake_ingest::run)
}
