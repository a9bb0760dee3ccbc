//! Death: where it comes, and what of.

use chrono::TimeDelta;

use super::super::model::OnsetModel;
use super::{Clinic, draw_minutes, event, time_of, to_years};
use crate::seed::Draws;
use crate::timeline::Death;

impl Clinic<'_> {
    pub(super) fn die(&mut self, in_hospital: bool, first_day: i32) {
        let Some(day) = self.life.death else { return };
        let mut draws = self.life.seed.child("death", 1).draws();
        let minute = 180 + u32::try_from(draws.below(20 * 60)).unwrap_or(0);
        let at = self.life.date(day).and_time(time_of(minute));
        // Nobody leaves the window without having been seen: a first visit can be the last.
        let in_hospital = in_hospital || self.chart.encounters.is_empty();
        let cause = self.cause_of_death(day, in_hospital, &mut draws);
        if in_hospital {
            let start = if first_day < day {
                self.life.date(first_day).and_time(time_of(u32::try_from(draws.below(24 * 60)).unwrap_or(0)))
            } else {
                at - TimeDelta::minutes(20 + draw_minutes(&mut draws, 150))
            };
            let condition = cause.map(|cause| self.model.condition(cause));
            let sitting = self.admit(start, at, condition, &mut draws);
            self.latents_on(sitting.day);
            if let Some(cause) = cause {
                self.diagnose(cause, &sitting);
            }
            let model = self.model;
            let visit = &model.visits.inpatient;
            let orders: Vec<_> = visit.orders.iter().map(|order| (*order, visit.pack.key.0)).collect();
            self.carry_out(&sitting, None, &orders, &[], condition);
        }
        self.chart.death = Some(Death {
            at,
            cause: cause.map(|cause| self.model.condition(cause).concept),
            cause_event: event(self.model.pack.death.stream, day, 0),
        });
    }

    /// A chronic condition of the problem list, or in hospital an acute one; often none is named.
    pub(super) fn cause_of_death(&self, day: i32, in_hospital: bool, draws: &mut Draws) -> Option<usize> {
        let n_conditions = self.model.chronic.len() + self.model.acute.len();
        let weights = (0..n_conditions).map(|index| {
            let condition = self.model.condition(index);
            let about = |calendar: &[(f64, f64)]| self.calendar_factor(calendar, day) > 0.0;
            let possible = match &condition.onset {
                OnsetModel::Recurrent { calendar, .. } => in_hospital && about(calendar),
                _ => self.is_followed(index),
            };
            let mortality = condition.pack.mortality.as_ref().filter(|mortality| {
                possible
                    && day >= self.life.birthday(to_years(mortality.from_age).max(condition.min_age))
                    && condition.sex.is_none_or(|sex| sex == self.life.body.sex)
            });
            mortality.map_or(0.0, |mortality| mortality.cause_weight)
        });
        let index = draws.weighted(weights.chain(std::iter::once(1.0)));
        (index < n_conditions).then_some(index)
    }
}
