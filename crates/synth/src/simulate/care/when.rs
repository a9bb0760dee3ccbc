//! When a visit falls due, and the days on which acute episodes begin.

use chrono::{Datelike as _, Weekday};

use super::super::body::YEAR;
use super::super::life::{whole, year_of, year_start};
use super::super::measure::stream;
use super::super::model::{ConditionModel, CourseModel, OnsetModel, VisitModel};
use super::{Clinic, Course, Episode, Step, StepKind, interval_at};
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

    /// The first day that falls due after one that was planned for, and after the day it took place.
    pub(super) fn next_after(&self, visit: &VisitModel<'_>, planned: i32, day: i32, draws: &mut Draws) -> i32 {
        let mut next = Self::next_due(visit, planned, draws);
        while next <= day {
            next = Self::next_due(visit, next, &mut self.draws(visit, next));
        }
        next
    }

    /// Known, not found to be over, and not taken over by another known condition.
    pub(super) fn is_followed(&self, index: usize) -> bool {
        self.known[index].is_some()
            && self.resolved[index].is_none()
            && !self.model.chronic[index].ended_by.iter().any(|&other| self.known[other].is_some())
    }

    /// Acute episodes by the day of the visit they lead to.
    pub(super) fn episodes(&self) -> Vec<Episode> {
        let mut all = Vec::new();
        for (index, condition) in (self.model.chronic.len()..).zip(&self.model.acute) {
            let Some(rules) = &condition.pack.episode else { continue };
            for (number, onset) in (0..).zip(self.arrivals(condition)) {
                let mut draws = self.condition_seeds[index].at(number);
                let (chance, stay) = (draws.uniform(), draws.exponential());
                let admitted = chance < rules.admission;
                let emergency = admitted || chance < rules.admission + rules.emergency;
                let visits = &self.model.visits;
                let video = &visits.virtual_;
                let age = f64::from(onset) / YEAR;
                let share = video.share_of(video.pack.acute_share, self.life.body.sex, age);
                let by_video = !emergency && self.draws(video, onset).chance(share);
                let visit = match (emergency, by_video) {
                    (true, _) => &visits.emergency,
                    (_, true) => video,
                    _ => &visits.acute,
                };
                let stay = admitted.then(|| 1 + whole(stay * (rules.stay_days - 1.0).max(0.0)).min(30));
                let day = self.opening(onset, visit);
                let direct = chance < rules.admission * rules.direct;
                all.push(Episode { day, condition: index, number, emergency, by_video, stay, direct });
            }
        }
        all.sort_by_key(|episode| (episode.day, episode.condition));
        all
    }

    /// Days on which a condition that comes again and again begins.
    fn arrivals(&self, condition: &ConditionModel<'_>) -> Vec<i32> {
        let mut all = Vec::new();
        let OnsetModel::Recurrent { rates, season, calendar } = &condition.onset else { return all };
        if condition.sex.is_some_and(|sex| sex != self.life.body.sex) {
            return all;
        }
        let first = self.life.birthday(condition.min_age);
        let end = condition.max_age.map_or(i32::MAX, |age| self.life.birthday(age + 1));
        let highest_season = season.iter().copied().fold(0.0, f64::max);
        let highest = highest_season * calendar.iter().map(|&(_, factor)| factor).reduce(f64::max).unwrap_or(1.0);
        let mut draws = self.life.seed.child(&condition.label, 0).draws();
        let constant = self.life.constant_effect(rates);
        let mut left = draws.exponential();
        let mut day = f64::from(self.start);
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
                let weight = season[month] * self.calendar_factor(calendar, at);
                if accept < weight && (first..end).contains(&at) && at <= self.last {
                    all.push(at);
                }
            } else {
                left -= rate * (next - day);
                day = next;
                year += 1;
            }
        }
        all
    }

    /// Factor of the calendar on a day: that of the last row that has begun, none before the first.
    pub(super) fn calendar_factor(&self, calendar: &[(f64, f64)], day: i32) -> f64 {
        if calendar.is_empty() {
            return 1.0;
        }
        let date = self.life.date(day);
        let year = f64::from(date.year()) + f64::from(date.ordinal0()) / YEAR;
        calendar.iter().rev().find(|&&(from, _)| from <= year).map_or(0.0, |&(_, factor)| factor)
    }

    /// What courses ask for, by day.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut all = Vec::new();
        for (index, condition) in (self.model.chronic.len()..).zip(&self.model.acute) {
            let Some(model) = &condition.course else { continue };
            let mut free = i32::MIN;
            for (number, onset) in (0..).zip(self.arrivals(condition)) {
                if onset < free {
                    continue;
                }
                let mut draws = self.condition_seeds[index].at(number);
                let [least, most] = model.pack.bounds;
                let end = onset + whole((model.pack.days + model.pack.spread * draws.normal()).clamp(least, most));
                free = end + whole(model.pack.pause_days);
                let course = Course { condition: index, onset, end };
                Self::visits_of(model, course, &mut draws, &mut all);
                all.push(Step { day: end, course, what: StepKind::End });
            }
        }
        all.sort_by_key(|step| (step.day, step.course.condition));
        all
    }

    fn visits_of(model: &CourseModel<'_>, course: Course, draws: &mut Draws, all: &mut Vec<Step>) {
        let [least, mean] = model.pack.first_visit_days;
        let mut after = least + draws.exponential() * (mean - least).max(0.0);
        let mut what = StepKind::First;
        loop {
            let day = course.onset + whole(after);
            if day >= course.end {
                return;
            }
            all.push(Step { day, course, what });
            what = StepKind::Visit;
            let intervals = &model.pack.visits;
            let interval = intervals.iter().rev().find(|interval| interval.from_day <= after).or(intervals.first());
            let Some(interval) = interval else { return };
            after += (interval.every_days * (0.9 + 0.2 * draws.uniform())).max(1.0);
        }
    }

    /// The course's rules.
    pub(super) fn course_of(&self, course: &Course) -> Option<&CourseModel<'_>> {
        self.model.condition(course.condition).course.as_ref()
    }
}
