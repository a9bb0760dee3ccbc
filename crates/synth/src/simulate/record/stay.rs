//! Wards: where in the hospital a patient was, and where they went from there.

use chrono::{NaiveDateTime, TimeDelta};

use crate::seed::{Draws, Seed};
use crate::timeline::{Destination, Discharge, EncounterClass, Timeline, Ward, WardStay};

// assumption: shares of stays, ours.
const INTENSIVE_CARE: f64 = 0.12;
const INTENSIVE_CARE_OF_THE_DYING: f64 = 0.4;
const LONG_TERM_CARE_FROM_75: f64 = 0.12;
const HOSPICE_FROM_75: f64 = 0.03;

/// Adds the wards of visits to the emergency department and of hospital stays, and discharges to other places than home.
pub(super) fn add(patient_seed: Seed, timeline: &mut Timeline) {
    let born = timeline.demographics.birth_date;
    for (index, encounter) in timeline.encounters.iter().enumerate() {
        let (start, end, cause) = (encounter.start, encounter.end, encounter.cause);
        let mut stays = |wards: &[(Ward, NaiveDateTime)]| {
            let ends = wards.iter().skip(1).map(|&(_, next)| next).chain(std::iter::once(end));
            timeline.ward_stays.extend(wards.iter().zip(ends).map(|(&(ward, start), end)| WardStay {
                encounter: index,
                ward,
                start,
                end,
                cause,
            }));
        };
        match encounter.class {
            EncounterClass::Emergency => stays(&[(Ward::Emergency, start)]),
            EncounterClass::Inpatient => {
                let mut draws = patient_seed.child("ward", u64::from(encounter.event.ordinal)).draws();
                let died = timeline.death.as_ref().is_some_and(|death| death.at <= end);
                stays(&wards(start, end, died, &mut draws));
                let age = start.date().years_since(born).unwrap_or(0);
                if let Some(to) = destination(age, draws.uniform()).filter(|_| !died) {
                    timeline.discharges.push(Discharge { encounter: index, to, cause });
                }
            }
            EncounterClass::Ambulatory | EncounterClass::Virtual => {}
        }
    }
}

/// The wards of a stay, each with its beginning.
fn wards(start: NaiveDateTime, end: NaiveDateTime, died: bool, draws: &mut Draws) -> Vec<(Ward, NaiveDateTime)> {
    let share = if died { INTENSIVE_CARE_OF_THE_DYING } else { INTENSIVE_CARE };
    let (intensive, first, part) = (draws.chance(share), draws.chance(0.5), 20 + draws.below(30));
    let minutes = (end - start).num_minutes();
    // A stay of some hours has no room for moves.
    if !intensive || minutes < 12 * 60 {
        return vec![(Ward::General, start)];
    }
    let after = |percent: usize| {
        let percent = i64::try_from(percent).unwrap_or(0);
        start + TimeDelta::minutes(minutes * percent / 100)
    };
    match (died, first) {
        // Who dies in intensive care does not leave it.
        (true, true) => vec![(Ward::IntensiveCare, start)],
        (true, false) => vec![(Ward::General, start), (Ward::IntensiveCare, after(part))],
        (false, true) => vec![(Ward::IntensiveCare, start), (Ward::General, after(part))],
        (false, false) => {
            vec![(Ward::General, start), (Ward::IntensiveCare, after(part)), (Ward::General, after(part + 25))]
        }
    }
}

fn destination(age: u32, chance: f64) -> Option<Destination> {
    if age < 75 {
        None
    } else if chance < LONG_TERM_CARE_FROM_75 {
        Some(Destination::LongTermCare)
    } else {
        (chance < LONG_TERM_CARE_FROM_75 + HOSPICE_FROM_75).then_some(Destination::Hospice)
    }
}
