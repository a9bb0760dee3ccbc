//! The crosswalk: lookups by concept id, by code, by unit and by value set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use twinlake_omop::ConceptId;

use crate::load::{self, Files, Form, VocabError};
use crate::local::Local;
use crate::store::{Builder, End, Input, Kind, Link, Links, Store, number_of};
use crate::{Concept, Domain, system};

/// Levels between a clinical drug and its ingredient: over the clinical drug form, or over component and form.
const DRUG_TO_INGREDIENT_LEVELS: (u32, u32) = (2, 3);

/// A set of concepts and what is known of them; immutable, and cheap to ask, whether it has five hundred or six million.
#[derive(Debug)]
pub struct Vocab {
    pub(crate) store: Store,
    /// UCUM as FHIR writes it, where OMOP writes it otherwise.
    aliases: BTreeMap<String, ConceptId>,
    valuesets: BTreeMap<String, BTreeMap<String, ConceptId>>,
    guide: BTreeMap<String, BTreeMap<String, ConceptId>>,
    pub(crate) tables: Tables,
    /// True when a drug's link to its ingredient stands for a relationship, there being no components between them.
    pub(crate) direct_ingredients: bool,
    pub(crate) local: Local,
}

/// The rows of the small vocabulary tables.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) vocabulary: Vec<load::Row>,
    pub(crate) domain: Vec<load::Row>,
    pub(crate) concept_class: Vec<load::Row>,
    pub(crate) relationship: Vec<load::Row>,
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
    /// What the code says besides, by `Maps to value`, ascending: the substance of "allergy to penicillin".
    pub values: Vec<ConceptId>,
    /// The domain of the standard concept; [`Domain::Metadata`], which is that of concept 0, when there is none.
    pub domain: Domain,
}

/// How much of an ingredient one piece of a drug has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// The ingredient.
    pub ingredient: ConceptId,
    /// How much, to seven digits.
    pub amount: f64,
    /// Of what unit.
    pub unit: ConceptId,
}

impl Strength {
    pub(crate) fn of(ingredient: ConceptId, (amount, unit): (u32, u32)) -> Option<Self> {
        // The shortest digits that make this `f32`: those of the file, not those of the next double.
        let amount: f64 = f32::from_bits(amount).to_string().parse().ok()?;
        let unit = ConceptId::try_from(i32::try_from(unit).ok()?).ok()?;
        Some(Self { ingredient, amount, unit })
    }
}

impl Mapping {
    /// What is known of a code that the vocabulary does not have.
    pub const NONE: Self = Self {
        source: ConceptId::NONE,
        standard: ConceptId::NONE,
        others: Vec::new(),
        values: Vec::new(),
        domain: Domain::Metadata,
    };

    /// True when there is a standard concept.
    pub fn is_mapped(&self) -> bool {
        self.standard != ConceptId::NONE
    }
}

impl Vocab {
    /// The crosswalk compiled into this crate.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Vocab> = OnceLock::new();
        EMBEDDED.get_or_init(Self::crosswalk)
    }

    /// The crosswalk compiled into this crate, as a value of one's own, to which a `source_to_concept_map` can be added.
    pub fn crosswalk() -> Self {
        Self::from_files(&Files::EMBEDDED).expect("the embedded files are read by this crate's tests")
    }

    /// Reads a crosswalk from the texts of its files.
    ///
    /// # Errors
    ///
    /// [`VocabError`], naming file and line, when a file is not CSV, a cell is not what its column holds, or a row
    /// names a concept that the concept file does not have.
    pub fn from_files(files: &Files<'_>) -> Result<Self, VocabError> {
        let mut builder = Builder::new(Vec::new());
        let mut seen = BTreeSet::new();
        let mut ingredients = Vec::new();
        for row in load::rows("crosswalk.csv", files.concept)? {
            let concept = row.concept()?;
            if !seen.insert(concept.id) {
                return Err(row.unknown(row.concept_id(0)?, "there twice"));
            }
            if concept.class == "Ingredient" && concept.standard == "S" {
                ingredients.push(Link { from: concept.id, to: concept.id, numbers: (0, 0) });
            }
            builder.push(&concept).expect("memory takes it").map_err(|error| row.cell(0, error.0))?;
        }
        let known = |row: &load::Row, column| {
            let id = row.concept_id(column)?;
            let number = id.get().unsigned_abs();
            if seen.contains(&number) { Ok(number) } else { Err(row.unknown(id, "missing")) }
        };
        let mut maps_to = Vec::new();
        for row in load::rows("maps_to.csv", files.maps_to)? {
            let numbers = (number_of(row.date(2)?), number_of(row.date(3)?));
            maps_to.push(Link { from: known(&row, 0)?, to: known(&row, 1)?, numbers });
        }
        let own = ingredients.len();
        for row in load::rows("ingredient.csv", files.ingredient)? {
            let link = Link { from: known(&row, 0)?, to: known(&row, 1)?, numbers: DRUG_TO_INGREDIENT_LEVELS };
            if !ingredients[..own].iter().any(|ingredient| ingredient.from == link.from) {
                ingredients.push(link);
            }
        }
        let bytes = builder.finish([maps_to, Vec::new(), ingredients, Vec::new()], "").expect("no id is there twice");
        let tables = Tables {
            vocabulary: load::rows_with_concept("vocabulary.csv", files.vocabulary, Form::Commas, 4)?,
            domain: load::rows_with_concept("domain.csv", files.domain, Form::Commas, 2)?,
            concept_class: load::rows_with_concept("concept_class.csv", files.concept_class, Form::Commas, 2)?,
            relationship: load::rows_with_concept("relationship.csv", files.relationship, Form::Commas, 5)?,
        };
        let store = Store::open(bytes).expect("it was just written");
        let mut vocab = Self::new(store, tables, files)?;
        vocab.direct_ingredients = true;
        Ok(vocab)
    }

    /// A download with what the crosswalk adds to it.
    pub(crate) fn over(store: Store, mut tables: Tables) -> Result<Self, VocabError> {
        let own = &Self::embedded().tables;
        add_lacking(&mut tables.vocabulary, &own.vocabulary);
        add_lacking(&mut tables.domain, &own.domain);
        add_lacking(&mut tables.concept_class, &own.concept_class);
        add_lacking(&mut tables.relationship, &own.relationship);
        Self::new(store, tables, &Files::EMBEDDED)
    }

    fn new(store: Store, tables: Tables, files: &Files<'_>) -> Result<Self, VocabError> {
        let mut vocab = Self {
            store,
            aliases: BTreeMap::new(),
            valuesets: BTreeMap::new(),
            guide: BTreeMap::new(),
            tables,
            direct_ingredients: false,
            local: Local::default(),
        };
        for row in load::rows("unit_alias.csv", files.unit_alias)? {
            let unit = vocab.known(&row, 1)?;
            vocab.aliases.insert(row.text(0).to_owned(), unit);
        }
        for row in load::rows("valueset.csv", files.valueset)? {
            let concept = vocab.known(&row, 2)?;
            vocab.valuesets.entry(row.text(0).to_owned()).or_default().insert(row.text(1).to_owned(), concept);
        }
        for row in load::rows("guide.csv", files.guide)? {
            let concept = row.concept_id(2)?;
            vocab.guide.entry(row.text(0).to_owned()).or_default().insert(row.text(1).to_owned(), concept);
        }
        Ok(vocab)
    }

    /// A vocabulary of some of these concepts: those named, what they map to, their ingredients, and the concepts of their
    /// vocabularies, domains and classes.
    ///
    /// Concept 0 is always among them; ids that are not here are passed over.
    #[must_use]
    pub fn subset(&self, concepts: impl IntoIterator<Item = ConceptId>) -> Self {
        let mut places = BTreeSet::new();
        let mut next: Vec<u32> = concepts.into_iter().filter_map(|id| self.store.place(id)).collect();
        next.extend(self.store.place(ConceptId::NONE));
        let of_tables = |id: &str, rows: &[load::Row], column| {
            let row = rows.iter().find(|row| row.text(0) == id)?;
            self.store.place(row.trusted_concept_id(column))
        };
        while let Some(place) = next.pop() {
            let Some(concept) = self.store.concept(place).filter(|_| places.insert(place)) else { continue };
            next.extend(Kind::ALL.iter().flat_map(|kind| self.store.links(*kind, place)).map(|end| end.place));
            let units = self.strengths(concept.concept_id).filter_map(|strength| self.store.place(strength.unit));
            next.extend(units);
            next.extend(of_tables(concept.vocabulary, &self.tables.vocabulary, 4));
            next.extend(of_tables(concept.domain_id, &self.tables.domain, 2));
            next.extend(of_tables(concept.class, &self.tables.concept_class, 2));
        }
        let mut builder = Builder::new(Vec::new());
        let mut links = Links::default();
        let (mut vocabularies, mut domains, mut classes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for &place in &places {
            let Some(concept) = self.store.concept(place) else { continue };
            vocabularies.insert(concept.vocabulary);
            domains.insert(concept.domain_id);
            classes.insert(concept.class);
            builder.push(&Input::from(concept)).expect("memory takes it").expect("it fitted before");
            self.copy_links(place, &mut links);
        }
        let bytes = builder.finish(links, "").expect("places are distinct");
        let some = |rows: &[load::Row], ids: &BTreeSet<&str>| -> Vec<load::Row> {
            rows.iter().filter(|row| ids.contains(row.text(0))).cloned().collect()
        };
        let mut subset = Self {
            store: Store::open(bytes).expect("it was just written"),
            aliases: self.aliases.clone(),
            valuesets: self.valuesets.clone(),
            guide: self.guide.clone(),
            tables: Tables {
                vocabulary: some(&self.tables.vocabulary, &vocabularies),
                domain: some(&self.tables.domain, &domains),
                concept_class: some(&self.tables.concept_class, &classes),
                relationship: Vec::new(),
            },
            direct_ingredients: self.direct_ingredients,
            local: Local::default(),
        };
        let named: BTreeSet<String> = subset.concept_relationship_rows().map(|row| row.relationship_id).collect();
        let named = named.iter().map(String::as_str).collect();
        subset.tables.relationship = some(&self.tables.relationship, &named);
        subset
    }

    /// Adds the links of the concept at a place, by ids.
    pub(crate) fn copy_links(&self, place: u32, links: &mut Links) {
        let id = |place| Some(self.store.concept(place)?.concept_id.get().unsigned_abs());
        let Some(from) = id(place) else { return };
        for (kind, links) in Kind::ALL.into_iter().zip(links) {
            for end in self.store.links(kind, place) {
                links.extend(id(end.place).map(|to| Link { from, to, numbers: end.numbers }));
            }
        }
    }

    /// The concept with this id.
    pub fn concept(&self, id: ConceptId) -> Option<Concept<'_>> {
        self.store.concept(self.store.place(id)?)
    }

    /// All concepts, by id, concept 0 first.
    pub fn concepts(&self) -> impl Iterator<Item = Concept<'_>> {
        (0..self.store.len()).filter_map(|place| self.store.concept(place))
    }

    /// The concept of a code in a FHIR code system (see [`system`] for the URIs).
    ///
    /// Where a vocabulary has a code twice it is the valid one, then the standard one.
    pub fn find(&self, system: &str, code: &str) -> Option<Concept<'_>> {
        self.store.concept(self.place_of(system, code)?)
    }

    fn place_of(&self, system: &str, code: &str) -> Option<u32> {
        let code = system::code(system, code);
        system::vocabularies(system).iter().find_map(|vocabulary| self.store.find(vocabulary, &code))
    }

    /// What a code means in OMOP: its own concept, and the standard one. A code without a system means nothing, unless a
    /// `source_to_concept_map` was added that knows it.
    pub fn map(&self, system: Option<&str>, code: &str) -> Mapping {
        let place = system.and_then(|system| self.place_of(system, code));
        let source = place.and_then(|place| self.store.concept(place));
        let source_id = source.map_or(ConceptId::NONE, |source| source.concept_id);
        if let Some(local) = self.local.get(system, code) {
            let source = if local.source.is_none() { source_id } else { local.source };
            return self.mapping(source, local.targets.iter().copied(), Vec::new());
        }
        let (Some(place), Some(source)) = (place, source) else {
            return Mapping::NONE;
        };
        let values = self.ids(Kind::MapsToValue, place).collect();
        if source.standard {
            return Mapping {
                standard: source_id,
                domain: source.domain,
                values,
                source: source_id,
                others: Vec::new(),
            };
        }
        self.mapping(source_id, self.ids(Kind::MapsTo, place), values)
    }

    fn mapping(
        &self,
        source: ConceptId,
        mut targets: impl Iterator<Item = ConceptId>,
        values: Vec<ConceptId>,
    ) -> Mapping {
        let standard = targets.next().unwrap_or(ConceptId::NONE);
        let domain = self.concept(standard).map_or(Domain::Metadata, |concept| concept.domain);
        Mapping { source, standard, others: targets.collect(), values, domain }
    }

    fn ids(&self, kind: Kind, place: u32) -> impl Iterator<Item = ConceptId> + '_ {
        self.ends(kind, place).map(|(concept, _)| concept.concept_id)
    }

    /// What the concept at a place is linked to.
    pub(crate) fn ends(&self, kind: Kind, place: u32) -> impl Iterator<Item = (Concept<'_>, (u32, u32))> + '_ {
        self.store.links(kind, place).filter_map(|End { place, numbers }| Some((self.store.concept(place)?, numbers)))
    }

    /// The concept of a unit, by its UCUM code as FHIR writes it (`mmol/L`, `[lb_av]`, `mL/min/{1.73_m2}`).
    pub fn unit(&self, ucum: &str) -> Option<ConceptId> {
        if let Some(local) = self.local.get(Some(system::UCUM), ucum) {
            return local.targets.first().copied();
        }
        if let Some(unit) = self.aliases.get(ucum) {
            return Some(*unit);
        }
        let place = self.store.find("UCUM", ucum)?;
        let unit = self.store.concept(place)?;
        if unit.standard { Some(unit.concept_id) } else { self.ids(Kind::MapsTo, place).next() }
    }

    /// The ingredients of a drug, ascending; an ingredient's is itself. None for vaccines and drugs that are not here,
    /// several for a combination.
    pub fn ingredients(&self, drug: ConceptId) -> Vec<ConceptId> {
        self.store.place(drug).map_or_else(Vec::new, |place| self.ids(Kind::Ingredient, place).collect())
    }

    /// How much of each ingredient one piece of a drug (a tablet, a capsule) has, by ingredient. None for drugs that are not counted
    /// in pieces, nor without `DRUG_STRENGTH.csv`.
    pub fn strengths(&self, drug: ConceptId) -> impl Iterator<Item = Strength> + '_ {
        let strengths = self.store.place(drug).into_iter().flat_map(|place| self.ends(Kind::Strength, place));
        strengths.filter_map(|(ingredient, numbers)| Strength::of(ingredient.concept_id, numbers))
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

    /// The concept that HL7's guide names for a code, in one of its concept maps; `None` where the vocabulary does not have it
    /// as a standard concept, which is so for many with the embedded crosswalk.
    pub fn guide(&self, set: &str, code: &str) -> Option<ConceptId> {
        let concept = *self.guide.get(set)?.get(code)?;
        self.concept(concept).filter(|concept| concept.standard).map(|concept| concept.concept_id)
    }

    /// Whether a concept is a thing rather than something that happens to a person: a drug, food, animal or material that one
    /// can be allergic to.
    pub fn is_substance(&self, id: ConceptId) -> bool {
        self.concept(id).is_some_and(|concept| {
            matches!(concept.domain, Domain::Drug | Domain::Device)
                || matches!(concept.class, "Substance" | "Organism" | "Physical Object" | "Pharma/Biol Product")
        })
    }

    /// The concept of an allergy or intolerance by `AllergyIntolerance.type` and `.category`; the general one where the
    /// vocabulary does not have that of the category.
    pub fn allergy(&self, kind: Option<&str>, category: Option<&str>) -> ConceptId {
        let set = if kind == Some("intolerance") { "intolerance" } else { "allergy" };
        let of_category = category.and_then(|category| self.guide(set, category));
        of_category.unwrap_or_else(|| self.in_valueset(set, "any"))
    }

    /// The concept of a way to give a drug, by its code in any code system; `None` for what is no route.
    ///
    /// HL7's codes of v3 `RouteOfAdministration` are those of the guide; others are looked up as codes are.
    pub fn route(&self, system: Option<&str>, code: &str) -> Option<ConceptId> {
        if system == Some(system::V3_ROUTE) {
            return self.guide("route", code);
        }
        let mapping = self.map(system, code);
        (mapping.domain == Domain::Route).then_some(mapping.standard)
    }

    /// The release that `cdm_source.vocabulary_version` names, e.g. `v5.0 30-AUG-24`.
    pub fn version(&self) -> &str {
        self.tables.vocabulary.iter().find(|row| row.text(0) == "None").map_or("", |row| row.text(3))
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

/// Adds the rows whose first cell no row has yet.
fn add_lacking(rows: &mut Vec<load::Row>, others: &[load::Row]) {
    let known: BTreeSet<String> = rows.iter().map(|row| row.text(0).to_owned()).collect();
    rows.extend(others.iter().filter(|row| !known.contains(row.text(0))).cloned());
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
            guide: "set,code,concept_id\n",
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
        assert_eq!(vocab.concepts().next().map(|concept| concept.concept_id), Some(ConceptId::NONE));
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
