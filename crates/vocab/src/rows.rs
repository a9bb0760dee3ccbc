//! The crosswalk as rows of OMOP's vocabulary tables.

use chrono::NaiveDate;
use twinlake_omop as omop;
use twinlake_omop::ConceptId;

use crate::store::{Kind, day_of};
use crate::{Concept, Strength, Vocab};

impl Vocab {
    /// CONCEPT, by id, the row of concept 0 first.
    pub fn concept_rows(&self) -> impl Iterator<Item = omop::Concept> + '_ {
        self.concepts().map(|concept| omop::Concept {
            concept_id: concept.concept_id,
            concept_name: concept.label.to_owned(),
            domain_id: concept.domain_id.to_owned(),
            vocabulary_id: concept.vocabulary.to_owned(),
            concept_class_id: concept.class.to_owned(),
            standard_concept: concept.standard_concept().map(str::to_owned),
            concept_code: concept.code.to_owned(),
            valid_start_date: concept.valid_start,
            valid_end_date: concept.valid_end,
            invalid_reason: concept.invalid_reason.map(str::to_owned),
        })
    }

    /// VOCABULARY: those of the concepts. `vocabulary_concept_id` is the published one, also where CONCEPT lacks its row.
    pub fn vocabulary_rows(&self) -> impl Iterator<Item = omop::Vocabulary> + '_ {
        self.tables.vocabulary.iter().map(|row| omop::Vocabulary {
            vocabulary_id: row.text(0).to_owned(),
            vocabulary_name: row.text(1).to_owned(),
            vocabulary_reference: row.optional(2),
            vocabulary_version: row.optional(3),
            vocabulary_concept_id: row.trusted_concept_id(4),
        })
    }

    /// DOMAIN: those of the concepts.
    pub fn domain_rows(&self) -> impl Iterator<Item = omop::Domain> + '_ {
        self.tables.domain.iter().map(|row| omop::Domain {
            domain_id: row.text(0).to_owned(),
            domain_name: row.text(1).to_owned(),
            domain_concept_id: row.trusted_concept_id(2),
        })
    }

    /// `CONCEPT_CLASS`: those of the concepts.
    pub fn concept_class_rows(&self) -> impl Iterator<Item = omop::ConceptClass> + '_ {
        self.tables.concept_class.iter().map(|row| omop::ConceptClass {
            concept_class_id: row.text(0).to_owned(),
            concept_class_name: row.text(1).to_owned(),
            concept_class_concept_id: row.trusted_concept_id(2),
        })
    }

    /// RELATIONSHIP: those that [`Vocab::concept_relationship_rows`] gives.
    pub fn relationship_rows(&self) -> impl Iterator<Item = omop::Relationship> + '_ {
        self.tables.relationship.iter().map(|row| omop::Relationship {
            relationship_id: row.text(0).to_owned(),
            relationship_name: row.text(1).to_owned(),
            is_hierarchical: row.text(2).to_owned(),
            defines_ancestry: row.text(3).to_owned(),
            reverse_relationship_id: row.text(4).to_owned(),
            relationship_concept_id: row.trusted_concept_id(5),
        })
    }

    /// `CONCEPT_RELATIONSHIP`: `Maps to` (a standard concept maps to itself), `Maps to value`, and in the embedded crosswalk
    /// `RxNorm has ing`, each with its reverse.
    ///
    /// A drug's link to its ingredient is direct there, since the components between them are not carried; it is valid
    /// as long as the drug's concept. A download says it by `CONCEPT_ANCESTOR` alone.
    pub fn concept_relationship_rows(&self) -> impl Iterator<Item = omop::ConceptRelationship> + '_ {
        let to_itself = self.concepts().filter(|concept| concept.standard).flat_map(|concept| {
            let id = concept.concept_id;
            both(id, id, ["Maps to", "Mapped from"], (concept.valid_start, concept.valid_end))
        });
        let linked = |kind, names| {
            let links = self.linked(kind).filter_map(move |(one, two, (start, end))| {
                Some(both(one.concept_id, two.concept_id, names, (day_of(start)?, day_of(end)?)))
            });
            links.flatten()
        };
        let to_standard = linked(Kind::MapsTo, ["Maps to", "Mapped from"]);
        let to_value = linked(Kind::MapsToValue, ["Maps to value", "Value mapped from"]);
        let drugs = self.direct_ingredients.then(|| self.drugs()).into_iter().flatten();
        let to_ingredient = drugs.flat_map(|(drug, ingredient, _)| {
            let valid = (drug.valid_start, drug.valid_end);
            both(drug.concept_id, ingredient.concept_id, ["RxNorm has ing", "RxNorm ing of"], valid)
        });
        to_itself.chain(to_standard).chain(to_value).chain(to_ingredient)
    }

    /// `CONCEPT_ANCESTOR`: each standard concept of itself, and each drug's ingredient. No other hierarchy is carried.
    pub fn concept_ancestor_rows(&self) -> impl Iterator<Item = omop::ConceptAncestor> + '_ {
        let row = |ancestor, descendant, (min, max): (u32, u32)| omop::ConceptAncestor {
            ancestor_concept_id: ancestor,
            descendant_concept_id: descendant,
            min_levels_of_separation: i32::try_from(min).unwrap_or(i32::MAX),
            max_levels_of_separation: i32::try_from(max).unwrap_or(i32::MAX),
        };
        let of_itself = self.concepts().filter(|concept| concept.standard);
        let of_itself = of_itself.map(move |concept| row(concept.concept_id, concept.concept_id, (0, 0)));
        let of_drug =
            self.drugs().map(move |(drug, ingredient, levels)| row(ingredient.concept_id, drug.concept_id, levels));
        of_itself.chain(of_drug)
    }

    /// `DRUG_STRENGTH`: how much of each ingredient one piece of a drug has. Each row is valid as long as the drug's concept is; what
    /// has no pieces has no row.
    pub fn drug_strength_rows(&self) -> impl Iterator<Item = omop::DrugStrength> + '_ {
        self.linked(Kind::Strength).filter_map(|(drug, ingredient, numbers)| {
            let strength = Strength::of(ingredient.concept_id, numbers)?;
            Some(omop::DrugStrength {
                drug_concept_id: drug.concept_id,
                ingredient_concept_id: strength.ingredient,
                amount_value: Some(strength.amount),
                amount_unit_concept_id: Some(strength.unit),
                valid_start_date: drug.valid_start,
                valid_end_date: drug.valid_end,
                ..omop::DrugStrength::default()
            })
        })
    }

    /// `source_to_concept_map`: the rows of the files that were added.
    pub fn source_to_concept_map_rows(&self) -> impl Iterator<Item = &omop::SourceToConceptMap> {
        self.local.rows.iter()
    }

    /// Drugs that are not ingredients themselves, with each of their ingredients and the levels between them.
    fn drugs(&self) -> impl Iterator<Item = (Concept<'_>, Concept<'_>, (u32, u32))> {
        self.linked(Kind::Ingredient).filter(|(drug, ingredient, _)| drug.concept_id != ingredient.concept_id)
    }

    /// All links of a kind.
    fn linked(&self, kind: Kind) -> impl Iterator<Item = (Concept<'_>, Concept<'_>, (u32, u32))> {
        (0_u32..)
            .zip(self.concepts())
            .flat_map(move |(place, concept)| self.ends(kind, place).map(move |(end, numbers)| (concept, end, numbers)))
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
