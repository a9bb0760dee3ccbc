//! Device to `device_exposure`, or to the table of its type's domain.
//!
//! A Device of R4 does not say since when the patient has it; the procedure that put it in does, else whoever says that it
//! is used (`DeviceUseStatement`).

use twinlake_fhir::{Device, DeviceUseStatement, Performed, Reference, Resource, UseTime};
use twinlake_omop::{AnyRow, ConceptId};
use twinlake_vocab::types;

use crate::coded::cut;
use crate::elements;
use crate::event::{Event, Reading, Target, When};
use crate::fate::Fate;

/// `unique_device_id` and `production_id` have 255 characters.
const IDENTIFIER: usize = 255;

pub(crate) fn rows(reading: &mut Reading<'_, '_>, device: &Device<'_>, resources: &[&Resource<'_>]) -> Option<AnyRow> {
    if device.status.as_deref() == Some("entered-in-error") {
        return reading.lost("status");
    }
    let Some(code) = &device.type_ else {
        return reading.lost("no-code");
    };
    let id = device.id.as_deref().unwrap_or_default();
    let Some(found) = put_in(resources, id).or_else(|| used(resources, id)) else {
        return reading.lost("no-procedure");
    };
    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Device);
    let event = Event {
        key: reading.key(device.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when: found.start,
        type_concept_id: found.type_concept_id,
        provider_id: reading.provider(found.actors),
        visit: reading.visit(found.encounter),
    };
    let used =
        ["status", "type", "patient", "udiCarrier.deviceIdentifier", "serialNumber", "lotNumber", "distinctIdentifier"];
    elements::count("Device", device, &device.extension, &used, &[], reading.losses);
    if target != Target::Device {
        return Some(event.into_row(target));
    }
    let mut row = event.into_device();
    let mut carriers = device.udi_carrier.iter();
    let identifier = carriers.find_map(|carrier| carrier.device_identifier.as_deref());
    let produced = device.serial_number.as_deref().or(device.lot_number.as_deref());
    let produced = produced.or(device.distinct_identifier.as_deref());
    row.unique_device_id = identifier.map(|text| cut(text, IDENTIFIER));
    row.production_id = produced.map(|text| cut(text, IDENTIFIER));
    let end = found.end.filter(|end| end.date >= found.start.date);
    row.device_exposure_end_date = end.map(|end| end.date);
    row.device_exposure_end_datetime = end.and_then(|end| end.datetime);
    // A Device is one piece.
    row.quantity = Some(1);
    Some(row.into())
}

/// What says when a patient had a device.
struct Found<'r, 'a> {
    start: When,
    end: Option<When>,
    type_concept_id: ConceptId,
    actors: Vec<&'r Reference<'a>>,
    encounter: Option<&'r Reference<'a>>,
    /// The resource's id, which decides between two of one time.
    id: Option<&'r str>,
}

/// The first of several by time, then by id.
fn first<'r, 'a>(found: impl Iterator<Item = Found<'r, 'a>>) -> Option<Found<'r, 'a>> {
    found.min_by_key(|one| (one.start.date, one.start.datetime, one.id))
}

/// The first procedure done to the patient that names the device, and when it began.
fn put_in<'r, 'a>(resources: &[&'r Resource<'a>], id: &str) -> Option<Found<'r, 'a>> {
    first(resources.iter().filter_map(|resource| {
        let Resource::Procedure(procedure) = resource else { return None };
        let manipulated = procedure.focal_device.iter().filter_map(|device| device.manipulated.as_ref());
        let mut references = manipulated.chain(&procedure.used_reference);
        let names = references.any(|reference| reference.id_of("Device") == Some(id));
        if !names || procedure.status.as_deref() != Some("completed") {
            return None;
        }
        let start = match &procedure.performed {
            Some(Performed::DateTime(time)) => time,
            Some(Performed::Period(period)) => period.start.as_ref()?,
            _ => return None,
        };
        Some(Found {
            start: start.into(),
            end: None,
            type_concept_id: if procedure.encounter.is_some() { types::ENCOUNTER } else { types::EHR },
            actors: procedure.performer.iter().filter_map(|one| one.actor.as_ref()).collect(),
            encounter: procedure.encounter.as_ref(),
            id: procedure.id.as_deref(),
        })
    }))
}

/// The first statement that the patient uses the device.
fn used<'r, 'a>(resources: &[&'r Resource<'a>], id: &str) -> Option<Found<'r, 'a>> {
    first(resources.iter().filter_map(|resource| {
        let Resource::DeviceUseStatement(statement) = resource else { return None };
        if !is_realised(statement) || statement.device.as_ref()?.id_of("Device") != Some(id) {
            return None;
        }
        let (start, end) = times(statement);
        let by_patient = statement.source.as_ref().and_then(Reference::target);
        let by_patient = by_patient.is_some_and(|(source, _)| matches!(source, "Patient" | "RelatedPerson"));
        Some(Found {
            start: start?,
            end,
            type_concept_id: if by_patient { types::SELF_REPORT } else { types::EHR },
            actors: statement.source.iter().collect(),
            encounter: None,
            id: statement.id.as_deref(),
        })
    }))
}

/// What becomes of a statement: it dates its device's row, unless a procedure or another statement does.
pub(crate) fn statement_fate(
    reading: &mut Reading<'_, '_>,
    statement: &DeviceUseStatement<'_>,
    resources: &[&Resource<'_>],
) -> Fate {
    let device = statement.device.as_ref().and_then(|device| device.id_of("Device"));
    let is_read = |id: &str| {
        resources
            .iter()
            .any(|resource| matches!(resource, Resource::Device(device) if device.id.as_deref() == Some(id)))
    };
    let reason = if !is_realised(statement) {
        "status"
    } else if times(statement).0.is_none() {
        "date"
    } else {
        match device.filter(|id| is_read(id)) {
            None => "device",
            Some(id) => {
                let dates = used(resources, id).is_some_and(|found| found.id == statement.id.as_deref());
                if dates && put_in(resources, id).is_none() {
                    let read =
                        ["status", "subject", "timingDateTime", "timingPeriod", "recordedOn", "source", "device"];
                    elements::count("DeviceUseStatement", statement, &statement.extension, &read, &[], reading.losses);
                    return Fate::Mapped;
                }
                "further-statement"
            }
        }
    };
    reading.losses.count_reason("DeviceUseStatement", reason);
    Fate::OutOfScope
}

/// Whether a statement says that the device was or is used.
fn is_realised(statement: &DeviceUseStatement<'_>) -> bool {
    statement.status.as_deref().is_some_and(|status| ["active", "completed", "stopped", "on-hold"].contains(&status))
}

/// When a device was used from, else when that was said, and until when.
fn times(statement: &DeviceUseStatement<'_>) -> (Option<When>, Option<When>) {
    let (start, end) = match &statement.timing {
        Some(UseTime::DateTime(time)) => (Some(time), None),
        Some(UseTime::Period(period)) => (period.start.as_ref(), period.end.as_ref()),
        // A timing says how often, and not when.
        Some(UseTime::Timing(_)) | None => (None, None),
    };
    (start.or(statement.recorded_on.as_ref()).map(When::from), end.map(When::from))
}
