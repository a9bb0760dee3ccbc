//! The report as JSON.

use serde_json::{Value, json};
use twinlake_crosscheck::{Finding, RuleResult, Score, Severity, Status, rule};

use crate::check::Report;

/// The whole report, with an end of line.
pub(super) fn report(report: &Report, score: Option<&Score>) -> String {
    let mut value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "summary": {
            "persons": report.persons,
            "resources": report.resources,
            "rows": report.rows.iter().map(|(table, n)| (table.name().to_owned(), json!(n))).collect::<serde_json::Map<_, _>>(),
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "known": report.known(),
            "rules": {
                "passed": report.ended(Status::Passed),
                "failed": report.ended(Status::Failed),
                "not_applicable": report.ended(Status::NotApplicable),
                "error": report.ended(Status::Error),
            },
        },
        "rules": report.results.iter().map(result).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    if let Some(score) = score {
        value["defects"] = json!(score);
    }
    format!("{value:#}\n")
}

fn result(result: &RuleResult) -> Value {
    let rule = rule(result.rule);
    json!({
        "rule": result.rule,
        "status": result.status,
        "reason": result.reason,
        "checked": result.checked,
        "findings": result.findings,
        "family": rule.map(|rule| rule.family),
        "severity": rule.map(|rule| rule.severity),
        "says": rule.map(|rule| &rule.says),
        "standard": rule.map(|rule| &rule.standard),
        "query": rule.map(|rule| &rule.query),
    })
}

/// A finding as one JSON object.
pub(crate) fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "table": finding.table.map(twinlake_omop::Table::name),
        "column": finding.column,
        "person_id": finding.person_id,
        "key": finding.key,
        "resource": finding.resource,
        "path": finding.path,
        "place": finding.place,
        "fhir": finding.fhir,
        "omop": finding.omop,
        "message": finding.message,
    })
}
