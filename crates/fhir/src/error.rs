//! What can be wrong with the text of a resource, and where.

use std::fmt::Display;

use serde::de;

/// Why a text could not be read as a FHIR resource.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FhirError {
    /// The object has no `resourceType`, or it is not a string.
    #[error("missing resourceType")]
    MissingResourceType,
    /// The text ends within the resource.
    #[error("truncated at line {line} column {column}")]
    Truncated {
        /// Line within the text, from 1.
        line: usize,
        /// Column within the line, from 1.
        column: usize,
    },
    /// The text is not JSON, or not one JSON object.
    #[error("{message} at line {line} column {column}")]
    Syntax {
        /// What was found and what was expected.
        message: String,
        /// Line within the text, from 1.
        line: usize,
        /// Column within the line, from 1.
        column: usize,
    },
    /// An element does not have the type that FHIR gives it, or comes twice.
    #[error("`{path}`: {message} at line {line} column {column}")]
    Element {
        /// The element, e.g. `Observation.component[2].valueQuantity.value`.
        path: String,
        /// What was found and what was expected.
        message: String,
        /// Line within the text, from 1.
        line: usize,
        /// Column within the line, from 1.
        column: usize,
    },
    /// A line of an NDJSON file that could not be read.
    #[error("line {line}: {source}")]
    Line {
        /// Line of the input, from 1.
        line: u64,
        /// What is wrong with it.
        source: Box<FhirError>,
    },
    /// A Bundle's entry that could not be read.
    #[error("entry {entry} on line {line}: {source}")]
    Entry {
        /// Number of the entry, from 0.
        entry: u64,
        /// Line of the input on which the entry begins, from 1.
        line: u64,
        /// What is wrong with it.
        source: Box<FhirError>,
    },
    /// A resource of another type than the one asked for.
    #[error("expected a {expected}, found a {found}")]
    OtherType {
        /// The type that was asked for.
        expected: &'static str,
        /// The type that the text has.
        found: String,
    },
    /// The input could not be read any further, e.g. because a compressed stream is cut off.
    #[error("cannot read past line {line}")]
    Read {
        /// The last line that was read whole.
        line: u64,
        /// What the system or the decompressor says.
        source: std::io::Error,
    },
    /// A line is longer than any resource should be.
    #[error("line {line} is longer than {} MiB, which is more than a resource may have", limit >> 20)]
    LongLine {
        /// Line of the input, from 1.
        line: u64,
        /// The most bytes that a line may have.
        limit: usize,
    },
    /// A line holds bytes that are not UTF-8.
    #[error("line {line} is not UTF-8")]
    Encoding {
        /// Line of the input, from 1.
        line: u64,
    },
}

impl FhirError {
    /// The same error, as that of a line of an NDJSON file.
    #[must_use]
    pub fn on_line(self, line: u64) -> Self {
        FhirError::Line { line, source: Box::new(self) }
    }

    /// The line of the file where the error shows; `first` is the line of the file on which the text begins that was
    /// read.
    pub fn line_from(&self, first: u64) -> u64 {
        let within = |line: &usize| first + (*line as u64).saturating_sub(1);
        match self {
            FhirError::MissingResourceType | FhirError::OtherType { .. } => first,
            FhirError::Truncated { line, .. } | FhirError::Syntax { line, .. } | FhirError::Element { line, .. } => {
                within(line)
            }
            FhirError::Line { line, .. }
            | FhirError::Entry { line, .. }
            | FhirError::Read { line, .. }
            | FhirError::LongLine { line, .. }
            | FhirError::Encoding { line } => *line,
        }
    }

    /// Reads an error of `serde_json`, whose message may carry the path that [`within`] has gathered.
    pub(crate) fn from_json(resource_type: &str, text: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
        let (path, message) = split_path(said);
        // A number that ends with its point is "invalid" to serde_json, also at the end of the text.
        let ends_in_number = message == "invalid number" && text.ends_with(['.', 'e', 'E', '-', '+']);
        if message.starts_with("EOF while parsing") || ends_in_number {
            FhirError::Truncated { line, column }
        } else if let Some(path) = path {
            let dot = if path.starts_with('[') { "" } else { "." };
            FhirError::Element {
                path: format!("{resource_type}{dot}{path}"),
                message: message.to_owned(),
                line,
                column,
            }
        } else {
            FhirError::Syntax { message: message.to_owned(), line, column }
        }
    }
}

/// Stands around the path of an element at the start of a message; no JSON key that fails to parse can hold it first.
const MARK: char = '\u{1}';

/// The same error, with `step` in front of its element path. Line and column survive, as `serde_json` finds them in the
/// message.
pub(crate) fn within<E: de::Error>(step: impl Display, error: &impl Display) -> E {
    let text = error.to_string();
    let (path, message) = split_path(&text);
    match path {
        Some(path) if path.starts_with('[') => E::custom(format_args!("{MARK}{step}{path}{MARK}{message}")),
        Some(path) => E::custom(format_args!("{MARK}{step}.{path}{MARK}{message}")),
        None => E::custom(format_args!("{MARK}{step}{MARK}{message}")),
    }
}

fn split_path(text: &str) -> (Option<&str>, &str) {
    match text.strip_prefix(MARK).and_then(|rest| rest.split_once(MARK)) {
        Some((path, message)) => (Some(path), message),
        None => (None, text),
    }
}
