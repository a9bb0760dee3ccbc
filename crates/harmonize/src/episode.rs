//! EpisodeOfCare to `episode` and `episode_event`.

use std::collections::BTreeSet;

use twinlake_fhir::{CodeableConcept, EpisodeOfCare, Reference, Resource};
use twinlake_omop::{self as omop, AnyRow, ConceptId, Table, key};
use twinlake_vocab::types;

use crate::coded::{self, source_value};
use crate::elements;
use crate::event::{Reading, When};
use crate::loss::Losses;

/// The episode, and which of the patient's `rows` belong to it: its conditions, the visits that name it, the drugs and
/// procedures of those visits whose reason is one of its conditions, and what was handed out or given of such drugs.
pub(crate) fn rows(
    reading: &mut Reading<'_, '_>,
    episode: &EpisodeOfCare<'_>,
    resources: &[&Resource<'_>],
    rows: &[AnyRow],
) -> Vec<AnyRow> {
    const REALISED: [&str; 3] = ["active", "onhold", "finished"];
    if !episode.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status").unwrap_or_default();
    }
    let period = episode.period.as_ref();
    let Some(start) = period.and_then(|period| period.start.as_ref()).map(When::from) else {
        return reading.lost("date").unwrap_or_default();
    };
    let end = period.and_then(|period| period.end.as_ref()).map(When::from);
    let about = About::of(reading, episode, resources);
    let kind = episode.type_.first();
    let code = kind.and_then(|kind| kind.coding.iter().find_map(|coding| coding.code.as_deref()));
    let kind = code.or(kind.and_then(|kind| kind.text.as_deref()));
    let episode_id = reading.key(episode.id.as_deref());
    let mut all = vec![AnyRow::from(omop::Episode {
        episode_id,
        person_id: reading.context.person_id,
        episode_concept_id: types::EPISODE_OF_CARE,
        episode_start_date: start.date,
        episode_start_datetime: start.datetime,
        episode_end_date: end.map(|end| end.date),
        episode_end_datetime: end.and_then(|end| end.datetime),
        episode_object_concept_id: about.concepts.first().copied().unwrap_or(ConceptId::NONE),
        episode_type_concept_id: types::EHR,
        episode_source_value: kind.map(source_value),
        episode_source_concept_id: kind.map(|_| ConceptId::NONE),
        ..Default::default()
    })];
    let events = about.events(reading, episode.id.as_deref().unwrap_or_default(), resources);
    all.extend(rows.iter().filter_map(|row| {
        let event_id = row.key().filter(|key| events.contains(&(row.table(), *key)))?;
        let episode_event_field_concept_id = field(row.table())?;
        Some(AnyRow::from(omop::EpisodeEvent { episode_id, event_id, episode_event_field_concept_id }))
    }));
    let used = ["status", "type", "diagnosis.condition", "patient", "period"];
    elements::count("EpisodeOfCare", episode, &episode.extension, &used, &[], reading.losses);
    all
}

/// The conditions that an episode is about.
struct About<'e> {
    /// Their ids.
    ids: Vec<&'e str>,
    /// Their standard concepts, in the order of the diagnoses.
    concepts: Vec<ConceptId>,
}

impl<'e> About<'e> {
    fn of(reading: &Reading<'_, '_>, episode: &'e EpisodeOfCare<'_>, resources: &[&Resource<'_>]) -> Self {
        let ids: Vec<&str> =
            episode.diagnosis.iter().filter_map(|diagnosis| diagnosis.condition.as_ref()?.id_of("Condition")).collect();
        let code = |id: &str| {
            resources.iter().find_map(|resource| match resource {
                Resource::Condition(condition) if condition.id.as_deref() == Some(id) => condition.code.as_ref(),
                _ => None,
            })
        };
        let concepts = ids.iter().filter_map(|id| code(id)).map(|code| standard(reading, code)).collect();
        Self { ids, concepts }
    }

    /// Tables and keys of what belongs to the episode, whether or not it has a row.
    fn events(&self, reading: &Reading<'_, '_>, episode: &str, resources: &[&Resource<'_>]) -> BTreeSet<(Table, i64)> {
        let is_episode = |reference: &Reference<'_>| reference.id_of("EpisodeOfCare") == Some(episode);
        let visits: BTreeSet<&str> = resources
            .iter()
            .filter_map(|resource| match resource {
                Resource::Encounter(encounter) if encounter.episode_of_care.iter().any(is_episode) => {
                    encounter.id.as_deref()
                }
                _ => None,
            })
            .collect();
        let is_its =
            |encounter: Option<&Reference<'_>>, codes: &[CodeableConcept<'_>], references: &[Reference<'_>]| {
                let visit = encounter.and_then(|encounter| encounter.id_of("Encounter"));
                let named = |reference: &Reference<'_>| {
                    reference.id_of("Condition").is_some_and(|condition| self.ids.contains(&condition))
                };
                let coded = |code: &CodeableConcept<'_>| {
                    let concept = standard(reading, code);
                    concept != ConceptId::NONE && self.concepts.contains(&concept)
                };
                visit.is_some_and(|visit| visits.contains(visit))
                    && (references.iter().any(named) || codes.iter().any(coded))
            };
        let mut events: BTreeSet<(Table, i64)> = BTreeSet::new();
        let tables = [Table::ConditionOccurrence, Table::DrugExposure, Table::ProcedureOccurrence];
        // The table of an event follows its concept's domain, so any of them may hold it.
        let mut add = |key: i64| events.extend(tables.map(|table| (table, key)));
        self.ids.iter().for_each(|id| add(key::of("Condition", id)));
        for resource in resources {
            let (id, is_its) = match resource {
                Resource::Procedure(one) => {
                    (&one.id, is_its(one.encounter.as_ref(), &one.reason_code, &one.reason_reference))
                }
                Resource::MedicationRequest(one) => {
                    (&one.id, is_its(one.encounter.as_ref(), &one.reason_code, &one.reason_reference))
                }
                Resource::MedicationAdministration(one) => {
                    (&one.id, is_its(one.context.as_ref(), &one.reason_code, &one.reason_reference))
                }
                _ => continue,
            };
            if let Some(id) = id.as_deref().filter(|_| is_its) {
                add(key::of(resource.resource_type(), id));
            }
        }
        // What an order of the episode led to is of the episode too, at whatever visit, and at none.
        let orders: BTreeSet<i64> = events.iter().map(|(_, key)| *key).collect();
        let is_ordered = |order: &Reference<'_>| {
            let order = order.id_of("MedicationRequest").map(|id| key::of("MedicationRequest", id));
            order.is_some_and(|order| orders.contains(&order))
        };
        for resource in resources {
            let (id, is_its) = match resource {
                Resource::MedicationDispense(one) => (&one.id, one.authorizing_prescription.iter().any(is_ordered)),
                Resource::MedicationAdministration(one) => (&one.id, one.request.iter().any(is_ordered)),
                _ => continue,
            };
            if let Some(id) = id.as_deref().filter(|_| is_its) {
                events.extend(tables.map(|table| (table, key::of(resource.resource_type(), id))));
            }
        }
        // An Encounter that is part of a visit stands for the visit.
        let visit = |id: &&str| reading.context.visits.at(key::of("Encounter", id)).map(|at| at.visit_occurrence_id);
        events.extend(visits.iter().filter_map(visit).map(|visit| (Table::VisitOccurrence, visit)));
        events
    }
}

/// The standard concept of a code that is counted, where it does not map, by the resource it is of.
fn standard(reading: &Reading<'_, '_>, code: &CodeableConcept<'_>) -> ConceptId {
    coded::map(reading.context.vocab, code, "EpisodeOfCare", &mut Losses::default()).standard
}

/// The concept of the key that an event is linked by.
fn field(table: Table) -> Option<ConceptId> {
    match table {
        Table::VisitOccurrence => Some(types::VISIT_OCCURRENCE_ID),
        Table::ConditionOccurrence => Some(types::CONDITION_OCCURRENCE_ID),
        Table::DrugExposure => Some(types::DRUG_EXPOSURE_ID),
        Table::ProcedureOccurrence => Some(types::PROCEDURE_OCCURRENCE_ID),
        _ => None,
    }
}
