//! Questionnaires: the answers behind a score that was recorded.

use super::super::model::Model;
use crate::ids::SURVEY_RESPONSES;
use crate::seed::{Draws, Seed};
use crate::timeline::{Category, EventId, Instrument, Observation, SurveyResponse, Timeline, Value};

/// How readily a question of the PHQ-9 is answered with a point more (assumption: tiredness first, despair last).
const PHQ9: [f64; 9] = [1.2, 1.2, 1.5, 1.8, 1.1, 0.9, 1.0, 0.5, 0.15];
/// Of the GAD-7.
const GAD7: [f64; 7] = [1.4, 1.1, 1.3, 1.3, 0.7, 1.2, 0.7];
/// Of the AUDIT-C: how often, how much, how often too much.
const AUDIT_C: [f64; 3] = [2.0, 1.0, 0.6];
/// Slots of a visit among the day's responses: a stay's follow those of other visits.
const RESPONSES_A_VISIT: u32 = 4;

/// Adds a response for each score of a questionnaire.
pub(super) fn add(model: &Model<'_>, patient: Seed, timeline: &mut Timeline) {
    let seed = patient.child("survey-responses", 0);
    let mut responses: Vec<SurveyResponse> = Vec::new();
    for (index, observation) in timeline.observations.iter().enumerate() {
        let Some((place, instrument)) = instrument(model, observation) else { continue };
        let Some(score) = score(observation, instrument) else { continue };
        let visit = timeline.encounters[observation.encounter].event;
        let (day, slot) = (visit.ordinal / 16, visit.ordinal % 16);
        let event = EventId { stream: SURVEY_RESPONSES, ordinal: day * 16 + slot.min(1) * RESPONSES_A_VISIT + place };
        let mut draws = seed.at(u64::from(observation.event.stream) << 20 | u64::from(observation.event.ordinal));
        responses.push(SurveyResponse {
            event,
            instrument,
            points: answers(instrument, score, &mut draws),
            score: index,
            encounter: observation.encounter,
            cause: observation.cause,
        });
    }
    timeline.survey_responses = responses;
}

fn instrument(model: &Model<'_>, observation: &Observation) -> Option<(u32, Instrument)> {
    if observation.category != Category::Survey {
        return None;
    }
    let code = model.pack.concept(observation.concept).code;
    (0..).zip(Instrument::ALL).find(|(_, instrument)| instrument.score_code() == code)
}

/// The score in whole points, when the questions can give it.
fn score(observation: &Observation, instrument: Instrument) -> Option<usize> {
    let Value::Quantity { value, .. } = &observation.value else { return None };
    let most = usize::from(instrument.most_points()) * instrument.n_questions();
    usize::try_from(value.units).ok().filter(|&score| value.decimals == 0 && score <= most)
}

/// Points of each answer, which add up to the score: point by point, to a question that has not all of them yet.
fn answers(instrument: Instrument, score: usize, draws: &mut Draws) -> Vec<u8> {
    let weights: &[f64] = match instrument {
        Instrument::Phq9 => &PHQ9,
        Instrument::Phq2 => &PHQ9[..2],
        Instrument::Gad7 => &GAD7,
        Instrument::AuditC => &AUDIT_C,
    };
    let most = instrument.most_points();
    let mut points = vec![0_u8; weights.len()];
    for _ in 0..score {
        let has_begun = instrument != Instrument::AuditC || points[0] > 0;
        // Who never drinks is not asked how much.
        let questions = if has_begun { points.len() } else { 1 };
        let open: Vec<usize> = (0..questions).filter(|&question| points[question] < most).collect();
        let chosen = draws.weighted(open.iter().map(|&question| weights[question]));
        points[open[chosen]] += 1;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_add_up_to_every_score() {
        for instrument in Instrument::ALL {
            let most = usize::from(instrument.most_points()) * instrument.n_questions();
            for score in 0..=most {
                let mut draws = Seed::root(1).child("test", score as u64).draws();
                let points = answers(instrument, score, &mut draws);
                assert_eq!(points.len(), instrument.n_questions());
                assert!(points.iter().all(|&points| points <= instrument.most_points()));
                assert_eq!(points.iter().map(|&points| usize::from(points)).sum::<usize>(), score);
            }
        }
    }
}
