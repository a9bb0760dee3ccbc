//! A timeline as FHIR R4 resources in the style of US Core 7.
//!
//! `meta.profile` names a profile only where the resource meets it. References are literal (`Patient/…`); times are the
//! wall clock with the patient's fixed offset; `meta.lastUpdated` follows from the event, never from a clock.

mod administration;
mod claim;
mod condition;
mod coordination;
mod coverage;
mod device;
mod dispense;
mod encounter;
mod episode_of_care;
mod medication;
mod note;
mod observation;
mod patient;
mod procedure;
mod provenance;
mod reference;
mod request;
mod specimen;
mod supply;
mod survey;
mod version;

use chrono::NaiveDateTime;
use twinlake_fhir::{
    CodeableConcept, Coding, DateTime, Decimal, Drug, Meta, Period, Quantity, Reference, Resource, Text,
};

use super::Context;
use super::codes::Code;
use crate::ids;
use crate::timeline::{ConceptKey, Course, Diagnosis, EventId, Fulfilment, Scaled, Timeline, Ward};

pub use reference::fhir_reference;
pub(super) use reference::{location_name, ward_name};

/// Renders a patient as FHIR resources: the Patient first, then by type, each type in the order of the timeline.
///
/// Organizations, Locations, Practitioners and Medications are in [`fhir_reference`]. Provenances come last, as they name the others.
pub fn fhir(context: &Context<'_>, timeline: &Timeline, sink: &mut impl FnMut(Resource<'_>)) {
    let chart = Chart::new(context, timeline);
    let mut targets = provenance::Targets::new(&chart);
    let outer = sink;
    let sink = &mut |resource: Resource<'_>| {
        targets.note(&resource);
        outer(resource);
    };
    sink(patient::patient(&chart).into());
    for person in &timeline.related_persons {
        sink(coordination::related_person(&chart, person).into());
    }
    for (index, encounter) in timeline.encounters.iter().enumerate() {
        sink(encounter::encounter(&chart, index, encounter).into());
    }
    for problem in &timeline.problems {
        sink(condition::problem(&chart, problem).into());
    }
    for diagnosis in &timeline.diagnoses {
        sink(condition::diagnosis(&chart, diagnosis).into());
    }
    for allergy in &timeline.allergies {
        sink(condition::allergy(&chart, allergy).into());
    }
    for request in &timeline.requests {
        sink(request::request(&chart, request).into());
    }
    for specimen in &timeline.specimens {
        sink(specimen::specimen(&chart, specimen).into());
    }
    for (index, observation) in timeline.observations.iter().enumerate() {
        sink(observation::observation(&chart, index, observation).into());
    }
    if let Some(cause) = observation::cause_of_death(&chart) {
        sink(cause.into());
    }
    for (index, report) in timeline.reports.iter().enumerate() {
        sink(observation::report(&chart, index, report).into());
    }
    for (index, prescription) in timeline.prescriptions.iter().enumerate() {
        sink(medication::prescription(&chart, index, prescription).into());
    }
    for immunization in &timeline.immunizations {
        sink(medication::immunization(&chart, immunization).into());
    }
    for refusal in &timeline.refusals {
        sink(medication::refusal(&chart, refusal).into());
    }
    for (index, procedure) in timeline.procedures.iter().enumerate() {
        sink(procedure::procedure(&chart, index, procedure).into());
    }
    for dose in &timeline.administrations {
        sink(administration::administration(&chart, dose).into());
    }
    for device in &timeline.devices {
        sink(device::device(&chart, device).into());
    }
    for study in &timeline.imaging_studies {
        sink(device::imaging_study(&chart, study).into());
    }
    for supply in &timeline.supplies {
        sink(supply::supply(&chart, supply).into());
    }
    for dispense in &timeline.dispenses {
        sink(dispense::dispense(&chart, dispense).into());
    }
    for coverage in &timeline.coverages {
        sink(coverage::coverage(&chart, coverage).into());
    }
    for team in &timeline.care_teams {
        sink(coordination::care_team(&chart, team).into());
    }
    for (index, plan) in timeline.care_plans.iter().enumerate() {
        sink(coordination::care_plan(&chart, index, plan).into());
    }
    for episode in &timeline.episodes_of_care {
        sink(episode_of_care::episode_of_care(&chart, episode).into());
    }
    for goal in &timeline.goals {
        sink(coordination::goal(&chart, goal).into());
    }
    for response in &timeline.survey_responses {
        sink(survey::response(&chart, response).into());
    }
    for note in &timeline.notes {
        sink(note::note(&chart, note).into());
    }
    for report in &timeline.written_reports {
        sink(note::report(&chart, report).into());
        if let Some(document) = note::filed(&chart, report) {
            sink(document.into());
        }
    }
    for claim in &timeline.claims {
        sink(claim::claim(&chart, claim).into());
    }
    for claim in &timeline.claims {
        if let Some(decided) = claim.decided {
            sink(claim::explanation(&chart, claim, decided).into());
        }
    }
    for provenance in &timeline.provenances {
        outer(provenance::provenance(&chart, provenance, &targets).into());
    }
}

/// A patient's timeline with the references that its resources repeat.
struct Chart<'a> {
    context: &'a Context<'a>,
    timeline: &'a Timeline,
    subject: String,
    encounters: Vec<String>,
    /// Of each observation the specimen it was measured in.
    specimens: Vec<Option<usize>>,
    /// Of each prescription whether staff give it.
    is_given: Vec<bool>,
    /// The request behind each result, in the order of the results.
    requests: Vec<(Fulfilment, EventId)>,
    /// Encounter and place of each diagnosis, by encounter.
    diagnoses: Vec<(usize, usize)>,
    /// What became of the team when.
    team: Vec<version::TeamState>,
}

impl<'a> Chart<'a> {
    fn new(context: &'a Context<'a>, timeline: &'a Timeline) -> Self {
        let encounter = |event| context.ids.literal("Encounter", ids::event(timeline.patient, event));
        let mut specimens = vec![None; timeline.observations.len()];
        for (place, specimen) in timeline.specimens.iter().enumerate() {
            for &result in &specimen.results {
                specimens[result] = Some(place);
            }
        }
        let mut is_given = vec![false; timeline.prescriptions.len()];
        for dose in timeline.administrations.iter().filter(|dose| !dose.ahead_of_supply) {
            is_given[dose.prescription] = true;
        }
        let mut requests: Vec<_> =
            timeline.requests.iter().map(|request| (request.fulfilled_by, request.event)).collect();
        requests.sort_by_key(|&(result, _)| result);
        let mut diagnoses: Vec<_> =
            timeline.diagnoses.iter().enumerate().map(|(place, diagnosis)| (diagnosis.encounter, place)).collect();
        diagnoses.sort_unstable();
        Self {
            specimens,
            is_given,
            requests,
            diagnoses,
            team: version::team_states(timeline),
            context,
            timeline,
            subject: context.ids.literal("Patient", ids::patient(timeline.patient)),
            encounters: timeline.encounters.iter().map(|visit| encounter(visit.event)).collect(),
        }
    }

    fn id(&self, event: EventId) -> Text<'static> {
        Text::from(self.context.ids.fhir(ids::event(self.timeline.patient, event)))
    }

    /// The diagnoses of a visit, in the order of the timeline.
    fn diagnoses_at(&self, encounter: usize) -> impl Iterator<Item = &'a Diagnosis> {
        let first = self.diagnoses.partition_point(|&(other, _)| other < encounter);
        let of_visit = self.diagnoses[first..].iter().take_while(move |&&(other, _)| other == encounter);
        of_visit.map(|&(_, place)| &self.timeline.diagnoses[place])
    }

    /// A reference to the resource of an event.
    fn reference(&self, resource_type: &str, event: EventId) -> Reference<'static> {
        Reference::to(self.context.ids.literal(resource_type, ids::event(self.timeline.patient, event)))
    }

    fn subject(&self) -> Reference<'_> {
        Reference::to(self.subject.as_str())
    }

    fn encounter(&self, index: usize) -> Reference<'_> {
        Reference::to(self.encounters[index].as_str())
    }

    fn practitioner(&self, index: usize) -> Reference<'_> {
        Reference::to(self.context.practitioners[index].as_str())
    }

    fn practitioner_role(&self, index: usize) -> Reference<'static> {
        Reference::to(self.context.ids.literal("PractitionerRole", ids::practitioner_role(index)))
    }

    /// The practitioner seen at an encounter, else the patient's own.
    fn recorder(&self, encounter: Option<usize>) -> Reference<'_> {
        self.practitioner(match encounter {
            Some(encounter) => self.timeline.encounters[encounter].practitioner,
            None => self.timeline.demographics.practitioner,
        })
    }

    fn organization(&self, index: usize) -> Reference<'_> {
        Reference::to(self.context.organizations[index].as_str())
    }

    /// The specimen that an observation was measured in.
    fn specimen(&self, observation: usize) -> Option<Reference<'static>> {
        let specimen = &self.timeline.specimens[self.specimens[observation]?];
        Some(self.reference("Specimen", specimen.event))
    }

    fn location(&self, index: usize) -> Reference<'_> {
        Reference::to(self.context.locations[index].as_str())
    }

    fn payer(&self, index: usize) -> Reference<'_> {
        Reference::to(self.context.payers[index].as_str())
    }

    fn ward(&self, organization: usize, ward: Ward) -> Reference<'_> {
        Reference::to(self.context.wards[organization * Ward::ALL.len() + ward as usize].as_str())
    }

    /// The request that a report or procedure was made for.
    fn based_on(&self, result: Fulfilment) -> Vec<Reference<'static>> {
        let place = self.requests.partition_point(|&(other, _)| other < result);
        let request = self.requests.get(place).filter(|&&(other, _)| other == result);
        request.map(|&(_, request)| self.reference("ServiceRequest", request)).into_iter().collect()
    }

    fn at(&self, wall: NaiveDateTime) -> DateTime<'static> {
        DateTime::from_wall(wall, self.timeline.demographics.utc_offset_minutes)
    }

    fn period(&self, start: NaiveDateTime, end: NaiveDateTime) -> Period<'static> {
        Period { start: Some(self.at(start)), end: Some(self.at(end)), ..Period::default() }
    }

    /// From the day of an encounter to the end of what was begun there.
    fn course(&self, encounter: usize, course: Course) -> Period<'static> {
        Period {
            start: Some(self.timeline.encounters[encounter].start.date().into()),
            end: course.end().map(Into::into),
            ..Period::default()
        }
    }

    /// A concept of the pack's terminology.
    fn concept(&self, key: ConceptKey) -> CodeableConcept<'a> {
        let entry = self.context.meaning(key).entry;
        Coding::displayed(entry.system, entry.code, entry.display).into()
    }

    /// A drug: a reference to its Medication where the reference set has it, else its code.
    fn drug(&self, key: ConceptKey) -> Drug<'a> {
        match self.context.medications.get(&key) {
            Some(medication) => Drug::Reference(Reference {
                display: Some(Text::from(self.context.meaning(key).entry.display)),
                ..Reference::to(medication.as_str())
            }),
            None => Drug::CodeableConcept(self.concept(key)),
        }
    }

    fn concepts(&self, key: Option<ConceptKey>) -> Vec<CodeableConcept<'a>> {
        key.map(|key| self.concept(key)).into_iter().collect()
    }
}

fn meta<'a>(version: usize, last_updated: DateTime<'a>, profile: &[&'static str]) -> Meta<'a> {
    Meta {
        version_id: Some(Text::from(version.to_string())),
        last_updated: Some(last_updated),
        profile: profile.iter().map(|&profile| Text::from(profile)).collect(),
        ..Meta::default()
    }
}

/// A code of one of HL7's code systems.
fn coded(system: &'static str, Code { code, display }: Code) -> CodeableConcept<'static> {
    Coding::displayed(system, code, display).into()
}

/// A number and its UCUM unit, if it has one.
fn quantity(value: Scaled, unit: &str) -> Quantity<'_> {
    let value = Some(Decimal::from_scaled(value.units, value.decimals));
    if unit.is_empty() {
        return Quantity { value, ..Quantity::default() };
    }
    Quantity {
        value,
        unit: Some(Text::from(unit)),
        system: Some(Text::from("http://unitsofmeasure.org")),
        code: Some(Text::from(unit)),
        ..Quantity::default()
    }
}
