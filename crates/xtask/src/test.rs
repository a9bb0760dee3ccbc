//! `cargo xtask test`: sets up what the tests need, then passes them all.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

/// Sets up the Python environment, runs the Rust tests (the AWS crates too), then the readers that are not ours.
pub(crate) fn run(root: &Path) -> Result<()> {
    let started = Instant::now();
    let python = python_environment(root, "venv", "tests/requirements.txt")?;
    let emulator = python_environment(root, "venv-aws", "tests/requirements-aws.txt")?.with_file_name("ministack");
    let home = target(root).join("twinlake-test").join("home");
    let environment = [
        ("TWINLAKE_PYTHON", python.clone().into_os_string()),
        ("TWINLAKE_HOME", home.into_os_string()),
        ("TWINLAKE_MINISTACK", emulator.into_os_string()),
    ];
    cargo(root, &["test", "--workspace", "--no-fail-fast"], &environment)?;
    // Where the feature makes a difference; everything below it is compiled by now.
    cargo(root, &["test", "--package", "twinlake-commit", "--features", "aws"], &environment)?;
    let lake = lake_for_readers(root, &environment)?;
    say(&format!("reading the lake of {} with PyIceberg and DuckDB", lake.display()));
    let kit = load_kit(root)?;
    let omop = omop_tables(root)?;
    databases();
    let extensions = target(root).join("twinlake-test").join("duckdb-extensions");
    succeed(Command::new(&python).arg("dbt/scripts/install_extensions.py").arg(&extensions).current_dir(root))?;
    let mut pytest = Command::new(&python);
    pytest
        .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests/external"])
        .env("TWINLAKE_OUT", &lake)
        .env("TWINLAKE_LOAD_KIT", &kit)
        .env("TWINLAKE_OMOP", &omop)
        .env("TWINLAKE_DUCKDB_EXTENSIONS", &extensions)
        .env("TWINLAKE_BIN", binary(root))
        .current_dir(root);
    match pysof_environment(root) {
        Ok(python) => {
            pytest.env("TWINLAKE_PYSOF", python);
        }
        Err(error) => say(&format!("SKIPPED: what compares the views with another engine ({error:#})")),
    }
    succeed(&mut pytest)?;
    crate::conformance::run(root)?;
    for name in published_data_missing(root) {
        say(&format!("SKIPPED: what compares with the published `{name}`; name its parent folder in TWINLAKE_SPECS"));
    }
    say(&format!("all tests passed in {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Runs the official cases of SQL on FHIR by our engine and writes what came of each, as their registry of engines reads
/// it. The file is relative to the workspace.
pub(crate) fn report(root: &Path, output: &Path) -> Result<()> {
    let suite = specs(root).join("sql-on-fhir");
    if !suite.is_dir() {
        bail!("no official cases in `{}`; name its parent folder in TWINLAKE_SPECS", suite.display());
    }
    let output = std::path::absolute(root.join(output))?;
    let environment = [("TWINLAKE_TEST_REPORT", output.clone().into_os_string())];
    cargo(root, &["test", "--workspace", "--test", "official", "official_cases_pass"], &environment)?;
    say(&format!("wrote {}", output.display()));
    Ok(())
}

/// Makes a small cohort's lake with the binary that the tests built, for the readers of `tests/external`.
fn lake_for_readers(root: &Path, environment: &[(&str, OsString)]) -> Result<PathBuf> {
    let out = target(root).join("twinlake-test").join("readers");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("removing `{}`", out.display()))?;
    }
    let mut run = Command::new(binary(root));
    run.args(["run", "--patients", "200", "--run-id", "readers", "--out"]).arg(&out).current_dir(root);
    succeed(run.envs(environment.iter().map(|(name, value)| (*name, value))))?;
    Ok(out)
}

/// Writes a small cohort as CSV, in two parts, with the SQL that loads it into a database.
fn load_kit(root: &Path) -> Result<PathBuf> {
    let out = target(root).join("twinlake-test").join("load-kit");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("removing `{}`", out.display()))?;
    }
    for shard in ["1/2", "2/2"] {
        let mut generate = Command::new(binary(root));
        generate.args(["generate", "--patients", "200", "--omop-format", "csv", "--shard", shard, "--omop-dir"]);
        succeed(generate.arg(&out).current_dir(root))?;
    }
    Ok(out)
}

/// Writes the OMOP tables of a cohort, large enough for the checks of data quality.
fn omop_tables(root: &Path) -> Result<PathBuf> {
    let out = target(root).join("twinlake-test").join("quality");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("removing `{}`", out.display()))?;
    }
    let mut generate = Command::new(binary(root));
    generate.args(["generate", "--patients", "1000", "--omop-dir"]);
    succeed(generate.arg(&out).current_dir(root))?;
    Ok(out)
}

/// The binary that the tests of the workspace built; `cargo run` would build it again with other features of its libraries.
pub(crate) fn binary(root: &Path) -> PathBuf {
    target(root).join("debug").join(format!("twinlake{}", std::env::consts::EXE_SUFFIX))
}

/// Installs `PostgreSQL` and R where that can be done, else says what is not tested without them.
fn databases() {
    for (package, program) in [("postgresql", "psql"), ("r-base-core", "Rscript")] {
        if runs(Command::new(program).arg("--version")) {
            continue;
        }
        if !installed(package) {
            say(&format!("SKIPPED: what needs `{program}` (Debian: apt-get install {package})"));
        }
    }
}

/// Installs Debian's packages where that can be done; false where it cannot.
pub(crate) fn installed(packages: &str) -> bool {
    let install = "apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends";
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let done = is_root && runs(Command::new("sh").args(["-c", &format!("{install} {packages}")]));
    if done {
        say(&format!("installed {packages}"));
    }
    done
}

/// Whether a command ends well; what it prints is not shown.
fn runs(command: &mut Command) -> bool {
    command.env("DEBIAN_FRONTEND", "noninteractive").output().is_ok_and(|output| output.status.success())
}

/// The folders of published data that tests would compare with and that are not here.
fn published_data_missing(root: &Path) -> Vec<&'static str> {
    let folders = ["omop-cdm-5.4", "sql-on-fhir", "synthea-sample", "us-core", "vocabulary"];
    folders.into_iter().filter(|name| !specs(root).join(name).is_dir()).collect()
}

/// The folder of published specifications and extracts.
pub(crate) fn specs(root: &Path) -> PathBuf {
    std::env::var_os("TWINLAKE_SPECS").map_or_else(|| root.join("../shared"), PathBuf::from)
}

/// A Python environment with exactly the pinned packages, made again when a pin changes; gives its interpreter.
pub(crate) fn python_environment(root: &Path, name: &str, requirements: &str) -> Result<PathBuf> {
    let requirements = root.join(requirements);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("reading `{}`", requirements.display()))?;
    let folder = target(root).join("twinlake-test").join(name);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    say(&format!("making the Python environment {}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing `{}`", folder.display()))?;
    }
    succeed(Command::new(system_python()?).args(["-m", "venv"]).arg(&folder))?;
    succeed(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&requirements),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("writing `{}`", stamp.display()))?;
    Ok(python)
}

/// As [`python_environment`], with pysof, another engine of SQL on FHIR, in it; an error where that does not load.
pub(crate) fn pysof_environment(root: &Path) -> Result<PathBuf> {
    let python = python_environment(root, "venv-pysof", "tests/requirements-pysof.txt")?;
    succeed(Command::new(&python).arg(root.join("tests/mend_pysof.py")))?;
    Ok(python)
}

/// The first Python 3.10 to 3.13 on the path.
pub(crate) fn system_python() -> Result<&'static str> {
    let known = "import sys, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 14))";
    for name in ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"] {
        if Command::new(name).args(["-c", known]).output().is_ok_and(|output| output.status.success()) {
            return Ok(name);
        }
    }
    bail!("no Python 3.10 to 3.13 with the `venv` module was found (Debian: apt-get install python3-venv)")
}

/// Cargo's target folder.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Runs cargo at the workspace's root.
pub(crate) fn cargo(root: &Path, arguments: &[&str], environment: &[(&str, OsString)]) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root).envs(environment.iter().map(|(name, value)| (*name, value)));
    succeed(&mut command)
}

/// Runs a command and fails when it does.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    say(&format!("{command:?}").replace('"', ""));
    let status = command.status().with_context(|| format!("starting {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a chore tells people what it does")]
pub(crate) fn say(text: &str) {
    eprintln!("xtask: {text}");
}
