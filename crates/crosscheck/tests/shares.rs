//! The rules on shares of a whole cohort have teeth: no row breaks them, many together do.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "each file of tests uses some of it")]
mod cohort;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Pack;
use twinlake_vocab::{Vocab, types};

use cohort::Cohort;

/// Enough persons, of whom FHIR has none, so that what is changed in OMOP is not found by the comparison.
fn many() -> Cohort {
    let mut cohort = Cohort::of(1..=120);
    cohort.fhir.retain(|resource| cohort::person_of(resource).is_none());
    cohort
}

fn persons(cohort: &Cohort) -> BTreeSet<i64> {
    cohort.omop.iter().filter(|row| row.table == Table::Person).filter_map(DynRow::key).collect()
}

#[test]
fn few_persons_with_rows_of_a_table() {
    let mut cohort = many();
    let all = persons(&cohort);
    assert!(all.len() >= 100);
    // A cost would miss the observation that it is of.
    cohort.omop.retain(|row| row.table != Table::Cost);
    // 5 % are enough, less are not.
    let n_enough = all.len().div_ceil(20);
    for (n_with, expected) in [(n_enough, None), (n_enough - 1, Some(("observation.few_persons", 1)))] {
        let with: BTreeSet<i64> = all.iter().copied().take(n_with).collect();
        cohort.omop.retain(|row| row.table != Table::Observation || with.contains(&row.person_id().unwrap()));
        cohort.expect(&[("person.missing_in_fhir", all.len())].into_iter().chain(expected).collect::<Vec<_>>());
    }
}

#[test]
fn many_values_without_a_source_concept() {
    let mut cohort = many();
    let n_persons = persons(&cohort).len();
    let column = Table::Measurement.spec().column("measurement_source_concept_id").unwrap();
    let n_rows = cohort.rows(Table::Measurement);
    // 10 % are tolerated, more are not.
    for (n_without, expected) in [(n_rows / 10, None), (n_rows / 10 + 1, Some(("measurement.unmapped_source", 1)))] {
        for row in cohort.table(Table::Measurement).take(n_without) {
            row.cells[column] = Cell::Int(0);
        }
        cohort.expect(&[("person.missing_in_fhir", n_persons)].into_iter().chain(expected).collect::<Vec<_>>());
    }
}

/// Women of 56 years at the pack's reference date, a share of whom has a disease on the problem list.
fn women(n: i64, percent: i64, disease: &str) -> Cohort {
    let (pack, vocab) = (Pack::embedded(), Vocab::embedded());
    let entry = pack.concept(pack.key(disease).unwrap());
    let row = |table: Table, cells: &[(&str, Cell<'static>)]| {
        let mut row = DynRow { table, cells: vec![Cell::Null; table.spec().fields.len()] };
        for (column, cell) in cells {
            row.cells[table.spec().column(column).unwrap()] = cell.clone();
        }
        row
    };
    let mut cohort = Cohort::of(1..=1);
    cohort.pack = Some(pack);
    cohort.fhir.clear();
    cohort.omop.clear();
    for person in 1..=n {
        cohort.omop.push(row(
            Table::Person,
            &[
                ("person_id", Cell::Int(person)),
                ("gender_concept_id", vocab.gender("female").into()),
                ("year_of_birth", Cell::Int(1969)),
            ],
        ));
        if person <= n * percent / 100 {
            cohort.omop.push(row(
                Table::ConditionOccurrence,
                &[
                    ("condition_occurrence_id", Cell::Int(person)),
                    ("person_id", Cell::Int(person)),
                    ("condition_concept_id", vocab.map(Some(entry.system), entry.code).standard.into()),
                    ("condition_start_date", Cell::Date(NaiveDate::from_ymd_opt(2019, 3, 4).unwrap())),
                    ("condition_type_concept_id", types::PROBLEM_LIST.into()),
                ],
            ));
        }
    }
    cohort
}

/// What is said of the prevalence of a disease.
fn off_target(cohort: &Cohort, disease: &str) -> Vec<String> {
    let findings = cohort.findings().into_iter().filter(|finding| finding.rule == "condition_occurrence.off_target");
    findings.map(|finding| finding.message).filter(|message| message.contains(disease)).collect()
}

#[test]
fn a_prevalence_that_the_pack_does_not_claim() {
    const DISEASE: &str = "essential-hypertension";
    let target = Pack::embedded().targets.iter().find(|target| &*target.concept == DISEASE).unwrap();
    assert!((25.0..35.0).contains(&target.value), "{target:?}");
    assert_eq!(off_target(&women(600, 30, DISEASE), DISEASE), [""; 0]);
    for percent in [0, 60] {
        let said = off_target(&women(600, percent, DISEASE), DISEASE);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&format!("{percent}.0 % of 600 persons")), "{said:?}");
    }
    assert_eq!(off_target(&women(499, 60, DISEASE), DISEASE), [""; 0], "few persons say nothing");
}
