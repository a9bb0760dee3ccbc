//! `visit_occurrence` and `visit_detail`.

use twinlake_omop::{AnyRow, ConceptId, VisitDetail, VisitOccurrence, key};
use twinlake_vocab::types;

use crate::ids;
use crate::render::{Context, codes};
use crate::timeline::{EncounterClass, Timeline};

pub(super) fn push_visits(context: &Context<'_>, timeline: &Timeline, rows: &mut Vec<AnyRow>) {
    let mut order: Vec<_> = timeline
        .encounters
        .iter()
        .enumerate()
        .map(|(index, encounter)| (encounter.start, ids::event(timeline.patient, encounter.event), index, encounter))
        .collect();
    order.sort_unstable_by_key(|&(start, key, ..)| (start, key));
    let mut preceding = None;
    for (_, key, index, encounter) in order {
        let class = codes::class(encounter.class).code;
        let stay = encounter.class == EncounterClass::Inpatient;
        let source = timeline.came_by_emergency(index).then_some(codes::FROM_EMERGENCY.code);
        let disposition = stay.then(|| codes::disposition(timeline, index).code);
        let admitted_from = source.and_then(|code| context.vocab.admitted_from(code));
        let discharged_to = disposition.and_then(|code| context.vocab.discharged_to(code));
        rows.push(AnyRow::from(VisitOccurrence {
            visit_occurrence_id: key,
            person_id: ids::patient(timeline.patient),
            visit_concept_id: context.vocab.visit(class),
            visit_start_date: encounter.start.date(),
            visit_start_datetime: Some(encounter.start),
            visit_end_date: encounter.end.date(),
            visit_end_datetime: Some(encounter.end),
            visit_type_concept_id: types::ENCOUNTER,
            provider_id: Some(ids::practitioner(encounter.practitioner)),
            care_site_id: Some(ids::organization(encounter.organization)),
            visit_source_value: Some(class.to_owned()),
            visit_source_concept_id: Some(ConceptId::NONE),
            admitted_from_concept_id: admitted_from,
            admitted_from_source_value: admitted_from.and(source).map(str::to_owned),
            discharged_to_concept_id: discharged_to,
            discharged_to_source_value: discharged_to.and(disposition).map(str::to_owned),
            preceding_visit_occurrence_id: preceding.replace(key),
            ..VisitOccurrence::default()
        }));
    }
}

/// A row for each ward of a visit to the hospital; the first has the key of the visit, for it is in another table.
pub(super) fn push_details(context: &Context<'_>, timeline: &Timeline, rows: &mut Vec<AnyRow>) {
    let mut before: Option<(usize, u32, i64)> = None;
    for stay in &timeline.ward_stays {
        let encounter = &timeline.encounters[stay.encounter];
        let visit = ids::event(timeline.patient, encounter.event);
        let preceding = before.filter(|&(of, ..)| of == stay.encounter);
        let place = preceding.map_or(0, |(_, place, _)| place + 1);
        let detail = key::slot(visit, place);
        let class = codes::class(encounter.class).code;
        rows.push(AnyRow::from(VisitDetail {
            visit_detail_id: detail,
            person_id: ids::patient(timeline.patient),
            visit_detail_concept_id: context.vocab.visit(class),
            visit_detail_start_date: stay.start.date(),
            visit_detail_start_datetime: Some(stay.start),
            visit_detail_end_date: stay.end.date(),
            visit_detail_end_datetime: Some(stay.end),
            visit_detail_type_concept_id: types::ENCOUNTER,
            care_site_id: Some(ids::ward(encounter.organization, stay.ward)),
            visit_detail_source_value: Some(class.to_owned()),
            visit_detail_source_concept_id: Some(ConceptId::NONE),
            preceding_visit_detail_id: preceding.map(|(_, _, key)| key),
            visit_occurrence_id: visit,
            ..VisitDetail::default()
        }));
        before = Some((stay.encounter, place, detail));
    }
}
