//! How people come to hospital: by way of the emergency department or not, by birth, few of them again and again.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use twinlake_pack::Pack;
use twinlake_synth::simulate::{Model, simulate};
use twinlake_synth::timeline::{EncounterClass, Timeline};

const PATIENTS: u64 = 2_000;

fn cohort() -> Vec<Timeline> {
    let pack = Pack::embedded();
    let model = Model::new(pack);
    (1..=PATIENTS).map(|patient| model.draw(31, patient, pack.reference_date)).collect()
}

#[test]
fn a_stay_that_is_direct_has_no_visit_to_the_emergency_department_before_it() {
    // By cause: stays, and those of them that such a visit led to.
    let mut stays: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for timeline in cohort() {
        for stay in timeline.encounters.iter().filter(|visit| visit.class == EncounterClass::Inpatient) {
            let led = timeline.encounters.iter().any(|visit| {
                visit.class == EncounterClass::Emergency
                    && visit.cause == stay.cause
                    && visit.end + TimeDelta::minutes(30) == stay.start
            });
            let counts = stays.entry(stay.cause).or_default();
            *counts = (counts.0 + 1, counts.1 + u32::from(led));
        }
    }
    let of = |cause: &str| stays.get(cause).copied().unwrap_or_default();
    assert!(of("hip-replacement").0 > 20 && of("hip-replacement").1 == 0, "{:?}", of("hip-replacement"));
    let (all, led) = of("heart-failure-worsening");
    assert!(all > 50 && led > all / 2 && led < all * 9 / 10, "{led} of {all} by way of the emergency department");
    let (all, led) = of("appendicitis");
    assert!(all > 5 && led == all, "{led} of {all} by way of the emergency department");
}

#[test]
fn children_of_the_window_are_born_in_hospital() {
    let pack = Pack::embedded();
    let birth = pack.key("livebirth").unwrap();
    let (mut born, mut stays) = (0, 0);
    for timeline in cohort() {
        let day = timeline.demographics.birth_date;
        if day <= pack.reference_date - chrono::Months::new(12 * pack.window_years - 1) || !timeline.is_charted() {
            continue;
        }
        born += 1;
        let first = &timeline.encounters[0];
        let is_birth = first.start.date() == day && first.class == EncounterClass::Inpatient;
        stays += u32::from(is_birth);
        if is_birth {
            assert!(timeline.diagnoses.iter().any(|item| item.concept == birth && item.encounter == 0));
        }
    }
    assert!(born > 100 && stays > born * 9 / 10, "{stays} stays of {born} children");
}

#[test]
fn a_pack_without_a_file_of_births_has_none() {
    let mut files: BTreeMap<String, Vec<u8>> = Pack::embedded_files().into_iter().collect();
    files.remove("birth.toml").unwrap();
    let pack = Pack::from_files(files).unwrap();
    for patient in 1..=200 {
        let timeline = simulate(&pack, 31, patient, pack.reference_date);
        let day = timeline.demographics.birth_date;
        let inpatient = |class| class == EncounterClass::Inpatient;
        assert!(!timeline.encounters.iter().any(|visit| visit.start.date() == day && inpatient(visit.class)));
    }
}

#[test]
fn few_people_make_most_visits_to_the_emergency_department() {
    let mut visits: Vec<usize> = cohort()
        .iter()
        .map(|timeline| timeline.encounters.iter().filter(|visit| visit.class == EncounterClass::Emergency).count())
        .collect();
    visits.sort_unstable();
    let all: usize = visits.iter().sum();
    let most: usize = visits.iter().rev().take(visits.len() / 10).sum();
    assert!(most * 3 > all && most * 10 < all * 8, "a tenth of the people make {most} of {all} visits");
}
