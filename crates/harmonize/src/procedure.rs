//! Procedure to `procedure_occurrence`, or to the table of its concept's domain.

use twinlake_fhir::{Performed, Procedure};
use twinlake_omop::AnyRow;
use twinlake_vocab::types;

use crate::elements;
use crate::event::{Event, Reading, Target, When};

pub(crate) fn rows(reading: &mut Reading<'_, '_>, procedure: &Procedure<'_>) -> Option<AnyRow> {
    if procedure.status.as_deref() != Some("completed") {
        return reading.lost("status");
    }
    let Some(code) = &procedure.code else {
        return reading.lost("no-code");
    };
    let (start, end) = match &procedure.performed {
        Some(Performed::DateTime(time)) => (Some(time), None),
        Some(Performed::Period(period)) => (period.start.as_ref(), period.end.as_ref()),
        _ => (None, None),
    };
    let Some(start) = start.map(When::from) else {
        return reading.lost("date");
    };
    let end = end.map(When::from);
    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Procedure);
    let event = Event {
        key: reading.key(procedure.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when: start,
        type_concept_id: if procedure.encounter.is_some() { types::ENCOUNTER } else { types::EHR },
        provider_id: reading.provider(procedure.performer.iter().filter_map(|one| one.actor.as_ref())),
        visit: reading.visit(procedure.encounter.as_ref()),
    };
    let used = [
        "status",
        "code",
        "subject",
        "encounter",
        "performedDateTime",
        "performedPeriod",
        "performer.actor",
        "focalDevice.manipulated",
        "usedReference",
    ];
    elements::count("Procedure", procedure, &procedure.extension, &used, &[], reading.losses);
    if target != Target::Procedure {
        return Some(event.into_row(target));
    }
    let mut row = event.into_procedure();
    row.procedure_end_date = end.map(|end| end.date);
    row.procedure_end_datetime = end.and_then(|end| end.datetime);
    Some(row.into())
}
