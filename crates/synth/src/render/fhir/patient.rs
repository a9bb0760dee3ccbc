//! Patient.

use chrono::NaiveDate;
use twinlake_fhir::{
    Address, CodeableConcept, Coding, ContactPoint, Deceased, Extension, ExtensionValue, HumanName, Identifier,
    Patient, PatientCommunication, Period, Text,
};

use super::{Chart, coded};
use crate::ids;
use crate::reference::organization_of;
use crate::render::codes::{self, Code};
use crate::timeline::{Language, MaritalStatus, Sex};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
const RACE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
const ETHNICITY: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity";
const BIRTH_SEX: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex";
const SEX: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex";
const OMB: &str = "urn:oid:2.16.840.1.113883.6.238";
const RECORD_NUMBER: Code = Code { code: "MR", display: "Medical record number" };

pub(super) fn patient<'a>(chart: &'a Chart<'_>) -> Patient<'a> {
    let who = &chart.timeline.demographics;
    let death = chart.timeline.death.as_ref().map(|death| death.at);
    let (birth_sex, sex) = match who.sex {
        Sex::Female => ("F", "248152002"),
        Sex::Male => ("M", "248153007"),
    };
    Patient {
        id: Some(Text::from(chart.context.ids.fhir(ids::patient(chart.timeline.patient)))),
        meta: Some(chart.meta_of(&chart.history_of_patient(), &[PROFILE])),
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
            assigner: Some(Box::new(chart.organization(organization_of(who.practitioner)))),
            ..Identifier::default()
        }],
        active: Some(death.is_none()),
        name: vec![HumanName {
            use_: Some(Text::from("official")),
            family: Some(Text::from(who.family_name.as_str())),
            given: vec![Text::from(who.given_name.as_str())],
            period: Some(since(who.birth_date)),
            ..HumanName::default()
        }],
        telecom: telecom(chart),
        gender: Some(Text::from(codes::gender(who.sex))),
        birth_date: Some(who.birth_date.into()),
        deceased: death.map(|at| Deceased::DateTime(chart.at(at))),
        address: addresses(chart),
        marital_status: chart.timeline.personal.marital_status.map(marital_status),
        communication: vec![PatientCommunication {
            language: Some(language(chart.timeline.personal.language)),
            preferred: Some(true),
            ..PatientCommunication::default()
        }],
        general_practitioner: vec![chart.practitioner(who.practitioner)],
        managing_organization: Some(chart.organization(organization_of(who.practitioner))),
        ..Patient::default()
    }
}

/// A span from a day on.
fn since(day: NaiveDate) -> Period<'static> {
    Period { start: Some(day.into()), ..Period::default() }
}

fn telecom<'a>(chart: &'a Chart<'_>) -> Vec<ContactPoint<'a>> {
    let point = |system: &'static str, value: &'a str| ContactPoint {
        system: Some(Text::from(system)),
        value: Some(Text::from(value)),
        use_: Some(Text::from("home")),
        ..ContactPoint::default()
    };
    let mut all = vec![point("phone", &chart.timeline.demographics.phone)];
    all.extend(chart.timeline.personal.email.as_deref().map(|email| point("email", email)));
    all
}

/// Where the patient lives, then where they lived before, in the same town.
fn addresses<'a>(chart: &'a Chart<'_>) -> Vec<Address<'a>> {
    let who = &chart.timeline.demographics;
    let place = &chart.context.pack.places[who.place];
    let at = |street: &'a str, usage: &'static str, period| Address {
        use_: Some(Text::from(usage)),
        line: vec![Text::from(street)],
        city: Some(Text::from(place.city.0)),
        state: Some(Text::from(place.state.0)),
        postal_code: Some(Text::from(place.postal_code.0)),
        country: Some(Text::from(codes::COUNTRY)),
        period: Some(period),
        ..Address::default()
    };
    match &chart.timeline.personal.former_address {
        None => vec![at(&who.street, "home", since(who.birth_date))],
        Some((street, moved)) => {
            let before = Period { end: moved.pred_opt().map(Into::into), ..since(who.birth_date) };
            vec![at(&who.street, "home", since(*moved)), at(street, "old", before)]
        }
    }
}

fn marital_status(status: MaritalStatus) -> CodeableConcept<'static> {
    let code = match status {
        MaritalStatus::NeverMarried => Code { code: "S", display: "Never Married" },
        MaritalStatus::Married => Code { code: "M", display: "Married" },
        MaritalStatus::Divorced => Code { code: "D", display: "Divorced" },
        MaritalStatus::Widowed => Code { code: "W", display: "Widowed" },
    };
    coded("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", code)
}

fn language(language: Language) -> CodeableConcept<'static> {
    let code = match language {
        Language::English => Code { code: "en", display: "English" },
        Language::Spanish => Code { code: "es", display: "Spanish" },
    };
    coded("urn:ietf:bcp:47", code)
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
