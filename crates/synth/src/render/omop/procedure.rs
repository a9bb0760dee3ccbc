//! Procedures.

use twinlake_omop::{AnyRow, Table};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::timeline::Procedure;

pub(super) fn procedure(patient: &Patient<'_>, procedure: &Procedure) -> AnyRow {
    let event = Event {
        key: patient.key(procedure.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(procedure.concept),
        when: When::from(procedure.start),
        type_concept_id: types::ENCOUNTER,
        provider_id: Some(patient.practitioner(Some(procedure.encounter))),
        visit: patient.visit(Some(procedure.encounter)),
    };
    let table = event.table(Table::ProcedureOccurrence);
    if table != Table::ProcedureOccurrence {
        return event.into_row(table);
    }
    let mut row = event.procedure();
    row.procedure_end_date = Some(procedure.end.date());
    row.procedure_end_datetime = Some(procedure.end);
    row.into()
}
