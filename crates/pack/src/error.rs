//! Why a model pack cannot be used.

/// Why a model pack cannot be used, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file that every pack has is not there.
    #[error("model pack has no `{file}`")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file is not UTF-8.
    #[error("{file} is not UTF-8 text")]
    Encoding {
        /// The file.
        file: String,
    },
    /// A file is not TOML, or has a key we do not know, or lacks one.
    #[error("{file}:{line}: {message}")]
    Toml {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// A row of a CSV file has a wrong value.
    #[error("{file}:{line}: {message}")]
    Csv {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file reads, but what it says cannot be.
    #[error("{file}:{line}: {message}")]
    Lint {
        /// The file.
        file: String,
        /// The line, from 1, of the value in question; 1 where no line has it.
        line: usize,
        /// What is wrong.
        message: String,
    },
}
