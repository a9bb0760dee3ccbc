//! Exit codes, error printing and logging of a binary.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::{Args, LogFormat};

/// How a run that did not fail ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Exit code 0.
    Done,
    /// The validator has findings: exit code 3, so that a state machine can branch.
    Findings,
}

/// The command was called wrongly: exit code 2, as clap's own errors.
#[derive(Debug)]
pub struct UsageError(String);

impl UsageError {
    /// An error with this message, ready for `?` in a function that returns [`anyhow::Result`].
    #[expect(clippy::new_ret_no_self, reason = "it is only ever used as an error")]
    pub fn new(message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self(message.into()))
    }
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Parses the command line, starts logging to stderr, runs `work` and turns its result into an exit code.
///
/// `task` says where the shared flags stand in the binary's own. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings.
pub fn run<A: Parser>(task: impl Fn(&A) -> &Args, work: impl FnOnce(&A) -> anyhow::Result<Exit>) -> ExitCode {
    let args = A::parse();
    start_logging(task(&args));
    match work(&args) {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(3),
        Err(error) => {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            let usage = error.chain().any(<dyn std::error::Error>::is::<UsageError>);
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn start_logging(args: &Args) {
    let filter = EnvFilter::try_new(&args.log).unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (a test) keeps the first.
    let _ = match args.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
