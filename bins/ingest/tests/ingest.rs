//! What becomes of files of all kinds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests stop where something is wrong and say what they skip"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use twinlake_fhir::Resource;
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_ingest::{Config, Summary, ingest};
use twinlake_task::{Progress, files_under};

/// The folder of public Synthea samples, when it is there.
fn sample() -> Option<PathBuf> {
    let specs = std::env::var_os("TWINLAKE_SPECS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let sample = specs.join("synthea-sample");
    sample.is_dir().then_some(sample)
}

fn config(dir: &Path, compression: Compression) -> Config {
    Config { output: dir.join("out"), rejected: dir.join("rejected"), compression, shard: None }
}

fn run(input: &Path, config: &Config) -> Summary {
    ingest(config, &files_under(&[input.to_owned()]).unwrap(), &mut Progress::quiet("ingest")).unwrap()
}

/// Ingests files given by name and content.
fn run_files(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Summary) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    for (name, content) in files {
        fs::write(dir.path().join("in").join(name), content).unwrap();
    }
    let summary = run(&dir.path().join("in"), &config(dir.path(), Compression::None));
    (dir, summary)
}

fn lines(path: &Path) -> Vec<Value> {
    let mut lines =
        ndjson::Reader::new(ndjson::open(fs::File::open(path).unwrap(), Compression::from_path(path)).unwrap());
    let mut values = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        values.push(serde_json::from_str(line.text).unwrap());
    }
    values
}

/// All resources of a folder, by `Type/id`.
fn resources(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for file in files_under(&[folder.to_owned()]).unwrap() {
        let name = file.path.file_name().unwrap().to_str().unwrap().split_once('.').unwrap().0.to_owned();
        for value in lines(&file.path) {
            assert_eq!(value["resourceType"], name.as_str());
            let key = format!("{name}/{}", value["id"].as_str().unwrap());
            assert!(found.insert(key.clone(), value).is_none(), "{key} is written twice");
        }
    }
    found
}

/// Every string of a `reference` element.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(text) if key == "reference" => found.push(text.clone()),
            value => references(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn bundles_become_files_by_type_with_references_resolved() {
    let hospital = r#"{"resourceType":"Bundle","type":"batch","entry":[
        {"fullUrl":"urn:uuid:o-1","resource":{"resourceType":"Organization","identifier":[{"system":"s","value":"1"}]}}]}"#;
    let patient = r##"{"resourceType":"Bundle","type":"transaction","entry":[
        {"fullUrl":"urn:uuid:p-1","resource":{"resourceType":"Patient","id":"p-1",
          "managingOrganization":{"reference":"Organization?identifier=s|1"}}},
        {"fullUrl":"urn:uuid:c-1","resource":{"resourceType":"Claim","id":"c-1","patient":{"reference":"urn:uuid:p-1"},
          "total":{"value":12.50},"insurer":{"reference":"urn:uuid:nobody"},"referral":{"reference":"#r"}}},
        {"response":{"status":"201"}}]}"##;
    let (dir, summary) = run_files(&[("a-patient.json", patient.as_bytes()), ("hospital.json", hospital.as_bytes())]);
    let claim = fs::read_to_string(dir.path().join("out/Claim.ndjson")).unwrap();
    let expected = concat!(
        r##"{"resourceType":"Claim","id":"c-1","patient":{"reference":"Patient/p-1"},"total":{"value":12.50},"##,
        r##""insurer":{"reference":"urn:uuid:nobody"},"referral":{"reference":"#r"}}"##,
        "\n"
    );
    assert_eq!(claim, expected);
    let patient = &lines(&dir.path().join("out/Patient.ndjson"))[0];
    assert_eq!(patient["managingOrganization"]["reference"], "Organization/o-1");
    assert_eq!(lines(&dir.path().join("out/Organization.ndjson"))[0]["id"], "o-1");
    assert_eq!(summary.n_resources(), 3);
    assert_eq!((summary.files, summary.empty_entries, summary.unresolved_references, summary.rejected), (2, 1, 1, 0));
    assert!(!dir.path().join("rejected").exists());
}

#[test]
fn what_cannot_be_read_is_put_aside_with_its_place() {
    let good = "{\"resourceType\":\"Patient\",\"id\":\"p\"}\n";
    let bad_lines =
        format!("{good}{{\"resourceType\":\"Patient\",\"birthDate\":\"1981-02-30\"}}\n\n{{\"id\":\"x\"}}\n{{\"resou");
    let cut_bundle =
        "{\"resourceType\":\"Bundle\",\n\"entry\":[{\"resource\":{\"resourceType\":\"Claim\",\"id\":\"1\"}},\n{\"reso";
    let odd_entries = "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":1},\n{\"resource\":\n{\"resourceType\":\"Patient\",\"name\":{}}}]}";
    let mut zstd = ndjson::Writer::new(Vec::new(), Compression::Zstd).unwrap();
    (0..20_000).for_each(|n| zstd.write_line(&format!("{{\"resourceType\":\"Claim\",\"id\":\"z{n}\"}}")).unwrap());
    let zstd = zstd.finish().unwrap();
    let (dir, summary) = run_files(&[
        ("a.ndjson", bad_lines.as_bytes()),
        ("b.json", cut_bundle.as_bytes()),
        ("c.json", odd_entries.as_bytes()),
        ("d.ndjson", b"{\"resourceType\":\"Patient\",\"id\":\"\xff\"}\n"),
        ("e.json", b"{\"resourceType\":\"Patient\",\"id\":"),
        ("f.ndjson.zst", &zstd[..zstd.len() - 3]),
    ]);
    let rejected = lines(&dir.path().join("rejected/rejected.ndjson"));
    let told: Vec<(String, u64, &str)> = rejected
        .iter()
        .map(|line| {
            let name = Path::new(line["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
            (name, line["line"].as_u64().unwrap(), line["reason"].as_str().unwrap())
        })
        .collect();
    let expected = [
        ("a.ndjson", 2, "`Patient.birthDate`: `1981-02-30` is not a date"),
        ("a.ndjson", 4, "missing resourceType"),
        ("a.ndjson", 5, "truncated"),
        ("b.json", 3, "truncated at line 3"),
        ("c.json", 1, "entry 0: `entry.fullUrl`: invalid type"),
        ("c.json", 3, "`Patient.name`: invalid type: map, expected an array"),
        ("d.ndjson", 1, "line 1 is not UTF-8"),
        ("e.json", 1, "truncated"),
    ];
    assert_eq!(told.len(), expected.len() + 1, "{told:#?}");
    for ((file, line, reason), (expected_file, expected_line, start)) in told.iter().zip(expected) {
        assert_eq!((file.as_str(), *line), (expected_file, expected_line), "{reason}");
        assert!(reason.starts_with(start), "{reason}");
    }
    assert_eq!(rejected[3]["text"], "{\"reso");
    assert_eq!(rejected[7]["text"], "{\"resourceType\":\"Patient\",\"id\":");
    // Of a stream that is cut off, the lines before the cut are kept.
    let (_, n_whole, reason) = &told[8];
    assert_eq!(*reason, format!("cannot read past line {n_whole}: incomplete frame"));
    assert!(*n_whole > 1000 && *n_whole < 20_000, "{n_whole}");
    assert_eq!((summary.rejected, summary.resources["Claim"], summary.resources["Patient"]), (9, n_whole + 1, 1));
}

#[test]
fn the_same_resource_is_written_once_in_its_latest_version() {
    let version = |number: u32, name: &str| {
        format!(
            "{{\"resourceType\":\"Organization\",\"id\":\"o\",\"meta\":{{\"versionId\":\"{number}\"}},\"name\":\"{name}\"}}\n"
        )
    };
    let first = [version(1, "old"), version(10, "new"), version(9, "older")].concat();
    // The same content in another layout is the same.
    let second = version(10, "new").replace(',', " ,\t") + &version(10, "rival");
    let (dir, summary) = run_files(&[("1.ndjson", first.as_bytes()), ("2.ndjson", second.as_bytes())]);
    let written = lines(&dir.path().join("out/Organization.ndjson"));
    assert_eq!((written.len(), written[0]["name"].as_str()), (1, Some("new")));
    assert_eq!((summary.duplicates, summary.superseded), (1, 3));
}

#[test]
fn files_without_resources_are_counted_and_left_alone() {
    let (dir, summary) = run_files(&[
        ("manifest.json", br#"{"transactionTime":"2020-01-01","output":[{"type":"Patient","url":"x"}]}"#),
        ("log.ndjson", b"{\"time\":1}\n{\"time\":2}\n"),
        ("README.md", b"# Patients"),
        ("empty.ndjson", b""),
        ("Patient.json", b"\xef\xbb\xbf{\n\"id\":\"p\",\n\"resourceType\":\"Patient\"\n}\n"),
        ("bundles.ndjson", br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"q"}}]}"#),
    ]);
    assert_eq!((summary.files, summary.ignored_files, summary.rejected), (2, 4, 0));
    assert_eq!(resources(&dir.path().join("out")).keys().collect::<Vec<_>>(), ["Patient/p", "Patient/q"]);
}

#[test]
fn input_without_a_single_resource_is_an_error_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), "{}").unwrap();
    let inputs = files_under(&[dir.path().to_owned()]).unwrap();
    let error = ingest(&config(dir.path(), Compression::None), &inputs, &mut Progress::quiet("ingest")).unwrap_err();
    assert!(error.to_string().contains("no FHIR resources in 1 files"), "{error}");
    assert!(!dir.path().join("out").exists());
}

#[test]
fn synthea_samples_are_taken_whole() {
    let Some(sample) = sample() else {
        eprintln!("skipped: no synthea-sample in $TWINLAKE_SPECS or ../shared");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let first = config(dir.path(), Compression::Zstd);
    let summary = run(&sample, &first);
    assert_eq!(summary.rejected, 0, "{summary:?}");
    assert_eq!((summary.files, summary.ignored_files), (28, 2), "{summary:?}");
    assert!(summary.duplicates > 0 && summary.ids_made == 0, "{summary:?}");

    let written = resources(&first.output);
    assert_eq!(written.len() as u64, summary.n_resources());
    let mut n_unresolved = 0;
    for (key, value) in &written {
        Resource::from_json(&value.to_string()).unwrap_or_else(|error| panic!("{key}: {error}"));
        let mut found = Vec::new();
        references(value, &mut found);
        for reference in found {
            if reference.starts_with('#') || written.contains_key(&reference) {
                continue;
            }
            // What the README of the samples says dangles: conditional references of 2023, encounters of the NDJSON.
            n_unresolved += u64::from(reference.contains('?'));
            assert!(reference.contains("?identifier=") || reference.starts_with("Encounter/"), "{key}: {reference}");
        }
    }
    assert_eq!(n_unresolved, summary.unresolved_references);

    // What is written, read again, gives the same; in another compression and from the binary.
    let again = dir.path().join("again");
    let binary = Command::new(env!("CARGO_BIN_EXE_twinlake-ingest"))
        .args([&first.output, Path::new("--output"), &again, Path::new("--compress"), Path::new("gzip")])
        .output()
        .unwrap();
    assert!(binary.status.success(), "{}", String::from_utf8_lossy(&binary.stderr));
    assert!(String::from_utf8_lossy(&binary.stdout).contains("  Observation\n"));
    assert!(again.join("Patient.ndjson.gz").is_file());
    assert_eq!(resources(&again), written);
    let left_over = files_under(&[dir.path().to_owned()]).unwrap();
    assert!(left_over.iter().all(|file| !file.path.to_string_lossy().ends_with(".partial")));
}
