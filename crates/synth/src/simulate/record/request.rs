//! Requests: what was ordered at a visit and came to a laboratory report or a procedure.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use twinlake_pack::ProcedureCategory;

use super::super::Model;
use crate::ids;
use crate::timeline::{ConceptKey, EventId, Fulfilment, Request, RequestCategory, Timeline};

/// Adds a request for each laboratory report, and for each procedure of a sort that is ordered. Nothing is drawn.
pub(super) fn add(model: &Model<'_>, timeline: &mut Timeline) {
    let ordered: BTreeMap<ConceptKey, RequestCategory> = model
        .procedures
        .iter()
        .filter_map(|procedure| Some((procedure.concept, category(procedure.category?))))
        .collect();
    let mut requests = Vec::with_capacity(timeline.reports.len());
    for (index, report) in timeline.reports.iter().enumerate() {
        let encounter = &timeline.encounters[report.encounter];
        let drawn: Option<NaiveDateTime> = report.results.iter().map(|&result| timeline.observations[result].at).min();
        requests.push(Request {
            event: request_for(report.event),
            concept: report.concept,
            category: RequestCategory::Laboratory,
            authored: encounter.start,
            done: drawn.unwrap_or(report.at),
            fulfilled_by: Fulfilment::Report(index),
            reason: encounter.reason,
            encounter: report.encounter,
            cause: report.cause,
        });
    }
    for (index, procedure) in timeline.procedures.iter().enumerate() {
        let Some(&category) = ordered.get(&procedure.concept) else { continue };
        requests.push(Request {
            event: request_for(procedure.event),
            concept: procedure.concept,
            category,
            authored: timeline.encounters[procedure.encounter].start,
            done: procedure.start,
            fulfilled_by: Fulfilment::Procedure(index),
            reason: procedure.reason,
            encounter: procedure.encounter,
            cause: procedure.cause,
        });
    }
    // By time, and by what came of them: an earlier end of the chart leaves a beginning of the list.
    requests.sort_by_key(|request| (request.encounter, request.fulfilled_by));
    timeline.requests = requests;
}

/// A request stands beside what it led to.
fn request_for(event: EventId) -> EventId {
    EventId { stream: event.stream, ordinal: event.ordinal + ids::REQUEST_SLOT }
}

const fn category(category: ProcedureCategory) -> RequestCategory {
    match category {
        ProcedureCategory::Imaging => RequestCategory::Imaging,
        ProcedureCategory::Surgical => RequestCategory::Surgical,
        ProcedureCategory::Evaluation => RequestCategory::Evaluation,
        ProcedureCategory::Counselling => RequestCategory::Counselling,
    }
}
