//! Specimens: what a visit's laboratory results were measured in, one of a kind a visit.

use super::super::Model;
use crate::chart;
use crate::timeline::{EventId, Specimen, Timeline};

/// Adds the specimens of the chart's laboratory results. Nothing is drawn: a result says what it was measured in.
pub(super) fn add(model: &Model<'_>, timeline: &mut Timeline) {
    let mut specimens: Vec<Specimen> = Vec::new();
    for (index, observation) in timeline.observations.iter().enumerate() {
        let Some(&kind) = model.specimen_of.get(&observation.concept) else { continue };
        let kind = &model.specimens[kind];
        // The day and slot of a visit's results are those of the visit; what was charted twice was drawn once.
        let event = EventId { stream: kind.stream, ordinal: observation.event.ordinal & !chart::SECOND };
        match specimens.iter_mut().rev().take(8).find(|specimen| specimen.event == event) {
            Some(specimen) => {
                specimen.at = specimen.at.min(observation.at);
                specimen.results.push(index);
            }
            None => specimens.push(Specimen {
                event,
                concept: kind.concept,
                name: kind.name,
                at: observation.at,
                results: vec![index],
                encounter: observation.encounter,
                cause: observation.cause,
            }),
        }
    }
    timeline.specimens = specimens;
}
