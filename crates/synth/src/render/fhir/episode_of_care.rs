//! EpisodeOfCare.

use twinlake_fhir::{CodeableConcept, EpisodeOfCare, EpisodeOfCareDiagnosis, Reference, Text};

use super::Chart;
use crate::timeline::{self, Course};

pub(super) fn episode_of_care<'a>(chart: &'a Chart<'_>, episode: &'a timeline::EpisodeOfCare) -> EpisodeOfCare<'a> {
    let first = episode.encounters[0];
    let encounter = &chart.timeline.encounters[first];
    let problem = &chart.timeline.problems[episode.problem];
    EpisodeOfCare {
        id: Some(chart.id(episode.event)),
        meta: Some(chart.meta_of(&chart.history_of_episode(episode), &[])),
        status: Some(Text::from(if episode.course == Course::Ongoing { "active" } else { "finished" })),
        type_: vec![CodeableConcept { text: Some(Text::from(episode.kind)), ..CodeableConcept::default() }],
        diagnosis: vec![EpisodeOfCareDiagnosis {
            condition: Some(chart.reference("Condition", problem.event)),
            rank: Some(1),
            ..EpisodeOfCareDiagnosis::default()
        }],
        patient: Some(chart.subject()),
        managing_organization: Some(chart.organization(encounter.organization)),
        period: Some(chart.course(first, episode.course)),
        care_manager: Some(chart.practitioner(encounter.practitioner)),
        ..EpisodeOfCare::default()
    }
}

/// The episodes that an encounter belongs to.
pub(super) fn of_encounter(chart: &Chart<'_>, encounter: usize) -> Vec<Reference<'static>> {
    let episodes = chart.timeline.episodes_of_care.iter().filter(|episode| episode.encounters.contains(&encounter));
    episodes.map(|episode| chart.reference("EpisodeOfCare", episode.event)).collect()
}
