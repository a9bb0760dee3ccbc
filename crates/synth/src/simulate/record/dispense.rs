//! Fills: when the drug of a prescription is handed out, and handed out again.
//!
//! Some prescriptions are never filled. A refill comes when the last fill runs out, give or take some days; now and then
//! weeks too late, and at times no more. A new prescription of the same drug takes over from the old one. The rates are
//! assumptions, of the order of published studies of persistence.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::Model;
use super::administration::given;
use crate::ids::DISPENSES;
use crate::seed::Seed;
use crate::timeline::{Dispense, EventId, Prescription, Timeline};

/// Share of prescriptions whose drug is never fetched.
const NEVER: f64 = 0.06;
/// Share of first fills that are fetched on the day of the prescription.
const SAME_DAY: f64 = 0.75;
/// Chance that a refill is not fetched, nor any after it.
const GIVES_UP: f64 = 0.03;
/// Chance that a refill is weeks late.
const GAP: f64 = 0.08;
/// Fills that one day has room for.
const SLOTS: u32 = 16;

/// Adds the fills of a chart, by time. What staff give is not handed out.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let born = timeline.demographics.birth_date;
    let last = as_of.and_time(NaiveTime::MIN) + TimeDelta::days(1);
    let given = given(model);
    let mut taken = BTreeSet::new();
    let mut fills = Vec::new();
    for (index, prescription) in timeline.prescriptions.iter().enumerate() {
        if given.contains_key(&prescription.concept) {
            continue;
        }
        let seed = patient_seed.child("dispense", ordinal_of(prescription));
        let successor = timeline.prescriptions[index + 1..]
            .iter()
            .find(|later| later.concept == prescription.concept && later.at > prescription.at)
            .map(|later| later.at);
        let ends = [successor, timeline.death.as_ref().map(|death| death.at), Some(last)];
        let ends = ends.into_iter().flatten().chain(prescription.stopped.map(|day| day.and_time(NaiveTime::MIN)));
        let end = ends.min().unwrap_or(last);
        for (fill, at) in (0..).zip(schedule(prescription, seed)) {
            let Some(ordinal) = place(at, born, &taken) else { break };
            if at >= end {
                break;
            }
            taken.insert(ordinal);
            fills.push(Dispense {
                event: EventId { stream: DISPENSES, ordinal },
                prescription: index,
                fill,
                at,
                cause: prescription.cause,
            });
        }
    }
    fills.sort_by_key(|dispense| (dispense.at, dispense.event));
    timeline.dispenses = fills;
}

/// The seed of a prescription's fills is found by its place in the chart, so another prescription changes none.
fn ordinal_of(prescription: &Prescription) -> u64 {
    u64::from(prescription.event.stream) << 20 | u64::from(prescription.event.ordinal)
}

/// When the fills would be fetched, if nothing came between.
fn schedule(prescription: &Prescription, seed: Seed) -> Vec<NaiveDateTime> {
    let mut draws = seed.draws();
    let mut times = Vec::new();
    if draws.chance(NEVER) {
        return times;
    }
    let first = if draws.chance(SAME_DAY) {
        prescription.at + TimeDelta::minutes(20 + small(draws.below(60)))
    } else {
        opening(prescription.at.date() + Days::new(1 + draws.below(4) as u64), draws.below(600))
    };
    times.push(first);
    for _ in 0..prescription.refills {
        if draws.chance(GIVES_UP) {
            break;
        }
        let early = 3.min(prescription.days_supply.saturating_sub(1) as usize);
        let late = if draws.chance(GAP) { 14 + draws.below(40) } else { draws.below(early + 5) };
        let before = times[times.len() - 1].date();
        let due = before + Days::new(u64::from(prescription.days_supply));
        times.push(opening(due + Days::new(late as u64) - Days::new(early as u64), draws.below(600)));
    }
    times
}

/// A minute of a pharmacy's day, which begins at nine.
fn opening(day: NaiveDate, minute: usize) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::hours(9) + TimeDelta::minutes(small(minute))
}

fn small(number: usize) -> i64 {
    i64::try_from(number).expect("minutes of a day")
}

/// A free place of that day; none on a day that is full.
fn place(at: NaiveDateTime, born: NaiveDate, taken: &BTreeSet<u32>) -> Option<u32> {
    let day = u32::try_from((at.date() - born).num_days()).ok()?;
    (day * SLOTS..(day + 1) * SLOTS).find(|ordinal| !taken.contains(ordinal))
}
