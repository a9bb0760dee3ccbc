//! The FHIR of every output form, read by a validator that is not ours (`tests/fhir`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::test::{say, specs, succeed, target};

/// Patients of each form.
const PATIENTS: &str = "300";
/// Forms that `twinlake generate` writes.
const FORMATS: [&str; 3] = ["ndjson", "bundle", "bundle-transaction"];
/// Oldest Node that runs the validator.
const OLDEST_NODE: u32 = 20;

/// Checks patients of each form against base R4 and the US Core packages, where they are; says so when it cannot.
pub(crate) fn run(root: &Path) -> Result<()> {
    if !has_node() && !has_installed_node() {
        say(&format!("SKIPPED: FHIR conformance; it needs Node {OLDEST_NODE} and npm (Debian: nodejs, npm)"));
        return Ok(());
    }
    let tool = root.join("tests").join("fhir");
    // Node is started elsewhere.
    let work = std::path::absolute(target(root).join("twinlake-test"))?;
    let us_core = std::path::absolute(specs(root).join("us-core"))?;
    let modules = node_environment(&tool, &work.join("node"))?;
    let node = |arguments: &[&str]| {
        let mut node = Command::new("node");
        node.args(arguments)
            .current_dir(&tool)
            .env("TWINLAKE_NODE_MODULES", &modules)
            .env("TWINLAKE_US_CORE", &us_core);
        node
    };
    succeed(&mut node(&["--test"]))?;
    let out = work.join("conformance");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("removing `{}`", out.display()))?;
    }
    // Built by the tests of the workspace.
    let binary = target(root).join("debug").join(format!("twinlake{}", std::env::consts::EXE_SUFFIX));
    let mut validate = node(&["validate.mjs", "--us-core"]);
    validate.arg(&us_core).arg("--report").arg(out.join("report.json"));
    for format in FORMATS {
        let folder = out.join(format);
        let mut generate = Command::new(&binary);
        generate.args(["generate", "--patients", PATIENTS, "--fhir-format", format, "--fhir-dir"]).arg(&folder);
        succeed(&mut generate)?;
        validate.arg(&folder);
    }
    succeed(&mut validate)
}

/// Whether Node, new enough, and npm are on the path.
fn has_node() -> bool {
    let Ok(node) = Command::new("node").arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&node.stdout).trim().trim_start_matches('v').to_owned();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let has_npm = Command::new("npm").arg("--version").output().is_ok_and(|npm| npm.status.success());
    node.status.success() && major.is_some_and(|major| major >= OLDEST_NODE) && has_npm
}

/// Installs Debian's packages where that is ours to do, and looks again.
fn has_installed_node() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !is_root {
        return false;
    }
    say("installing nodejs and npm");
    let apt = |arguments: &[&str]| {
        let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        status.is_ok_and(|status| status.success())
    };
    apt(&["update", "-qq"]) && apt(&["install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm"]) && has_node()
}

/// A folder with exactly the pinned packages in `node_modules`, made again when a pin changes.
fn node_environment(tool: &Path, folder: &Path) -> Result<PathBuf> {
    const PINS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
    let read = |name: &str| {
        let path = tool.join(name);
        fs::read_to_string(&path).with_context(|| format!("reading `{}`", path.display()))
    };
    let wanted = PINS.iter().map(|name| read(name)).collect::<Result<Vec<_>>>()?;
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted.concat()) {
        return Ok(folder.to_owned());
    }
    say(&format!("installing the validator in {}", folder.display()));
    fs::create_dir_all(folder).with_context(|| format!("making folder `{}`", folder.display()))?;
    for (name, content) in PINS.iter().zip(&wanted) {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing `{}`", path.display()))?;
    }
    succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
    fs::write(&stamp, wanted.concat()).with_context(|| format!("writing `{}`", stamp.display()))?;
    Ok(folder.to_owned())
}
