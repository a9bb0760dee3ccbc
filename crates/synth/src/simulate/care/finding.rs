//! Finding: problems recognised, diagnoses made, allergies written down.

use super::super::model::OnsetModel;
use super::{Clinic, PROBLEM_SLOT, Sitting, event};
use crate::timeline::{Allergy, Diagnosis, Problem, RECORDS_BEGIN};

impl Clinic<'_> {
    pub(super) fn latents_on(&mut self, day: i32) {
        self.life.body.latents(self.model, &self.uses, day, &mut self.latents);
    }

    pub(super) fn recognise(&mut self, sitting: &Sitting) {
        for index in 0..self.model.chronic.len() {
            self.resolve(index, sitting.day);
            let Some(illness) = &self.life.body.illnesses[index] else { continue };
            let is_new =
                self.known[index].is_none() && illness.findable.is_some_and(|findable| findable <= sitting.day);
            if is_new && self.is_grounded(index, sitting.day) && !self.is_superseded(index, sitting.day) {
                self.known[index] = Some(sitting.day);
                self.note_problem(index, sitting.day, sitting.encounter);
            }
        }
    }

    /// Notes that a condition has passed, and ends the drugs begun for it.
    fn resolve(&mut self, index: usize, day: i32) {
        let over = self.model.chronic[index].pack.remits > 0.0 && self.is_superseded(index, day);
        if over && self.is_followed(index) {
            self.resolved[index] = Some(day);
            for usage in self.uses.iter_mut().filter(|usage| usage.condition == index && usage.is_active(day)) {
                usage.stop = Some(day.max(usage.start + 1));
            }
        }
    }

    /// Whether a complication's cause is on the problem list, so that a chart never has one without the other.
    pub(super) fn is_grounded(&self, index: usize, day: i32) -> bool {
        let (OnsetModel::Hazard(rates) | OnsetModel::Recurrent { rates, .. }) = &self.model.chronic[index].onset else {
            return true;
        };
        let complication = |cause: usize| {
            let OnsetModel::Hazard(rates) = &self.model.chronic[cause].onset else { return false };
            !rates.requires_any.is_empty()
        };
        rates.requires_any.is_empty()
            || rates.requires_any.iter().any(|&cause| {
                self.known[cause].is_some_and(|known| known <= day)
                    || (complication(cause) && self.is_grounded(cause, day))
            })
    }

    /// Whether another condition has taken this one's place or it has passed, known or not.
    pub(super) fn is_superseded(&self, index: usize, day: i32) -> bool {
        self.life.body.illnesses[index].as_ref().is_some_and(|illness| illness.end.is_some_and(|end| end <= day))
    }

    pub(super) fn note_problem(&mut self, index: usize, day: i32, encounter: Option<usize>) {
        let condition = &self.model.chronic[index];
        let Some(illness) = &self.life.body.illnesses[index] else { return };
        self.chart.problems.push(Problem {
            event: event(condition.pack.stream, day, PROBLEM_SLOT),
            concept: condition.concept,
            onset: self.life.date(illness.onset),
            recorded: self.life.date(day).max(RECORDS_BEGIN),
            abated: None,
            encounter,
            cause: condition.pack.key.0,
        });
    }

    pub(super) fn diagnose(&mut self, index: usize, sitting: &Sitting) {
        let condition = self.model.condition(index);
        if let Some(encounter) = sitting.encounter {
            self.chart.diagnoses.push(Diagnosis {
                event: event(condition.pack.stream, sitting.day, sitting.slot),
                concept: condition.concept,
                encounter,
                cause: condition.pack.key.0,
            });
        }
    }

    pub(super) fn find_allergies(&mut self, sitting: &Sitting) {
        for index in 0..self.allergies.len() {
            let Some(onset) = self.allergies[index] else { continue };
            let concept = self.model.allergies[index].0;
            let known = self.chart.allergies.iter().any(|allergy| allergy.concept == concept);
            if !known && (self.start..=sitting.day).contains(&onset) {
                self.note_allergy(index, onset, sitting.day, sitting.encounter);
            }
        }
    }

    pub(super) fn note_allergy(&mut self, index: usize, onset: i32, day: i32, encounter: Option<usize>) {
        let rules = &self.model.pack.allergies;
        self.chart.allergies.push(Allergy {
            event: event(rules.stream, day, u32::try_from(index).expect("at most sixteen allergies")),
            concept: self.model.allergies[index].0,
            reaction: self.model.reactions[index],
            onset: self.life.date(onset),
            recorded: self.life.date(day).max(RECORDS_BEGIN),
            encounter,
            cause: rules.key.0,
        });
    }
}
