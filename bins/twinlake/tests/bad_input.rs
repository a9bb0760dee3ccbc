//! Input that is wrong in every way we know: each a rejected record or a finding with its place and reason, never a panic,
//! never silence.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-01-02"}"#;

/// A folder of FHIR with one good patient and some lines, and what is made of it.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new(lines: &[&[u8]]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bench = Self { dir };
        fs::create_dir(bench.path("fhir")).unwrap();
        bench.write("fhir/Patient.ndjson", PATIENT.as_bytes());
        let mut text = Vec::new();
        for line in lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if !lines.is_empty() {
            bench.write("fhir/bad.ndjson", &text);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, verb: &str, fhir: &str) -> Output {
        let (fhir, omop) = (self.path(fhir), self.path("omop"));
        let arguments = [verb, "--fhir-dir", fhir.to_str().unwrap(), "--omop-dir", omop.to_str().unwrap()];
        let output = Command::new(env!("CARGO_BIN_EXE_twinlake"))
            .args(arguments)
            .env_remove("PIPELINE_RUN_ID")
            .output()
            .unwrap();
        let said = stderr(&output);
        assert!(!said.contains("panicked"), "{said}");
        output
    }

    /// Harmonizes and gives the report, whose counts add up, and the rejected records.
    fn harmonize(&self) -> (Value, Vec<Value>) {
        let output = self.run("harmonize", "fhir");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: Value = serde_json::from_str(&fs::read_to_string(self.path("omop/report.json")).unwrap()).unwrap();
        let of_types = report["by_type"].as_object().unwrap().values();
        for counts in of_types.chain([&report["total"]]) {
            let count = |name: &str| counts[name].as_u64().unwrap();
            let accounted = ["mapped", "unmapped", "out_of_scope", "rejected"].map(count).iter().sum::<u64>();
            assert_eq!(count("input"), accounted, "{report:#}");
        }
        let rejected = fs::read_to_string(self.path("omop/rejected.ndjson")).unwrap_or_default();
        (report, rejected.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// What `validate` says of the good OMOP folder of [`good_omop`] and this FHIR, and its exit code.
    fn validate(&self) -> (String, Option<i32>) {
        let output = self.run("validate", "fhir");
        (String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output), output.status.code())
    }

    fn reason(&self, resource_type: &str) -> Vec<String> {
        let (report, _) = self.harmonize();
        let reasons = report["reasons"].as_array().unwrap().iter();
        let its = reasons.filter(|reason| reason["resource_type"] == resource_type);
        its.map(|reason| reason["reason"].as_str().unwrap().to_owned()).collect()
    }

    /// That the one bad line is rejected by `harmonize`, and found by `validate`, with its place and these words.
    #[track_caller]
    fn is_rejected(&self, resource_type: &str, words: &str) {
        self.is_rejected_and_found(resource_type, words, words);
    }

    /// The same, where `validate` has a rule that says it in other words.
    #[track_caller]
    fn is_rejected_and_found(&self, resource_type: &str, words: &str, in_validate: &str) {
        let (report, rejected) = self.harmonize();
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        let (file, line) = (rejected[0]["file"].as_str().unwrap(), rejected[0]["line"].as_u64());
        assert!(file.ends_with("bad.ndjson") && line == Some(1), "{rejected:?}");
        assert!(rejected[0]["reason"].as_str().unwrap().contains(words), "{rejected:?}");
        assert_eq!(rejected[0]["resource_type"], resource_type);
        assert_eq!(report["by_type"][resource_type]["rejected"], 1);
        let (said, code) = self.validate();
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("bad.ndjson:1"), "{said}");
        assert!(said.contains(in_validate), "{said}");
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_resource_of_an_unknown_type_is_out_of_scope() {
    let bench = Bench::new(&[br#"{"resourceType":"Spaceship","id":"s1","subject":{"reference":"Patient/p1"}}"#]);
    assert_eq!(bench.reason("Spaceship"), ["not-mapped"]);
    let (said, code) = bench.validate();
    assert!(matches!(code, Some(0 | 3)), "{said}");
}

#[test]
fn a_line_that_is_cut_off_is_rejected_wherever_it_ends() {
    for (resource_type, line) in [
        ("Condition", r#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"code":"#),
        ("Condition", r#"{"id":"c1","resourceType":"Condition","subject":{"reference":"Patient/p1"},"verification"#),
        ("Organization", r#"{"resourceType":"Organization","id":"o1","name":"Lake Cl"#),
        ("Provenance", r#"{"resourceType":"Provenance","id":"v1","target":[{"reference":"Patient/p1""#),
    ] {
        let bench = Bench::new(&[line.as_bytes()]);
        bench.is_rejected(resource_type, "truncated");
        let (said, _) = bench.validate();
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        let [error] = errors[..] else { panic!("{said}") };
        assert!(error.starts_with("error: fhir.unreadable: "), "{error}");
    }
}

#[test]
fn a_condition_without_a_code_is_out_of_scope() {
    let bench = Bench::new(&[
        br#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2020-01-01"}"#,
    ]);
    assert_eq!(bench.reason("Condition"), ["no-code"]);
    let (said, code) = bench.validate();
    assert!(matches!(code, Some(0 | 3)), "{said}");
}

#[test]
fn a_day_that_never_was_is_rejected() {
    let line = br#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2019-02-30","code":{"text":"x"}}"#;
    let found = "fhir.format: Condition/c1 says `2019-02-30` in Condition.recordedDate";
    Bench::new(&[line]).is_rejected_and_found("Condition", "`2019-02-30` is not a dateTime", found);
}

#[test]
fn an_observation_of_two_values_is_rejected() {
    let line = br#"{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2020-01-01","code":{"text":"x"},"valueString":"a","valueInteger":1}"#;
    let words = "`Observation.valueInteger`: the element has a value already";
    let found = "fhir.choice: Observation/o1 says `1` in Observation.valueInteger";
    Bench::new(&[line]).is_rejected_and_found("Observation", words, found);
}

#[test]
fn a_reference_to_nothing_is_counted_and_found() {
    let bench = Bench::new(&[
        br#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/none"},"recordedDate":"2020-01-01","code":{"text":"x"}}"#,
        br#"{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/none"},"recordedDate":"2020-01-01","code":{"text":"x"}}"#,
    ]);
    assert_eq!(bench.reason("Condition"), ["encounter", "subject"]);
    let (said, code) = bench.validate();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("Patient/none"), "{said}");
}

#[test]
fn a_bundle_inside_a_bundle_is_unpacked_and_a_broken_one_is_rejected() {
    let inner = r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p2"},"recordedDate":"2020-01-01","code":{"text":"x"}}}]}"#;
    let outer = |inner: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{{"resourceType":"Patient","id":"p2","birthDate":"1970"}}}},{{"resource":{inner}}}]}}"#
        )
    };
    let bench = Bench::new(&[]);
    bench.write("fhir/bundle.json", outer(inner).as_bytes());
    let (report, _) = bench.harmonize();
    assert_eq!(report["by_type"]["Condition"]["unmapped"], 1);
    assert_eq!(report["total"]["input"], 3);

    let cut_off = &outer(inner)[..outer(inner).len() - 40];
    bench.write("fhir/bundle.json", cut_off.as_bytes());
    let (report, _) = bench.harmonize();
    assert_eq!(report["total"]["rejected"], 1, "{report:#}");
    let rejected = fs::read_dir(bench.path("omop/rejected")).unwrap().count();
    assert_eq!(rejected, 1, "the record is put aside");
    let (said, code) = bench.validate();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("bundle.json") && said.contains("truncated"), "{said}");
}

#[test]
fn a_bundle_on_a_line_of_ndjson_is_unpacked_too() {
    let line = br#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p2","birthDate":"1970"}}]}"#;
    let (report, _) = Bench::new(&[line]).harmonize();
    assert_eq!(report["by_type"]["Patient"]["mapped"], 2, "{report:#}");
}

#[test]
fn a_line_of_two_hundred_megabytes_is_rejected_and_the_next_one_is_read() {
    let bench = Bench::new(&[]);
    let mut file = BufWriter::new(File::create(bench.path("fhir/bad.ndjson")).unwrap());
    file.write_all(br#"{"resourceType":"DocumentReference","id":"d1","description":""#).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\"}\n").unwrap();
    file.write_all(PATIENT.replace("p1", "p2").as_bytes()).unwrap();
    file.into_inner().unwrap().sync_all().unwrap();
    bench.is_rejected("DocumentReference", "longer than 64 MiB");
    let (report, _) = bench.harmonize();
    assert_eq!(report["by_type"]["Patient"]["mapped"], 2);
}

#[test]
fn bytes_that_are_no_text_are_rejected() {
    let line = b"{\"resourceType\":\"Condition\",\"id\":\"c1\",\"note\":[{\"text\":\"caf\xe9\"}]}";
    Bench::new(&[line]).is_rejected("Condition", "line 1 is not UTF-8");
}

#[test]
fn a_record_whose_type_cannot_be_read_is_counted_as_unknown() {
    Bench::new(&[b"{\"id\":\"x\"}"]).is_rejected("unknown", "missing resourceType");
    Bench::new(&[b"not json"]).is_rejected("unknown", "expected");
}

/// Replaces a table by one whose column holds texts.
fn with_texts(path: &Path, column: &str) {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["many"]));
    let batch = RecordBatch::try_from_iter([(column, texts)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_parquet_column_of_the_wrong_type_is_named() {
    let bench = Bench::new(&[]);
    bench.harmonize();
    with_texts(&bench.path("omop/person.parquet"), "person_id");
    let (said, code) = bench.validate();
    assert!(matches!(code, Some(1 | 3)), "{said}");
    assert!(said.contains("person.person_id") && said.contains("many"), "{said}");
}

#[test]
fn missing_tables_are_findings() {
    let bench = Bench::new(&[
        br#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"text":"x"}}"#,
    ]);
    bench.harmonize();
    assert_eq!(bench.validate().1, Some(0), "{}", bench.validate().0);
    fs::remove_file(bench.path("omop/condition_occurrence.parquet")).unwrap();
    let (said, code) = bench.validate();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("condition_occurrence"), "{said}");
}
