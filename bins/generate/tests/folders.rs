//! The verb with its files: same seed, same bytes; and what happens when it cannot work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use clap::Parser as _;
use twinlake_fhir::{Resource, ndjson};
use twinlake_generate::{Args, run};
use twinlake_omop::{Table, read};

/// More patients than one block holds.
const PATIENTS: &str = "300";

fn generate(arguments: &[&str]) {
    run(&Args::parse_from([&["twinlake-generate"], arguments].concat())).unwrap();
}

/// Writes a cohort to `dir/fhir` and `dir/omop`.
fn generate_in(dir: &Path, arguments: &[&str]) {
    let (fhir, omop) = (dir.join("fhir"), dir.join("omop"));
    let folders = ["--fhir-dir", fhir.to_str().unwrap(), "--omop-dir", omop.to_str().unwrap()];
    generate(&[&folders, arguments].concat());
}

/// Sorted lines by resource type, from every file of the folder.
fn lines(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let resource_type = name.split('.').next().unwrap().to_owned();
        if resource_type == "manifest" {
            continue;
        }
        let compression = ndjson::Compression::from_path(&path);
        let mut text = String::new();
        ndjson::open(File::open(&path).unwrap(), compression).unwrap().read_to_string(&mut text).unwrap();
        lines.entry(resource_type).or_default().extend(text.lines().map(str::to_owned));
    }
    for lines in lines.values_mut() {
        lines.sort_unstable();
    }
    lines
}

fn counted(lines: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, u64> {
    lines.iter().map(|(resource_type, lines)| (resource_type.clone(), lines.len() as u64)).collect()
}

/// Resources by type, as a manifest counts them; every file it lists is there.
fn listed(folder: &Path, name: &str) -> BTreeMap<String, u64> {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
    assert_eq!(manifest["requiresAccessToken"], false);
    assert_eq!(manifest["error"].as_array().unwrap().len(), 0);
    let output = manifest["output"].as_array().unwrap().iter().map(|file| {
        assert!(folder.join(file["url"].as_str().unwrap()).is_file(), "{file}");
        (file["type"].as_str().unwrap().to_owned(), file["count"].as_u64().unwrap())
    });
    output.collect()
}

/// Sorted rows by table, column by column as text, from `<table>.parquet` or `<table>/*.parquet`.
fn rows(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in Table::ALL {
        let whole = folder.join(format!("{}.parquet", table.name()));
        let files = if whole.exists() {
            vec![whole]
        } else {
            fs::read_dir(folder.join(table.name())).unwrap().map(|entry| entry.unwrap().path()).collect()
        };
        let mut rows: Vec<String> = files
            .into_iter()
            .flat_map(|path| read::parquet(table, File::open(path).unwrap()).unwrap())
            .flat_map(Result::unwrap)
            .map(|row| format!("{:?}", row.cells))
            .collect();
        rows.sort_unstable();
        all.insert(table.name().to_owned(), rows);
    }
    all
}

#[test]
fn a_seed_gives_the_same_patients_on_any_threads_and_shards() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two, other, shards) =
        (dir.path().join("one"), dir.path().join("two"), dir.path().join("other"), dir.path().join("shards"));
    generate_in(&one, &["--patients", PATIENTS, "--seed", "7", "--threads", "1"]);
    generate_in(&two, &["--count", PATIENTS, "--seed", "7", "--threads", "2", "--compress", "zstd"]);
    generate_in(&other, &["--patients", PATIENTS, "--seed", "8"]);
    for shard in [5, 1, 7, 3, 2, 6, 4] {
        let shard = format!("{shard}/7");
        generate_in(&shards, &["--patients", PATIENTS, "--seed", "7", "--shard", &shard, "--compress", "gzip"]);
    }

    let (fhir, omop) = (lines(&one.join("fhir")), rows(&one.join("omop")));
    assert_eq!(fhir["Patient"].len(), 300);
    assert_eq!(omop["person"].len(), 300);
    assert!(fhir["Observation"].len() > 1000 && omop["measurement"].len() > 1000);
    assert!(omop["concept"].len() > 100 && omop["cdm_source"].len() == 1);
    for (name, folder) in [("two threads", &two), ("seven shards", &shards)] {
        assert_eq!(lines(&folder.join("fhir")), fhir, "{name}");
        assert_eq!(rows(&folder.join("omop")), omop, "{name}");
    }
    assert_ne!(lines(&other.join("fhir")), fhir);
    assert_eq!(listed(&one.join("fhir"), "manifest.json"), counted(&fhir));
    let mut of_shards = BTreeMap::new();
    for shard in 1..=7 {
        for (resource_type, n) in listed(&shards.join("fhir"), &format!("manifest.{shard}-of-7.json")) {
            *of_shards.entry(resource_type).or_default() += n;
        }
    }
    assert_eq!(of_shards, counted(&fhir));

    // Not only the same rows: files of one shard are the same bytes.
    for file in ["omop/person.parquet", "omop/measurement.parquet", "omop/concept.parquet"] {
        assert_eq!(fs::read(one.join(file)).unwrap(), fs::read(two.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn a_later_cohort_holds_the_patients_of_an_earlier_one() {
    let dir = tempfile::tempdir().unwrap();
    let (all, some) = (dir.path().join("all"), dir.path().join("some"));
    generate_in(&all, &["--patients", "20"]);
    generate_in(&some, &["--first", "11", "--patients", "5"]);
    let (all, some) = (lines(&all.join("fhir")), lines(&some.join("fhir")));
    assert_eq!(some["Patient"].len(), 5);
    assert!(!some.contains_key("Organization"), "what all share is written with patient 1");
    for (resource_type, lines) in &some {
        let missing: Vec<_> = lines.iter().filter(|line| !all[resource_type].contains(line)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn bundles_and_csv_hold_the_same_patients() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, other) = (dir.path().join("plain"), dir.path().join("other"));
    generate_in(&plain, &["--patients", "8"]);
    generate_in(&other, &["--patients", "8", "--fhir-format", "bundle", "--omop-format", "csv"]);

    let mut bundled: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut n_files = 0;
    for entry in fs::read_dir(other.join("fhir")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut n_entries = 0;
        let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle["type"], "collection");
        // The text of each resource, without a detour that would lose its digits.
        for line in text.lines().filter(|line| line.starts_with("{\"fullUrl\"")) {
            let line = line.trim_end_matches(',').strip_suffix('}').unwrap();
            let (url, resource) = line.split_once("\"resource\":").unwrap();
            let parsed = Resource::from_json(resource).unwrap();
            assert!(url.contains(&format!("/{}/{}\"", parsed.resource_type(), parsed.id().unwrap())));
            bundled.entry(parsed.resource_type().to_owned()).or_default().push(resource.to_owned());
            n_entries += 1;
        }
        assert_eq!(bundle["entry"].as_array().unwrap().len(), n_entries);
        n_files += 1;
    }
    for lines in bundled.values_mut() {
        lines.sort_unstable();
    }
    assert_eq!(n_files, 9);
    assert_eq!(bundled, lines(&plain.join("fhir")));

    for table in [Table::Person, Table::Measurement, Table::VisitOccurrence, Table::Concept] {
        let parquet = File::open(plain.join(format!("omop/{}.parquet", table.name()))).unwrap();
        let csv = File::open(other.join(format!("omop/{}.csv", table.name()))).unwrap();
        let parquet: Vec<_> = read::parquet(table, parquet).unwrap().flat_map(Result::unwrap).collect();
        let csv: Vec<_> = read::csv(table, csv).unwrap().map(Result::unwrap).collect();
        assert!(!parquet.is_empty());
        assert_eq!(parquet, csv, "{}", table.name());
    }
}

#[test]
fn a_transaction_names_what_it_holds_by_uuid() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, other, threads) = (dir.path().join("plain"), dir.path().join("other"), dir.path().join("threads"));
    let transactions = ["--patients", "40", "--fhir-format", "bundle-transaction"];
    generate_in(&plain, &["--patients", "40"]);
    generate_in(&other, &[&transactions[..], &["--threads", "1"]].concat());
    generate_in(&threads, &[&transactions[..], &["--threads", "3"]].concat());

    let mut n_shared = 0;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(other.join("fhir")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, fs::read_to_string(threads.join("fhir").join(path.file_name().unwrap())).unwrap());
        let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle["type"], "transaction");
        let literals: BTreeMap<String, String> = bundle["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let url = entry["request"]["url"].as_str().unwrap();
                assert_eq!(entry["request"]["method"], "PUT");
                assert_eq!(entry["fullUrl"], format!("urn:uuid:{}", url.split_once('/').unwrap().1));
                (entry["fullUrl"].as_str().unwrap().to_owned(), url.to_owned())
            })
            .collect();
        for line in text.lines().filter(|line| line.starts_with("{\"fullUrl\"")) {
            let (resource, _) = line.split_once("\"resource\":").unwrap().1.rsplit_once(",\"request\":").unwrap();
            // The references as NDJSON has them.
            let mut pieces = resource.split("\"reference\":\"");
            let mut plain = pieces.next().unwrap().to_owned();
            for piece in pieces {
                let (reference, rest) = piece.split_once('"').unwrap();
                let literal = literals.get(reference).map_or(reference, String::as_str);
                assert!(!literal.starts_with("urn:"), "{literal} is not in its Bundle");
                assert!(literals.contains_key(reference) || !literal.starts_with("Patient/"), "{literal}");
                n_shared += u32::from(!literals.contains_key(reference));
                plain.extend(["\"reference\":\"", literal, "\"", rest]);
            }
            let resource_type = Resource::from_json(&plain).unwrap().resource_type().to_owned();
            found.entry(resource_type).or_default().push(plain);
        }
    }
    for lines in found.values_mut() {
        lines.sort_unstable();
    }
    assert_eq!(found, lines(&plain.join("fhir")));
    assert!(n_shared > 100, "the reference set has a Bundle of its own");
}

fn binary(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinlake-generate")).args(arguments).output().unwrap()
}

fn fails_with(arguments: &[&str], code: i32, message: &str) {
    let output = binary(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(stderr.contains(message), "{arguments:?}: {stderr}");
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    fails_with(&["--fhir-dir", out, "--seed", "forty-two"], 2, "'forty-two'");
    fails_with(&["--fhir-dir", out, "--shard", "8/7"], 2, "`8/7` is not a shard");
    fails_with(&["--fhir-dir", out, "--patients", "0"], 2, "0 is not in");
    fails_with(&["--fhir-dir", out, "--threads", "0"], 2, "--threads");
    fails_with(&["--fhir-dir", out, "--as-of", "yesterday"], 2, "'yesterday'");
    fails_with(&["--fhir-dir", out, "--as-of", "2999-01-01"], 2, "`--as-of 2999-01-01` is after");
    fails_with(&["--fhir-dir", out, "--first", "8589934591", "--patients", "2"], 2, "beyond `8589934591`");
    for since in ["2024-03-01", "2024-03-02"] {
        let refused = format!("`--since {since}` is not before `2024-03-01`");
        fails_with(&["--fhir-dir", out, "--since", since, "--as-of", "2024-03-01"], 2, &refused);
    }
    fails_with(&["--fhir-dir", out, "--truth", out, "--since", "2024-03-01"], 2, "--truth");
    fails_with(&["--patients", "3"], 2, "--fhir-dir");
    assert!(!Path::new(out).exists(), "nothing was written");
}

#[test]
fn what_cannot_be_written_or_read_is_named_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let below = file.join("omop");
    fails_with(&["--patients", "3", "--omop-dir", below.to_str().unwrap()], 1, below.to_str().unwrap());

    // A folder stands where a file should be: what is not complete does not stay.
    let omop = dir.path().join("omop");
    fs::create_dir_all(omop.join("measurement.parquet/x")).unwrap();
    fails_with(&["--patients", "3", "--omop-dir", omop.to_str().unwrap()], 1, "measurement.parquet");
    let left: Vec<_> = fs::read_dir(&omop).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_str().unwrap().ends_with(".partial")), "{left:?}");

    let missing = dir.path().join("no-pack");
    fails_with(&["--omop-dir", omop.to_str().unwrap(), "--model", missing.to_str().unwrap()], 1, "no-pack");
}
