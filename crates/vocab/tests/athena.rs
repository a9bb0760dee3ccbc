//! A download of the OHDSI vocabularies: small ones made here from the embedded rows.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::error::Error as _;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use twinlake_omop::ConceptId;
use twinlake_vocab::{Domain, Vocab, system};

const CONCEPT: &str = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\t\
    valid_start_date\tvalid_end_date\tinvalid_reason\n";
const RELATIONSHIPS: &str =
    "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";
const ANCESTORS: &str =
    "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation\n";

/// A download with the rows that are given; made-up concepts have ids that OHDSI leaves to everyone.
fn download(concepts: &str, relationships: &str, ancestors: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    write("CONCEPT.csv", format!("{CONCEPT}{concepts}"));
    write("CONCEPT_RELATIONSHIP.csv", format!("{RELATIONSHIPS}{relationships}"));
    write("CONCEPT_ANCESTOR.csv", format!("{ANCESTORS}{ancestors}"));
    let vocabulary = "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id\n\
        None\tOMOP Standardized Vocabularies\t\ta later release\t44819096\n";
    write("VOCABULARY.csv", vocabulary.to_owned());
    write("DOMAIN.csv", "domain_id\tdomain_name\tdomain_concept_id\n".to_owned());
    write("CONCEPT_CLASS.csv", "concept_class_id\tconcept_class_name\tconcept_class_concept_id\n".to_owned());
    let relationship = "relationship_id\trelationship_name\tis_hierarchical\tdefines_ancestry\treverse_relationship_id\t\
        relationship_concept_id\n\
        Maps to value\tNon-standard to value_as_concept map (OMOP)\t0\t0\tValue mapped from\t44819239\n\
        Value mapped from\tValue_as_concept to non-standard map (OMOP)\t0\t0\tMaps to value\t44819242\n";
    write("RELATIONSHIP.csv", relationship.to_owned());
    dir
}

/// A download of what is embedded.
fn embedded_as_download() -> tempfile::TempDir {
    let vocab = Vocab::embedded();
    let (mut concepts, mut relationships, mut ancestors) = (String::new(), String::new(), String::new());
    for row in vocab.concept_rows() {
        let (start, end) = (row.valid_start_date.format("%Y%m%d"), row.valid_end_date.format("%Y%m%d"));
        let standard = row.standard_concept.unwrap_or_default();
        let invalid = row.invalid_reason.unwrap_or_default();
        let (id, domain, vocabulary) = (row.concept_id, row.domain_id, row.vocabulary_id);
        let (class, code) = (row.concept_class_id, row.concept_code);
        let line = format!(
            "{id}\t\"quoted\" {}\t{domain}\t{vocabulary}\t{class}\t{standard}\t{code}\t{start}\t{end}\t{invalid}\n",
            row.concept_name
        );
        // Not in the order of ids.
        concepts.insert_str(0, &line);
    }
    for row in vocab.concept_relationship_rows() {
        let (one, two, name) = (row.concept_id_1, row.concept_id_2, row.relationship_id);
        writeln!(relationships, "{one}\t{two}\t{name}\t19700101\t20991231\t").unwrap();
    }
    for row in vocab.concept_ancestor_rows() {
        let (ancestor, descendant) = (row.ancestor_concept_id, row.descendant_concept_id);
        let (min, max) = (row.min_levels_of_separation, row.max_levels_of_separation);
        writeln!(ancestors, "{ancestor}\t{descendant}\t{min}\t{max}").unwrap();
    }
    download(&concepts, &relationships, &ancestors)
}

const SYSTEMS: [&str; 6] = [system::SNOMED, system::LOINC, system::RXNORM, system::CVX, system::UCUM, system::ICD10CM];

#[test]
fn a_download_of_the_embedded_rows_maps_as_the_embedded_crosswalk_does() {
    let dir = embedded_as_download();
    let (ours, theirs) = (Vocab::embedded(), Vocab::athena(dir.path(), None).unwrap());
    let mut compared = 0;
    for concept in ours.concepts() {
        let its = theirs.concept(concept.concept_id).unwrap();
        assert_eq!(its.label, format!("\"quoted\" {}", concept.label), "quotes are part of the text");
        assert_eq!((its.domain, its.code, its.standard), (concept.domain, concept.code, concept.standard));
        assert_eq!(theirs.ingredients(concept.concept_id), ours.ingredients(concept.concept_id));
        for system in SYSTEMS {
            let mapping = ours.map(Some(system), concept.code);
            assert_eq!(theirs.map(Some(system), concept.code), mapping, "{system} {}", concept.code);
            compared += usize::from(mapping.is_mapped());
        }
        if concept.vocabulary == "UCUM" {
            assert_eq!(theirs.unit(concept.code), ours.unit(concept.code));
        }
    }
    assert!(compared > 300, "only {compared} codes");
    assert_eq!(theirs.unit("mL/min/{1.73_m2}"), ours.unit("mL/min/{1.73_m2}"));
    assert_eq!(theirs.concepts().count(), ours.concepts().count());
    assert_eq!((theirs.gender("male").get(), theirs.version()), (8507, "a later release"));
}

#[test]
fn what_the_download_lacks_is_taken_from_the_crosswalk_and_what_it_has_wins() {
    let own = "8507\tMan\tGender\tGender\tGender\tS\tM\t19700101\t20991231\t\n";
    let dir = download(own, "", "");
    let vocab = Vocab::athena(dir.path(), None).unwrap();
    assert_eq!(vocab.concept(ConceptId::new(8507)).unwrap().label, "Man");
    let drug = Vocab::embedded().concept_ancestor_rows().find(|row| row.min_levels_of_separation > 0).unwrap();
    let ingredients = vocab.ingredients(drug.descendant_concept_id);
    assert_eq!(ingredients, Vocab::embedded().ingredients(drug.descendant_concept_id));
    assert!(vocab.vocabulary_rows().any(|row| row.vocabulary_id == "LOINC"));
}

const ALLERGY: &str = "2000000001\tAllergy to a thing\tObservation\tICD10CM\t4-char billing code\t\tA1\t19700101\t20991231\t\n\
    2000000002\tAllergy\tObservation\tSNOMED\tClinical Finding\tS\t901\t19700101\t20991231\t\n\
    2000000003\tA thing\tObservation\tSNOMED\tSubstance\tS\t902\t19700101\t20991231\t\n\
    2000000004\tAnother\tCondition\tSNOMED\tDisorder\tS\t903\t19700101\t20991231\t\n\
    2000000005\tOld\tCondition\tSNOMED\tDisorder\t\t904\t19700101\t20201231\tU\n\
    2000000006\tReused\tDrug\tNDC\t11-digit NDC\t\t01234567890\t19700101\t20201231\tD\n\
    2000000007\tIn use\tDrug\tNDC\t11-digit NDC\t\t01234567890\t20210101\t20991231\t\n\
    2000000008\tStrange\tSome new domain\tICD9Proc\t4-dig billing code\tS\t45.23\t19700101\t20991231\t\n";
const MAPS: &str = "2000000001\t2000000004\tMaps to\t19700101\t20991231\t\n\
    2000000001\t2000000002\tMaps to\t19700101\t20991231\t\n\
    2000000001\t2000000003\tMaps to value\t19700101\t20991231\t\n\
    2000000001\t2000000008\tMaps to\t19700101\t20991231\tD\n\
    2000000005\t2000000001\tMaps to\t19700101\t20991231\t\n\
    2000000005\t1999999999\tMaps to\t19700101\t20991231\t\n";

#[test]
fn several_targets_a_value_and_codes_that_were_used_twice() {
    let dir = download(ALLERGY, MAPS, "");
    let vocab = Vocab::athena(dir.path(), None).unwrap();
    let mapping = vocab.map(Some(system::ICD10CM), "A1");
    assert_eq!((mapping.source.get(), mapping.standard.get()), (2_000_000_001, 2_000_000_002));
    assert_eq!((mapping.others[..].len(), mapping.domain), (1, Domain::Observation));
    assert_eq!(mapping.values, [ConceptId::new(2_000_000_003)]);
    // Neither to what is not standard, nor to what is not there.
    assert_eq!(vocab.map(Some(system::SNOMED), "904").standard, ConceptId::NONE);
    assert_eq!(vocab.concept(ConceptId::new(2_000_000_005)).unwrap().invalid_reason, Some("U"));
    assert_eq!(vocab.find(system::NDC, "1234-5678-90").unwrap().label, "In use");
    let strange = vocab.map(Some(system::ICD9CM), "45.23");
    assert_eq!((strange.standard.get(), strange.domain), (2_000_000_008, Domain::Other));

    let subset = vocab.subset([ConceptId::new(2_000_000_001)]);
    let ids: Vec<i32> =
        subset.concepts().map(|concept| concept.concept_id.get()).filter(|id| *id > 2_000_000_000).collect();
    assert_eq!(ids, [2_000_000_001, 2_000_000_002, 2_000_000_003, 2_000_000_004]);
    let relationships: Vec<String> = subset.relationship_rows().map(|row| row.relationship_id).collect();
    assert_eq!(relationships, ["Maps to value", "Value mapped from", "Mapped from", "Maps to"]);
    assert!(subset.concept(ConceptId::NONE).is_some());
}

fn said(dir: &Path) -> String {
    Vocab::athena(dir, None).unwrap_err().to_string().replace(&format!("{}/", dir.display()), "")
}

#[test]
fn a_broken_download_is_told_by_file_and_line_and_leaves_no_cache() {
    for (file, text, expected) in [
        (
            "CONCEPT.csv",
            format!("{CONCEPT}x7\ta\tDrug\tNDC\tc\t\tz\t19700101\t20991231\t\n"),
            "`CONCEPT.csv` line 2: `x7` is not a concept id",
        ),
        (
            "CONCEPT.csv",
            format!("{CONCEPT}7\ta\tDrug\tNDC\tc\t\tz\t19700230\t20991231\t\n"),
            "line 2: `19700230` is not a date such as 20991231",
        ),
        ("CONCEPT.csv", format!("{CONCEPT}7\ta\tDrug\n"), "is not a row with as many columns as the header"),
        (
            "CONCEPT.csv",
            "concept_id,concept_name\n".to_owned(),
            "`CONCEPT.csv` does not begin with the columns concept_id, ",
        ),
        (
            "CONCEPT.csv",
            format!("{CONCEPT}{}", ALLERGY.lines().next().unwrap().to_owned() + "\n" + ALLERGY),
            "concept 2000000001 is there twice",
        ),
        (
            "CONCEPT_RELATIONSHIP.csv",
            format!("{RELATIONSHIPS}1\t-2\tMaps to\t19700101\t20991231\t\n"),
            "line 2: `-2` is not a concept id",
        ),
        (
            "CONCEPT_ANCESTOR.csv",
            format!("{ANCESTORS}1\t2\t0\t0\nz\t2\t0\t0\n"),
            "`CONCEPT_ANCESTOR.csv` line 3: `z` is not a concept id",
        ),
        ("VOCABULARY.csv", "nothing\n".to_owned(), "`VOCABULARY.csv` does not begin with the columns vocabulary_id, "),
    ] {
        let dir = download(ALLERGY, MAPS, "");
        fs::write(dir.path().join(file), text).unwrap();
        let error = said(dir.path());
        assert!(error.contains(expected), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7, "no part of a cache stays");
    }
    let dir = download(ALLERGY, MAPS, "");
    fs::remove_file(dir.path().join("CONCEPT_ANCESTOR.csv")).unwrap();
    assert!(said(dir.path()).starts_with("`CONCEPT_ANCESTOR.csv` is not there: `--vocabulary` wants the folder"));
}

#[test]
fn the_cache_is_used_until_a_file_changes_and_a_spoilt_one_is_made_anew() {
    let dir = download(ALLERGY, MAPS, "");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let concept = dir.path().join("CONCEPT.csv");
    let touch = |time| fs::File::options().append(true).open(&concept).unwrap().set_modified(time).unwrap();
    touch(at);
    let label =
        || Vocab::athena(dir.path(), None).unwrap().concept(ConceptId::new(2_000_000_004)).unwrap().label.to_owned();
    assert_eq!(label(), "Another");

    // Size and time say that nothing changed, so nobody looks.
    fs::write(&concept, format!("{CONCEPT}{ALLERGY}").replace("Another", "Changed")).unwrap();
    touch(at);
    assert_eq!(label(), "Another");
    touch(at + Duration::from_secs(1));
    assert_eq!(label(), "Changed");

    let cache = dir.path().join("vocabulary.twinlake");
    let whole = fs::read(&cache).unwrap();
    for spoilt in [&whole[..whole.len() - 1], &whole[1..], &whole[whole.len() / 2..], &[]] {
        fs::write(&cache, spoilt).unwrap();
        assert_eq!(label(), "Changed");
        assert_eq!(fs::read(&cache).unwrap(), whole);
    }

    let elsewhere = tempfile::tempdir().unwrap();
    fs::remove_file(&cache).unwrap();
    Vocab::athena(dir.path(), Some(&elsewhere.path().join("new"))).unwrap();
    assert!(!cache.exists());
    assert_eq!(fs::read_dir(elsewhere.path().join("new")).unwrap().count(), 1);
    fs::write(elsewhere.path().join("file"), "").unwrap();
    let error = Vocab::athena(dir.path(), Some(&elsewhere.path().join("file"))).unwrap_err();
    assert!(error.to_string().contains("--vocabulary-cache") && error.source().is_some(), "{error}");
}

#[test]
fn ones_own_codes_win_by_uri_by_name_and_by_last_segment() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("map.csv");
    let rows = "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,\
        target_vocabulary_id,valid_start_date,valid_end_date,invalid_reason\n\
        M1,0,lab-codes,\"a code, of ours\",8507,Gender,1970-01-01,2099-12-31,\n\
        M1,0,lab-codes,a second,8532,Gender,1970-01-01,2099-12-31,\n\
        M2,,http://example.org/x,,8507,Gender,20200101,20991231,\n\
        M3,,None,,8507,,,,\n\
        M4,,lab-codes,,8507,,,,D\n\
        44054006,,SNOMED,,0,,,,\n";
    fs::write(&file, rows).unwrap();
    let mut vocab = Vocab::crosswalk();
    assert!(vocab.map(Some(system::SNOMED), "44054006").is_mapped());
    vocab.add_source_to_concept_map(&file).unwrap();
    let local = vocab.map(Some("http://hospital.example/fhir/lab-codes"), "M1");
    assert_eq!((local.source.get(), local.standard.get(), local.domain), (0, 8507, Domain::Gender));
    assert_eq!(local.others, [ConceptId::new(8532)]);
    assert!(vocab.map(Some("http://example.org/x"), "M2").is_mapped());
    assert!(vocab.map(None, "M3").is_mapped());
    assert!(!vocab.map(Some("urn:x:lab-codes"), "M4").is_mapped(), "an invalid row says nothing");
    let none = vocab.map(Some(system::SNOMED), "44054006");
    assert_eq!((none.standard.get(), none.source), (0, Vocab::embedded().map(Some(system::SNOMED), "44054006").source));
    assert_eq!(vocab.source_to_concept_map_rows().count(), 5);

    for (line, expected) in [
        ("M1,x,8507x\n", "map.csv` line 2: `8507x` is not a concept id"),
        ("M1,x,1999999999\n", "line 2: `1999999999` is not a concept of the vocabulary"),
        (",x,8507\n", "line 2: `` is not a source code"),
        ("M1,x\n", "is not a row of the table"),
    ] {
        fs::write(&file, format!("source_code,source_vocabulary_id,target_concept_id\n{line}")).unwrap();
        let error = Vocab::crosswalk().add_source_to_concept_map(&file).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    fs::write(&file, "source_code,target_concept_id\n").unwrap();
    let error = Vocab::crosswalk().add_source_to_concept_map(&file).unwrap_err().to_string();
    assert!(error.contains("does not begin with the columns source_code, source_vocabulary_id"), "{error}");
}
