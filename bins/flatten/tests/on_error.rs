//! What the command does about resources that cannot be read or flattened, and what it says of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Each line of the input, and the reason for which it is left out; empty for those that are not.
const LINES: &[(&str, &str)] = &[
    (r#"{"resourceType": "Patient", "id": "good", "gender": "female"}"#, ""),
    (r#"{"resourceType": "Patient", "id": "cut", "#, "not JSON: the text ends too early, at byte"),
    ("", ""),
    (
        r#"{"resourceType": "Patient", "id": "twice", "gender": "male", "gender": "female"}"#,
        "an element stands there twice",
    ),
    (r#"{"id": "nameless"}"#, "not a FHIR resource: it has no `resourceType`"),
    (r"[1, 2]", "not a FHIR resource: it is no JSON object"),
    (r#"{"resourceType": "Patient", "id": "complex", "gender": {"code": "male"}}"#, "is not a primitive"),
    (
        r#"{"resourceType": "Patient", "id": "day", "birthDate": "1970-02-30"}"#,
        "`1970-02-30` in `Patient/day` is not a date",
    ),
    (r#"{"resourceType": "Patient", "id": "list", "gender": ["male", "female"]}"#, "gave 2 values in `Patient/list`"),
    // What no view looks at is only read as JSON, and other resources are passed over.
    (r#"{"resourceType": "Patient", "id": "fine", "photo": 1, "photo": 2, "gender": null}"#, ""),
    (r#"{"resourceType": "Basic", "id": "other", "gender": {}}"#, ""),
];

const VIEW: &str = r#"{"name": "people", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"},
    {"name": "gender", "path": "gender"}, {"name": "birth_date", "path": "birthDate", "type": "date"}]}]}"#;

fn flatten(folder: &Path, more: &[&str]) -> Output {
    fs::write(folder.join("view.json"), VIEW).unwrap();
    let lines: Vec<&str> = LINES.iter().map(|(line, _)| *line).collect();
    fs::write(folder.join("Patient.ndjson"), lines.join("\n")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_twinlake-flatten"))
        .args(["--view", "view.json", "--input", "Patient.ndjson", "--output", "people.ndjson"])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Lines that are left out: their number from 1, the bytes before them, the text, and why.
fn bad() -> Vec<(usize, usize, &'static str, &'static str)> {
    let mut before = 0;
    let mut found = Vec::new();
    for (number, (line, reason)) in (1..).zip(LINES) {
        if !reason.is_empty() {
            found.push((number, before, *line, *reason));
        }
        before += line.len() + 1;
    }
    found
}

#[test]
fn fail_says_the_first_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let output = flatten(dir.path(), &["--on-error", "fail"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    let (line, byte, _, reason) = bad()[0];
    assert!(told.contains(&format!("`Patient.ndjson`, line {line}, byte {byte}: {reason}")), "{told}");
    assert!(!dir.path().join("people.ndjson").exists());
}

#[test]
fn skip_tells_all_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let output = flatten(dir.path(), &["--on-error", "skip"]);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stderr).unwrap();
    for (line, byte, _, reason) in bad() {
        let place = format!("`Patient.ndjson`, line {line}, byte {byte}: ");
        let one = told.lines().find(|told| told.contains(&place)).unwrap_or_else(|| panic!("{place} in {told}"));
        assert!(one.contains(reason), "{reason} in {one}");
    }
    let rows = fs::read_to_string(dir.path().join("people.ndjson")).unwrap();
    assert_eq!(
        rows,
        "{\"id\":\"good\",\"gender\":\"female\",\"birth_date\":null}\n{\"id\":\"fine\",\"gender\":null,\"birth_date\":null}\n"
    );
}

#[test]
fn quarantine_keeps_what_was_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let output = flatten(dir.path(), &["--on-error", "quarantine", "--quarantine", "aside.ndjson"]);
    assert_eq!(output.status.code(), Some(0));
    let aside = fs::read_to_string(dir.path().join("aside.ndjson")).unwrap();
    let aside: Vec<Value> = aside.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(aside.len(), bad().len());
    for (one, (line, byte, text, reason)) in aside.iter().zip(bad()) {
        assert_eq!((&one["file"], &one["line"], &one["byte"]), (&"Patient.ndjson".into(), &line.into(), &byte.into()));
        assert_eq!(one["text"], text.trim());
        assert!(one["reason"].as_str().unwrap().contains(reason), "{reason} in {one}");
    }
    assert_eq!(fs::read_to_string(dir.path().join("people.ndjson")).unwrap().lines().count(), 2);
}
