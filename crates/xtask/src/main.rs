//! Workspace chores: `cargo xtask codegen | test | ci`.

use clap::Parser as _;

mod codegen;

/// Workspace chores.
#[derive(clap::Parser, Debug)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Make the tables of `twinlake-omop` from their specification
    Codegen(codegen::Args),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Codegen(args) => codegen::run(&args),
    }
}
