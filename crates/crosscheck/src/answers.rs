//! How well a check finds faults that are known: [`Answer`]s beside findings.
//!
//! A fault is *found* when a finding names its root: the row or the resource that it is in, by the rule that it breaks if
//! the key names one. A finding is *explained* when it names the root of a fault, or is about a person whose fault was
//! found; a dropped encounter makes many findings, and has one root. What no validator could see is not to be found, and
//! explains nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use twinlake_omop::Table;

use crate::finding::Finding;

/// A fault that was put into a chart; each person has at most one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Whose chart.
    pub person_id: i64,
    /// Its kind.
    pub kind: String,
    /// Whether a validator could see it.
    pub is_visible: bool,
    /// The rule that it breaks, or the ending of its name; none when any finding will do.
    pub rule: Option<String>,
    /// `Type/id` of the resource that it is in.
    pub resource: Option<String>,
    /// Table and key of the row that it is in, or that its resource gives.
    pub row: Option<(Table, i64)>,
}

/// How well faults were found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Over all kinds.
    #[serde(flatten)]
    pub all: Tally,
    /// By kind of fault.
    pub kinds: BTreeMap<String, Tally>,
    /// The faults that no finding names.
    pub missed: Vec<String>,
    /// The findings that no fault explains.
    pub unexplained: Vec<String>,
}

/// Faults and findings, counted. Those of one kind are the findings about the persons who have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Faults that were put in.
    pub injected: u64,
    /// Those of them that a validator could see.
    pub visible: u64,
    /// Those of these that a finding names.
    pub found: u64,
    /// Findings.
    pub findings: u64,
    /// Those of them that a fault explains.
    pub explained: u64,
    /// `explained` of `findings`; 1 without a finding.
    pub precision: f64,
    /// `found` of `visible`; 1 when there was nothing to see.
    pub recall: f64,
}

impl Tally {
    fn rate(&mut self) {
        self.precision = share(self.explained, self.findings);
        self.recall = share(self.found, self.visible);
    }

    /// Whether every fault was found and every finding is explained.
    pub fn is_perfect(&self) -> bool {
        self.found == self.visible && self.explained == self.findings
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl Score {
    /// Holds findings against the key.
    pub fn new(answers: &[Answer], findings: &[Finding]) -> Self {
        let index = Index::of(answers);
        let mut found = BTreeSet::new();
        let roots: Vec<Vec<usize>> = findings.iter().map(|finding| index.roots(answers, finding)).collect();
        found.extend(roots.iter().flatten().copied());
        let mut score = Self::default();
        for (place, answer) in answers.iter().enumerate() {
            let is_found = answer.is_visible && found.contains(&place);
            for tally in [&mut score.all, score.kinds.entry(answer.kind.clone()).or_default()] {
                tally.injected += 1;
                tally.visible += u64::from(answer.is_visible);
                tally.found += u64::from(is_found);
            }
            if answer.is_visible && !is_found {
                let root = answer.resource.clone().or(answer.row.map(|(table, key)| format!("{table} {key}")));
                let root = root.unwrap_or_default();
                score.missed.push(format!("{} of person {}: {root}", answer.kind, answer.person_id));
            }
        }
        for (finding, roots) in findings.iter().zip(&roots) {
            let person = finding.person_id.and_then(|person| index.persons.get(&person)).copied();
            // What names a root is of its kind, whoever it is about.
            let of = roots.first().copied().or(person);
            let is_explained = of.is_some_and(|place| answers[place].is_visible && found.contains(&place));
            let kind = of.map(|place| answers[place].kind.clone());
            for tally in
                [Some(&mut score.all), kind.map(|kind| score.kinds.entry(kind).or_default())].into_iter().flatten()
            {
                tally.findings += 1;
                tally.explained += u64::from(is_explained);
            }
            if !is_explained {
                score.unexplained.push(finding.message.clone());
            }
        }
        score.all.rate();
        score.kinds.values_mut().for_each(Tally::rate);
        score
    }
}

/// Where each fault is.
struct Index<'a> {
    persons: BTreeMap<i64, usize>,
    rows: BTreeMap<i64, Vec<usize>>,
    resources: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(answers: &'a [Answer]) -> Self {
        let mut index = Self { persons: BTreeMap::new(), rows: BTreeMap::new(), resources: BTreeMap::new() };
        for (place, answer) in answers.iter().enumerate() {
            index.persons.insert(answer.person_id, place);
            if let Some((_, key)) = answer.row {
                index.rows.entry(key).or_default().push(place);
            }
            if let Some(resource) = &answer.resource {
                index.resources.entry(resource).or_default().push(place);
            }
        }
        index
    }

    /// The faults whose root a finding names.
    fn roots(&self, answers: &[Answer], finding: &Finding) -> Vec<usize> {
        let is_whole = |table: Table| matches!(table, Table::Person | Table::Death);
        let by_row = finding.key.and_then(|key| self.rows.get(&key)).into_iter().flatten();
        let by_resource = finding.resource.as_deref().and_then(|name| self.resources.get(name)).into_iter().flatten();
        // A person is one row, and what is said of them (`person.identity`, `patient.gender`) is said of that.
        let by_person = finding.person_id.and_then(|person| self.persons.get(&person)).filter(|&&place| {
            let is_of_person = ["person.", "patient.", "death."].iter().any(|start| finding.rule.starts_with(start));
            is_of_person && answers[place].row.is_none_or(|(table, _)| is_whole(table))
        });
        let mut roots: Vec<usize> = by_row
            .chain(by_resource)
            .chain(by_person)
            .copied()
            // Persons have small keys; another table's row of the same number is another row.
            .filter(|&place| {
                answers[place].row.is_none_or(|(table, _)| {
                    !is_whole(table)
                        || finding.table.is_none_or(is_whole)
                        || finding.person_id == Some(answers[place].person_id)
                })
            })
            .filter(|&place| answers[place].rule.as_deref().is_none_or(|rule| breaks(&finding.rule, rule)))
            .collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }
}

/// Whether a finding's rule is one, by its whole name or its ending.
fn breaks(found: &str, rule: &str) -> bool {
    found == rule || found.strip_suffix(rule).is_some_and(|start| start.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn answer(person_id: i64, kind: &str, key: i64) -> Answer {
        Answer {
            person_id,
            kind: kind.to_owned(),
            is_visible: kind != "unseen",
            rule: (kind == "early").then(|| "before_birth".to_owned()),
            resource: Some(format!("Condition/c{key}")),
            row: Some((Table::ConditionOccurrence, key)),
        }
    }

    fn finding(rule: &str, person_id: i64, key: i64) -> Finding {
        Finding {
            person_id: Some(person_id),
            key: Some(key),
            ..Finding::on_fhir(rule, Severity::Error, format!("{rule} of {key}"))
        }
    }

    #[test]
    fn a_fault_is_found_by_what_names_its_root_and_explains_what_follows() {
        let answers = [answer(1, "dropped", 100), answer(2, "early", 200), answer(3, "unseen", 300)];
        let findings = [
            finding("fhir.duplicate", 1, 100),
            finding("fhir.duplicate", 1, 101),
            finding("fhir.duplicate", 2, 200),
            finding("condition_occurrence.before_birth", 2, 200),
        ];
        let score = Score::new(&answers, &findings);
        assert_eq!((score.all.visible, score.all.found), (2, 2));
        assert_eq!((score.all.findings, score.all.explained), (4, 4));
        assert!(score.all.is_perfect() && score.kinds["early"].is_perfect());
    }

    #[test]
    fn what_misses_the_root_finds_and_explains_nothing() {
        let answers = [answer(1, "dropped", 100), answer(2, "early", 200), answer(3, "unseen", 300)];
        let findings = [
            finding("fhir.duplicate", 1, 101),
            finding("fhir.duplicate", 2, 200),
            finding("fhir.duplicate", 3, 300),
            finding("fhir.duplicate", 9, 900),
        ];
        let score = Score::new(&answers, &findings);
        assert_eq!((score.all.found, score.all.explained), (0, 0));
        assert_eq!((score.missed.len(), score.unexplained.len()), (2, 4));
        assert!(score.all.recall.abs() < 1e-9 && score.all.precision.abs() < 1e-9);
    }
}
