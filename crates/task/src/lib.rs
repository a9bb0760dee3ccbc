//! What every binary of the pipeline shares: the run id, logging, the plan of a run, spilling to disk, progress and exit codes.
//!
//! A binary is its arguments and one function:
//!
//! ```no_run
//! #[derive(clap::Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     task: twinlake_task::Args,
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     twinlake_task::run(|args: &Args| &args.task, |args| {
//!         tracing::info!(run_id = %args.task.run_id(), "nothing to do");
//!         Ok(twinlake_task::Exit::Done)
//!     })
//! }
//! ```
//!
//! The clock and the environment are read here and in `bins/`, nowhere else.

mod args;
mod exit;
mod inputs;
mod partial;
mod plan;
mod progress;
mod spill;

pub use args::{Args, LogFormat, RunId};
pub use exit::{Exit, UsageError, run};
pub use inputs::{InputFile, files_under};
pub use partial::{PartialFile, SealedFile};
pub use plan::{Plan, PlannedInput, today};
pub use progress::Progress;
pub use spill::{Partition, Record, Records, Spill, bytes_to_read};

/// What one thread makes and another frees goes back to the system, so that memory does not grow with a cohort.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
