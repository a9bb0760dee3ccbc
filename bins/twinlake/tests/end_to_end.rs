//! The real binary on temporary folders: the main job, its rerun, refusals, real input and bad input.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skips")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use twinlake_lake::BlockingLake;

#[test]
fn a_cohort_becomes_a_lake_and_a_rerun_adds_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run = |id: &str, seed: &str| {
        twinlake(&["run", "--patients", "60", "--seed", seed, "--run-id", id, "--out", out.to_str().unwrap()])
    };
    let first = run("first", "42");
    assert_exit(&first, 0);
    let summary = summary(&out, "first");
    assert_eq!(summary["patients"], 60);
    assert_eq!(summary["findings"]["errors"], 0);
    assert_eq!(rows(&summary, "omop.person"), 60);
    assert_eq!(rows(&summary, "fhir.patient"), 60);
    for table in ["omop.visit_occurrence", "omop.measurement", "omop.drug_exposure", "omop.concept", "fhir.observation"]
    {
        assert!(rows(&summary, table) > 0, "{table} is empty");
    }
    assert!(summary["dbt"]["tests"].as_u64().unwrap() > 0);
    assert!(stdout(&first).contains("findings"), "{}", stdout(&first));
    assert!(out.join("twinlake.duckdb").exists());

    // The same run again: every table keeps its rows and its snapshot.
    let lake = || BlockingLake::open_local(out.join("lake")).unwrap().tables().unwrap();
    let before = lake();
    let again = run("first", "42");
    assert_exit(&again, 0);
    assert!(stdout(&again).contains("already"), "{}", stdout(&again));
    assert_eq!(lake(), before);
    for state in before.iter().filter(|state| state.rows > 0) {
        assert_eq!(rows(&summary, &state.name), state.rows, "{}", state.name);
    }

    // The same id with other arguments is a usage error, a second seed in one lake is refused.
    let other = run("first", "43");
    assert_exit(&other, 2);
    assert!(stderr(&other).contains("--seed was `42`, now `43`"), "{}", stderr(&other));
    let second = run("second", "43");
    assert_exit(&second, 2);
    assert!(stderr(&second).contains("cohort"), "{}", stderr(&second));
}

#[test]
fn a_run_whose_transform_failed_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("my lake");
    let run = |more: &[&str]| {
        let run = ["run", "--patients", "12", "--run-id", "r", "--out", out.to_str().unwrap()];
        twinlake(&[&run, more].concat())
    };
    let failed = run(&["--python", "no/such/python"]);
    assert_exit(&failed, 1);
    assert!(stderr(&failed).contains("no/such/python"), "{}", stderr(&failed));
    assert_exit(&run(&[]), 0);
    let asked = twinlake(&["query", "--out", out.to_str().unwrap(), "select count(*) as persons from omop.person"]);
    assert_exit(&asked, 0);
    assert!(stdout(&asked).contains("12"), "{}", stdout(&asked));
    let summary = summary(&out, "r");
    assert_eq!(summary["patients"], 12);
    assert!(summary["dbt"]["models"].as_u64().unwrap() > 0);
}

#[test]
fn a_second_run_of_the_same_cohort_lands_beside_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    for id in ["one", "two"] {
        let run = twinlake(&["run", "--patients", "12", "--run-id", id, "--out", out, "--skip", "transform"]);
        assert_exit(&run, 0);
    }
    let summary = summary(Path::new(out), "two");
    assert_eq!(rows(&summary, "omop.person"), 24, "the lake is a log");
}

#[test]
fn real_synthea_output_goes_through_to_the_marts() {
    let Some(sample) = specs("synthea-sample") else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run =
        twinlake(&["run", "--from", sample.to_str().unwrap(), "--run-id", "synthea", "--out", out.to_str().unwrap()]);
    assert_exit(&run, 0);
    let summary = summary(&out, "synthea");
    assert!(rows(&summary, "omop.person") > 0);
    assert!(rows(&summary, "omop.condition_occurrence") > 0);
    assert!(summary["unmapped_codes"].as_u64().unwrap() > 0, "codes outside the crosswalk are counted");
    assert!(summary["losses"].as_u64().unwrap() > 0, "elements without a home are counted");
    assert!(summary["dbt"]["tests"].as_u64().unwrap() > 0);
}

#[test]
fn records_that_cannot_be_read_are_set_aside_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("Patient.ndjson");
    let good = r#"{"resourceType":"Patient","id":"a","gender":"male","birthDate":"1970-03-04"}"#;
    fs::write(&input, format!("{good}\n{{\"id\":\"b\"}}\n{{\"resourceType\":\"Patient\",\"id\":\"c\",\"birthD"))
        .unwrap();
    let out = dir.path().join("out");
    let run = twinlake(&[
        "run",
        "--from",
        input.to_str().unwrap(),
        "--run-id",
        "r",
        "--out",
        out.to_str().unwrap(),
        "--skip",
        "transform",
    ]);
    assert_exit(&run, 0);
    let summary = summary(&out, "r");
    assert_eq!(summary["rejected"], 2);
    assert_eq!(rows(&summary, "omop.person"), 1);
    let rejected = files_below(&out.join("raw/rejected"));
    let decoded = |path: &PathBuf| zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
    let text: String = rejected.iter().map(|path| String::from_utf8(decoded(path)).unwrap()).collect();
    assert!(text.contains("resourceType"), "{text}");
    assert!(text.contains("\"line\":2") && text.contains("\"line\":3"), "{text}");
}

#[test]
fn bad_input_is_refused_by_name_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let out_text = out.to_str().unwrap();

    let missing = twinlake(&["run", "--from", "no/such/folder", "--out", out_text]);
    assert_exit(&missing, 1);
    assert!(stderr(&missing).contains("no/such/folder"), "{}", stderr(&missing));
    assert!(!out.join("lake").exists(), "nothing is made for input that is not there");

    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let below_a_file = file.join("out");
    let unwritable = twinlake(&["run", "--patients", "1", "--out", below_a_file.to_str().unwrap()]);
    assert_exit(&unwritable, 1);
    assert!(stderr(&unwritable).contains(below_a_file.to_str().unwrap()), "{}", stderr(&unwritable));

    let untyped = dir.path().join("untyped.ndjson");
    fs::write(&untyped, "{\"id\":\"a\"}\n").unwrap();
    let cut_off = dir.path().join("cut-off.ndjson");
    fs::write(&cut_off, "\n{\"resourceType\":\"Pat").unwrap();
    for (input, place) in
        [(&untyped, "untyped.ndjson` has no object with a `resourceType`"), (&cut_off, "cut-off.ndjson`, line 2")]
    {
        let refused = twinlake(&["run", "--from", input.to_str().unwrap(), "--out", out_text]);
        assert_exit(&refused, 1);
        assert!(stderr(&refused).contains(place), "{}", stderr(&refused));
        assert!(
            !out.join("twinlake.duckdb").exists()
                && files_below(&out.join("lake/warehouse"))
                    .iter()
                    .all(|path| path.extension().is_none_or(|extension| extension != "parquet"))
        );
    }

    let seed = twinlake(&["run", "--seed", "many", "--out", out_text]);
    assert_exit(&seed, 2);
    assert!(stderr(&seed).contains("--seed"), "{}", stderr(&seed));

    let quote = dir.path().join("it's");
    let refused = twinlake(&["run", "--patients", "1", "--out", quote.to_str().unwrap()]);
    assert_exit(&refused, 2);
    assert!(!quote.exists(), "{}", stderr(&refused));

    let s3 = twinlake(&["commit", "--lake", "s3://bucket/lake", "--run-id", "r"]);
    assert_exit(&s3, 2);
    assert!(stderr(&s3).contains("--features aws"), "{}", stderr(&s3));
}

#[test]
fn generate_and_validate_work_on_plain_folders() {
    let dir = tempfile::tempdir().unwrap();
    let (fhir, omop) = (dir.path().join("fhir"), dir.path().join("omop"));
    let folders = ["--fhir-dir", fhir.to_str().unwrap(), "--omop-dir", omop.to_str().unwrap()];
    assert_exit(&twinlake(&[&["generate", "--count", "20", "--seed", "7"], &folders[..]].concat()), 0);
    assert_exit(&twinlake(&[&["validate"], &folders[..]].concat()), 0);

    // One birth date changed on one side: a finding that names both, and exit code 3.
    let patients = files_below(&fhir).into_iter().find(|path| path.to_string_lossy().contains("/Patient.")).unwrap();
    let text = fs::read_to_string(&patients).unwrap();
    let at = text.find("\"birthDate\":\"").unwrap() + 13;
    let year: i32 = text[at..at + 4].parse().unwrap();
    fs::write(&patients, format!("{}{}{}", &text[..at], year - 1, &text[at + 4..])).unwrap();
    let found = twinlake(&[&["validate"], &folders[..]].concat());
    assert_exit(&found, 3);
    let said = stdout(&found);
    assert!(said.contains(&year.to_string()) && said.contains(&(year - 1).to_string()), "{said}");
}

#[test]
fn validate_writes_what_it_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (fhir, omop) = (path("fhir"), path("omop"));
    let folders = ["--fhir-dir", &fhir, "--omop-dir", &omop];
    assert_exit(&twinlake(&[&["generate", "--patients", "3"], &folders[..]].concat()), 0);
    let notes = dir.path().join("omop/note.parquet");
    let whole = fs::read(&notes).unwrap();
    fs::write(&notes, &whole[..whole.len() / 2]).unwrap();
    let person = dir.path().join("fhir/Patient.ndjson");
    let text = fs::read_to_string(&person).unwrap();
    fs::write(&person, text.replace("\"gender\":\"female\"", "\"gender\":\"male\"")).unwrap();
    let n_women = text.matches("\"gender\":\"female\"").count();
    assert!(n_women > 0);

    let (json, junit, html, tables) = (path("report.json"), path("report.xml"), path("report.html"), path("quality"));
    let files = ["--json", &json, "--junit", &junit, "--html", &html, "--parquet", &tables, "--limit", "1"];
    assert_exit(&twinlake(&[&["validate"], &folders[..], &files[..]].concat()), 3);
    let report: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let ended = |rule: &str| report["rules"].as_array().unwrap().iter().find(|result| result["rule"] == rule).unwrap();
    assert_eq!(ended("note.note_date")["status"], "error");
    assert_eq!(ended("person.gender_concept_id")["status"], "failed");
    assert_eq!(ended("person.gender_concept_id")["findings"], n_women);
    assert_eq!(ended("measurement.before_birth")["status"], "passed");
    assert_eq!(ended("dose_era.duplicate")["status"], "not_applicable");
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "one of the rule is kept: {}", report["findings"]);
    assert!(fs::read_to_string(&junit).unwrap().contains("name=\"person.gender_concept_id\"><failure message="));
    assert!(fs::read_to_string(&html).unwrap().contains("<h3><code>person.gender_concept_id</code></h3>"));
    assert!(dir.path().join("quality/findings.parquet").exists());

    // What is known does not fail a run, and neither does what is not asked for.
    fs::write(&notes, whole).unwrap();
    let known = path("known.txt");
    assert_exit(&twinlake(&[&["validate", "--write-baseline", &known], &folders[..]].concat()), 3);
    assert_exit(&twinlake(&[&["validate", "--baseline", &known], &folders[..]].concat()), 0);
    assert_exit(&twinlake(&[&["validate", "--rules", "measurement.*,*.duplicate"], &folders[..]].concat()), 0);
    assert_exit(&twinlake(&[&["validate", "--rules", "nonsense.*"], &folders[..]].concat()), 2);
    assert!(stdout(&twinlake(&["validate", "--list-rules"])).contains("`{table}.before_birth`"));
}

#[test]
fn validate_reads_bundles_and_finds_what_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (fhir, omop) = (dir.path().join("fhir"), dir.path().join("omop"));
    let folders = ["--fhir-dir", fhir.to_str().unwrap(), "--omop-dir", omop.to_str().unwrap()];
    for format in ["bundle-transaction", "bundle"] {
        assert_exit(&twinlake(&[&["generate", "--patients", "3", "--fhir-format", format], &folders[..]].concat()), 0);
        assert_exit(&twinlake(&[&["validate"], &folders[..]].concat()), 0);
    }

    let bundles = files_below(&fhir);
    let patient = bundles.iter().find(|path| !path.ends_with("reference.json")).unwrap();
    let text = fs::read(patient).unwrap();
    fs::write(patient, &text[..text.len() - 100]).unwrap();
    let found = twinlake(&[&["validate"], &folders[..]].concat());
    assert_exit(&found, 3);
    let said = stdout(&found);
    let place = format!("fhir.unreadable: {}:", patient.display());
    assert!(said.contains(&place), "{said}");

    fs::write(patient, &text).unwrap();
    fs::copy(patient, fhir.join("again.json")).unwrap();
    let found = twinlake(&[&["validate"], &folders[..]].concat());
    assert_exit(&found, 3);
    assert!(stdout(&found).contains("fhir.duplicate"), "{}", stdout(&found));
}

#[test]
fn a_model_pack_is_begun_checked_and_used() {
    let dir = tempfile::tempdir().unwrap();
    let pack = dir.path().join("pack");
    let pack_text = pack.to_str().unwrap();
    assert_exit(&twinlake(&["model", "new", pack_text]), 0);
    assert_exit(&twinlake(&["model", "new", pack_text]), 2);
    assert_exit(&twinlake(&["model", "lint", pack_text]), 0);
    let fhir = |name: &str| dir.path().join(name);
    let generate = |model: &[&str], folder: &Path| {
        let folder = folder.to_str().unwrap();
        twinlake(&[&["generate", "--patients", "3", "--fhir-dir", folder], model].concat())
    };
    assert_exit(&generate(&["--model", pack_text], &fhir("own")), 0);
    assert_exit(&generate(&[], &fhir("built-in")), 0);
    let content = |name: &str| -> Vec<String> {
        files_below(&fhir(name)).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    assert_eq!(content("own"), content("built-in"));

    // An unknown key: file and line.
    let asthma = pack.join("conditions/asthma.toml");
    let text = fs::read_to_string(&asthma).unwrap();
    fs::write(&asthma, text.replace("never = ", "nevr = ")).unwrap();
    let found = twinlake(&["model", "lint", pack_text]);
    assert_exit(&found, 3);
    let line = text.lines().position(|line| line.starts_with("never = ")).unwrap() + 1;
    assert!(stdout(&found).contains(&format!("conditions/asthma.toml:{line}:")), "{}", stdout(&found));

    // A concept that the vocabulary does not have for its code.
    fs::write(&asthma, text).unwrap();
    let terminology = pack.join("terminology/condition.csv");
    let rows = fs::read_to_string(&terminology).unwrap();
    fs::write(&terminology, rows.replace(",317009", ",317010")).unwrap();
    let found = twinlake(&["model", "lint", pack_text]);
    assert_exit(&found, 3);
    assert!(stdout(&found).contains("`asthma` is concept 317009"), "{}", stdout(&found));
    assert_exit(&twinlake(&["model", "lint", dir.path().to_str().unwrap()]), 2);
}

fn twinlake(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinlake")).args(arguments).env_remove("PIPELINE_RUN_ID").output().unwrap()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", stdout(output), stderr(output));
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn summary(out: &Path, run: &str) -> Value {
    let path = out.join("runs").join(run).join("summary.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn rows(summary: &Value, table: &str) -> u64 {
    summary["tables"][table]["rows"].as_u64().unwrap_or_else(|| panic!("no table {table}"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A folder of published samples, or a loud word on what is skipped without it.
fn specs(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("TWINLAKE_SPECS").map_or(beside, PathBuf::from).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no folder `{}`; set TWINLAKE_SPECS", folder.display());
    None
}
