//! The chart as it stands at the end of a day: what came later is left out, and what lasted longer is still open.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};

use super::care::Chart;
use super::life::{Life, days_between};
use crate::chart::Marks;
use crate::timeline::{Personal, Prescription, PrescriptionStatus, Timeline};

/// Cuts a chart at the end of the day `as_of`.
///
/// A visit that is still going on is left out with all that belongs to it. Visits do not overlap and are in order of
/// their start, so what is left is a beginning of the list and no index into it changes.
pub(super) fn cut(patient: u64, life: Life, chart: Chart, as_of: NaiveDate) -> Timeline {
    let last = as_of.and_time(NaiveTime::MIN) + chrono::TimeDelta::days(1);
    let by = |at: NaiveDateTime| at < last;
    let n_encounters = chart.encounters.iter().take_while(|encounter| by(encounter.end)).count();
    let kept = |encounter: usize| encounter < n_encounters;
    let kept_if_any = |encounter: Option<usize>| encounter.is_none_or(|encounter| encounter < n_encounters);
    let death = chart.death.filter(|death| by(death.at));
    let born = life.demographics.birth_date;
    let today = days_between(life.demographics.birth_date, as_of);
    let died = death.as_ref().map(|death| days_between(life.demographics.birth_date, death.at.date()));
    let status = |supplied: i32, stop: Option<i32>| {
        let stop = stop.filter(|&stop| stop <= today && stop <= supplied);
        if stop.is_some() || died.is_some_and(|died| died < supplied) {
            PrescriptionStatus::Stopped
        } else if supplied <= today {
            PrescriptionStatus::Completed
        } else {
            PrescriptionStatus::Active
        }
    };
    let date = |day: i32| born.checked_add_days(Days::new(u64::try_from(day).ok()?));
    let ended = |supplied: i32, stop: Option<i32>| {
        let ends = [
            stop.filter(|&stop| stop <= today && stop <= supplied),
            died.filter(|&died| died < supplied),
            Some(supplied).filter(|&supplied| supplied <= today),
        ];
        ends.into_iter().flatten().min().and_then(date)
    };
    let observations: Vec<_> =
        chart.observations.into_iter().take_while(|observation| kept(observation.encounter)).collect();
    Timeline {
        patient,
        marks: Marks::new(),
        problems: chart
            .problems
            .into_iter()
            .filter(|problem| problem.recorded <= as_of && kept_if_any(problem.encounter))
            .map(|mut problem| {
                problem.abated = problem.abated.filter(|&abated| abated <= as_of);
                problem
            })
            .collect(),
        diagnoses: chart.diagnoses.into_iter().filter(|diagnosis| kept(diagnosis.encounter)).collect(),
        reports: chart.reports.into_iter().filter(|report| kept(report.encounter)).collect(),
        observations,
        prescriptions: chart
            .prescriptions
            .into_iter()
            .filter(|(prescription, ..)| kept(prescription.encounter))
            .map(|(prescription, supplied, stop)| Prescription {
                status: status(supplied, stop),
                stopped: stop.filter(|&stop| stop <= today && stop <= supplied).and_then(date),
                ended: ended(supplied, stop),
                ..prescription
            })
            .collect(),
        refusals: chart.refusals.into_iter().filter(|refusal| kept(refusal.encounter)).collect(),
        immunizations: chart.immunizations.into_iter().filter(|immunization| kept(immunization.encounter)).collect(),
        procedures: chart.procedures.into_iter().filter(|procedure| kept(procedure.encounter)).collect(),
        allergies: chart
            .allergies
            .into_iter()
            .filter(|allergy| allergy.recorded <= as_of && kept_if_any(allergy.encounter))
            .collect(),
        specimens: Vec::new(),
        administrations: Vec::new(),
        devices: Vec::new(),
        imaging_studies: Vec::new(),
        supplies: Vec::new(),
        requests: Vec::new(),
        ward_stays: Vec::new(),
        discharges: Vec::new(),
        encounters: chart.encounters.into_iter().take(n_encounters).collect(),
        dispenses: Vec::new(),
        coverages: Vec::new(),
        personal: Personal::default(),
        survey_responses: Vec::new(),
        notes: Vec::new(),
        written_reports: Vec::new(),
        related_persons: Vec::new(),
        care_plans: Vec::new(),
        goals: Vec::new(),
        care_teams: Vec::new(),
        episodes_of_care: Vec::new(),
        provenances: Vec::new(),
        claims: Vec::new(),
        death,
        demographics: life.demographics,
    }
}
