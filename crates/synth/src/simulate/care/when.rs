//! When a visit falls due, and the days on which acute episodes begin.

use chrono::{Datelike as _, Weekday};

use super::super::body::YEAR;
use super::super::life::{whole, year_of, year_start};
use super::super::measure::stream;
use super::super::model::{OnsetModel, VisitModel};
use super::{Clinic, Episode, interval_at};
use crate::seed::Draws;

impl Clinic<'_> {
    pub(super) fn draws(&self, visit: &VisitModel<'_>, day: i32) -> Draws {
        // A negative day is a second stream of the same day.
        self.life.seed.child(&visit.label, u64::from(day < 0)).at(stream(day, 0))
    }

    /// The first day at or after `due` on which this sort of visit takes place.
    pub(super) fn opening(&self, due: i32, visit: &VisitModel<'_>) -> i32 {
        if visit.pack.weekends || due < 7 || due > self.last {
            return due;
        }
        match self.life.date(due).weekday() {
            Weekday::Sat => due + 2,
            Weekday::Sun => due + 1,
            _ => due,
        }
    }

    pub(super) fn first_due(&self, visit: &VisitModel<'_>) -> i32 {
        if self.start == 0 && visit.pack.schedule.first().is_some_and(|interval| interval.from_age_months <= 0.0) {
            return whole(self.life.seed.child(&visit.label, 2).draws().uniform() * 3.0).min(self.last.max(0));
        }
        let (from, interval) = interval_at(visit, self.start);
        let first = from.max(self.start);
        first + whole(self.life.seed.child(&visit.label, 2).draws().uniform() * interval)
    }

    pub(super) fn next_due(visit: &VisitModel<'_>, day: i32, draws: &mut Draws) -> i32 {
        let (from, interval) = interval_at(visit, day);
        let jitter = draws.uniform();
        if f64::from(day) > 3.0 * YEAR {
            return day + whole(interval * (0.92 + 0.2 * jitter)).max(1);
        }
        // Well-child visits keep to the ages of the schedule, lest they drift away from those of the vaccines.
        let done = libm::floor(f64::from(day - from) / interval + 0.35) + 1.0;
        (from + whole(done * interval + 8.0 * jitter + 1.0)).max(day + 1)
    }

    /// Days between follow-ups: the shortest that a known condition calls for.
    pub(super) fn follow_up_interval(&self) -> Option<f64> {
        let followed = self.model.chronic.iter().enumerate().filter(|&(index, _)| self.is_followed(index));
        followed.filter_map(|(_, condition)| Some(condition.pack.follow_up.as_ref()?.every_days)).reduce(f64::min)
    }

    /// Known, and not taken over by another known condition.
    pub(super) fn is_followed(&self, index: usize) -> bool {
        self.known[index].is_some()
            && !self.model.chronic[index].ended_by.iter().any(|&other| self.known[other].is_some())
    }

    pub(super) fn episodes(&self) -> Vec<Episode> {
        let mut all = Vec::new();
        for (index, condition) in self.model.acute.iter().enumerate() {
            let OnsetModel::Recurrent { rates, season } = &condition.onset else { continue };
            if condition.sex.is_some_and(|sex| sex != self.life.body.sex) {
                continue;
            }
            let index = self.model.chronic.len() + index;
            let first = self.life.birthday(condition.min_age);
            let end = condition.max_age.map_or(i32::MAX, |age| self.life.birthday(age + 1));
            let highest = season.iter().copied().fold(0.0, f64::max);
            let mut draws = self.life.seed.child(&condition.label, 0).draws();
            let constant = self.life.constant_effect(rates);
            let mut left = draws.exponential();
            let mut day = f64::from(self.start);
            let mut number = 0;
            let mut year = year_of(self.start);
            while day <= f64::from(self.last) {
                let rate = self.life.rate(rates, constant, year, whole(day)) * highest / YEAR;
                let next = f64::from(year_start(year + 1));
                if left < rate * (next - day) {
                    day += left / rate;
                    left = draws.exponential();
                    let accept = draws.uniform() * highest;
                    let at = whole(day);
                    let month = usize::try_from(self.life.date(at).month0()).unwrap_or(0);
                    if accept < season[month] && (first..end).contains(&at) && at <= self.last {
                        all.push(Episode { day: at, condition: index, number });
                        number += 1;
                    }
                } else {
                    left -= rate * (next - day);
                    day = next;
                    year += 1;
                }
            }
        }
        all.sort_by_key(|episode| (episode.day, episode.condition));
        all
    }
}
