//! The rules on OMOP alone have teeth: for each check of OHDSI's `DataQualityDashboard`, and for the rules beyond it, one fault in
//! a cohort whose sides agree, and just that finding.
//!
//! A fault that is in OMOP alone would be found by the comparison. So the faults are in a person whom FHIR does not have, which is a
//! finding of its own, or on both sides.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "each file of tests uses some of it")]
mod cohort;

use chrono::{Days, NaiveDate};
use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Pack;
use twinlake_vocab::Vocab;

use cohort::Cohort;

const MALE: i64 = 8507;
const FEMALE: i64 = 8532;

/// A cohort of which FHIR lacks a person.
struct Alone {
    cohort: Cohort,
    person: i64,
}

impl Alone {
    /// The living person with the most rows.
    fn new() -> Self {
        let cohort = Cohort::new();
        let person = cohort.busiest();
        Self::of(cohort, person)
    }

    fn of(mut cohort: Cohort, person: i64) -> Self {
        cohort.fhir.retain(|resource| cohort::person_of(resource) != Some(person));
        Alone { cohort, person }
    }

    /// The person with the most rows of a table among those with a gender.
    fn of_gender(gender: i64, table: Table) -> Self {
        let cohort = Cohort::new();
        let persons = cohort.omop.iter().filter(|row| row.cell("gender_concept_id").as_int() == Some(gender));
        let n_rows = |person: &i64| {
            cohort.omop.iter().filter(|row| row.table == table && row.person_id() == Some(*person)).count()
        };
        let person = persons.filter_map(DynRow::key).max_by_key(n_rows).unwrap();
        Self::of(cohort, person)
    }

    /// The person's rows of a table.
    fn rows(&mut self, table: Table) -> impl Iterator<Item = &mut DynRow> {
        let person = self.person;
        self.cohort.table(table).filter(move |row| row.person_id() == Some(person))
    }

    /// Sets a column of the person's first row of which something holds.
    fn set_where(&mut self, table: Table, column: &str, to: Cell<'static>, holds: impl Fn(&DynRow) -> bool) {
        let place = table.spec().column(column).unwrap();
        self.rows(table).find(|row| holds(row)).unwrap().cells[place] = to;
    }

    /// Sets a column of the person's first row that has a value there.
    fn set(&mut self, table: Table, column: &str, to: Cell<'static>) {
        self.set_where(table, column, to, |row| !row.cell(column).is_null());
    }

    /// Expects a finding of one rule beside that FHIR lacks the person.
    fn expect(&self, rule: &str) {
        self.cohort.expect(&[("person.missing_in_fhir", 1), (rule, 1)]);
    }
}

/// A concept of the vocabulary with these properties.
fn concept(domain: &str, class: &str, is_standard: bool) -> Cell<'static> {
    let is_it = |one: &twinlake_vocab::Concept<'_>| {
        one.domain_id == domain && (class.is_empty() || one.class == class) && one.standard == is_standard
    };
    let id = Vocab::embedded().concepts().find(is_it).unwrap().concept_id;
    Cell::Int(id.get().into())
}

fn place(table: Table, column: &str) -> usize {
    table.spec().column(column).unwrap()
}

#[test]
fn a_person_alone_has_no_other_finding() {
    Alone::new().cohort.expect(&[("person.missing_in_fhir", 1)]);
}

#[test]
fn cdm_table() {
    let mut cohort = Cohort::new();
    cohort.columns = Some(cohort::all_columns());
    cohort.expect(&[]);
    cohort.columns.as_mut().unwrap().remove(&Table::NoteNlp);
    cohort.expect(&[("note_nlp.no_table", 1)]);
}

#[test]
fn cdm_field() {
    let mut cohort = Cohort::new();
    cohort.columns = Some(cohort::all_columns());
    for (table, column) in [(Table::Person, "day_of_birth"), (Table::Measurement, "measurement_type_concept_id")] {
        let mut cohort = cohort.clone();
        cohort.columns.as_mut().unwrap().get_mut(&table).unwrap().retain(|name| *name != column);
        cohort.set(table, column, |_| Cell::Null);
        cohort.expect(&[(&format!("{table}.no_column"), 1)]);
    }
}

#[test]
fn cdm_datatype() {
    let mut alone = Alone::new();
    alone.set(Table::Measurement, "value_as_number", Cell::from("much"));
    alone.expect("measurement.datatype");
}

#[test]
fn is_required_and_measure_value_completeness() {
    let mut alone = Alone::new();
    alone.set(Table::Measurement, "measurement_type_concept_id", Cell::Null);
    alone.expect("measurement.required");
}

#[test]
fn is_primary_key_across_persons() {
    let mut cohort = Cohort::new();
    let mut rows = cohort.table(Table::Measurement);
    let (key, person) = rows.next().map(|row| (row.key().unwrap(), row.person_id().unwrap())).unwrap();
    let other = rows.find(|row| row.person_id() != Some(person)).unwrap();
    other.cells[0] = Cell::Int(key);
    let other = other.person_id().unwrap();
    drop(rows);
    cohort.fhir.retain(|resource| cohort::person_of(resource).is_none_or(|of| of != person && of != other));
    cohort.expect(&[("person.missing_in_fhir", 2), ("measurement.duplicate", 1)]);
}

#[test]
fn is_foreign_key() {
    let mut alone = Alone::new();
    alone.set(Table::Measurement, "measurement_source_concept_id", Cell::Int(2_000_000_001));
    alone.expect("measurement.unknown_concept");

    let mut alone = Alone::new();
    alone.set(Table::Measurement, "visit_occurrence_id", Cell::Int(1 << 60));
    alone.expect("measurement.broken_reference");

    let mut cohort = Cohort::new();
    let zero = Vocab::embedded().concept_rows().find(|row| row.concept_id.get() == 0).unwrap();
    let all: Vec<DynRow> =
        Vocab::embedded().concept_rows().map(|row| DynRow::from(&twinlake_omop::AnyRow::from(row))).collect();
    cohort.omop.extend(all);
    cohort.expect(&[]);
    cohort.omop.retain(|row| row.table != Table::Concept || row.cells[0] != Cell::Int(zero.concept_id.get().into()));
    cohort.expect(&[("concept.no_zero", 1)]);
}

#[test]
fn fk_domain() {
    let mut alone = Alone::new();
    alone.set(Table::Measurement, "unit_concept_id", Cell::Int(MALE));
    alone.expect("measurement.wrong_domain");

    let mut alone = Alone::new();
    alone.set(Table::Observation, "observation_concept_id", concept("Condition", "", true));
    alone.expect("observation.wrong_domain");
}

#[test]
fn fk_class() {
    let mut alone = Alone::new();
    let row = alone.rows(Table::DrugEra).next().unwrap().clone();
    let mut dose = DynRow { table: Table::DoseEra, cells: vec![Cell::Null; Table::DoseEra.spec().fields.len()] };
    let of = |column: &str| row.cell(column).clone();
    for (column, cell) in [
        ("dose_era_id", Cell::Int(7)),
        ("person_id", of("person_id")),
        ("drug_concept_id", concept("Drug", "Clinical Drug", true)),
        ("unit_concept_id", Cell::Int(8576)),
        ("dose_value", Cell::Float(500.0)),
        ("dose_era_start_date", of("drug_era_start_date")),
        ("dose_era_end_date", of("drug_era_end_date")),
    ] {
        dose.cells[place(Table::DoseEra, column)] = cell;
    }
    let mut right = dose.clone();
    right.cells[place(Table::DoseEra, "drug_concept_id")] = of("drug_concept_id");
    alone.cohort.omop.push(dose);
    alone.expect("dose_era.wrong_class");
    alone.cohort.omop.pop();
    alone.cohort.omop.push(right);
    alone.cohort.expect(&[("person.missing_in_fhir", 1)]);
    let end = place(Table::DoseEra, "dose_era_end_date");
    let row = alone.cohort.omop.last_mut().unwrap();
    row.cells[end] = Cell::Date(row.cells[end].as_date().unwrap() + Days::new(1));
    alone.expect("dose_era.recomputed");
}

#[test]
fn is_standard_valid_concept() {
    let mut alone = Alone::new();
    alone.set(Table::Observation, "observation_concept_id", concept("Observation", "", false));
    alone.expect("observation.not_standard");
}

#[test]
fn measure_person_completeness() {
    let mut alone = Alone::new();
    let person = alone.person;
    alone.cohort.omop.retain(|row| row.table != Table::ObservationPeriod || row.person_id() != Some(person));
    alone.expect("person.not_observed");
}

#[test]
fn measure_condition_era_completeness() {
    let mut alone = Alone::new();
    let person = alone.person;
    alone.cohort.omop.retain(|row| row.table != Table::ConditionEra || row.person_id() != Some(person));
    alone.expect("condition_era.recomputed");

    let mut alone = Alone::new();
    let gap = place(Table::DrugEra, "gap_days");
    alone.rows(Table::DrugEra).next().unwrap().cells[gap] = Cell::Int(7_000);
    alone.expect("drug_era.recomputed");
}

#[test]
fn measure_observation_period_overlap() {
    let mut alone = Alone::new();
    let mut row = alone.rows(Table::ObservationPeriod).next().unwrap().clone();
    let (start, end) =
        ["observation_period_start_date", "observation_period_end_date"].map(|name| place(row.table, name)).into();
    let day = row.cells[end].as_date().unwrap() + Days::new(1);
    row.cells[0] = Cell::Int(7);
    (row.cells[start], row.cells[end]) = (Cell::Date(day), Cell::Date(day));
    alone.cohort.omop.push(row);
    alone.expect("observation_period.overlap");
}

#[test]
fn standard_concept_record_completeness() {
    let mut alone = Alone::new();
    alone.set(Table::Measurement, "measurement_type_concept_id", Cell::Int(0));
    alone.expect("measurement.no_concept");

    let mut alone = Alone::new();
    let has_none = |row: &DynRow| row.cell("unit_concept_id").is_null() && row.cell("unit_source_value").is_null();
    alone.set_where(Table::Measurement, "unit_concept_id", Cell::Int(0), has_none);
    alone.expect("measurement.zero_for_null");
}

#[test]
fn plausible_value_low_and_high() {
    let mut alone = Alone::new();
    alone.set(Table::DrugExposure, "refills", Cell::Int(25));
    alone.expect("drug_exposure.out_of_range");
    let mut alone = Alone::new();
    alone.set(Table::DrugExposure, "days_supply", Cell::Int(0));
    alone.expect("drug_exposure.out_of_range");

    // A decimal point, moved: body weight in kg.
    let mut alone = Alone::new();
    let is_weight = |row: &DynRow| row.cell("measurement_concept_id") == &Cell::Int(3_025_315);
    alone.set_where(Table::Measurement, "value_as_number", Cell::Float(7_650.0), is_weight);
    alone.expect("measurement.implausible_value");
}

#[test]
fn plausible_value_high_of_days() {
    let mut cohort = Cohort::new();
    let last = cohort.omop.iter().filter(|row| row.table == Table::ObservationPeriod);
    let last = last.filter_map(|row| row.cell("observation_period_end_date").as_date()).max().unwrap();
    let mut source = DynRow { table: Table::CdmSource, cells: vec![Cell::Null; Table::CdmSource.spec().fields.len()] };
    let release = place(Table::CdmSource, "source_release_date");
    source.cells[release] = Cell::Date(last);
    cohort.omop.push(source);
    let whole = cohort.findings();
    let late: Vec<_> =
        whole.iter().filter(|finding| finding.column.is_some_and(|name| !name.contains("_end_"))).collect();
    assert!(late.is_empty(), "{late:#?}");
    cohort.omop.last_mut().unwrap().cells[release] = Cell::Date(last - Days::new(400));
    let findings = cohort.findings();
    assert!(findings.len() > whole.len());
    assert!(findings.iter().all(|finding| finding.rule.ends_with(".out_of_range")), "{findings:#?}");
}

#[test]
fn plausible_after_birth_and_temporal_after() {
    let mut alone = Alone::new();
    let birth = alone.cohort.birth_year(alone.person) - Days::new(1);
    alone.set(Table::Measurement, "measurement_date", Cell::Date(birth));
    alone.expect("measurement.before_birth");
}

#[test]
fn plausible_before_death_and_during_life() {
    let cohort = Cohort::new();
    let died = cohort.omop.iter().find(|row| {
        row.table == Table::Death
            && cohort.omop.iter().any(|one| one.table == Table::Observation && one.person_id() == row.person_id())
    });
    let (person, day) = died.map(|row| (row.person_id().unwrap(), row.cell("death_date").as_date().unwrap())).unwrap();
    let mut alone = Alone::of(cohort, person);
    alone.set(Table::Observation, "observation_date", Cell::Date(day + Days::new(3)));
    alone.expect("observation.after_death");

    let birth = alone.cohort.birth_year(person) - Days::new(1);
    let mut alone = Alone::of(Cohort::new(), person);
    let gone = [Table::Person, Table::Death];
    alone.cohort.omop.retain(|row| row.person_id() != Some(person) || gone.contains(&row.table));
    alone.cohort.omop.retain(|row| row.table != Table::Cost);
    alone.set(Table::Death, "death_date", Cell::Date(birth));
    let findings = alone.cohort.findings();
    assert!(findings.iter().any(|finding| finding.rule == "death.before_birth"), "{findings:#?}");
}

#[test]
fn plausible_start_before_end() {
    let mut alone = Alone::new();
    let start: NaiveDate = "1999-01-01".parse().unwrap();
    alone.set(Table::ProcedureOccurrence, "procedure_end_date", Cell::Date(start));
    alone.expect("procedure_occurrence.end_before_start");
}

#[test]
fn plausible_gender() {
    // Delivery of a child.
    let delivery = Cell::Int(4_128_030);
    let mut alone = Alone::of_gender(MALE, Table::ProcedureOccurrence);
    alone.set(Table::ProcedureOccurrence, "procedure_concept_id", delivery.clone());
    alone.expect("procedure_occurrence.wrong_sex");

    // Where all that has a sex is of the other one, it is the person's that is wrong.
    let mut alone = Alone::of_gender(MALE, Table::ProcedureOccurrence);
    let concept = place(Table::ProcedureOccurrence, "procedure_concept_id");
    alone.rows(Table::ProcedureOccurrence).take(2).for_each(|row| row.cells[concept] = delivery.clone());
    alone.expect("person.wrong_sex");
}

#[test]
fn plausible_gender_use_descendants() {
    let mut alone = Alone::of_gender(MALE, Table::ProcedureOccurrence);
    let column = place(Table::ProcedureOccurrence, "procedure_concept_id");
    let known = Vocab::embedded();
    let ours = alone.cohort.omop.iter().filter(|row| row.table == Table::ProcedureOccurrence);
    let used: Vec<i64> = ours.filter_map(|row| row.cells[column].as_int()).collect();
    let is_free = |one: &twinlake_vocab::Concept<'_>| {
        one.domain_id == "Procedure" && one.standard && !used.contains(&i64::from(one.concept_id.get()))
            // Not one that the list of concepts has itself.
            && !one.label.contains("Deliver") && !one.label.contains("unborn")
    };
    let free = Cell::Int(known.concepts().find(is_free).unwrap().concept_id.get().into());
    alone.set(Table::ProcedureOccurrence, "procedure_concept_id", free.clone());
    alone.cohort.expect(&[("person.missing_in_fhir", 1)]);
    let cells = vec![Cell::Int(4_041_261), free, Cell::Int(1), Cell::Int(1)];
    alone.cohort.omop.push(DynRow { table: Table::ConceptAncestor, cells });
    alone.expect("procedure_occurrence.wrong_sex");
}

#[test]
fn plausible_unit_concept_ids() {
    // Body weight, in mg/dL.
    let mut alone = Alone::new();
    let is_weight = |row: &DynRow| row.cell("measurement_concept_id") == &Cell::Int(3_025_315);
    alone.set_where(Table::Measurement, "unit_concept_id", Cell::Int(8840), is_weight);
    alone.expect("measurement.wrong_unit");
}

#[test]
fn within_visit_dates() {
    let mut alone = Alone::new();
    let period = alone.rows(Table::ObservationPeriod).next().unwrap().clone();
    let start = period.cell("observation_period_start_date").as_date().unwrap();
    let is_later = |row: &DynRow| {
        row.cell("measurement_date").as_date().unwrap() > start + Days::new(30)
            && !row.cell("visit_occurrence_id").is_null()
    };
    alone.set_where(Table::Measurement, "measurement_date", Cell::Date(start), is_later);
    alone.expect("measurement.away_from_visit");
}

#[test]
fn visits_that_overlap() {
    let mut alone = Alone::new();
    let mut visit = alone.rows(Table::VisitOccurrence).next().unwrap().clone();
    let (start, end) = ["visit_start_date", "visit_end_date"].map(|name| place(visit.table, name)).into();
    let (start_at, end_at) = ["visit_start_datetime", "visit_end_datetime"].map(|name| place(visit.table, name)).into();
    let first = alone.rows(Table::ObservationPeriod).next().unwrap().cell("observation_period_start_date").as_date();
    let first = first.unwrap();
    let rows = [(7, 0, 4), (8, 2, 6), (9, 6, 9)].map(|(key, from, to)| {
        visit.cells[0] = Cell::Int(key);
        visit.cells[start] = Cell::Date(first + Days::new(from));
        visit.cells[end] = Cell::Date(first + Days::new(to));
        (visit.cells[start_at], visit.cells[end_at]) = (Cell::Null, Cell::Null);
        visit.clone()
    });
    let theirs = alone.person;
    alone.cohort.omop.retain(|row| row.table != Table::VisitOccurrence || row.person_id() != Some(theirs));
    alone.cohort.omop.extend(rows);
    let findings = alone.cohort.findings();
    let of = |rule: &str| findings.iter().filter(|finding| finding.rule == rule).collect::<Vec<_>>();
    let overlaps = of("visit_occurrence.overlap");
    assert_eq!((overlaps.len(), overlaps[0].key), (1, Some(8)), "{findings:#?}");
}

#[test]
fn an_event_written_twice() {
    let mut alone = Alone::new();
    let mut row = alone.rows(Table::Measurement).next().unwrap().clone();
    row.cells[0] = Cell::Int(7);
    alone.cohort.omop.push(row);
    alone.expect("measurement.repeated");
}

#[test]
fn episode_events_that_either_side_lacks() {
    let mut cohort = Cohort::new();
    let place = cohort.omop.iter().position(|row| row.table == Table::EpisodeEvent).unwrap();
    let mut row = cohort.omop.remove(place);
    cohort.expect(&[("episode_event.missing_in_omop", 1)]);
    cohort.omop.push(row.clone());
    row.cells[1] = Cell::Int(7);
    cohort.omop.push(row);
    cohort.expect(&[("episode_event.missing_in_fhir", 1)]);
}

#[test]
fn doses_that_the_pack_forbids() {
    let mut alone = Alone::new();
    alone.cohort.pack = Some(Pack::embedded());
    // Losartan 50 mg, or another drug of a constraint.
    let limited = ["198440", "197805", "198014", "314076", "197361", "979492", "312961", "617310", "312938", "860975"];
    let of = |row: &DynRow| row.cell("drug_source_value").as_text().is_some_and(|code| limited.contains(&code));
    let rows = alone.cohort.omop.iter().filter(|row| row.table == Table::DrugExposure && of(row));
    let person = rows.filter(|row| !row.cell("days_supply").is_null()).find_map(DynRow::person_id).unwrap();
    let mut alone = Alone { cohort: alone.cohort, person };
    alone.cohort.fhir = Cohort::new().fhir;
    alone = Alone::of(alone.cohort, person);
    alone.set_where(Table::DrugExposure, "quantity", Cell::Float(9_000.0), |row| {
        of(row) && !row.cell("days_supply").is_null()
    });
    alone.expect("drug_exposure.too_much");
}

#[test]
fn a_complication_before_its_cause() {
    let mut cohort = Cohort::of(101..=300);
    cohort.pack = Some(Pack::embedded());
    // Chronic kidney disease, and the diabetes or hypertension that it is of.
    let is = |row: &DynRow, code: &str| row.cell("condition_source_value").as_text() == Some(code);
    let kidney = ["433144002", "431857002", "431855005", "431856006", "433146000"];
    let rows = cohort.omop.iter().filter(|row| row.table == Table::ConditionOccurrence);
    let complication = rows.clone().find(|row| kidney.iter().any(|code| is(row, code)) && is_problem(row)).unwrap();
    let (person, key) = (complication.person_id().unwrap(), complication.key().unwrap());
    let mut alone = Alone::of(cohort, person);
    let day = alone.rows(Table::ConditionOccurrence).find(|row| row.key() == Some(key)).unwrap();
    let day = day.cell("condition_start_date").as_date().unwrap() + Days::new(1);
    let start = place(Table::ConditionOccurrence, "condition_start_date");
    let (mut n_causes, mut last) = (0, day);
    for row in alone.rows(Table::ConditionOccurrence) {
        if (is(row, "44054006") || is(row, "59621000")) && is_problem(row) {
            row.cells[start] = Cell::Date(day);
            row.cells[start + 2] = Cell::Null;
            row.cells[start + 3] = Cell::Null;
            n_causes += 1;
            last = last.max(day);
        }
    }
    assert!(n_causes > 0);
    let findings = alone.cohort.findings();
    let found: Vec<_> = findings.iter().filter(|finding| finding.rule.ends_with(".before_cause")).collect();
    assert!(!found.is_empty() && found.iter().all(|finding| finding.person_id == Some(person)), "{findings:#?}");
}

fn is_problem(row: &DynRow) -> bool {
    row.cell("condition_type_concept_id") == &Cell::Int(32840)
}

#[test]
fn a_woman_may_have_what_a_man_may_not() {
    let mut alone = Alone::of_gender(FEMALE, Table::ProcedureOccurrence);
    alone.set(Table::ProcedureOccurrence, "procedure_concept_id", Cell::Int(4_128_030));
    alone.cohort.expect(&[("person.missing_in_fhir", 1)]);
}
