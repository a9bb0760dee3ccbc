//! Patient.

use chrono::NaiveTime;
use twinlake_fhir::{
    Address, Coding, ContactPoint, Deceased, Extension, ExtensionValue, HumanName, Identifier, Patient, Text,
};

use super::{Chart, coded};
use crate::ids;
use crate::reference::organization_of;
use crate::render::codes::{self, Code};
use crate::timeline::Sex;

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
const RACE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
const ETHNICITY: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity";
const BIRTH_SEX: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex";
const SEX: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex";
const OMB: &str = "urn:oid:2.16.840.1.113883.6.238";
const RECORD_NUMBER: Code = Code { code: "MR", display: "Medical record number" };

pub(super) fn patient<'a>(chart: &'a Chart<'_>) -> Patient<'a> {
    let who = &chart.timeline.demographics;
    let place = &chart.context.pack.places[who.place];
    let death = chart.timeline.death.as_ref().map(|death| death.at);
    // The record begins with the first visit and is closed by death.
    let begun = chart.timeline.encounters.first().map(|encounter| encounter.start);
    let changed = death.or(begun).unwrap_or(who.birth_date.and_time(NaiveTime::MIN));
    let (birth_sex, sex) = match who.sex {
        Sex::Female => ("F", "248152002"),
        Sex::Male => ("M", "248153007"),
    };
    Patient {
        id: Some(Text::from(chart.context.ids.fhir(ids::patient(chart.timeline.patient)))),
        meta: Some(chart.meta(changed, &[PROFILE])),
        extension: vec![
            category(RACE, codes::race(who.race)),
            category(ETHNICITY, codes::ethnicity(who.ethnicity)),
            Extension::new(BIRTH_SEX, ExtensionValue::Code(Text::from(birth_sex))),
            Extension::new(SEX, ExtensionValue::Code(Text::from(sex))),
        ],
        identifier: vec![Identifier {
            use_: Some(Text::from("usual")),
            type_: Some(coded("http://terminology.hl7.org/CodeSystem/v2-0203", RECORD_NUMBER)),
            system: Some(Text::from("https://twinlake.example/mrn")),
            value: Some(Text::from(format!("{:08}", chart.timeline.patient))),
            ..Identifier::default()
        }],
        active: Some(death.is_none()),
        name: vec![HumanName {
            use_: Some(Text::from("official")),
            family: Some(Text::from(who.family_name.as_str())),
            given: vec![Text::from(who.given_name.as_str())],
            ..HumanName::default()
        }],
        telecom: vec![ContactPoint {
            system: Some(Text::from("phone")),
            value: Some(Text::from(who.phone.as_str())),
            use_: Some(Text::from("home")),
            ..ContactPoint::default()
        }],
        gender: Some(Text::from(codes::gender(who.sex))),
        birth_date: Some(who.birth_date.into()),
        deceased: death.map(|at| Deceased::DateTime(chart.at(at))),
        address: vec![Address {
            use_: Some(Text::from("home")),
            line: vec![Text::from(who.street.as_str())],
            city: Some(Text::from(place.city.0)),
            state: Some(Text::from(place.state.0)),
            postal_code: Some(Text::from(place.postal_code.0)),
            country: Some(Text::from(codes::COUNTRY)),
            ..Address::default()
        }],
        general_practitioner: vec![chart.practitioner(who.practitioner)],
        managing_organization: Some(chart.organization(organization_of(who.practitioner))),
        ..Patient::default()
    }
}

/// US Core's race or ethnicity: the OMB category, and its words.
fn category(url: &'static str, Code { code, display }: Code) -> Extension<'static> {
    Extension {
        url: Some(Text::from(url)),
        extension: vec![
            Extension::new("ombCategory", ExtensionValue::Coding(Coding::displayed(OMB, code, display))),
            Extension::new("text", ExtensionValue::String(Text::from(display))),
        ],
        ..Extension::default()
    }
}
