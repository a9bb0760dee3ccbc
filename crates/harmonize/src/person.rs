//! Patient to person, location and death.

use chrono::{Datelike as _, NaiveDate, NaiveTime};
use twinlake_fhir::{Deceased, Extension, ExtensionValue, Patient, Precision};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::types;

use crate::coded::source_value;
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
    let race = Race::of(context, patient);
    let ethnicity = ethnicity(patient, losses);
    let place = patient.address.first().and_then(Place::of);
    let mut reading = Reading { context, resource_type: "Patient", losses };
    let person = omop::Person {
        person_id: context.person_id,
        gender_concept_id: gender.map_or(ConceptId::NONE, |code| vocab.gender(code)),
        year_of_birth: day.year(),
        month_of_birth: (birth_date.precision() >= Precision::Month).then(|| one_of_few(day.month())),
        day_of_birth: (birth_date.precision() >= Precision::Day).then(|| one_of_few(day.day())),
        birth_datetime: birth_date.day().map(|day| day.and_time(NaiveTime::MIN)),
        race_concept_id: race.as_ref().map_or(ConceptId::NONE, |race| race.concept),
        ethnicity_concept_id: ethnicity.as_deref().map_or(ConceptId::NONE, |code| vocab.ethnicity(code)),
        location_id: place.as_ref().map(Place::key),
        provider_id: reading.provider(&patient.general_practitioner),
        care_site_id: patient.managing_organization.as_ref().and_then(|site| context.shared.care_site(site)),
        person_source_value: patient.id.as_deref().map(str::to_owned),
        gender_source_value: gender.map(str::to_owned),
        gender_source_concept_id: gender.map(|_| ConceptId::NONE),
        race_source_concept_id: race.as_ref().map(|_| ConceptId::NONE),
        race_source_value: race.map(|race| race.source),
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

/// A row for each race of a person who has several (MAPPING 14), said on the first day that is known of them; none where
/// the vocabulary has no concept for that.
pub(crate) fn races(context: &Context<'_>, patient: &Patient<'_>, day: NaiveDate) -> Vec<AnyRow> {
    let codes = categories(patient, RACE);
    let Some(concept) = context.vocab.guide("race", "observation").filter(|_| codes.len() > 1) else {
        return Vec::new();
    };
    let row = |(slot, code): (u32, &str)| {
        AnyRow::from(omop::Observation {
            observation_id: key::slot(context.person_id, slot),
            person_id: context.person_id,
            observation_concept_id: concept,
            observation_date: day,
            observation_type_concept_id: types::EHR,
            value_as_concept_id: Some(context.vocab.race(code)),
            value_source_value: Some(source_value(code)),
            ..Default::default()
        })
    };
    (1..).zip(codes).map(row).collect()
}

/// What `person` says of races.
struct Race {
    /// Of several races the concept for that, where the vocabulary has it.
    concept: ConceptId,
    /// Their codes.
    source: String,
}

impl Race {
    fn of(context: &Context<'_>, patient: &Patient<'_>) -> Option<Self> {
        let codes = categories(patient, RACE);
        let concept = match codes[..] {
            [] => return None,
            [code] => context.vocab.race(code),
            _ => context.vocab.guide("race", "several").unwrap_or(ConceptId::NONE),
        };
        Some(Self { concept, source: source_value(&codes.join(" ")) })
    }
}

/// The code of the first ethnicity; further ones are counted as lost.
fn ethnicity(patient: &Patient<'_>, losses: &mut Losses) -> Option<String> {
    let codes = categories(patient, ETHNICITY);
    for _ in codes.iter().skip(1) {
        losses.count_reason("Patient", "further-category");
    }
    codes.first().map(|code| (*code).to_owned())
}

/// The codes of each `ombCategory` of a US Core extension.
fn categories<'p>(patient: &'p Patient<'_>, url: &str) -> Vec<&'p str> {
    let parts = Extension::find(&patient.extension, url).map(|extension| &extension.extension);
    let categories = parts.into_iter().flatten().filter(|part| part.url.as_deref() == Some("ombCategory"));
    let code = |part: &'p Extension<'_>| match &part.value {
        Some(ExtensionValue::Coding(coding)) => coding.code.as_deref(),
        _ => None,
    };
    categories.filter_map(code).collect()
}

/// A month or a day of a month.
fn one_of_few(number: u32) -> i32 {
    i32::try_from(number).expect("at most 31")
}
