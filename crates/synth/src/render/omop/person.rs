//! `person`, `death` and `observation_period`.

use chrono::{Datelike as _, NaiveDate, NaiveTime};
use twinlake_omop::{AnyRow, ConceptId, Death, ObservationPeriod, Person, key};
use twinlake_vocab::types;

use crate::ids;
use crate::reference::organization_of;
use crate::render::{Context, codes};
use crate::timeline::Timeline;

pub(super) fn person(context: &Context<'_>, timeline: &Timeline) -> Person {
    let who = &timeline.demographics;
    let place = &context.pack.places[who.place];
    let gender = codes::gender(who.sex);
    let race = codes::race(who.race).code;
    let ethnicity = codes::ethnicity(who.ethnicity).code;
    Person {
        person_id: ids::patient(timeline.patient),
        gender_concept_id: context.vocab.gender(gender),
        year_of_birth: who.birth_date.year(),
        month_of_birth: i32::try_from(who.birth_date.month()).ok(),
        day_of_birth: i32::try_from(who.birth_date.day()).ok(),
        birth_datetime: Some(who.birth_date.and_time(NaiveTime::MIN)),
        race_concept_id: context.vocab.race(race),
        ethnicity_concept_id: context.vocab.ethnicity(ethnicity),
        location_id: Some(key::location(Some(&place.state), Some(&place.zip3), Some(codes::COUNTRY))),
        provider_id: Some(ids::practitioner(who.practitioner)),
        care_site_id: Some(ids::organization(organization_of(who.practitioner))),
        person_source_value: Some(context.ids.fhir(ids::patient(timeline.patient))),
        gender_source_value: Some(gender.to_owned()),
        gender_source_concept_id: Some(ConceptId::NONE),
        race_source_value: Some(race.to_owned()),
        race_source_concept_id: Some(ConceptId::NONE),
        ethnicity_source_value: Some(ethnicity.to_owned()),
        ethnicity_source_concept_id: Some(ConceptId::NONE),
    }
}

pub(super) fn death(context: &Context<'_>, timeline: &Timeline) -> Option<Death> {
    let death = timeline.death.as_ref()?;
    let cause = death.cause.map(|cause| context.meaning(cause));
    Some(Death {
        person_id: ids::patient(timeline.patient),
        death_date: death.at.date(),
        death_datetime: Some(death.at),
        death_type_concept_id: Some(types::EHR),
        cause_concept_id: cause.map(|cause| cause.standard),
        cause_source_value: cause.map(|cause| cause.entry.code.to_string()),
        cause_source_concept_id: cause.map(|cause| cause.source),
    })
}

/// From the first start to the last start, end of a visit or death; nothing for a person without events.
pub(super) fn observation_period(person_id: i64, rows: &[AnyRow]) -> Option<ObservationPeriod> {
    let mut first: Option<NaiveDate> = None;
    let mut last: Option<NaiveDate> = None;
    for row in rows {
        let (start, end) = match row {
            AnyRow::VisitOccurrence(row) => (row.visit_start_date, row.visit_end_date),
            AnyRow::ConditionOccurrence(row) => (row.condition_start_date, row.condition_start_date),
            AnyRow::DrugExposure(row) => (row.drug_exposure_start_date, row.drug_exposure_start_date),
            AnyRow::ProcedureOccurrence(row) => (row.procedure_date, row.procedure_date),
            AnyRow::Measurement(row) => (row.measurement_date, row.measurement_date),
            AnyRow::Observation(row) => (row.observation_date, row.observation_date),
            AnyRow::DeviceExposure(row) => (row.device_exposure_start_date, row.device_exposure_start_date),
            AnyRow::Specimen(row) => (row.specimen_date, row.specimen_date),
            AnyRow::Note(row) => (row.note_date, row.note_date),
            AnyRow::Death(row) => (row.death_date, row.death_date),
            _ => continue,
        };
        first = Some(first.map_or(start, |first| first.min(start)));
        last = Some(last.map_or(end, |last| last.max(end)));
    }
    let (start, end) = (first?, last?);
    Some(ObservationPeriod {
        observation_period_id: key::observation_period(person_id, start),
        person_id,
        observation_period_start_date: start,
        observation_period_end_date: end,
        period_type_concept_id: types::DERIVED_FROM_EHR,
    })
}
