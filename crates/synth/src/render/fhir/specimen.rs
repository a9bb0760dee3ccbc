//! Specimen.

use twinlake_fhir::{Collected, Identifier, Specimen, SpecimenCollection, Text};

use super::Chart;
use crate::ids;
use crate::timeline;

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-specimen";

pub(super) fn specimen<'a>(chart: &'a Chart<'_>, specimen: &timeline::Specimen) -> Specimen<'a> {
    let encounter = &chart.timeline.encounters[specimen.encounter];
    let key = ids::event(chart.timeline.patient, specimen.event);
    let mut type_ = chart.concept(specimen.concept);
    type_.text = Some(Text::from(specimen.name));
    Specimen {
        id: Some(chart.id(specimen.event)),
        meta: Some(chart.meta(specimen.at, specimen.encounter, &[PROFILE])),
        identifier: vec![identifier("https://twinlake.example/specimen", key)],
        accession_identifier: Some(identifier("https://twinlake.example/accession", key)),
        status: Some(Text::from("available")),
        type_: Some(type_),
        subject: Some(chart.subject()),
        collection: Some(SpecimenCollection {
            collector: Some(chart.practitioner(encounter.practitioner)),
            collected: Some(Collected::DateTime(chart.at(specimen.at))),
            ..SpecimenCollection::default()
        }),
        ..Specimen::default()
    }
}

fn identifier(system: &'static str, key: i64) -> Identifier<'static> {
    Identifier { system: Some(Text::from(system)), value: Some(Text::from(key.to_string())), ..Identifier::default() }
}
