//! Condition to `condition_occurrence`, or to the table of its concept's domain.

use twinlake_fhir::{Abatement, Condition, Onset};
use twinlake_omop::AnyRow;
use twinlake_vocab::types;

use crate::elements;
use crate::event::{Event, Reading, Target, When};

pub(crate) fn rows(reading: &mut Reading<'_, '_>, condition: &Condition<'_>) -> Option<AnyRow> {
    let status = condition.verification_status.as_ref();
    if status.is_some_and(|status| !status.has_code("confirmed")) {
        return reading.lost("verificationStatus");
    }
    let Some(code) = &condition.code else {
        return reading.lost("no-code");
    };
    let has_category = |code| condition.category.iter().any(|category| category.has_code(code));
    let is_encounter_diagnosis = has_category("encounter-diagnosis");
    let is_problem = !is_encounter_diagnosis && has_category("problem-list-item");

    let visit = reading.visit(condition.encounter.as_ref());
    let of_visit = visit.filter(|_| is_encounter_diagnosis).map(|at| at.start);
    let own = || onset(condition.onset.as_ref()).or_else(|| condition.recorded_date.as_ref().map(When::from));
    let Some(when) = of_visit.or_else(own) else {
        return reading.lost("date");
    };
    let end = abatement(condition.abatement.as_ref()).filter(|_| !is_encounter_diagnosis);

    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Condition);
    let event = Event {
        key: reading.key(condition.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when,
        type_concept_id: if is_encounter_diagnosis {
            types::ENCOUNTER
        } else if is_problem {
            types::PROBLEM_LIST
        } else {
            types::EHR
        },
        provider_id: reading.provider(&condition.recorder),
        visit: visit.filter(|_| !is_problem),
    };
    let used = [
        "verificationStatus",
        "category",
        "code",
        "subject",
        "encounter",
        "onsetDateTime",
        "onsetPeriod.start",
        "abatementDateTime",
        "abatementPeriod.end",
        "recordedDate",
        "recorder",
    ];
    elements::count("Condition", condition, &condition.extension, &used, &[], reading.losses);
    if target != Target::Condition {
        return Some(event.into_row(target));
    }
    let mut row = event.into_condition();
    row.condition_end_date = end.map(|end| end.date);
    row.condition_end_datetime = end.and_then(|end| end.datetime);
    let status = status.and_then(|status| status.coding.iter().find_map(|coding| coding.code.as_deref()));
    row.condition_status_concept_id = status.map(|status| reading.context.vocab.condition_status(status));
    row.condition_status_source_value = status.map(str::to_owned);
    Some(row.into())
}

/// The day something began, where it is told as a date.
pub(crate) fn onset(onset: Option<&Onset<'_>>) -> Option<When> {
    match onset? {
        Onset::DateTime(time) => Some(time.into()),
        Onset::Period(period) => period.start.as_ref().map(When::from),
        Onset::Age(_) | Onset::Range(_) | Onset::String(_) => None,
    }
}

fn abatement(abatement: Option<&Abatement<'_>>) -> Option<When> {
    match abatement? {
        Abatement::DateTime(time) => Some(time.into()),
        Abatement::Period(period) => period.end.as_ref().map(When::from),
        Abatement::Age(_) | Abatement::Range(_) | Abatement::String(_) => None,
    }
}
