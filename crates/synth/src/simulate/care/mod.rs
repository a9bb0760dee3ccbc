//! Care: visits one after another, and what is found, measured, prescribed and given at each.
//!
//! The clock goes from visit to visit. Care begins some years before the window opens, so that by then people are
//! treated as they would be; only what happens inside the window has an encounter and is charted.

mod death;
mod drugs;
mod finding;
mod orders;
mod vaccines;
mod visits;
mod when;

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};

use super::body::{Use, YEAR};
use super::life::{Life, whole};
use super::model::{Model, Ordered, Source, VisitModel};
use crate::seed::{Draws, Seed};
use crate::timeline::{
    Allergy, Death, Diagnosis, Encounter, EventId, Immunization, Observation, Prescription, Problem, Procedure,
    RECORDS_BEGIN, Refusal, Report,
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
    pub(super) refusals: Vec<Refusal>,
    pub(super) procedures: Vec<Procedure>,
    pub(super) allergies: Vec<Allergy>,
    pub(super) death: Option<Death>,
    /// The times of taking a drug, also those before the window.
    pub(super) uses: Vec<Use>,
    /// Day on which each chronic condition was written down.
    pub(super) known: Vec<Option<i32>>,
    /// Deviation of each lab from the mean of the person's like, in standard deviations.
    pub(super) deviations: Vec<f64>,
}

/// A visit that takes place.
#[derive(Clone, Copy, Debug)]
struct Sitting {
    day: i32,
    /// Day it was planned for; it decides what is due, so that a visit put off puts off nothing else.
    planned: i32,
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

/// An acute episode, and what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Episode {
    /// Day of the visit it leads to.
    day: i32,
    condition: usize,
    number: u64,
    /// Whether it leads to the emergency department.
    emergency: bool,
    /// Whether it is seen by video, where nothing is measured.
    by_video: bool,
    /// Days of the hospital stay, when it comes to one.
    stay: Option<i32>,
    /// Whether the stay does not begin in the emergency department.
    direct: bool,
}

/// A course: a time that passes by itself, as a pregnancy does.
#[derive(Clone, Copy, Debug)]
struct Course {
    condition: usize,
    /// Day of life it begins.
    onset: i32,
    /// Day of life it is to end.
    end: i32,
}

/// A day on which a course asks for care.
#[derive(Clone, Copy, Debug)]
struct Step {
    day: i32,
    course: Course,
    what: StepKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum StepKind {
    First,
    Visit,
    End,
}

/// Whose orders are remembered: those of planned care together, those of each acute condition for itself. An order that
/// is due every so many days is not put off because of what an illness called for in between.
type Memory = Option<usize>;

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
    /// Day on which each chronic condition was found to be over.
    resolved: Vec<Option<i32>>,
    last_ordered: BTreeMap<(Memory, Ordered), i32>,
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
    /// Day on which it was last written down that the patient would not have it.
    refused: i32,
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
        let has_curve = |source: &Source<'_>| match source {
            Source::Measured { curve, .. } => curve.is_some(),
            Source::Multiple { spread, .. } | Source::Linear { spread, .. } => *spread > 0.0,
            _ => false,
        };
        let lab_deviations = model.labs.iter().zip(&lab_seeds);
        let lab_deviations =
            lab_deviations.map(|(lab, seed)| if has_curve(&lab.source) { seed.at(0).normal() } else { 0.0 }).collect();
        Self {
            start,
            last: life.end,
            uses: Vec::new(),
            known: vec![None; model.chronic.len()],
            resolved: vec![None; model.chronic.len()],
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
                    let takes = seed.at(0).chance(vaccine.pack.uptake);
                    Doses { seed, takes, next: 0, last: i32::MIN / 2, refused: i32::MIN / 2 }
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
            if findable < self.start && self.is_explained(index, findable) && !self.is_superseded(index, findable) {
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

    /// Goes from visit to visit. A day holds one; the law when two fall on the same day, or one falls into a hospital
    /// stay, is: check-ups come before follow-ups, these before what a schedule asks for, then the steps of a course,
    /// then acute episodes. What is planned is put off to the next free day, and what follows from its plan (the next one's
    /// day, and what chance decides about it) stays that of the day it was planned for, so that nothing shifts from then
    /// on. An episode that finds its day taken leads to no visit.
    fn visit_by_visit(&mut self) {
        let model = self.model;
        let visits = &model.visits;
        let mut free = self.birth().map_or(self.start, |last| last + 1);
        let mut wellness = self.first_due(&visits.wellness);
        let mut scheduled: Vec<i32> = visits.scheduled.iter().map(|visit| self.first_due(visit)).collect();
        let mut follow_up = self.follow_up_interval().map(|interval| {
            self.start + whole(self.life.seed.child(&visits.follow_up.label, 2).draws().uniform() * interval)
        });
        let episodes = self.episodes();
        let mut episodes = episodes.iter().peekable();
        let steps = self.steps();
        let mut steps = steps.iter().peekable();
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
            let step_day = steps.peek().map_or(i32::MAX, |step| match (step.what, self.course_of(&step.course)) {
                (StepKind::First | StepKind::Visit, Some(course)) => on(step.day, &course.visit),
                _ => step.day.max(free),
            });
            let day = well_day.min(follow_day).min(other_day).min(episode_day).min(step_day);
            if day > self.last {
                break;
            }
            if day == well_day {
                let planned = self.opening(wellness, &visits.wellness);
                let first = !seen_in_window && day >= self.life.window;
                let mut draws = self.draws(&visits.wellness, planned);
                wellness = self.next_after(&visits.wellness, planned, day, &mut draws);
                if first || draws.chance(visits.wellness.pack.attendance) {
                    seen_in_window |= first;
                    self.manage(&visits.wellness, day, planned, draws);
                    follow_up = self.follow_up_interval().map(|interval| planned + whole(interval));
                    free = day + 1;
                }
            } else if day == follow_day {
                let planned = self.opening(follow_up.unwrap_or(day), &visits.follow_up);
                let mut draws = self.draws(&visits.follow_up, planned);
                let interval = self.follow_up_interval().unwrap_or(YEAR);
                if draws.chance(visits.follow_up.pack.attendance) {
                    let form = &visits.virtual_;
                    let age = f64::from(planned) / YEAR;
                    let virtual_ = draws.chance(form.share_of(form.pack.share, self.life.body.sex, age));
                    let visit = if virtual_ { &visits.virtual_ } else { &visits.follow_up };
                    self.manage(visit, day, planned, draws);
                    let interval = self.follow_up_interval();
                    let stretch = 0.9 + 0.25 * self.draws(&visits.follow_up, -planned).uniform();
                    follow_up = interval.map(|interval| planned + whole(interval * stretch).max(7));
                    free = day + 1;
                } else {
                    follow_up = Some(planned + whole(interval * 0.5).max(7));
                }
            } else if day == other_day {
                let visit = &visits.scheduled[other];
                let planned = self.opening(scheduled[other], visit);
                let mut draws = self.draws(visit, planned);
                scheduled[other] = self.next_after(visit, planned, day, &mut draws);
                if draws.chance(visit.pack.attendance) && self.scheduled_visit(visit, day, planned, draws) {
                    free = day + 1;
                }
            } else {
                let last = if day == step_day {
                    steps.next().and_then(|step| self.step(step, day))
                } else {
                    episodes.next().and_then(|episode| self.episode(*episode))
                };
                free = last.map_or(free, |last| last + 1);
            }
        }
    }

    fn finish(mut self) -> Chart {
        for ((_, _, stop), usage) in self.chart.prescriptions.iter_mut().zip(&self.prescribed) {
            *stop = usage.and_then(|place| self.uses[place].stop);
        }
        self.chart.uses = self.uses;
        for (condition, resolved) in self.model.chronic.iter().zip(self.resolved) {
            let ends = condition.ended_by.iter().filter_map(|&other| self.known[other]);
            let Some(end) = ends.chain(resolved).min() else { continue };
            if let Some(problem) = self.chart.problems.iter_mut().find(|problem| problem.concept == condition.concept) {
                problem.abated = Some(self.life.date(end).max(problem.onset).max(RECORDS_BEGIN));
            }
        }
        self.chart.problems.sort_by_key(|problem| (problem.onset, problem.event));
        self.chart.allergies.sort_by_key(|allergy| (allergy.onset, allergy.event));
        self.chart.known = self.known;
        self.chart.deviations = self.lab_deviations;
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
