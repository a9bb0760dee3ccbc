//! Commits what a run's writers handed over.

use std::process::ExitCode;

use twinlake_commit::Args;

fn main() -> ExitCode {
    twinlake_task::run(|args: &Args| &args.task, twinlake_commit::run)
}
