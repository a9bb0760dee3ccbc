//! `cargo xtask ci`: what CI does, formatting and lints included.

use std::path::Path;

use anyhow::Result;

use crate::test::cargo;

/// Formatting and lints, with and without the AWS crates.
pub(crate) fn lint(root: &Path) -> Result<()> {
    cargo(root, &["fmt", "--all", "--check"], &[])?;
    for features in [&[][..], &["--all-features"]] {
        let arguments = [&["clippy", "--workspace", "--all-targets"], features, &["--", "-D", "warnings"]].concat();
        cargo(root, &arguments, &[])?;
    }
    Ok(())
}

/// Lints, then tests.
pub(crate) fn all(root: &Path) -> Result<()> {
    lint(root)?;
    crate::test::run(root)
}
