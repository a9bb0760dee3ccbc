//! [`Defect`]: one line of the answer key.

use twinlake_omop::Table;

use crate::kind::Kind;

/// What was done to one patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Defect {
    /// The kind of fault.
    pub kind: &'static Kind,
    /// The person it is in.
    pub person_id: i64,
    /// Resource type and id of what it is in; none when only OMOP has it.
    pub resource: Option<(String, String)>,
    /// Table and key of the row that it is in, or that the resource gives; none when the resource gives none.
    pub row: Option<(Table, i64)>,
    /// FHIR path or OMOP column; none when all of it is concerned.
    pub field: Option<String>,
    /// What stood there.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
}
