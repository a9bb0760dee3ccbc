//! Each visit's record was written by whom the patient saw, and passed on by the organization.

use crate::ids::PROVENANCES;
use crate::timeline::{EventId, Provenance, Timeline};

/// Adds one provenance an encounter, recorded as the encounter ended.
pub(super) fn add(timeline: &mut Timeline) {
    let born = timeline.demographics.birth_date;
    let (mut day, mut slot) = (None, 0);
    for (encounter, visit) in timeline.encounters.iter().enumerate() {
        // Visits are in order, so one that comes later never changes the slot of one before.
        slot = if day == Some(visit.start.date()) { slot + 1 } else { 0 };
        day = Some(visit.start.date());
        let day_of_life = u32::try_from((visit.start.date() - born).num_days()).expect("it starts at birth or later");
        timeline.provenances.push(Provenance {
            event: EventId { stream: PROVENANCES, ordinal: day_of_life * 16 + slot },
            encounter,
            recorded: visit.end,
            cause: visit.cause,
        });
    }
}
