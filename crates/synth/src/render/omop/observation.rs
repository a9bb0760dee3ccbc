//! Vitals, laboratory results, surveys and social history: `measurement` or `observation`, as the concept's domain says.

use chrono::{NaiveDateTime, Timelike as _};
use twinlake_omop::{AnyRow, ConceptId, Table, key};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::chart::Deed;
use crate::render::{Meaning, written};
use crate::timeline::{Category, ConceptKey, Observation, Scaled, Value};

/// Adds one row for the value, or one for each component.
pub(super) fn push_observation(patient: &Patient<'_>, observation: &Observation, rows: &mut Vec<AnyRow>) {
    if patient.timeline.has_mark(observation.event, Deed::Missing) {
        return;
    }
    let key = patient.key(observation.event);
    match &observation.value {
        Value::Quantity { value, unit } => {
            let answer = Answer::number(patient, *value, unit);
            rows.push(row(patient, observation, key, observation.concept, &answer, observation.range));
        }
        Value::Concept(concept) => {
            let answer = Answer::Coded(patient.context.meaning(*concept));
            rows.push(row(patient, observation, key, observation.concept, &answer, observation.range));
        }
        Value::Text(text) => {
            rows.push(row(patient, observation, key, observation.concept, &Answer::Text(text), observation.range));
        }
        Value::Components(components) => {
            for (place, (concept, value, unit)) in (1..).zip(components) {
                let answer = Answer::number(patient, *value, unit);
                rows.push(row(patient, observation, key::slot(key, place), *concept, &answer, None));
            }
        }
    }
}

/// What was found, as the value columns say it.
enum Answer<'a> {
    Number { text: String, unit: &'a str, unit_concept_id: ConceptId },
    Coded(&'a Meaning<'a>),
    Text(&'a str),
}

impl<'a> Answer<'a> {
    fn number(patient: &Patient<'_>, value: Scaled, unit: &'a str) -> Self {
        let unit_concept_id = patient.context.vocab.unit(unit).unwrap_or(ConceptId::NONE);
        Self::Number { text: written(value), unit, unit_concept_id }
    }

    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number { text, .. } => Some(number(text)),
            Self::Coded(_) | Self::Text(_) => None,
        }
    }

    fn as_string(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some((*text).to_owned()),
            _ => None,
        }
    }

    fn as_concept_id(&self) -> Option<ConceptId> {
        match self {
            Self::Number { .. } | Self::Text(_) => None,
            Self::Coded(meaning) => Some(meaning.standard),
        }
    }

    fn unit(&self) -> Option<(&'a str, ConceptId)> {
        match self {
            Self::Number { unit, unit_concept_id, .. } if !unit.is_empty() => Some((unit, *unit_concept_id)),
            _ => None,
        }
    }

    fn source_value(&self) -> String {
        match self {
            Self::Number { text, .. } => text.clone(),
            Self::Coded(meaning) => meaning.entry.code.to_string(),
            Self::Text(text) => (*text).to_owned(),
        }
    }
}

fn row(
    patient: &Patient<'_>,
    observation: &Observation,
    key: i64,
    concept: ConceptKey,
    answer: &Answer<'_>,
    range: Option<(Scaled, Scaled)>,
) -> AnyRow {
    let event = Event {
        key,
        person_id: patient.person_id,
        meaning: patient.context.meaning(concept),
        when: When::from(observation.at),
        type_concept_id: match observation.category {
            Category::Laboratory => types::LABORATORY,
            Category::VitalSigns => types::VITAL_SIGNS,
            Category::Survey => types::SURVEY,
            Category::SocialHistory => types::EHR,
        },
        provider_id: match observation.category {
            // A laboratory performs its tests, not the practitioner who saw the patient.
            Category::Laboratory => None,
            _ => Some(patient.practitioner(Some(observation.encounter))),
        },
        visit: patient.visit(Some(observation.encounter)),
    };
    let fallback = match observation.category {
        Category::Laboratory | Category::VitalSigns => Table::Measurement,
        Category::Survey | Category::SocialHistory => Table::Observation,
    };
    let unit = answer.unit();
    let local = patient.timeline.has_mark(observation.event, Deed::LocalCode);
    match if local { fallback } else { event.table(fallback) } {
        Table::Measurement => {
            let mut row = event.measurement();
            row.measurement_time = Some(time_of_day(observation.at));
            row.value_as_number = answer.as_number();
            row.value_as_concept_id = answer.as_concept_id();
            row.unit_concept_id = unit.map(|(_, concept)| concept);
            row.unit_source_concept_id = row.unit_concept_id;
            row.unit_source_value = unit.map(|(code, _)| code.to_owned());
            row.range_low = range.map(|(low, _)| number(&written(low)));
            row.range_high = range.map(|(_, high)| number(&written(high)));
            row.value_source_value = Some(answer.source_value());
            if local {
                row.measurement_concept_id = ConceptId::NONE;
                row.measurement_source_concept_id = Some(ConceptId::NONE);
                row.measurement_source_value = Some(event.meaning.entry.key.to_string());
            }
            row.into()
        }
        Table::Observation => {
            let mut row = event.observation();
            row.value_as_number = answer.as_number();
            row.value_as_string = answer.as_string();
            row.value_as_concept_id = answer.as_concept_id();
            row.unit_concept_id = unit.map(|(_, concept)| concept);
            row.unit_source_value = unit.map(|(code, _)| code.to_owned());
            row.value_source_value = Some(answer.source_value());
            row.into()
        }
        table => event.into_row(table),
    }
}

/// `HH:MM:SS`.
fn time_of_day(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// The number that a reader of the text would take it for.
fn number(text: &str) -> f64 {
    text.parse().expect("`written` writes digits and a point")
}
