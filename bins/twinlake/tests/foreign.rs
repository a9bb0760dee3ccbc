//! Real Synthea output through `harmonize`: every record is accounted for, the rows hold to every rule, and those of three
//! patients are as they were read by hand.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skips")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use twinlake_crosscheck::{Severity, Terms};
use twinlake_omop::{Table, read};
use twinlake_validate::{Sources, check, fhir_files, omop_files};
use twinlake_vocab::Vocab;

/// The sample, or a loud word on what is skipped without it.
fn sample() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("TWINLAKE_SPECS").map_or(beside, PathBuf::from).join("synthea-sample");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no folder `{}`; set TWINLAKE_SPECS", folder.display());
    None
}

/// Harmonizes a folder and gives the report.
fn harmonize(fhir: &Path, omop: &Path) -> Value {
    let arguments = ["harmonize", "--fhir-dir", fhir.to_str().unwrap(), "--omop-dir", omop.to_str().unwrap()];
    let output = Command::new(env!("CARGO_BIN_EXE_twinlake")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&fs::read_to_string(omop.join("report.json")).unwrap()).unwrap()
}

fn counts(counts: &Value) -> [u64; 5] {
    ["input", "mapped", "unmapped", "out_of_scope", "rejected"].map(|name| counts[name].as_u64().unwrap())
}

#[test]
fn every_record_of_synthea_is_accounted_for_and_every_rule_of_omop_holds() {
    let Some(sample) = sample() else { return };
    let dir = tempfile::tempdir().unwrap();
    let omop = dir.path().join("omop");
    let report = harmonize(&sample, &omop);

    let mut sum = [0; 5];
    for (name, of_type) in report["by_type"].as_object().unwrap() {
        let [input, mapped, unmapped, out_of_scope, rejected] = counts(of_type);
        assert_eq!(input, mapped + unmapped + out_of_scope + rejected, "{name}");
        sum = std::array::from_fn(|place| sum[place] + counts(of_type)[place]);
    }
    assert_eq!(counts(&report["total"]), sum);
    assert_eq!(sum[0], n_resources(&sample), "what was read is what is there");
    assert_eq!(sum[4], 0, "all of it can be read");
    // Each that is out of scope has a reason, each unmapped one a code.
    let reasons: u64 =
        report["reasons"].as_array().unwrap().iter().map(|reason| reason["count"].as_u64().unwrap()).sum();
    assert!(reasons >= sum[3], "{reasons} reasons for {} out of scope", sum[3]);
    let codes = report["unmapped_codes"].as_array().unwrap();
    let code_counts: Vec<u64> = codes.iter().map(|code| code["count"].as_u64().unwrap()).collect();
    assert!(code_counts.iter().sum::<u64>() >= sum[2], "{code_counts:?} for {} unmapped", sum[2]);
    assert!(code_counts.is_sorted_by(|one, other| one >= other), "most frequent first");

    let ingest = twinlake_ingest::Config {
        output: dir.path().join("resources"),
        rejected: dir.path().join("rejected"),
        compression: twinlake_fhir::ndjson::Compression::None,
        shard: None,
    };
    let fhir = twinlake_ingest::as_ndjson(&ingest, &fhir_files(&sample).unwrap()).unwrap();
    let checked = check(&Sources {
        fhir: fhir.files,
        unreadable: Vec::new(),
        n_duplicates: 0,
        omop: omop_files(&omop).unwrap(),
        has_all_tables: false,
        work: dir.path().join("work"),
        vocab: Vocab::embedded(),
        pack: None,
        foreign: true,
        terms: Terms::default(),
        threads: NonZeroUsize::MIN,
    })
    .unwrap();
    let errors: Vec<_> = checked.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{} errors, first: {:?}", errors.len(), &errors[..errors.len().min(10)]);
    assert_eq!(checked.persons, 120);
}

/// How many resources the files of the sample hold, counted without our readers.
fn n_resources(folder: &Path) -> u64 {
    let mut n = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            n += n_resources(&path);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let bundle: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            n +=
                bundle["entry"].as_array().unwrap().iter().filter(|entry| entry["resource"].is_object()).count() as u64;
        } else if path.extension().is_some_and(|extension| extension == "ndjson") {
            n += fs::read_to_string(&path).unwrap().lines().filter(|line| !line.trim().is_empty()).count() as u64;
        }
    }
    n
}

/// Of three makes: transaction Bundles of 2019 and 2020, a collection of 2022 without US Core.
const GOLDEN: [(&str, &str); 3] = [
    ("synthea-2019-05", "Bernardo_Ordóñez_ee5ce8e4-160e-4265-88ea-a2ebf4e2dfa9"),
    ("synthea-2020-08", "Carroll471_O'Hara248_274f5452-2a39-44c4-a7cb-f36de467762e"),
    ("synthea-collection", "Alfonzo975_Hickle134_cd3d3588-94fc-b980-9e94-0390d989d921"),
];

#[test]
fn three_patients_of_synthea_are_as_read_by_hand() {
    let Some(sample) = sample() else { return };
    for (folder, name) in GOLDEN {
        let dir = tempfile::tempdir().unwrap();
        let (fhir, omop) = (dir.path().join("fhir"), dir.path().join("omop"));
        fs::create_dir(&fhir).unwrap();
        for entry in fs::read_dir(sample.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            // The patient, and the hospitals and practitioners of the folder.
            if file.starts_with(name) || file.contains("Information") {
                fs::copy(&path, fhir.join(file)).unwrap();
            }
        }
        let report = harmonize(&fhir, &omop);
        let text = rows(&omop) + &losses(&report);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/synthea");
        expectorate::assert_contents(golden.join(format!("{folder}.txt")), &text);
    }
}

/// The person's rows, a line each, by table and key: what is not null, but for what all rows have.
fn rows(omop: &Path) -> String {
    let mut text = String::new();
    for table in Table::ALL {
        let spec = table.spec();
        if spec.person_column.is_none() {
            continue;
        }
        let file = fs::File::open(omop.join(format!("{}.parquet", table.name()))).unwrap();
        for row in read::parquet(table, file).unwrap().flat_map(Result::unwrap) {
            text.push_str(table.name());
            for (field, cell) in spec.fields.iter().zip(&row.cells) {
                if cell.is_null() || field.name == "person_id" {
                    continue;
                }
                let value = cell.to_string().replace('\n', "\\n");
                let value: String =
                    if value.chars().count() > 60 { value.chars().take(60).chain(['…']).collect() } else { value };
                write!(
                    text,
                    " {}={value}",
                    field.name.strip_prefix(&format!("{}_", table.name())).unwrap_or(field.name)
                )
                .unwrap();
            }
            text.push('\n');
        }
    }
    text
}

/// What became of the resources, and why.
fn losses(report: &Value) -> String {
    let mut text = String::from("\n");
    for (name, of_type) in report["by_type"].as_object().unwrap() {
        let [input, mapped, unmapped, out_of_scope, rejected] = counts(of_type);
        writeln!(text, "{name}: {input} = {mapped} mapped + {unmapped} unmapped + {out_of_scope} out of scope + {rejected} rejected")
            .unwrap();
    }
    let mut by_reason: BTreeMap<(String, String), u64> = BTreeMap::new();
    for reason in report["reasons"].as_array().unwrap() {
        let name = |key: &str| reason[key].as_str().unwrap().to_owned();
        by_reason.insert((name("resource_type"), name("reason")), reason["count"].as_u64().unwrap());
    }
    for ((resource_type, reason), n) in by_reason {
        writeln!(text, "reason {resource_type} {reason}: {n}").unwrap();
    }
    for loss in report["losses"].as_array().unwrap() {
        let could_go = loss["could_go"].as_str().unwrap_or("nowhere: it identifies");
        writeln!(text, "loss {}: {} -> {could_go}", loss["path"].as_str().unwrap(), loss["count"]).unwrap();
    }
    for code in report["unmapped_codes"].as_array().unwrap() {
        let [system, code_text, display] =
            ["system", "code", "display"].map(|key| code[key].as_str().unwrap_or_default());
        writeln!(text, "unmapped {system}|{code_text} ({display}): {}", code["count"]).unwrap();
    }
    text
}
