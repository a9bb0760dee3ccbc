//! Concepts: each is in the vocabulary in use, of the domain and class of its field, and standard where it must be.

use std::collections::BTreeMap;

use twinlake_omop::{Cell, DynRow, FieldSpec, Kind, Table};
use twinlake_vocab::Vocab;

use super::row::RowRules;
use crate::finding::Severity;

/// What a vocabulary says of a concept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    domain: &'a str,
    class: &'a str,
    is_standard: bool,
    is_valid: bool,
}

/// CONCEPT as the OMOP side has it; without rows, the vocabulary that FHIR is mapped with stands for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnConcepts {
    /// Domains and classes, each once.
    names: Vec<String>,
    places: BTreeMap<String, u16>,
    rows: BTreeMap<i64, OwnConcept>,
}

#[derive(Clone, Copy, Debug)]
struct OwnConcept {
    domain: u16,
    class: u16,
    is_standard: bool,
    is_valid: bool,
}

impl OwnConcepts {
    /// Takes a row of CONCEPT.
    pub(crate) fn add(&mut self, row: &DynRow) {
        let Some(id) = row.cell("concept_id").as_int() else { return };
        let domain = self.place(row.cell("domain_id").as_text().unwrap_or_default());
        let class = self.place(row.cell("concept_class_id").as_text().unwrap_or_default());
        let is_standard = row.cell("standard_concept").as_text() == Some("S");
        let is_valid = row.cell("invalid_reason").as_text().is_none_or(str::is_empty);
        self.rows.insert(id, OwnConcept { domain, class, is_standard, is_valid });
    }

    fn place(&mut self, name: &str) -> u16 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        // There are some fifty domains and four hundred classes.
        let place = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// Whether CONCEPT was given and lacks concept 0, which stands for everything that has no concept.
    pub(crate) fn lacks_zero(&self) -> bool {
        !self.rows.is_empty() && !self.rows.contains_key(&0)
    }

    /// What is known of a concept.
    pub(crate) fn facts<'a>(&'a self, vocab: &'a Vocab, id: i64) -> Option<Facts<'a>> {
        if self.rows.is_empty() {
            let concept = vocab.concept(i32::try_from(id).ok()?.try_into().ok()?)?;
            return Some(Facts {
                domain: concept.domain_id,
                class: concept.class,
                is_standard: concept.standard,
                is_valid: concept.invalid_reason.is_none(),
            });
        }
        let own = self.rows.get(&id)?;
        let name = |place: u16| self.names.get(usize::from(place)).map_or("", String::as_str);
        let (domain, class) = (name(own.domain), name(own.class));
        Some(Facts { domain, class, is_standard: own.is_standard, is_valid: own.is_valid })
    }
}

/// What is wrong with a concept in a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Flaw {
    Unknown,
    Domain,
    Class,
    NotStandard,
}

/// What was found out about concepts in fields, each once.
#[derive(Debug, Default)]
pub(super) struct Verdicts(BTreeMap<(Table, usize, i64), Option<Flaw>>);

/// Each concept of a row fits its field; 0, which says that there is none, fits all.
pub(super) fn fit(verdicts: &mut Verdicts, rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    for (place, (field, cell)) in row.table.spec().fields.iter().zip(&row.cells).enumerate() {
        let Some(id) = cell.as_int().filter(|id| field.kind == Kind::Concept && *id > 0) else { continue };
        let verdict = verdicts.0.entry((row.table, place, id)).or_insert_with(|| {
            let facts = rules.context.omop.concepts.facts(rules.context.vocab, id);
            flaw(row.table, field, facts)
        });
        let Some(flaw) = *verdict else { continue };
        if rules.said(field.name) {
            continue;
        }
        say(rules, flaw, field, cell);
    }
}

fn say(rules: &mut RowRules<'_, '_>, flaw: Flaw, field: &FieldSpec, cell: &Cell<'_>) {
    let (table, name) = (rules.row.table, field.name);
    let facts = cell.as_int().and_then(|id| rules.context.omop.concepts.facts(rules.context.vocab, id));
    let (what, sentence) = match flaw {
        Flaw::Unknown => ("unknown_concept", "which the vocabulary does not have".to_owned()),
        Flaw::Domain => {
            let domain = facts.map_or("", |facts| facts.domain);
            let wanted = domain_of(table, field).map_or_else(|| "of no other table".to_owned(), |id| format!("`{id}`"));
            ("wrong_domain", format!("whose domain is `{domain}` and should be {wanted}"))
        }
        Flaw::Class => {
            let class = facts.map_or("", |facts| facts.class);
            let wanted = class_of(table, field).unwrap_or_default();
            ("wrong_class", format!("whose class is `{class}` and should be `{wanted}`"))
        }
        Flaw::NotStandard => ("not_standard", "which is no valid standard concept".to_owned()),
    };
    rules.find_in(what, name, Severity::Error, cell, &format!("says {cell} in {name}, {sentence}"));
}

fn flaw(table: Table, field: &FieldSpec, facts: Option<Facts<'_>>) -> Option<Flaw> {
    let Some(facts) = facts else { return Some(Flaw::Unknown) };
    if domain_of(table, field).is_some_and(|domain| domain != facts.domain) {
        return Some(Flaw::Domain);
    }
    let has_home = || HOMES.contains(&facts.domain);
    if (table, field.name) == (Table::Observation, "observation_concept_id") && has_home() {
        return Some(Flaw::Domain);
    }
    if class_of(table, field).is_some_and(|class| class != facts.class) {
        return Some(Flaw::Class);
    }
    let must = STANDARD.iter().any(|(other, fields)| *other == table && fields.contains(&field.name));
    (must && !(facts.is_standard && facts.is_valid)).then_some(Flaw::NotStandard)
}

/// Domains that have a table of their own; what is of another is an observation.
const HOMES: [&str; 7] = ["Condition", "Device", "Drug", "Measurement", "Procedure", "Specimen", "Visit"];

/// The one domain that a field's concepts are of: the specification's, or the dashboard's where that has none.
fn domain_of(table: Table, field: &FieldSpec) -> Option<&'static str> {
    match (table, field.name) {
        (Table::CdmSource, "cdm_version_concept_id") => Some("Metadata"),
        (Table::DrugStrength, "drug_concept_id") => Some("Drug"),
        (Table::Location, "country_concept_id") => Some("Geography"),
        (Table::Measurement, "operator_concept_id") => Some("Meas Value Operator"),
        (Table::Specimen, "specimen_concept_id") => Some("Specimen"),
        (Table::DeviceExposure, "device_concept_id") => Some("Device"),
        _ => field.fk_domain.filter(|domain| !domain.contains(',')),
    }
}

/// The class that a field's concepts are of.
fn class_of(table: Table, field: &FieldSpec) -> Option<&'static str> {
    match (table, field.name) {
        (Table::DrugStrength, "ingredient_concept_id") => Some("Ingredient"),
        _ => field.fk_class,
    }
}

/// Fields whose concepts are standard and valid.
const STANDARD: [(Table, &[&str]); 26] = [
    (Table::CareSite, &["place_of_service_concept_id"]),
    (Table::CdmSource, &["cdm_version_concept_id"]),
    (Table::CohortDefinition, &["definition_type_concept_id", "subject_concept_id"]),
    (Table::ConditionEra, &["condition_concept_id"]),
    (Table::ConditionOccurrence, &["condition_concept_id", "condition_status_concept_id", "condition_type_concept_id"]),
    (Table::Cost, &["cost_type_concept_id"]),
    (Table::Death, &["cause_concept_id", "death_type_concept_id"]),
    (Table::DeviceExposure, &["device_concept_id", "device_type_concept_id", "unit_concept_id"]),
    (Table::DoseEra, &["drug_concept_id", "unit_concept_id"]),
    (Table::DrugEra, &["drug_concept_id"]),
    (Table::DrugExposure, &["drug_concept_id", "drug_type_concept_id", "route_concept_id"]),
    (Table::Episode, &["episode_concept_id", "episode_type_concept_id"]),
    (Table::EpisodeEvent, &["episode_event_field_concept_id"]),
    (Table::Location, &["country_concept_id"]),
    (
        Table::Measurement,
        &[
            "meas_event_field_concept_id",
            "measurement_concept_id",
            "measurement_type_concept_id",
            "operator_concept_id",
            "unit_concept_id",
        ],
    ),
    (
        Table::Note,
        &[
            "encoding_concept_id",
            "language_concept_id",
            "note_class_concept_id",
            "note_event_field_concept_id",
            "note_type_concept_id",
        ],
    ),
    (Table::NoteNlp, &["note_nlp_concept_id", "section_concept_id"]),
    (
        Table::Observation,
        &[
            "obs_event_field_concept_id",
            "observation_concept_id",
            "observation_type_concept_id",
            "qualifier_concept_id",
            "unit_concept_id",
        ],
    ),
    (Table::ObservationPeriod, &["period_type_concept_id"]),
    (Table::Person, &["ethnicity_concept_id", "gender_concept_id", "race_concept_id"]),
    (Table::ProcedureOccurrence, &["modifier_concept_id", "procedure_concept_id", "procedure_type_concept_id"]),
    (Table::Provider, &["gender_concept_id", "specialty_concept_id"]),
    (Table::SourceToConceptMap, &["target_concept_id"]),
    (
        Table::Specimen,
        &[
            "anatomic_site_concept_id",
            "disease_status_concept_id",
            "specimen_concept_id",
            "specimen_type_concept_id",
            "unit_concept_id",
        ],
    ),
    (
        Table::VisitDetail,
        &[
            "admitted_from_concept_id",
            "discharged_to_concept_id",
            "visit_detail_concept_id",
            "visit_detail_type_concept_id",
        ],
    ),
    (
        Table::VisitOccurrence,
        &["admitted_from_concept_id", "discharged_to_concept_id", "visit_concept_id", "visit_type_concept_id"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_fields_are_concepts_of_their_tables() {
        for (table, fields) in STANDARD {
            for field in fields {
                let place = table.spec().column(field).unwrap_or_else(|| panic!("{table} has no {field}"));
                assert_eq!(table.spec().fields[place].kind, Kind::Concept, "{table}.{field}");
            }
        }
        assert_eq!(STANDARD.iter().map(|(_, fields)| fields.len()).sum::<usize>(), 64);
    }

    #[test]
    fn concept_rows_of_the_data_go_before_the_vocabulary() {
        let vocab = Vocab::embedded();
        let mut own = OwnConcepts::default();
        assert!(!own.lacks_zero());
        assert_eq!(own.facts(vocab, 8507).map(|facts| facts.domain), Some("Gender"));
        let rows: Vec<DynRow> =
            vocab.concept_rows().map(|row| DynRow::from(&twinlake_omop::AnyRow::from(row))).collect();
        own.add(rows.iter().find(|row| row.cell("concept_id").as_int() == Some(8532)).unwrap());
        assert!(own.lacks_zero());
        assert!(own.facts(vocab, 8507).is_none());
        let facts = own.facts(vocab, 8532).unwrap();
        assert_eq!((facts.domain, facts.is_standard, facts.is_valid), ("Gender", true, true));
    }
}
