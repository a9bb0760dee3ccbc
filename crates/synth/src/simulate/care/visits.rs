//! Visits: what takes place at each, by its sort.

use chrono::{NaiveDateTime, TimeDelta};

use super::super::life::whole;
use super::super::measure::stream;
use super::super::model::{ConditionModel, CourseModel, OrderModel, VisitModel};
use super::{Clinic, Course, Episode, PROBLEM_SLOT, STAY_SLOT, Sitting, Step, StepKind, draw_minutes, event, time_of};
use crate::reference;
use crate::seed::Draws;
use crate::timeline::{Cause, Diagnosis, Encounter, EncounterClass, Problem};

impl<'c> Clinic<'c> {
    /// A check-up or follow-up: what is found, ordered, prescribed and given.
    pub(super) fn manage(&mut self, visit: &VisitModel<'_>, day: i32, planned: i32, mut draws: Draws) {
        let reason = self.leading_condition(visit);
        let sitting = Sitting { planned, ..self.sit(visit, day, 0, reason, &mut draws) };
        self.latents_on(day);
        self.recognise(&sitting);
        for index in 0..self.model.chronic.len() {
            if self.is_followed(index) && self.model.chronic[index].pack.follow_up.is_some() {
                self.diagnose(index, &sitting);
            }
        }
        let in_person = visit.class != EncounterClass::Virtual;
        if in_person {
            let mut orders: Vec<(OrderModel, Cause)> = Vec::with_capacity(24);
            orders.extend(visit.orders.iter().map(|order| (*order, visit.pack.key.0)));
            for (index, condition) in self.model.chronic.iter().enumerate() {
                if self.is_followed(index) {
                    orders.extend(condition.orders.iter().map(|order| (*order, condition.pack.key.0)));
                }
            }
            self.carry_out(&sitting, None, &orders, &[], reason);
        }
        self.treat(&sitting);
        if in_person {
            self.vaccinate(&sitting);
            self.find_allergies(&sitting);
        }
    }

    /// A visit for what its orders ask, when any of them falls due; whether it took place.
    pub(super) fn scheduled_visit(&mut self, visit: &VisitModel<'_>, day: i32, planned: i32, mut draws: Draws) -> bool {
        let due = visit.orders.iter().filter(|order| self.is_due(order, None, planned));
        let due: Vec<(OrderModel, Cause)> = due.map(|order| (*order, visit.pack.key.0)).collect();
        if due.is_empty() {
            return false;
        }
        let sitting = Sitting { planned, ..self.sit(visit, day, 0, None, &mut draws) };
        self.latents_on(day);
        self.carry_out(&sitting, None, &due, &[], None);
        true
    }

    /// The stay in which the patient is born, of those born in the window; the last day it takes.
    pub(super) fn birth(&mut self) -> Option<i32> {
        let birth = self.model.birth.as_ref().filter(|_| self.life.window <= 0)?;
        let mut draws = self.life.seed.child("birth", 0).draws();
        let in_hospital = draws.chance(birth.pack.in_hospital);
        let stay = 1 + whole(draws.exponential() * (birth.pack.stay_days - 1.0).max(0.0)).min(30);
        let begin = self.life.date(0).and_time(time_of(u32::try_from(draws.below(24 * 60)).unwrap_or(0)));
        let finish = begin + TimeDelta::days(i64::from(stay)) + TimeDelta::minutes(draw_minutes(&mut draws, 600));
        let last = self.day_of(finish);
        if !in_hospital || last > self.last {
            return None;
        }
        let sitting = self.admit(begin, finish, None, &mut draws);
        let cause = self.model.visits.inpatient.pack.key.0;
        self.chart.diagnoses.extend(sitting.encounter.map(|encounter| Diagnosis {
            event: event(birth.pack.stream, sitting.day, sitting.slot),
            concept: birth.concept,
            encounter,
            cause,
        }));
        self.latents_on(0);
        let orders: Vec<(OrderModel, Cause)> = birth.orders.iter().map(|order| (*order, cause)).collect();
        self.carry_out(&sitting, None, &orders, &[], None);
        Some(last)
    }

    /// An acute episode; the last day it takes, or none when it would not be over in time.
    pub(super) fn episode(&mut self, episode: Episode) -> Option<i32> {
        let model = self.model;
        let condition = model.condition(episode.condition);
        let day = episode.day;
        if episode.stay.map_or(day, |stay| day + 1 + stay) > self.last {
            return None;
        }
        let visit = match (episode.emergency, episode.by_video) {
            (true, _) => &model.visits.emergency,
            (_, true) => &model.visits.virtual_,
            _ => &model.visits.acute,
        };
        let mut draws = self.condition_seeds[episode.condition].at(episode.number);
        // Those that have decided what becomes of it.
        let _ = (draws.uniform(), draws.exponential());
        if let (Some(stay), true) = (episode.stay, episode.direct) {
            return Some(self.direct_stay(episode.condition, day, stay, &mut draws));
        }
        let sitting = self.sit(visit, day, 0, Some(condition), &mut draws);
        self.latents_on(day);
        self.diagnose(episode.condition, &sitting);
        let mut orders: Vec<(OrderModel, Cause)> = Vec::with_capacity(12);
        if !episode.by_video {
            orders.extend(visit.orders.iter().map(|order| (*order, visit.pack.key.0)));
            orders.extend(condition.orders.iter().map(|order| (*order, condition.pack.key.0)));
        }
        let shifts: Vec<(usize, f64)> =
            condition.lab_shifts.iter().map(|&(lab, by)| (lab, by * (0.6 + 0.8 * draws.uniform()))).collect();
        self.carry_out(&sitting, Some(episode.condition), &orders, &shifts, Some(condition));
        let last = if let Some(stay) = episode.stay {
            let begin = sitting.end + TimeDelta::minutes(30);
            let finish = begin + TimeDelta::days(i64::from(stay)) + TimeDelta::minutes(draw_minutes(&mut draws, 600));
            let sitting = self.admit(begin, finish, Some(condition), &mut draws);
            self.diagnose(episode.condition, &sitting);
            self.prescribe_for(episode.condition, &sitting, &mut draws);
            self.day_of(finish)
        } else {
            self.prescribe_for(episode.condition, &sitting, &mut draws);
            day
        };
        Some(last)
    }

    /// A stay that does not begin in the emergency department, from a morning on; the last day it takes.
    fn direct_stay(&mut self, index: usize, day: i32, stay: i32, draws: &mut Draws) -> i32 {
        let condition = self.model.condition(index);
        let begin = self.life.date(day).and_time(time_of(6 * 60 + u32::try_from(draws.below(300)).unwrap_or(0)));
        let finish = begin + TimeDelta::days(i64::from(stay)) + TimeDelta::minutes(draw_minutes(draws, 600));
        let sitting = self.admit(begin, finish, Some(condition), draws);
        self.latents_on(day);
        self.diagnose(index, &sitting);
        let key = condition.pack.key.0;
        let orders: Vec<(OrderModel, Cause)> = condition.orders.iter().map(|order| (*order, key)).collect();
        let shifts: Vec<(usize, f64)> =
            condition.lab_shifts.iter().map(|&(lab, by)| (lab, by * (0.6 + 0.8 * draws.uniform()))).collect();
        self.carry_out(&sitting, Some(index), &orders, &shifts, Some(condition));
        self.prescribe_for(index, &sitting, draws);
        self.day_of(finish)
    }

    fn day_of(&self, at: NaiveDateTime) -> i32 {
        i32::try_from((at.date() - self.life.demographics.birth_date).num_days()).expect("a day of life")
    }

    /// A step of a course; the last day it takes, or none when it does not come to pass.
    pub(super) fn step(&mut self, step: &Step, day: i32) -> Option<i32> {
        let model = self.model;
        let condition = model.condition(step.course.condition);
        let course = condition.course.as_ref()?;
        let mut draws = self.life.seed.child(&condition.label, 4).at(stream(step.day, 0));
        if step.what == StepKind::End {
            return self.end_course(step.course, condition, course, day, &mut draws);
        }
        let sitting = Sitting { planned: step.day, ..self.sit(&course.visit, day, 0, Some(condition), &mut draws) };
        // What was over before the window opened is not on the problem list.
        if step.what == StepKind::First && step.course.end >= self.life.window {
            self.chart.problems.push(Problem {
                event: event(condition.pack.stream, day, PROBLEM_SLOT),
                concept: condition.concept,
                onset: self.life.date(step.course.onset),
                recorded: self.life.date(day),
                abated: None,
                encounter: sitting.encounter,
                cause: condition.pack.key.0,
            });
        }
        self.latents_on(day);
        self.diagnose(step.course.condition, &sitting);
        let after = f64::from(step.day - step.course.onset);
        let mut orders: Vec<(OrderModel, Cause)> = Vec::with_capacity(12);
        orders.extend(course.visit.orders.iter().map(|order| (*order, course.visit.pack.key.0)));
        let of_course = course.orders.iter().filter(|(_, from, to)| (*from..*to).contains(&after));
        orders.extend(of_course.map(|(order, ..)| (*order, condition.pack.key.0)));
        self.carry_out(&sitting, Some(step.course.condition), &orders, &condition.lab_shifts, Some(condition));
        if step.what == StepKind::First {
            self.prescribe_for(step.course.condition, &sitting, &mut draws);
        }
        Some(day)
    }

    /// The stay in which a course ends.
    fn end_course(
        &mut self,
        over: Course,
        condition: &ConditionModel<'_>,
        course: &CourseModel<'_>,
        day: i32,
        draws: &mut Draws,
    ) -> Option<i32> {
        let (procedure, _, stay_days) = course.ways[draws.weighted(course.ways.iter().map(|(_, share, _)| *share))];
        let stay = 1 + whole(draws.exponential() * (stay_days - 1.0).max(0.0)).min(14);
        let begin = self.life.date(day).and_time(time_of(u32::try_from(draws.below(24 * 60)).unwrap_or(0)));
        let finish = begin + TimeDelta::days(i64::from(stay)) + TimeDelta::minutes(draw_minutes(draws, 600));
        let last = self.day_of(finish);
        if last > self.last {
            return None;
        }
        let sitting = self.admit(begin, finish, Some(condition), draws);
        self.latents_on(day);
        for &(concept, stream, probability) in &course.outcomes {
            if let (true, Some(encounter)) = (draws.chance(probability), sitting.encounter) {
                self.chart.diagnoses.push(Diagnosis {
                    event: event(stream, sitting.day, sitting.slot),
                    concept,
                    encounter,
                    cause: condition.pack.key.0,
                });
            }
        }
        let key = condition.pack.key.0;
        self.perform(procedure, &sitting, Some(condition), key);
        let orders: Vec<(OrderModel, Cause)> = course.end_orders.iter().map(|order| (*order, key)).collect();
        self.carry_out(&sitting, Some(over.condition), &orders, &condition.lab_shifts, Some(condition));
        let (concept, onset) = (condition.concept, self.life.date(over.onset));
        let mut problems = self.chart.problems.iter_mut();
        if let Some(problem) = problems.find(|problem| problem.concept == concept && problem.onset == onset) {
            problem.abated = Some(self.life.date(day));
        }
        Some(last)
    }

    /// Opens an encounter of an ordinary visit.
    pub(super) fn sit(
        &mut self,
        visit: &VisitModel<'_>,
        day: i32,
        slot: u32,
        reason: Option<&ConditionModel<'_>>,
        draws: &mut Draws,
    ) -> Sitting {
        let [open, close] = visit.pack.hours;
        let quarters = usize::try_from((close - open) * 12).unwrap_or(1);
        let minute = open * 60 + u32::try_from(draws.below(quarters)).unwrap_or(0) * 5;
        let [least, most] = visit.pack.minutes;
        let minutes = i64::from(least) + draw_minutes(draws, most - least + 1);
        // No visit but a stay goes past midnight, so that each day has its own.
        let latest = u32::try_from(24 * 60 - 1 - minutes).unwrap_or(0);
        let start = self.life.date(day).and_time(time_of(minute.min(latest)));
        let hospital = visit.pack.hospital || visit.class == EncounterClass::Emergency;
        let end = start + TimeDelta::minutes(minutes);
        self.open(visit, (start, end), slot, hospital, reason, draws)
    }

    /// Opens a hospital stay.
    pub(super) fn admit(
        &mut self,
        start: NaiveDateTime,
        end: NaiveDateTime,
        reason: Option<&ConditionModel<'_>>,
        draws: &mut Draws,
    ) -> Sitting {
        let model = self.model;
        self.open(&model.visits.inpatient, (start, end), STAY_SLOT, true, reason, draws)
    }

    pub(super) fn open(
        &mut self,
        visit: &VisitModel<'_>,
        (start, end): (NaiveDateTime, NaiveDateTime),
        slot: u32,
        hospital: bool,
        reason: Option<&ConditionModel<'_>>,
        draws: &mut Draws,
    ) -> Sitting {
        let who = &self.life.demographics;
        let other = draws.uniform();
        let practitioner = if hospital {
            let all = reference::hospital_practitioners_of(who.place);
            all.start + draws.below(all.len())
        } else if other < 0.8 {
            who.practitioner
        } else {
            let all = reference::clinic_practitioners_of(who.place);
            all.start + draws.below(all.len())
        };
        let day = i32::try_from((start.date() - who.birth_date).num_days()).expect("a day of life");
        let encounter = (day >= self.life.window).then(|| {
            self.chart.encounters.push(Encounter {
                event: event(visit.pack.stream, day, slot),
                class: visit.class,
                kind: visit.concept,
                start,
                end,
                reason: reason.map(|condition| condition.concept),
                practitioner,
                organization: reference::organization_of(practitioner),
                cause: reason.map_or(visit.pack.key.0, |condition| condition.pack.key.0),
            });
            self.chart.encounters.len() - 1
        });
        Sitting { day, planned: day, slot, start, end, encounter }
    }

    /// The condition a follow-up is for: the known one that is followed most often.
    pub(super) fn leading_condition(&self, visit: &VisitModel<'_>) -> Option<&'c ConditionModel<'c>> {
        if visit.pack.key == self.model.visits.wellness.pack.key {
            return None;
        }
        let mut best: Option<(f64, &'c ConditionModel<'c>)> = None;
        for (index, condition) in self.model.chronic.iter().enumerate() {
            if let Some(follow_up) = &condition.pack.follow_up
                && self.is_followed(index)
                && best.is_none_or(|(days, _)| follow_up.every_days < days)
            {
                best = Some((follow_up.every_days, condition));
            }
        }
        best.map(|(_, condition)| condition)
    }
}
