//! Encounter.

use twinlake_fhir::{
    Coding, Encounter, EncounterHospitalization, EncounterLocation, EncounterParticipant, Identifier, Reference, Text,
};

use super::{Chart, coded, episode_of_care};
use crate::ids;
use crate::render::codes::{self, Code};
use crate::timeline::{self, EncounterClass};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const DISPOSITION: &str = "http://terminology.hl7.org/CodeSystem/discharge-disposition";
const PRIMARY: Code = Code { code: "PPRF", display: "primary performer" };
const ADMIT_SOURCE: &str = "http://terminology.hl7.org/CodeSystem/admit-source";

pub(super) fn encounter<'a>(chart: &'a Chart<'_>, index: usize, encounter: &'a timeline::Encounter) -> Encounter<'a> {
    let Code { code, display } = codes::class(encounter.class);
    let key = ids::event(chart.timeline.patient, encounter.event);
    let id = chart.encounters[index].trim_start_matches("Encounter/");
    Encounter {
        id: Some(Text::from(id)),
        meta: Some(chart.meta_of(&chart.history_of_encounter(index), &[PROFILE])),
        identifier: vec![Identifier {
            system: Some(Text::from("https://twinlake.example/visit")),
            value: Some(Text::from(key.to_string())),
            ..Identifier::default()
        }],
        status: Some(Text::from("finished")),
        class: Some(Coding::displayed(ACT_CODE, code, display)),
        type_: vec![chart.concept(encounter.kind)],
        subject: Some(chart.subject()),
        episode_of_care: episode_of_care::of_encounter(chart, index),
        participant: vec![EncounterParticipant {
            type_: vec![coded(PARTICIPATION, PRIMARY)],
            period: Some(chart.period(encounter.start, encounter.end)),
            individual: Some(chart.practitioner(encounter.practitioner)),
            ..EncounterParticipant::default()
        }],
        period: Some(chart.period(encounter.start, encounter.end)),
        reason_code: chart.concepts(encounter.reason),
        reason_reference: reason(chart, index, encounter).into_iter().collect(),
        hospitalization: (encounter.class == EncounterClass::Inpatient).then(|| EncounterHospitalization {
            admit_source: chart.timeline.came_by_emergency(index).then(|| coded(ADMIT_SOURCE, codes::FROM_EMERGENCY)),
            discharge_disposition: Some(coded(DISPOSITION, codes::disposition(chart.timeline, index))),
            ..EncounterHospitalization::default()
        }),
        location: locations(chart, index, encounter.organization),
        service_provider: Some(chart.organization(encounter.organization)),
        ..Encounter::default()
    }
}

/// The wards of a visit to the hospital, each with its period; of another visit the building.
fn locations<'a>(chart: &'a Chart<'_>, index: usize, organization: usize) -> Vec<EncounterLocation<'a>> {
    let stays = &chart.timeline.ward_stays;
    let first = stays.partition_point(|stay| stay.encounter < index);
    let wards: Vec<_> = stays[first..]
        .iter()
        .take_while(|stay| stay.encounter == index)
        .map(|stay| EncounterLocation {
            location: Some(chart.ward(organization, stay.ward)),
            status: Some(Text::from("completed")),
            period: Some(chart.period(stay.start, stay.end)),
            ..EncounterLocation::default()
        })
        .collect();
    if wards.is_empty() {
        return vec![EncounterLocation {
            location: Some(chart.location(organization)),
            ..EncounterLocation::default()
        }];
    }
    wards
}

/// The diagnosis of the visit that was the reason for it, if one was.
fn reason(chart: &Chart<'_>, index: usize, encounter: &timeline::Encounter) -> Option<Reference<'static>> {
    let concept = encounter.reason?;
    let diagnosis = chart.diagnoses_at(index).find(|diagnosis| diagnosis.concept == concept)?;
    Some(chart.reference("Condition", diagnosis.event))
}
