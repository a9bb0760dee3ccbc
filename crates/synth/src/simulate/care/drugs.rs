//! Drugs: prescriptions begun, renewed, added and ended.

use super::super::body::{Use, YEAR};
use super::super::life::whole;
use super::super::measure::stream;
use super::{Clinic, STAY_SLOT, Sitting, event, to_years};
use crate::seed::Draws;
use crate::timeline::{Prescription, PrescriptionStatus};

impl Clinic<'_> {
    /// Drugs for known conditions: renewed, begun, added.
    pub(super) fn treat(&mut self, sitting: &Sitting) {
        let day = sitting.day;
        let ahead = whole(self.follow_up_interval().unwrap_or(YEAR).min(180.0)) + 14;
        for place in 0..self.uses.len() {
            let usage = &mut self.uses[place];
            if !usage.is_active(day) {
                continue;
            }
            if usage.supplied + 30 < day {
                // The supply ran out and nobody renewed it: a gap.
                usage.stop = Some(usage.supplied + 1);
            } else if usage.supplied - day <= ahead {
                self.renew(place, sitting);
            }
        }
        for index in 0..self.model.chronic.len() {
            if self.is_willing(index, day) && self.is_followed(index) {
                self.climb(index, sitting);
            }
        }
    }

    /// Whether the person takes drugs for a condition at all, at this age.
    fn is_willing(&self, index: usize, day: i32) -> bool {
        let condition = &self.model.chronic[index];
        let (Some(treatment), Some(illness)) = (&condition.pack.treatment, &self.life.body.illnesses[index]) else {
            return false;
        };
        let age = f64::from(day) / YEAR;
        let factor = condition.start_curve.map_or(1.0, |curve| curve.at(self.life.body.sex, age).0);
        illness.reluctance < treatment.start * factor
    }

    /// Begins the first drug of a condition's ladder, or adds the next while its goal is missed.
    pub(super) fn climb(&mut self, index: usize, sitting: &Sitting) {
        let day = sitting.day;
        let condition = &self.model.chronic[index];
        let Some(treatment) = &condition.pack.treatment else { return };
        let mut draws = self.condition_seeds[index].at(stream(day, 3));
        let chance = draws.uniform();
        let on_ladder = |usage: &&Use| condition.ladder.contains(&usage.medication);
        let active = self.uses.iter().filter(on_ladder).filter(|usage| usage.is_active(day)).count();
        let latest = self.uses.iter().filter(on_ladder).map(|usage| usage.start).max();
        let wanted = if active == 0 {
            let (goal, above) = (condition.goal, treatment.begin_above);
            let needed = goal.zip(above).is_none_or(|((latent, _), above)| self.latents[latent] > above);
            needed && chance < if latest.is_some() { 0.35 } else { 0.85 }
        } else {
            let missed = condition.goal.is_none_or(|(latent, below)| self.latents[latent] >= below);
            missed && latest.is_some_and(|latest| day - latest >= 75) && chance < treatment.step
        };
        if !wanted {
            return;
        }
        let next = condition.ladder.iter().copied().find(|&medication| self.can_begin(medication, day));
        if let Some(medication) = next {
            self.begin(medication, index, sitting);
        }
    }

    pub(super) fn can_begin(&self, medication: usize, day: i32) -> bool {
        let entry = &self.model.medications[medication];
        let avoided = entry.avoid.is_some_and(|(latent, below)| self.latents[latent] < below);
        let old_enough = entry.from_age <= 0.0 || day >= self.life.birthday(to_years(entry.from_age));
        old_enough
            && f64::from(day) / YEAR < entry.to_age
            && !avoided
            && !self.uses.iter().any(|usage| {
                let is_active = usage.is_active(day);
                let same =
                    usage.medication == medication && (is_active || usage.stop.is_some_and(|stop| day - stop < 180));
                same || (is_active && self.model.medications[usage.medication].replaces.contains(&medication))
            })
    }

    pub(super) fn begin(&mut self, medication: usize, condition: usize, sitting: &Sitting) {
        let day = sitting.day;
        let entry = &self.model.medications[medication];
        for usage in &mut self.uses {
            if entry.replaces.contains(&usage.medication) && usage.is_active(day) {
                usage.stop = Some(day.max(usage.start + 1));
            }
        }
        let mut draws = self.medication_seeds[medication].at(stream(day, 0));
        let taken = draws.exponential() * YEAR;
        let per_year = entry.pack.stop_per_year;
        let stop = (per_year > 0.0).then(|| day + whole(taken / per_year).max(14));
        // The same for life, whenever the drug is begun.
        let response = self.medication_seeds[medication].at(0).normal();
        self.uses.push(Use { medication, start: day, stop, supplied: day, condition, response });
        self.renew(self.uses.len() - 1, sitting);
    }

    pub(super) fn renew(&mut self, place: usize, sitting: &Sitting) {
        let usage = &self.uses[place];
        let (medication, condition) = (usage.medication, usage.condition);
        self.uses[place].supplied = self.prescribe(medication, condition, Some(place), sitting);
    }

    /// Writes a prescription; the last day of its supply.
    pub(super) fn prescribe(
        &mut self,
        medication: usize,
        condition: usize,
        usage: Option<usize>,
        sitting: &Sitting,
    ) -> i32 {
        let entry = &self.model.medications[medication];
        let pack = entry.pack;
        let days = i32::try_from(pack.days_supply * (1 + pack.refills)).expect("a supply of days");
        let supplied = sitting.day + days;
        if let Some(encounter) = sitting.encounter {
            let condition = self.model.condition(condition);
            self.chart.prescriptions.push((
                Prescription {
                    event: event(pack.stream, sitting.day, sitting.slot),
                    concept: entry.concept,
                    // What is handed out is for after a stay; what staff give, for the stay.
                    at: if sitting.slot == STAY_SLOT && pack.given_hours.is_none() {
                        sitting.end
                    } else {
                        sitting.at(14)
                    },
                    days_supply: pack.days_supply,
                    quantity: pack.quantity,
                    refills: pack.refills,
                    sig: pack.sig.0,
                    status: PrescriptionStatus::Active,
                    stopped: None,
                    ended: None,
                    reason: Some(condition.concept),
                    encounter,
                    cause: condition.pack.key.0,
                },
                supplied,
                None,
            ));
            self.prescribed.push(usage);
        }
        supplied
    }

    /// Drugs of an acute episode.
    pub(super) fn prescribe_for(&mut self, condition: usize, sitting: &Sitting, draws: &mut Draws) {
        for &(medication, probability) in &self.model.condition(condition).drugs {
            let wanted = draws.chance(probability);
            let entry = &self.model.medications[medication];
            if !wanted || !self.can_begin(medication, sitting.day) {
                continue;
            }
            if entry.pack.refills > 0 {
                self.begin(medication, condition, sitting);
            } else {
                self.prescribe(medication, condition, None, sitting);
            }
        }
    }
}
