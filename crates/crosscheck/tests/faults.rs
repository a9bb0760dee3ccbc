//! The validator has teeth: each test makes one change in a cohort whose sides agree, and expects just that finding.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "each file of tests uses some of it")]
mod cohort;

use std::collections::BTreeSet;

use chrono::Days;
use serde_json::Value;
use twinlake_crosscheck::Severity;
use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Pack;

use cohort::Cohort;

#[test]
fn a_cohort_without_fault_has_no_finding() {
    let cohort = Cohort::new();
    assert!(cohort.patients() >= 20);
    assert!(cohort.rows(Table::Death) > 0, "a fault of deaths needs one");
    for table in [
        Table::ConditionOccurrence,
        Table::Measurement,
        Table::DrugExposure,
        Table::ConditionEra,
        Table::DrugEra,
        Table::PayerPlanPeriod,
    ] {
        assert!(cohort.rows(table) > 0, "a fault of {table} needs one");
    }
    cohort.expect(&[]);
}

#[test]
fn no_reference_of_a_cohort_dangles() {
    let mut cohort = Cohort::new();
    cohort.references = true;
    cohort.expect(&[]);
    let encounter = cohort.fhir.iter().position(|resource| resource["resourceType"] == "Encounter").unwrap();
    cohort.fhir.remove(encounter);
    let findings = cohort.findings();
    assert_eq!(findings.iter().filter(|finding| finding.rule == "fhir.dangling").count(), 1, "{findings:#?}");
}

#[test]
fn a_larger_cohort_keeps_the_constraints_of_its_pack() {
    let mut cohort = Cohort::of(101..=300);
    cohort.pack = Some(Pack::embedded());
    cohort.expect(&[]);
}

#[test]
fn a_patient_that_omop_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    cohort.omop.retain(|row| row.person_id() != Some(person));
    cohort.expect(&[("person.missing_in_omop", 1)]);
}

#[test]
fn a_person_row_that_omop_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    cohort.omop.retain(|row| row.table != Table::Person || row.person_id() != Some(person));
    cohort.expect(&[("person.missing_in_omop", 1)]);
}

#[test]
fn a_patient_that_fhir_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    cohort.fhir.retain(|resource| cohort::person_of(resource) != Some(person));
    cohort.expect(&[("person.missing_in_fhir", 1)]);
}

#[test]
fn a_patient_resource_that_fhir_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    cohort.fhir.retain(|resource| resource["resourceType"] != "Patient" || cohort::person_of(resource) != Some(person));
    cohort.expect(&[("person.missing_in_fhir", 1)]);
}

#[test]
fn a_birth_date_that_fhir_changed() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    for patient in cohort.resources("Patient").filter(|patient| cohort::person_of(patient) == Some(person)) {
        let birth = patient["birthDate"].as_str().unwrap().to_owned();
        patient["birthDate"] = format!("{}-{}", birth[..4].parse::<i32>().unwrap() + 4, &birth[5..]).into();
    }
    cohort.expect(&[("person.birth_date", 1)]);
}

#[test]
fn a_birth_date_that_omop_changed() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    let in_person = |column| Table::Person.spec().column(column).unwrap();
    for row in cohort.table(Table::Person).filter(|row| row.person_id() == Some(person)) {
        let year = row.cell("year_of_birth").as_int().unwrap();
        row.cells[in_person("year_of_birth")] = Cell::Int(year + 1);
    }
    let findings = cohort.expect(&[("person.birth_date", 1)]);
    assert!(findings[0].message.starts_with("person.birth_date: Patient/"), "{}", findings[0].message);
    assert!(findings[0].message.contains(&format!("person {person} says ")), "{}", findings[0].message);
}

#[test]
fn months_and_days_of_birth_that_omop_lost() {
    let mut cohort = Cohort::new();
    cohort.set(Table::Person, "month_of_birth", |_| Cell::Null);
    cohort.set(Table::Person, "day_of_birth", |_| Cell::Null);
    cohort.expect(&[("person.birth_precision", cohort.patients())]);
}

#[test]
fn birth_dates_that_fhir_lost() {
    let mut cohort = Cohort::new();
    for patient in cohort.resources("Patient") {
        patient.as_object_mut().unwrap().remove("birthDate");
    }
    let findings = cohort.expect(&[("patient.birth_date", cohort.patients())]);
    let omop = findings[0].omop.as_deref().unwrap();
    assert_eq!(omop.len(), "1970-03-04".len(), "the finding names OMOP's birth date: {}", findings[0].message);
}

#[test]
fn genders_that_omop_flipped() {
    let mut cohort = Cohort::new();
    cohort.set(Table::Person, "gender_concept_id", |cell| Cell::Int(8507 + 8532 - cell.as_int().unwrap()));
    cohort.expect(&[("person.gender_concept_id", cohort.patients())]);
}

#[test]
fn genders_that_fhir_does_not_know() {
    let mut cohort = Cohort::new();
    for patient in cohort.resources("Patient") {
        patient["gender"] = "unknown".into();
    }
    let findings = cohort.expect(&[("patient.gender", cohort.patients())]);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Error));
}

#[test]
fn races_that_omop_lost() {
    let mut cohort = Cohort::new();
    let mut known = 0;
    cohort.set(Table::Person, "race_concept_id", |cell| {
        known += usize::from(cell != &Cell::Int(0));
        Cell::Int(0)
    });
    assert!(known > 0);
    cohort.expect(&[("person.race_concept_id", known)]);
}

#[test]
fn tables_that_omop_lacks() {
    let mut cohort = Cohort::new();
    cohort.omop.retain(|row| !matches!(row.table, Table::ConditionOccurrence | Table::Measurement));
    cohort.expect(&[("condition_occurrence.missing", 1), ("measurement.missing", 1)]);
}

#[test]
fn a_visit_table_that_omop_lacks() {
    let mut cohort = Cohort::new();
    cohort.omop.retain(|row| row.table != Table::VisitOccurrence);
    cohort.expect(&[("visit_occurrence.missing", 1)]);
}

#[test]
fn conditions_of_nobody_that_omop_added() {
    let mut cohort = Cohort::new();
    let mut strays: Vec<_> =
        cohort.omop.iter().filter(|row| row.table == Table::ConditionOccurrence).take(3).cloned().collect();
    for (row, n) in strays.iter_mut().zip(0..) {
        row.cells[0] = Cell::Int((1 << 61) + n);
        row.cells[1] = Cell::Int((1 << 51) + n);
    }
    cohort.omop.extend(strays);
    cohort.expect(&[("condition_occurrence.person_id", 3)]);
}

#[test]
fn conditions_that_omop_gave_to_nobody() {
    let mut cohort = Cohort::new();
    for (row, n) in cohort.table(Table::ConditionOccurrence).take(5).zip(0..) {
        row.cells[1] = Cell::Int((1 << 51) + n);
    }
    cohort.expect(&[("condition_occurrence.person_id", 5)]);
}

#[test]
fn a_condition_that_omop_gave_to_someone_else() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    let birth = cohort.birth_year(person);
    // A row from before the other's birth would be another fault.
    let later = |row: &DynRow| row.cell("condition_start_date").as_date().unwrap() > birth + Days::new(366);
    let row =
        cohort.table(Table::ConditionOccurrence).find(|row| row.person_id() != Some(person) && later(row)).unwrap();
    row.cells[1] = Cell::Int(person);
    let visit = Table::ConditionOccurrence.spec().column("visit_occurrence_id").unwrap();
    row.cells[visit] = Cell::Null;
    let findings = cohort.findings();
    assert!(findings.iter().any(|finding| finding.rule == "condition_occurrence.person_id"), "{findings:#?}");
    assert!(!findings.iter().any(|finding| finding.rule.contains("missing")), "{findings:#?}");
}

#[test]
fn a_person_table_twice() {
    let mut cohort = Cohort::new();
    let persons: Vec<_> = cohort.omop.iter().filter(|row| row.table == Table::Person).cloned().collect();
    cohort.omop.extend(persons);
    cohort.expect(&[("person.duplicate", cohort.patients())]);
}

#[test]
fn a_fhir_file_twice() {
    let mut cohort = Cohort::new();
    let once = cohort.fhir.len();
    cohort.fhir.extend(cohort.fhir.clone());
    cohort.expect(&[("fhir.duplicate", once)]);
}

#[test]
fn a_higher_version_is_no_duplicate() {
    let mut cohort = Cohort::new();
    let mut older = cohort.resources("Condition").next().unwrap().clone();
    cohort.resources("Condition").next().unwrap()["meta"]["versionId"] = "7".into();
    older["meta"]["versionId"] = "6".into();
    older["code"] = serde_json::json!({"text": "before it was known"});
    cohort.fhir.push(older);
    cohort.expect(&[]);
}

#[test]
fn source_values_that_are_garbage() {
    let mut cohort = Cohort::new();
    cohort.set(Table::Person, "person_source_value", |_| Cell::from("garbage"));
    cohort.expect(&[("person.person_source_value", cohort.patients())]);
}

/// Each finding says that a person is not who they should be; no event is found beside it.
fn expect_identity_alone(cohort: &Cohort) {
    let findings = cohort.findings();
    let mixed_up: BTreeSet<_> = findings.iter().map(|finding| finding.person_id).collect();
    assert_eq!(mixed_up.len(), cohort.patients());
    assert_eq!(findings.len(), mixed_up.len(), "{findings:#?}");
    for finding in findings {
        assert!(matches!(finding.rule.as_str(), "person.identity" | "person.birth_date"), "{finding:#?}");
    }
}

#[test]
fn patient_ids_that_fhir_shuffled() {
    let mut cohort = Cohort::new();
    let mut ids: Vec<Value> = cohort.resources("Patient").map(|patient| patient["id"].clone()).collect();
    ids.rotate_left(1);
    for (patient, id) in cohort.resources("Patient").zip(ids) {
        patient["id"] = id;
    }
    expect_identity_alone(&cohort);
}

#[test]
fn person_ids_that_omop_shuffled() {
    let mut cohort = Cohort::new();
    let mut ids: Vec<Cell<'_>> = cohort.table(Table::Person).map(|person| person.cells[0].clone()).collect();
    ids.rotate_left(1);
    for (person, id) in cohort.table(Table::Person).zip(ids) {
        person.cells[0] = id;
    }
    expect_identity_alone(&cohort);
}

#[test]
fn deaths_that_fhir_lost() {
    let mut cohort = Cohort::new();
    for patient in cohort.resources("Patient") {
        patient.as_object_mut().unwrap().remove("deceasedDateTime");
    }
    cohort.expect(&[("death.missing_in_fhir", cohort.rows(Table::Death))]);
}

#[test]
fn deaths_that_omop_lost() {
    let mut cohort = Cohort::new();
    cohort.omop.retain(|row| row.table != Table::Death);
    cohort.expect(&[("death.missing", 1)]);
}

#[test]
fn times_of_birth_that_are_garbage() {
    let mut cohort = Cohort::new();
    cohort.set(Table::Person, "birth_datetime", |_| Cell::from("garbage"));
    cohort.expect(&[("person.birth_datetime", cohort.patients())]);
    let moment = "1803-02-01T12:00:00".parse().unwrap();
    cohort.set(Table::Person, "birth_datetime", |_| Cell::DateTime(moment));
    cohort.expect(&[("person.birth_datetime", cohort.patients())]);
}

#[test]
fn an_onset_a_day_off() {
    let mut cohort = Cohort::new();
    let start = Table::ConditionOccurrence.spec().column("condition_start_date").unwrap();
    let kind = Table::ConditionOccurrence.spec().column("condition_type_concept_id").unwrap();
    let row = cohort.table(Table::ConditionOccurrence).find(|row| row.cells[kind] == Cell::Int(32840)).unwrap();
    row.cells[start] = Cell::Date(row.cells[start].as_date().unwrap().succ_opt().unwrap());
    let findings = cohort.expect(&[("condition_occurrence.condition_start_date", 1)]);
    let message = &findings[0].message;
    assert!(message.contains(": Condition/") && message.contains(", condition_occurrence "), "{message}");
}

#[test]
fn a_value_a_tenth_off() {
    let mut cohort = Cohort::new();
    let column = Table::Measurement.spec().column("value_as_number").unwrap();
    let row = cohort.table(Table::Measurement).find(|row| matches!(row.cells[column], Cell::Float(_))).unwrap();
    let Cell::Float(value) = row.cells[column] else { unreachable!() };
    row.cells[column] = Cell::Float(value + 0.1);
    cohort.expect(&[("measurement.value_as_number", 1)]);
}

#[test]
fn a_visit_that_omop_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    let first =
        cohort.omop.iter().position(|row| row.table == Table::VisitOccurrence && row.person_id() == Some(person));
    cohort.omop.remove(first.unwrap());
    cohort.expect(&[("visit_occurrence.missing_in_omop", 1)]);
}

#[test]
fn an_encounter_that_fhir_lacks() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    let is_theirs =
        |resource: &Value| resource["resourceType"] == "Encounter" && cohort::person_of(resource) == Some(person);
    let first = cohort.fhir.iter().position(|resource| is_theirs(resource));
    cohort.fhir.remove(first.unwrap());
    cohort.expect(&[("visit_occurrence.missing_in_fhir", 1)]);
}

#[test]
fn a_condition_that_omop_lacks() {
    let mut cohort = Cohort::new();
    let first = cohort.omop.iter().position(|row| row.table == Table::ConditionOccurrence);
    cohort.omop.remove(first.unwrap());
    cohort.expect(&[("condition_occurrence.missing_in_omop", 1)]);
}

#[test]
fn an_era_that_does_not_follow() {
    let mut cohort = Cohort::new();
    let end = Table::ConditionEra.spec().column("condition_era_end_date").unwrap();
    let row = cohort.table(Table::ConditionEra).next().unwrap();
    row.cells[end] = Cell::Date(row.cells[end].as_date().unwrap().succ_opt().unwrap());
    cohort.expect(&[("condition_era.condition_era_end_date", 1)]);
}

#[test]
fn a_provider_that_either_side_lacks() {
    let mut cohort = Cohort::new();
    let used = Table::VisitOccurrence.spec().column("provider_id").unwrap();
    let key = cohort.table(Table::VisitOccurrence).find_map(|row| row.cells[used].as_int()).unwrap();
    cohort.omop.retain(|row| row.table != Table::Provider || row.key() != Some(key));
    cohort.expect(&[("provider.missing_in_omop", 1)]);

    let mut cohort = Cohort::new();
    cohort.fhir.retain(|resource| {
        resource["resourceType"] != "Practitioner"
            || twinlake_omop::key::of("Practitioner", resource["id"].as_str().unwrap()) != key
    });
    cohort.expect(&[("provider.missing_in_fhir", 1)]);
}

#[test]
fn a_reference_to_a_provider_that_nobody_has() {
    let mut cohort = Cohort::new();
    let column = Table::VisitOccurrence.spec().column("provider_id").unwrap();
    cohort.table(Table::VisitOccurrence).next().unwrap().cells[column] = Cell::Int(1 << 60);
    cohort.expect(&[("visit_occurrence.provider_id", 1)]);
}

#[test]
fn resources_of_a_patient_that_nobody_has() {
    let mut cohort = Cohort::new();
    let mut stray = cohort.resources("Condition").next().unwrap().clone();
    stray["id"] = "stray".into();
    stray["subject"]["reference"] = "Patient/nobody".into();
    cohort.fhir.push(stray);
    cohort.expect(&[("fhir.subject", 1)]);
}

#[test]
fn an_event_before_birth_on_both_sides() {
    let mut cohort = Cohort::new();
    let condition = cohort.resources("Condition").find(|condition| condition.get("onsetDateTime").is_some()).unwrap();
    condition["onsetDateTime"] = "1790-01-01".into();
    let person = cohort::person_of(condition).unwrap();
    cohort.remap(person);
    cohort.expect(&[("condition_occurrence.before_birth", 1)]);
}

/// Sets a column of a row of OMOP, the first that has a value there.
fn set_first(cohort: &mut Cohort, table: Table, column: &str, to: Cell<'static>) {
    let place = table.spec().column(column).unwrap();
    let row = cohort.table(table).find(|row| !row.cells[place].is_null()).unwrap();
    row.cells[place] = to;
}

#[test]
fn required_values_that_are_null() {
    for (table, column) in [
        (Table::ConditionOccurrence, "condition_concept_id"),
        (Table::DrugExposure, "drug_exposure_end_date"),
        (Table::ObservationPeriod, "period_type_concept_id"),
    ] {
        let mut cohort = Cohort::new();
        set_first(&mut cohort, table, column, Cell::Null);
        cohort.expect(&[(&format!("{table}.{column}"), 1)]);
    }
}

#[test]
fn an_event_after_death_on_both_sides() {
    let mut cohort = Cohort::new();
    let death = cohort.resources("Patient").find(|patient| patient.get("deceasedDateTime").is_some()).unwrap();
    death["deceasedDateTime"] = format!("{}T10:00:00-05:00", death["birthDate"].as_str().unwrap()).into();
    let person = cohort::person_of(death).unwrap();
    cohort.remap(person);
    let findings = cohort.findings();
    assert!(!findings.is_empty());
    for finding in &findings {
        assert!(finding.rule.ends_with(".after_death"), "{finding:#?}");
        assert_eq!((finding.person_id, finding.severity), (Some(person), Severity::Error));
    }
    cohort.foreign = true;
    assert!(cohort.findings().iter().all(|finding| finding.severity == Severity::Warning));
}

#[test]
fn an_end_before_its_start_on_both_sides() {
    let mut cohort = Cohort::new();
    let encounter = cohort.resources("Encounter").next().unwrap();
    encounter["period"]["end"] = "1999-01-01T00:00:00-05:00".into();
    let person = cohort::person_of(encounter).unwrap();
    cohort.remap(person);
    cohort.expect(&[("fhir.period", 1), ("visit_occurrence.end_before_start", 1)]);
}

#[test]
fn a_ward_move_that_outlasts_its_visit_on_both_sides() {
    let mut cohort = Cohort::new();
    let mut encounters = cohort.resources("Encounter");
    let encounter = encounters.find(|encounter| encounter["location"][0].get("period").is_some()).unwrap();
    encounter["location"][0]["period"]["end"] = "2099-01-01T00:00:00-05:00".into();
    let person = cohort::person_of(encounter).unwrap();
    drop(encounters);
    cohort.remap(person);
    cohort.expect(&[("visit_detail.outside_visit", 1)]);
}

#[test]
fn a_time_of_birth_that_contradicts_its_day_on_both_sides() {
    let mut cohort = Cohort::new();
    let person = cohort.busiest();
    cohort.fhir.retain(|resource| cohort::person_of(resource) != Some(person));
    let moment = "1803-02-01T12:00:00".parse().unwrap();
    let place = Table::Person.spec().column("birth_datetime").unwrap();
    cohort.table(Table::Person).find(|row| row.key() == Some(person)).unwrap().cells[place] = Cell::DateTime(moment);
    cohort.expect(&[("person.birth_datetime", 1), ("person.missing_in_fhir", 1)]);
}

#[test]
fn a_disease_at_an_age_that_the_pack_forbids() {
    let mut cohort = Cohort::new();
    cohort.pack = Some(Pack::embedded());
    cohort.expect(&[]);
    let is_problem = |resource: &Value| {
        resource["code"]["coding"][0]["code"] == "44054006" && resource.get("onsetDateTime").is_some()
    };
    let problem = cohort.fhir.iter().find(|resource| is_problem(resource)).unwrap().clone();
    let person = cohort::person_of(&problem).unwrap();
    // Of all that is theirs, the problem remains, in their second year of life.
    cohort.fhir.retain(|resource| {
        resource["resourceType"] == "Patient" || is_problem(resource) || cohort::person_of(resource) != Some(person)
    });
    let onset = problem["onsetDateTime"].as_str().unwrap();
    for patient in cohort.resources("Patient").filter(|patient| cohort::person_of(patient) == Some(person)) {
        patient["birthDate"] = format!("{}-01-01", onset[..4].parse::<i32>().unwrap() - 1).into();
        patient.as_object_mut().unwrap().remove("deceasedDateTime");
    }
    cohort.remap(person);
    let findings = cohort.findings();
    assert!(!findings.is_empty());
    for finding in findings {
        assert!(finding.rule.ends_with(".too_young"), "{finding:#?}");
        assert_eq!(finding.person_id, Some(person));
    }
}

#[test]
fn a_line_that_cannot_be_read() {
    let shared = twinlake_harmonize::Shared::default();
    let side = twinlake_crosscheck::OmopSide::default();
    let vocab = twinlake_vocab::Vocab::embedded();
    let fhir = twinlake_crosscheck::FhirSide::default();
    let context =
        twinlake_crosscheck::Context { vocab, shared: &shared, fhir: &fhir, omop: &side, pack: None, foreign: false };
    for (text, rule) in [
        (r#"{"resourceType":"Patient","birthDate":"1970""#, "fhir.unreadable"),
        (r#"{"resourceType":"Patient","birthDate":7}"#, "fhir.type"),
        (r#"{"resourceType":"Patient","birthDate":"2019-02-30"}"#, "fhir.format"),
    ] {
        let report = twinlake_crosscheck::check_partition(&context, &[], &[text]);
        let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, [rule], "{text}");
    }
}

#[test]
fn a_payer_that_omop_lacks_or_names_otherwise() {
    let mut cohort = Cohort::new();
    let place = cohort.omop.iter().position(|row| row.table == Table::PayerPlanPeriod).unwrap();
    cohort.omop.remove(place);
    cohort.expect(&[("payer_plan_period.missing_in_omop", 1)]);

    let mut cohort = Cohort::new();
    let row = cohort.omop.iter_mut().find(|row| row.table == Table::PayerPlanPeriod).unwrap();
    let plan = Table::PayerPlanPeriod.spec().column("plan_source_value").unwrap();
    row.cells[plan] = Cell::Text("another".into());
    cohort.expect(&[("payer_plan_period.plan_source_value", 1)]);
}

#[test]
fn a_payer_from_before_birth_on_both_sides() {
    let mut cohort = Cohort::new();
    let column = Table::PayerPlanPeriod.spec().column("payer_plan_period_start_date").unwrap();
    let row = cohort.omop.iter_mut().find(|row| row.table == Table::PayerPlanPeriod).unwrap();
    row.cells[column] = Cell::Date("1850-01-01".parse().unwrap());
    let key = row.key().unwrap();
    for resource in &mut cohort.fhir {
        let id = resource["id"].as_str().unwrap_or_default();
        if resource["resourceType"] == "Coverage" && twinlake_omop::key::of("Coverage", id) == key {
            resource["period"]["start"] = Value::from("1850-01-01");
        }
    }
    cohort.expect(&[("payer_plan_period.before_birth", 1)]);
}

#[test]
fn a_cost_that_differs_or_does_not_add_up() {
    let mut cohort = Cohort::new();
    let place = cohort.omop.iter().position(|row| row.table == Table::Cost).unwrap();
    cohort.omop.remove(place);
    cohort.expect(&[("cost.missing_in_omop", 1)]);

    let mut cohort = Cohort::new();
    let row = cohort.omop.iter_mut().find(|row| row.table == Table::Cost).unwrap();
    row.cells[Table::Cost.spec().column("total_charge").unwrap()] = Cell::Float(1.25);
    cohort.expect(&[("cost.total_charge", 1)]);

    let mut cohort = Cohort::new();
    let row = cohort.omop.iter_mut().find(|row| row.table == Table::Cost).unwrap();
    row.cells[Table::Cost.spec().column("total_paid").unwrap()] = Cell::Float(1.25);
    cohort.expect(&[("cost.total_paid", 1)]);
}
