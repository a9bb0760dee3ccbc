//! Workspace chores: `cargo xtask codegen | elements | vocab | test | test-report | bench | ci`.

mod bench;
mod ci;
mod codegen;
mod conformance;
mod elements;
mod test;
mod vocab;

use std::path::{Path, PathBuf};

use clap::Parser;

/// Workspace chores
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Make the tables of `twinlake-omop` from their specification
    Codegen(codegen::Args),
    /// Make the table of R4's elements that views are checked against
    Elements(elements::Args),
    /// Make the embedded crosswalk of `crates/vocab` from the published extracts and the model packs
    Vocab {
        /// Folder of the published specifications and extracts
        #[arg(long, env = "TWINLAKE_SPECS", value_name = "DIR")]
        specs: PathBuf,
    },
    /// Set up what the tests need, then pass them all
    Test,
    /// Run the official cases of SQL on FHIR and write the report that its registry of engines asks for
    TestReport {
        /// The file
        #[arg(long, default_value = "docs/test_report.json", value_name = "FILE")]
        output: PathBuf,
    },
    /// Measure the speed of a command beside that of others
    Bench(bench::Args),
    /// Do what CI does: formatting, lints, tests
    Ci {
        /// Only a part of it
        #[arg(value_parser = ["lint"])]
        part: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    let root = workspace();
    match Chore::parse() {
        Chore::Codegen(args) => codegen::run(&args),
        Chore::Elements(args) => elements::run(&root, &args),
        Chore::Vocab { specs } => vocab::run(&root, &specs),
        Chore::Test => test::run(&root),
        Chore::TestReport { output } => test::report(&root, &output),
        Chore::Bench(args) => bench::run(&root, &args),
        Chore::Ci { part: Some(_) } => ci::lint(&root),
        Chore::Ci { part: None } => ci::all(&root),
    }
}

/// The workspace's root folder.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask is two folders deep").to_owned()
}
