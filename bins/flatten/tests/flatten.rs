//! The step on real files: formats, threads, and what is wrong with the input.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use clap::Parser as _;
use twinlake_flatten::{Types, ViewDefinition, builtin, json_lines};
use twinlake_flatten_bin::{Args, Config, Rejected, flatten_files, run, tables};

const PATIENTS: &str = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"birthDate\":\"1970-06\"}\n\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";

fn view() -> ViewDefinition {
    ViewDefinition::parse(
        r#"{"name": "people", "resource": "Patient", "select": [{"column": [
            {"name": "id", "path": "id", "type": "id"}, {"name": "birth_date", "path": "birthDate", "type": "date"}]}]}"#,
    )
    .unwrap()
}

fn config(views: Vec<ViewDefinition>, threads: usize) -> Config {
    let threads = NonZeroUsize::new(threads).unwrap();
    Config { views, types: Types::Typed, keys: false, threads, strict: false }
}

fn flatten(config: &Config, files: &[PathBuf]) -> (Vec<String>, Vec<Rejected>) {
    let (mut lines, mut rejected) = (Vec::new(), Vec::new());
    flatten_files(
        config,
        files,
        &mut |table, rows: RecordBatch| {
            let mut text = String::new();
            json_lines(&rows, &mut text);
            lines.extend(text.lines().map(|line| format!("{table} {line}")));
            Ok(())
        },
        &mut |one| {
            rejected.push(one.clone());
            Ok(())
        },
    )
    .unwrap();
    (lines, rejected)
}

fn args(arguments: &[&str]) -> Args {
    Args::try_parse_from(std::iter::once("flatten").chain(arguments.iter().copied())).unwrap()
}

#[test]
fn plain_gzip_and_zstd_give_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("Patient.ndjson");
    fs::write(&plain, PATIENTS).unwrap();
    let gzip = dir.path().join("p.gz");
    let mut encoder = flate2::write::GzEncoder::new(File::create(&gzip).unwrap(), flate2::Compression::fast());
    encoder.write_all(PATIENTS.as_bytes()).unwrap();
    encoder.finish().unwrap();
    let zstd = dir.path().join("Patient.ndjson.zst");
    fs::write(&zstd, zstd::encode_all(PATIENTS.as_bytes(), 1).unwrap()).unwrap();
    let expected = [r#"people {"id":"a","birth_date":"1970-06-01"}"#, r#"people {"id":"b","birth_date":null}"#];
    for file in [plain, gzip, zstd] {
        assert_eq!(flatten(&config(vec![view()], 1), std::slice::from_ref(&file)).0, expected, "{}", file.display());
    }
}

#[test]
fn a_bundle_gives_its_entries_with_their_references_resolved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bundle.json");
    let bundle = r#"{
      "resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": "urn:uuid:1-a", "resource": {"resourceType": "Patient", "id": "p"}},
        {"fullUrl": "urn:uuid:2-b", "resource": {"resourceType": "Condition", "subject": {"reference": "urn:uuid:1-a"}}},
        {"response": {"status": "201"}},
        {"resource": {"resourceType": "Basic", "id": "x"}}
      ]}"#;
    fs::write(&path, bundle).unwrap();
    let view = r#"{"name": "c", "resource": "Condition", "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "subject", "path": "subject.getReferenceKey(Patient)"}]}]}"#;
    let (lines, rejected) = flatten(&config(vec![ViewDefinition::parse(view).unwrap()], 1), &[path]);
    assert_eq!(lines, [r#"c {"id":"2-b","subject":"p"}"#]);
    assert_eq!(rejected, []);
}

#[test]
fn a_single_resource_may_span_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("patient.json");
    fs::write(&path, "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"a\"\n}\n").unwrap();
    assert_eq!(flatten(&config(vec![view()], 1), &[path]).0, [r#"people {"id":"a","birth_date":null}"#]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_leaves_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Patient.ndjson");
    let mut text = PATIENTS.as_bytes().to_vec();
    text.extend(
        b"{\"id\":\"c\"}\n{\"resourceType\":\"Patient\",\"birthDate\":\"1970-02-30\"}\n\xff\n{\"resourceType\":\"Pat",
    );
    fs::write(&path, text).unwrap();
    let (lines, rejected) = flatten(&config(vec![view()], 2), std::slice::from_ref(&path));
    assert_eq!(lines.len(), 2);
    let seen: Vec<_> = rejected.iter().map(|one| (one.line, one.reason.as_str())).collect();
    assert_eq!(seen[0], (4, "not a FHIR resource: it has no `resourceType`"));
    assert!(seen[1].0 == 5 && seen[1].1.contains("`1970-02-30` in `Patient/?` is not a date"), "{seen:?}");
    assert_eq!((seen[2].0, seen[3].0, seen.len()), (6, 7, 4));

    let strict = Config { strict: true, ..config(vec![view()], 2) };
    let error = flatten_files(&strict, &[path], &mut |_, _| Ok(()), &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.downcast_ref::<Rejected>().unwrap().line, 4);
}

#[test]
fn the_output_does_not_depend_on_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for file in 0..3 {
        let path = dir.path().join(format!("{file}.ndjson"));
        let mut out = File::create(&path).unwrap();
        // Several chunks a file.
        let padding = "x".repeat(2000);
        for patient in 0..3000 {
            writeln!(out, r#"{{"resourceType":"Patient","id":"{file}-{patient}","x":"{padding}"}}"#).unwrap();
        }
        files.push(path);
    }
    let (one, _) = flatten(&config(vec![view()], 1), &files);
    assert_eq!(one.len(), 9000);
    assert_eq!(one[8999], r#"people {"id":"2-2999","birth_date":null}"#);
    for threads in [2, 5] {
        assert_eq!(flatten(&config(vec![view()], threads), &files).0, one);
    }
}

#[test]
fn parquet_files_do_not_depend_on_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(
        path("view.json"),
        r#"{"name": "people", "resource": "Patient", "select": [{"column": [
            {"name": "id", "path": "id", "type": "id"}, {"name": "language", "path": "language", "type": "string"}]}]}"#,
    )
    .unwrap();
    // More than waits for a row group to be full, and no two chunks alike.
    let mut input = Vec::new();
    for n in 0..18_000usize {
        let text = "x".repeat(n * n % 4099);
        writeln!(input, r#"{{"resourceType":"Patient","id":"{n}","language":"{text}"}}"#).unwrap();
    }
    fs::write(path("p.ndjson"), input).unwrap();
    let files = ["1", "3"].map(|threads| {
        let output = path(&format!("{threads}.parquet"));
        let (view, input) = (path("view.json"), path("p.ndjson"));
        let flags = ["--format", "parquet", "--threads", threads, "--output", &output];
        run(&args(&[&["--view", &view, "--input", &input][..], &flags].concat())).unwrap();
        fs::read(output).unwrap()
    });
    assert!(files[0] == files[1]);
}

#[test]
fn an_error_of_the_sink_ends_all_threads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Patient.ndjson");
    fs::write(&path, PATIENTS.repeat(300_000)).unwrap();
    let error = flatten_files(&config(vec![view()], 2), &[path], &mut |_, _| anyhow::bail!("full"), &mut |_| Ok(()));
    assert_eq!(error.unwrap_err().to_string(), "full");
}

#[test]
fn every_format_has_every_table_also_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("Patient.ndjson");
    fs::write(&input, PATIENTS).unwrap();
    for format in ["ndjson", "csv", "parquet", "arrow"] {
        let out = dir.path().join(format);
        let output = ["--output", out.to_str().unwrap(), "--format", format];
        let mut arguments = vec!["--builtin", "--keys", "--input", input.to_str().unwrap()];
        arguments.extend(output);
        run(&args(&arguments)).unwrap();
        let names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), builtin::VIEWS.len());
    }
    let csv = fs::read_to_string(dir.path().join("csv/patient.csv")).unwrap();
    assert!(
        csv.starts_with("id,version_id,")
            && csv.lines().next().unwrap().ends_with(",omop_key,subject_key,encounter_key")
    );
    assert_eq!(csv.lines().count(), 3);
    let parquet = File::open(dir.path().join("parquet/patient.parquet")).unwrap();
    let mut rows = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(parquet, 10).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().num_rows(), 2);
    let arrow = File::open(dir.path().join("arrow/patient.arrow")).unwrap();
    let mut rows = arrow::ipc::reader::FileReader::try_new(arrow, None).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().num_rows(), 2);
    assert_eq!(fs::read_to_string(dir.path().join("ndjson/condition.ndjson")).unwrap(), "");
}

#[test]
fn a_run_that_fails_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("Patient.ndjson");
    fs::write(&input, format!("{PATIENTS}{{\"resourceType\":")).unwrap();
    let out = dir.path().join("out");
    let arguments = ["--builtin", "--input", input.to_str().unwrap(), "--output", out.to_str().unwrap()];
    let error = format!("{:#}", run(&args(&arguments)).unwrap_err());
    assert!(
        error.contains("Patient.ndjson`, line 4, byte 95: not JSON: the text ends too early, at byte 16"),
        "{error}"
    );
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    let arguments = [&arguments[..], &["--on-error", "skip"]].concat();
    run(&args(&arguments)).unwrap();
    assert_eq!(fs::read_to_string(out.join("patient.ndjson")).unwrap().lines().count(), 2);
}

#[test]
fn wrong_usage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().to_str().unwrap();
    let usage = |arguments: &[&str]| run(&args(arguments)).unwrap_err();
    assert!(usage(&["--input", input]).is::<twinlake_task::UsageError>());
    assert!(usage(&["--builtin", "--input", input]).is::<twinlake_task::UsageError>());
    let error = format!("{:#}", usage(&["--builtin", "--input", "/no/such", "--output", input]));
    assert!(error.contains("/no/such"), "{error}");
    let view = dir.path().join("v.json");
    fs::write(&view, r#"{"resource": "Patient", "select": [{"column": [{"name": "a", "path": "name.frist()"}]}]}"#)
        .unwrap();
    let error = format!("{:#}", usage(&["--view", view.to_str().unwrap(), "--input", input]));
    assert!(error.contains("select[0].column[0].path: path `name.frist()`, character 6"), "{error}");
}

#[test]
fn tables_are_known_before_any_input() {
    let config = Config { keys: true, ..config(builtin::views(), 1) };
    let tables = tables(&config).unwrap();
    assert_eq!(tables.len(), builtin::VIEWS.len());
    for (name, schema) in &tables {
        assert!(schema.column_with_name("omop_key").is_some(), "{name}");
        assert!(!Path::new(name).is_absolute());
    }
}

#[test]
fn what_is_left_out_can_be_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("Patient.ndjson");
    let long = "x".repeat(3 << 20);
    fs::write(&input, format!("{PATIENTS}{{\"id\":1}}\n{{\"resourceType\":\"Patient\",\"id\":\"{long}\"}}\n{{\"resourceType\":\"Patient\",")).unwrap();
    let (out, aside) = (dir.path().join("out"), dir.path().join("aside.ndjson"));
    let arguments = ["--builtin", "--input", input.to_str().unwrap(), "--output", out.to_str().unwrap()];
    let aside_arguments = ["--on-error", "quarantine", "--quarantine", aside.to_str().unwrap()];
    run(&args(&[&arguments[..], &aside_arguments].concat())).unwrap();
    assert_eq!(fs::read_to_string(out.join("patient.ndjson")).unwrap().lines().count(), 3);
    let aside: Vec<serde_json::Value> =
        fs::read_to_string(aside).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(aside.len(), 2);
    assert_eq!(
        (&aside[0]["line"], &aside[0]["byte"], &aside[0]["text"]),
        (&4.into(), &95.into(), &"{\"id\":1}".into())
    );
    assert_eq!(aside[0]["reason"], "not a FHIR resource: it has no `resourceType`");
    // Lines and bytes are counted over chunks.
    let byte = 95 + 9 + long.len() + r#"{"resourceType":"Patient","id":""}"#.len() + 1;
    assert_eq!((&aside[1]["line"], &aside[1]["byte"]), (&6.into(), &byte.into()));
    let usage = Args::try_parse_from(["flatten", "--builtin", "--input", "x", "--on-error", "quarantine"]);
    assert!(usage.unwrap_err().to_string().contains("--quarantine"));
}

#[test]
fn standard_input_is_read_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let view = dir.path().join("v.json");
    let text = r#"{"name": "people", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}"#;
    fs::write(&view, text).unwrap();
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"a"}},{"resource":{"resourceType":"Patient","id":"b"}}]}"#;
    let forms = [PATIENTS.as_bytes().to_vec(), bundle.into(), zstd::encode_all(PATIENTS.as_bytes(), 1).unwrap()];
    for form in forms {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_twinlake-flatten"))
            .args(["--view", view.to_str().unwrap(), "--input", "-"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&form).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
    }
}
