//! `visit_occurrence`.

use twinlake_omop::{AnyRow, ConceptId, VisitOccurrence};
use twinlake_vocab::types;

use crate::ids;
use crate::render::{Context, codes};
use crate::timeline::Timeline;

pub(super) fn push_visits(context: &Context<'_>, timeline: &Timeline, rows: &mut Vec<AnyRow>) {
    let mut order: Vec<_> = timeline
        .encounters
        .iter()
        .map(|encounter| (encounter.start, ids::event(timeline.patient, encounter.event), encounter))
        .collect();
    order.sort_unstable_by_key(|&(start, key, _)| (start, key));
    let mut preceding = None;
    for (_, key, encounter) in order {
        let class = codes::class(encounter.class).code;
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
            preceding_visit_occurrence_id: preceding.replace(key),
            ..VisitOccurrence::default()
        }));
    }
}
