//! Provenance: who wrote down what at an encounter.

use std::collections::BTreeMap;

use twinlake_fhir::{Provenance, ProvenanceAgent, Reference, Resource};

use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline;

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance";
const PARTICIPANT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
const US_CORE_PARTICIPANT: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type";
const AUTHOR: Code = Code { code: "author", display: "Author" };
const TRANSMITTER: Code = Code { code: "transmitter", display: "Transmitter" };

/// What was written down at each encounter, as it is rendered.
pub(super) struct Targets<'a> {
    /// Place of each encounter, by its literal reference.
    encounters: BTreeMap<&'a str, usize>,
    targets: Vec<Vec<String>>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(chart: &'a Chart<'_>) -> Self {
        let encounters = chart.encounters.iter().enumerate().map(|(place, literal)| (literal.as_str(), place));
        Self {
            encounters: encounters.collect(),
            targets: chart.encounters.iter().map(|literal| vec![literal.clone()]).collect(),
        }
    }

    /// Takes a resource that names its encounter; others are of none.
    pub(super) fn note(&mut self, resource: &Resource<'_>) {
        let encounter = match resource {
            Resource::Condition(resource) => resource.encounter.as_ref(),
            Resource::AllergyIntolerance(resource) => resource.encounter.as_ref(),
            Resource::Observation(resource) => resource.encounter.as_ref(),
            Resource::DiagnosticReport(resource) => resource.encounter.as_ref(),
            Resource::MedicationRequest(resource) => resource.encounter.as_ref(),
            Resource::Immunization(resource) => resource.encounter.as_ref(),
            Resource::Procedure(resource) => resource.encounter.as_ref(),
            Resource::DocumentReference(resource) => {
                resource.context.as_ref().and_then(|context| context.encounter.first())
            }
            Resource::MedicationAdministration(resource) => resource.context.as_ref(),
            Resource::ImagingStudy(resource) => resource.encounter.as_ref(),
            Resource::CareTeam(resource) => resource.encounter.as_ref(),
            Resource::CarePlan(resource) => resource.encounter.as_ref(),
            _ => return,
        };
        let literal = encounter.and_then(|encounter| encounter.reference.as_deref());
        if let (Some(place), Some(id)) = (literal.and_then(|literal| self.encounters.get(literal)), resource.id()) {
            self.targets[*place].push([resource.resource_type(), "/", id].concat());
        }
    }
}

pub(super) fn provenance<'a>(
    chart: &'a Chart<'_>,
    provenance: &timeline::Provenance,
    targets: &'a Targets<'_>,
) -> Provenance<'a> {
    let encounter = &chart.timeline.encounters[provenance.encounter];
    Provenance {
        id: Some(chart.id(provenance.event)),
        meta: Some(chart.meta_of(&chart.history_of_provenance(provenance), &[PROFILE])),
        target: targets.targets[provenance.encounter].iter().map(|target| Reference::to(target.as_str())).collect(),
        recorded: Some(chart.at(provenance.recorded)),
        agent: vec![
            ProvenanceAgent {
                type_: Some(coded(PARTICIPANT, AUTHOR)),
                who: Some(chart.practitioner(encounter.practitioner)),
                on_behalf_of: Some(chart.organization(encounter.organization)),
                ..ProvenanceAgent::default()
            },
            ProvenanceAgent {
                type_: Some(coded(US_CORE_PARTICIPANT, TRANSMITTER)),
                who: Some(chart.organization(encounter.organization)),
                ..ProvenanceAgent::default()
            },
        ],
        ..Provenance::default()
    }
}
