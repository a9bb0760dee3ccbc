//! `device_exposure`.

use twinlake_omop::{AnyRow, Table};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::timeline::{Device, Supply};

pub(super) fn device(patient: &Patient<'_>, device: &Device) -> AnyRow {
    let procedure = &patient.timeline.procedures[device.procedure];
    let event = Event {
        key: patient.key(device.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(device.concept),
        when: When::from(procedure.start),
        type_concept_id: types::ENCOUNTER,
        provider_id: Some(patient.practitioner(Some(procedure.encounter))),
        visit: patient.visit(Some(procedure.encounter)),
    };
    let table = event.table(Table::DeviceExposure);
    if table != Table::DeviceExposure {
        return event.into_row(table);
    }
    let mut row = event.device();
    row.unique_device_id = row.device_source_value.as_ref().map(|code| format!("TL{code}"));
    row.production_id = Some(device.serial.clone());
    row.quantity = Some(1);
    row.into()
}

/// Something for use at home: no visit, and nobody in particular hands it over.
pub(super) fn supply(patient: &Patient<'_>, supply: &Supply) -> AnyRow {
    let event = Event {
        key: patient.key(supply.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(supply.concept),
        when: When::from(supply.at),
        type_concept_id: types::EHR,
        provider_id: None,
        visit: None,
    };
    let table = event.table(Table::DeviceExposure);
    if table != Table::DeviceExposure {
        return event.into_row(table);
    }
    let mut row = event.device();
    row.quantity = i32::try_from(supply.quantity).ok();
    row.into()
}
