//! Where things lie below `--out`.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

/// The folders of an output folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The output folder itself.
    pub(crate) out: PathBuf,
}

impl Layout {
    pub(crate) fn new(out: &Path) -> Self {
        Self { out: out.to_owned() }
    }

    /// The Iceberg lake: `catalog.db` and `warehouse/`.
    pub(crate) fn lake(&self) -> PathBuf {
        self.out.join("lake")
    }

    /// Plans, hand-over lists and summaries, a folder a run.
    pub(crate) fn runs(&self) -> PathBuf {
        self.out.join("runs")
    }

    /// The folder of a run.
    pub(crate) fn run(&self, run_id: &str) -> PathBuf {
        self.runs().join(run_id)
    }

    /// The run's resources, one type a file.
    pub(crate) fn resources(&self, run_id: &str, load_date: NaiveDate) -> PathBuf {
        self.out.join(format!("raw/resources/dt={load_date}/run={run_id}"))
    }

    /// What could not be read.
    pub(crate) fn rejected(&self, run_id: &str, load_date: NaiveDate) -> PathBuf {
        self.out.join(format!("raw/rejected/dt={load_date}/run={run_id}"))
    }

    /// The marts. Not `marts.duckdb`: DuckDB names the catalog after the file, and a schema of that name is inside.
    pub(crate) fn database(&self) -> PathBuf {
        self.out.join("twinlake.duckdb")
    }
}
