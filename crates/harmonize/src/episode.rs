//! EpisodeOfCare to `episode` and `episode_event`.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use twinlake_fhir::{CodeableConcept, EpisodeOfCare, Reference, Resource};
use twinlake_omop::{self as omop, AnyRow, ConceptId, Table, key};
use twinlake_vocab::types;

use crate::coded::{self, source_value};
use crate::elements;
use crate::event::{Reading, When};
use crate::loss::Losses;

/// The episode, and which of the patient's rows belong to it: its conditions, the visits that name it, the drugs and
/// procedures of those visits whose reason is one of its conditions, and what was handed out or given of such drugs.
pub(crate) fn rows(reading: &mut Reading<'_, '_>, episode: &EpisodeOfCare<'_>, chart: &Chart<'_, '_>) -> Vec<AnyRow> {
    const REALISED: [&str; 3] = ["active", "onhold", "finished"];
    if !episode.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status").unwrap_or_default();
    }
    let period = episode.period.as_ref();
    let Some(start) = period.and_then(|period| period.start.as_ref()).map(When::from) else {
        return reading.lost("date").unwrap_or_default();
    };
    let end = period.and_then(|period| period.end.as_ref()).map(When::from);
    let about = About::of(reading, episode, chart);
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
    let events = about.events(reading, episode.id.as_deref().unwrap_or_default(), chart);
    all.extend(events.into_iter().filter(|event| chart.rows.contains(event)).filter_map(|(table, event_id)| {
        let episode_event_field_concept_id = field(table)?;
        Some(AnyRow::from(omop::EpisodeEvent { episode_id, event_id, episode_event_field_concept_id }))
    }));
    let used = ["status", "type", "diagnosis.condition", "patient", "period"];
    elements::count("EpisodeOfCare", episode, &episode.extension, &used, &[], reading.losses);
    all
}

/// What of a patient can belong to an episode, by what it is looked up with.
#[derive(Default)]
pub(crate) struct Chart<'r, 'a> {
    /// What each Condition is, by its id.
    conditions: FxHashMap<&'r str, &'r CodeableConcept<'a>>,
    /// The Encounters that name an episode, by its id.
    visits: FxHashMap<&'r str, Vec<&'r str>>,
    /// What was done or ordered at an Encounter, by its id.
    done: FxHashMap<&'r str, Vec<Done<'r, 'a>>>,
    /// What an order led to, by the order's key.
    led_to: FxHashMap<i64, Vec<i64>>,
    /// The rows that can be linked.
    rows: FxHashSet<(Table, i64)>,
}

/// What was done or ordered, and why.
struct Done<'r, 'a> {
    key: i64,
    reason_code: &'r [CodeableConcept<'a>],
    reason_reference: &'r [Reference<'a>],
}

impl<'r, 'a> Chart<'r, 'a> {
    /// Reads the patient's resources, each id once, and the rows that they gave.
    pub(crate) fn of(resources: &[&'r Resource<'a>], rows: &[AnyRow]) -> Self {
        let linked = rows.iter().filter(|row| field(row.table()).is_some());
        let mut chart =
            Chart { rows: linked.filter_map(|row| Some((row.table(), row.key()?))).collect(), ..Chart::default() };
        for resource in resources {
            let Some(id) = resource.id() else { continue };
            match resource {
                Resource::Condition(one) => chart.conditions.extend(one.code.as_ref().map(|code| (id, code))),
                Resource::Encounter(one) => {
                    for episode in one.episode_of_care.iter().filter_map(|episode| episode.id_of("EpisodeOfCare")) {
                        chart.visits.entry(episode).or_default().push(id);
                    }
                }
                Resource::Procedure(one) => {
                    chart.add("Procedure", id, one.encounter.as_ref(), &one.reason_code, &one.reason_reference);
                }
                Resource::MedicationRequest(one) => {
                    chart.add("MedicationRequest", id, one.encounter.as_ref(), &one.reason_code, &one.reason_reference);
                }
                Resource::MedicationAdministration(one) => {
                    let own = "MedicationAdministration";
                    chart.add(own, id, one.context.as_ref(), &one.reason_code, &one.reason_reference);
                    chart.add_led_to(own, id, one.request.as_ref());
                }
                Resource::MedicationDispense(one) => {
                    chart.add_led_to("MedicationDispense", id, &one.authorizing_prescription);
                }
                _ => {}
            }
        }
        chart
    }

    fn add(
        &mut self,
        resource_type: &str,
        id: &str,
        encounter: Option<&'r Reference<'a>>,
        reason_code: &'r [CodeableConcept<'a>],
        reason_reference: &'r [Reference<'a>],
    ) {
        let has_reason = !reason_code.is_empty() || !reason_reference.is_empty();
        if let Some(visit) = encounter.filter(|_| has_reason).and_then(|encounter| encounter.id_of("Encounter")) {
            let key = key::of(resource_type, id);
            self.done.entry(visit).or_default().push(Done { key, reason_code, reason_reference });
        }
    }

    fn add_led_to(&mut self, resource_type: &str, id: &str, orders: impl IntoIterator<Item = &'r Reference<'a>>)
    where
        'a: 'r,
    {
        for order in orders.into_iter().filter_map(|order| order.id_of("MedicationRequest")) {
            self.led_to.entry(key::of("MedicationRequest", order)).or_default().push(key::of(resource_type, id));
        }
    }
}

/// The conditions that an episode is about.
struct About<'e> {
    /// Their ids.
    ids: Vec<&'e str>,
    /// Their standard concepts, in the order of the diagnoses.
    concepts: Vec<ConceptId>,
}

impl<'e> About<'e> {
    fn of(reading: &Reading<'_, '_>, episode: &'e EpisodeOfCare<'_>, chart: &Chart<'_, '_>) -> Self {
        let ids: Vec<&str> =
            episode.diagnosis.iter().filter_map(|diagnosis| diagnosis.condition.as_ref()?.id_of("Condition")).collect();
        let codes = ids.iter().filter_map(|id| chart.conditions.get(id));
        let concepts = codes.map(|code| standard(reading, code)).collect();
        Self { ids, concepts }
    }

    /// Tables and keys of what belongs to the episode, whether or not it has a row.
    fn events(&self, reading: &Reading<'_, '_>, episode: &str, chart: &Chart<'_, '_>) -> BTreeSet<(Table, i64)> {
        let visits = || chart.visits.get(episode).into_iter().flatten();
        let is_its = |done: &Done<'_, '_>| {
            let named = |reference: &Reference<'_>| {
                reference.id_of("Condition").is_some_and(|condition| self.ids.contains(&condition))
            };
            let coded = |code: &CodeableConcept<'_>| {
                let concept = standard(reading, code);
                concept != ConceptId::NONE && self.concepts.contains(&concept)
            };
            done.reason_reference.iter().any(named) || done.reason_code.iter().any(coded)
        };
        let done = visits().filter_map(|visit| chart.done.get(visit)).flatten().filter(|done| is_its(done));
        let conditions = self.ids.iter().map(|id| key::of("Condition", id));
        let mut keys: BTreeSet<i64> = conditions.chain(done.map(|done| done.key)).collect();
        // What an order of the episode led to is of the episode too, at whatever visit, and at none.
        let led_to: Vec<i64> = keys.iter().filter_map(|key| chart.led_to.get(key)).flatten().copied().collect();
        keys.extend(led_to);
        // The table of an event follows its concept's domain, so any of them may hold it.
        let tables = [Table::ConditionOccurrence, Table::DrugExposure, Table::ProcedureOccurrence];
        let mut events: BTreeSet<_> = keys.iter().flat_map(|key| tables.map(|table| (table, *key))).collect();
        // An Encounter that is part of a visit stands for the visit.
        let visit = |id: &&str| reading.context.visits.at(key::of("Encounter", id)).map(|at| at.visit_occurrence_id);
        events.extend(visits().filter_map(visit).map(|visit| (Table::VisitOccurrence, visit)));
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
