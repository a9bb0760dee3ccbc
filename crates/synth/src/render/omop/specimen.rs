//! `specimen`.

use twinlake_omop::{AnyRow, Table};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::timeline::Specimen;

pub(super) fn specimen(patient: &Patient<'_>, specimen: &Specimen) -> AnyRow {
    let event = Event {
        key: patient.key(specimen.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(specimen.concept),
        when: When::from(specimen.at),
        type_concept_id: types::LABORATORY,
        provider_id: Some(patient.practitioner(Some(specimen.encounter))),
        // A Specimen names no encounter.
        visit: None,
    };
    let table = event.table(Table::Specimen);
    if table != Table::Specimen {
        return event.into_row(table);
    }
    let mut row = event.specimen();
    row.specimen_source_id = Some(patient.context.ids.fhir(row.specimen_id));
    row.into()
}
