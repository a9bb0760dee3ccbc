//! [`Vaccine`]: doses by age and by calendar.

use serde::Deserialize;

use crate::key::Key;

/// A vaccine: `vaccines/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vaccine {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Ages of the doses, in months.
    #[serde(default)]
    pub ages_months: Vec<f64>,
    /// After the last of those doses, or from `from_age_months`, again every so many months.
    pub every_months: Option<f64>,
    /// First age of the repeated doses.
    #[serde(default)]
    pub from_age_months: f64,
    /// Months of the year, 1 to 12, in which it is given; all when empty.
    #[serde(default)]
    pub months: Vec<u32>,
    /// Share of people who take it.
    pub uptake: f64,
    /// A dose that fell due this many months ago is not caught up.
    pub too_late_months: f64,
    /// Where ages and uptake are from.
    pub source: Key,
}
