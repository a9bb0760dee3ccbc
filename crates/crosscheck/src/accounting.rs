//! [`Accounting`]: the reports of all partitions, added up, and what only the whole can tell.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_harmonize::Losses;
use twinlake_omop::Table;

use crate::context::Context;
use crate::finding::{Finding, Severity};
use crate::omop::{self, Whole};
use crate::partition::PartitionReport;
use crate::shared::SharedCheck;

/// The reports of all partitions, added up.
#[derive(Clone, Debug, Default)]
pub struct Accounting {
    findings: Vec<Finding>,
    /// What FHIR said and OMOP has no place for.
    pub losses: Losses,
    /// Persons on either side.
    pub persons: u64,
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Rows of OMOP that belong to a person, by table.
    pub omop_rows: BTreeMap<Table, u64>,
    /// Rows that FHIR gives, by table.
    pub witness_rows: BTreeMap<Table, u64>,
    whole: Whole,
}

impl Accounting {
    /// Adds a partition; its locations go to `shared`.
    pub fn add(&mut self, report: PartitionReport, shared: &mut SharedCheck) {
        self.findings.extend(report.findings);
        self.losses.merge(&report.losses);
        self.persons += report.persons;
        self.whole.merge(report.whole);
        for (resource_type, count) in report.resources {
            *self.resources.entry(resource_type).or_default() += count;
        }
        for (mine, theirs) in [(&mut self.omop_rows, report.omop_rows), (&mut self.witness_rows, report.witness_rows)] {
            for (table, count) in theirs {
                *mine.entry(table).or_default() += count;
            }
        }
        report.locations.iter().for_each(|row| shared.expect(row));
        shared.excuse(&report.excused_locations);
    }

    /// All findings: those of the persons, of the shared rows and of the whole.
    ///
    /// A table that OMOP lacks is one finding. A row that OMOP gives to another person than FHIR is one finding, not one
    /// for each of the two persons.
    pub fn finish(&mut self, context: &Context<'_>, shared: &SharedCheck) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut missing = BTreeSet::new();
        for table in Table::ALL {
            let given = self.witness_rows.get(&table).copied().unwrap_or_default() + shared.expected_rows(table);
            if given > 0 && context.omop.lacks(table) {
                let message = format!("{table}.missing: FHIR gives {given} rows, OMOP has no {table}");
                let says = Some(format!("{given} rows"));
                findings.push(Finding::on(table, "missing", message).saying(says, Some("0 rows".to_owned())));
                missing.insert(table);
            }
        }
        findings.extend(context.omop.structure.findings(&missing));
        if context.omop.concepts.lacks_zero() {
            let message = "concept.no_zero: CONCEPT has no concept 0, to which all that has no concept refers";
            findings.push(Finding::on(Table::Concept, "no_zero", message));
        }
        let of_shared = shared.findings(context.foreign);
        for row in shared.rendered() {
            findings.extend(omop::check_shared(context, row, &of_shared));
        }
        findings.extend(of_shared);
        findings.extend(settle(std::mem::take(&mut self.findings)));
        findings.extend(self.whole.findings(context));
        findings
    }

    /// Rules that had too few persons or rows to say anything, by id, and why.
    pub fn not_applicable(&self) -> BTreeMap<String, String> {
        self.whole.not_applicable().into_iter().collect()
    }
}

/// Number of errors among findings; a run with none has passed.
pub fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

/// Joins what two persons say of one row: missing with one because the other has it, or because nobody has it.
fn settle(findings: Vec<Finding>) -> Vec<Finding> {
    let mut holders: BTreeMap<(Table, i64), usize> = BTreeMap::new();
    for (place, finding) in findings.iter().enumerate() {
        let (Some(table), Some(key)) = (finding.table, finding.key) else { continue };
        let is_orphan = finding.column == Some("person_id");
        let is_surplus = what(finding) == "missing_in_fhir" && table != Table::Person;
        if is_orphan || is_surplus {
            holders.insert((table, key), place);
        }
    }
    let mut moved: BTreeMap<usize, Finding> = BTreeMap::new();
    let mut dropped = vec![false; findings.len()];
    for (place, finding) in findings.iter().enumerate() {
        let (Some(table), Some(key)) = (finding.table, finding.key) else { continue };
        if what(finding) != "missing_in_omop" || table == Table::Person {
            continue;
        }
        let Some(&holder) = holders.get(&(table, key)) else { continue };
        dropped[place] = true;
        let other = &findings[holder];
        if what(other) == "missing_in_fhir" {
            let [says, holds] =
                [finding, other].map(|side| side.person_id.map_or_else(|| "nobody".to_owned(), |id| id.to_string()));
            let name = finding.fhir.as_deref().unwrap_or("FHIR");
            let message = format!("{table}.person_id: {name} says person {says}, {table} {key} says {holds}");
            let found = Finding::on(table, "person_id", message).of_row(finding.person_id, Some(key));
            moved.insert(holder, found.saying(Some(says), Some(holds)));
        }
    }
    let mut settled = Vec::with_capacity(findings.len());
    for (place, finding) in findings.into_iter().enumerate() {
        if !dropped[place] {
            settled.push(moved.remove(&place).unwrap_or(finding));
        }
    }
    settled
}

/// The rule without its table.
fn what(finding: &Finding) -> &str {
    finding.rule.split_once('.').map_or("", |(_, what)| what)
}
