//! `episode` and `episode_event`.

use std::collections::BTreeSet;

use twinlake_omop::{AnyRow, ConceptId, Episode, EpisodeEvent, Table};
use twinlake_vocab::types;

use super::Patient;

/// Adds the episodes, and what belongs to each among the rows that are there already: its condition, its visits and the
/// drugs (as they were prescribed, handed out or given) and procedures that those ordered because of it.
pub(super) fn push_episodes(patient: &Patient<'_>, rows: &mut Vec<AnyRow>) {
    for episode in &patient.timeline.episodes_of_care {
        let timeline = patient.timeline;
        let problem = &timeline.problems[episode.problem];
        let key = patient.key(episode.event);
        rows.push(AnyRow::from(Episode {
            episode_id: key,
            person_id: patient.person_id,
            episode_concept_id: types::EPISODE_OF_CARE,
            episode_start_date: timeline.encounters[episode.encounters[0]].start.date(),
            episode_end_date: episode.course.end(),
            episode_object_concept_id: patient.context.meaning(problem.concept).standard,
            episode_type_concept_id: types::EHR,
            episode_source_value: Some(episode.kind.to_owned()),
            episode_source_concept_id: Some(ConceptId::NONE),
            ..Episode::default()
        }));
        let is_its =
            |encounter: usize, reason| reason == Some(problem.concept) && episode.encounters.contains(&encounter);
        let visits = episode.encounters.iter().map(|&encounter| timeline.encounters[encounter].event);
        let prescribed = |index: usize| {
            let drug = &timeline.prescriptions[index];
            is_its(drug.encounter, drug.reason)
        };
        // A prescription that was filled or given has no row of its own; its fills and doses do.
        let drugs = timeline.prescriptions.iter().filter(|drug| is_its(drug.encounter, drug.reason));
        let fills = timeline.dispenses.iter().filter(|fill| prescribed(fill.prescription));
        let doses = timeline.administrations.iter().filter(|dose| prescribed(dose.prescription));
        let procedures = timeline.procedures.iter().filter(|procedure| is_its(procedure.encounter, procedure.reason));
        let events = visits
            .chain([problem.event])
            .chain(drugs.map(|drug| drug.event))
            .chain(fills.map(|fill| fill.event))
            .chain(doses.map(|dose| dose.event))
            .chain(procedures.map(|procedure| procedure.event));
        let keys: BTreeSet<i64> = events.map(|event| patient.key(event)).collect();
        let found =
            rows.iter().filter_map(|row| Some((row.key().filter(|key| keys.contains(key))?, field(row.table())?)));
        let events: Vec<AnyRow> = found
            .map(|(event_id, episode_event_field_concept_id)| {
                AnyRow::from(EpisodeEvent { episode_id: key, event_id, episode_event_field_concept_id })
            })
            .collect();
        rows.extend(events);
    }
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
