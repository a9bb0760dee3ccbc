//! Device and `ImagingStudy`.

use twinlake_fhir::{Coding, Device, Identifier, ImagingSeries, ImagingStudy, Text, UdiCarrier};
use twinlake_omop::key;
use twinlake_pack::Modality;

use super::Chart;
use crate::ids;
use crate::timeline::{self, Fulfilment};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-implantable-device";
/// Nobody issues identifiers for devices that do not exist.
const ISSUER: &str = "https://twinlake.example/udi";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";

pub(super) fn device<'a>(chart: &'a Chart<'_>, device: &timeline::Device) -> Device<'a> {
    let procedure = &chart.timeline.procedures[device.procedure];
    let entry = chart.context.meaning(device.concept).entry;
    let identifier = format!("TL{}", entry.code);
    let expires = device.expires.format("%y%m%d");
    let readable = format!("({identifier}){expires}({}){}", device.lot, device.serial);
    Device {
        id: Some(chart.id(device.event)),
        meta: Some(chart.meta(procedure.end, procedure.encounter, &[PROFILE])),
        udi_carrier: vec![UdiCarrier {
            device_identifier: Some(Text::from(identifier)),
            issuer: Some(Text::from(ISSUER)),
            carrier_hrf: Some(Text::from(readable.clone())),
            entry_type: Some(Text::from("barcode")),
            ..UdiCarrier::default()
        }],
        status: Some(Text::from("active")),
        distinct_identifier: Some(Text::from(readable)),
        manufacture_date: Some(device.made.into()),
        expiration_date: Some(device.expires.into()),
        lot_number: Some(Text::from(device.lot.clone())),
        serial_number: Some(Text::from(device.serial.clone())),
        type_: Some(chart.concept(device.concept)),
        patient: Some(chart.subject()),
        ..Device::default()
    }
}

pub(super) fn imaging_study<'a>(chart: &'a Chart<'_>, study: &timeline::ImagingStudy) -> ImagingStudy<'a> {
    let procedure = &chart.timeline.procedures[study.procedure];
    let encounter = &chart.timeline.encounters[procedure.encounter];
    let row_key = ids::event(chart.timeline.patient, study.event);
    let series = study.series.iter().zip(1..).map(|(&pictures, number)| ImagingSeries {
        uid: Some(Text::from(unique(&chart.context.ids.fhir(key::slot(row_key, number))))),
        number: Some(number),
        modality: Some(modality(study.modality)),
        number_of_instances: Some(pictures),
        started: Some(chart.at(procedure.start)),
        ..ImagingSeries::default()
    });
    let series: Vec<_> = series.collect();
    ImagingStudy {
        id: Some(chart.id(study.event)),
        meta: Some(chart.meta(procedure.end, procedure.encounter, &[])),
        identifier: vec![Identifier {
            system: Some(Text::from("urn:dicom:uid")),
            value: Some(Text::from(format!("urn:oid:{}", unique(&chart.context.ids.fhir(row_key))))),
            ..Identifier::default()
        }],
        status: Some(Text::from("available")),
        modality: vec![modality(study.modality)],
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(procedure.encounter)),
        started: Some(chart.at(procedure.start)),
        based_on: chart.based_on(Fulfilment::Procedure(study.procedure)),
        referrer: Some(chart.practitioner(encounter.practitioner)),
        number_of_series: u32::try_from(series.len()).ok(),
        number_of_instances: Some(study.series.iter().sum()),
        procedure_reference: Some(chart.reference("Procedure", procedure.event)),
        procedure_code: vec![chart.concept(procedure.concept)],
        location: Some(chart.location(encounter.organization)),
        reason_code: chart.concepts(procedure.reason),
        series,
        ..ImagingStudy::default()
    }
}

/// The identifier that DICOM derives from a UUID: its number under the arc 2.25.
fn unique(uuid: &str) -> String {
    let digits = uuid.chars().filter_map(|digit| digit.to_digit(16));
    format!("2.25.{}", digits.fold(0_u128, |number, digit| number << 4 | u128::from(digit)))
}

fn modality(modality: Modality) -> Coding<'static> {
    let (code, display) = match modality {
        Modality::ComputedRadiography => ("CR", "Computed Radiography"),
        Modality::ComputedTomography => ("CT", "Computed Tomography"),
        Modality::Mammography => ("MG", "Mammography"),
        Modality::Ultrasound => ("US", "Ultrasound"),
    };
    Coding::displayed(DICOM, code, display)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_is_a_number_under_its_arc() {
        let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        assert_eq!(super::unique(uuid), "2.25.329800735698586629295641978511506172918");
    }
}
