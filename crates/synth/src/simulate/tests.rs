//! The laws of the simulation, over many patients.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use chrono::{Datelike as _, Days, NaiveDate};
use proptest::prelude::*;
use twinlake_pack::Pack;

use super::{Model, average_glucose, body_mass_index, egfr, friedewald, simulate};
use crate::timeline::{
    Category, ConceptKey, Course, Dispense, EncounterClass, EventId, Observation, Purpose, RequestCategory, Service,
    Sex, Timeline, Value, Ward,
};

const SEED: u64 = 42;
const N: u64 = 10_000;

pub(super) fn cohort() -> &'static [Timeline] {
    static COHORT: OnceLock<Vec<Timeline>> = OnceLock::new();
    COHORT.get_or_init(|| {
        let pack = Pack::embedded();
        let model = Model::new(pack);
        (1..=N).map(|patient| model.draw(SEED, patient, pack.reference_date)).collect()
    })
}

pub(super) fn key(name: &str) -> ConceptKey {
    Pack::embedded().key(name).unwrap()
}

pub(super) fn age_at(timeline: &Timeline, date: NaiveDate) -> i32 {
    let born = timeline.demographics.birth_date;
    date.year() - born.year() - i32::from((date.month(), date.day()) < (born.month(), born.day()))
}

/// Every event: what it is, its id, and the first and last moment it claims.
pub(super) fn events(timeline: &Timeline) -> Vec<(&'static str, EventId, ConceptKey, NaiveDate, NaiveDate)> {
    let mut all = Vec::new();
    let visit = |index: usize| timeline.encounters[index].start.date();
    for item in &timeline.encounters {
        all.push(("encounter", item.event, item.kind, item.start.date(), item.end.date()));
    }
    for item in &timeline.problems {
        all.push(("problem", item.event, item.concept, item.onset, item.abated.unwrap_or(item.recorded)));
    }
    for item in &timeline.diagnoses {
        all.push(("diagnosis", item.event, item.concept, visit(item.encounter), visit(item.encounter)));
    }
    for item in &timeline.observations {
        all.push(("observation", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.reports {
        all.push(("report", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.prescriptions {
        all.push(("prescription", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.immunizations {
        all.push(("immunization", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.refusals {
        all.push(("refusal", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.procedures {
        all.push(("procedure", item.event, item.concept, item.start.date(), item.end.date()));
    }
    for item in &timeline.requests {
        all.push(("request", item.event, item.concept, item.authored.date(), item.done.date()));
    }
    for item in &timeline.specimens {
        all.push(("specimen", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.administrations {
        let (at, concept) = (item.at.date(), timeline.prescriptions[item.prescription].concept);
        all.push(("administration", item.event, concept, at, at));
    }
    for item in &timeline.devices {
        let procedure = &timeline.procedures[item.procedure];
        all.push(("device", item.event, item.concept, procedure.start.date(), procedure.end.date()));
    }
    for item in &timeline.supplies {
        all.push(("supply", item.event, item.concept, item.at.date(), item.at.date()));
    }
    for item in &timeline.imaging_studies {
        let procedure = &timeline.procedures[item.procedure];
        all.push(("imaging study", item.event, procedure.concept, procedure.start.date(), procedure.end.date()));
    }
    for item in &timeline.allergies {
        all.push(("allergy", item.event, item.concept, item.onset, item.recorded));
    }
    for item in &timeline.related_persons {
        let first = visit(item.encounter);
        all.push(("related person", item.event, key("wellness-visit"), first, item.until.unwrap_or(first).max(first)));
    }
    let planned = |course: Course, encounter: usize| (visit(encounter), course.end().unwrap_or(visit(encounter)));
    for item in &timeline.care_plans {
        let (first, last) = planned(item.course, item.encounter);
        let concept = match item.purpose {
            Purpose::Prevention => key("wellness-visit"),
            Purpose::Problem(problem) => timeline.problems[problem].concept,
        };
        all.push(("care plan", item.event, concept, first, last));
    }
    for item in &timeline.goals {
        let plan = &timeline.care_plans[item.plan];
        let (first, last) = planned(plan.course, plan.encounter);
        all.push(("goal", item.event, item.measure, first, last));
    }
    for item in &timeline.care_teams {
        let (first, last) = planned(item.course, item.encounter);
        all.push(("care team", item.event, key("wellness-visit"), first, last));
    }
    for item in &timeline.episodes_of_care {
        let (first, last) = planned(item.course, item.encounters[0]);
        all.push(("episode of care", item.event, timeline.problems[item.problem].concept, first, last));
    }
    for item in &timeline.provenances {
        all.push(("provenance", item.event, key("wellness-visit"), visit(item.encounter), item.recorded.date()));
    }
    for item in &timeline.dispenses {
        let (at, concept) = (item.at.date(), timeline.prescriptions[item.prescription].concept);
        all.push(("dispense", item.event, concept, at, at));
    }
    for item in &timeline.coverages {
        all.push(("coverage", item.event, key("wellness-visit"), item.start, item.end.unwrap_or(item.start)));
    }
    for item in &timeline.notes {
        let kind = timeline.encounters[item.encounter].kind;
        all.push(("note", item.event, kind, item.at.date(), item.at.date()));
    }
    for item in &timeline.survey_responses {
        let score = &timeline.observations[item.score];
        all.push(("survey response", item.event, score.concept, score.at.date(), score.at.date()));
    }
    for item in &timeline.written_reports {
        let procedure = timeline.procedures[item.procedure].concept;
        all.push(("written report", item.event, procedure, item.at.date(), item.at.date()));
        let filed = item.document.map(|event| ("filed report", event, procedure, item.at.date(), item.at.date()));
        all.extend(filed);
    }
    for item in &timeline.claims {
        let (at, concept) = (item.at.date(), item.items[0].concept);
        all.push(("claim", item.event, concept, at, at));
        all.push(("decision", item.decision_event, concept, at, at));
    }
    all
}

#[test]
fn nothing_happens_before_birth_after_death_or_after_the_reference_date() {
    let pack = Pack::embedded();
    let opens = pack.reference_date - chrono::Months::new(12 * pack.window_years);
    for timeline in cohort() {
        let born = timeline.demographics.birth_date;
        let end = timeline.death.as_ref().map_or(pack.reference_date, |death| death.at.date());
        assert!(end <= pack.reference_date);
        for (what, event, concept, first, last) in events(timeline) {
            let place = || format!("patient {} {what} {event:?} {}", timeline.patient, pack.concept(concept).key);
            assert!(first >= born, "{} begins {first}, born {born}", place());
            assert!(last <= end, "{} ends {last}, after {end}", place());
            assert!(first <= last, "{}", place());
            if !matches!(what, "problem" | "allergy") {
                assert!(first >= opens, "{} is before the window", place());
            }
        }
        if let Some(death) = &timeline.death {
            assert!(timeline.encounters.iter().all(|encounter| encounter.end <= death.at));
            assert!(death.at.date() >= opens.max(born));
        }
    }
}

#[test]
fn everybody_is_seen_and_no_two_visits_overlap() {
    for timeline in cohort() {
        assert!(timeline.is_charted(), "patient {} has no encounter", timeline.patient);
        for encounter in &timeline.encounters {
            assert!(encounter.start < encounter.end, "patient {} {encounter:?}", timeline.patient);
        }
        for pair in timeline.encounters.windows(2) {
            assert!(pair[0].end <= pair[1].start, "patient {}: {:?} and {:?}", timeline.patient, pair[0], pair[1]);
        }
        let inside = |index: usize, at: chrono::NaiveDateTime| {
            (timeline.encounters[index].start..=timeline.encounters[index].end).contains(&at)
        };
        assert!(timeline.observations.iter().all(|item| inside(item.encounter, item.at)));
        assert!(timeline.procedures.iter().all(|item| inside(item.encounter, item.start)));
        assert!(timeline.prescriptions.iter().all(|item| inside(item.encounter, item.at)));
        assert!(timeline.immunizations.iter().all(|item| inside(item.encounter, item.at)));
        assert!(timeline.refusals.iter().all(|item| inside(item.encounter, item.at)));
        assert!(timeline.specimens.iter().all(|item| inside(item.encounter, item.at)));
        for report in &timeline.reports {
            assert!(!report.results.is_empty());
            assert!(report.results.iter().all(|&index| timeline.observations[index].encounter == report.encounter));
        }
    }
}

#[test]
fn every_laboratory_result_was_measured_in_one_specimen() {
    for timeline in cohort() {
        let mut measured = BTreeSet::new();
        for specimen in &timeline.specimens {
            for &result in &specimen.results {
                let observation = &timeline.observations[result];
                assert!(measured.insert(result), "patient {}: {observation:?} in two", timeline.patient);
                assert_eq!(observation.encounter, specimen.encounter);
                assert!(specimen.at <= observation.at);
            }
        }
        // The stage of a tumour is a judgement on many findings, not the reading of a sample.
        let is_read =
            |item: &&Observation| item.category == Category::Laboratory && item.concept != key("cancer-stage");
        let laboratory = timeline.observations.iter().filter(is_read).count();
        assert_eq!(measured.len(), laboratory, "patient {}", timeline.patient);
    }
}

#[test]
fn what_staff_give_is_given_at_the_visit_and_never_handed_out() {
    let pack = Pack::embedded();
    let given: BTreeSet<ConceptKey> = pack
        .medications
        .iter()
        .filter(|drug| drug.given_hours.is_some())
        .filter_map(|drug| pack.key(&drug.concept))
        .collect();
    let (mut n_doses, mut n_ahead, mut most) = (0, 0, 0);
    for timeline in cohort() {
        let dispensed: BTreeSet<usize> = timeline.dispenses.iter().map(|fill| fill.prescription).collect();
        let mut doses: BTreeMap<usize, usize> = BTreeMap::new();
        for dose in &timeline.administrations {
            let prescription = &timeline.prescriptions[dose.prescription];
            let end = timeline.encounters[prescription.encounter].end;
            assert!(prescription.at <= dose.at && dose.at <= end, "patient {} {dose:?}", timeline.patient);
            let of_prescription = timeline.administrations.iter().filter(|one| one.prescription == dose.prescription);
            assert!(!dose.ahead_of_supply || of_prescription.count() == 1, "patient {} {dose:?}", timeline.patient);
            if dose.ahead_of_supply {
                n_ahead += 1;
            } else {
                *doses.entry(dose.prescription).or_default() += 1;
            }
        }
        for (index, prescription) in timeline.prescriptions.iter().enumerate() {
            let is_given = given.contains(&prescription.concept);
            assert_eq!(doses.contains_key(&index), is_given, "patient {} {prescription:?}", timeline.patient);
            assert!(!is_given || !dispensed.contains(&index), "patient {} {prescription:?}", timeline.patient);
        }
        n_doses += doses.values().sum::<usize>();
        most = most.max(doses.into_values().max().unwrap_or(0));
    }
    assert!(n_doses > 500 && most > 10, "{n_doses} doses, {most} of one prescription");
    assert!(n_ahead > 100, "{n_ahead} doses ahead of a supply");
}

#[test]
fn a_device_is_fresh_when_it_is_put_in_and_all_imaging_makes_pictures() {
    let pack = Pack::embedded();
    let imaging: BTreeSet<ConceptKey> = pack
        .procedures
        .iter()
        .filter(|procedure| procedure.category == Some(twinlake_pack::ProcedureCategory::Imaging))
        .filter_map(|procedure| pack.key(&procedure.concept))
        .collect();
    let (mut n_devices, mut n_interventions, mut n_studies) = (0, 0, 0);
    for timeline in cohort() {
        let count = |concept| timeline.procedures.iter().filter(|one| one.concept == concept).count();
        n_interventions += count(key("coronary-intervention"));
        n_devices += timeline.devices.len();
        for device in &timeline.devices {
            let procedure = &timeline.procedures[device.procedure];
            assert_eq!(procedure.concept, key("coronary-intervention"));
            assert!(device.made < procedure.start.date() && procedure.start.date() < device.expires, "{device:?}");
        }
        let of: Vec<usize> = timeline.imaging_studies.iter().map(|study| study.procedure).collect();
        let made = timeline.procedures.iter().enumerate().filter(|(_, one)| imaging.contains(&one.concept));
        assert_eq!(of, made.map(|(index, _)| index).collect::<Vec<_>>(), "patient {}", timeline.patient);
        assert!(timeline.imaging_studies.iter().all(|study| study.series.iter().sum::<u32>() > 0));
        n_studies += of.len();
    }
    let each = to_f64(n_devices) / to_f64(n_interventions);
    assert!(n_interventions > 20 && (0.8..1.5).contains(&each), "{n_devices} in {n_interventions} interventions");
    assert!(n_studies > 1000, "{n_studies} studies");
}

#[test]
fn what_is_handed_out_is_called_for_by_a_condition_that_has_not_passed() {
    let pack = Pack::embedded();
    let mut times: BTreeMap<ConceptKey, usize> = BTreeMap::new();
    for timeline in cohort() {
        for supply in &timeline.supplies {
            let condition = pack.conditions.iter().find(|condition| condition.key.0 == supply.cause).unwrap();
            let of = pack.key(&condition.concept).unwrap();
            assert!(condition.supplies.iter().any(|one| pack.key(&one.concept) == Some(supply.concept)), "{supply:?}");
            let day = supply.at.date();
            let lasts = timeline.problems.iter().any(|problem| {
                problem.concept == of && problem.recorded < day && problem.abated.is_none_or(|abated| day < abated)
            });
            let diagnosed = timeline
                .diagnoses
                .iter()
                .any(|diagnosis| diagnosis.concept == of && timeline.encounters[diagnosis.encounter].end.date() < day);
            assert!(lasts || diagnosed, "patient {} {supply:?}", timeline.patient);
            *times.entry(supply.concept).or_default() += 1;
        }
        let is_insulin = |concept: &ConceptKey| [key("insulin-70-30"), key("insulin-regular-100")].contains(concept);
        let injects = timeline.prescriptions.iter().any(|drug| is_insulin(&drug.concept));
        let type_1 = timeline.problems.iter().any(|problem| problem.concept == key("type-1-diabetes"));
        let tests = timeline.supplies.iter().any(|supply| supply.concept == key("glucose-testing-supplies"));
        assert!(!tests || injects || type_1, "patient {}", timeline.patient);
    }
    let n = |name| times.get(&key(name)).copied().unwrap_or_default();
    assert!(n("glucose-testing-supplies") > 4 * n("glucometer") && n("glucometer") > 10, "{times:?}");
    assert!(n("nebulizer") > 10 && n("crutch") > 10 && n("walking-aid") > 0, "{times:?}");
}

#[test]
fn a_vaccine_is_refused_in_place_of_being_given_and_not_each_time_anew() {
    let (mut n_given, mut n_refused) = (0, 0);
    for timeline in cohort() {
        let mut last: BTreeMap<ConceptKey, NaiveDate> = BTreeMap::new();
        for refusal in &timeline.refusals {
            let is_both = |given: &crate::timeline::Immunization| {
                (given.concept, given.encounter) == (refusal.concept, refusal.encounter)
            };
            assert!(!timeline.immunizations.iter().any(is_both), "patient {} {refusal:?}", timeline.patient);
            let day = refusal.at.date();
            let before = last.insert(refusal.concept, day);
            assert!(before.is_none_or(|before| (day - before).num_days() > 300), "patient {}", timeline.patient);
        }
        n_given += timeline.immunizations.len();
        n_refused += timeline.refusals.len();
    }
    let share = to_f64(n_refused) / to_f64(n_given + n_refused);
    assert!((0.05..0.35).contains(&share), "{n_refused} refused, {n_given} given");
}

#[test]
fn wards_follow_each_other_from_the_start_of_a_visit_to_its_end() {
    let mut intensive = 0;
    for timeline in cohort() {
        for (index, encounter) in timeline.encounters.iter().enumerate() {
            let stays: Vec<_> = timeline.ward_stays.iter().filter(|stay| stay.encounter == index).collect();
            let in_hospital = matches!(encounter.class, EncounterClass::Emergency | EncounterClass::Inpatient);
            assert_eq!(stays.is_empty(), !in_hospital, "patient {} {encounter:?}", timeline.patient);
            let Some((first, last)) = stays.first().zip(stays.last()) else { continue };
            assert_eq!((first.start, last.end), (encounter.start, encounter.end));
            assert!(stays.iter().all(|stay| stay.start < stay.end));
            assert!(stays.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].ward != pair[1].ward));
            intensive += usize::from(stays.iter().any(|stay| stay.ward == Ward::IntensiveCare));
        }
        let died =
            |index: usize| timeline.death.as_ref().is_some_and(|death| death.at <= timeline.encounters[index].end);
        assert!(timeline.discharges.iter().all(|discharge| !died(discharge.encounter)));
    }
    assert!(intensive > 100, "{intensive} visits to intensive care");
}

#[test]
fn every_report_has_its_request() {
    for timeline in cohort() {
        let n = timeline.requests.iter().filter(|request| request.category == RequestCategory::Laboratory).count();
        assert_eq!(n, timeline.reports.len(), "patient {}", timeline.patient);
        assert!(timeline.requests.iter().all(|request| request.authored <= request.done));
    }
}

#[test]
fn event_ids_are_unique_and_fit_the_key() {
    for timeline in cohort() {
        let mut seen = BTreeSet::new();
        for (what, event, ..) in events(timeline) {
            assert!(event.stream < 512 && event.ordinal < 1 << 20);
            assert!(seen.insert(event), "patient {}: {what} {event:?} is there twice", timeline.patient);
        }
        if let Some(death) = &timeline.death {
            assert!(seen.insert(death.cause_event));
        }
    }
}

#[test]
fn constraints_hold() {
    let pack = Pack::embedded();
    for timeline in cohort() {
        let problems: BTreeSet<ConceptKey> = timeline.problems.iter().map(|problem| problem.concept).collect();
        for (what, _, concept, first, _) in events(timeline) {
            for constraint in pack.constraints().iter().filter(|constraint| constraint.concept == concept) {
                let place = || format!("patient {} {what} {}", timeline.patient, pack.concept(concept).key);
                let age = age_at(timeline, first);
                let [low, high] = [constraint.min_age, constraint.max_age].map(|age| age.map(u32::cast_signed));
                assert!(low.is_none_or(|low| low <= age), "{} at {age}", place());
                assert!(high.is_none_or(|high| age <= high), "{} at {age}", place());
                let sex = match timeline.demographics.sex {
                    Sex::Female => twinlake_pack::Sex::Female,
                    Sex::Male => twinlake_pack::Sex::Male,
                };
                assert!(constraint.sex.is_none_or(|only| only == sex), "{}", place());
                let causes = &constraint.requires_any;
                assert!(causes.is_empty() || causes.iter().any(|cause| problems.contains(cause)), "{}", place());
            }
        }
    }
}

#[test]
fn the_living_follow_the_pyramid_and_some_have_died() {
    let pack = Pack::embedded();
    let total: f64 = pack.population.pyramid.iter().map(|band| band.weight).sum();
    let living: Vec<&Timeline> = cohort().iter().filter(|timeline| timeline.death.is_none()).collect();
    let n = to_f64(living.len());
    for (low, high) in [(0, 17), (18, 39), (40, 64), (65, 200)] {
        let fits = |age: u32| low <= age && age <= high;
        let bands = pack.population.pyramid.iter().filter(|band| {
            // Two bands straddle a limit by a part of their years.
            fits(band.age_low)
        });
        let mut target: f64 = bands.map(|band| band.weight).sum::<f64>() / total;
        // 15-19 holds two years of adults.
        let teens: f64 =
            pack.population.pyramid.iter().filter(|band| band.age_low == 15).map(|band| band.weight).sum::<f64>()
                / total;
        match low {
            0 => target -= teens * 0.4,
            18 => target += teens * 0.4,
            _ => {}
        }
        let count = living.iter().filter(|timeline| fits(age_at(timeline, pack.reference_date).unsigned_abs())).count();
        let share = to_f64(count) / n;
        assert!((share - target).abs() < 0.015, "ages {low}-{high}: {share:.3}, pyramid {target:.3}");
    }
    let died = 1.0 - n / to_f64(cohort().len());
    let expected = Model::new(pack).frame.share_who_died(pack);
    assert!((died / expected - 1.0).abs() < 0.1, "{died:.4} died in the window, {expected:.4} expected");
    let named = cohort().iter().filter_map(|timeline| timeline.death.as_ref()).filter(|death| death.cause.is_some());
    assert!(named.count() > 50);
}

#[test]
fn recorded_prevalence_meets_the_targets() {
    let pack = Pack::embedded();
    let (mut all, mut misses) = (Vec::new(), 0);
    for target in &pack.targets {
        let concept = pack.key(&target.concept).unwrap();
        let people: Vec<&Timeline> = cohort()
            .iter()
            .filter(|timeline| timeline.death.is_none())
            .filter(|timeline| {
                let age = age_at(timeline, pack.reference_date).unsigned_abs();
                target.min_age <= age && target.max_age.is_none_or(|high| age <= high)
            })
            .filter(|timeline| match target.sex {
                Some(twinlake_pack::Sex::Female) => timeline.demographics.sex == Sex::Female,
                Some(twinlake_pack::Sex::Male) => timeline.demographics.sex == Sex::Male,
                None => true,
            })
            .collect();
        let with = people.iter().filter(|timeline| has(timeline, concept)).count();
        let percent = 100.0 * to_f64(with) / to_f64(people.len());
        let said = format!(
            "{} {:?}: {percent:.1} %, target {} ± {}",
            target.concept, target.sex, target.value, target.tolerance
        );
        if (percent - target.value).abs() > target.tolerance {
            misses += 1;
        }
        all.push(said);
    }
    assert_eq!(misses, 0, "{all:#?}");
}

fn has(timeline: &Timeline, concept: ConceptKey) -> bool {
    timeline.problems.iter().any(|problem| problem.concept == concept && problem.abated.is_none())
}

#[test]
fn disease_and_treatment_move_the_labs() {
    let diabetes = key("type-2-diabetes");
    let drugs = ["metformin-er-500", "liraglutide-pen", "insulin-70-30"].map(key);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for timeline in cohort() {
        let results = numbers(timeline, key("hba1c"));
        if has(timeline, diabetes) {
            with.extend(results.iter().map(|(_, value)| *value));
        } else {
            without.extend(results.iter().map(|(_, value)| *value));
        }
        let mut starts = timeline.prescriptions.iter().filter(|item| drugs.contains(&item.concept));
        if let Some(first) = starts.next().filter(|first| is_new(first.at.date())) {
            before.extend(results.iter().filter(|(at, _)| *at <= first.at.date()).map(|(_, value)| *value).next_back());
            let later = first.at.date() + Days::new(80);
            after.extend(results.iter().find(|(at, _)| *at >= later).map(|(_, value)| *value));
        }
    }
    let [without, with, before, after] = [without, with, before, after].map(|values| mean(&values));
    assert!(with > without + 1.0, "HbA1c {with:.2} with diabetes, {without:.2} without");
    assert!(after < before - 0.4, "HbA1c {before:.2} before and {after:.2} after the first drug");

    for (drug, lab, drop) in [("atorvastatin-20", "ldl-cholesterol", 25.0), ("lisinopril-10", "blood-pressure", 4.0)] {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for timeline in cohort() {
            let results = numbers(timeline, key(lab));
            let Some(first) = timeline.prescriptions.iter().find(|item| item.concept == key(drug)) else { continue };
            if !is_new(first.at.date()) {
                continue;
            }
            before.extend(results.iter().rfind(|(at, _)| *at <= first.at.date()).map(|(_, value)| *value));
            let later = first.at.date() + Days::new(60);
            after.extend(results.iter().find(|(at, _)| *at >= later).map(|(_, value)| *value));
        }
        let (before, after) = (mean(&before), mean(&after));
        assert!(after < before - drop, "{lab} {before:.1} before and {after:.1} after {drug}");
    }

    let egfr_of = |concept: &str| {
        let people = cohort().iter().filter(|timeline| has(timeline, key(concept)));
        let last = people.filter_map(|timeline| numbers(timeline, key("egfr")).last().map(|(_, value)| *value));
        mean(&last.collect::<Vec<_>>())
    };
    let (third, fourth) = (egfr_of("ckd-stage-3"), egfr_of("ckd-stage-4"));
    assert!(third < 70.0 && fourth < third - 8.0, "eGFR {third:.0} in stage 3, {fourth:.0} in stage 4");
}

#[test]
fn identities_hold_in_the_numbers_as_written() {
    let mut checked = BTreeMap::new();
    for timeline in cohort() {
        let mut visits: BTreeMap<(usize, NaiveDate), BTreeMap<&str, f64>> = BTreeMap::new();
        for observation in &timeline.observations {
            if let Some(value) = quantity(observation) {
                let name = Pack::embedded().concept(observation.concept).key;
                visits.entry((observation.encounter, observation.at.date())).or_default().insert(name, value);
            }
        }
        for ((encounter, date), values) in visits {
            let get = |name: &str| values.get(name).copied();
            let mut check = |name: &'static str, expected: Option<f64>, within: f64| {
                if let (Some(stated), Some(expected)) = (get(name), expected) {
                    let place = format!("patient {} visit {encounter}", timeline.patient);
                    assert!((stated - expected).abs() <= within, "{place}: {name} {stated}, {expected}");
                    *checked.entry(name).or_insert(0) += 1;
                }
            };
            let bmi = get("body-weight").zip(get("body-height"));
            check("body-mass-index", bmi.map(|(weight, height)| body_mass_index(weight, height)), 0.051);
            let ldl = get("total-cholesterol").zip(get("hdl-cholesterol")).zip(get("triglycerides"));
            let ldl = ldl.map(|((total, hdl), triglycerides)| friedewald(total, hdl, triglycerides).max(5.0));
            check("ldl-cholesterol", ldl, 0.51);
            check("estimated-average-glucose", get("hba1c").map(average_glucose), 0.51);
            let sex = match timeline.demographics.sex {
                Sex::Female => twinlake_pack::Sex::Female,
                Sex::Male => twinlake_pack::Sex::Male,
            };
            let age = f64::from(age_at(timeline, date));
            let creatinine = get("creatinine");
            let ratio = |of: &str, by: &str, factor: f64| get(of).zip(get(by)).map(|(of, by)| of / by * factor);
            check("mean-corpuscular-volume", ratio("haematocrit", "erythrocytes", 10.0), 0.051);
            check("mean-corpuscular-haemoglobin", ratio("haemoglobin", "erythrocytes", 10.0), 0.051);
            check("mean-corpuscular-haemoglobin-concentration", ratio("haemoglobin", "haematocrit", 100.0), 0.051);
            let albumin = get("urine-albumin-creatinine-ratio").zip(get("urine-creatinine"));
            check("urine-albumin", albumin.map(|(ratio, creatinine)| (ratio * creatinine * 0.01).max(0.5)), 0.051);
            let gap = get("sodium").zip(get("chloride")).zip(get("carbon-dioxide"));
            if let Some(((sodium, chloride), carbon_dioxide)) = gap {
                let gap = sodium - chloride - carbon_dioxide;
                assert!((4.0..22.0).contains(&gap), "patient {} visit {encounter}: anion gap {gap}", timeline.patient);
            }
            check("egfr", creatinine.map(|creatinine| egfr(creatinine, sex, age).clamp(3.0, 160.0)), 0.51);
        }
    }
    assert!(checked.len() == 8 && checked.values().all(|&n| n > 1000), "{checked:?}");
}

#[test]
fn an_epidemic_begins_when_the_calendar_says() {
    let first = NaiveDate::from_ymd_opt(2020, 3, 1).unwrap();
    let mut years: BTreeMap<i32, usize> = BTreeMap::new();
    for timeline in cohort() {
        for diagnosis in timeline.diagnoses.iter().filter(|diagnosis| diagnosis.concept == key("covid-19")) {
            let date = timeline.encounters[diagnosis.encounter].start.date();
            assert!(date >= first, "patient {}: {date}", timeline.patient);
            *years.entry(date.year()).or_default() += 1;
        }
    }
    assert_eq!(years.keys().copied().collect::<Vec<_>>(), [2020, 2021, 2022, 2023, 2024, 2025]);
    assert!(years[&2022] > 2 * years[&2024], "{years:?}");
}

#[test]
fn what_can_pass_does_in_some_and_its_drugs_end() {
    let mut passed = 0;
    for (name, drugs) in
        [("major-depression", ["sertraline-100", "fluoxetine-20"]), ("anaemia", ["ferrous-sulfate-325"; 2])]
    {
        let drugs: Vec<ConceptKey> = drugs.iter().filter_map(|drug| Pack::embedded().key(drug)).collect();
        for timeline in cohort() {
            for problem in timeline.problems.iter().filter(|problem| problem.concept == key(name)) {
                let Some(abated) = problem.abated else { continue };
                passed += 1;
                assert!(abated >= problem.recorded);
                let later = timeline.diagnoses.iter().filter(|diagnosis| diagnosis.concept == problem.concept);
                let later = later.map(|diagnosis| timeline.encounters[diagnosis.encounter].start.date()).max();
                assert!(later.is_none_or(|later| later < abated), "patient {}", timeline.patient);
                let for_it = timeline.prescriptions.iter().filter(|item| item.reason == Some(problem.concept));
                assert!(for_it.filter(|item| drugs.contains(&item.concept)).all(|item| item.at.date() <= abated));
            }
        }
    }
    assert!(passed > 100, "{passed}");
}

#[test]
fn pregnancies_are_seen_end_in_hospital_and_do_not_overlap() {
    let delivered = [key("delivery"), key("cesarean-section")];
    let (mut births, mut cesareans, mut visits, mut woman_years) = (0, 0, 0, 0.0);
    for timeline in cohort() {
        let day = |encounter: usize| timeline.encounters[encounter].start.date();
        let pregnancies: Vec<_> =
            timeline.problems.iter().filter(|problem| problem.concept == key("pregnancy")).collect();
        let reference = Pack::embedded().reference_date;
        let age = age_at(timeline, reference);
        if timeline.demographics.sex == Sex::Female && (25..50).contains(&age) && timeline.death.is_none() {
            woman_years += 10.0;
            births += pregnancies.iter().filter(|pregnancy| pregnancy.abated.is_some()).count();
        }
        for pair in pregnancies.windows(2) {
            let end = pair[0].abated.expect("an earlier pregnancy is over");
            assert!(end < pair[1].onset, "patient {}", timeline.patient);
        }
        for pregnancy in pregnancies {
            let end = timeline.death.as_ref().map_or(reference, |death| death.at.date());
            let last = pregnancy.abated.unwrap_or(end);
            let days = (last - pregnancy.onset).num_days();
            assert!((0..=330).contains(&days), "patient {}: {days} days", timeline.patient);
            let during = |date: NaiveDate| (pregnancy.onset..=last).contains(&date);
            let seen = timeline.encounters.iter().filter(|item| item.kind == key("prenatal-visit"));
            visits += seen.filter(|item| during(item.start.date())).count();
            let Some(end) = pregnancy.abated else { continue };
            let stay = timeline
                .encounters
                .iter()
                .position(|item| item.start.date() == end && item.reason == Some(pregnancy.concept));
            let stay = stay.unwrap_or_else(|| panic!("patient {}: no stay on {end}", timeline.patient));
            assert_eq!(timeline.encounters[stay].class, crate::timeline::EncounterClass::Inpatient);
            let done: Vec<_> = timeline.procedures.iter().filter(|item| item.encounter == stay).collect();
            assert!(done.iter().any(|item| delivered.contains(&item.concept)), "patient {}", timeline.patient);
            cesareans += done.iter().filter(|item| item.concept == delivered[1]).count();
            let said = |name: &str| {
                timeline.diagnoses.iter().any(|item| item.concept == key(name) && day(item.encounter) == end)
            };
            assert!(said("mother-delivered") && said("livebirth"), "patient {}", timeline.patient);
        }
    }
    let per_year = to_f64(births) / woman_years;
    assert!((0.04..0.09).contains(&per_year), "{per_year:.3} births a year of women of 25 to 49, ten years long");
    assert!((0.25..0.40).contains(&(to_f64(cesareans) / to_f64(births.max(1)))), "{cesareans} of {births}");
    assert!(visits > 8 * births, "{visits} visits, {births} births");
}

#[test]
fn a_tumour_has_one_stage_for_life() {
    let mut staged = 0;
    for timeline in cohort() {
        let mut by_site: BTreeMap<u16, usize> = BTreeMap::new();
        for item in timeline.observations.iter().filter(|item| item.concept == key("cancer-stage")) {
            assert!(matches!(item.value, Value::Text(text) if text.starts_with("Stage ")), "{item:?}");
            *by_site.entry(item.event.stream).or_default() += 1;
        }
        assert!(by_site.values().all(|&n| n == 1), "patient {}: {by_site:?}", timeline.patient);
        staged += by_site.len();
    }
    assert!(staged > 50, "{staged}");
}

#[test]
fn no_visit_has_two_results_of_one_concept() {
    let (stages, mut twice) = (key("cancer-stage"), 0);
    for timeline in cohort() {
        let mut seen = BTreeSet::new();
        for item in &timeline.observations {
            assert!(seen.insert((item.encounter, item.concept)), "patient {}: {item:?}", timeline.patient);
        }
        let tumours = timeline.observations.iter().filter(|item| item.concept == stages).count();
        twice += usize::from(tumours > 1);
    }
    assert!(twice > 0, "nobody has two tumours, where the fault would be");
}

#[test]
fn who_pays_follows_the_shares_of_the_pack() {
    let pack = Pack::embedded();
    for (low, high) in [(20, 39), (42, 64), (66, 100)] {
        let people: Vec<&Timeline> = cohort()
            .iter()
            .filter(|timeline| timeline.death.is_none())
            .filter(|timeline| (low..=high).contains(&age_at(timeline, pack.reference_date)))
            // Whoever was not seen of late may have a payer that nobody wrote down.
            .filter(|timeline| timeline.encounters.iter().any(|visit| visit.start.year() == pack.reference_date.year()))
            .collect();
        let with = |kind: twinlake_pack::PayerKind| {
            let has = |timeline: &&&Timeline| {
                let mut coverages = timeline.coverages.iter().filter(|one| one.is_in_force(pack.reference_date));
                coverages.any(|one| pack.payers.payer[one.payer].kind == kind)
            };
            to_f64(people.iter().filter(has).count()) / to_f64(people.len())
        };
        let expected = |of: fn(&twinlake_pack::PayerShare) -> f64| {
            let sex = |timeline: &&Timeline| match timeline.demographics.sex {
                Sex::Female => twinlake_pack::Sex::Female,
                Sex::Male => twinlake_pack::Sex::Male,
            };
            let age = |timeline: &&Timeline| age_at(timeline, pack.reference_date).unsigned_abs();
            let shares = people.iter().map(|timeline| of(pack.payers.share(sex(timeline), age(timeline))));
            shares.sum::<f64>() / to_f64(people.len())
        };
        for (kind, target) in [
            (twinlake_pack::PayerKind::Medicare, expected(|share| share.medicare)),
            (twinlake_pack::PayerKind::Medicaid, expected(|share| share.medicaid)),
        ] {
            let share = with(kind);
            assert!((share - target).abs() < 0.03, "ages {low}-{high} {kind:?}: {share:.3}, pack {target:.3}");
        }
    }
}

#[test]
fn prescriptions_are_filled_in_order_and_most_of_them_are() {
    let (mut n_due, mut n_filled, mut n_refills) = (0, 0, 0);
    for timeline in cohort() {
        let mut fills: BTreeMap<usize, Vec<&crate::timeline::Dispense>> = BTreeMap::new();
        for dispense in &timeline.dispenses {
            fills.entry(dispense.prescription).or_default().push(dispense);
        }
        let settled = Pack::embedded().reference_date - Days::new(10);
        n_due += timeline.prescriptions.iter().filter(|one| one.at.date() < settled).count();
        n_filled += fills.len();
        for (index, fills) in fills {
            let prescription = &timeline.prescriptions[index];
            assert!(fills.len() <= 1 + prescription.refills as usize);
            n_refills += fills.len() - 1;
            for (number, fill) in (0..).zip(&fills) {
                assert!(fill.fill == number && fill.at > prescription.at, "patient {} {fill:?}", timeline.patient);
                assert!(prescription.stopped.is_none_or(|stopped| fill.at.date() < stopped));
            }
            for pair in fills.windows(2) {
                let gap = (pair[1].at.date() - pair[0].at.date()).num_days();
                assert!(
                    (i64::from(prescription.days_supply) - 3..i64::from(prescription.days_supply) + 60).contains(&gap)
                );
            }
        }
    }
    let share = to_f64(n_filled) / to_f64(n_due);
    assert!((0.85..0.99).contains(&share), "{share:.3} of prescriptions are filled");
    assert!(n_refills > 10_000, "{n_refills} refills");
}

#[test]
fn what_is_allowed_is_paid_and_no_more() {
    let (mut n_items, mut n_fills, mut n_insured) = (0, 0, 0);
    for timeline in cohort() {
        let mut billed = BTreeSet::new();
        for claim in &timeline.claims {
            let coverage = &timeline.coverages[claim.coverage];
            assert!(coverage.is_in_force(match claim.encounter {
                Some(encounter) => timeline.encounters[encounter].start.date(),
                None => claim.at.date(),
            }));
            let at_once = claim.encounter.is_none();
            assert!(claim.decided.is_none_or(|decided| (decided == claim.at.date()) == at_once));
            assert!(!claim.items.is_empty() && claim.served.0 <= claim.served.1);
            for item in &claim.items {
                assert!(0 < item.allowed && item.allowed <= item.charged, "patient {} {item:?}", timeline.patient);
                assert!(item.deductible >= 0 && item.copay >= 0 && item.benefit() >= 0);
                assert_eq!(item.benefit() + item.patient(), item.allowed);
                n_items += 1;
                let Service::Dispense(fill) = item.service else { continue };
                assert!(
                    at_once && item.deductible == 0 && billed.insert(fill),
                    "patient {} {item:?}",
                    timeline.patient
                );
                let day = timeline.dispenses[fill].at.date();
                assert!(claim.served.0 <= day && day <= claim.served.1 && timeline.dispenses[fill].at <= claim.at);
            }
        }
        // Whoever is insured has the pharmacy send the bill.
        let insured = |fill: &&Dispense| timeline.coverages.iter().any(|one| one.is_in_force(fill.at.date()));
        n_insured += timeline.dispenses.iter().filter(insured).count();
        n_fills += billed.len();
    }
    assert!(n_items > 100_000, "{n_items}");
    let share = to_f64(n_fills) / to_f64(n_insured);
    assert!((0.99..=1.01).contains(&share), "{n_fills} fills are billed, {n_insured} are insured");
}

#[test]
fn a_persons_results_resemble_each_other() {
    // Correlation of consecutive systolic pressures of adults, against that of strangers.
    let systolic: Vec<Vec<f64>> = cohort()
        .iter()
        .filter(|timeline| age_at(timeline, Pack::embedded().reference_date) >= 30)
        .map(|timeline| numbers(timeline, key("blood-pressure")).into_iter().map(|(_, value)| value).collect())
        .collect();
    let pairs: Vec<(f64, f64)> =
        systolic.iter().flat_map(|values| values.windows(2).map(|pair| (pair[0], pair[1]))).collect();
    let strangers: Vec<(f64, f64)> =
        systolic.windows(2).filter_map(|pair| Some((*pair[0].first()?, *pair[1].first()?))).collect();
    let (own, other) = (correlation(&pairs), correlation(&strangers));
    assert!(own > 0.5 && own < 0.98, "{own:.2}");
    assert!(other.abs() < 0.1, "{other:.2}");
}

#[test]
fn notes_tell_of_their_visit_and_name_nobody() {
    let pack = Pack::embedded();
    let (mut lengths, mut kinds) = (Vec::new(), BTreeMap::new());
    for timeline in cohort() {
        let who = &timeline.demographics;
        for note in &timeline.notes {
            let encounter = &timeline.encounters[note.encounter];
            assert_eq!(note.at, encounter.end);
            let told = encounter.reason.is_none_or(|reason| note.text.contains(pack.concept(reason).display));
            assert!(told, "patient {}: {}", timeline.patient, note.text);
            let prescribed = timeline.prescriptions.iter().filter(|item| item.encounter == note.encounter);
            for item in prescribed.take(6) {
                assert!(note.text.contains(pack.concept(item.concept).display), "{}", note.text);
            }
            let named = note.text.split(|c: char| !c.is_alphanumeric());
            let named = named.filter(|word| *word == who.given_name || *word == who.family_name);
            assert_eq!(named.count(), 0, "{}", note.text);
            lengths.push(to_f64(note.text.len()));
            *kinds.entry(note.kind).or_insert(0) += 1;
        }
        for report in &timeline.written_reports {
            let procedure = &timeline.procedures[report.procedure];
            assert!(report.text.contains(pack.concept(procedure.concept).display));
            assert_eq!(report.encounter, procedure.encounter);
        }
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    let length = mean(&lengths);
    assert!((300.0..800.0).contains(&length), "{length:.0} characters on average");
    assert!(lengths.iter().all(|&length| (80.0..2000.0).contains(&length)));
}

#[test]
fn answers_add_up_to_the_score_that_was_recorded() {
    let mut n = BTreeMap::new();
    for timeline in cohort() {
        for response in &timeline.survey_responses {
            let score = quantity(&timeline.observations[response.score]).unwrap();
            let total: u32 = response.points.iter().map(|&points| u32::from(points)).sum();
            assert!((f64::from(total) - score).abs() < 0.5, "patient {} {response:?}", timeline.patient);
            *n.entry(response.instrument).or_insert(0) += 1;
        }
    }
    assert!(n.len() == 4 && n.values().all(|&n| n > 100), "{n:?}");
}

#[test]
fn the_sick_are_measured_more() {
    let per_person = |sick: bool| {
        let people: Vec<&Timeline> = cohort()
            .iter()
            .filter(|timeline| (50..70).contains(&age_at(timeline, Pack::embedded().reference_date)))
            .filter(|timeline| timeline.death.is_none() && has(timeline, key("type-2-diabetes")) == sick)
            .collect();
        to_f64(people.iter().map(|timeline| timeline.observations.len()).sum()) / to_f64(people.len())
    };
    assert!(per_person(true) > 1.5 * per_person(false));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_earlier_as_of_gives_the_same_life_cut_short(seed: u64, patient in 1_u64..1 << 20, days in 0_u64..3700) {
        let pack = Pack::embedded();
        let whole = simulate(pack, seed, patient, pack.reference_date);
        let as_of = pack.reference_date - Days::new(days);
        let part = simulate(pack, seed, patient, as_of);
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        prop_assert_eq!(text(&part.demographics), text(&whole.demographics));
        macro_rules! is_prefix {
            ($field:ident) => {
                prop_assert!(part.$field.len() <= whole.$field.len());
                for (one, other) in part.$field.iter().zip(&whole.$field) {
                    prop_assert_eq!(text(one), text(other));
                }
            };
        }
        is_prefix!(encounters);
        is_prefix!(diagnoses);
        is_prefix!(observations);
        is_prefix!(reports);
        is_prefix!(immunizations);
        is_prefix!(refusals);
        is_prefix!(procedures);
        is_prefix!(specimens);
        is_prefix!(administrations);
        is_prefix!(devices);
        is_prefix!(imaging_studies);
        is_prefix!(supplies);
        is_prefix!(survey_responses);
        is_prefix!(notes);
        is_prefix!(written_reports);
        is_prefix!(requests);
        is_prefix!(ward_stays);
        is_prefix!(discharges);
        for prescription in &part.prescriptions {
            let later = whole.prescriptions.iter().find(|other| other.event == prescription.event).unwrap();
            prop_assert_eq!(prescription.at, later.at);
            prop_assert_eq!(prescription.concept, later.concept);
            prop_assert!(prescription.status <= later.status || later.status != crate::timeline::PrescriptionStatus::Active);
        }
        is_prefix!(dispenses);
        for problem in &part.problems {
            let later = whole.problems.iter().find(|other| other.event == problem.event).unwrap();
            prop_assert_eq!((problem.concept, problem.onset, problem.recorded, problem.encounter),
                (later.concept, later.onset, later.recorded, later.encounter));
            prop_assert!(problem.abated.is_none() || problem.abated == later.abated);
        }
        for (_, _, _, _, last) in events(&part) {
            prop_assert!(last <= as_of);
        }
        let n = |timeline: &Timeline| events(timeline).into_iter().filter(|event| event.4 <= as_of && event.0 == "observation").count();
        let spanning = whole.encounters.iter().any(|encounter| encounter.start.date() <= as_of && encounter.end.date() > as_of);
        prop_assert!(spanning || n(&part) == n(&whole));
    }

    #[test]
    fn a_patient_does_not_depend_on_its_neighbours(seed: u64, patient in 1_u64..10_000) {
        let pack = Pack::embedded();
        let model = Model::new(pack);
        let alone = format!("{:?}", model.draw(seed, patient, pack.reference_date));
        let _ = model.draw(seed, patient + 1, pack.reference_date);
        prop_assert_eq!(&alone, &format!("{:?}", model.draw(seed, patient, pack.reference_date)));
        prop_assert_eq!(&alone, &format!("{:?}", simulate(pack, seed, patient, pack.reference_date)));
    }
}

/// Whether the first prescription in the window begins something: early on it may renew what was begun before.
fn is_new(date: NaiveDate) -> bool {
    date > Pack::embedded().reference_date - chrono::Months::new(100)
}

pub(super) fn numbers(timeline: &Timeline, concept: ConceptKey) -> Vec<(NaiveDate, f64)> {
    let of = timeline.observations.iter().filter(|observation| observation.concept == concept);
    of.filter_map(|observation| Some((observation.at.date(), quantity(observation)?))).collect()
}

/// The number of an observation, the first one of several parts.
pub(super) fn quantity(observation: &Observation) -> Option<f64> {
    let value = match &observation.value {
        Value::Quantity { value, .. } => *value,
        Value::Components(parts) => parts.first()?.1,
        Value::Concept(_) | Value::Text(_) => return None,
    };
    Some(super::measure::to_f64(value))
}

pub(super) fn to_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

pub(super) fn mean(values: &[f64]) -> f64 {
    assert!(values.len() > 20, "only {} values", values.len());
    values.iter().sum::<f64>() / to_f64(values.len())
}

pub(super) fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mx, my) = (mean(&x), mean(&y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|&(x, y)| f(x - mx, y - my)).sum::<f64>();
    sum(&|x, y| x * y) / libm::sqrt(sum(&|x, _| x * x) * sum(&|_, y| y * y))
}
