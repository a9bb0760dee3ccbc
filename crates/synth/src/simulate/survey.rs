//! What a survey would find: everybody measured on one day, whatever the chart holds.
//!
//! A chart knows of those who are seen and of what was looked for; a survey weighs and measures everybody. Both come
//! from the same life. The survey's measurements have noise of their own, so they repeat no charted number.

use chrono::NaiveDate;
use twinlake_pack::{Race, Sex};

use super::body::YEAR;
use super::care::{Care, care};
use super::cut::cut;
use super::life::{Life, days_between};
use super::measure::{Subject, Written, stream, to_f64};
use super::model::{Model, Source};
use super::record;
use crate::seed::Seed;
use crate::timeline::{ConceptKey, Timeline};

/// A person as a survey finds them at the end of a day. Those who have died by then have no numbers and no conditions.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Sex at birth.
    pub sex: Sex,
    /// Race.
    pub race: Race,
    /// Hispanic or Latino.
    pub hispanic: bool,
    /// Day of birth.
    pub birth_date: NaiveDate,
    /// Day from which death could come: that on which the window opens, or the day of birth.
    pub entered: NaiveDate,
    /// Day of death, when it came by then.
    pub died: Option<NaiveDate>,
    /// Age in completed years.
    pub age: u32,
    /// Numbers of labs and survey items by [`Model::number`], in the pack's unit; none for what is no number, or is
    /// not of this age.
    pub numbers: Vec<Option<f64>>,
    /// Answers given for life, by [`Model::number`].
    pub answers: Vec<Option<ConceptKey>>,
    /// Whether a chronic condition is there, by [`Model::chronic_condition`].
    pub present: Vec<bool>,
    /// Whether a clinic has ever told them of it, the same.
    pub told: Vec<bool>,
    /// Whether they take a drug that was begun for it, the same.
    pub treated: Vec<bool>,
    /// Whether they take the drug, by [`Model::medication`].
    pub takes: Vec<bool>,
}

impl Model<'_> {
    /// Place of a lab or survey item in [`Survey::numbers`], by its key in the pack.
    pub fn number(&self, key: &str) -> Option<usize> {
        let keys = self.labs.iter().map(|lab| lab.pack.key).chain(self.items.iter().map(|item| item.pack.key));
        keys.into_iter().position(|own| *own == *key)
    }

    /// Place of a chronic condition in [`Survey::present`], by its key in the pack.
    pub fn chronic_condition(&self, key: &str) -> Option<usize> {
        self.chronic.iter().position(|condition| *condition.pack.key == *key)
    }

    /// Place of a medication in [`Survey::takes`], by its key in the pack.
    pub fn medication(&self, key: &str) -> Option<usize> {
        self.medications.iter().position(|medication| *medication.pack.key == *key)
    }

    /// Draws a patient's life as [`Model::draw`] does, and surveys it at the end of the day `as_of`.
    pub fn survey(&self, seed: u64, patient: u64, as_of: NaiveDate) -> (Timeline, Survey) {
        let patient_seed = Seed::root(seed).child("patient", patient);
        let life = Life::draw(self, patient_seed);
        let Care { chart, known, uses, deviations } = care(self, &life);
        let as_of = as_of.min(self.pack.reference_date);
        let day = days_between(life.demographics.birth_date, as_of);
        let died = life.death.filter(|&death| death <= day);
        let alive = died.is_none() && day >= 0;
        let n_conditions = self.chronic.len();
        let mut survey = Survey {
            sex: life.body.sex,
            race: life.race,
            hispanic: life.hispanic,
            birth_date: life.demographics.birth_date,
            entered: life.date(life.window.max(0)),
            died: died.map(|death| life.date(death)),
            age: life.age_in_years(day),
            numbers: vec![None; self.labs.len() + self.items.len()],
            answers: vec![None; self.labs.len()],
            present: vec![false; n_conditions],
            told: vec![false; n_conditions],
            treated: vec![false; n_conditions],
            takes: vec![false; self.medications.len()],
        };
        if alive {
            for usage in uses.iter().filter(|usage| usage.is_active(day)) {
                survey.takes[usage.medication] = true;
                if let Some(treated) = survey.treated.get_mut(usage.condition) {
                    *treated = true;
                }
            }
            for index in 0..n_conditions {
                survey.present[index] = life.body.has(index, day);
                survey.told[index] = known[index].is_some_and(|known| known <= day);
            }
            let mut latents = Vec::new();
            life.body.latents(self, &uses, day, &mut latents);
            self.examine(&life, &latents, &deviations, day, &mut survey);
        }
        let mut timeline = cut(patient, life, chart, as_of);
        record::complete(self, patient_seed, as_of, &mut timeline);
        (timeline, survey)
    }

    /// Measures every lab once.
    fn examine(&self, life: &Life, latents: &[f64], deviations: &[f64], day: i32, survey: &mut Survey) {
        let seeds: Vec<Seed> = self
            .labs
            .iter()
            .map(|lab| {
                // An answer is the same for life, so it is the one that the chart would hold.
                let answered = matches!(lab.source, Source::Answers(_));
                life.seed.child(&lab.label, if answered { 1 } else { 3 })
            })
            .collect();
        let years = f64::from(survey.age);
        let subject = Subject { body: &life.body, latents, day, years, slot: 0, seeds: &seeds, deviations };
        let mut written = vec![Written::Nothing; self.labs.len()];
        for (lab, entry) in self.labs.iter().enumerate() {
            if f64::from(day) / YEAR < entry.pack.from_age {
                continue;
            }
            written[lab] = subject.measure(self, lab, 0.0, &written);
            match written[lab] {
                Written::Number(value) => survey.numbers[lab] = Some(to_f64(value)),
                Written::Answer(answer) => survey.answers[lab] = Some(answer),
                Written::Text(_) | Written::Parts | Written::Nothing => {}
            }
        }
        for (index, item) in self.items.iter().enumerate() {
            if f64::from(day) / YEAR >= item.pack.from_age {
                // The person's own deviation, and the noise of this day.
                let seed = life.seed.child(&item.label, 0);
                let (deviation, noise) = (seed.at(0).normal(), seed.at(stream(day, 0)).normal());
                survey.numbers[self.labs.len() + index] = Some(subject.item(self, item, deviation, noise));
            }
        }
    }
}
