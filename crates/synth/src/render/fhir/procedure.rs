//! Procedure.

use twinlake_fhir::{Performed, Procedure, ProcedureFocalDevice, ProcedurePerformer, Text};

use super::Chart;
use crate::timeline::{self, Fulfilment};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure";

pub(super) fn procedure<'a>(chart: &'a Chart<'_>, index: usize, procedure: &timeline::Procedure) -> Procedure<'a> {
    let encounter = &chart.timeline.encounters[procedure.encounter];
    let devices = chart.timeline.devices.iter().filter(|device| device.procedure == index);
    let devices = devices.map(|device| ProcedureFocalDevice {
        manipulated: Some(chart.reference("Device", device.event)),
        ..ProcedureFocalDevice::default()
    });
    Procedure {
        id: Some(chart.id(procedure.event)),
        meta: Some(chart.meta(procedure.end, procedure.encounter, &[PROFILE])),
        based_on: chart.based_on(Fulfilment::Procedure(index)),
        status: Some(Text::from("completed")),
        code: Some(chart.concept(procedure.concept)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(procedure.encounter)),
        performed: Some(Performed::Period(chart.period(procedure.start, procedure.end))),
        performer: vec![ProcedurePerformer {
            actor: Some(chart.practitioner(encounter.practitioner)),
            ..ProcedurePerformer::default()
        }],
        location: Some(chart.location(encounter.organization)),
        reason_code: chart.concepts(procedure.reason),
        focal_device: devices.collect(),
        ..Procedure::default()
    }
}
