//! The validator against faults that are known: of every kind each is found, and no finding is of anything else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use clap::Parser as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use twinlake_omop::{DynRow, Table, read};
use twinlake_task::Exit;

/// Generates a cohort with defects, and gives what the check says of them.
fn score(folder: &Path, patients: u64, plan: &str) -> Value {
    let path = |name: &str| folder.join(name).display().to_string();
    let (fhir, omop) = (path("fhir"), path("omop"));
    let patients = patients.to_string();
    let generate = ["generate", "--patients", &patients, "--defects", plan, "--fhir-dir", &fhir, "--omop-dir", &omop];
    assert_eq!(twinlake_generate::run(&twinlake_generate::Args::parse_from(generate)).unwrap(), Exit::Done);
    let (answers, json) = (path("defects.parquet"), path("score.json"));
    let validate =
        ["validate", "--fhir-dir", &fhir, "--omop-dir", &omop, "--constraints", "--answers", &answers, "--json", &json];
    twinlake_validate::run(&twinlake_validate::Args::parse_from(validate)).unwrap();
    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    report["defects"].clone()
}

fn all_found_and_nothing_else(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let score = score(folder.path(), 500, &format!("rate=1,kinds=all,seed={seed}"));
    let kinds = score["kinds"].as_object().unwrap();
    for kind in twinlake_defects::kinds() {
        assert!(kinds.contains_key(kind.name), "seed {seed}: no chart has `{}`", kind.name);
    }
    assert!(score["visible"].as_u64().unwrap() > 450, "{score:#}");
    assert_eq!(score["missed"], serde_json::json!([]), "seed {seed}");
    assert_eq!(score["unexplained"], serde_json::json!([]), "seed {seed}");
    for (name, kind) in kinds {
        assert_eq!((kind["recall"].as_f64(), kind["precision"].as_f64()), (Some(1.0), Some(1.0)), "{name}: {kind}");
    }
}

#[test]
fn all_kinds_are_found_at_one_seed() {
    all_found_and_nothing_else(1);
}

#[test]
fn all_kinds_are_found_at_another_seed() {
    all_found_and_nothing_else(2);
}

#[test]
fn all_kinds_are_found_at_a_third_seed() {
    all_found_and_nothing_else(3);
}

#[test]
fn a_cohort_without_defects_has_no_finding_to_explain() {
    let folder = tempfile::tempdir().unwrap();
    let score = score(folder.path(), 30, "rate=0");
    assert_eq!((score["injected"].as_u64(), score["findings"].as_u64()), (Some(0), Some(0)), "{score:#}");
}

/// A row of OMOP: table and key.
type Row = (String, i64);

/// What the chart layer did to a cohort, by the truth behind it.
#[derive(Debug, Default)]
struct Deeds {
    /// Events, by deed.
    n_events: BTreeMap<String, u64>,
    /// Rows that are second records.
    second_records: BTreeSet<Row>,
    /// Rows under a code of the house.
    local_rows: BTreeSet<Row>,
    /// Codes of the house, each with its rows.
    local_codes: BTreeMap<String, u64>,
}

impl Deeds {
    fn of(truth: &Path) -> Self {
        let mut deeds = Deeds::default();
        let mut events = BTreeSet::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(truth).unwrap()).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let [tables, charts, concepts] = ["omop_table", "chart", "concept"]
                .map(|name| column(name).as_string::<i32>().iter().collect::<Vec<_>>());
            let [ids, keys] = ["event_id", "omop_key"]
                .map(|name| column(name).as_primitive::<Int64Type>().iter().collect::<Vec<_>>());
            for (place, chart) in charts.iter().enumerate() {
                let row = tables[place].map(str::to_owned).zip(keys[place]);
                for deed in chart.iter().flat_map(|chart| chart.split(',')) {
                    *deeds.n_events.entry(deed.to_owned()).or_default() +=
                        u64::from(events.insert((ids[place], deed.to_owned())));
                    match deed {
                        "duplicate" => deeds.second_records.extend(row.clone()),
                        "local-code" if row.is_some() => {
                            deeds.local_rows.extend(row.clone());
                            *deeds.local_codes.entry(concepts[place].unwrap().to_owned()).or_default() += 1;
                        }
                        "missing" => assert_eq!(row, None, "what has no value has no row"),
                        _ => {}
                    }
                }
            }
        }
        deeds
    }
}

/// Runs the binary and gives its exit code.
fn twinlake(arguments: &[&str]) -> Option<i32> {
    Command::new(env!("CARGO_BIN_EXE_twinlake")).args(arguments).output().unwrap().status.code()
}

fn json(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn of_a_messy_chart_only_what_its_truth_predicts_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (fhir, omop, truth) = (path("fhir"), path("omop"), path("truth"));
    let folders = ["--fhir-dir", &fhir, "--omop-dir", &omop];
    let generate = ["generate", "--patients", "300", "--chart", "messy", "--truth", &truth];
    assert_eq!(twinlake(&[&generate[..], &folders].concat()), Some(0));
    let deeds = Deeds::of(&folder.path().join("truth/truth.parquet"));
    let names: Vec<&str> = deeds.n_events.keys().map(String::as_str).collect();
    assert_eq!(names, ["duplicate", "late", "local-code", "missing", "unit-spelling"]);

    let report = path("report.json");
    let validate = ["validate", "--constraints", "--limit", "100000", "--json", &report];
    assert_eq!(twinlake(&[&validate[..], &folders].concat()), Some(3));
    let report = json(&report);
    let findings = report["findings"].as_array().unwrap();
    let (repeated, others): (Vec<&Value>, Vec<&Value>) =
        findings.iter().partition(|finding| finding["rule"].as_str().unwrap().ends_with(".repeated"));

    // Each second record, and no other row, says what another row says.
    let row = |finding: &Value| (finding["table"].as_str().unwrap().to_owned(), finding["key"].as_i64().unwrap());
    let repeated: BTreeSet<Row> = repeated.into_iter().map(row).collect();
    assert!(repeated.len() > 500, "{}", repeated.len());
    let differ: Vec<_> = repeated.symmetric_difference(&deeds.second_records).take(5).collect();
    assert!(differ.is_empty(), "repeats and second records differ in {differ:?}");

    // Codes of the house are more than a tenth of the laboratory's, and are the rows without a concept.
    let measurements: Vec<DynRow> =
        read::parquet(Table::Measurement, File::open(folder.path().join("omop/measurement.parquet")).unwrap())
            .unwrap()
            .flat_map(Result::unwrap)
            .collect();
    let codes: BTreeSet<_> =
        measurements.iter().filter_map(|row| row.cell("measurement_source_value").as_text()).collect();
    let unmapped = measurements.iter().filter(|row| row.cell("measurement_concept_id").as_int() == Some(0));
    let unmapped: BTreeSet<Row> = unmapped.map(|row| ("measurement".to_owned(), row.key().unwrap())).collect();
    assert_eq!(unmapped, deeds.local_rows);
    let others: Vec<_> =
        others.iter().map(|finding| (finding["rule"].as_str().unwrap(), finding["omop"].as_str().unwrap())).collect();
    assert_eq!(others, [("measurement.unmapped_codes", &*format!("{} of {}", deeds.local_codes.len(), codes.len()))]);

    // The other way to OMOP lists the same codes as often, and as many observations without a value.
    let harmonized = path("harmonized");
    assert_eq!(twinlake(&["harmonize", "--fhir-dir", &fhir, "--omop-dir", &harmonized]), Some(0));
    let report = json(&path("harmonized/report.json"));
    let local = |code: &&Value| code["system"] == "https://twinlake.example/CodeSystem/local";
    let listed = report["unmapped_codes"].as_array().unwrap().iter().filter(local);
    let listed: BTreeMap<String, u64> =
        listed.map(|code| (code["code"].as_str().unwrap().to_owned(), code["count"].as_u64().unwrap())).collect();
    assert_eq!(listed, deeds.local_codes);
    let reasons = report["reasons"].as_array().unwrap();
    let missing = reasons.iter().find(|reason| reason["reason"] == "no-value").unwrap();
    assert_eq!(
        (missing["resource_type"].as_str(), missing["count"].as_u64()),
        (Some("Observation"), Some(deeds.n_events["missing"]))
    );
}
