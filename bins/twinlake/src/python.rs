//! The Python environment that dbt and DuckDB run in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use include_dir::{Dir, include_dir};
use twinlake_task::PartialFile;

/// The dbt project, so that the program runs outside a clone too.
static PROJECT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../dbt");

/// Where a Python environment with dbt and DuckDB is, or is to be made.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PythonArgs {
    /// Python with the packages of dbt/requirements.txt, to use instead of an environment of our own
    #[arg(long, env = "TWINLAKE_PYTHON", value_name = "FILE")]
    python: Option<PathBuf>,

    /// Folder of the Python environment, made on first use [default: twinlake in the user's cache folder]
    #[arg(long, env = "TWINLAKE_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
}

/// A Python with dbt and DuckDB, and DuckDB's extensions beside it.
#[derive(Debug)]
pub(crate) struct Python {
    interpreter: PathBuf,
    extensions: PathBuf,
}

impl Python {
    /// Finds the environment or makes it, saying so on stderr.
    ///
    /// # Errors
    ///
    /// No Python 3.10 to 3.13 on the path, or packages that cannot be installed.
    pub(crate) fn prepare(args: &PythonArgs) -> Result<Self> {
        let home =
            args.home.clone().or_else(cache_folder).context("no folder for the Python environment; give --home DIR")?;
        let requirements = embedded("requirements.txt")?;
        let script = embedded("scripts/install_extensions.py")?;
        // Another version of the program may want other packages: each set has its own folder.
        let folder = home.join(format!("python-{:016x}", fingerprint(&[requirements, script])));
        let python = Self {
            interpreter: args.python.clone().unwrap_or_else(|| folder.join(interpreter_in_environment())),
            extensions: folder.join("duckdb-extensions"),
        };
        if let Some(given) = &args.python {
            // Told before any work with its name, whatever is prepared already.
            let found = Command::new(given).args(["-c", ""]).output();
            let found = found.with_context(|| format!("starting the Python `{}`", given.display()))?;
            ensure!(found.status.success(), "`{}` is no Python: it ended with {}", given.display(), found.status);
        }
        // With an interpreter of the user's there is no environment, only the extensions.
        let stamp = folder.join(if args.python.is_some() { "extensions-complete" } else { "complete" });
        if stamp.exists() {
            return Ok(python);
        }
        fs::create_dir_all(&folder).with_context(|| format!("making folder `{}`", folder.display()))?;
        // Two first runs at once: the second waits, and finds it done.
        let lock = File::create(folder.join("lock")).with_context(|| format!("writing in `{}`", folder.display()))?;
        lock.lock().with_context(|| format!("locking `{}`", folder.display()))?;
        if stamp.exists() {
            return Ok(python);
        }
        let wanted = folder.join("requirements.txt");
        PartialFile::write_all_to(&wanted, requirements.as_bytes())?;
        let script_file = folder.join("install_extensions.py");
        PartialFile::write_all_to(&script_file, script.as_bytes())?;
        if args.python.is_none() {
            say(&format!(
                "first use: making a Python environment for dbt and DuckDB in {} (about a minute)",
                folder.display()
            ));
            run(Command::new(system_python()?).args(["-m", "venv", "--clear"]).arg(folder.join("venv")))?;
            run(Command::new(&python.interpreter)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"])
                .arg("--requirement")
                .arg(&wanted))?;
        }
        run(Command::new(&python.interpreter).arg(&script_file).arg(&python.extensions))?;
        PartialFile::write_all_to(&stamp, b"")?;
        Ok(python)
    }

    /// A command of this Python that finds DuckDB's extensions.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.env("TWINLAKE_DUCKDB_EXTENSIONS", &self.extensions).env("PYTHONUTF8", "1");
        command
    }
}

/// Writes the embedded dbt project below a folder.
pub(crate) fn unpack_project(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making folder `{}`", folder.display()))?;
    PROJECT.extract(folder).with_context(|| format!("writing the dbt project to `{}`", folder.display()))
}

fn embedded(path: &str) -> Result<&'static str> {
    let file = PROJECT.get_file(path).with_context(|| format!("the embedded dbt project has no `{path}`"))?;
    file.contents_utf8().with_context(|| format!("`{path}` is not UTF-8"))
}

fn interpreter_in_environment() -> &'static str {
    if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" }
}

/// FNV-1a: tells sets of packages apart.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn cache_folder() -> Option<PathBuf> {
    let below = |name: &str, rest: &str| std::env::var_os(name).map(|folder| Path::new(&folder).join(rest));
    below("XDG_CACHE_HOME", "twinlake")
        .or_else(|| below("LOCALAPPDATA", "twinlake"))
        .or_else(|| below("HOME", ".cache/twinlake"))
}

/// The first Python 3.10 to 3.13 on the path; run, not looked up, since a launcher may be there and fail.
fn system_python() -> Result<&'static str> {
    let suits = "import sys, venv; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)";
    ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]
        .into_iter()
        .find(|name| Command::new(name).args(["-c", suits]).output().is_ok_and(|output| output.status.success()))
        .context(
            "no Python 3.10 to 3.13 with the `venv` module was found (Debian: apt-get install python3-venv); \
             give --python FILE, or leave the marts out with --skip transform",
        )
}

/// Runs a command quietly; when it fails, its output is the error.
fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("starting {}", command.get_program().display()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim_end());
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the first use takes a minute and says why")]
fn say(text: &str) {
    eprintln!("{text}");
}
