//! The step on whole folders: our own small input, and real Synthea output where it is present.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use twinlake_harmonize_bin::{Args, Config, Rejected, Totals, harmonize_files, run};
use twinlake_omop::{AnyRow, Table, read};
use twinlake_task::files_under;
use twinlake_vocab::Vocab;

const PATIENTS: &str = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970","address":[{"state":"MA","postalCode":"02118"}]}
{"resourceType":"Patient","id":"p2","gender":"male","birthDate":"1980-01-02","address":[{"state":"MA","postalCode":"02118"}]}
{"resourceType":"Patient","id":"p3"
{"id":"p4"}
"#;
const CONDITIONS: &str = r#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}]}}
{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p2"},"recordedDate":7,"code":{"text":"x"}}
{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/none"},"recordedDate":"2020-01-01","code":{"text":"x"}}
{"resourceType":"Condition","id":"c4","recordedDate":"2020-01-01","code":{"text":"x"}}
"#;

fn input() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Patient.1.ndjson"), PATIENTS).unwrap();
    fs::write(dir.path().join("Condition.ndjson"), CONDITIONS).unwrap();
    fs::write(dir.path().join("CarePlan.ndjson"), "{\"resourceType\":\"CarePlan\",\"id\":\"x\"}\n").unwrap();
    dir
}

fn args(fhir: &Path, omop: &Path, more: &[&str]) -> Args {
    let (fhir, omop) = (fhir.to_str().unwrap(), omop.to_str().unwrap());
    let given = ["harmonize", "--fhir-dir", fhir, "--omop-dir", omop, "--date", "2026-01-31"];
    Args::parse_from(given.iter().chain(more))
}

fn harmonized(files: &[PathBuf], threads: usize) -> (Vec<AnyRow>, Vec<Rejected>, Totals) {
    let work = tempfile::tempdir().unwrap();
    let config = Config {
        work: work.path().to_owned(),
        threads: NonZeroUsize::new(threads).unwrap(),
        date: "2026-01-31".parse().unwrap(),
    };
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    let totals = harmonize_files(
        &config,
        Vocab::embedded(),
        files,
        &mut |row| {
            rows.push(row);
            Ok(())
        },
        &mut |one| {
            rejected.push(one);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0, "work files are gone");
    (rows, rejected, totals)
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    files_under(&[folder.to_owned()]).unwrap().into_iter().map(|file| file.path).collect()
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_the_rest_is_mapped() {
    let dir = input();
    let (rows, rejected, totals) = harmonized(&paths(dir.path()), 2);
    let mut places: Vec<_> =
        rejected.iter().map(|one| (one.file.file_name().unwrap().to_string_lossy().into_owned(), one.line)).collect();
    places.sort();
    let expected = [("Condition.ndjson", 2), ("Patient.1.ndjson", 3), ("Patient.1.ndjson", 4)];
    assert_eq!(places, expected.map(|(file, line)| (file.to_owned(), line)));
    assert_eq!((totals.persons, totals.n_rejected()), (2, 3));
    assert_eq!(
        totals.resources,
        BTreeMap::from([("CarePlan", 1), ("Condition", 3), ("Patient", 2)].map(|(name, n)| (name.to_owned(), n)))
    );
    assert_eq!(totals.rows[&Table::ConditionOccurrence], 1);
    assert_eq!(totals.rows[&Table::Location], 1, "two patients of one place share its row");
    assert_eq!(rows.len() as u64, totals.n_rows());
    assert_eq!((totals.losses.reason("Condition", "subject"), totals.losses.reason("CarePlan", "not-mapped")), (2, 1));
}

#[test]
fn rows_do_not_depend_on_the_number_of_threads() {
    let dir = input();
    let files = paths(dir.path());
    assert_eq!(harmonized(&files, 1), harmonized(&files, 3));
}

#[test]
fn every_table_of_the_cdm_is_written_in_both_formats() {
    let dir = input();
    for (format, ending) in [("parquet", "parquet"), ("csv", "csv")] {
        let out = tempfile::tempdir().unwrap();
        run(&args(dir.path(), out.path(), &["--omop-format", format])).unwrap();
        for table in Table::ALL {
            assert!(out.path().join(format!("{}.{ending}", table.name())).is_file(), "{}", table.name());
        }
        let person = fs::File::open(out.path().join(format!("person.{ending}"))).unwrap();
        let persons: Vec<_> = if format == "csv" {
            read::csv(Table::Person, person).unwrap().map(Result::unwrap).collect()
        } else {
            read::parquet(Table::Person, person).unwrap().flat_map(Result::unwrap).collect()
        };
        assert_eq!(persons.len(), 2);
        let report = fs::read_to_string(out.path().join("report.json")).unwrap();
        assert!(report.contains("\"not-mapped\""), "{report}");
        assert_eq!(fs::read_to_string(out.path().join("rejected.ndjson")).unwrap().lines().count(), 3);
        assert!(!out.path().join(".harmonize").exists());
    }
}

#[test]
fn a_bundle_is_taken_too() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"fullUrl":"urn:uuid:5cbc121b-cd71-4428-b8b7-31e53eba8184","resource":{"resourceType":"Patient","birthDate":"1970"}},
        {"resource":{"resourceType":"Condition","id":"c1","subject":{"reference":"urn:uuid:5cbc121b-cd71-4428-b8b7-31e53eba8184"},
            "recordedDate":"2020-01-01","code":{"text":"x"}}}]}"#;
    fs::write(dir.path().join("bundle.json"), bundle).unwrap();
    let out = tempfile::tempdir().unwrap();
    run(&args(dir.path(), out.path(), &[])).unwrap();
    let conditions = fs::File::open(out.path().join("condition_occurrence.parquet")).unwrap();
    assert_eq!(read::parquet(Table::ConditionOccurrence, conditions).unwrap().flat_map(Result::unwrap).count(), 1);
}

#[test]
fn a_folder_that_is_missing_or_empty_is_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let missing = run(&args(&dir.path().join("none"), &out, &[])).unwrap_err();
    assert!(format!("{missing:#}").contains("none"), "{missing:#}");
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(run(&args(&empty, &out, &[])).unwrap_err().to_string().contains("empty"));
    assert!(!out.exists());
    fs::write(empty.join("Patient.ndjson"), "{").unwrap();
    let broken = run(&args(&empty, &out, &[])).unwrap_err();
    assert!(broken.to_string().contains("1 records were rejected"), "{broken}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "no half-written table");
}

#[test]
fn two_patients_of_one_key_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    // Our own ids carry the key in their low bits, whatever the cohort's tag in front.
    let ids = ["00000000-0001-87a1-8000-000000000007", "00000000-0002-87a1-8000-000000000007"];
    let lines = ids.map(|id| format!("{{\"resourceType\":\"Patient\",\"id\":\"{id}\",\"birthDate\":\"1970\"}}\n"));
    fs::write(dir.path().join("Patient.ndjson"), lines.concat()).unwrap();
    let error = run(&args(dir.path(), &dir.path().join("out"), &[])).unwrap_err().to_string();
    assert!(ids.iter().all(|id| error.contains(id)), "{error}");
}

#[test]
fn real_synthea_output_goes_through() {
    #[expect(clippy::disallowed_methods, reason = "the tests' one setting: where the official data lies")]
    let specs = std::env::var("TWINLAKE_SPECS")
        .map_or_else(|_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from);
    let sample = specs.join("synthea-sample");
    if !sample.is_dir() {
        #[expect(clippy::print_stderr, reason = "a test says what it skipped")]
        {
            eprintln!("skipped: no Synthea sample (set TWINLAKE_SPECS)");
        }
        return;
    }
    let out = tempfile::tempdir().unwrap();
    run(&args(&sample, out.path(), &[])).unwrap();
    let count = |table: Table| {
        let file = fs::File::open(out.path().join(format!("{}.parquet", table.name()))).unwrap();
        read::parquet(table, file).unwrap().flat_map(Result::unwrap).count()
    };
    assert_eq!(count(Table::Person), 120);
    assert!(count(Table::VisitOccurrence) > 400);
    assert!(count(Table::ConditionOccurrence) > 700);
    assert!(count(Table::ObservationPeriod) >= 100);
    assert!(count(Table::Measurement) + count(Table::Observation) > 2_000);
}
