//! `QuestionnaireResponse`.

use twinlake_fhir::{
    Coding, Decimal, Identifier, QuestionnaireAnswer, QuestionnaireItem, QuestionnaireResponse, QuestionnaireValue,
    Text,
};

use super::Chart;
use crate::ids;
use crate::render::codes::Code;
use crate::timeline::{Instrument, Observation, SurveyResponse};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-questionnaireresponse";
const LOINC: &str = "http://loinc.org";

/// Answers by points, of the questions on the last two weeks.
const TWO_WEEKS: [Code; 4] = [
    code("LA6568-5", "Not at all"),
    code("LA6569-3", "Several days"),
    code("LA6570-1", "More than half the days"),
    code("LA6571-9", "Nearly every day"),
];

/// Questions of the PHQ-9, by LOINC code, in our own words.
const PHQ9: [Code; 9] = [
    code("44250-9", "Little pleasure in things"),
    code("44255-8", "Low mood"),
    code("44259-0", "Sleep"),
    code("44254-1", "Tiredness"),
    code("44251-7", "Appetite"),
    code("44258-2", "Feeling of failure"),
    code("44252-5", "Concentration"),
    code("44253-3", "Slowness or restlessness"),
    code("44260-8", "Thoughts of death or of harming oneself"),
];

/// Questions of the GAD-7.
const GAD7: [Code; 7] = [
    code("69725-0", "Nervousness"),
    code("68509-9", "Worry that does not stop"),
    code("69733-4", "Worry about many things"),
    code("69734-2", "Trouble with relaxing"),
    code("69735-9", "Restlessness"),
    code("69689-8", "Irritability"),
    code("69736-7", "Dread"),
];

/// Questions of the AUDIT-C.
const AUDIT_C: [Code; 3] = [
    code("68518-0", "How often there is a drink"),
    code("68519-8", "How many drinks on such a day"),
    code("68520-6", "How often six or more"),
];

/// Answers to each question of the AUDIT-C, by points.
const AUDIT_C_ANSWERS: [[Code; 5]; 3] = [
    [
        code("LA6270-8", "Never"),
        code("LA18926-8", "Monthly or less"),
        code("LA18927-6", "2-4 times a month"),
        code("LA18928-4", "2-3 times a week"),
        code("LA18929-2", "4 or more times a week"),
    ],
    [
        code("LA15694-5", "1 or 2"),
        code("LA15695-2", "3 or 4"),
        code("LA18930-0", "5 or 6"),
        code("LA18931-8", "7 to 9"),
        code("LA18932-6", "10 or more"),
    ],
    [
        code("LA6270-8", "Never"),
        code("LA18933-4", "Less than monthly"),
        code("LA18876-5", "Monthly"),
        code("LA18891-4", "Weekly"),
        code("LA18934-2", "Daily or almost daily"),
    ],
];

const fn code(code: &'static str, display: &'static str) -> Code {
    Code { code, display }
}

pub(super) fn response<'a>(chart: &'a Chart<'_>, response: &SurveyResponse) -> QuestionnaireResponse<'a> {
    let observation = &chart.timeline.observations[response.score];
    let (url, questions) = form(response.instrument);
    let total: i64 = response.points.iter().map(|&points| i64::from(points)).sum();
    let answers = questions.iter().zip(&response.points).enumerate().map(|(place, (question, &points))| {
        let Code { code, display } = answer(response.instrument, place, points);
        item(question.code, question.display, QuestionnaireValue::Coding(Coding::displayed(LOINC, code, display)))
    });
    let score = response.instrument.score_code();
    QuestionnaireResponse {
        id: Some(chart.id(response.event)),
        meta: Some(chart.meta(observation.at, observation.encounter, &[PROFILE])),
        identifier: Some(Identifier {
            system: Some(Text::from("https://twinlake.example/survey")),
            value: Some(Text::from(ids::event(chart.timeline.patient, response.event).to_string())),
            ..Identifier::default()
        }),
        questionnaire: Some(Text::from(url)),
        status: Some(Text::from("completed")),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(response.encounter)),
        authored: Some(chart.at(observation.at)),
        author: Some(chart.subject()),
        source: Some(chart.subject()),
        item: answers.chain([item(score, "Score", QuestionnaireValue::Decimal(Decimal::from(total)))]).collect(),
        ..QuestionnaireResponse::default()
    }
}

/// The response that a score was counted from.
pub(super) fn of_score<'t>(chart: &Chart<'t>, observation: &Observation) -> Option<&'t SurveyResponse> {
    let timeline = chart.timeline;
    timeline.survey_responses.iter().find(|response| timeline.observations[response.score].event == observation.event)
}

fn item<'a>(code: &str, text: &'static str, value: QuestionnaireValue<'a>) -> QuestionnaireItem<'a> {
    QuestionnaireItem {
        link_id: Some(Text::from(format!("/{code}"))),
        text: Some(Text::from(text)),
        answer: vec![QuestionnaireAnswer { value: Some(value), ..QuestionnaireAnswer::default() }],
        ..QuestionnaireItem::default()
    }
}

/// The canonical address of a questionnaire at LOINC, and its questions.
const fn form(instrument: Instrument) -> (&'static str, &'static [Code]) {
    match instrument {
        Instrument::Phq9 => ("http://loinc.org/q/44249-1", &PHQ9),
        Instrument::Phq2 => ("http://loinc.org/q/55757-9", &[PHQ9[0], PHQ9[1]]),
        Instrument::Gad7 => ("http://loinc.org/q/69737-5", &GAD7),
        Instrument::AuditC => ("http://loinc.org/q/72109-2", &AUDIT_C),
    }
}

fn answer(instrument: Instrument, question: usize, points: u8) -> Code {
    match instrument {
        Instrument::AuditC => AUDIT_C_ANSWERS[question][usize::from(points)],
        Instrument::Phq9 | Instrument::Phq2 | Instrument::Gad7 => TWO_WEEKS[usize::from(points)],
    }
}
