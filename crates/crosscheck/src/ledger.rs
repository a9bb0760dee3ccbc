//! [`Ledger`]: findings as they come in, counted to the last one and kept up to a limit.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Severity};

/// Which findings count, and how many are kept.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Rules whose findings count.
    pub rules: RuleFilter,
    /// Findings that are known and do not fail a run.
    pub known: Baseline,
    /// Findings of each rule that are kept; the others are counted. None keeps all.
    pub limit: Option<usize>,
}

/// Rules by patterns of their ids, where `*` stands for any text: `measurement.*`, `*.before_birth`. Without a pattern, all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleFilter(Vec<String>);

impl RuleFilter {
    /// The rules that one of these patterns names.
    pub fn new(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        RuleFilter(patterns.into_iter().map(Into::into).collect())
    }

    /// Whether a rule is among them.
    pub fn has(&self, rule: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| matches(pattern, rule))
    }

    /// Patterns that name no rule there is.
    pub fn strays(&self) -> impl Iterator<Item = &str> {
        let is_stray = |pattern: &&String| !crate::rules().iter().any(|rule| matches(pattern, &rule.id));
        self.0.iter().filter(is_stray).map(String::as_str)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
        }),
    }
}

/// Findings that are known, each by its rule and its [subject](Finding::subject).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline(BTreeSet<String>);

impl Baseline {
    /// Reads what [`Baseline::line`] wrote: a finding a line; empty lines and those that begin with `#` say nothing.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Baseline(lines.map(str::to_owned).collect())
    }

    /// The line of a finding: its rule, a space, its subject.
    pub fn line(finding: &Finding) -> String {
        line(&finding.rule, &finding.subject())
    }

    fn has(&self, rule: &str, subject: impl FnOnce() -> String) -> bool {
        !self.0.is_empty() && self.0.contains(&line(rule, &subject()))
    }
}

fn line(rule: &str, subject: &str) -> String {
    // A subject may be a sentence with line breaks of someone's file.
    format!("{rule} {}", subject.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Findings of one rule, counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// Errors that are not known.
    pub errors: u64,
    /// Warnings that are not known.
    pub warnings: u64,
    /// Findings that the baseline knows.
    pub known: u64,
}

impl Count {
    /// Those that are not known.
    pub fn new_ones(&self) -> u64 {
        self.errors + self.warnings
    }

    fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
    }
}

/// Findings as they come in: of each rule all are counted, and some are kept.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    terms: Terms,
    counts: BTreeMap<String, Count>,
    kept: Vec<Finding>,
}

impl Ledger {
    /// An empty one.
    pub fn new(terms: Terms) -> Self {
        Ledger { terms, ..Ledger::default() }
    }

    /// Counts a finding, and keeps it when its rule has not enough yet.
    pub fn push(&mut self, finding: Finding) {
        if !self.terms.rules.has(&finding.rule) {
            return;
        }
        let is_known = self.terms.known.has(&finding.rule, || finding.subject());
        let count = match self.counts.get_mut(&finding.rule) {
            Some(count) => count,
            None => self.counts.entry(finding.rule.clone()).or_default(),
        };
        if is_known {
            count.known += 1;
            return;
        }
        count.add(finding.severity);
        if self.terms.limit.is_none_or(|limit| count.new_ones() <= limit as u64) {
            self.kept.push(finding);
        }
    }

    /// Counts an error that nobody will read: there are enough of its rule.
    pub(crate) fn count(&mut self, rule: &str, subject: impl FnOnce() -> String) {
        if self.terms.rules.has(rule) {
            let is_known = self.terms.known.has(rule, subject);
            let count = self.counts.entry(rule.to_owned()).or_default();
            if is_known { count.known += 1 } else { count.errors += 1 }
        }
    }

    /// Whether so many findings of a rule are more than are kept.
    pub(crate) fn is_enough(&self, n: usize) -> bool {
        self.terms.limit.is_some_and(|limit| n >= limit)
    }

    /// Adds findings.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// The findings that are kept, in the order in which they came.
    pub fn findings(&self) -> &[Finding] {
        &self.kept
    }

    /// The findings that are kept, errors first.
    pub fn into_findings(mut self) -> Vec<Finding> {
        self.kept.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.kept
    }

    /// How many findings each rule has, all of them.
    pub fn counts(&self) -> &BTreeMap<String, Count> {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use twinlake_omop::Table;

    use super::*;

    fn finding(table: Table, key: i64) -> Finding {
        Finding::on(table, "before_birth", "said").of_row(Some(1), Some(key))
    }

    #[test]
    fn all_are_counted_and_some_are_kept() {
        let mut ledger = Ledger::new(Terms { limit: Some(2), ..Terms::default() });
        ledger.extend((0..5).map(|key| finding(Table::Note, key)));
        ledger.extend((0..5).map(|key| finding(Table::Specimen, key).at(Severity::Warning)));
        assert_eq!(ledger.counts()["note.before_birth"], Count { errors: 5, ..Count::default() });
        assert_eq!(ledger.counts()["specimen.before_birth"], Count { warnings: 5, ..Count::default() });
        assert_eq!(ledger.findings().len(), 4);
    }

    #[test]
    fn a_baseline_takes_what_it_knows_and_nothing_else() {
        let text = format!("# known\n\n{}\n", Baseline::line(&finding(Table::Note, 7)));
        assert_eq!(text.lines().last(), Some("note.before_birth note 7"));
        let mut ledger = Ledger::new(Terms { known: Baseline::read(&text), ..Terms::default() });
        ledger.extend([finding(Table::Note, 7), finding(Table::Note, 8), finding(Table::Specimen, 7)]);
        assert_eq!(ledger.counts()["note.before_birth"], Count { errors: 1, warnings: 0, known: 1 });
        assert_eq!(ledger.findings().len(), 2);
    }

    #[test]
    fn rules_are_named_by_patterns() {
        let filter = RuleFilter::new(["note.*", "*.overlap", "fhir.duplicate"]);
        for (rule, is_in) in [
            ("note.before_birth", true),
            ("observation_period.overlap", true),
            ("fhir.duplicate", true),
            ("fhir.duplicates", false),
            ("footnote.missing", false),
        ] {
            assert_eq!(filter.has(rule), is_in, "{rule}");
        }
        assert!(RuleFilter::default().has("anything"));
        let strays = RuleFilter::new(["note.*", "nonsense.*"]);
        assert_eq!(strays.strays().collect::<Vec<_>>(), ["nonsense.*"]);
        let mut ledger = Ledger::new(Terms { rules: filter, ..Terms::default() });
        ledger.extend([finding(Table::Note, 7), finding(Table::Specimen, 7)]);
        assert_eq!(ledger.counts().keys().collect::<Vec<_>>(), ["note.before_birth"]);
    }
}
