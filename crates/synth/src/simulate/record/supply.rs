//! Supplies: things that a condition calls for at home, handed out once or again and again.
//!
//! A lasting condition calls for them from its entry in the problem list, or from the first prescription of a drug, until it
//! has passed; an acute one at its diagnosis.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::Model;
use super::super::model::SupplyModel;
use crate::ids::SUPPLIES;
use crate::reference::clinic_of;
use crate::seed::{Draws, Seed};
use crate::timeline::{Cause, ConceptKey, EventId, Supply, Timeline};

/// Things that one day has room for.
const SLOTS: u32 = 16;
/// Days between two diagnoses of one acute condition that are of one episode.
const ONE_EPISODE: i64 = 60;
/// Days by which a delivery may come later than it is due.
const LATE: usize = 7;

/// Adds the things of a chart, by time.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    if model.supplies.is_empty() {
        return;
    }
    let Some(begun) = timeline.encounters.first().map(|first| first.end.date()) else { return };
    let mut supplies = Supplies { model, timeline, as_of, taken: BTreeSet::new(), all: Vec::new() };
    for problem in &timeline.problems {
        let visit = problem.encounter.map(|encounter| timeline.encounters[encounter].end.date());
        let known = problem.recorded.max(begun).max(visit.unwrap_or(begun));
        for (place, supply) in (0..).zip(supplies.of(problem.concept, true)) {
            let called_for = if supply.taking.is_empty() { Some(known) } else { prescribed(timeline, supply, known) };
            let seed = patient_seed.child("supply", u64::from(supply.stream) << 8 | place);
            if let Some(from) = called_for {
                supplies.hand_out(supply, seed, from, problem.abated, problem.cause);
            }
        }
    }
    for (index, diagnosis) in timeline.diagnoses.iter().enumerate() {
        let mut of_condition = supplies.of(diagnosis.concept, false).peekable();
        if of_condition.peek().is_none() {
            continue;
        }
        let day = |encounter: usize| timeline.encounters[encounter].end.date();
        let at = day(diagnosis.encounter);
        let is_again = timeline.diagnoses[..index]
            .iter()
            .any(|other| other.concept == diagnosis.concept && (at - day(other.encounter)).num_days() <= ONE_EPISODE);
        if is_again {
            continue;
        }
        for (place, supply) in (0..).zip(of_condition) {
            let seed = patient_seed.child("supply", u64::from(supply.stream) << 8 | place);
            let seed = seed.child("diagnosis", u64::from(diagnosis.event.ordinal));
            supplies.hand_out(supply, seed, at, None, diagnosis.cause);
        }
    }
    let mut all = supplies.all;
    all.sort_by_key(|supply| (supply.at, supply.event));
    timeline.supplies = all;
}

/// The end of the visit at which the first of the drugs that call for a thing was prescribed, from a day on.
fn prescribed(timeline: &Timeline, supply: &SupplyModel, known: NaiveDate) -> Option<NaiveDate> {
    let mut calls = timeline.prescriptions.iter().filter(|drug| supply.taking.contains(&drug.concept));
    calls.find(|drug| drug.at.date() >= known).map(|drug| timeline.encounters[drug.encounter].end.date())
}

struct Supplies<'a> {
    model: &'a Model<'a>,
    timeline: &'a Timeline,
    as_of: NaiveDate,
    /// Ordinals that have an event.
    taken: BTreeSet<u32>,
    all: Vec<Supply>,
}

impl<'a> Supplies<'a> {
    /// What a condition calls for, of the conditions that last or of those that do not.
    fn of(&self, condition: ConceptKey, lasting: bool) -> impl Iterator<Item = &'a SupplyModel> + use<'a> {
        let supplies = self.model.supplies.get(&condition).map_or(&[][..], Vec::as_slice);
        supplies.iter().filter(move |supply| supply.lasting == lasting)
    }

    /// Draws when a thing is handed out, from the day on that calls for it until `passed`, death or the end of the chart.
    fn hand_out(&mut self, supply: &SupplyModel, seed: Seed, from: NaiveDate, passed: Option<NaiveDate>, cause: Cause) {
        let mut draws = seed.draws();
        if !draws.chance(supply.probability) {
            return;
        }
        let born = self.timeline.demographics.birth_date;
        let ends = [
            passed.map(|day| day.and_time(NaiveTime::MIN)),
            self.timeline.death.as_ref().map(|death| death.at),
            Some(self.as_of.and_time(NaiveTime::MIN) + TimeDelta::days(1)),
        ];
        let end = ends.into_iter().flatten().min();
        let mut due = from + Days::new(u64::from(supply.after_days));
        loop {
            let at = delivered(due, from, &mut draws);
            let Some(day) = u32::try_from((at.date() - born).num_days()).ok().filter(|_| Some(at) < end) else {
                return;
            };
            let Some(ordinal) = (day * SLOTS..(day + 1) * SLOTS).find(|ordinal| !self.taken.contains(ordinal)) else {
                return;
            };
            self.taken.insert(ordinal);
            self.all.push(Supply {
                event: EventId { stream: SUPPLIES, ordinal },
                concept: supply.concept,
                quantity: supply.quantity,
                at,
                organization: clinic_of(self.timeline.demographics.place),
                cause,
            });
            let Some(days) = supply.every_days else { return };
            due = at.date() + Days::new(u64::from(days));
        }
    }
}

/// Some hour of the day on which a thing comes: a day that is due, or a few later, and never that of the visit.
fn delivered(due: NaiveDate, from: NaiveDate, draws: &mut Draws) -> NaiveDateTime {
    let day = due.max(from + Days::new(1)) + Days::new(draws.below(LATE) as u64);
    let minutes = i64::try_from(draws.below(8 * 60)).unwrap_or(0);
    day.and_time(NaiveTime::MIN) + TimeDelta::hours(9) + TimeDelta::minutes(minutes)
}
