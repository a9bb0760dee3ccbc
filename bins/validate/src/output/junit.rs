//! The report as XML for `JUnit`, which CI systems show: a suite a family, a test case a rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use twinlake_crosscheck::{Family, Finding, Rule, RuleResult, Severity, Status, rule};

use crate::check::Report;

/// Findings shown of each rule.
const SHOWN: usize = 20;

/// The whole report. A rule fails when a finding of it is at least this bad.
pub(super) fn report(report: &Report, failing: Severity) -> String {
    let mut families: BTreeMap<Family, Vec<Case<'_>>> = BTreeMap::new();
    for result in &report.results {
        if let Some(rule) = rule(result.rule) {
            let findings = report.findings.iter().filter(|finding| finding.rule == result.rule);
            let fails = match report.counts.get(result.rule) {
                Some(count) => count.errors > 0 || failing == Severity::Warning && count.warnings > 0,
                None => false,
            };
            families.entry(rule.family).or_default().push(Case {
                rule,
                result,
                fails,
                findings: findings.take(SHOWN).collect(),
            });
        }
    }
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let all: Vec<&Case<'_>> = families.values().flatten().collect();
    let _ = writeln!(xml, "<testsuites name=\"twinlake validate\"{}>", tally(&all));
    for (family, cases) in &families {
        let cases: Vec<&Case<'_>> = cases.iter().collect();
        let _ = writeln!(xml, "  <testsuite name=\"{}\"{}>", family.as_str(), tally(&cases));
        for case in cases {
            case.write(&mut xml);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Case<'a> {
    rule: &'a Rule,
    result: &'a RuleResult,
    fails: bool,
    findings: Vec<&'a Finding>,
}

impl Case<'_> {
    fn write(&self, xml: &mut String) {
        let class = self.rule.id.split_once('.').map_or("", |(table, _)| table);
        let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(&self.rule.id));
        let reason = self.result.reason.as_deref().unwrap_or_default();
        let _ = match self.result.status {
            Status::Passed => writeln!(xml, "/>"),
            Status::NotApplicable => writeln!(xml, "><skipped message=\"{}\"/></testcase>", escaped(reason)),
            Status::Error => writeln!(xml, "><error message=\"{}\"/></testcase>", escaped(reason)),
            Status::Failed => {
                let said = escaped(&self.said());
                if self.fails {
                    let message = format!("{} findings: {}", self.result.findings, self.rule.says);
                    writeln!(xml, "><failure message=\"{}\">{said}</failure></testcase>", escaped(&message))
                } else {
                    writeln!(xml, "><system-out>{said}</system-out></testcase>")
                }
            }
        };
    }

    /// The first findings, a line each, and how to find the others.
    fn said(&self) -> String {
        let mut lines: Vec<String> =
            self.findings.iter().map(|finding| format!("{}: {}", finding.severity.as_str(), finding.message)).collect();
        let more = self.result.findings.saturating_sub(self.findings.len() as u64);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.push(self.rule.query.to_string());
        lines.join("\n")
    }
}

fn tally(cases: &[&Case<'_>]) -> String {
    let of = |status| cases.iter().filter(|case| case.result.status == status).count();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        cases.iter().filter(|case| case.fails && case.result.status == Status::Failed).count(),
        of(Status::Error),
        of(Status::NotApplicable),
    )
}

/// Text as XML and HTML want it; control characters, which XML cannot hold, are replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
