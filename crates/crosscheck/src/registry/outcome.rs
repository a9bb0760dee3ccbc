//! [`RuleResult`]: how each rule ended.

use std::collections::BTreeMap;

use serde::Serialize;
use twinlake_omop::Table;

use super::{Family, Over, Rule, rules};

/// How a rule ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was applied and found nothing.
    Passed,
    /// It found something.
    Failed,
    /// There was nothing to apply it to.
    NotApplicable,
    /// It could not run; this is never a pass.
    Error,
}

impl Status {
    /// `passed`, `failed`, `not_applicable` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed => "failed",
            Status::NotApplicable => "not_applicable",
            Status::Error => "error",
        }
    }
}

/// How one rule ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RuleResult {
    /// Id of the rule.
    pub rule: &'static str,
    /// How it ended.
    pub status: Status,
    /// Why it was not applicable, or could not run; none for the others.
    pub reason: Option<String>,
    /// How many rows, resources or persons it was applied to.
    pub checked: u64,
    /// How many findings it has.
    pub findings: u64,
}

/// What there was to check.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Persons on either side.
    pub persons: u64,
    /// Tables that OMOP has, with rows or without; 0 when nobody told.
    pub tables: u64,
    /// Rows that OMOP has, by table.
    pub rows: BTreeMap<Table, u64>,
    /// Rows that FHIR gives, by table.
    pub given: BTreeMap<Table, u64>,
    /// Resources, by type.
    pub resources: BTreeMap<String, u64>,
    /// Whether a pack's constraints were to be kept.
    pub constraints: bool,
    /// Tables that could not be read, and why.
    pub unread: BTreeMap<Table, String>,
    /// Rules that could not run, and why.
    pub failed_to_run: BTreeMap<&'static str, String>,
    /// Rules that had too little to go on, and why ([`crate::Accounting::not_applicable`]).
    pub not_applicable: BTreeMap<String, String>,
}

/// How every rule ended, by id; `findings` counts those of each rule.
pub fn rule_results(counted: &Counted, findings: &BTreeMap<String, u64>) -> Vec<RuleResult> {
    let result = |rule: &'static Rule| {
        let id: &'static str = &rule.id;
        let found = findings.get(id).copied().unwrap_or_default();
        let (status, reason) = counted.outcome(rule, found);
        let checked = if status == Status::Error { 0 } else { counted.checked(rule.over) };
        RuleResult { rule: id, status, reason, checked, findings: found }
    };
    rules().iter().map(result).collect()
}

impl Counted {
    /// How many of what a rule goes over there are.
    pub fn checked(&self, over: Over) -> u64 {
        let of = |counts: &BTreeMap<Table, u64>, table| counts.get(&table).copied().unwrap_or_default();
        match over {
            Over::Persons => self.persons,
            Over::Tables => self.tables,
            Over::Rows(table) => of(&self.rows, table),
            Over::Given(table) => of(&self.given, table),
            Over::Both(table) => of(&self.rows, table).max(of(&self.given, table)),
            Over::Resources => self.resources.values().sum(),
            Over::ResourcesOf(resource_type) => self.resources.get(resource_type).copied().unwrap_or_default(),
        }
    }

    fn outcome(&self, rule: &Rule, found: u64) -> (Status, Option<String>) {
        let table = match rule.over {
            Over::Rows(table) | Over::Given(table) | Over::Both(table) => Some(table),
            Over::Persons | Over::Tables | Over::Resources | Over::ResourcesOf(_) => None,
        };
        if let Some(reason) = self.failed_to_run.get(&*rule.id) {
            return (Status::Error, Some(reason.clone()));
        }
        if let Some(reason) = table.and_then(|table| self.unread.get(&table)) {
            return (Status::Error, Some(reason.clone()));
        }
        if found > 0 {
            return (Status::Failed, None);
        }
        if rule.family == Family::Constraint && !self.constraints {
            return (Status::NotApplicable, Some("no pack's constraints are to be kept".to_owned()));
        }
        if let Some(reason) = self.not_applicable.get(&*rule.id) {
            return (Status::NotApplicable, Some(reason.clone()));
        }
        if self.checked(rule.over) > 0 {
            return (Status::Passed, None);
        }
        let reason = match rule.over {
            Over::Persons => "there is no person".to_owned(),
            Over::Tables => "which tables there are is not known".to_owned(),
            Over::Rows(table) => format!("OMOP has no row of {table}"),
            Over::Given(table) => format!("FHIR gives no row of {table}"),
            Over::Both(table) => format!("neither side has a row of {table}"),
            Over::Resources => "there is no resource".to_owned(),
            Over::ResourcesOf(resource_type) => format!("there is no {resource_type}"),
        };
        (Status::NotApplicable, Some(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(counted: &Counted, rule: &str, found: u64) -> (Status, u64) {
        let findings = BTreeMap::from([(rule.to_owned(), found)]);
        let results = rule_results(counted, &findings);
        let result = results.iter().find(|result| result.rule == rule).unwrap();
        assert_eq!(result.reason.is_some(), matches!(result.status, Status::NotApplicable | Status::Error));
        (result.status, result.checked)
    }

    #[test]
    fn a_rule_passes_only_when_it_was_applied() {
        let mut counted = Counted { rows: BTreeMap::from([(Table::Measurement, 7)]), ..Counted::default() };
        assert_eq!(ends(&counted, "measurement.before_birth", 0), (Status::Passed, 7));
        assert_eq!(ends(&counted, "measurement.before_birth", 2), (Status::Failed, 7));
        assert_eq!(ends(&counted, "note.before_birth", 0), (Status::NotApplicable, 0));
        assert_eq!(ends(&counted, "measurement.too_old", 0), (Status::NotApplicable, 7));
        counted.unread.insert(Table::Measurement, "`measurement.parquet` is cut".to_owned());
        assert_eq!(ends(&counted, "measurement.before_birth", 0), (Status::Error, 0));
    }

    #[test]
    fn a_rule_that_could_not_run_is_an_error_whatever_it_found() {
        let mut counted = Counted { persons: 3, ..Counted::default() };
        counted.failed_to_run.insert("drug_era.recomputed", "no ingredients".to_owned());
        assert_eq!(ends(&counted, "drug_era.recomputed", 1), (Status::Error, 0));
        assert_eq!(ends(&counted, "condition_era.recomputed", 0), (Status::Passed, 3));
    }
}
