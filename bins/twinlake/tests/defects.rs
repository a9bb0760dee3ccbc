//! The validator against faults that are known: of every kind each is found, and no finding is of anything else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::fs;
use std::path::Path;

use clap::Parser as _;
use serde_json::Value;
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
