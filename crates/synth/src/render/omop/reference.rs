//! The reference set: `location`, `care_site`, `provider` and `cdm_source`.

use std::collections::BTreeMap;

use twinlake_omop::{AnyRow, CareSite, CdmSource, ConceptId, Location, Provider, key};
use twinlake_vocab::{system, types};

use crate::ids;
use crate::reference::{organization_of, specialty_of};
use crate::render::{Context, codes, fhir};
use crate::timeline::Ward;

/// Rows that belong to no patient: one `cdm_source`, and every location, care site and provider of the cohort.
///
/// Patients live where organizations are, so theirs are the same locations.
pub fn omop_reference(context: &Context<'_>) -> Vec<AnyRow> {
    let mut rows = vec![AnyRow::from(cdm_source(context))];
    let mut locations = BTreeMap::new();
    for place in &context.pack.places {
        let location = Location {
            location_id: key::location(Some(&place.state), Some(&place.zip3), Some(codes::COUNTRY)),
            state: Some(place.state.to_string()),
            zip: Some(place.zip3.to_string()),
            country_concept_id: Some(context.vocab.country(codes::COUNTRY)),
            country_source_value: Some(codes::COUNTRY.to_owned()),
            ..Location::default()
        };
        locations.insert(location.location_id, location);
    }
    rows.extend(locations.into_values().map(AnyRow::from));
    let care_site = |key: i64, name: String, place: usize| {
        let place = &context.pack.places[place];
        AnyRow::from(CareSite {
            care_site_id: key,
            care_site_name: Some(name),
            location_id: Some(key::location(Some(&place.state), Some(&place.zip3), Some(codes::COUNTRY))),
            care_site_source_value: Some(context.ids.fhir(key)),
            ..CareSite::default()
        })
    };
    for (index, organization) in context.reference.organizations.iter().enumerate() {
        rows.push(care_site(ids::organization(index), organization.name.clone(), organization.place));
    }
    for (index, organization) in context.reference.organizations.iter().enumerate() {
        rows.push(care_site(ids::location(index), fhir::location_name(organization), organization.place));
    }
    for (index, organization) in context.reference.organizations.iter().enumerate().filter(|(_, one)| one.hospital) {
        for ward in Ward::ALL {
            rows.push(care_site(ids::ward(index, ward), fhir::ward_name(organization, ward), organization.place));
        }
    }
    for (index, practitioner) in context.reference.practitioners.iter().enumerate() {
        let gender = codes::gender(practitioner.sex);
        let specialty = codes::specialty(specialty_of(index)).code;
        rows.push(AnyRow::from(Provider {
            provider_id: ids::practitioner(index),
            specialty_concept_id: Some(specialty_concept(context, specialty)),
            care_site_id: Some(ids::organization(organization_of(index))),
            gender_concept_id: Some(context.vocab.gender(gender)),
            provider_source_value: Some(context.ids.fhir(ids::practitioner(index))),
            gender_source_value: Some(gender.to_owned()),
            gender_source_concept_id: Some(ConceptId::NONE),
            specialty_source_value: Some(specialty.to_owned()),
            specialty_source_concept_id: Some(ConceptId::NONE),
            ..Provider::default()
        }));
    }
    rows
}

/// The specialty's own concept where the vocabulary has it, else that of the role, which is a doctor's.
fn specialty_concept(context: &Context<'_>, code: &str) -> ConceptId {
    match context.vocab.specialty(Some(system::CMS_SPECIALTY), code) {
        ConceptId::NONE => context.vocab.practitioner_role(Some(system::PRACTITIONER_ROLE), codes::DOCTOR.code),
        specialty => specialty,
    }
}

fn cdm_source(context: &Context<'_>) -> CdmSource {
    CdmSource {
        cdm_source_name: "Twinlake synthetic cohort".to_owned(),
        cdm_source_abbreviation: "Twinlake".to_owned(),
        cdm_holder: "Twinlake".to_owned(),
        source_description: Some(format!(
            "Synthetic patients of seed {}, model pack {}; no real person is described",
            context.seed,
            context.pack.hash()
        )),
        source_release_date: context.pack.reference_date,
        cdm_release_date: context.pack.reference_date,
        cdm_version: Some("5.4".to_owned()),
        cdm_version_concept_id: types::CDM_V5_4,
        vocabulary_version: context.vocab.version().to_owned(),
        ..CdmSource::default()
    }
}
