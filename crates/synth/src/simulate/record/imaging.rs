//! Imaging studies: how many pictures an examination made.

use std::collections::BTreeMap;

use twinlake_pack::Modality;

use super::super::Model;
use crate::ids::IMAGING_STUDIES;
use crate::seed::{Draws, Seed};
use crate::timeline::{ConceptKey, EventId, ImagingStudy, Timeline};

/// Places that one day has room for.
const SLOTS: u32 = 16;

/// Adds a study for each procedure that makes pictures.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, timeline: &mut Timeline) {
    let modalities: BTreeMap<ConceptKey, Modality> =
        model.procedures.iter().filter_map(|procedure| Some((procedure.concept, procedure.modality?))).collect();
    let seed = patient_seed.child("imaging", 0);
    let (mut day, mut place) = (None, 0);
    for (index, procedure) in timeline.procedures.iter().enumerate() {
        let Some(&modality) = modalities.get(&procedure.concept) else { continue };
        if day != Some(procedure.event.ordinal / SLOTS) {
            (day, place) = (Some(procedure.event.ordinal / SLOTS), 0);
        }
        if place == SLOTS {
            continue;
        }
        let mut draws = seed.at(u64::from(procedure.event.stream) << 20 | u64::from(procedure.event.ordinal));
        timeline.imaging_studies.push(ImagingStudy {
            event: EventId { stream: IMAGING_STUDIES, ordinal: procedure.event.ordinal / SLOTS * SLOTS + place },
            modality,
            series: series(modality, &mut draws),
            procedure: index,
            cause: procedure.cause,
        });
        place += 1;
    }
}

/// Pictures of each series. Assumption: what departments commonly make.
fn series(modality: Modality, draws: &mut Draws) -> Vec<u32> {
    let mut about = |least: u32, more: usize| least + u32::try_from(draws.below(more + 1)).unwrap_or(0);
    match modality {
        // One picture a direction, each a series of its own.
        Modality::ComputedRadiography => vec![1; about(1, 1) as usize + 1],
        // Two directions of each breast.
        Modality::Mammography => vec![1; 4],
        Modality::ComputedTomography => vec![about(1, 1), about(90, 160), about(40, 60)],
        Modality::Ultrasound => vec![about(25, 50)],
    }
}
