//! The embedded crosswalk against published extracts of the OHDSI Standardized Vocabularies, where they are present.

#![expect(clippy::print_stderr, reason = "a test says what it skipped")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use twinlake_omop::ConceptId;
use twinlake_vocab::Vocab;

/// `$TWINLAKE_SPECS/vocabulary`, else the folder beside the workspace.
fn extracts() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the tests' one setting: where the official data lies")]
    let specs = std::env::var("TWINLAKE_SPECS")
        .map_or_else(|_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from);
    let folder = specs.join("vocabulary");
    folder.join("concept.csv").exists().then_some(folder)
}

fn rows(folder: &std::path::Path, file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(file)).expect("the extract can be read");
    reader.deserialize().map(|row| row.expect("an extract's row is CSV")).collect()
}

#[test]
fn every_concept_equals_a_published_row() {
    let Some(folder) = extracts() else {
        eprintln!("skipped: the crosswalk was not compared, no vocabulary extracts (set TWINLAKE_SPECS)");
        return;
    };
    let mut published = BTreeMap::new();
    for file in ["concept_extended.csv", "concept.csv"] {
        for row in rows(&folder, file) {
            published.insert(row["concept_id"].parse::<i32>().unwrap(), row);
        }
    }
    let mut compared = 0;
    for concept in Vocab::embedded().concepts() {
        let row = published.get(&concept.concept_id.get()).unwrap_or_else(|| panic!("{concept:?} was never published"));
        let ours = (
            concept.code,
            concept.domain.as_str(),
            if concept.standard { "S" } else { "" },
            concept.vocabulary,
            concept.class,
        );
        let standard = if row["standard_concept"] == "S" { "S" } else { "" };
        let theirs = (
            row["concept_code"].as_str(),
            row["domain_id"].as_str(),
            standard,
            row["vocabulary_id"].as_str(),
            row["concept_class_id"].as_str(),
        );
        assert_eq!(ours, theirs, "{}", concept.concept_id);
        if concept.vocabulary != "SNOMED" {
            assert_eq!(concept.label, row["concept_name"], "{}", concept.concept_id);
        }
        compared += 1;
    }
    assert!(compared > 100, "only {compared} concepts");
}

#[test]
fn links_and_units_equal_published_rows() {
    let Some(folder) = extracts() else {
        eprintln!("skipped: links and units were not compared, no vocabulary extracts (set TWINLAKE_SPECS)");
        return;
    };
    let vocab = Vocab::embedded();
    let published: Vec<_> = rows(&folder, "drug_ingredient.csv")
        .into_iter()
        .map(|row| (row["drug_concept_id"].clone(), row["ingredient_concept_id"].clone()))
        .collect();
    for row in vocab.concept_relationship_rows().filter(|row| row.relationship_id == "RxNorm has ing") {
        assert!(published.contains(&(row.concept_id_1.to_string(), row.concept_id_2.to_string())), "{row:?}");
    }
    for row in rows(&folder, "unit_alias.csv") {
        let unit = ConceptId::new(row["unit_concept_id"].parse().unwrap());
        assert_eq!(vocab.unit(&row["ucum_code_in_fhir"]), Some(unit), "{}", row["ucum_code_in_fhir"]);
    }
    let maps: Vec<_> = rows(&folder, "concept_relationship.csv")
        .into_iter()
        .filter(|row| row["relationship_id"] == "Maps to")
        .map(|row| (row["concept_id_1"].clone(), row["concept_id_2"].clone()))
        .collect();
    let ours = vocab.concept_relationship_rows().filter(|row| row.relationship_id == "Maps to");
    for row in ours.filter(|row| row.concept_id_1 != row.concept_id_2) {
        assert!(maps.contains(&(row.concept_id_1.to_string(), row.concept_id_2.to_string())), "{row:?}");
    }
}

#[test]
fn what_may_not_be_passed_on_is_not_there() {
    for concept in Vocab::embedded().concepts() {
        assert!(!["CPT4", "ATC", "NUCC", "NUBC"].contains(&concept.vocabulary), "{concept:?}");
    }
}
