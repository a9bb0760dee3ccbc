//! Problems, diagnoses and allergies.

use twinlake_omop::{AnyRow, Table};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::timeline::{Allergy, Diagnosis, Problem};

/// Every condition and allergy of the generator is confirmed.
const CONFIRMED: &str = "confirmed";

pub(super) fn problem(patient: &Patient<'_>, problem: &Problem) -> AnyRow {
    let event = Event {
        key: patient.key(problem.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(problem.concept),
        when: When::from(problem.told_onset().unwrap_or(problem.recorded)),
        type_concept_id: types::PROBLEM_LIST,
        provider_id: Some(patient.practitioner(problem.encounter)),
        visit: None,
    };
    let table = event.table(Table::ConditionOccurrence);
    if table != Table::ConditionOccurrence {
        return event.into_row(table);
    }
    let mut row = event.condition();
    row.condition_end_date = problem.abated;
    row.condition_status_concept_id = Some(patient.context.vocab.condition_status(CONFIRMED));
    row.condition_status_source_value = Some(CONFIRMED.to_owned());
    row.into()
}

pub(super) fn diagnosis(patient: &Patient<'_>, diagnosis: &Diagnosis) -> AnyRow {
    let encounter = &patient.timeline.encounters[diagnosis.encounter];
    let event = Event {
        key: patient.key(diagnosis.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(diagnosis.concept),
        when: When::from(encounter.start),
        type_concept_id: types::ENCOUNTER,
        provider_id: Some(patient.practitioner(Some(diagnosis.encounter))),
        visit: Some(patient.key(encounter.event)),
    };
    let table = event.table(Table::ConditionOccurrence);
    if table != Table::ConditionOccurrence {
        return event.into_row(table);
    }
    let mut row = event.condition();
    row.condition_status_concept_id = Some(patient.context.vocab.condition_status(CONFIRMED));
    row.condition_status_source_value = Some(CONFIRMED.to_owned());
    row.into()
}

pub(super) fn allergy(patient: &Patient<'_>, allergy: &Allergy) -> AnyRow {
    let day = allergy.told_onset().unwrap_or(allergy.recorded);
    let event = Event {
        key: patient.key(allergy.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(allergy.concept),
        when: When::from(day),
        type_concept_id: types::PROBLEM_LIST,
        provider_id: Some(patient.practitioner(allergy.encounter)),
        // The visit is that of the day it was written down.
        visit: patient.visit(allergy.encounter.filter(|_| day == allergy.recorded)),
    };
    let table = event.table(Table::Observation);
    event.into_row(table)
}
