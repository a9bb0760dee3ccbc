//! What other generators of synthetic patients are known to get wrong, each as a test of ours.
//!
//! That identities (body mass index, LDL, eGFR, average glucose) hold in every record is in `tests.rs`, with the laws
//! that nothing precedes birth and that an earlier `as_of` only cuts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use twinlake_fhir::Resource;
use twinlake_pack::{Onset, Pack};
use twinlake_vocab::Vocab;

use super::Model;
use super::tests::{age_at, cohort, correlation, key, numbers, quantity};
use crate::render::{self, Context};
use crate::timeline::{ConceptKey, Problem, Value};

#[test]
fn haemoglobin_a1c_is_never_below_what_lives() {
    let lab = key("hba1c");
    let all: Vec<f64> = cohort().iter().flat_map(|timeline| numbers(timeline, lab)).map(|(_, value)| value).collect();
    assert!(all.len() > 5000);
    assert!(all.iter().all(|&value| (3.5..=20.0).contains(&value)));
}

#[test]
fn haemoglobin_a1c_goes_with_glucose_of_the_same_visit() {
    let (hba1c, glucose) = (key("hba1c"), key("glucose"));
    let mut pairs = Vec::new();
    for timeline in cohort() {
        let mut visits: BTreeMap<usize, [Option<f64>; 2]> = BTreeMap::new();
        for observation in &timeline.observations {
            let place = [hba1c, glucose].iter().position(|lab| *lab == observation.concept);
            if let Some(place) = place {
                visits.entry(observation.encounter).or_default()[place] = quantity(observation);
            }
        }
        pairs.extend(visits.into_values().filter_map(|[one, other]| one.zip(other)));
    }
    assert!(pairs.len() > 1000, "{} pairs", pairs.len());
    let r = correlation(&pairs);
    assert!(r > 0.7, "{r:.2}");
}

#[test]
fn systolic_pressure_is_that_of_the_living_and_above_diastolic() {
    let (lab, mut n, mut bounded) = (key("blood-pressure"), 0, 0);
    for timeline in cohort() {
        for observation in timeline.observations.iter().filter(|observation| observation.concept == lab) {
            let Value::Components(parts) = &observation.value else { panic!("a pressure has two parts") };
            let [systolic, diastolic] = [0, 1].map(|part| parts[part].1.units);
            assert!(systolic >= 60, "patient {}: {systolic}", timeline.patient);
            assert!(systolic > diastolic, "patient {}: {systolic}/{diastolic}", timeline.patient);
            n += 1;
            bounded += i32::from(systolic == 60);
        }
    }
    // The bound is not what keeps them up.
    assert!(n > 50_000 && bounded * 1000 < n, "{bounded} of {n} are at the bound");
}

/// What a condition needs, by name: one of these, or of what they need themselves, when nobody has recognised them.
fn causes(pack: &Pack, name: &str) -> BTreeSet<ConceptKey> {
    let mut found = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let condition = pack.conditions.iter().find(|condition| *condition.key == *name).unwrap();
        if let Onset::Hazard { requires_any, .. } | Onset::Recurrent { requires_any, .. } = &condition.onset {
            for cause in requires_any {
                let concept = &pack.conditions.iter().find(|other| other.key == *cause).unwrap().concept;
                if found.insert(key(concept)) {
                    open.push(cause.to_string());
                }
            }
        }
    }
    found
}

#[test]
fn no_complication_stands_without_a_cause_that_began_before_it() {
    let pack = Pack::embedded();
    let mut checked = 0;
    for condition in &pack.conditions {
        let causes = causes(pack, &condition.key);
        if causes.is_empty() {
            continue;
        }
        let concept = key(&condition.concept);
        for timeline in cohort() {
            let Some(problem) = timeline.problems.iter().find(|problem| problem.concept == concept) else { continue };
            let mut known = timeline.problems.iter().filter(|cause| causes.contains(&cause.concept));
            let began = |problem: &Problem| problem.told_onset().unwrap_or(problem.recorded);
            let led = |cause: &Problem| {
                cause.recorded <= problem.recorded && cause.onset <= problem.onset && began(cause) <= began(problem)
            };
            assert!(known.any(led), "patient {}: {problem:?}", timeline.patient);
            checked += 1;
        }
    }
    assert!(checked > 300, "only {checked} complications");
}

#[test]
fn nobody_is_seen_before_birth() {
    let first = cohort().iter().filter_map(|timeline| {
        let encounter = timeline.encounters.first()?;
        Some((timeline.demographics.birth_date, encounter.start.date(), timeline.patient))
    });
    let mut newborn = 0;
    for (born, seen, patient) in first {
        assert!(seen >= born, "patient {patient}: seen {seen}, born {born}");
        newborn += i32::from(seen <= born + Days::new(60));
    }
    assert!(newborn > 100, "only {newborn} are seen in their first weeks, where the fault would be");
}

/// Ids of the resources of some patients, as charts that end on this day have them.
fn ids(as_of: NaiveDate) -> BTreeSet<String> {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 42, as_of);
    let model = Model::new(pack);
    let mut ids = BTreeSet::new();
    for patient in 1..=60 {
        let timeline = model.draw(42, patient, as_of);
        if timeline.is_charted() {
            render::fhir(&context, &timeline, &mut |resource: Resource<'_>| {
                ids.insert(format!("{}/{}", resource.resource_type(), resource.id().unwrap_or_default()));
            });
        }
    }
    ids
}

#[test]
fn ids_are_the_same_whatever_the_clock() {
    let today = Pack::embedded().reference_date;
    let (later, earlier) = (ids(today), ids(today - Days::new(800)));
    assert!(earlier.len() > 1000 && earlier.len() < later.len());
    let lost: Vec<_> = earlier.difference(&later).take(5).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn blood_pressure_is_neither_fixed_nor_drawn_afresh() {
    // Of people of like age, so that it is the person, not the age, that one visit tells of the next.
    for (low, high) in [(40, 55), (55, 70)] {
        let people = cohort().iter().filter(|timeline| {
            (low..high).contains(&age_at(timeline, Pack::embedded().reference_date)) && timeline.death.is_none()
        });
        let pairs: Vec<(f64, f64)> = people
            .flat_map(|timeline| {
                let values: Vec<f64> =
                    numbers(timeline, key("blood-pressure")).into_iter().map(|(_, value)| value).collect();
                values.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
            })
            .collect();
        let r = correlation(&pairs);
        assert!((0.4..0.8).contains(&r), "ages {low}-{high}: {r:.2} of {} pairs", pairs.len());
    }
}
