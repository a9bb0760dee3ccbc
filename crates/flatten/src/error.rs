//! What can go wrong: with a view before it runs, and with a resource while it does.

use crate::tape::BadJson;

/// Why a ViewDefinition cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The text is not JSON.
    #[error("the view is not JSON")]
    Json(#[source] Box<sonic_rs::Error>),
    /// An element of the view is missing, or is not what the specification says.
    #[error("view `{view}`: {place}: {reason}")]
    Element {
        /// The view's name, or its resource type when it has none.
        view: String,
        /// Where in the view, e.g. `select[0].column[1].path`.
        place: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A path that is no FHIRPath of the supported subset.
    #[error("view `{view}`: {place}: path `{path}`, character {at}: {reason}")]
    Path {
        /// The view's name, or its resource type when it has none.
        view: String,
        /// Where in the view, e.g. `select[0].column[1].path`.
        place: String,
        /// The path as written.
        path: String,
        /// Which character of the path, counted from 1.
        at: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// One plan is for one resource type.
    #[error("the views are of `{first}` and `{second}`, but a plan is for one resource type")]
    MixedResources {
        /// Resource type of the first view.
        first: String,
        /// The other one.
        second: String,
    },
}

/// Why a resource could not be flattened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlattenError {
    /// The text is not JSON.
    #[error("not JSON: {reason}, at byte {at}")]
    Json {
        /// Where in the text of the resource, in bytes from 0.
        at: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The text is JSON, but not an object with a `resourceType`.
    #[error("not a FHIR resource: {reason}")]
    NotAResource {
        /// What is missing.
        reason: &'static str,
    },
    /// A column's path gave several values and the column is not a collection.
    #[error("view `{view}`, column `{column}`: `{path}` gave {count} values in {resource}, expected at most one")]
    NotSingular {
        /// The view.
        view: String,
        /// The column.
        column: String,
        /// The column's path.
        path: String,
        /// `Type/id` of the resource.
        resource: String,
        /// How many values there were.
        count: usize,
    },
    /// A path of the view's `where` gave something else than a boolean.
    #[error("view `{view}`, where: `{path}` gave something else than a boolean in {resource}")]
    NotBoolean {
        /// The view.
        view: String,
        /// The path.
        path: String,
        /// `Type/id` of the resource.
        resource: String,
    },
    /// A value that its column's type cannot hold.
    #[error("view `{view}`, column `{column}`: `{value}` in {resource} is not a {expected}")]
    Value {
        /// The view.
        view: String,
        /// The column.
        column: String,
        /// The value as written, shortened.
        value: String,
        /// What the column holds.
        expected: String,
        /// `Type/id` of the resource.
        resource: String,
    },
    /// A column of the rows of one resource has more text than a batch holds, 2 GiB.
    #[error("view `{view}`, column `{column}`: {resource} gives more than 2 GiB of text")]
    TooMuchText {
        /// The view.
        view: String,
        /// The column.
        column: String,
        /// `Type/id` of the resource.
        resource: String,
    },
    /// A path that could not be evaluated.
    #[error("view `{view}`: `{path}`, character {at}, in {resource}: {reason}")]
    Path {
        /// The view.
        view: String,
        /// The path.
        path: String,
        /// Which character of the path, counted from 1.
        at: usize,
        /// `Type/id` of the resource.
        resource: String,
        /// What is wrong.
        reason: String,
    },
}

impl From<BadJson> for FlattenError {
    fn from(bad: BadJson) -> Self {
        Self::Json { at: bad.at, reason: bad.reason }
    }
}

/// What is allowed in a view, but may fail on some resource.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ViewWarning {
    /// The view's name, or its resource type when it has none.
    pub view: String,
    /// Where in the view, e.g. `select[0].column[1].path`.
    pub place: String,
    /// The path as written.
    pub path: String,
    /// Which character of the path, counted from 1.
    pub at: usize,
    /// What may go wrong, and what would prevent it.
    pub reason: String,
}

impl std::fmt::Display for ViewWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { view, place, path, at, reason } = self;
        write!(f, "view `{view}`: {place}: path `{path}`, character {at}: {reason}")
    }
}

/// A fault inside a path: where, and what. The caller knows which view, column and resource it belongs to.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Byte offset in the path.
    pub(crate) at: usize,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    /// Which character of the path, counted from 1.
    pub(crate) fn character(&self, path: &str) -> usize {
        path.get(..self.at).map_or(self.at, |before| before.chars().count()) + 1
    }
}
