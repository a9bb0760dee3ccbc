//! What a registration desk knows of a person besides who they are.

use chrono::{NaiveDate, NaiveDateTime};

/// A language that people speak.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    #[default]
    English,
    Spanish,
}

/// Marital status, as HL7 codes it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MaritalStatus {
    NeverMarried,
    Married,
    Divorced,
    Widowed,
}

/// What a registration desk knows of a person; never in OMOP.
#[derive(Clone, Debug, Default)]
pub struct Personal {
    /// Language preferred.
    pub language: Language,
    /// Marital status of an adult, on the day of the last visit; unknown of some.
    pub marital_status: Option<MaritalStatus>,
    /// Ends of the visits at which the marital status had become another than at the visit before.
    pub marital_changes: Vec<NaiveDateTime>,
    /// Electronic mail address, of a domain reserved for examples.
    pub email: Option<String>,
    /// The street of the address before this one, and the day of the move, which lies before the chart's window.
    pub former_address: Option<(String, NaiveDate)>,
}
