//! [`Completeness`]: how much was mapped and how many persons have rows, counted over all partitions.
//!
//! Nobody's data are complete, so these rules have thresholds, those of OHDSI's `DataQualityDashboard`: one row is never against
//! them. Memory follows the number of fields and of distinct source codes, not of persons.

use std::collections::BTreeMap;

use twinlake_omop::{Cell, Table};

use super::zeros::source_value_of;
use crate::context::OmopSide;
use crate::finding::{Finding, Findings, Severity};
use crate::person::Person;

/// Persons below which the share of those without a row of a table says nothing.
const ENOUGH_PERSONS: u64 = 100;
/// Values of a field below which the share of those without a concept says nothing.
const ENOUGH_VALUES: u64 = 100;
/// Percent of persons that may be without a row of a table.
const WITHOUT_ROWS: u64 = 95;
/// Percent of values that may be without a standard concept.
const WITHOUT_STANDARD: u64 = 5;
/// Percent of values that may be without a source concept, and of distinct source codes without a standard one.
const WITHOUT_SOURCE: u64 = 10;

/// Table and column of a concept, and its place among the completeness rules.
type Field = (Table, &'static str);

/// Counts of what is mapped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completeness {
    persons: u64,
    with_rows: BTreeMap<Table, u64>,
    /// Values, and those without a concept, of fields of standard concepts.
    standard: BTreeMap<Field, Share>,
    /// The same of fields of source concepts.
    source: BTreeMap<Field, Share>,
    /// Distinct source codes: whether one of its rows has no standard concept.
    codes: BTreeMap<Field, BTreeMap<String, bool>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    n: u64,
    without: u64,
}

impl Share {
    fn add(&mut self, without: bool) {
        self.n += 1;
        self.without += u64::from(without);
    }

    fn exceeds(self, percent: u64) -> bool {
        self.without * 100 > self.n * percent
    }
}

impl Completeness {
    /// Counts a person; of what a finding was said, nothing is counted.
    pub(crate) fn count(&mut self, person: &Person<'_>, out: &Findings) {
        self.persons += 1;
        for (table, rows) in person.omop.iter().filter(|(_, rows)| !rows.is_empty()) {
            *self.with_rows.entry(*table).or_default() += 1;
            for (place, column) in FIELDS
                .iter()
                .filter(|(other, ..)| other == table)
                .filter_map(|(_, column, _)| Some((table.spec().column(column)?, *column)))
            {
                let source = source_value_of(*table, column);
                for row in rows.iter().filter(|row| !out.said(*table, row.key(), column)) {
                    let has_source = source.is_some_and(|source| !row.cells[source].is_null());
                    if row.cells[place].is_null() && !has_source {
                        continue;
                    }
                    let without = matches!(row.cells[place], Cell::Null | Cell::Int(0));
                    let (kind, code) = (kind_of(*table, column), source.and_then(|source| row.cells[source].as_text()));
                    self.add((*table, column), kind, without, code);
                }
            }
        }
    }

    fn add(&mut self, field: Field, kind: Of, without: bool, code: Option<&str>) {
        if kind == Of::SourceConcept {
            return self.source.entry(field).or_default().add(without);
        }
        self.standard.entry(field).or_default().add(without);
        let Some(code) = code.filter(|_| kind == Of::StandardConceptAndCode) else { return };
        let codes = self.codes.entry(field).or_default();
        match codes.get_mut(code) {
            Some(unmapped) => *unmapped |= without,
            None => {
                codes.insert(code.to_owned(), without);
            }
        }
    }

    /// Adds the counts of another partition.
    pub(crate) fn merge(&mut self, other: Self) {
        self.persons += other.persons;
        for (table, n) in other.with_rows {
            *self.with_rows.entry(table).or_default() += n;
        }
        for (own, other) in [(&mut self.standard, other.standard), (&mut self.source, other.source)] {
            for (field, share) in other {
                let own = own.entry(field).or_default();
                own.n += share.n;
                own.without += share.without;
            }
        }
        for (field, codes) in other.codes {
            let own = self.codes.entry(field).or_default();
            for (code, unmapped) in codes {
                *own.entry(code).or_default() |= unmapped;
            }
        }
    }

    /// What is less complete than it should be. Of a table without any row another rule speaks.
    pub(crate) fn findings(&self, omop: &OmopSide) -> Vec<Finding> {
        let mut findings = Vec::new();
        for table in COMMON.into_iter().filter(|table| self.persons >= ENOUGH_PERSONS && !omop.lacks(*table)) {
            let with = self.with_rows.get(&table).copied().unwrap_or_default();
            let share = Share { n: self.persons, without: self.persons - with };
            if share.exceeds(WITHOUT_ROWS) {
                findings.push(say(table, None, "few_persons", share, "persons have no row", WITHOUT_ROWS));
            }
        }
        for ((table, column), share) in self.standard.iter().filter(|(_, share)| share.n >= ENOUGH_VALUES) {
            if share.exceeds(WITHOUT_STANDARD) {
                let what = "values have no standard concept";
                findings.push(say(*table, Some(column), "unmapped", *share, what, WITHOUT_STANDARD));
            }
        }
        for ((table, column), share) in self.source.iter().filter(|(_, share)| share.n >= ENOUGH_VALUES) {
            if share.exceeds(WITHOUT_SOURCE) {
                let what = "values have no source concept";
                findings.push(say(*table, Some(column), "unmapped_source", *share, what, WITHOUT_SOURCE));
            }
        }
        for ((table, column), codes) in &self.codes {
            let n_rows = self.standard.get(&(*table, *column)).map_or(0, |share| share.n);
            let share = Share { n: codes.len() as u64, without: codes.values().filter(|no| **no).count() as u64 };
            if n_rows >= ENOUGH_VALUES && share.exceeds(WITHOUT_SOURCE) {
                let what = "source codes have no standard concept";
                findings.push(say(*table, Some(column), "unmapped_codes", share, what, WITHOUT_SOURCE));
            }
        }
        findings
    }

    /// Rules that said nothing of so few, and why.
    pub(crate) fn not_applicable(&self) -> Vec<(String, String)> {
        let mut rules = Vec::new();
        if self.persons < ENOUGH_PERSONS {
            let reason = format!("there are {} persons, it takes {ENOUGH_PERSONS}", self.persons);
            rules.extend(COMMON.map(|table| (format!("{table}.few_persons"), reason.clone())));
        }
        let mut most: BTreeMap<(Table, &str), u64> = BTreeMap::new();
        for (table, column, kind) in FIELDS {
            let shares = if kind == Of::SourceConcept { &self.source } else { &self.standard };
            let n = shares.get(&(table, column)).map_or(0, |share| share.n);
            for what in kind.rules() {
                let most = most.entry((table, what)).or_default();
                *most = (*most).max(n);
            }
        }
        for ((table, what), n) in most.into_iter().filter(|(_, n)| *n < ENOUGH_VALUES) {
            rules
                .push((format!("{table}.{what}"), format!("a field has {n} values at most, it takes {ENOUGH_VALUES}")));
        }
        rules
    }
}

fn say(table: Table, column: Option<&'static str>, rule: &str, share: Share, what: &str, percent: u64) -> Finding {
    let Share { n, without } = share;
    let place = column.map_or_else(String::new, |column| format!(" in {column}"));
    let message = format!("{table}.{rule}: {without} of {n} {what}{place}, {percent} % are tolerated");
    let says = Some(format!("{without} of {n}"));
    let finding = Finding::on(table, rule, message).at(Severity::Warning).saying(None, says);
    Finding { column, ..finding }
}

/// Tables of which nearly every cohort has rows.
const COMMON: [Table; 8] = [
    Table::VisitOccurrence,
    Table::ConditionOccurrence,
    Table::DrugExposure,
    Table::ProcedureOccurrence,
    Table::Measurement,
    Table::Observation,
    Table::DrugEra,
    Table::ConditionEra,
];

/// What is counted of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Of {
    StandardConcept,
    /// The distinct source codes too.
    StandardConceptAndCode,
    SourceConcept,
}

impl Of {
    fn rules(self) -> &'static [&'static str] {
        match self {
            Of::StandardConcept => &["unmapped"],
            Of::StandardConceptAndCode => &["unmapped", "unmapped_codes"],
            Of::SourceConcept => &["unmapped_source"],
        }
    }
}

/// The rules of completeness that a table has.
pub(super) fn rules_of(table: Table) -> impl Iterator<Item = &'static str> {
    let of_fields =
        move |what: &&str| FIELDS.iter().any(|(other, _, kind)| *other == table && kind.rules().contains(what));
    let common = COMMON.contains(&table).then_some("few_persons");
    ["unmapped", "unmapped_codes", "unmapped_source"].into_iter().filter(of_fields).chain(common)
}

fn kind_of(table: Table, column: &str) -> Of {
    let found = FIELDS.iter().find(|(other, name, _)| *other == table && *name == column);
    found.map_or(Of::StandardConcept, |(_, _, kind)| *kind)
}

/// Fields whose values should have a concept.
const FIELDS: [(Table, &str, Of); 27] = [
    (Table::ConditionOccurrence, "condition_concept_id", Of::StandardConceptAndCode),
    (Table::ConditionOccurrence, "condition_status_concept_id", Of::StandardConcept),
    (Table::ConditionOccurrence, "condition_source_concept_id", Of::SourceConcept),
    (Table::Death, "cause_concept_id", Of::StandardConceptAndCode),
    (Table::Death, "cause_source_concept_id", Of::SourceConcept),
    (Table::DeviceExposure, "device_concept_id", Of::StandardConcept),
    (Table::DeviceExposure, "unit_concept_id", Of::StandardConcept),
    (Table::DeviceExposure, "device_source_concept_id", Of::SourceConcept),
    (Table::DrugExposure, "drug_concept_id", Of::StandardConceptAndCode),
    (Table::DrugExposure, "drug_source_concept_id", Of::SourceConcept),
    (Table::Episode, "episode_concept_id", Of::StandardConcept),
    (Table::Measurement, "measurement_concept_id", Of::StandardConceptAndCode),
    (Table::Measurement, "unit_concept_id", Of::StandardConcept),
    (Table::Measurement, "measurement_source_concept_id", Of::SourceConcept),
    (Table::Observation, "observation_concept_id", Of::StandardConcept),
    (Table::Observation, "unit_concept_id", Of::StandardConcept),
    (Table::Observation, "observation_source_concept_id", Of::SourceConcept),
    (Table::Person, "gender_concept_id", Of::StandardConcept),
    (Table::ProcedureOccurrence, "procedure_concept_id", Of::StandardConceptAndCode),
    (Table::ProcedureOccurrence, "procedure_source_concept_id", Of::SourceConcept),
    (Table::Specimen, "specimen_concept_id", Of::StandardConcept),
    (Table::Specimen, "unit_concept_id", Of::StandardConcept),
    (Table::VisitDetail, "admitted_from_concept_id", Of::StandardConcept),
    (Table::VisitDetail, "discharged_to_concept_id", Of::StandardConcept),
    (Table::VisitOccurrence, "visit_concept_id", Of::StandardConceptAndCode),
    (Table::VisitOccurrence, "admitted_from_concept_id", Of::StandardConcept),
    (Table::VisitOccurrence, "discharged_to_concept_id", Of::StandardConcept),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_a_column() {
        for (table, column, _) in FIELDS {
            assert!(table.spec().column(column).is_some(), "{table}.{column}");
        }
    }

    #[test]
    fn few_values_say_nothing_and_many_do() {
        let field = (Table::ConditionOccurrence, "condition_concept_id");
        let mut counts = Completeness::default();
        for n in 0..99 {
            counts.add(field, Of::StandardConceptAndCode, n < 50, Some(if n < 50 { "own" } else { "known" }));
        }
        assert_eq!(counts.findings(&OmopSide::default()), []);
        let mut more = Completeness::default();
        more.add(field, Of::StandardConceptAndCode, false, Some("known"));
        counts.merge(more);
        let rules: Vec<String> = counts.findings(&OmopSide::default()).into_iter().map(|one| one.rule).collect();
        assert_eq!(rules, ["condition_occurrence.unmapped", "condition_occurrence.unmapped_codes"]);
    }
}
