//! Doses that staff give at a visit: of drugs that no pharmacy hands out, and the first one of some that it does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::super::Model;
use crate::ids::ADMINISTRATIONS;
use crate::seed::Seed;
use crate::timeline::{Administration, ConceptKey, EventId, Timeline};

/// Doses that one day has room for.
const SLOTS: u32 = 16;

/// How often each drug that staff give is given, in hours.
pub(super) fn given(model: &Model<'_>) -> BTreeMap<ConceptKey, u32> {
    model.medications.iter().filter_map(|drug| Some((drug.concept, drug.pack.given_hours?))).collect()
}

/// Adds the doses of prescriptions of such drugs: the first within the hour, the others as long as the visit lasts. Of
/// others, a dose is given on the spot at a share of the visits that the pack names.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, timeline: &mut Timeline) {
    let given = given(model);
    let seed = patient_seed.child("administration", 0);
    let born = timeline.demographics.birth_date;
    let mut taken = BTreeSet::new();
    let first_doses: BTreeMap<ConceptKey, f64> = model
        .pack
        .visits
        .iter()
        .filter_map(|visit| Some((model.pack.key(visit.concept.0)?, visit.first_dose)))
        .collect();
    for (index, prescription) in timeline.prescriptions.iter().enumerate() {
        let visit = timeline.encounters[prescription.encounter].kind;
        let first_dose = first_doses.get(&visit).copied().unwrap_or(0.0);
        let hours = given.get(&prescription.concept).copied();
        if hours.is_none() && first_dose == 0.0 {
            continue;
        }
        let mut draws = seed.at(u64::from(prescription.event.stream) << 20 | u64::from(prescription.event.ordinal));
        let end = timeline.encounters[prescription.encounter].end;
        let supply = TimeDelta::days(i64::from(prescription.days_supply));
        let doses = if hours.is_some() { i32::MAX } else { i32::from(draws.chance(first_dose)) };
        let mut minutes = || TimeDelta::minutes(i64::try_from(10 + draws.below(40)).unwrap_or(0));
        for dose in 0..doses {
            let since = TimeDelta::hours(hours.map_or(0, i64::from)) * dose;
            let due = prescription.at + since + minutes();
            // Whoever has a short visit is given the one dose before it ends.
            let at = if dose == 0 { due.min(end) } else { due };
            let day = u32::try_from((at.date() - born).num_days()).unwrap_or(0);
            let place = (day * SLOTS..(day + 1) * SLOTS).find(|ordinal| !taken.contains(ordinal));
            let Some(ordinal) = place.filter(|_| at <= end && since < supply) else { break };
            taken.insert(ordinal);
            timeline.administrations.push(Administration {
                event: EventId { stream: ADMINISTRATIONS, ordinal },
                prescription: index,
                ahead_of_supply: hours.is_none(),
                at,
                cause: prescription.cause,
            });
        }
    }
}
