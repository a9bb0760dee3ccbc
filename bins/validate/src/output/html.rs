//! The report as one page of HTML: what failed first, then every rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use twinlake_crosscheck::{Finding, RuleResult, Severity, Status, rule};

use super::junit::escaped;
use crate::check::Report;

/// Findings shown of each rule.
const SHOWN: usize = 50;

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --warn: #8a5a00; --good: #1b6e3a; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffc36b; --good: #7ddc9c; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 0 0 .25rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
section { border-left: 3px solid var(--line); padding: .25rem 0 .25rem 1rem; margin: 1rem 0; }
section.error { border-color: var(--bad); } section.warning { border-color: var(--warn); }
.error b, b.error { color: var(--bad); } .warning b, b.warning { color: var(--warn); } b.passed { color: var(--good); }
p { margin: .25rem 0; } .quiet { opacity: .75; } ul { margin: .5rem 0; padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
";

/// The page. The verdict is red when a finding is at least this bad, or a rule could not run.
pub(super) fn page(report: &Report, failing: Severity) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Validation</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Validation</h1>\n"
    );
    summary(&mut html, report, failing);
    not_run(&mut html, report);
    let failed = report.results.iter().filter(|result| result.status == Status::Failed);
    let mut broken: Vec<&RuleResult> = failed.collect();
    broken.sort_by_key(|result| (worst(report, result) != "error", std::cmp::Reverse(result.findings)));
    if !broken.is_empty() {
        html.push_str("<h2>What was found</h2>\n");
    }
    for result in broken {
        finding_section(&mut html, report, result);
    }
    for (status, title) in [(Status::Passed, "Passed"), (Status::NotApplicable, "Not applicable")] {
        others(&mut html, report, status, title);
    }
    html.push_str("</body>\n</html>\n");
    html
}

fn summary(html: &mut String, report: &Report, failing: Severity) {
    let verdict =
        if report.fails_at(failing) { "<b class=\"error\">failed</b>" } else { "<b class=\"passed\">passed</b>" };
    let resources: u64 = report.resources.values().sum();
    let rows: u64 = report.rows.values().sum();
    let _ = writeln!(
        html,
        "<p>{verdict}: {} errors, {} warnings, {} known, among {} persons, {resources} resources and {rows} rows.</p>",
        report.count(Severity::Error),
        report.count(Severity::Warning),
        report.known(),
        report.persons,
    );
    let _ = writeln!(
        html,
        "<p>{} rules: {} passed, {} failed, {} not applicable, {} could not run.</p>",
        report.results.len(),
        report.ended(Status::Passed),
        report.ended(Status::Failed),
        report.ended(Status::NotApplicable),
        report.ended(Status::Error),
    );
}

/// Rules that could not run, by the reason.
fn not_run(html: &mut String, report: &Report) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for result in report.results.iter().filter(|result| result.status == Status::Error) {
        reasons.entry(result.reason.as_deref().unwrap_or_default()).or_default().push(result.rule);
    }
    if !reasons.is_empty() {
        html.push_str("<h2>What could not run</h2>\n");
    }
    for (reason, rules) in reasons {
        let names: Vec<String> = rules.iter().map(|rule| format!("<code>{}</code>", escaped(rule))).collect();
        let _ = writeln!(html, "<section class=\"error\">\n<p><b>{} rules</b>: {}</p>", rules.len(), marked(reason));
        let _ = writeln!(html, "<p class=\"quiet\">{}</p>\n</section>", names.join(", "));
    }
}

/// A sentence, what stands between backticks as code.
fn marked(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}

/// How bad the findings of a rule are: `error` or `warning`.
fn worst(report: &Report, result: &RuleResult) -> &'static str {
    let has_errors = report.counts.get(result.rule).is_some_and(|count| count.errors > 0);
    if has_errors { "error" } else { "warning" }
}

fn finding_section(html: &mut String, report: &Report, result: &RuleResult) {
    let Some(rule) = rule(result.rule) else { return };
    let kind = worst(report, result);
    let _ = writeln!(html, "<section class=\"{kind}\">\n<h3><code>{}</code></h3>", escaped(&rule.id));
    let (says, n) = (marked(&rule.says), result.findings);
    let _ = writeln!(html, "<p><b>{n} {kind}s</b> in {} checked. {says}</p>", result.checked);
    let _ = writeln!(html, "<p class=\"quiet\">{}. {}</p>", marked(&rule.standard), marked(&rule.query));
    let findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.rule == result.rule).take(SHOWN).collect();
    if !findings.is_empty() {
        html.push_str("<ul>\n");
        for finding in &findings {
            let place = finding.place.as_ref().map(|place| format!(" <span class=\"quiet\">{}</span>", escaped(place)));
            let _ = writeln!(html, "<li>{}{}</li>", escaped(&finding.message), place.unwrap_or_default());
        }
        html.push_str("</ul>\n");
        let more = result.findings.saturating_sub(findings.len() as u64);
        if more > 0 {
            let _ = writeln!(html, "<p class=\"quiet\">and {more} more</p>");
        }
    }
    html.push_str("</section>\n");
}

fn others(html: &mut String, report: &Report, status: Status, title: &str) {
    let results: Vec<&RuleResult> = report.results.iter().filter(|result| result.status == status).collect();
    if results.is_empty() {
        return;
    }
    let _ = writeln!(html, "<details>\n<summary>{title}: {} rules</summary>\n<table>", results.len());
    html.push_str("<tr><th>rule</th><th>what it says</th><th class=\"n\">checked</th></tr>\n");
    for result in results {
        let Some(rule) = rule(result.rule) else { continue };
        let says = result.reason.as_deref().unwrap_or(&rule.says);
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td></tr>",
            escaped(&rule.id),
            marked(says),
            result.checked
        );
    }
    html.push_str("</table>\n</details>\n");
}
