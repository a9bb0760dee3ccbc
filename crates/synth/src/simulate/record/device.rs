//! Devices: what a procedure leaves in the body.

use std::collections::BTreeMap;

use chrono::Days;

use super::super::Model;
use crate::ids::DEVICES;
use crate::seed::{Draws, Seed};
use crate::timeline::{ConceptKey, Device, EventId, Timeline};

// assumption: ours, of the order of registries of coronary interventions.
const LEFT_IN: f64 = 0.9;
const A_SECOND: f64 = 0.25;
/// Days from the making of a device to the end of its use, if it is not put in before.
const SHELF_LIFE: u64 = 730;
/// Places that one day has room for.
const SLOTS: u32 = 16;

/// Adds the devices that the procedures of the chart left in the body: none, one or two each.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, timeline: &mut Timeline) {
    let implants: BTreeMap<ConceptKey, ConceptKey> =
        model.procedures.iter().filter_map(|procedure| Some((procedure.concept, procedure.implants?))).collect();
    let seed = patient_seed.child("device", 0);
    let (mut day, mut place) = (None, 0);
    for (index, procedure) in timeline.procedures.iter().enumerate() {
        let Some(&concept) = implants.get(&procedure.concept) else { continue };
        let mut draws = seed.at(u64::from(procedure.event.stream) << 20 | u64::from(procedure.event.ordinal));
        let (first, second) = (draws.chance(LEFT_IN), draws.chance(A_SECOND));
        if day != Some(procedure.event.ordinal / SLOTS) {
            (day, place) = (Some(procedure.event.ordinal / SLOTS), 0);
        }
        for _ in 0..u32::from(first) + u32::from(first && second) {
            if place == SLOTS {
                break;
            }
            let made = procedure.start.date() - Days::new(60 + draws.below(500) as u64);
            timeline.devices.push(Device {
                event: EventId { stream: DEVICES, ordinal: procedure.event.ordinal / SLOTS * SLOTS + place },
                concept,
                lot: format!("{}{}", draws.pick(&["A", "C", "K", "R"]), digits(&mut draws, 5)),
                serial: digits(&mut draws, 9),
                made,
                expires: made + Days::new(SHELF_LIFE),
                procedure: index,
                cause: procedure.cause,
            });
            place += 1;
        }
    }
}

fn digits(draws: &mut Draws, n: usize) -> String {
    (0..n).map(|_| char::from(b"0123456789"[draws.below(10)])).collect()
}
