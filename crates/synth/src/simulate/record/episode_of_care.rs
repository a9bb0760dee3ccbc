//! Episodes of care: the visits that deal with a condition whose care the pack calls an episode, from the first on.

use std::collections::BTreeSet;

use super::super::Model;
use crate::ids::EPISODES_OF_CARE;
use crate::timeline::{Course, EpisodeOfCare, EventId, Timeline};

/// Adds the episodes of care of a chart, at most one a condition.
pub(super) fn add(model: &Model<'_>, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
    for (index, problem) in timeline.problems.iter().enumerate() {
        let Some(condition) = model.chronic.iter().find(|condition| condition.concept == problem.concept) else {
            continue;
        };
        let Some(kind) = condition.pack.care_episode else { continue };
        let diagnoses = timeline.diagnoses.iter().filter(|diagnosis| diagnosis.concept == problem.concept);
        let encounters: BTreeSet<usize> = diagnoses.map(|diagnosis| diagnosis.encounter).collect();
        let Some(&first) = encounters.first() else { continue };
        let begun = timeline.encounters[first].start.date();
        let course = match (problem.abated.filter(|&abated| abated >= begun), died) {
            (Some(abated), _) => Course::Completed(abated),
            (None, Some(died)) => Course::Ended(died),
            (None, None) => Course::Ongoing,
        };
        timeline.episodes_of_care.push(EpisodeOfCare {
            event: EventId { stream: EPISODES_OF_CARE, ordinal: u32::from(condition.pack.stream) },
            kind: kind.0,
            problem: index,
            encounters: encounters.into_iter().collect(),
            course,
            cause: condition.pack.key.0,
        });
    }
}
