//! Observation and its components to measurement and observation, or to the tables of their concepts' domains.

use chrono::{NaiveDateTime, Timelike as _};
use twinlake_fhir::{CodeableConcept, Effective, Observation, ObservationValue, Quantity, ReferenceRange};
use twinlake_omop::{AnyRow, ConceptId, key};
use twinlake_vocab::{system, types};

use crate::coded::{cut, source_value};
use crate::elements;
use crate::event::{Event, Reading, Target, When};
use crate::visit::At;

/// `observation.value_as_string` has 60 characters.
const VALUE_AS_STRING: usize = 60;

/// LOINC's question for the address that someone lives at: its answer must not be in OMOP (f2o-022).
const HOME_ADDRESS: &str = "56799-0";

/// The rows of an Observation: its own value in slot 0, component *i* in slot *i* + 1.
pub(crate) fn rows(reading: &mut Reading<'_, '_>, observation: &Observation<'_>) -> Option<Vec<AnyRow>> {
    if !is_realised(observation) {
        return reading.lost("status");
    }
    if observation.value.is_none() && observation.component.iter().all(|component| component.value.is_none()) {
        return reading.lost("no-value");
    }
    let Some(when) = when(observation) else {
        return reading.lost("date");
    };
    let key = reading.key(observation.id.as_deref());
    let type_concept_id = type_concept(observation);
    let common = Common {
        when,
        is_measurement: type_concept_id == types::LABORATORY || type_concept_id == types::VITAL_SIGNS,
        type_concept_id,
        provider_id: reading.provider(&observation.performer),
        visit: reading.visit(observation.encounter.as_ref()),
    };

    let mut rows = Vec::new();
    if let Some(value) = &observation.value {
        let range = observation.reference_range.first();
        rows.extend(common.row(reading, key, observation.code.as_ref(), value, range));
    }
    for (slot, component) in (1..).zip(&observation.component) {
        let Some(value) = &component.value else {
            reading.losses.count_reason(reading.resource_type, "component-no-value");
            continue;
        };
        let range = component.reference_range.first();
        rows.extend(common.row(reading, key::slot(key, slot), component.code.as_ref(), value, range));
    }
    let used = [
        "status",
        "category",
        "code",
        "subject",
        "encounter",
        "effectiveDateTime",
        "effectivePeriod.start",
        "effectiveInstant",
        "issued",
        "performer",
        "valueQuantity",
        "valueCodeableConcept",
        "valueString",
        "valueBoolean",
        "valueInteger",
        "valueDateTime",
        "referenceRange.low",
        "referenceRange.high",
        "component.code",
        "component.valueQuantity",
        "component.valueCodeableConcept",
        "component.valueString",
        "component.valueBoolean",
        "component.valueInteger",
        "component.valueDateTime",
        "component.referenceRange.low",
        "component.referenceRange.high",
    ];
    elements::count("Observation", observation, &observation.extension, &used, &[], reading.losses);
    Some(rows)
}

/// The coded value of an Observation "Cause of death", which goes to `death` and makes no row of its own.
pub(crate) fn cause_of_death<'o, 'a>(observation: &'o Observation<'a>) -> Option<&'o CodeableConcept<'a>> {
    let code = observation.code.as_ref()?;
    let is_cause = has_loinc(code, types::CAUSE_OF_DEATH);
    match &observation.value {
        Some(ObservationValue::CodeableConcept(value)) if is_cause && is_realised(observation) => Some(value),
        _ => None,
    }
}

fn has_loinc(concept: &CodeableConcept<'_>, code: &str) -> bool {
    let is_it = |system: Option<&str>, its: Option<&str>| system == Some(system::LOINC) && its == Some(code);
    concept.coding.iter().any(|coding| is_it(coding.system.as_deref(), coding.code.as_deref()))
}

fn is_realised(observation: &Observation<'_>) -> bool {
    observation.status.as_deref().is_some_and(|status| ["final", "amended", "corrected"].contains(&status))
}

fn when(observation: &Observation<'_>) -> Option<When> {
    let effective = match observation.effective.as_ref() {
        Some(Effective::DateTime(time) | Effective::Instant(time)) => Some(time),
        Some(Effective::Period(period)) => period.start.as_ref(),
        Some(Effective::Timing(_)) | None => None,
    };
    effective.or(observation.issued.as_ref()).map(When::from)
}

fn has_category(observation: &Observation<'_>, code: &str) -> bool {
    observation.category.iter().any(|category| category.has_code(code))
}

fn type_concept(observation: &Observation<'_>) -> ConceptId {
    if has_category(observation, "laboratory") {
        types::LABORATORY
    } else if has_category(observation, "vital-signs") {
        types::VITAL_SIGNS
    } else if has_category(observation, "survey") {
        types::SURVEY
    } else {
        types::EHR
    }
}

/// What an Observation's rows share.
struct Common {
    when: When,
    is_measurement: bool,
    type_concept_id: ConceptId,
    provider_id: Option<i64>,
    visit: Option<At>,
}

impl Common {
    fn row(
        &self,
        reading: &mut Reading<'_, '_>,
        key: i64,
        code: Option<&CodeableConcept<'_>>,
        value: &ObservationValue<'_>,
        range: Option<&ReferenceRange<'_>>,
    ) -> Option<AnyRow> {
        let Some(code) = code else {
            return reading.lost("no-code");
        };
        if has_loinc(code, HOME_ADDRESS) {
            return reading.lost("identifies");
        }
        let coded = reading.map(code);
        let fallback = if self.is_measurement { Target::Measurement } else { Target::Observation };
        let target = Target::of(coded.domain, fallback);
        let event = Event {
            key,
            person_id: reading.context.person_id,
            coded,
            when: self.when,
            type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit: self.visit,
        };
        match target {
            Target::Measurement => {
                let value = Value::of(reading, value);
                let mut row = event.into_measurement();
                row.measurement_time = self.when.datetime.map(time_of_day);
                row.operator_concept_id = value.operator;
                row.value_as_number = value.number;
                row.value_as_concept_id = value.concept.or(row.value_as_concept_id);
                row.unit_concept_id = value.unit;
                row.unit_source_concept_id = value.unit;
                row.unit_source_value = value.unit_source;
                row.range_low = limit(range.and_then(|range| range.low.as_ref()));
                row.range_high = limit(range.and_then(|range| range.high.as_ref()));
                row.value_source_value = value.source;
                Some(row.into())
            }
            Target::Observation => {
                let value = Value::of(reading, value);
                if value.operator.is_some() {
                    reading.losses.count_element(reading.resource_type, "valueQuantity.comparator");
                }
                if range.is_some() {
                    reading.losses.count_element(reading.resource_type, "referenceRange");
                }
                let mut row = event.into_observation();
                row.value_as_number = value.number;
                row.value_as_string = value.string;
                row.value_as_concept_id = value.concept.or(row.value_as_concept_id);
                row.unit_concept_id = value.unit;
                row.unit_source_value = value.unit_source;
                row.value_source_value = value.source;
                Some(row.into())
            }
            Target::Condition | Target::Drug | Target::Procedure | Target::Device | Target::Specimen => {
                reading.losses.count_element(reading.resource_type, "value[x]");
                Some(event.into_row(target))
            }
        }
    }
}

/// A value, as the columns of measurement and observation have it.
#[derive(Default)]
struct Value {
    number: Option<f64>,
    string: Option<String>,
    concept: Option<ConceptId>,
    operator: Option<ConceptId>,
    unit: Option<ConceptId>,
    unit_source: Option<String>,
    source: Option<String>,
}

impl Value {
    fn of(reading: &mut Reading<'_, '_>, value: &ObservationValue<'_>) -> Self {
        match value {
            ObservationValue::Quantity(quantity) => Self::of_quantity(reading, quantity),
            ObservationValue::CodeableConcept(concept) => {
                let coded = reading.map(concept);
                let text = concept.text.as_deref().filter(|_| concept.coding.is_empty());
                Self {
                    concept: Some(coded.standard),
                    string: text.map(|text| cut(text, VALUE_AS_STRING)),
                    source: coded.source_value,
                    ..Self::default()
                }
            }
            ObservationValue::String(text) => Self::of_text(text),
            ObservationValue::Boolean(truth) => Self::of_text(if *truth { "true" } else { "false" }),
            ObservationValue::DateTime(time) => Self::of_text(time.as_str()),
            ObservationValue::Integer(number) => {
                Self { number: Some(f64::from(*number)), source: Some(number.to_string()), ..Self::default() }
            }
            // No column holds these; the row says that something was observed, and the element is counted.
            ObservationValue::Range(_)
            | ObservationValue::Ratio(_)
            | ObservationValue::SampledData(_)
            | ObservationValue::Time(_)
            | ObservationValue::Period(_) => Self::default(),
        }
    }

    fn of_text(text: &str) -> Self {
        Self { string: Some(cut(text, VALUE_AS_STRING)), source: Some(source_value(text)), ..Self::default() }
    }

    fn of_quantity(reading: &mut Reading<'_, '_>, quantity: &Quantity<'_>) -> Self {
        let vocab = reading.context.vocab;
        let unit_text = quantity.code.as_deref().or(quantity.unit.as_deref());
        let unit = unit_text.map(|text| vocab.unit(text).unwrap_or(ConceptId::NONE));
        if let (Some(text), Some(ConceptId::NONE)) = (unit_text, unit) {
            reading.losses.count_code(Some(system::UCUM), text, None);
        }
        Self {
            number: quantity.value.as_ref().map(twinlake_fhir::Decimal::to_f64),
            operator: quantity.comparator.as_deref().map(|comparator| vocab.operator(comparator)),
            unit,
            unit_source: unit_text.map(source_value),
            source: quantity.value.as_ref().map(|value| source_value(value.as_str())),
            ..Self::default()
        }
    }
}

fn limit(quantity: Option<&Quantity<'_>>) -> Option<f64> {
    quantity?.value.as_ref().map(twinlake_fhir::Decimal::to_f64)
}

fn time_of_day(time: NaiveDateTime) -> String {
    // A leap second is one more than 59.
    let second = time.second() + time.nanosecond() / 1_000_000_000;
    format!("{:02}:{:02}:{second:02}", time.hour(), time.minute())
}
