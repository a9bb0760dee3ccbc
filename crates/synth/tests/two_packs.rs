//! Adding a condition file changes no event that it does not cause.
//!
//! The law, as these tests hold it. Patients of two packs are compared event by event, the second pack having one file
//! more. Excepted is what follows from the new condition, and nothing else:
//!
//! 1. events whose cause it is, and those of a visit or stay whose cause it is (a visit has its own vital signs);
//! 2. of acute episodes of other conditions: one that falls on a day on which the new one already holds a visit or stay
//!    leads to no visit, since a day holds one, and what that visit would have begun for good (a drug after a heart attack, which
//!    moves labs) does not begin;
//! 3. of what was planned for a day of its hospital stay: it is put off until after the stay, and from then on what is
//!    prescribed and found at planned visits may differ, though check-ups and screenings stay planned for the
//!    same days (a stay may lie in the years before the window, of which the chart says nothing);
//! 4. a lasting condition that calls for follow-ups or drugs: after the first visit that knows of it, planned care is
//!    about it too; check-ups are still on the same days.
//!
//! People who do not get it are the same to the letter. A condition with `[mortality]` also changes deaths, which the
//! life table fixes for all together; it is no part of these tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use twinlake_pack::{ConceptKey, Pack};
use twinlake_synth::simulate::Model;
use twinlake_synth::timeline::{EncounterClass, EventId, Timeline};

const SEED: u64 = 11;
const PATIENTS: u64 = 500;

const TABLE: &str = "sex,age,value,spread,source\nfemale,0,RATE,0,x\nmale,0,RATE,0,x\n";

fn with(files: &[(&str, String)]) -> Pack {
    let mut all: BTreeMap<String, Vec<u8>> = Pack::embedded_files().into_iter().collect();
    for (path, text) in files {
        all.insert((*path).to_owned(), text.clone().into_bytes());
    }
    let row = "novelty,http://snomed.info/sct,9014002,Psoriasis,140168\n";
    all.get_mut("terminology/condition.csv").unwrap().extend(row.as_bytes());
    Pack::from_files(all).unwrap()
}

/// An event in words that have no places of other events in them, with its cause, its visit and its day.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Told {
    text: String,
    cause: &'static str,
    /// Event of the visit and the visit's cause.
    visit: Option<(EventId, &'static str)>,
    day: NaiveDate,
}

type Story = BTreeMap<(&'static str, EventId), Told>;

fn story(pack: &Pack, timeline: &Timeline) -> Story {
    let mut story = Story::new();
    let name = |concept: ConceptKey| pack.concept(concept).key;
    let visit = |index: usize| {
        let encounter = &timeline.encounters[index];
        (encounter.event, encounter.cause)
    };
    let mut tell = |kind, event, text: String, cause, visit, day| {
        assert!(story.insert((kind, event), Told { text, cause, visit, day }).is_none());
    };
    for it in &timeline.encounters {
        let text = format!(
            "{} {:?} {}-{} {:?} {} {}",
            name(it.kind),
            it.class,
            it.start,
            it.end,
            it.reason.map(name),
            it.practitioner,
            it.organization
        );
        tell("encounter", it.event, text, it.cause, Some((it.event, it.cause)), it.start.date());
    }
    for it in &timeline.problems {
        let text = format!("{} {} {} {:?}", name(it.concept), it.onset, it.recorded, it.abated);
        tell("problem", it.event, text, it.cause, it.encounter.map(visit), it.recorded);
    }
    for it in &timeline.diagnoses {
        let day = timeline.encounters[it.encounter].start.date();
        tell("diagnosis", it.event, name(it.concept).to_owned(), it.cause, Some(visit(it.encounter)), day);
    }
    for it in &timeline.observations {
        let value = match &it.value {
            twinlake_synth::timeline::Value::Concept(concept) => name(*concept).to_owned(),
            twinlake_synth::timeline::Value::Components(parts) => {
                format!("{:?}", parts.iter().map(|(concept, ..)| name(*concept)).collect::<Vec<_>>())
                    + &format!("{:?}", parts.iter().map(|(_, value, unit)| (value, unit)).collect::<Vec<_>>())
            }
            value => format!("{value:?}"),
        };
        let text = format!("{} {} {value} {:?}", name(it.concept), it.at, it.range);
        tell("observation", it.event, text, it.cause, Some(visit(it.encounter)), it.at.date());
    }
    for it in &timeline.reports {
        let results: BTreeSet<EventId> = it.results.iter().map(|&index| timeline.observations[index].event).collect();
        let text = format!("{} {} {results:?}", name(it.concept), it.at);
        tell("report", it.event, text, it.cause, Some(visit(it.encounter)), it.at.date());
    }
    for it in &timeline.prescriptions {
        let text = format!("{} {} {:?} {:?}", name(it.concept), it.at, it.status, it.reason.map(name));
        tell("prescription", it.event, text, it.cause, Some(visit(it.encounter)), it.at.date());
    }
    for it in &timeline.immunizations {
        let text = format!("{} {} {}", name(it.concept), it.at, it.lot);
        tell("immunization", it.event, text, it.cause, Some(visit(it.encounter)), it.at.date());
    }
    for it in &timeline.procedures {
        let text = format!("{} {}-{} {:?}", name(it.concept), it.start, it.end, it.reason.map(name));
        tell("procedure", it.event, text, it.cause, Some(visit(it.encounter)), it.start.date());
    }
    for it in &timeline.allergies {
        let text = format!("{} {} {}", name(it.concept), it.onset, it.recorded);
        tell("allergy", it.event, text, it.cause, it.encounter.map(visit), it.recorded);
    }
    story
}

/// Patients of the embedded pack and of one with more files.
fn compare(pack: &Pack, mut each: impl FnMut(u64, &Timeline, &Story, &Story)) {
    let base = Pack::embedded();
    let (one, other) = (Model::new(base), Model::new(pack));
    for patient in 1..=PATIENTS {
        let before = one.draw(SEED, patient, base.reference_date);
        let after = other.draw(SEED, patient, base.reference_date);
        assert_eq!(format!("{:?}", before.demographics), format!("{:?}", after.demographics));
        assert_eq!(before.death.as_ref().map(|death| death.at), after.death.as_ref().map(|death| death.at));
        each(patient, &after, &story(base, &before), &story(pack, &after));
    }
}

fn follows(told: &Told) -> bool {
    told.cause == "novelty" || told.visit.is_some_and(|(_, cause)| cause == "novelty")
}

/// Events of one story that the other does not tell in the same words.
fn only<'s>(one: &'s Story, other: &'s Story) -> Vec<(&'s (&'static str, EventId), &'s Told)> {
    one.iter().filter(|(id, told)| other.get(id) != Some(told)).collect()
}

fn acute(admission: f64) -> Pack {
    let condition = format!(
        "key = \"novelty\"\nconcept = \"novelty\"\nstream = 500\n\n\
         [onset.recurrent]\ntable = \"distributions/novelty.csv\"\n\n\
         [episode]\nemergency = 0.3\nadmission = {admission}\nstay_days = 4.0\n\
         orders = [{{ of = \"complete-blood-count\" }}, {{ of = \"basic-metabolic-panel\" }}, {{ of = \"hba1c\" }}]\n\
         drugs = [{{ medication = \"amoxicillin\", probability = 0.5 }}]\n"
    );
    with(&[("conditions/novelty.toml", condition), ("distributions/novelty.csv", TABLE.replace("RATE", "1.5"))])
}

#[test]
fn an_acute_condition_changes_nothing_but_what_it_brings_about() {
    let (mut new, mut lost) = (0, 0);
    // Those whose drugs are others, since an episode gave way that would have begun one; perhaps before the window.
    let mut untreated = BTreeSet::new();
    compare(&acute(0.0), |patient, _, before, after| {
        let days: BTreeSet<NaiveDate> = after.values().filter(|told| follows(told)).map(|told| told.day).collect();
        let is_of_a_drug = |(kind, _): &(&str, EventId)| matches!(*kind, "observation" | "prescription");
        for (id, told) in only(after, before) {
            if !follows(told) && is_of_a_drug(id) {
                untreated.insert(patient);
                continue;
            }
            assert!(follows(told), "patient {patient}: {id:?} {told:?}\nbefore {:?}", before.get(id));
            new += 1;
        }
        for (id, told) in only(before, after) {
            // An episode of something else on a day that the new one has.
            let is_episode = told.visit.is_some_and(|(_, cause)| is_acute(cause));
            if !is_episode && is_of_a_drug(id) {
                untreated.insert(patient);
                continue;
            }
            // The stay after a visit to the emergency department may begin past midnight.
            let visit = told.visit.and_then(|(event, _)| before.get(&("encounter", event)));
            let day = visit.map_or(told.day, |visit| visit.day);
            let gave_way = days.contains(&day) || days.contains(&(day - Days::new(1)));
            assert!(is_episode && gave_way, "patient {patient}: {id:?} {told:?}");
            lost += usize::from(id.0 == "encounter");
        }
    });
    assert!(new > 20_000, "{new}");
    assert!(lost < 100, "{lost} episodes of others gave way");
    assert!(untreated.len() <= 4, "patients {untreated:?} are treated otherwise");
}

fn is_acute(cause: &str) -> bool {
    let condition = Pack::embedded().conditions.iter().find(|condition| *condition.key == *cause);
    condition.is_some_and(|condition| condition.episode.is_some())
}

#[test]
fn hospital_stays_put_off_what_was_planned_and_shift_nothing_else() {
    let (mut put_off, mut same) = (0, 0);
    compare(&acute(0.5), |patient, timeline, before, after| {
        let stays: Vec<(NaiveDate, NaiveDate)> = timeline
            .encounters
            .iter()
            .filter(|stay| stay.cause == "novelty" && stay.class == EncounterClass::Inpatient)
            .map(|stay| (stay.start.date(), stay.end.date()))
            .collect();
        // Visits are where they were, but for those that a stay put off.
        let visits = |story: &Story| -> BTreeSet<NaiveDate> {
            let planned = |told: &&Told| matches!(told.cause, "wellness" | "screening");
            story
                .iter()
                .filter(|(id, _)| id.0 == "encounter")
                .map(|(_, told)| told)
                .filter(planned)
                .map(|told| told.day)
                .collect()
        };
        let (was, is) = (visits(before), visits(after));
        for &day in was.difference(&is) {
            // The visit before it may have been put off until here.
            let taken = stays.iter().any(|&(from, to)| (from - Days::new(2)..=to + Days::new(4)).contains(&day));
            assert!(taken, "patient {patient}: no planned visit on {day}, stays {stays:?}");
            put_off += 1;
        }
        same += was.intersection(&is).count();
    });
    assert!(put_off > 10 && put_off < same / 20, "{put_off} put off, {same} as they were");
}

#[test]
fn a_lasting_condition_leaves_alone_who_does_not_have_it_and_what_came_before() {
    let condition = "key = \"novelty\"\nconcept = \"novelty\"\nstream = 500\n\n\
        [onset.hazard]\ntable = \"distributions/novelty.csv\"\n\n\
        [recognition]\nnever = 0.2\nmean_delay_days = 200.0\n\n\
        [follow_up]\nevery_days = 100.0\norders = [{ of = \"complete-blood-count\", every_days = 90.0 }]\n\n\
        [treatment]\nladder = [\"methotrexate\"]\nstart = 0.6\n";
    let pack = with(&[
        ("conditions/novelty.toml", condition.to_owned()),
        ("distributions/novelty.csv", TABLE.replace("RATE", "0.01")),
    ]);
    let (mut without, mut having) = (0, 0);
    compare(&pack, |patient, timeline, before, after| {
        let key = pack.key("novelty").unwrap();
        let Some(problem) = timeline.problems.iter().find(|problem| problem.concept == key) else {
            assert_eq!(only(after, before), [], "patient {patient}");
            assert_eq!(only(before, after), [], "patient {patient}");
            without += 1;
            return;
        };
        having += 1;
        for (id, told) in only(after, before).into_iter().chain(only(before, after)) {
            // A drug begun earlier may be stopped, and a problem end, at another visit later on.
            let later = matches!(id.0, "prescription" | "problem");
            assert!(follows(told) || later || told.day >= problem.recorded, "patient {patient}: {id:?} {told:?}");
        }
        let check_ups = |story: &Story| -> Vec<NaiveDate> {
            story
                .iter()
                .filter(|(id, told)| id.0 == "encounter" && told.cause == "wellness")
                .map(|(_, told)| told.day)
                .collect()
        };
        assert_eq!(check_ups(before), check_ups(after), "patient {patient}");
        // What is found sooner or later is the same disease from the same day on.
        let onsets = |story: &Story| -> BTreeMap<String, String> {
            let problems = story.iter().filter(|(id, told)| id.0 == "problem" && told.cause != "pregnancy");
            let words = problems.filter_map(|(_, told)| {
                let mut words = told.text.split(' ').map(str::to_owned);
                words.next().zip(words.next())
            });
            words.collect()
        };
        let is = onsets(after);
        for (what, onset) in onsets(before) {
            assert!(is.get(&what).is_none_or(|is| *is == onset), "patient {patient}: {what}");
        }
    });
    assert!(without > 200 && having > 50, "{without} without, {having} with");
}
