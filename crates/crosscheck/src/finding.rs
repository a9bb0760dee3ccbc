//! [`Finding`]: one disagreement, or one broken rule.

use std::collections::BTreeSet;

use serde::Serialize;
use twinlake_omop::Table;

use crate::registry;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; does not fail a run.
    Warning,
    /// The two sides disagree, or a rule is broken.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One disagreement between the two sides, or one broken rule.
///
/// `rule` is `{table}.{column}` where a value is at stake (`condition_occurrence.condition_start_date`), else
/// `{table}.{what}`, or `fhir.{what}` for FHIR alone; [`crate::rule`] says what it means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Id of the [`crate::Rule`].
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// OMOP table, when one is concerned.
    pub table: Option<Table>,
    /// OMOP column, when one is concerned.
    pub column: Option<&'static str>,
    /// The person, when one is concerned.
    pub person_id: Option<i64>,
    /// Key of the OMOP row.
    pub key: Option<i64>,
    /// The resource, `Condition/c-17`, when one is concerned.
    pub resource: Option<String>,
    /// The element of it, `Observation.component[1].valueQuantity`, when one is concerned.
    pub path: Option<String>,
    /// File and line of the resource, `Condition.ndjson:17`, where that is known.
    pub place: Option<String>,
    /// What FHIR says.
    pub fhir: Option<String>,
    /// What OMOP says.
    pub omop: Option<String>,
    /// Both sides in one sentence.
    pub message: String,
}

impl Finding {
    /// A finding on an OMOP table; `what` is a column or the name of a rule.
    pub(crate) fn on(table: Table, what: &str, message: impl Into<String>) -> Self {
        let rule = format!("{table}.{what}");
        debug_assert!(registry::rule(&rule).is_some(), "`{rule}` is not registered");
        Finding {
            rule,
            severity: Severity::Error,
            table: Some(table),
            column: table.spec().fields.iter().map(|field| field.name).find(|name| *name == what),
            person_id: None,
            key: None,
            resource: None,
            path: None,
            place: None,
            fhir: None,
            omop: None,
            message: message.into(),
        }
    }

    /// A finding on FHIR that is of no row and, so far, of no person.
    pub fn on_fhir(rule: &str, severity: Severity, message: impl Into<String>) -> Self {
        debug_assert!(registry::rule(rule).is_some(), "`{rule}` is not registered");
        Finding {
            rule: rule.to_owned(),
            severity,
            table: None,
            column: None,
            person_id: None,
            key: None,
            resource: None,
            path: None,
            place: None,
            fhir: None,
            omop: None,
            message: message.into(),
        }
    }

    pub(crate) fn of_row(mut self, person_id: Option<i64>, key: Option<i64>) -> Self {
        self.person_id = person_id;
        self.key = key;
        self
    }

    pub(crate) fn saying(mut self, fhir: Option<String>, omop: Option<String>) -> Self {
        self.fhir = fhir;
        self.omop = omop;
        self
    }

    pub(crate) fn of_resource(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// What the finding is about, so that it is known again in another run: the row, else the resource and its element,
    /// else the person, else its whole message.
    pub fn subject(&self) -> String {
        match (self.table, self.key, &self.resource, self.person_id) {
            (Some(table), Some(key), ..) => format!("{table} {key}"),
            (_, _, Some(resource), _) => match &self.path {
                Some(path) => format!("{resource} {path}"),
                None => resource.clone(),
            },
            (Some(table), None, None, None) => table.name().to_owned(),
            (_, _, None, Some(person)) => format!("person {person}"),
            (None, _, None, None) => self.message.clone(),
        }
    }

    pub(crate) fn at(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// What a column is about: columns that say the same in several forms (day and time; concept, source value and source
/// concept) share a topic, and one fault in a topic is one finding.
pub(crate) fn topic(column: &'static str) -> &'static str {
    if matches!(column, "year_of_birth" | "month_of_birth" | "day_of_birth" | "birth_datetime") {
        return "birth";
    }
    if column.starts_with("value_") {
        return "value";
    }
    for suffix in ["_source_concept_id", "_source_value", "_concept_id", "_datetime", "_date", "_time"] {
        if let Some(stem) = column.strip_suffix(suffix) {
            return match (suffix, stem) {
                // The start of a measurement and its concept share a stem.
                ("_datetime" | "_date" | "_time", "measurement") => "measurement_date",
                ("_datetime" | "_date" | "_time", "observation") => "observation_date",
                ("_datetime" | "_date" | "_time", "procedure") => "procedure_date",
                ("_datetime" | "_date" | "_time", "specimen") => "specimen_date",
                ("_datetime" | "_date" | "_time", "note") => "note_date",
                _ => stem,
            };
        }
    }
    column
}

/// Findings of a person, and which topics of which rows have one, so that a second rule does not say it again.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    said: BTreeSet<(Table, Option<i64>, &'static str)>,
}

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        if let (Some(table), Some(column)) = (finding.table, finding.column) {
            self.said.insert((table, finding.key, topic(column)));
        }
        self.list.push(finding);
    }

    /// Whether something was said about this topic of this row.
    pub(crate) fn said(&self, table: Table, key: Option<i64>, column: &'static str) -> bool {
        self.said.contains(&(table, key, topic(column)))
    }
}
