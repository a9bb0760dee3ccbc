//! Device to `device_exposure`, or to the table of its type's domain.
//!
//! A Device of R4 does not say since when the patient has it; the procedure that put it in does.

use twinlake_fhir::{Device, Performed, Procedure, Resource};
use twinlake_omop::AnyRow;
use twinlake_vocab::types;

use crate::coded::cut;
use crate::elements;
use crate::event::{Event, Reading, Target, When};
use crate::patient::is_of;

/// `unique_device_id` and `production_id` have 255 characters.
const IDENTIFIER: usize = 255;

pub(crate) fn rows(reading: &mut Reading<'_, '_>, device: &Device<'_>, resources: &[&Resource<'_>]) -> Option<AnyRow> {
    if device.status.as_deref() == Some("entered-in-error") {
        return reading.lost("status");
    }
    let Some(code) = &device.type_ else {
        return reading.lost("no-code");
    };
    let Some((when, procedure)) = put_in(reading, device.id.as_deref().unwrap_or_default(), resources) else {
        return reading.lost("no-procedure");
    };
    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Device);
    let event = Event {
        key: reading.key(device.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when,
        type_concept_id: if procedure.encounter.is_some() { types::ENCOUNTER } else { types::EHR },
        provider_id: reading.provider(procedure.performer.iter().filter_map(|one| one.actor.as_ref())),
        visit_occurrence_id: reading.visit(procedure.encounter.as_ref()),
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
    // A Device is one piece.
    row.quantity = Some(1);
    Some(row.into())
}

/// The first procedure done to the patient that names the device, and when it began.
fn put_in<'r, 'a>(
    reading: &Reading<'_, '_>,
    id: &str,
    resources: &[&'r Resource<'a>],
) -> Option<(When, &'r Procedure<'a>)> {
    let procedures = resources.iter().filter_map(|resource| match resource {
        Resource::Procedure(procedure) => Some(&**procedure),
        _ => None,
    });
    let named = procedures.filter(|procedure| {
        let manipulated = procedure.focal_device.iter().filter_map(|device| device.manipulated.as_ref());
        let mut references = manipulated.chain(&procedure.used_reference);
        procedure.status.as_deref() == Some("completed")
            && is_of(reading.context.person_id, procedure.subject.as_ref())
            && references.any(|reference| reference.id_of("Device") == Some(id))
    });
    let dated = named.filter_map(|procedure| {
        let start = match &procedure.performed {
            Some(Performed::DateTime(time)) => time,
            Some(Performed::Period(period)) => period.start.as_ref()?,
            _ => return None,
        };
        Some((When::from(start), procedure))
    });
    dated.min_by_key(|(when, procedure)| (when.date, when.datetime, procedure.id.clone()))
}
