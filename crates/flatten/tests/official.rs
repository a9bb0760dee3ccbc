//! The official suite of SQL on FHIR, every case, unedited.
//!
//! The files are read where they lie, at `$TWINLAKE_SPECS` or beside the repository; without them the test says what it
//! skipped, and `language.rs` still covers the language. The results are `docs/test_report.json`, in the form that the
//! registry of engines asks for; `cargo xtask test-report` writes it, by the variable `TWINLAKE_TEST_REPORT` of this test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use twinlake_flatten::{FHIR_TYPE, Flattener, Plan, Types, ViewDefinition, json_lines};

/// Cases that do not pass yet, with the reason; each must fail, so that passing is noticed.
const NOT_YET: &[(&str, &str, &str)] = &[];

/// The files of the suite and how many cases each has, so that a missing one is noticed: 144, and 13 of which 5 are new.
const FILES: &[(&str, usize)] = &[
    ("tests-newer/fn_reference_keys", 7),
    ("tests-newer/validate", 6),
    ("tests/basic", 11),
    ("tests/collection", 4),
    ("tests/combinations", 6),
    ("tests/constant", 8),
    ("tests/constant_types", 14),
    ("tests/fhirpath", 9),
    ("tests/fhirpath_numbers", 1),
    ("tests/fn_boundary", 8),
    ("tests/fn_empty", 1),
    ("tests/fn_extension", 2),
    ("tests/fn_first", 2),
    ("tests/fn_join", 3),
    ("tests/fn_oftype", 2),
    ("tests/fn_reference_keys", 3),
    ("tests/foreach", 13),
    ("tests/logic", 3),
    ("tests/repeat", 19),
    ("tests/row_index", 9),
    ("tests/union", 10),
    ("tests/validate", 5),
    ("tests/view_resource", 3),
    ("tests/where", 8),
];

fn specs() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "where the official files lie is a setting of the tests")]
    let given = std::env::var("TWINLAKE_SPECS");
    given.map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
}

/// A case's title and what is wrong with it.
type Case = (String, Result<(), String>);

/// The report of the last release of the suite.
fn report_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/test_report.json")
}

/// A file of the report for each of the suite, newer ones in place of older ones of the name.
fn report(results: &BTreeMap<String, Vec<Case>>) -> BTreeMap<String, Value> {
    let mut report = BTreeMap::new();
    for suite in ["tests/", "tests-newer/"] {
        for (name, cases) in results {
            let Some(file) = name.strip_prefix(suite) else { continue };
            let result = |(title, outcome): &Case| match outcome {
                Ok(()) => json!({"name": title, "result": {"passed": true}}),
                Err(reason) => json!({"name": title, "result": {"error": reason, "passed": false}}),
            };
            let tests: Vec<Value> = cases.iter().map(result).collect();
            report.insert(format!("{file}.json"), json!({"tests": tests}));
        }
    }
    report
}

#[test]
fn the_report_has_the_form_that_the_registry_asks_for() {
    let report: Value = serde_json::from_str(&fs::read_to_string(report_file()).unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut n_passed = 0;
    for (name, file) in report.as_object().unwrap() {
        assert_eq!((name.split('.').nth(1), keys(file)), (Some("json"), vec!["tests".to_owned()]), "{name}");
        let tests = file["tests"].as_array().unwrap();
        assert!(!tests.is_empty(), "{name}");
        for test in tests {
            assert_eq!(keys(test), ["name", "result"], "{name}");
            assert!(test["name"].is_string() && test["result"]["passed"].is_boolean(), "{name}: {test}");
            n_passed += usize::from(test["result"]["passed"] == true);
        }
    }
    assert_eq!((report.as_object().unwrap().len(), n_passed), (22, 149));
}

#[test]
#[expect(clippy::print_stderr, reason = "says what was skipped")]
fn official_cases_pass() {
    let folder = specs().join("sql-on-fhir");
    if !folder.is_dir() {
        eprintln!("skipped: no official SQL on FHIR suite in {}", folder.display());
        return;
    }
    let (mut n_cases, mut wrong, mut found) = (0, Vec::new(), BTreeMap::new());
    let mut results: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for suite in ["tests", "tests-newer"] {
        let mut files: Vec<_> = fs::read_dir(folder.join(suite)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let name = format!("{suite}/{}", path.file_stem().unwrap().to_string_lossy());
            found.insert(name.clone(), file["tests"].as_array().unwrap().len());
            for case in file["tests"].as_array().unwrap() {
                n_cases += 1;
                let title = case["title"].as_str().unwrap();
                let outcome = check(case, file["resources"].as_array().unwrap());
                results.entry(name.clone()).or_default().push((title.to_owned(), outcome.clone()));
                let expected = NOT_YET.iter().find(|(file, case, _)| *file == name && *case == title);
                match (outcome, expected) {
                    (Ok(()), None) | (Err(_), Some(_)) => {}
                    (Ok(()), Some(_)) => wrong.push(format!("{name}: {title}: passes now, take it off the list")),
                    (Err(reason), None) => wrong.push(format!("{name}: {title}: {reason}")),
                }
            }
        }
    }
    eprintln!("{n_cases} official cases, {} of them not passing yet", NOT_YET.len());
    let files: BTreeMap<_, _> = FILES.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    assert_eq!(found, files, "the suite is not the one that this test knows");
    let report = serde_json::to_string_pretty(&report(&results)).unwrap() + "\n";
    let written = std::env::var_os("TWINLAKE_TEST_REPORT");
    if let Some(path) = &written {
        // Failed cases are in it too.
        fs::write(path, &report).unwrap();
    }
    assert!(wrong.is_empty(), "{} of {n_cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    if written.is_none() {
        assert_eq!(fs::read_to_string(report_file()).unwrap(), report, "`cargo xtask test-report` writes it anew");
    }
}

fn check(case: &Value, resources: &[Value]) -> Result<(), String> {
    let outcome = run(&case["view"].to_string(), resources);
    if case["expectError"] == true {
        return outcome.map_or(Ok(()), |(_, rows)| Err(format!("expected an error, got {rows:?}")));
    }
    let (columns, mut rows) = outcome?;
    if let Some(expected) = case["expectColumns"].as_array() {
        let expected: Vec<_> = expected.iter().map(|name| name.as_str().unwrap()).collect();
        if columns != expected {
            return Err(format!("columns {columns:?}, expected {expected:?}"));
        }
    }
    let mut expected: Vec<_> = case["expect"].as_array().unwrap().iter().map(normal).collect();
    rows.sort();
    expected.sort();
    if rows == expected { Ok(()) } else { Err(format!("got {rows:#?}, expected {expected:#?}")) }
}

/// Columns and rows of the view, or the error as text.
fn run(view: &str, resources: &[Value]) -> Result<(Vec<String>, Vec<String>), String> {
    let view = ViewDefinition::parse(view).map_err(|error| error.to_string())?;
    let plan = Arc::new(Plan::compile(&[view], Types::Ansi).map_err(|error| error.to_string())?);
    let schema = plan.tables()[0].schema().clone();
    let mut flattener = Flattener::new(plan, 2);
    for resource in resources {
        flattener.push(&resource.to_string()).map_err(|error| error.to_string())?;
    }
    let mut rows = Vec::new();
    for batch in flattener.finish() {
        let mut lines = String::new();
        json_lines(&batch.rows, &mut lines);
        for line in lines.lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            // A decimal is text by the default types; the suite writes a number.
            for field in schema.fields() {
                let cell = &mut row[field.name()];
                if field.metadata()[FHIR_TYPE] == "decimal" && cell.is_string() {
                    *cell = serde_json::from_str(cell.as_str().unwrap()).unwrap();
                }
            }
            rows.push(normal(&row));
        }
    }
    Ok((schema.fields().iter().map(|field| field.name().clone()).collect(), rows))
}

/// A row as text that is equal for equal rows: keys sorted, absent as null, numbers as numbers.
fn normal(row: &Value) -> String {
    let cells: BTreeMap<_, _> = row
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key, value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string())))
        .collect();
    format!("{cells:?}")
}
