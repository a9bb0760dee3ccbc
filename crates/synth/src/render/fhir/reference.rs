//! The reference set: Organization (who gives care, who pays), Location, Practitioner, PractitionerRole, Medication.

use chrono::{Months, NaiveTime};
use twinlake_fhir::{
    Address, Coding, ContactPoint, DateTime, HumanName, Identifier, IngredientItem, Location, Medication,
    MedicationIngredient, Organization, Practitioner, PractitionerRole, Reference, Resource, Text,
};
use twinlake_omop::ConceptId;
use twinlake_pack::Pack;
use twinlake_vocab::system;

use super::{coded, meta};
use crate::ids;
use crate::reference::{self, organization_of, specialty_of};
use crate::render::Context;
use crate::render::codes::{self, Code};
use crate::timeline::Ward;

const ORGANIZATION: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization";
const LOCATION: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-location";
const PRACTITIONER: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner";
const PRACTITIONER_ROLE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitionerrole";
const MEDICATION: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medication";
const ORGANIZATION_TYPE: &str = "http://terminology.hl7.org/CodeSystem/organization-type";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const PHYSICAL_TYPE: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";
const WARD: Code = Code { code: "wa", display: "Ward" };
const PROVIDER: Code = Code { code: "prov", display: "Healthcare Provider" };
const PAYER: Code = Code { code: "pay", display: "Payer" };
const HOSPITAL: Code = Code { code: "HOSP", display: "Hospital" };
const OUTPATIENT_FACILITY: Code = Code { code: "OF", display: "Outpatient facility" };

/// Renders what all patients share: organizations, their locations, practitioners and their roles, and the drugs of the
/// formulary.
pub fn fhir_reference(context: &Context<'_>, sink: &mut impl FnMut(Resource<'_>)) {
    // All of it was there when the chart's window begins.
    let begun = context.pack.reference_date - Months::new(12 * context.pack.window_years);
    let begun = DateTime::from_wall(begun.and_time(NaiveTime::MIN), 0);
    for (index, organization) in context.reference.organizations.iter().enumerate() {
        sink(Resource::from(Organization {
            id: Some(id(context, ids::organization(index))),
            meta: Some(meta(1, begun.clone(), &[ORGANIZATION])),
            identifier: vec![npi(&organization.npi)],
            active: Some(true),
            type_: vec![coded(ORGANIZATION_TYPE, PROVIDER)],
            name: Some(Text::from(organization.name.as_str())),
            telecom: vec![phone(&organization.phone)],
            address: vec![address(context.pack, organization)],
            ..Organization::default()
        }));
    }
    for (index, payer) in context.pack.payers.payer.iter().enumerate() {
        sink(Resource::from(Organization {
            id: Some(id(context, ids::payer(index))),
            meta: Some(meta(1, begun.clone(), &[ORGANIZATION])),
            identifier: vec![Identifier {
                system: Some(Text::from("https://twinlake.example/payer")),
                value: Some(Text::from(payer.key.0)),
                ..Identifier::default()
            }],
            active: Some(true),
            type_: vec![coded(ORGANIZATION_TYPE, PAYER)],
            name: Some(Text::from(payer.name.0)),
            telecom: vec![phone(payer.phone.0)],
            address: vec![Address {
                line: vec![Text::from(payer.line.0)],
                city: Some(Text::from(payer.city.0)),
                state: Some(Text::from(payer.state.0)),
                postal_code: Some(Text::from(payer.postal_code.0)),
                country: Some(Text::from(codes::COUNTRY)),
                ..Address::default()
            }],
            ..Organization::default()
        }));
    }
    for (index, organization) in context.reference.organizations.iter().enumerate() {
        sink(Resource::from(Location {
            id: Some(id(context, ids::location(index))),
            meta: Some(meta(1, begun.clone(), &[LOCATION])),
            identifier: vec![Identifier {
                system: Some(Text::from("https://twinlake.example/place")),
                value: Some(Text::from(ids::location(index).to_string())),
                ..Identifier::default()
            }],
            status: Some(Text::from("active")),
            name: Some(Text::from(location_name(organization))),
            type_: vec![coded(ROLE_CODE, if organization.hospital { HOSPITAL } else { OUTPATIENT_FACILITY })],
            telecom: vec![phone(&organization.phone)],
            address: Some(address(context.pack, organization)),
            managing_organization: Some(Reference::to(context.organizations[index].as_str())),
            ..Location::default()
        }));
    }
    for (index, organization) in context.reference.organizations.iter().enumerate().filter(|(_, one)| one.hospital) {
        for ward in Ward::ALL {
            sink(Resource::from(Location {
                id: Some(id(context, ids::ward(index, ward))),
                meta: Some(meta(1, begun.clone(), &[LOCATION])),
                status: Some(Text::from("active")),
                name: Some(Text::from(ward_name(organization, ward))),
                type_: vec![coded(ROLE_CODE, codes::ward(ward).0)],
                telecom: vec![phone(&organization.phone)],
                address: Some(address(context.pack, organization)),
                physical_type: Some(coded(PHYSICAL_TYPE, WARD)),
                managing_organization: Some(Reference::to(context.organizations[index].as_str())),
                part_of: Some(Reference::to(context.locations[index].as_str())),
                ..Location::default()
            }));
        }
    }
    for (index, practitioner) in context.reference.practitioners.iter().enumerate() {
        sink(Resource::from(Practitioner {
            id: Some(id(context, ids::practitioner(index))),
            meta: Some(meta(1, begun.clone(), &[PRACTITIONER])),
            identifier: vec![npi(&practitioner.npi)],
            active: Some(true),
            name: vec![HumanName {
                use_: Some(Text::from("official")),
                family: Some(Text::from(practitioner.family_name)),
                given: vec![Text::from(practitioner.given_name)],
                prefix: vec![Text::from("Dr.")],
                ..HumanName::default()
            }],
            telecom: vec![phone(&practitioner.phone)],
            address: vec![address(context.pack, &context.reference.organizations[organization_of(index)])],
            gender: Some(Text::from(codes::gender(practitioner.sex))),
            ..Practitioner::default()
        }));
    }
    for (index, practitioner) in context.reference.practitioners.iter().enumerate() {
        let organization = organization_of(index);
        sink(Resource::from(PractitionerRole {
            id: Some(id(context, ids::practitioner_role(index))),
            meta: Some(meta(1, begun.clone(), &[PRACTITIONER_ROLE])),
            active: Some(true),
            practitioner: Some(Reference::to(context.practitioners[index].as_str())),
            organization: Some(Reference::to(context.organizations[organization].as_str())),
            code: vec![coded(system::PRACTITIONER_ROLE, codes::DOCTOR)],
            specialty: vec![coded(system::CMS_SPECIALTY, codes::specialty(specialty_of(index)))],
            location: vec![Reference::to(context.locations[organization].as_str())],
            telecom: vec![phone(&practitioner.phone)],
            ..PractitionerRole::default()
        }));
    }
    for drug in context.pack.medications.iter().filter(|drug| drug.formulary) {
        let Some(concept) = context.pack.key(drug.concept.0) else { continue };
        let meaning = context.meaning(concept);
        sink(Resource::from(Medication {
            id: Some(id(context, ids::medication(drug.stream))),
            meta: Some(meta(1, begun.clone(), &[MEDICATION])),
            code: Some(Coding::displayed(meaning.entry.system, meaning.entry.code, meaning.entry.display).into()),
            status: Some(Text::from("active")),
            ingredient: ingredients(context, meaning.standard),
            ..Medication::default()
        }));
    }
}

/// What a drug is made of, as far as the vocabulary tells; nothing of a concept that is an ingredient itself.
fn ingredients<'a>(context: &'a Context<'_>, drug: ConceptId) -> Vec<MedicationIngredient<'a>> {
    let ingredients = context.vocab.ingredients(drug).into_iter().filter(|&ingredient| ingredient != drug);
    ingredients
        .filter_map(|ingredient| context.vocab.concept(ingredient))
        .filter(|concept| concept.vocabulary == "RxNorm")
        .map(|concept| MedicationIngredient {
            item: Some(IngredientItem::CodeableConcept(
                Coding::displayed(system::RXNORM, concept.code, concept.label).into(),
            )),
            ..MedicationIngredient::default()
        })
        .collect()
}

/// What a ward of a hospital is called.
pub(in crate::render) fn ward_name(organization: &reference::Organization, ward: Ward) -> String {
    format!("{}, {}", organization.name, codes::ward(ward).1)
}

/// What the main building of an organization is called.
pub(in crate::render) fn location_name(organization: &reference::Organization) -> String {
    format!("{}, main building", organization.name)
}

fn id(context: &Context<'_>, key: i64) -> Text<'static> {
    Text::from(context.ids.fhir(key))
}

fn npi(value: &str) -> Identifier<'_> {
    Identifier {
        system: Some(Text::from("http://hl7.org/fhir/sid/us-npi")),
        value: Some(Text::from(value)),
        ..Identifier::default()
    }
}

fn phone(value: &str) -> ContactPoint<'_> {
    ContactPoint { system: Some(Text::from("phone")), value: Some(Text::from(value)), ..ContactPoint::default() }
}

fn address<'a>(pack: &'a Pack, organization: &'a reference::Organization) -> Address<'a> {
    let place = &pack.places[organization.place];
    Address {
        line: vec![Text::from(organization.street.as_str())],
        city: Some(Text::from(place.city.0)),
        state: Some(Text::from(place.state.0)),
        postal_code: Some(Text::from(place.postal_code.0)),
        country: Some(Text::from(codes::COUNTRY)),
        ..Address::default()
    }
}
