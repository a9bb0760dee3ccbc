//! Flags that every binary has.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::plan::now;

/// Flags that every binary has; flatten them into its own.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Id of this run; a rerun under the same id adds nothing [default: made from the time]
    #[arg(long, env = "PIPELINE_RUN_ID", value_name = "ID")]
    run_id: Option<RunId>,

    /// What to log on stderr, e.g. `info`, `debug` or `twinlake_lake=debug`
    #[arg(long, env = "TWINLAKE_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,

    /// How to log on stderr
    #[arg(long, env = "TWINLAKE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,

    #[arg(skip)]
    made: OnceLock<RunId>,
}

impl Args {
    /// The run's id: as given, else made once from the time and a random part.
    pub fn run_id(&self) -> &RunId {
        self.run_id.as_ref().unwrap_or_else(|| self.made.get_or_init(RunId::from_clock))
    }

    /// These flags under a given run id, for a verb that another command starts.
    #[must_use]
    pub fn under(run_id: RunId) -> Self {
        Self { run_id: Some(run_id), ..Self::default() }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log stores.
    Json,
}

/// The id of a run: 1 to 80 letters, digits, `.`, `_` or `-`, beginning with a letter or digit, so that it can be
/// a file name, a property key and the name of a Step Functions execution.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RunId(String);

impl RunId {
    /// An id made from the time, e.g. `run-20260131T120000Z-1f3a`.
    fn from_clock() -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("run-{}-{}", now().format("%Y%m%dT%H%M%SZ"), &random[..4]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 80 {
            return Err("a run id has 1 to 80 characters".into());
        }
        if !text.chars().all(plain) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(
                "a run id is made of letters, digits, `.`, `_` and `-`, and begins with a letter or digit".into()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_a_file_name() {
        assert!("run-1".parse::<RunId>().is_ok());
        for bad in ["", "a/b", "../x", ".hidden", "a b", &"x".repeat(81)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_made_run_id_stays_the_same_for_the_whole_run() {
        let args = Args::default();
        assert_eq!(args.run_id(), args.run_id());
        assert!(args.run_id().as_str().parse::<RunId>().is_ok());
    }
}
