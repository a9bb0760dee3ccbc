//! What laboratory results are measured in, and the reports that gather them.

use serde::Deserialize;

use crate::key::Key;

/// A kind of specimen that laboratory results are measured in: `specimens/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specimen {
    /// Name; what labs refer to.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// What people call it.
    pub name: Key,
}

/// A laboratory report: `reports/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Keys of the labs it gathers.
    pub results: Vec<Key>,
}
