//! A timeline as rows of OMOP CDM v5.4; column by column as `docs/harmonization.md` says.

mod claim;
mod condition;
mod coverage;
mod device;
mod drug;
mod episode;
mod era;
mod event;
mod note;
mod observation;
mod person;
mod procedure;
mod reference;
mod specimen;
mod visit;

use std::collections::BTreeSet;

use twinlake_omop::AnyRow;

use super::Context;
use crate::ids;
use crate::timeline::{EventId, Timeline};

pub use reference::omop_reference;

/// Renders a patient as OMOP rows: the person first, derived rows (observation period, eras) last.
///
/// Rows of a table stand in the order of the timeline. Locations, care sites and providers are in [`omop_reference`].
pub fn omop(context: &Context<'_>, timeline: &Timeline) -> Vec<AnyRow> {
    let patient = Patient { context, timeline, person_id: ids::patient(timeline.patient) };
    let mut rows = Vec::with_capacity(timeline.observations.len() + timeline.encounters.len() * 4 + 16);
    rows.push(person::person(context, timeline).into());
    visit::push_visits(context, timeline, &mut rows);
    visit::push_details(context, timeline, &mut rows);
    rows.extend(timeline.problems.iter().map(|problem| condition::problem(&patient, problem)));
    rows.extend(timeline.diagnoses.iter().map(|diagnosis| condition::diagnosis(&patient, diagnosis)));
    rows.extend(timeline.allergies.iter().map(|allergy| condition::allergy(&patient, allergy)));
    for observation in &timeline.observations {
        observation::push_observation(&patient, observation, &mut rows);
    }
    let handed_out = timeline.dispenses.iter().map(|dispense| dispense.prescription);
    let given = timeline.administrations.iter().filter(|dose| !dose.ahead_of_supply).map(|dose| dose.prescription);
    let filled: BTreeSet<usize> = handed_out.chain(given).collect();
    let unfilled = timeline.prescriptions.iter().enumerate().filter(|(index, _)| !filled.contains(index));
    rows.extend(unfilled.map(|(_, prescription)| drug::prescription(&patient, prescription)));
    rows.extend(timeline.dispenses.iter().map(|dispense| drug::dispense(&patient, dispense)));
    rows.extend(timeline.administrations.iter().map(|dose| drug::administration(&patient, dose)));
    rows.extend(timeline.immunizations.iter().map(|immunization| drug::immunization(&patient, immunization)));
    rows.extend(timeline.procedures.iter().map(|procedure| procedure::procedure(&patient, procedure)));
    rows.extend(timeline.devices.iter().map(|device| device::device(&patient, device)));
    rows.extend(timeline.supplies.iter().map(|supply| device::supply(&patient, supply)));
    rows.extend(timeline.specimens.iter().map(|specimen| specimen::specimen(&patient, specimen)));
    rows.extend(timeline.notes.iter().map(|note| note::note(&patient, note).into()));
    rows.extend(timeline.written_reports.iter().map(|report| note::report(&patient, report).into()));
    episode::push_episodes(&patient, &mut rows);
    rows.extend(person::death(context, timeline).map(AnyRow::from));
    let period = person::observation_period(patient.person_id, &rows);
    let observed_until = period.as_ref().map(|period| period.observation_period_end_date);
    rows.extend(period.map(AnyRow::from));
    rows.extend(timeline.coverages.iter().map(|one| coverage::coverage(&patient, one, observed_until).into()));
    claim::push_costs(&patient, &mut rows);
    era::push_eras(context, patient.person_id, &mut rows);
    rows
}

/// The patient whose rows are made.
struct Patient<'a> {
    context: &'a Context<'a>,
    timeline: &'a Timeline,
    person_id: i64,
}

impl Patient<'_> {
    fn key(&self, event: EventId) -> i64 {
        ids::event(self.timeline.patient, event)
    }

    /// Key of the practitioner seen at an encounter, else of the patient's own.
    fn practitioner(&self, encounter: Option<usize>) -> i64 {
        ids::practitioner(match encounter {
            Some(encounter) => self.timeline.encounters[encounter].practitioner,
            None => self.timeline.demographics.practitioner,
        })
    }

    fn visit(&self, encounter: Option<usize>) -> Option<i64> {
        Some(self.key(self.timeline.encounters[encounter?].event))
    }
}
