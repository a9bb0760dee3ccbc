//! Why a lake refused.

use std::path::PathBuf;

/// Why a lake could not be opened, written or committed to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file or folder of the lake could not be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, e.g. `create`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The catalog or the table format refused.
    #[error("cannot {doing} `{name}`")]
    Iceberg {
        /// What was tried, e.g. `load table`.
        doing: &'static str,
        /// The table, namespace or file.
        name: String,
        /// The library's answer.
        source: Box<iceberg::Error>,
    },
    /// A table name is not `<namespace>.<table>`.
    #[error("`{name}` is no table name, expected `<namespace>.<table>`")]
    TableName {
        /// The name as given.
        name: String,
    },
    /// A run id holds a character that cannot stand in a file name or property.
    #[error("`{run_id}` is no run id, expected letters, digits, `-`, `_`, `.` and `:`")]
    RunId {
        /// The run id as given.
        run_id: String,
    },
    /// The table is not in the catalog.
    #[error("the lake has no table `{table}`")]
    UnknownTable {
        /// The table.
        table: String,
    },
    /// The catalog's table of that name belongs to another lake.
    #[error(
        "table `{table}` lies in `{location}`, not in this lake's `{warehouse}`: the lake was moved, or its catalog is another's"
    )]
    Elsewhere {
        /// The table.
        table: String,
        /// Where the catalog says it lies.
        location: String,
        /// Where this lake's tables lie.
        warehouse: String,
    },
    /// A table of that name has other columns.
    #[error("table `{table}` has another schema: {difference}")]
    Schema {
        /// The table.
        table: String,
        /// The first column that differs, and both types.
        difference: String,
    },
    /// A record batch does not fit the table.
    #[error("a batch does not fit table `{table}`: {difference}")]
    Batch {
        /// The table.
        table: String,
        /// What does not fit.
        difference: String,
    },
    /// Arrow could not convert a batch.
    #[error("cannot bring a batch into the schema of `{table}`")]
    Arrow {
        /// The table.
        table: String,
        /// Arrow's answer.
        source: arrow::error::ArrowError,
    },
    /// A line of a hand-over list is no data file of the table.
    #[error("line {line} of the hand-over list of `{table}` is not a data file of that table")]
    HandOver {
        /// The table.
        table: String,
        /// The line, counted from 1.
        line: usize,
        /// The library's answer; none when the file lies outside the table.
        source: Option<Box<iceberg::Error>>,
    },
    /// The lake holds another cohort.
    #[error(
        "this lake holds the cohort `{present}`, so `{wanted}` cannot be added: both would have a person 1; choose another lake"
    )]
    Cohort {
        /// The cohort whose patients are in the lake.
        present: String,
        /// The cohort that was to be added.
        wanted: String,
    },
    /// The catalog said yes, but the commit is not in the table.
    #[error("the commit of run `{run_id}` to `{table}` is not in the table; run it again")]
    Lost {
        /// The table.
        table: String,
        /// The run.
        run_id: String,
    },
    /// The thread pool of a blocking lake could not be started.
    #[error("cannot start the threads that talk to the lake")]
    Runtime {
        /// The system's answer.
        source: std::io::Error,
    },
}

impl LakeError {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn iceberg(doing: &'static str, name: impl Into<String>) -> impl FnOnce(iceberg::Error) -> Self {
        let name = name.into();
        move |source| Self::Iceberg { doing, name, source: Box::new(source) }
    }
}
