//! Finding: problems recognised, diagnoses made, allergies written down.

use chrono::NaiveDate;

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
            if is_new
                && self.is_grounded(index, sitting.day)
                && !self.is_superseded(index, sitting.day)
                && (self.is_explained(index, sitting.day) || self.find_cause(index, sitting))
            {
                self.known[index] = Some(sitting.day);
                self.note_problem(index, sitting.day, sitting.encounter);
            }
        }
    }

    /// Writes down, with a complication, what led to it: of the causes that the chart can date before it the one that began
    /// first. Whether there is one.
    fn find_cause(&mut self, index: usize, sitting: &Sitting) -> bool {
        let begins = self.told_onset(index, sitting.day);
        let is_first =
            |cause: usize| self.told_onset(cause, sitting.day) <= begins && !self.is_superseded(cause, sitting.day);
        let causes = self.causes(index).into_iter().filter(|&(_, cause)| is_first(cause));
        let Some((_, cause)) = causes.min() else { return false };
        self.known[cause] = Some(sitting.day);
        self.note_problem(cause, sitting.day, sitting.encounter);
        true
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

    /// Whether anything that can cause a complication is on the problem list: in nobody else it is looked for.
    fn is_grounded(&self, index: usize, day: i32) -> bool {
        let required = self.required(index);
        required.is_empty()
            || required.iter().any(|&cause| {
                self.known[cause].is_some_and(|known| known <= day)
                    || (self.is_complication(cause) && self.is_grounded(cause, day))
            })
    }

    /// Whether a complication's cause is on the problem list, and there begins no later; so a chart never has one without the
    /// other.
    pub(super) fn is_explained(&self, index: usize, day: i32) -> bool {
        let leads = |cause: usize| {
            let known = self.known[cause].filter(|&known| known <= day);
            known.is_some_and(|known| self.told_onset(cause, known) <= self.told_onset(index, day))
        };
        !self.is_complication(index) || self.causes(index).into_iter().any(|(_, cause)| leads(cause))
    }

    /// The day on which a condition begins by a chart that has it since this day of life.
    fn told_onset(&self, index: usize, day: i32) -> NaiveDate {
        let recorded = self.life.date(day).max(RECORDS_BEGIN);
        let onset = self.life.body.illnesses[index].as_ref().map(|illness| self.life.date(illness.onset));
        onset.filter(|&onset| onset >= RECORDS_BEGIN).unwrap_or(recorded)
    }

    /// What led to a complication in this person, with the day of life it began: what is no complication itself.
    fn causes(&self, index: usize) -> Vec<(i32, usize)> {
        let mut found = Vec::new();
        if let Some(complication) = &self.life.body.illnesses[index] {
            self.causes_by(complication.onset, index, &mut found);
        }
        found
    }

    fn causes_by(&self, onset: i32, index: usize, found: &mut Vec<(i32, usize)>) {
        for &cause in self.required(index) {
            if self.is_complication(cause) {
                self.causes_by(onset, cause, found);
            } else if let Some(illness) = self.life.body.illnesses[cause].as_ref()
                && illness.onset <= onset
            {
                found.push((illness.onset, cause));
            }
        }
    }

    fn required(&self, index: usize) -> &[usize] {
        match &self.model.chronic[index].onset {
            OnsetModel::Hazard(rates) | OnsetModel::Recurrent { rates, .. } => &rates.requires_any,
            OnsetModel::Crossing { .. } => &[],
        }
    }

    fn is_complication(&self, index: usize) -> bool {
        !self.required(index).is_empty()
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
