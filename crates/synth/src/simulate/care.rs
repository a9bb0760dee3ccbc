//! Care: visits one after another, and what is found, measured, prescribed and given at each.
//!
//! The clock goes from visit to visit. Care begins some years before the window opens, so that by then people are
//! treated as they would be; only what happens inside the window has an encounter and is charted.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::body::{Use, YEAR};
use super::life::{Life, whole, year_of, year_start};
use super::measure::{Subject, Written, scaled, stream};
use super::model::{ConditionModel, Model, OnsetModel, OrderModel, Ordered, Source, VisitModel};
use crate::reference;
use crate::seed::{Draws, Seed};
use crate::timeline::{
    Allergy, Cause, Death, Diagnosis, Encounter, EventId, Immunization, Observation, Prescription, PrescriptionStatus,
    Problem, Procedure, Report, Value,
};

/// Slot of a problem among the events of its day.
const PROBLEM_SLOT: u32 = 15;
/// Slot of what belongs to a hospital stay; other visits have slot 0.
const STAY_SLOT: u32 = 1;

/// Everything that was ever charted, before `as_of` cuts it.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub(super) encounters: Vec<Encounter>,
    pub(super) problems: Vec<Problem>,
    pub(super) diagnoses: Vec<Diagnosis>,
    pub(super) observations: Vec<Observation>,
    pub(super) reports: Vec<Report>,
    /// With the day the supply ends, and the day the drug is stopped.
    pub(super) prescriptions: Vec<(Prescription, i32, Option<i32>)>,
    pub(super) immunizations: Vec<Immunization>,
    pub(super) procedures: Vec<Procedure>,
    pub(super) allergies: Vec<Allergy>,
    pub(super) death: Option<Death>,
}

/// A visit that takes place.
#[derive(Clone, Copy, Debug)]
struct Sitting {
    day: i32,
    slot: u32,
    start: NaiveDateTime,
    end: NaiveDateTime,
    /// Index of the encounter, inside the window.
    encounter: Option<usize>,
}

impl Sitting {
    fn at(&self, minutes: i64) -> NaiveDateTime {
        (self.start + TimeDelta::minutes(minutes)).min(self.end)
    }
}

#[derive(Clone, Copy, Debug)]
struct Episode {
    day: i32,
    condition: usize,
    number: u64,
}

pub(super) struct Clinic<'c> {
    model: &'c Model<'c>,
    life: &'c Life,
    /// First day of care.
    start: i32,
    /// Last day on which a visit can begin and end.
    last: i32,
    uses: Vec<Use>,
    /// Day on which each chronic condition was written down.
    known: Vec<Option<i32>>,
    last_ordered: BTreeMap<Ordered, i32>,
    lab_seeds: Vec<Seed>,
    condition_seeds: Vec<Seed>,
    medication_seeds: Vec<Seed>,
    vaccines: Vec<Doses>,
    /// Day of life each allergy begins, in those who have it.
    allergies: Vec<Option<i32>>,
    /// Deviation of each lab from the mean of the person's like, in standard deviations.
    lab_deviations: Vec<f64>,
    latents: Vec<f64>,
    chart: Chart,
    /// Prescriptions' places in `uses`, for the day the drug is stopped.
    prescribed: Vec<Option<usize>>,
}

/// Where a patient stands with a vaccine.
#[derive(Clone, Copy, Debug)]
struct Doses {
    seed: Seed,
    takes: bool,
    next: usize,
    last: i32,
}

/// All care of a life.
pub(super) fn chart(model: &Model<'_>, life: &Life) -> Chart {
    Clinic::new(model, life).run()
}

impl<'c> Clinic<'c> {
    fn new(model: &'c Model<'c>, life: &'c Life) -> Self {
        let run_in = i32::try_from(model.pack.run_in_years).unwrap_or(0) * 366;
        let start = (life.window - run_in).max(0);
        let seeds = |labels: &mut dyn Iterator<Item = &String>| -> Vec<Seed> {
            labels.map(|label| life.seed.child(label, 1)).collect()
        };
        let conditions = model.chronic.iter().chain(&model.acute);
        let lab_seeds = seeds(&mut model.labs.iter().map(|lab| &lab.label));
        let has_curve = |source: &Source<'_>| matches!(source, Source::Measured { curve: Some(_), .. });
        let lab_deviations = model.labs.iter().zip(&lab_seeds);
        let lab_deviations =
            lab_deviations.map(|(lab, seed)| if has_curve(&lab.source) { seed.at(0).normal() } else { 0.0 }).collect();
        Self {
            start,
            last: life.end,
            uses: Vec::new(),
            known: vec![None; model.chronic.len()],
            last_ordered: BTreeMap::new(),
            lab_seeds,
            lab_deviations,
            allergies: draw_allergies(model, life),
            condition_seeds: seeds(&mut conditions.map(|condition| &condition.label)),
            medication_seeds: seeds(&mut model.medications.iter().map(|medication| &medication.label)),
            vaccines: model
                .vaccines
                .iter()
                .map(|vaccine| {
                    let seed = life.seed.child(&vaccine.label, 1);
                    Doses { seed, takes: seed.at(0).chance(vaccine.pack.uptake), next: 0, last: i32::MIN / 2 }
                })
                .collect(),
            latents: Vec::new(),
            chart: Chart::default(),
            prescribed: Vec::new(),
            model,
            life,
        }
    }

    fn run(mut self) -> Chart {
        let dying = self.life.death.map(|death| self.plan_death(death));
        if let Some((_, first_day)) = dying {
            self.last = first_day - 1;
        }
        self.recall();
        self.visit_by_visit();
        if let Some((in_hospital, first_day)) = dying {
            self.die(in_hospital, first_day);
        }
        self.finish()
    }

    /// Whether death comes in hospital, and the day from which there are no other visits.
    fn plan_death(&self, death: i32) -> (bool, i32) {
        let mut draws = self.life.seed.child("death", 0).draws();
        let in_hospital = draws.chance(self.model.pack.death.in_hospital);
        let days = whole(draws.exponential() * 4.0).min(20);
        let first = (death - days).max(self.life.window.max(0)).min(death);
        (in_hospital, if in_hospital { first } else { death })
    }

    /// What is known before the first visit, and the doses had by then.
    fn recall(&mut self) {
        for index in 0..self.model.chronic.len() {
            let Some(findable) = self.life.body.illnesses[index].as_ref().and_then(|illness| illness.findable) else {
                continue;
            };
            if findable < self.start && self.is_grounded(index, findable) && !self.is_superseded(index, findable) {
                self.known[index] = Some(findable);
                self.note_problem(index, findable, None);
            }
        }
        for (vaccine, doses) in self.model.vaccines.iter().zip(&mut self.vaccines) {
            let ages = &vaccine.pack.ages_months;
            doses.next =
                ages.iter().take_while(|&&months| self.life.months_old(to_months(months)) < self.start).count();
            if let Some(every) = vaccine.pack.every_months {
                let ago = doses.seed.at(1).uniform() * every / 12.0 * YEAR;
                doses.last = self.start - whole(ago);
            }
        }
        for index in 0..self.allergies.len() {
            if let Some(onset) = self.allergies[index].filter(|&onset| onset < self.start) {
                self.note_allergy(index, onset, onset, None);
            }
        }
    }

    fn visit_by_visit(&mut self) {
        let model = self.model;
        let visits = &model.visits;
        let mut free = self.start;
        let mut wellness = self.first_due(&visits.wellness);
        let mut scheduled: Vec<i32> = visits.scheduled.iter().map(|visit| self.first_due(visit)).collect();
        let mut follow_up = self.follow_up_interval().map(|interval| {
            self.start + whole(self.life.seed.child(&visits.follow_up.label, 2).draws().uniform() * interval)
        });
        let episodes = self.episodes();
        let mut episodes = episodes.iter().peekable();
        let mut seen_in_window = false;
        loop {
            while episodes.next_if(|episode| episode.day < free).is_some() {}
            let on = |due: i32, visit: &VisitModel<'_>| self.opening(due.max(free), visit);
            let well_day = on(wellness, &visits.wellness);
            let follow_day = follow_up.map_or(i32::MAX, |due| on(due, &visits.follow_up));
            let other = visits.scheduled.iter().zip(&scheduled).enumerate();
            let (other_day, other) =
                other.map(|(index, (visit, due))| (on(*due, visit), index)).min().unwrap_or((i32::MAX, 0));
            let episode_day = episodes.peek().map_or(i32::MAX, |episode| episode.day);
            let day = well_day.min(follow_day).min(other_day).min(episode_day);
            if day > self.last {
                break;
            }
            if day == well_day {
                let first = !seen_in_window && day >= self.life.window;
                let mut draws = self.draws(&visits.wellness, day);
                wellness = Self::next_due(&visits.wellness, day, &mut draws);
                if first || draws.chance(visits.wellness.pack.attendance) {
                    seen_in_window |= first;
                    self.manage(&visits.wellness, day, draws);
                    follow_up = self.follow_up_interval().map(|interval| day + whole(interval));
                    free = day + 1;
                }
            } else if day == follow_day {
                let mut draws = self.draws(&visits.follow_up, day);
                let interval = self.follow_up_interval().unwrap_or(YEAR);
                if draws.chance(visits.follow_up.pack.attendance) {
                    let virtual_ = draws.chance(visits.virtual_.pack.share);
                    self.manage(if virtual_ { &visits.virtual_ } else { &visits.follow_up }, day, draws);
                    let interval = self.follow_up_interval().unwrap_or(YEAR);
                    let stretch = 0.9 + 0.25 * self.draws(&visits.follow_up, -day).uniform();
                    follow_up = Some(day + whole(interval * stretch).max(7));
                    free = day + 1;
                } else {
                    follow_up = Some(day + whole(interval * 0.5).max(7));
                }
            } else if day == other_day {
                let visit = &visits.scheduled[other];
                let mut draws = self.draws(visit, day);
                scheduled[other] = Self::next_due(visit, day, &mut draws);
                if draws.chance(visit.pack.attendance) && self.scheduled_visit(visit, day, draws) {
                    free = day + 1;
                }
            } else if let Some(episode) = episodes.next() {
                free = self.episode(*episode) + 1;
            }
        }
    }

    // ---- When

    fn draws(&self, visit: &VisitModel<'_>, day: i32) -> Draws {
        // A negative day is a second stream of the same day.
        self.life.seed.child(&visit.label, u64::from(day < 0)).at(stream(day, 0))
    }

    /// The first day at or after `due` on which this sort of visit takes place.
    fn opening(&self, due: i32, visit: &VisitModel<'_>) -> i32 {
        if visit.pack.weekends || due < 7 || due > self.last {
            return due;
        }
        match self.life.date(due).weekday() {
            Weekday::Sat => due + 2,
            Weekday::Sun => due + 1,
            _ => due,
        }
    }

    fn first_due(&self, visit: &VisitModel<'_>) -> i32 {
        if self.start == 0 && visit.pack.schedule.first().is_some_and(|interval| interval.from_age_months <= 0.0) {
            return whole(self.life.seed.child(&visit.label, 2).draws().uniform() * 3.0).min(self.last.max(0));
        }
        let (from, interval) = interval_at(visit, self.start);
        let first = from.max(self.start);
        first + whole(self.life.seed.child(&visit.label, 2).draws().uniform() * interval)
    }

    fn next_due(visit: &VisitModel<'_>, day: i32, draws: &mut Draws) -> i32 {
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
    fn follow_up_interval(&self) -> Option<f64> {
        let followed = self.model.chronic.iter().enumerate().filter(|&(index, _)| self.is_followed(index));
        followed.filter_map(|(_, condition)| Some(condition.pack.follow_up.as_ref()?.every_days)).reduce(f64::min)
    }

    /// Known, and not taken over by another known condition.
    fn is_followed(&self, index: usize) -> bool {
        self.known[index].is_some()
            && !self.model.chronic[index].ended_by.iter().any(|&other| self.known[other].is_some())
    }

    fn episodes(&self) -> Vec<Episode> {
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

    // ---- Visits

    /// A check-up or follow-up: what is found, ordered, prescribed and given.
    fn manage(&mut self, visit: &VisitModel<'_>, day: i32, mut draws: Draws) {
        let reason = self.leading_condition(visit);
        let sitting = self.sit(visit, day, 0, reason, &mut draws);
        self.latents_on(day);
        self.recognise(&sitting);
        for index in 0..self.model.chronic.len() {
            if self.is_followed(index) && self.model.chronic[index].pack.follow_up.is_some() {
                self.diagnose(index, &sitting);
            }
        }
        let in_person = visit.class != crate::timeline::EncounterClass::Virtual;
        if in_person {
            let mut orders: Vec<(OrderModel, Cause)> = Vec::with_capacity(24);
            orders.extend(visit.orders.iter().map(|order| (*order, visit.pack.key.0)));
            for (index, condition) in self.model.chronic.iter().enumerate() {
                if self.is_followed(index) {
                    orders.extend(condition.orders.iter().map(|order| (*order, condition.pack.key.0)));
                }
            }
            self.carry_out(&sitting, &orders, &[], reason);
        }
        self.treat(&sitting);
        if in_person {
            self.vaccinate(&sitting);
            self.find_allergies(&sitting);
        }
    }

    /// A visit for what its orders ask, when any of them falls due; whether it took place.
    fn scheduled_visit(&mut self, visit: &VisitModel<'_>, day: i32, mut draws: Draws) -> bool {
        let due = visit.orders.iter().filter(|order| self.is_due(order, day));
        let due: Vec<(OrderModel, Cause)> = due.map(|order| (*order, visit.pack.key.0)).collect();
        if due.is_empty() {
            return false;
        }
        let sitting = self.sit(visit, day, 0, None, &mut draws);
        self.latents_on(day);
        self.carry_out(&sitting, &due, &[], None);
        true
    }

    /// An acute episode; the last day it takes.
    fn episode(&mut self, episode: Episode) -> i32 {
        let model = self.model;
        let condition = model.condition(episode.condition);
        let Some(rules) = &condition.pack.episode else { return episode.day };
        let mut draws = self.condition_seeds[episode.condition].at(episode.number);
        let (chance, stay) = (draws.uniform(), draws.exponential());
        let admitted = chance < rules.admission;
        let emergency = admitted || chance < rules.admission + rules.emergency;
        let visit = if emergency { &model.visits.emergency } else { &model.visits.acute };
        let day = self.opening(episode.day, visit);
        let stay = 1 + whole(stay * (rules.stay_days - 1.0).max(0.0)).min(30);
        let end = if admitted { day + 1 + stay } else { day };
        if end > self.last {
            return episode.day;
        }
        let sitting = self.sit(visit, day, 0, Some(condition), &mut draws);
        self.latents_on(day);
        self.diagnose(episode.condition, &sitting);
        let mut orders: Vec<(OrderModel, Cause)> = Vec::with_capacity(12);
        orders.extend(visit.orders.iter().map(|order| (*order, visit.pack.key.0)));
        orders.extend(condition.orders.iter().map(|order| (*order, condition.pack.key.0)));
        let shifts: Vec<(usize, f64)> =
            condition.lab_shifts.iter().map(|&(lab, by)| (lab, by * (0.6 + 0.8 * draws.uniform()))).collect();
        self.carry_out(&sitting, &orders, &shifts, Some(condition));
        let last = if admitted {
            let begin = sitting.end + TimeDelta::minutes(30);
            let finish = begin + TimeDelta::days(i64::from(stay)) + TimeDelta::minutes(draw_minutes(&mut draws, 600));
            let sitting = self.admit(begin, finish, Some(condition), &mut draws);
            self.diagnose(episode.condition, &sitting);
            self.prescribe_for(episode.condition, &sitting, &mut draws);
            let past = (finish.date() - self.life.demographics.birth_date).num_days();
            i32::try_from(past).expect("a day of life")
        } else {
            self.prescribe_for(episode.condition, &sitting, &mut draws);
            day
        };
        last.max(episode.day)
    }

    /// Opens an encounter of an ordinary visit.
    fn sit(
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
        let start = self.life.date(day).and_time(time_of(minute));
        let [least, most] = visit.pack.minutes;
        let minutes = i64::from(least) + draw_minutes(draws, most - least + 1);
        let hospital = visit.pack.hospital || visit.class == crate::timeline::EncounterClass::Emergency;
        let end = start + TimeDelta::minutes(minutes);
        self.open(visit, (start, end), slot, hospital, reason, draws)
    }

    /// Opens a hospital stay.
    fn admit(
        &mut self,
        start: NaiveDateTime,
        end: NaiveDateTime,
        reason: Option<&ConditionModel<'_>>,
        draws: &mut Draws,
    ) -> Sitting {
        let model = self.model;
        self.open(&model.visits.inpatient, (start, end), STAY_SLOT, true, reason, draws)
    }

    fn open(
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
        Sitting { day, slot, start, end, encounter }
    }

    /// The condition a follow-up is for: the known one that is followed most often.
    fn leading_condition(&self, visit: &VisitModel<'_>) -> Option<&'c ConditionModel<'c>> {
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

    // ---- Finding

    fn latents_on(&mut self, day: i32) {
        self.life.body.latents(self.model, &self.uses, day, &mut self.latents);
    }

    fn recognise(&mut self, sitting: &Sitting) {
        for index in 0..self.model.chronic.len() {
            let Some(illness) = &self.life.body.illnesses[index] else { continue };
            let is_new =
                self.known[index].is_none() && illness.findable.is_some_and(|findable| findable <= sitting.day);
            if is_new && self.is_grounded(index, sitting.day) && !self.is_superseded(index, sitting.day) {
                self.known[index] = Some(sitting.day);
                self.note_problem(index, sitting.day, sitting.encounter);
            }
        }
    }

    /// Whether a complication's cause is on the problem list, so that a chart never has one without the other.
    fn is_grounded(&self, index: usize, day: i32) -> bool {
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

    /// Whether another condition has taken this one's place, known or not.
    fn is_superseded(&self, index: usize, day: i32) -> bool {
        self.life.body.illnesses[index].as_ref().is_some_and(|illness| illness.end.is_some_and(|end| end <= day))
    }

    fn note_problem(&mut self, index: usize, day: i32, encounter: Option<usize>) {
        let condition = &self.model.chronic[index];
        let Some(illness) = &self.life.body.illnesses[index] else { return };
        self.chart.problems.push(Problem {
            event: event(condition.pack.stream, day, PROBLEM_SLOT),
            concept: condition.concept,
            onset: self.life.date(illness.onset),
            recorded: self.life.date(day),
            abated: None,
            encounter,
            cause: condition.pack.key.0,
        });
    }

    fn diagnose(&mut self, index: usize, sitting: &Sitting) {
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

    fn find_allergies(&mut self, sitting: &Sitting) {
        for index in 0..self.allergies.len() {
            let Some(onset) = self.allergies[index] else { continue };
            let concept = self.model.allergies[index].0;
            let known = self.chart.allergies.iter().any(|allergy| allergy.concept == concept);
            if !known && (self.start..=sitting.day).contains(&onset) {
                self.note_allergy(index, onset, sitting.day, sitting.encounter);
            }
        }
    }

    fn note_allergy(&mut self, index: usize, onset: i32, day: i32, encounter: Option<usize>) {
        let rules = &self.model.pack.allergies;
        self.chart.allergies.push(Allergy {
            event: event(rules.stream, day, u32::try_from(index).expect("at most sixteen allergies")),
            concept: self.model.allergies[index].0,
            onset: self.life.date(onset),
            recorded: self.life.date(day),
            encounter,
            cause: rules.key.0,
        });
    }

    // ---- Orders

    fn is_due(&self, order: &OrderModel, day: i32) -> bool {
        let age = f64::from(day) / YEAR;
        if age < order.from_age || age >= order.to_age || order.sex.is_some_and(|sex| sex != self.life.body.sex) {
            return false;
        }
        // The age is exact to the day at its lower end, since constraints count birthdays.
        if order.from_age > 0.0 && day < self.life.birthday(to_years(order.from_age)) {
            return false;
        }
        let recent = self.last_ordered.get(&order.of).is_some_and(|&last| f64::from(day - last) < order.every_days);
        if recent || order.probability >= 1.0 {
            return !recent;
        }
        let seed = match order.of {
            Ordered::Lab(lab) => self.lab_seeds[lab],
            Ordered::Report(report) => self.lab_seeds[self.model.reports[report].results[0]],
            Ordered::Procedure(procedure) => self.life.seed.child(&self.model.procedures[procedure].key, 1),
        };
        seed.at(stream(day, 2)).chance(order.probability)
    }

    fn carry_out(
        &mut self,
        sitting: &Sitting,
        orders: &[(OrderModel, Cause)],
        shifts: &[(usize, f64)],
        reason: Option<&ConditionModel<'_>>,
    ) {
        let mut ordered: BTreeMap<Ordered, Cause> = BTreeMap::new();
        for (order, cause) in orders {
            if !ordered.contains_key(&order.of) && self.is_due(order, sitting.day) {
                ordered.insert(order.of, cause);
            }
        }
        let mut wanted: Vec<Option<Cause>> = vec![None; self.model.labs.len()];
        for (&of, &cause) in &ordered {
            self.last_ordered.insert(of, sitting.day);
            match of {
                Ordered::Lab(lab) => wanted[lab] = Some(cause),
                Ordered::Report(report) => {
                    for &lab in &self.model.reports[report].results {
                        wanted[lab] = wanted[lab].or(Some(cause));
                        self.last_ordered.insert(Ordered::Lab(lab), sitting.day);
                    }
                }
                Ordered::Procedure(procedure) => self.perform(procedure, sitting, reason, cause),
            }
        }
        if sitting.encounter.is_some() {
            self.observe(sitting, &wanted, shifts, &ordered);
        }
    }

    fn observe(
        &mut self,
        sitting: &Sitting,
        wanted: &[Option<Cause>],
        shifts: &[(usize, f64)],
        ordered: &BTreeMap<Ordered, Cause>,
    ) {
        let Some(encounter) = sitting.encounter else { return };
        let labs = &self.model.labs;
        let years = f64::from(sitting.day) / YEAR;
        let mut parts = vec![false; labs.len()];
        for (lab, _) in wanted.iter().enumerate().filter(|(_, cause)| cause.is_some()) {
            if let Source::Parts(of) = &labs[lab].source {
                for &part in of {
                    parts[part] = true;
                }
            }
        }
        let subject = Subject {
            body: &self.life.body,
            latents: &self.latents,
            day: sitting.day,
            years: f64::from(self.life.age_in_years(sitting.day)),
            slot: sitting.slot,
            seeds: &self.lab_seeds,
            deviations: &self.lab_deviations,
        };
        let mut written = vec![Written::Nothing; labs.len()];
        let mut places: Vec<Option<usize>> = vec![None; labs.len()];
        for (lab, entry) in labs.iter().enumerate() {
            let from_age = entry.pack.from_age;
            let old_enough =
                from_age <= 0.0 || (years > from_age - 0.1 && sitting.day >= self.life.birthday(to_years(from_age)));
            if !(parts[lab] || wanted[lab].is_some()) || !old_enough {
                continue;
            }
            let shift = shifts.iter().find(|(of, _)| *of == lab).map_or(0.0, |(_, by)| *by);
            written[lab] = subject.measure(self.model, lab, shift, &written);
            let (Some(stream), Some(cause)) = (entry.pack.stream, wanted[lab]) else { continue };
            let unit = entry.pack.unit.map_or("", |unit| unit.0);
            let value = match written[lab] {
                Written::Nothing => continue,
                Written::Number(value) => Value::Quantity { value, unit },
                Written::Answer(answer) => Value::Concept(answer),
                Written::Parts => {
                    let Source::Parts(of) = &entry.source else { continue };
                    let parts = of.iter().filter_map(|&part| match written[part] {
                        Written::Number(value) => {
                            Some((labs[part].concept, value, labs[part].pack.unit.map_or("", |unit| unit.0)))
                        }
                        _ => None,
                    });
                    Value::Components(parts.collect())
                }
            };
            let is_laboratory = entry.category == crate::timeline::Category::Laboratory;
            places[lab] = Some(self.chart.observations.len());
            self.chart.observations.push(Observation {
                event: event(stream, sitting.day, sitting.slot),
                concept: entry.concept,
                category: entry.category,
                at: sitting.at(if is_laboratory { 10 } else { 4 }),
                value,
                range: entry
                    .pack
                    .range
                    .map(|[low, high]| (scaled(low, entry.pack.decimals), scaled(high, entry.pack.decimals))),
                encounter,
                cause,
            });
        }
        for (&of, &cause) in ordered {
            let Ordered::Report(report) = of else { continue };
            let report = &self.model.reports[report];
            let results: Vec<usize> = report.results.iter().filter_map(|&lab| places[lab]).collect();
            if !results.is_empty() {
                self.chart.reports.push(Report {
                    event: event(report.stream, sitting.day, sitting.slot),
                    concept: report.concept,
                    at: sitting.at(12),
                    results,
                    encounter,
                    cause,
                });
            }
        }
    }

    fn perform(&mut self, procedure: usize, sitting: &Sitting, reason: Option<&ConditionModel<'_>>, cause: Cause) {
        let Some(encounter) = sitting.encounter else { return };
        let procedure = &self.model.procedures[procedure];
        let [least, most] = procedure.minutes;
        let mut draws = self.life.seed.child(&procedure.key, 2).at(stream(sitting.day, sitting.slot));
        let minutes = i64::from(least) + draw_minutes(&mut draws, most - least + 1);
        self.chart.procedures.push(Procedure {
            event: event(procedure.stream, sitting.day, sitting.slot),
            concept: procedure.concept,
            start: sitting.at(5),
            end: sitting.at(5 + minutes),
            reason: reason.map(|condition| condition.concept),
            encounter,
            cause,
        });
    }

    // ---- Drugs

    /// Drugs for known conditions: renewed, begun, added.
    fn treat(&mut self, sitting: &Sitting) {
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
            let willing = self.life.body.illnesses[index].as_ref().is_some_and(|illness| illness.willing);
            if willing && self.is_followed(index) {
                self.climb(index, sitting);
            }
        }
    }

    /// Begins the first drug of a condition's ladder, or adds the next while its goal is missed.
    fn climb(&mut self, index: usize, sitting: &Sitting) {
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

    fn can_begin(&self, medication: usize, day: i32) -> bool {
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

    fn begin(&mut self, medication: usize, condition: usize, sitting: &Sitting) {
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
        self.uses.push(Use { medication, start: day, stop, supplied: day, condition });
        self.renew(self.uses.len() - 1, sitting);
    }

    fn renew(&mut self, place: usize, sitting: &Sitting) {
        let usage = &self.uses[place];
        let (medication, condition) = (usage.medication, usage.condition);
        self.uses[place].supplied = self.prescribe(medication, condition, Some(place), sitting);
    }

    /// Writes a prescription; the last day of its supply.
    fn prescribe(&mut self, medication: usize, condition: usize, usage: Option<usize>, sitting: &Sitting) -> i32 {
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
                    at: if sitting.slot == STAY_SLOT { sitting.end } else { sitting.at(14) },
                    days_supply: pack.days_supply,
                    quantity: pack.quantity,
                    refills: pack.refills,
                    sig: pack.sig.0,
                    status: PrescriptionStatus::Active,
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
    fn prescribe_for(&mut self, condition: usize, sitting: &Sitting, draws: &mut Draws) {
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

    // ---- Vaccines

    fn vaccinate(&mut self, sitting: &Sitting) {
        let model = self.model;
        let day = sitting.day;
        for (place, vaccine) in model.vaccines.iter().enumerate() {
            let rules = vaccine.pack;
            let too_late = whole(rules.too_late_months / 12.0 * YEAR);
            let mut doses = self.vaccines[place];
            let mut given = false;
            while let Some(&months) = rules.ages_months.get(doses.next) {
                let due = self.life.months_old(to_months(months));
                if day < due || day - doses.last < 26 {
                    break;
                }
                doses.next += 1;
                if day - due <= too_late {
                    given = doses.takes;
                    break;
                }
            }
            if let (Some(every), false) = (rules.every_months, given) {
                let in_season = rules.months.is_empty() || rules.months.contains(&self.life.date(day).month());
                let old_enough = day >= self.life.months_old(to_months(rules.from_age_months));
                // Three weeks of grace: a yearly visit is not always a year later.
                let is_due = f64::from(day - doses.last) >= every / 12.0 * YEAR - 21.0 - every * 2.0;
                if in_season && old_enough && is_due {
                    // People are mostly of one mind about it, but not every year.
                    let mood = doses.seed.at(stream(day, 1)).uniform();
                    given = if doses.takes { mood < 0.85 } else { mood < 0.12 };
                }
            }
            if given {
                doses.last = day;
                if let Some(encounter) = sitting.encounter {
                    let lot = doses.seed.at(stream(day, 2)).below(26 * 90_000);
                    let letter = char::from(b'A' + u8::try_from(lot % 26).unwrap_or(0));
                    self.chart.immunizations.push(Immunization {
                        event: event(rules.stream, day, sitting.slot),
                        concept: vaccine.concept,
                        at: sitting.at(15),
                        lot: format!("{letter}{}", 10_000 + lot / 26),
                        encounter,
                        cause: rules.key.0,
                    });
                }
            }
            self.vaccines[place] = doses;
        }
    }

    // ---- Death

    fn die(&mut self, in_hospital: bool, first_day: i32) {
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
            self.carry_out(&sitting, &orders, &[], condition);
        }
        self.chart.death = Some(Death {
            at,
            cause: cause.map(|cause| self.model.condition(cause).concept),
            cause_event: event(self.model.pack.death.stream, day, 0),
        });
    }

    /// A chronic condition of the problem list, or in hospital an acute one; often none is named.
    fn cause_of_death(&self, day: i32, in_hospital: bool, draws: &mut Draws) -> Option<usize> {
        let n_chronic = self.model.chronic.len();
        let n_conditions = n_chronic + self.model.acute.len();
        let weights = (0..n_conditions).map(|index| {
            let condition = self.model.condition(index);
            let possible = if index < n_chronic { self.is_followed(index) } else { in_hospital };
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

    fn finish(mut self) -> Chart {
        for ((_, _, stop), usage) in self.chart.prescriptions.iter_mut().zip(&self.prescribed) {
            *stop = usage.and_then(|place| self.uses[place].stop);
        }
        for condition in &self.model.chronic {
            let ends = condition.ended_by.iter().filter_map(|&other| self.known[other]);
            let Some(end) = ends.min() else { continue };
            if let Some(problem) = self.chart.problems.iter_mut().find(|problem| problem.concept == condition.concept) {
                problem.abated = Some(self.life.date(end).max(problem.onset));
            }
        }
        self.chart.problems.sort_by_key(|problem| (problem.onset, problem.event));
        self.chart.allergies.sort_by_key(|allergy| (allergy.onset, allergy.event));
        self.chart
    }
}

/// Day of life each allergy begins, in those who have it.
fn draw_allergies(model: &Model<'_>, life: &Life) -> Vec<Option<i32>> {
    let [low, high] = model.pack.allergies.onset_years;
    let seed = life.seed.child(&model.pack.allergies.key, 0);
    let shares = (0_u64..).zip(&model.allergies);
    shares
        .map(|(stream, (_, share))| {
            let mut draws = seed.at(stream);
            let has = draws.chance(*share);
            let onset = whole((low + draws.uniform() * (high - low)) * YEAR);
            has.then_some(onset)
        })
        .collect()
}

/// From which day of life the interval in force counts, and its length in days.
fn interval_at(visit: &VisitModel<'_>, day: i32) -> (i32, f64) {
    let schedule = &visit.pack.schedule;
    let months = f64::from(day) / YEAR * 12.0 + 0.2;
    let current = schedule.iter().rev().find(|interval| interval.from_age_months <= months);
    let interval = current.or(schedule.first()).expect("a scheduled visit has a schedule");
    (whole(interval.from_age_months / 12.0 * YEAR), interval.every_months / 12.0 * YEAR)
}

fn event(stream: u16, day: i32, slot: u32) -> EventId {
    EventId { stream, ordinal: day.unsigned_abs() * 16 + slot }
}

fn time_of(minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(minute / 60 % 24, minute % 60, 0).expect("minutes of a day")
}

fn draw_minutes(draws: &mut Draws, n: u32) -> i64 {
    i64::try_from(draws.below(usize::try_from(n).unwrap_or(1))).unwrap_or(0)
}

fn to_years(age: f64) -> u32 {
    u32::try_from(whole(libm::ceil(age)).max(0)).unwrap_or(0)
}

fn to_months(months: f64) -> u32 {
    u32::try_from(whole(months).max(0)).unwrap_or(0)
}
