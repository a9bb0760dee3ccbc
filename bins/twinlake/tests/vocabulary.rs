//! The real binary with a vocabulary of one's own: a small download in Athena's form, made here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Made-up concepts have ids that OHDSI leaves to everyone; of the real ones (allergy, race) HL7's guide names the ids.
/// Lines end as on Windows, and the file begins with a byte order mark.
const CONCEPTS: &str = "\u{feff}concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\r
2000000001\tOld name of a \"local\" disease\tCondition\tICD10CM\t4-char billing code\t\tX99.1\t20200101\t20991231\t\r
2000000002\tDisease\tCondition\tSNOMED\tDisorder\tS\t99000001\t20200101\t20991231\t\r
2000000003\tSevere\tMeas Value\tSNOMED\tQualifier Value\tS\t99000002\t20200101\t20991231\t\r
2000000004\tAllergy to a \"thing\"\tObservation\tICD10CM\t4-char billing code\t\tX99.2\t20200101\t20991231\t\r
2000000005\tthing 5 MG Oral Tablet\tDrug\tRxNorm\tClinical Drug\tS\t99000003\t20200101\t20991231\t\r
2000000006\tthing\tDrug\tRxNorm\tIngredient\tS\t99000004\t20200101\t20991231\t\r
2000000007\tnever used\tCondition\tSNOMED\tDisorder\tS\t99000005\t20200101\t20991231\t\r
439224\tAllergy to drug\tObservation\tSNOMED\tClinical Finding\tS\t99000006\t20200101\t20991231\t\r
1546847\tMore than one race\tRace\tRace\tRace\tS\t99\t20200101\t20991231\t\r
4013886\tRace\tObservation\tSNOMED\tObservable Entity\tS\t99000007\t20200101\t20991231\t\r
";
const RELATIONSHIPS: &str =
    "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason
2000000001\t2000000002\tMaps to\t20200101\t20991231\t
2000000004\t439224\tMaps to\t20200101\t20991231\t
2000000004\t2000000006\tMaps to value\t20200101\t20991231\t
";
const ANCESTORS: &str = "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation
2000000006\t2000000005\t2\t2
";
const STRENGTHS: &str = "drug_concept_id\tingredient_concept_id\tamount_value\tamount_unit_concept_id\tnumerator_value\tnumerator_unit_concept_id\tdenominator_value\tdenominator_unit_concept_id\tbox_size\tvalid_start_date\tvalid_end_date\tinvalid_reason
2000000005\t2000000006\t5\t8576\t\t\t\t\t\t20200101\t20991231\t
2000000007\t2000000006\t\t\t1\t8576\t1\t8587\t\t20200101\t20991231\t
";
const TABLES: [(&str, &str); 4] = [
    (
        "VOCABULARY.csv",
        "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id
None\tOMOP Standardized Vocabularies\t\ta release of ours\t44819096
",
    ),
    ("DOMAIN.csv", "domain_id\tdomain_name\tdomain_concept_id\n"),
    ("CONCEPT_CLASS.csv", "concept_class_id\tconcept_class_name\tconcept_class_concept_id\n"),
    (
        "RELATIONSHIP.csv",
        "relationship_id\trelationship_name\tis_hierarchical\tdefines_ancestry\treverse_relationship_id\trelationship_concept_id
Maps to value\tNon-standard to value_as_concept map (OMOP)\t0\t0\tValue mapped from\t44819239
Value mapped from\tValue_as_concept to non-standard map (OMOP)\t0\t0\tMaps to value\t44819242
",
    ),
];

const FHIR: &str = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-01-02","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"code":"2106-3"}},{"url":"ombCategory","valueCoding":{"code":"2054-5"}}]}]}
{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"2020-01-01","end":"2020-01-01"}}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"X99.1"}]}}
{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"coding":[{"system":"http://hospital.example/fhir/complaints","code":"T-7","display":"a \"bad\" tooth, left"}]}}
{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/p1"},"recordedDate":"2020-02-01","code":{"coding":[{"system":"http://hospital.example/fhir/complaints","code":"T-7"}]}}
{"resourceType":"Condition","id":"c4","subject":{"reference":"Patient/p1"},"recordedDate":"2020-02-01","code":{"coding":[{"system":"http://hospital.example/fhir/complaints","code":"R-1"}]}}
{"resourceType":"AllergyIntolerance","id":"a1","patient":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"X99.2"}]}}
{"resourceType":"AllergyIntolerance","id":"a2","category":["medication"],"patient":{"reference":"Patient/p1"},"recordedDate":"2020-01-01","code":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"99000004"}]}}
{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","subject":{"reference":"Patient/p1"},"authoredOn":"2020-01-01","medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"99000003"}]},"dispenseRequest":{"quantity":{"value":60},"expectedSupplyDuration":{"value":30,"code":"d"}}}
"#;

fn write_download(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let files = [
        ("CONCEPT.csv", CONCEPTS),
        ("CONCEPT_RELATIONSHIP.csv", RELATIONSHIPS),
        ("CONCEPT_ANCESTOR.csv", ANCESTORS),
        ("DRUG_STRENGTH.csv", STRENGTHS),
    ];
    for (name, text) in files.iter().chain(&TABLES) {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// The rows of a table that was written as CSV, by column.
fn table(omop: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(omop.join(format!("{name}.csv"))).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| header.iter().map(ToString::to_string).zip(line.split(',').map(str::to_owned)).collect();
    lines.map(row).collect()
}

fn column(rows: &[BTreeMap<String, String>], name: &str) -> Vec<String> {
    let mut values: Vec<String> = rows.iter().map(|row| row[name].clone()).collect();
    values.sort();
    values
}

#[test]
fn a_download_maps_what_the_crosswalk_does_not_and_the_rest_is_filled_in_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (fhir, vocabulary, cache, omop, unmapped) =
        (path("fhir"), path("athena"), path("cache"), path("omop"), path("unmapped.csv"));
    write_download(Path::new(&vocabulary));
    fs::create_dir(&fhir).unwrap();
    fs::write(Path::new(&fhir).join("all.ndjson"), FHIR).unwrap();
    let given = ["--vocabulary", &vocabulary, "--vocabulary-cache", &cache];
    let harmonize = |more: &[&str]| {
        let folders = ["harmonize", "--fhir-dir", &fhir, "--omop-dir", &omop, "--omop-format", "csv"];
        let report = path("report.json");
        let output = twinlake(&[&folders, &given[..], &["--report", &report, "--unmapped", &unmapped], more].concat());
        assert_exit(&output, 0);
        let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
        report
    };
    let omop_dir = Path::new(&omop);

    let report = harmonize(&[]);
    let total = &report["total"];
    assert_eq!(
        (total["input"].as_u64(), total["mapped"].as_u64(), total["unmapped"].as_u64()),
        (Some(9), Some(6), Some(3))
    );
    assert_eq!(report["by_type"]["Condition"]["unmapped"], 3);
    let conditions = table(omop_dir, "condition_occurrence");
    assert_eq!(column(&conditions, "condition_concept_id"), ["0", "0", "0", "2000000002"]);
    assert_eq!(column(&conditions, "condition_source_concept_id"), ["0", "0", "0", "2000000001"]);
    // The allergy's substance is a value, told by the code itself or by `Maps to value`; races are observations.
    let observations = table(omop_dir, "observation");
    let concepts = column(&observations, "observation_concept_id");
    assert_eq!(concepts, ["4013886", "4013886", "439224", "439224"]);
    assert_eq!(column(&observations, "value_as_concept_id"), ["2000000006", "2000000006", "8516", "8527"]);
    assert_eq!(table(omop_dir, "person")[0]["race_concept_id"], "1546847");
    // Two tablets of 5 mg a day for thirty days.
    let dose = &table(omop_dir, "dose_era")[0];
    let dose =
        ["drug_concept_id", "dose_value", "dose_era_start_date", "dose_era_end_date"].map(|name| dose[name].as_str());
    assert_eq!(dose, ["2000000006", "10", "2020-01-01", "2020-01-30"]);
    let concepts = column(&table(omop_dir, "concept"), "concept_id");
    assert!(
        concepts.contains(&"2000000006".to_owned()) && !concepts.contains(&"2000000007".to_owned()),
        "{concepts:?}"
    );
    assert_eq!(table(omop_dir, "cdm_source")[0]["vocabulary_version"], "a release of ours");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "the cache is where it should be");
    assert!(!Path::new(&vocabulary).join("vocabulary.twinlake").exists());

    // The codes to map, most frequent first, in the columns of the table; a person fills in the targets.
    let to_map = fs::read_to_string(&unmapped).unwrap();
    assert_eq!(
        to_map.lines().skip(1).collect::<Vec<_>>(),
        [
            "T-7,0,complaints,\"a \"\"bad\"\" tooth, left\",,,1970-01-01,2099-12-31,,2",
            "R-1,0,complaints,,,,1970-01-01,2099-12-31,,1"
        ]
    );
    // As it is, nothing is said; filled in, it wins.
    let map = path("map.csv");
    fs::write(&map, &to_map).unwrap();
    assert_eq!(harmonize(&["--source-to-concept-map", &map])["total"]["unmapped"], 3);
    fs::write(
        &map,
        to_map
            .replace("left\",,,", "left\",2000000002,,")
            .replace("R-1,0,complaints,,,", "R-1,0,complaints,,2000000007,"),
    )
    .unwrap();
    let report = harmonize(&["--source-to-concept-map", &map]);
    assert_eq!((&report["total"]["unmapped"], &report["total"]["mapped"]), (&Value::from(0), &Value::from(9)));
    assert_eq!(fs::read_to_string(&unmapped).unwrap().lines().count(), 1, "only the header is left");
    assert_eq!(column(&table(omop_dir, "source_to_concept_map"), "source_code"), ["R-1", "T-7"]);
    assert!(column(&table(omop_dir, "concept"), "concept_id").contains(&"2000000007".to_owned()));

    // The same vocabulary gives the same rows to `validate`; another one does not.
    let folders = ["validate", "--fhir-dir", &fhir, "--omop-dir", &omop];
    assert_exit(&twinlake(&[&folders, &given[..], &["--source-to-concept-map", &map]].concat()), 0);
    assert_exit(&twinlake(&folders), 3);

    // And so does the whole pipeline.
    let out = path("out");
    let run = [
        "run",
        "--from",
        &fhir,
        "--out",
        &out,
        "--run-id",
        "r",
        "--skip",
        "transform",
        "--source-to-concept-map",
        &map,
    ];
    assert_exit(&twinlake(&[&run, &given[..]].concat()), 0);
    let summary = fs::read_to_string(Path::new(&out).join("runs/r/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(
        (&summary["unmapped_codes"], &summary["findings"]["errors"]),
        (&Value::from(0), &Value::from(0)),
        "{summary:#}"
    );
    assert_eq!(summary["tables"]["omop.source_to_concept_map"]["rows"], 2);
    assert_eq!(summary["tables"]["omop.dose_era"]["rows"], 1);
}

#[test]
fn a_vocabulary_that_is_not_one_is_named_and_a_generated_cohort_takes_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (fhir, omop, vocabulary) = (path("fhir"), path("omop"), path("athena"));
    fs::create_dir(&fhir).unwrap();
    fs::write(Path::new(&fhir).join("all.ndjson"), FHIR).unwrap();
    write_download(Path::new(&vocabulary));
    let harmonize = ["harmonize", "--fhir-dir", &fhir, "--omop-dir", &omop, "--vocabulary", &vocabulary];
    let ancestors = Path::new(&vocabulary).join("CONCEPT_ANCESTOR.csv");
    fs::write(&ancestors, format!("{ANCESTORS}x\t2000000005\t1\t1\n")).unwrap();
    let broken = twinlake(&harmonize);
    assert_exit(&broken, 1);
    assert!(stderr(&broken).contains("CONCEPT_ANCESTOR.csv` line 3: `x` is not a concept id"), "{}", stderr(&broken));
    fs::remove_file(&ancestors).unwrap();
    let missing = twinlake(&harmonize);
    assert_exit(&missing, 1);
    assert!(stderr(&missing).contains("CONCEPT_ANCESTOR.csv` is not there"), "{}", stderr(&missing));
    // What not every download has may be missing.
    write_download(Path::new(&vocabulary));
    fs::remove_file(Path::new(&vocabulary).join("DRUG_STRENGTH.csv")).unwrap();
    assert_exit(&twinlake(&harmonize), 0);

    let generated = twinlake(&["run", "--patients", "1", "--vocabulary", &vocabulary, "--out", &path("out")]);
    assert_exit(&generated, 2);
    assert!(stderr(&generated).contains("--from"), "{}", stderr(&generated));
    assert!(!Path::new(&path("out")).exists());
}

fn twinlake(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinlake")).args(arguments).env_remove("PIPELINE_RUN_ID").output().unwrap()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "stdout:\n{stdout}\nstderr:\n{}", stderr(output));
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
