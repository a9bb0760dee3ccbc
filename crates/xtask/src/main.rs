//! Workspace chores: cargo xtask codegen | test | ci

mod vocab;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Parser;

/// Workspace chores.
#[derive(Parser)]
enum Chore {
    /// Make the embedded crosswalk of `crates/vocab` from the published extracts and the model packs
    Vocab {
        /// Folder of the published specifications and extracts
        #[arg(long, env = "TWINLAKE_SPECS", value_name = "DIR")]
        specs: PathBuf,
    },
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the workspace has no root")?;
    match Chore::parse() {
        Chore::Vocab { specs } => vocab::run(root, &specs),
    }
}
