//! What patients share: practitioners, their roles, organizations, locations and medications, read before any patient.

use std::collections::BTreeMap;
use std::sync::Arc;

use twinlake_fhir::{
    Address, CodeableConcept, Coding, Location, Medication, Organization, Practitioner, PractitionerRole, Reference,
    Resource, Text,
};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::Vocab;

use crate::coded::source_value;
use crate::current::version;
use crate::elements;
use crate::fate::Fate;
use crate::loss::Losses;

/// The shared resources of a folder or shard. A reference to one that was not read counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    providers: BTreeMap<i64, ProviderFacts>,
    /// By key of the practitioner, the active role of the lowest key.
    roles: BTreeMap<i64, RoleFacts>,
    care_sites: BTreeMap<i64, omop::CareSite>,
    addresses: BTreeMap<i64, Place>,
    /// What each Medication is, by its key.
    medications: BTreeMap<i64, Arc<CodeableConcept<'static>>>,
    /// Each of these meanings once, by its parts: many servers have a Medication for each order.
    drugs: BTreeMap<Vec<Option<String>>, Arc<CodeableConcept<'static>>>,
    /// The highest version read of each resource, by its key.
    versions: BTreeMap<i64, Option<u64>>,
    losses: Losses,
}

/// Whether a resource is kept, or the reason why not.
type Kept = Result<(), &'static str>;

#[derive(Clone, Debug)]
struct ProviderFacts {
    id: String,
    gender: Option<String>,
}

/// What a role says of its practitioner.
#[derive(Clone, Debug)]
struct RoleFacts {
    key: i64,
    /// Keys of the organization and of the places, whichever of them turn out to be care sites.
    sites: Vec<i64>,
    specialty: Option<Codes>,
    code: Option<Codes>,
}

/// Codes of one meaning, each with its system: the one a user selected, else all.
#[derive(Clone, Debug)]
struct Codes {
    codes: Vec<(Option<String>, String)>,
    text: Option<String>,
}

/// The parts of an address that OMOP keeps.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    state: Option<String>,
    zip: Option<String>,
    country: Option<String>,
}

impl Shared {
    /// Whether resources of this type are read here, and not with a patient.
    pub fn reads(resource_type: &str) -> bool {
        matches!(resource_type, "Practitioner" | "PractitionerRole" | "Organization" | "Location" | "Medication")
    }

    /// Takes a Practitioner, PractitionerRole, Organization, Location or Medication; other types are left to
    /// [`crate::harmonize_patient`].
    ///
    /// Of several with one id the highest `meta.versionId` counts, of equal ones the last; the others are counted under
    /// `superseded` and `duplicate`.
    pub fn read(&mut self, resource: &Resource<'_>) {
        let resource_type = resource.resource_type();
        if !Self::reads(resource_type) {
            return;
        }
        let Some(id) = resource.id() else {
            return self.losses.count_out_of_scope(resource_type, "id", 1);
        };
        if resource.has_modifier_extension() {
            return self.losses.count_out_of_scope(resource_type, "modifierExtension", 1);
        }
        let (key, mine) = (key::of(resource_type, id), version(resource));
        let other = self.versions.get(&key).copied();
        if let Some(theirs) = other {
            // Whichever of the two is kept, the other one is counted here, and the kept one was, or was the first.
            let reason = if mine == theirs { "duplicate" } else { "superseded" };
            self.losses.count_out_of_scope(resource_type, reason, 1);
            if mine < theirs {
                return;
            }
        }
        self.versions.insert(key, mine);
        if other.is_some() {
            self.forget(key);
        }
        let kept = match resource {
            Resource::Practitioner(practitioner) => {
                self.practitioner(id, practitioner);
                Ok(())
            }
            Resource::PractitionerRole(role) => self.role(id, role),
            Resource::Organization(organization) => self.organization(id, organization),
            Resource::Location(location) => {
                self.location(id, location);
                Ok(())
            }
            Resource::Medication(medication) => self.medication(id, medication),
            _ => return,
        };
        match kept {
            // It was counted when it was read the first time.
            _ if other.is_some() => {}
            Ok(()) => self.losses.count_fate(resource_type, Fate::Mapped),
            Err(_) => self.losses.count_fate(resource_type, Fate::OutOfScope),
        }
        if let Err(reason) = kept {
            self.losses.count_reason(resource_type, reason);
        }
    }

    /// The rows of `provider`, `care_site` and `location`, each by key.
    pub fn rows(&self, vocab: &Vocab) -> Vec<AnyRow> {
        let mut rows: Vec<AnyRow> = Vec::new();
        rows.extend(self.addresses.values().map(|place| AnyRow::from(place.row(vocab))));
        rows.extend(self.care_sites.values().map(|site| AnyRow::from(site.clone())));
        rows.extend(self.providers.iter().map(|(&key, facts)| {
            let gender = facts.gender.as_deref();
            let role = self.roles.get(&key);
            let specialty = role.and_then(|role| role.specialty.as_ref());
            let kind = role.and_then(|role| role.code.as_ref());
            let known = specialty.and_then(|codes| codes.find(|system, code| vocab.specialty(system, code)));
            AnyRow::from(omop::Provider {
                provider_id: key,
                // A specialty that OMOP does not have may still be a doctor's or a nurse's.
                specialty_concept_id: known.map(|(concept, _)| concept).or_else(|| {
                    let kind = kind.and_then(|codes| codes.find(|system, code| vocab.practitioner_role(system, code)));
                    let concept = kind.map_or(ConceptId::NONE, |(concept, _)| concept);
                    specialty.or(role.and_then(|role| role.code.as_ref())).map(|_| concept)
                }),
                care_site_id: role
                    .and_then(|role| role.sites.iter().find(|site| self.care_sites.contains_key(site)))
                    .copied(),
                gender_concept_id: gender.map(|code| vocab.gender(code)),
                provider_source_value: Some(facts.id.clone()),
                gender_source_value: gender.map(str::to_owned),
                gender_source_concept_id: gender.map(|_| ConceptId::NONE),
                specialty_source_concept_id: specialty.map(|_| ConceptId::NONE),
                specialty_source_value: specialty.and_then(|codes| match known {
                    Some((_, code)) => Some(source_value(code)),
                    None => codes.first().map(source_value),
                }),
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

    /// What a Medication that was read is; none of one without a code.
    pub(crate) fn drug(&self, id: &str) -> Option<&CodeableConcept<'static>> {
        self.medications.get(&key::of("Medication", id)).map(|code| &**code)
    }

    /// Takes back what an earlier version of a resource said, but for the place of its address.
    fn forget(&mut self, key: i64) {
        self.providers.remove(&key);
        self.care_sites.remove(&key);
        self.medications.remove(&key);
        self.roles.retain(|_, role| role.key != key);
    }

    /// A Medication says what a drug is, to all that refer to it.
    fn medication(&mut self, id: &str, medication: &Medication<'_>) -> Kept {
        if medication.status.as_deref() == Some("entered-in-error") {
            return Err("status");
        }
        let Some(code) = &medication.code else {
            return Err("no-code");
        };
        let code = owned(code);
        let parts = code.coding.iter().flat_map(|coding| {
            let selected = coding.user_selected.map(|selected| selected.to_string());
            [&coding.system, &coding.code, &coding.display]
                .map(|part| text(part.as_ref()))
                .into_iter()
                .chain([selected])
        });
        let drug = self.drugs.entry(parts.chain([text(code.text.as_ref())]).collect());
        let drug = Arc::clone(drug.or_insert_with(|| Arc::new(code)));
        self.medications.insert(key::of("Medication", id), drug);
        elements::count("Medication", medication, &medication.extension, &["code", "status"], &[], &mut self.losses);
        Ok(())
    }

    fn practitioner(&mut self, id: &str, practitioner: &Practitioner<'_>) {
        let gender = practitioner.gender.as_deref().map(str::to_owned);
        self.providers.insert(key::of("Practitioner", id), ProviderFacts { id: id.to_owned(), gender });
        elements::count("Practitioner", practitioner, &practitioner.extension, &["gender"], &[], &mut self.losses);
    }

    /// The active role of the lowest key says of its practitioner where they work and as what (MAPPING 18).
    fn role(&mut self, id: &str, role: &PractitionerRole<'_>) -> Kept {
        if role.active == Some(false) {
            return Err("active");
        }
        let Some(practitioner) = role.practitioner.as_ref().and_then(|practitioner| practitioner.id_of("Practitioner"))
        else {
            return Err("practitioner");
        };
        let (practitioner, key) = (key::of("Practitioner", practitioner), key::of("PractitionerRole", id));
        let other = self.roles.get(&practitioner).map(|other| other.key).filter(|&other| other != key);
        let used = ["active", "practitioner", "organization", "location", "specialty", "code"];
        elements::count("PractitionerRole", role, &role.extension, &used, &[], &mut self.losses);
        if other.is_some_and(|other| other < key) {
            return Err("further-role");
        }
        let sites = role.organization.iter().chain(&role.location).filter_map(|site| site.target());
        let facts = RoleFacts {
            key,
            sites: sites.map(|(resource_type, id)| key::of(resource_type, id)).collect(),
            specialty: role.specialty.first().map(Codes::of),
            code: role.code.first().map(Codes::of),
        };
        self.roles.insert(practitioner, facts);
        // One of the two is left out; which one does not matter to the count.
        if other.is_some() { Err("further-role") } else { Ok(()) }
    }

    fn organization(&mut self, id: &str, organization: &Organization<'_>) -> Kept {
        let is = |code| organization.type_.iter().any(|kind| kind.has_code(code));
        let delivers_care = (organization.type_.is_empty() || is("prov")) && !is("ins") && !is("pay");
        if !delivers_care {
            return Err("not-a-care-site");
        }
        let name = organization.name.as_deref();
        self.care_site_row("Organization", id, name, organization.address.first());
        let used = ["name", "type", "address.state", "address.postalCode", "address.country"];
        elements::count("Organization", organization, &organization.extension, &used, &[], &mut self.losses);
        Ok(())
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

/// The parts of a meaning that mapping reads, without a tie to the input.
pub(crate) fn owned(concept: &CodeableConcept<'_>) -> CodeableConcept<'static> {
    let owned = |text: Option<&Text<'_>>| text.cloned().map(Text::into_owned);
    CodeableConcept {
        coding: concept
            .coding
            .iter()
            .map(|coding| Coding {
                system: owned(coding.system.as_ref()),
                code: owned(coding.code.as_ref()),
                display: owned(coding.display.as_ref()),
                user_selected: coding.user_selected,
                ..Coding::default()
            })
            .collect(),
        text: owned(concept.text.as_ref()),
        ..CodeableConcept::default()
    }
}

fn text(text: Option<&Text<'_>>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

impl Codes {
    fn of(concept: &CodeableConcept<'_>) -> Self {
        let selected = concept.coding.iter().find(|coding| coding.user_selected == Some(true));
        let codings = selected.map_or(&concept.coding[..], std::slice::from_ref);
        Self {
            codes: codings
                .iter()
                .filter_map(|coding| Some((text(coding.system.as_ref()), text(coding.code.as_ref())?)))
                .collect(),
            text: text(concept.text.as_ref()),
        }
    }

    /// The first code that has a concept, and the concept.
    fn find(&self, concept: impl Fn(Option<&str>, &str) -> ConceptId) -> Option<(ConceptId, &str)> {
        let mut concepts = self.codes.iter().map(|(system, code)| (concept(system.as_deref(), code), code.as_str()));
        concepts.find(|(concept, _)| *concept != ConceptId::NONE)
    }

    /// The first code, else the text.
    fn first(&self) -> Option<&str> {
        self.codes.first().map(|(_, code)| code.as_str()).or(self.text.as_deref())
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
