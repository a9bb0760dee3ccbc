//! Patient to person, location and death.

use chrono::{Datelike as _, NaiveTime};
use twinlake_fhir::{Deceased, Extension, ExtensionValue, Patient, Precision};
use twinlake_omop::{self as omop, ConceptId};
use twinlake_vocab::types;

use crate::elements;
use crate::event::{Context, Reading, When};
use crate::loss::Losses;
use crate::shared::Place;

const RACE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
const ETHNICITY: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity";

/// What a Patient gives.
pub(crate) struct PersonRows {
    pub(crate) person: omop::Person,
    pub(crate) location: Option<omop::Location>,
}

/// The person and where they live; `None` without a birth date.
pub(crate) fn person(context: &Context<'_>, patient: &Patient<'_>, losses: &mut Losses) -> Option<PersonRows> {
    let birth_date = patient.birth_date?;
    let day = birth_date.first_day();
    let vocab = context.vocab;
    let gender = patient.gender.as_deref();
    let race = category(patient, RACE, losses);
    let ethnicity = category(patient, ETHNICITY, losses);
    let place = patient.address.first().and_then(Place::of);
    let mut reading = Reading { context, resource_type: "Patient", losses };
    let person = omop::Person {
        person_id: context.person_id,
        gender_concept_id: gender.map_or(ConceptId::NONE, |code| vocab.gender(code)),
        year_of_birth: day.year(),
        month_of_birth: (birth_date.precision() >= Precision::Month).then(|| one_of_few(day.month())),
        day_of_birth: (birth_date.precision() >= Precision::Day).then(|| one_of_few(day.day())),
        birth_datetime: birth_date.day().map(|day| day.and_time(NaiveTime::MIN)),
        race_concept_id: race.as_deref().map_or(ConceptId::NONE, |code| vocab.race(code)),
        ethnicity_concept_id: ethnicity.as_deref().map_or(ConceptId::NONE, |code| vocab.ethnicity(code)),
        location_id: place.as_ref().map(Place::key),
        provider_id: reading.provider(&patient.general_practitioner),
        care_site_id: patient.managing_organization.as_ref().and_then(|site| context.shared.care_site(site)),
        person_source_value: patient.id.as_deref().map(str::to_owned),
        gender_source_value: gender.map(str::to_owned),
        gender_source_concept_id: gender.map(|_| ConceptId::NONE),
        race_source_concept_id: race.as_ref().map(|_| ConceptId::NONE),
        race_source_value: race,
        ethnicity_source_concept_id: ethnicity.as_ref().map(|_| ConceptId::NONE),
        ethnicity_source_value: ethnicity,
    };
    let used = [
        "gender",
        "birthDate",
        "deceasedBoolean",
        "deceasedDateTime",
        "address.state",
        "address.postalCode",
        "address.country",
        "generalPractitioner",
        "managingOrganization",
    ];
    elements::count("Patient", patient, &patient.extension, &used, &[RACE, ETHNICITY], losses);
    Some(PersonRows { person, location: place.map(|place| place.row(vocab)) })
}

/// The death, without its cause, which an Observation may tell.
pub(crate) fn death(person_id: i64, patient: &Patient<'_>, losses: &mut Losses) -> Option<omop::Death> {
    match patient.deceased.as_ref()? {
        Deceased::DateTime(time) => {
            let when = When::from(time);
            Some(omop::Death {
                person_id,
                death_date: when.date,
                death_datetime: when.datetime,
                death_type_concept_id: Some(types::EHR),
                ..Default::default()
            })
        }
        Deceased::Boolean(true) => {
            losses.count_reason("Patient", "deceasedBoolean");
            None
        }
        Deceased::Boolean(false) => None,
    }
}

/// The code of the first `ombCategory` of a US Core extension; further ones are counted as lost.
fn category(patient: &Patient<'_>, url: &str, losses: &mut Losses) -> Option<String> {
    let parts = &Extension::find(&patient.extension, url)?.extension;
    let categories = parts.iter().filter(|part| part.url.as_deref() == Some("ombCategory"));
    let mut codes = categories.filter_map(|part| match &part.value {
        Some(ExtensionValue::Coding(coding)) => coding.code.as_deref(),
        _ => None,
    });
    let first = codes.next()?.to_owned();
    for _ in codes {
        losses.count_reason("Patient", "further-category");
    }
    Some(first)
}

/// A month or a day of a month.
fn one_of_few(number: u32) -> i32 {
    i32::try_from(number).expect("at most 31")
}
