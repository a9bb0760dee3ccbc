//! The crosswalk as rows of OMOP's vocabulary tables.

use chrono::NaiveDate;
use twinlake_omop as omop;
use twinlake_omop::ConceptId;

use crate::{Concept, Vocab};

/// Levels between a clinical drug and its ingredient: over the clinical drug form, or over component and form.
const DRUG_TO_INGREDIENT_LEVELS: (i32, i32) = (2, 3);

impl Vocab {
    /// CONCEPT, by id, the row of concept 0 first.
    pub fn concept_rows(&self) -> impl Iterator<Item = omop::Concept> + '_ {
        self.concepts().iter().map(|concept| omop::Concept {
            concept_id: concept.concept_id,
            concept_name: concept.label.clone(),
            domain_id: concept.domain.as_str().to_owned(),
            vocabulary_id: concept.vocabulary.clone(),
            concept_class_id: concept.class.clone(),
            standard_concept: concept.standard.then(|| "S".to_owned()),
            concept_code: concept.code.clone(),
            valid_start_date: concept.valid_start,
            valid_end_date: concept.valid_end,
            invalid_reason: concept.invalid_reason.clone(),
        })
    }

    /// VOCABULARY: those of the concepts. `vocabulary_concept_id` is the published one, also where CONCEPT lacks its row.
    pub fn vocabulary_rows(&self) -> impl Iterator<Item = omop::Vocabulary> + '_ {
        self.vocabulary.iter().map(|row| omop::Vocabulary {
            vocabulary_id: row.text(0).to_owned(),
            vocabulary_name: row.text(1).to_owned(),
            vocabulary_reference: row.optional(2),
            vocabulary_version: row.optional(3),
            vocabulary_concept_id: row.trusted_concept_id(4),
        })
    }

    /// DOMAIN: those of the concepts.
    pub fn domain_rows(&self) -> impl Iterator<Item = omop::Domain> + '_ {
        self.domain.iter().map(|row| omop::Domain {
            domain_id: row.text(0).to_owned(),
            domain_name: row.text(1).to_owned(),
            domain_concept_id: row.trusted_concept_id(2),
        })
    }

    /// `CONCEPT_CLASS`: those of the concepts.
    pub fn concept_class_rows(&self) -> impl Iterator<Item = omop::ConceptClass> + '_ {
        self.concept_class.iter().map(|row| omop::ConceptClass {
            concept_class_id: row.text(0).to_owned(),
            concept_class_name: row.text(1).to_owned(),
            concept_class_concept_id: row.trusted_concept_id(2),
        })
    }

    /// RELATIONSHIP: those that [`Vocab::concept_relationship_rows`] gives.
    pub fn relationship_rows(&self) -> impl Iterator<Item = omop::Relationship> + '_ {
        self.relationship.iter().map(|row| omop::Relationship {
            relationship_id: row.text(0).to_owned(),
            relationship_name: row.text(1).to_owned(),
            is_hierarchical: row.text(2).to_owned(),
            defines_ancestry: row.text(3).to_owned(),
            reverse_relationship_id: row.text(4).to_owned(),
            relationship_concept_id: row.trusted_concept_id(5),
        })
    }

    /// `CONCEPT_RELATIONSHIP`: `Maps to` (a standard concept maps to itself) and `RxNorm has ing`, each with its reverse.
    ///
    /// A drug's link to its ingredient is direct here, since the components between them are not carried; it is valid
    /// as long as the drug's concept.
    pub fn concept_relationship_rows(&self) -> impl Iterator<Item = omop::ConceptRelationship> + '_ {
        let to_itself = self.concepts().iter().filter(|concept| concept.standard).flat_map(|concept| {
            let id = concept.concept_id;
            both(id, id, ["Maps to", "Mapped from"], (concept.valid_start, concept.valid_end))
        });
        let to_standard = self.maps_to.iter().flat_map(|map| {
            both(map.source, map.standard, ["Maps to", "Mapped from"], (map.valid_start, map.valid_end))
        });
        let to_ingredient = self.drugs().flat_map(|(drug, ingredient)| {
            let valid = (drug.valid_start, drug.valid_end);
            both(drug.concept_id, ingredient, ["RxNorm has ing", "RxNorm ing of"], valid)
        });
        to_itself.chain(to_standard).chain(to_ingredient)
    }

    /// `CONCEPT_ANCESTOR`: each standard concept of itself, and each drug's ingredient. No other hierarchy is carried.
    pub fn concept_ancestor_rows(&self) -> impl Iterator<Item = omop::ConceptAncestor> + '_ {
        let row = |ancestor, descendant, (min, max)| omop::ConceptAncestor {
            ancestor_concept_id: ancestor,
            descendant_concept_id: descendant,
            min_levels_of_separation: min,
            max_levels_of_separation: max,
        };
        let of_itself = self.concepts().iter().filter(|concept| concept.standard);
        let of_itself = of_itself.map(move |concept| row(concept.concept_id, concept.concept_id, (0, 0)));
        let of_drug =
            self.drugs().map(move |(drug, ingredient)| row(ingredient, drug.concept_id, DRUG_TO_INGREDIENT_LEVELS));
        of_itself.chain(of_drug)
    }

    /// Drugs that are not ingredients themselves, with each of their ingredients.
    fn drugs(&self) -> impl Iterator<Item = (&Concept, ConceptId)> {
        let pairs =
            self.ingredients.iter().flat_map(|(&drug, all)| all.iter().map(move |&ingredient| (drug, ingredient)));
        let drugs = pairs.filter(|(drug, ingredient)| drug != ingredient);
        drugs.filter_map(|(drug, ingredient)| Some((self.concept(drug)?, ingredient)))
    }
}

/// A relationship and its reverse.
fn both(
    one: ConceptId,
    two: ConceptId,
    [there, back]: [&str; 2],
    (valid_start_date, valid_end_date): (NaiveDate, NaiveDate),
) -> [omop::ConceptRelationship; 2] {
    let row = |concept_id_1, concept_id_2, relationship_id: &str| omop::ConceptRelationship {
        concept_id_1,
        concept_id_2,
        relationship_id: relationship_id.to_owned(),
        valid_start_date,
        valid_end_date,
        invalid_reason: None,
    };
    [row(one, two, there), row(two, one, back)]
}
