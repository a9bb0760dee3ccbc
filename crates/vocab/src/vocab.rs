//! The crosswalk: lookups by concept id, by code, by unit and by value set.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use twinlake_omop::ConceptId;

use crate::load::{self, Files, VocabError};
use crate::{Concept, Domain, system};

/// A set of concepts and what is known of them; immutable, and cheap to ask.
#[derive(Debug)]
pub struct Vocab {
    /// By concept id.
    concepts: Vec<Concept>,
    /// (vocabulary, code, place in `concepts`), sorted.
    codes: Vec<(String, String, usize)>,
    /// Source to standard, sorted by both ids; standard concepts are not here.
    pub(crate) maps_to: Vec<MapsTo>,
    /// Drug to ingredients, ascending; an ingredient is its own.
    pub(crate) ingredients: BTreeMap<ConceptId, Vec<ConceptId>>,
    units: BTreeMap<String, ConceptId>,
    valuesets: BTreeMap<String, BTreeMap<String, ConceptId>>,
    pub(crate) vocabulary: Vec<load::Row>,
    pub(crate) domain: Vec<load::Row>,
    pub(crate) concept_class: Vec<load::Row>,
    pub(crate) relationship: Vec<load::Row>,
}

/// A row of `Maps to`.
#[derive(Debug)]
pub(crate) struct MapsTo {
    pub(crate) source: ConceptId,
    pub(crate) standard: ConceptId,
    pub(crate) valid_start: NaiveDate,
    pub(crate) valid_end: NaiveDate,
}

/// What a code means in OMOP.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The concept of the code itself; 0 when the vocabulary does not have it.
    pub source: ConceptId,
    /// The standard concept: the code's own when it is standard, else the lowest id it maps to; 0 when there is none.
    pub standard: ConceptId,
    /// Further standard concepts, ascending; a caller counts them as lost.
    pub others: Vec<ConceptId>,
    /// The domain of the standard concept; [`Domain::Metadata`], which is that of concept 0, when there is none.
    pub domain: Domain,
}

impl Mapping {
    /// What is known of a code that the vocabulary does not have.
    pub const NONE: Self =
        Self { source: ConceptId::NONE, standard: ConceptId::NONE, others: Vec::new(), domain: Domain::Metadata };

    /// True when there is a standard concept.
    pub fn is_mapped(&self) -> bool {
        self.standard != ConceptId::NONE
    }
}

impl Vocab {
    /// The crosswalk compiled into this crate.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Vocab> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            Self::from_files(&Files::EMBEDDED).expect("the embedded files are read by this crate's tests")
        })
    }

    /// Reads a crosswalk from the texts of its files.
    ///
    /// # Errors
    ///
    /// [`VocabError`], naming file and line, when a file is not CSV, a cell is not what its column holds, or a row
    /// names a concept that the concept file does not have.
    pub fn from_files(files: &Files<'_>) -> Result<Self, VocabError> {
        let concepts = read_concepts(files.concept)?;
        let mut codes: Vec<_> = concepts
            .iter()
            .enumerate()
            .map(|(place, concept)| (concept.vocabulary.clone(), concept.code.clone(), place))
            .collect();
        codes.sort();
        let mut vocab = Self {
            concepts,
            codes,
            maps_to: Vec::new(),
            ingredients: BTreeMap::new(),
            units: BTreeMap::new(),
            valuesets: BTreeMap::new(),
            vocabulary: load::rows_with_concept("vocabulary.csv", files.vocabulary, 4)?,
            domain: load::rows_with_concept("domain.csv", files.domain, 2)?,
            concept_class: load::rows_with_concept("concept_class.csv", files.concept_class, 2)?,
            relationship: load::rows_with_concept("relationship.csv", files.relationship, 5)?,
        };
        for row in load::rows("maps_to.csv", files.maps_to)? {
            vocab.maps_to.push(MapsTo {
                source: vocab.known(&row, 0)?,
                standard: vocab.known(&row, 1)?,
                valid_start: row.date(2)?,
                valid_end: row.date(3)?,
            });
        }
        vocab.maps_to.sort_by_key(|map| (map.source, map.standard));
        for row in load::rows("ingredient.csv", files.ingredient)? {
            let (drug, ingredient) = (vocab.known(&row, 0)?, vocab.known(&row, 1)?);
            vocab.ingredients.entry(drug).or_default().push(ingredient);
        }
        for ingredients in vocab.ingredients.values_mut() {
            ingredients.sort_unstable();
        }
        for concept in &vocab.concepts {
            if concept.class == "Ingredient" && concept.standard {
                vocab.ingredients.insert(concept.concept_id, vec![concept.concept_id]);
            }
            if concept.vocabulary == "UCUM" && concept.standard {
                vocab.units.insert(concept.code.clone(), concept.concept_id);
            }
        }
        for row in load::rows("unit_alias.csv", files.unit_alias)? {
            let unit = vocab.known(&row, 1)?;
            vocab.units.insert(row.text(0).to_owned(), unit);
        }
        for row in load::rows("valueset.csv", files.valueset)? {
            let concept = vocab.known(&row, 2)?;
            vocab.valuesets.entry(row.text(0).to_owned()).or_default().insert(row.text(1).to_owned(), concept);
        }
        Ok(vocab)
    }

    /// The concept with this id.
    pub fn concept(&self, id: ConceptId) -> Option<&Concept> {
        let place = self.concepts.binary_search_by_key(&id, |concept| concept.concept_id).ok()?;
        Some(&self.concepts[place])
    }

    /// All concepts, by id, concept 0 first.
    pub fn concepts(&self) -> &[Concept] {
        &self.concepts
    }

    /// The concept of a code in a FHIR code system (see [`system`] for the URIs).
    pub fn find(&self, system: &str, code: &str) -> Option<&Concept> {
        let vocabulary = system::vocabulary(system)?;
        let place = self
            .codes
            .binary_search_by(|(its_vocabulary, its_code, _)| {
                (its_vocabulary.as_str(), its_code.as_str()).cmp(&(vocabulary, code))
            })
            .ok()?;
        Some(&self.concepts[self.codes[place].2])
    }

    /// What a code means in OMOP: its own concept, and the standard one. A code without a system means nothing.
    pub fn map(&self, system: Option<&str>, code: &str) -> Mapping {
        let Some(source) = system.and_then(|system| self.find(system, code)) else {
            return Mapping::NONE;
        };
        if source.standard {
            let id = source.concept_id;
            return Mapping { source: id, standard: id, others: Vec::new(), domain: source.domain };
        }
        let first = self.maps_to.partition_point(|map| map.source < source.concept_id);
        let mut targets =
            self.maps_to[first..].iter().take_while(|map| map.source == source.concept_id).map(|map| map.standard);
        let standard = targets.next().unwrap_or(ConceptId::NONE);
        let domain = self.concept(standard).map_or(Domain::Metadata, |concept| concept.domain);
        Mapping { source: source.concept_id, standard, others: targets.collect(), domain }
    }

    /// The concept of a unit, by its UCUM code as FHIR writes it (`mmol/L`, `[lb_av]`, `mL/min/{1.73_m2}`).
    pub fn unit(&self, ucum: &str) -> Option<ConceptId> {
        self.units.get(ucum).copied()
    }

    /// The ingredients of a drug, ascending; an ingredient's is itself. None for vaccines and drugs the crosswalk does
    /// not have, several for a combination.
    pub fn ingredients(&self, drug: ConceptId) -> &[ConceptId] {
        self.ingredients.get(&drug).map_or(&[], Vec::as_slice)
    }

    /// The concept of `Patient.gender`; 0 for what OMOP has no concept for.
    pub fn gender(&self, code: &str) -> ConceptId {
        self.in_valueset("gender", code)
    }

    /// The concept of a race, by its OMB category code; 0 for what OMOP has no concept for.
    pub fn race(&self, code: &str) -> ConceptId {
        self.in_valueset("race", code)
    }

    /// The concept of an ethnicity, by its OMB category code; 0 for what OMOP has no concept for.
    pub fn ethnicity(&self, code: &str) -> ConceptId {
        self.in_valueset("ethnicity", code)
    }

    /// The concept of `Encounter.class`, a v3 `ActCode`; 0 for a class that says nothing of the kind of visit.
    pub fn visit(&self, act_code: &str) -> ConceptId {
        self.in_valueset("visit", act_code)
    }

    /// The place that `Encounter.hospitalization.admitSource` names, as a kind of visit; `None` for sources that name no
    /// place of care (born there, sent by a physician), 0 for a place OMOP has no concept for.
    pub fn admitted_from(&self, code: &str) -> Option<ConceptId> {
        (!matches!(code, "born" | "gp" | "mp")).then(|| self.in_valueset("admit-source", code))
    }

    /// The place that `Encounter.hospitalization.dischargeDisposition` names, as a kind of visit; `None` for codes that
    /// name no place of care (home, left, died), 0 for a place OMOP has no concept for.
    pub fn discharged_to(&self, code: &str) -> Option<ConceptId> {
        (!matches!(code, "home" | "alt-home" | "aadvice" | "exp")).then(|| self.in_valueset("discharge", code))
    }

    /// The concept of `Condition.verificationStatus`; 0 for what OMOP has no concept for.
    pub fn condition_status(&self, code: &str) -> ConceptId {
        self.in_valueset("condition-status", code)
    }

    /// The concept of `Quantity.comparator`; 0 for what OMOP has no concept for.
    pub fn operator(&self, comparator: &str) -> ConceptId {
        self.in_valueset("operator", comparator)
    }

    /// The concept of `Address.country`; 0 for a country the crosswalk does not have.
    pub fn country(&self, country: &str) -> ConceptId {
        self.in_valueset("country", country)
    }

    /// The concept of a `PractitionerRole.specialty`, by its code in [`system::CMS_SPECIALTY`] and no other system; 0 for
    /// a specialty the crosswalk does not have.
    pub fn specialty(&self, system: Option<&str>, code: &str) -> ConceptId {
        if system == Some(system::CMS_SPECIALTY) { self.in_valueset("specialty", code) } else { ConceptId::NONE }
    }

    /// The concept of a `PractitionerRole.code` of HL7's code system `practitioner-role`: physician or nurse; else 0.
    pub fn practitioner_role(&self, system: Option<&str>, code: &str) -> ConceptId {
        let known = system == Some(system::PRACTITIONER_ROLE);
        if known { self.in_valueset("practitioner-role", code) } else { ConceptId::NONE }
    }

    /// The concept of a language, by its BCP 47 tag (`en`, `en-US`); 0 for a language the crosswalk does not have.
    pub fn language(&self, tag: &str) -> ConceptId {
        self.in_valueset("language", tag)
    }

    /// The release that `cdm_source.vocabulary_version` names, e.g. `v5.0 30-AUG-24`.
    pub fn version(&self) -> &str {
        self.vocabulary.iter().find(|row| row.text(0) == "None").map_or("", |row| row.text(3))
    }

    fn in_valueset(&self, set: &str, code: &str) -> ConceptId {
        self.valuesets.get(set).and_then(|codes| codes.get(code)).copied().unwrap_or(ConceptId::NONE)
    }

    fn known(&self, row: &load::Row, column: usize) -> Result<ConceptId, VocabError> {
        let id = row.concept_id(column)?;
        if self.concept(id).is_none() {
            return Err(row.unknown(id, "missing"));
        }
        Ok(id)
    }
}

fn read_concepts(text: &str) -> Result<Vec<Concept>, VocabError> {
    let mut concepts: Vec<Concept> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in load::rows("crosswalk.csv", text)? {
        let concept = row.concept()?;
        if !seen.insert(concept.concept_id) {
            return Err(row.unknown(concept.concept_id, "there twice"));
        }
        concepts.push(concept);
    }
    concepts.sort_by_key(|concept| concept.concept_id);
    Ok(concepts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONCEPT: &str = "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,\
        concept_code,valid_start_date,valid_end_date,invalid_reason\n\
        0,None,Metadata,None,Undefined,,none,1970-01-01,2099-12-31,\n\
        10,Old,Condition,SNOMED,Clinical Finding,,old,1970-01-01,2020-12-31,U\n\
        30,New,Observation,SNOMED,Clinical Finding,S,new,1970-01-01,2099-12-31,\n\
        20,Other,Procedure,SNOMED,Procedure,S,other,1970-01-01,2099-12-31,\n";

    fn files(maps_to: &'static str) -> Files<'static> {
        Files {
            concept: CONCEPT,
            maps_to,
            ingredient: "drug,ingredient,how\n",
            unit_alias: "code,concept_id\n",
            valueset: "set,code,concept_id\n",
            vocabulary: "a,b,c,d,e\n",
            domain: "a,b,c\n",
            concept_class: "a,b,c\n",
            relationship: "a,b,c,d,e,f\n",
        }
    }

    #[test]
    fn of_several_targets_the_lowest_is_taken_and_the_rest_are_named() {
        let vocab =
            Vocab::from_files(&files("a,b,c,d\n10,30,1970-01-01,2099-12-31\n10,20,1970-01-01,2099-12-31\n")).unwrap();
        let mapping = vocab.map(Some(system::SNOMED), "old");
        assert_eq!(mapping.source.get(), 10);
        assert_eq!(mapping.standard.get(), 20);
        assert_eq!(mapping.others, [ConceptId::new(30)]);
        assert_eq!(mapping.domain, Domain::Procedure);
    }

    #[test]
    fn a_standard_concept_maps_to_itself_and_an_unmapped_one_keeps_its_source() {
        let vocab = Vocab::from_files(&files("a,b,c,d\n")).unwrap();
        let new = vocab.map(Some(system::SNOMED), "new");
        assert_eq!((new.source.get(), new.standard.get(), new.domain), (30, 30, Domain::Observation));
        let old = vocab.map(Some(system::SNOMED), "old");
        assert_eq!((old.source.get(), old.standard.get(), old.domain), (10, 0, Domain::Metadata));
        assert_eq!(vocab.map(None, "new"), Mapping::NONE);
        assert_eq!(vocab.map(Some("http://example.org"), "new"), Mapping::NONE);
    }

    #[test]
    fn a_row_that_names_an_unknown_concept_is_an_error_with_its_line() {
        let error = Vocab::from_files(&files("a,b,c,d\n10,99,1970-01-01,2099-12-31\n")).unwrap_err();
        assert_eq!(error.to_string(), "`maps_to.csv` line 2: concept 99 is missing");
    }

    #[test]
    fn units_are_found_as_fhir_writes_them() {
        let vocab = Vocab::embedded();
        assert_eq!(vocab.unit("mg/dL").map(ConceptId::get), Some(8840));
        assert_eq!(vocab.unit("mL/min/{1.73_m2}").map(ConceptId::get), Some(720_870));
        assert_eq!(vocab.unit("furlong"), None);
    }

    #[test]
    fn required_codes_without_a_concept_are_zero() {
        let vocab = Vocab::embedded();
        assert_eq!(vocab.gender("other"), ConceptId::NONE);
        assert_eq!(vocab.visit("EMER").get(), 9203);
        assert_eq!(vocab.race("2106-3").get(), 8527);
        assert_eq!(vocab.condition_status("provisional"), ConceptId::NONE);
        assert_eq!(vocab.operator("<=").get(), 0);
        assert_eq!(vocab.discharged_to("long").map(ConceptId::get), Some(8676));
        assert_eq!((vocab.discharged_to("home"), vocab.discharged_to("psy")), (None, Some(ConceptId::NONE)));
        assert_eq!((vocab.admitted_from("born"), vocab.admitted_from("psych")), (None, Some(ConceptId::NONE)));
        assert_eq!(vocab.country("US"), vocab.country("USA"));
        assert_eq!(vocab.specialty(Some(system::CMS_SPECIALTY), "01").get(), 38_004_446);
        assert_eq!(vocab.specialty(None, "01"), ConceptId::NONE);
        assert_eq!(vocab.practitioner_role(Some(system::PRACTITIONER_ROLE), "doctor").get(), 32577);
        assert_eq!(vocab.practitioner_role(Some(system::PRACTITIONER_ROLE), "teacher"), ConceptId::NONE);
    }

    #[test]
    fn every_reference_of_a_concept_has_its_row() {
        let vocab = Vocab::embedded();
        assert_eq!(vocab.concepts()[0].concept_id, ConceptId::NONE);
        let vocabularies: Vec<_> = vocab.vocabulary_rows().map(|row| row.vocabulary_id).collect();
        let domains: Vec<_> = vocab.domain_rows().map(|row| row.domain_id).collect();
        let classes: Vec<_> = vocab.concept_class_rows().map(|row| row.concept_class_id).collect();
        let relationships: Vec<_> = vocab.relationship_rows().map(|row| row.relationship_id).collect();
        for row in vocab.concept_rows() {
            assert!(vocabularies.contains(&row.vocabulary_id), "{row:?}");
            assert!(domains.contains(&row.domain_id), "{row:?}");
            assert!(classes.contains(&row.concept_class_id), "{row:?}");
        }
        for row in vocab.concept_relationship_rows() {
            assert!(relationships.contains(&row.relationship_id), "{row:?}");
            assert!(vocab.concept(row.concept_id_2).is_some(), "{row:?}");
        }
        assert!(!vocab.version().is_empty());
    }

    #[test]
    fn a_drug_descends_from_its_ingredient() {
        let vocab = Vocab::embedded();
        for row in vocab.concept_ancestor_rows().filter(|row| row.min_levels_of_separation > 0) {
            assert!(vocab.ingredients(row.descendant_concept_id).contains(&row.ancestor_concept_id));
            assert_eq!(vocab.ingredients(row.ancestor_concept_id), [row.ancestor_concept_id]);
        }
    }
}
