//! Whether a run may be published: what its checks said, beside its plan.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use twinlake_lake::RunStatus;
use twinlake_task::PartialFile;

/// What the checks of a run said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may be committed, and is listed with this status.
    Publish(RunStatus),
    /// It may not: it does not agree with itself.
    Stopped,
}

/// Name of the file in the run's folder.
const FILE: &str = "verdict";

impl Verdict {
    /// Writes `verdict` into the run's folder.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, by name.
    pub fn write(self, run: &Path) -> Result<()> {
        let word = match self {
            Self::Publish(RunStatus::Done) => "done",
            Self::Publish(RunStatus::Findings) => "findings",
            Self::Stopped => "stopped",
        };
        PartialFile::write_all_to(run.join(FILE), format!("{word}\n").as_bytes())
    }

    /// Reads the verdict of a run; none when its checks have not ended.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or says something else, by name.
    pub fn read(run: &Path) -> Result<Option<Self>> {
        let path = run.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading `{}`", path.display())),
        };
        match text.trim() {
            "done" => Ok(Some(Self::Publish(RunStatus::Done))),
            "findings" => Ok(Some(Self::Publish(RunStatus::Findings))),
            "stopped" => Ok(Some(Self::Stopped)),
            other => bail!("`{}` is no verdict: `{other}`", path.display()),
        }
    }
}
