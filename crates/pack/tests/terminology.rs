//! Every concept of the embedded pack stands in the published vocabulary extracts, which are read where they lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use twinlake_pack::Pack;

fn specs() -> PathBuf {
    std::env::var_os("TWINLAKE_SPECS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
}

#[test]
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn every_concept_is_one_of_the_published_extracts() {
    let mut extracts: BTreeMap<i32, (String, String, String)> = BTreeMap::new();
    for file in ["concept.csv", "concept_extended.csv"] {
        let path = specs().join("vocabulary").join(file);
        let Ok(text) = std::fs::read(&path) else {
            eprintln!("skipped: no `{}`", path.display());
            return;
        };
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let columns = reader.headers().unwrap().clone();
        let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let [id, code, vocabulary, standard] =
            ["concept_id", "concept_code", "vocabulary_id", "standard_concept"].map(column);
        for row in reader.records() {
            let row = row.unwrap();
            let entry = (row[vocabulary].to_owned(), row[code].to_owned(), row[standard].to_owned());
            extracts.entry(row[id].parse().unwrap()).or_insert(entry);
        }
    }
    for (_, entry) in Pack::embedded().concept_keys() {
        if entry.concept_id == 0 {
            assert_eq!(entry.key, "never-smoked");
            assert!(extracts.values().all(|(_, code, _)| code != entry.code), "{entry:?} is there by now");
            continue;
        }
        let (vocabulary, code, standard) = extracts.get(&entry.concept_id).unwrap_or_else(|| panic!("{entry:?}"));
        let expected = match entry.system {
            "http://snomed.info/sct" => "SNOMED",
            "http://loinc.org" => "LOINC",
            "http://www.nlm.nih.gov/research/umls/rxnorm" => "RxNorm",
            "http://hl7.org/fhir/sid/cvx" => "CVX",
            other => panic!("code system {other} of {entry:?}"),
        };
        assert_eq!((vocabulary.as_str(), code.as_str()), (expected, entry.code), "{entry:?}");
        // The one that is not standard maps to concepts that are.
        assert!(standard == "S" || entry.key == "ex-smoker", "{entry:?} is not standard");
    }
}
