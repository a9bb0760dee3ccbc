//! What patients share: practitioners, organizations and locations, read before any patient.

use std::collections::BTreeMap;

use twinlake_fhir::{Address, Location, Organization, Practitioner, Reference, Resource};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::Vocab;

use crate::elements;
use crate::loss::Losses;

/// The shared resources of a folder or shard. A reference to one that was not read counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    providers: BTreeMap<i64, ProviderFacts>,
    care_sites: BTreeMap<i64, omop::CareSite>,
    addresses: BTreeMap<i64, Place>,
    losses: Losses,
}

#[derive(Clone, Debug)]
struct ProviderFacts {
    id: String,
    gender: Option<String>,
}

/// The parts of an address that OMOP keeps.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    state: Option<String>,
    zip: Option<String>,
    country: Option<String>,
}

impl Shared {
    /// Takes a Practitioner, Organization or Location; other types are left to [`crate::harmonize_patient`].
    ///
    /// The same id read twice counts once, as last read.
    pub fn read(&mut self, resource: &Resource<'_>) {
        let Some(id) = resource.id() else {
            if matches!(resource, Resource::Practitioner(_) | Resource::Organization(_) | Resource::Location(_)) {
                self.losses.count_reason(resource.resource_type(), "id");
            }
            return;
        };
        match resource {
            Resource::Practitioner(practitioner) => self.practitioner(id, practitioner),
            Resource::Organization(organization) => self.organization(id, organization),
            Resource::Location(location) => self.location(id, location),
            _ => {}
        }
    }

    /// The rows of `provider`, `care_site` and `location`, each by key.
    pub fn rows(&self, vocab: &Vocab) -> Vec<AnyRow> {
        let mut rows: Vec<AnyRow> = Vec::new();
        rows.extend(self.addresses.values().map(|place| AnyRow::from(place.row(vocab))));
        rows.extend(self.care_sites.values().map(|site| AnyRow::from(site.clone())));
        rows.extend(self.providers.iter().map(|(&key, facts)| {
            let gender = facts.gender.as_deref();
            AnyRow::from(omop::Provider {
                provider_id: key,
                gender_concept_id: gender.map(|code| vocab.gender(code)),
                provider_source_value: Some(facts.id.clone()),
                gender_source_value: gender.map(str::to_owned),
                gender_source_concept_id: gender.map(|_| ConceptId::NONE),
                ..Default::default()
            })
        }));
        rows
    }

    /// What was lost of the shared resources.
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// The first Practitioner that was read, and whether there are only ones that were not.
    pub(crate) fn provider<'p, 'a: 'p>(
        &self,
        references: impl IntoIterator<Item = &'p Reference<'a>>,
    ) -> (Option<i64>, bool) {
        let mut dangling = false;
        for reference in references {
            if let Some(id) = reference.id_of("Practitioner") {
                let key = key::of("Practitioner", id);
                if self.providers.contains_key(&key) {
                    return (Some(key), false);
                }
                dangling = true;
            }
        }
        (None, dangling)
    }

    /// The care site that a reference to an Organization or Location names, if it was read.
    pub(crate) fn care_site(&self, reference: &Reference<'_>) -> Option<i64> {
        let (resource_type, id) = reference.target()?;
        let is_site = matches!(resource_type, "Organization" | "Location");
        Some(key::of(resource_type, id)).filter(|key| is_site && self.care_sites.contains_key(key))
    }

    fn practitioner(&mut self, id: &str, practitioner: &Practitioner<'_>) {
        let gender = practitioner.gender.as_deref().map(str::to_owned);
        self.providers.insert(key::of("Practitioner", id), ProviderFacts { id: id.to_owned(), gender });
        elements::count("Practitioner", practitioner, &practitioner.extension, &["gender"], &[], &mut self.losses);
    }

    fn organization(&mut self, id: &str, organization: &Organization<'_>) {
        let is = |code| organization.type_.iter().any(|kind| kind.has_code(code));
        let delivers_care = (organization.type_.is_empty() || is("prov")) && !is("ins") && !is("pay");
        if !delivers_care {
            self.losses.count_reason("Organization", "not-a-care-site");
            return;
        }
        let name = organization.name.as_deref();
        self.care_site_row("Organization", id, name, organization.address.first());
        let used = ["name", "type", "address.state", "address.postalCode", "address.country"];
        elements::count("Organization", organization, &organization.extension, &used, &[], &mut self.losses);
    }

    fn location(&mut self, id: &str, location: &Location<'_>) {
        self.care_site_row("Location", id, location.name.as_deref(), location.address.as_ref());
        let used = ["name", "address.state", "address.postalCode", "address.country"];
        elements::count("Location", location, &location.extension, &used, &[], &mut self.losses);
    }

    fn care_site_row(&mut self, resource_type: &str, id: &str, name: Option<&str>, address: Option<&Address<'_>>) {
        let place = address.and_then(Place::of);
        let care_site_id = key::of(resource_type, id);
        let site = omop::CareSite {
            care_site_id,
            care_site_name: name.map(str::to_owned),
            location_id: place.as_ref().map(Place::key),
            care_site_source_value: Some(id.to_owned()),
            ..Default::default()
        };
        self.care_sites.insert(care_site_id, site);
        if let Some(place) = place {
            self.addresses.insert(place.key(), place);
        }
    }
}

impl Place {
    /// The place of an address with a state or a postal code; empty text counts as absent.
    pub(crate) fn of(address: &Address<'_>) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let state = text(address.state.as_deref());
        let zip = text(address.postal_code.as_deref()).map(|code| code.chars().take(3).collect());
        let country = text(address.country.as_deref());
        (state.is_some() || zip.is_some()).then_some(Self { state, zip, country })
    }

    pub(crate) fn key(&self) -> i64 {
        key::location(self.state.as_deref(), self.zip.as_deref(), self.country.as_deref())
    }

    pub(crate) fn row(&self, vocab: &Vocab) -> omop::Location {
        omop::Location {
            location_id: self.key(),
            state: self.state.clone(),
            zip: self.zip.clone(),
            country_concept_id: self.country.as_deref().map(|country| vocab.country(country)),
            country_source_value: self.country.clone(),
            ..Default::default()
        }
    }
}
