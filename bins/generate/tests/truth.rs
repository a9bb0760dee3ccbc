//! The truth behind the charts, joined to both renderings of the same cohort.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use arrow::array::AsArray as _;
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use clap::Parser as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use twinlake_fhir::Resource;
use twinlake_generate::{Args, run};
use twinlake_omop::{Table, read};

const PATIENTS: &str = "120";

/// What patients share, and tables worked out from the rows of others.
const NO_FACT: [&str; 5] = ["Organization", "Location", "Practitioner", "PractitionerRole", "Medication"];
const DERIVED: [Table; 5] =
    [Table::ObservationPeriod, Table::ConditionEra, Table::DrugEra, Table::DoseEra, Table::Cost];

fn generate(dir: &Path, arguments: &[&str]) {
    let (fhir, omop, truth) = (dir.join("fhir"), dir.join("omop"), dir.join("truth"));
    let folders = [
        ["--fhir-dir", fhir.to_str().unwrap()],
        ["--omop-dir", omop.to_str().unwrap()],
        ["--truth", truth.to_str().unwrap()],
    ];
    run(&Args::parse_from(
        [&["twinlake-generate", "--patients", PATIENTS], folders.as_flattened(), arguments].concat(),
    ))
    .unwrap();
}

fn batches(file: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Vec<Option<&'a str>> {
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
}

fn keys(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

/// Type and id of each resource of a patient.
fn resources(folder: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "ndjson")) {
        for line in BufReader::new(File::open(file).unwrap()).lines() {
            let line = line.unwrap();
            let resource = Resource::from_json(&line).unwrap();
            let id = resource.id().unwrap().to_owned();
            // The low 62 bits of what patients share are below those of the first patient's events.
            let key = twinlake_omop::key::of(resource.resource_type(), &id);
            if !NO_FACT.contains(&resource.resource_type()) && (key >= 1 << 29 || resource.resource_type() == "Patient")
            {
                found.insert((resource.resource_type().to_owned(), id));
            }
        }
    }
    found
}

#[test]
fn every_resource_and_every_row_has_its_truth() {
    assert!(joined(&[]).is_empty(), "nothing goes wrong unless asked for");
}

#[test]
fn a_messy_chart_says_what_was_done_to_it() {
    let deeds = ["duplicate", "late", "local-code", "missing", "unit-spelling"];
    assert_eq!(joined(&["--chart", "messy"]), deeds.map(str::to_owned).into());
}

#[test]
fn a_chart_of_no_faults_is_the_plain_one() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, none) = (dir.path().join("plain"), dir.path().join("none"));
    let rates = dir.path().join("rates.toml");
    fs::write(&rates, "missing = 0.0\n").unwrap();
    generate(&plain, &[]);
    generate(&none, &["--chart", rates.to_str().unwrap()]);
    for file in ["fhir/Observation.ndjson", "fhir/Condition.ndjson", "omop/measurement.parquet", "truth/truth.parquet"]
    {
        assert_eq!(fs::read(plain.join(file)).unwrap(), fs::read(none.join(file)).unwrap(), "{file}");
    }
    for (text, message) in [("late = 2.0", "`late` is 2"), ("latte = 0.1", "unknown field `latte`")] {
        fs::write(&rates, text).unwrap();
        let arguments = ["twinlake-generate", "--truth", none.to_str().unwrap(), "--chart", rates.to_str().unwrap()];
        let error = run(&Args::parse_from(arguments)).unwrap_err();
        assert!(format!("{error:#}").contains(message), "{error:#}");
    }
}

/// Joins the truth to both renderings; gives what was done to the charts.
fn joined(arguments: &[&str]) -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    generate(dir.path(), arguments);
    let mut deeds = BTreeSet::new();
    let (mut fhir, mut omop) = (BTreeSet::new(), BTreeSet::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for batch in batches(&dir.path().join("truth/truth.parquet")) {
        let (types, ids) = (texts(&batch, "fhir_type"), texts(&batch, "fhir_id"));
        for (kind, id) in types.into_iter().zip(ids) {
            assert_eq!(kind.is_some(), id.is_some());
            fhir.extend(kind.map(str::to_owned).zip(id.map(str::to_owned)));
        }
        for (table, key) in texts(&batch, "omop_table").into_iter().zip(keys(&batch, "omop_key")) {
            if let Some(row) = table.map(str::to_owned).zip(key) {
                assert!(omop.insert(row.clone()), "{row:?} is the truth of two events");
            }
        }
        for (kind, cause) in texts(&batch, "kind").into_iter().zip(texts(&batch, "cause")) {
            let kind = kind.unwrap();
            assert_eq!(cause.is_none(), matches!(kind, "patient" | "death"), "{kind}");
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        let charts = texts(&batch, "chart").into_iter().flatten();
        deeds.extend(charts.flat_map(|chart| chart.split(',')).map(str::to_owned));
        let date = |column: &str| batch.column_by_name(column).unwrap().as_primitive::<Date32Type>().values().to_vec();
        for (onset, recorded) in date("onset_date").into_iter().zip(date("recorded_date")) {
            assert!(onset <= recorded);
        }
    }
    assert_eq!(kinds["patient"], 120);
    assert!(kinds["observation"] > 1000 && kinds["problem"] > 100 && kinds["death"] > 0, "{kinds:?}");

    let rendered = resources(&dir.path().join("fhir"));
    let missing: Vec<_> = rendered.symmetric_difference(&fhir).take(5).collect();
    assert!(missing.is_empty(), "FHIR and truth differ in {missing:?}");

    let mut rows = BTreeSet::new();
    for table in Table::ALL.into_iter().filter(|table| !DERIVED.contains(table)) {
        let file = File::open(dir.path().join(format!("omop/{}.parquet", table.name()))).unwrap();
        for row in read::parquet(table, file).unwrap().flat_map(Result::unwrap) {
            if row.person_id().is_some() {
                rows.insert((table.name().to_owned(), row.key().unwrap()));
            }
        }
    }
    let missing: Vec<_> = rows.symmetric_difference(&omop).take(5).collect();
    assert!(missing.is_empty(), "OMOP and truth differ in {missing:?}");
    deeds
}

#[test]
fn latents_are_in_their_bounds_and_shift_with_the_patient() {
    let dir = tempfile::tempdir().unwrap();
    generate(dir.path(), &[]);
    let pack = twinlake_pack::Pack::embedded();
    let batches = batches(&dir.path().join("truth/truth.parquet"));
    for latent in &pack.latents {
        let column = format!("latent_{}", &*latent.key);
        let values: Vec<f64> = batches
            .iter()
            .flat_map(|batch| batch.column_by_name(&column).unwrap().as_primitive::<Float64Type>().values().to_vec())
            .collect();
        assert!(values.iter().all(|value| (latent.bounds[0]..=latent.bounds[1]).contains(value)), "{column}");
        let distinct: BTreeSet<u64> = values.iter().map(|value| value.to_bits()).collect();
        assert!(distinct.len() > 120, "{column} says nothing");
    }
}

#[test]
fn the_truth_is_the_same_on_any_threads_and_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two, parts) = (dir.path().join("one"), dir.path().join("two"), dir.path().join("parts"));
    generate(&one, &["--threads", "1"]);
    generate(&two, &["--threads", "2"]);
    assert_eq!(fs::read(one.join("truth/truth.parquet")).unwrap(), fs::read(two.join("truth/truth.parquet")).unwrap());
    generate(&parts, &["--shard", "1/2"]);
    generate(&parts, &["--shard", "2/2"]);
    let events = |files: &[std::path::PathBuf]| -> Vec<Option<i64>> {
        files.iter().flat_map(|file| batches(file)).flat_map(|batch| keys(&batch, "event_id")).collect()
    };
    let part = |index: u32| parts.join(format!("truth/truth.{index}-of-2.parquet"));
    assert_eq!(events(&[part(1), part(2)]), events(&[one.join("truth/truth.parquet")]));
}
