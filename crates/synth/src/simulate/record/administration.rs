//! Doses that staff give at a visit, of drugs that no pharmacy hands out.

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

/// Adds the doses of prescriptions of such drugs: the first within the hour, the others as long as the visit lasts.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, timeline: &mut Timeline) {
    let given = given(model);
    let seed = patient_seed.child("administration", 0);
    let born = timeline.demographics.birth_date;
    let mut taken = BTreeSet::new();
    for (index, prescription) in timeline.prescriptions.iter().enumerate() {
        let Some(&hours) = given.get(&prescription.concept) else { continue };
        let mut draws = seed.at(u64::from(prescription.event.stream) << 20 | u64::from(prescription.event.ordinal));
        let end = timeline.encounters[prescription.encounter].end;
        let mut minutes = || TimeDelta::minutes(i64::try_from(10 + draws.below(40)).unwrap_or(0));
        let supply = TimeDelta::days(i64::from(prescription.days_supply));
        for dose in 0_i32.. {
            let since = TimeDelta::hours(i64::from(hours)) * dose;
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
                at,
                cause: prescription.cause,
            });
        }
    }
}
