//! Observation and DiagnosticReport.

use twinlake_fhir::{
    CodeableConcept, Coding, DiagnosticReport, Effective, Observation, ObservationComponent, ObservationValue,
    Reference, ReferenceRange, Text,
};

use super::version::History;
use super::{Chart, coded, quantity, survey};
use crate::chart::{Deed, other_spelling};
use crate::render::codes::{self, Code};
use crate::timeline::{self, Category, Fulfilment, Report, Scaled, Value};

const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const LOINC: &str = "http://loinc.org";
const REPORT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-lab";
const REPORT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";
/// By pulse oximetry; FHIR's profile wants the code without the method beside it.
const OXYGEN_SATURATION: &str = "59408-5";
const OXYGEN_SATURATION_ANY_METHOD: Code = Code { code: "2708-6", display: "Oxygen saturation in Arterial blood" };
const DATA_ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
const UNKNOWN: Code = Code { code: "unknown", display: "Unknown" };
/// Codes of the house, which map to nothing.
const LOCAL: &str = "https://twinlake.example/CodeSystem/local";
const LABORATORY: Code = Code { code: "LAB", display: "Laboratory" };

pub(super) fn observation<'a>(
    chart: &'a Chart<'_>,
    index: usize,
    observation: &'a timeline::Observation,
) -> Observation<'a> {
    let encounter = &chart.timeline.encounters[observation.encounter];
    let (mut value, component) = value(chart, &observation.value);
    let missing = chart.timeline.has_mark(observation.event, Deed::Missing);
    if missing {
        value = None;
    }
    if let Some(ObservationValue::Quantity(quantity)) = &mut value
        && chart.timeline.has_mark(observation.event, Deed::UnitSpelling)
    {
        let spelling = quantity.unit.as_deref().and_then(other_spelling);
        quantity.unit = spelling.map(Text::from).or(quantity.unit.take());
    }
    Observation {
        id: Some(chart.id(observation.event)),
        meta: Some(chart.meta(observation.at, observation.encounter, &[profile(chart, observation)])),
        status: Some(Text::from("final")),
        category: vec![coded(CATEGORY, category(observation.category))],
        code: Some(code(chart, observation)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(observation.encounter)),
        effective: Some(Effective::DateTime(chart.at(observation.at))),
        performer: vec![match observation.category {
            Category::Laboratory => chart.organization(encounter.organization),
            _ => chart.practitioner(encounter.practitioner),
        }],
        value,
        data_absent_reason: missing.then(|| coded(DATA_ABSENT, UNKNOWN)),
        specimen: chart.specimen(index),
        interpretation: interpretation(&observation.value, observation.range.filter(|_| !missing))
            .into_iter()
            .collect(),
        reference_range: reference_range(observation).into_iter().collect(),
        component,
        derived_from: derived_from(chart, index, observation),
        ..Observation::default()
    }
}

/// The answers that a score was counted from, or the results of the same visit that one was calculated from.
fn derived_from<'a>(chart: &Chart<'_>, index: usize, observation: &timeline::Observation) -> Vec<Reference<'a>> {
    if let Some(inputs) = chart.context.calculated.get(&observation.concept) {
        let all = &chart.timeline.observations;
        // The observations of a visit follow each other.
        let is_here = |other: &&timeline::Observation| other.encounter == observation.encounter;
        let before = all[..index].iter().rev().take_while(is_here);
        let here = || before.clone().chain(all[index..].iter().take_while(is_here));
        let found = inputs.iter().filter_map(|&input| here().find(|other| other.concept == input));
        return found.map(|input| Reference::to(format!("Observation/{}", chart.id(input.event)))).collect();
    }
    if observation.category != Category::Survey {
        return Vec::new();
    }
    let response = survey::of_score(chart, observation);
    response.map(|response| chart.reference("QuestionnaireResponse", response.event)).into_iter().collect()
}

/// The Observation that says what the patient died of, when it is known.
pub(super) fn cause_of_death<'a>(chart: &'a Chart<'_>) -> Option<Observation<'a>> {
    let death = chart.timeline.death.as_ref()?;
    let cause = death.cause?;
    let Code { code, display } = codes::CAUSE_OF_DEATH;
    Some(Observation {
        id: Some(chart.id(death.cause_event)),
        meta: Some(chart.meta_of(&History::made(death.at), &[])),
        status: Some(Text::from("final")),
        code: Some(Coding::displayed(LOINC, code, display).into()),
        subject: Some(chart.subject()),
        effective: Some(Effective::DateTime(chart.at(death.at))),
        value: Some(ObservationValue::CodeableConcept(chart.concept(cause))),
        ..Observation::default()
    })
}

pub(super) fn report<'a>(chart: &'a Chart<'_>, index: usize, report: &Report) -> DiagnosticReport<'a> {
    let encounter = &chart.timeline.encounters[report.encounter];
    let result = |&index: &usize| chart.reference("Observation", chart.timeline.observations[index].event);
    // Results are drawn during the visit; the report is issued when all are there.
    let drawn = report.results.iter().map(|&index| chart.timeline.observations[index].at).min().unwrap_or(report.at);
    let mut specimens: Vec<usize> = report.results.iter().filter_map(|&index| chart.specimens[index]).collect();
    specimens.sort_unstable();
    specimens.dedup();
    let specimen = |index: usize| chart.reference("Specimen", chart.timeline.specimens[index].event);
    DiagnosticReport {
        id: Some(chart.id(report.event)),
        meta: Some(chart.meta(report.at, report.encounter, &[REPORT])),
        based_on: chart.based_on(Fulfilment::Report(index)),
        status: Some(Text::from("final")),
        category: vec![coded(REPORT_CATEGORY, LABORATORY)],
        code: Some(chart.concept(report.concept)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(report.encounter)),
        effective: Some(Effective::DateTime(chart.at(drawn))),
        issued: Some(chart.at(report.at)),
        performer: vec![chart.organization(encounter.organization)],
        specimen: specimens.into_iter().map(specimen).collect(),
        result: report.results.iter().map(result).collect(),
        ..DiagnosticReport::default()
    }
}

fn code<'a>(chart: &'a Chart<'_>, observation: &timeline::Observation) -> CodeableConcept<'a> {
    if chart.timeline.has_mark(observation.event, Deed::LocalCode) {
        let entry = chart.context.meaning(observation.concept).entry;
        return Coding::displayed(LOCAL, entry.key, entry.display).into();
    }
    let mut concept = chart.concept(observation.concept);
    if concept.code_of(LOINC) == Some(OXYGEN_SATURATION) {
        let Code { code, display } = OXYGEN_SATURATION_ANY_METHOD;
        concept.coding.push(Coding::displayed(LOINC, code, display));
    }
    concept
}

fn value<'a>(chart: &'a Chart<'_>, value: &'a Value) -> (Option<ObservationValue<'a>>, Vec<ObservationComponent<'a>>) {
    match value {
        Value::Quantity { value, unit } => (Some(ObservationValue::Quantity(quantity(*value, unit))), Vec::new()),
        Value::Concept(concept) => (Some(ObservationValue::CodeableConcept(chart.concept(*concept))), Vec::new()),
        Value::Text(text) => (Some(ObservationValue::String(Text::from(*text))), Vec::new()),
        Value::Components(components) => {
            let component = components.iter().map(|(concept, value, unit)| ObservationComponent {
                code: Some(chart.concept(*concept)),
                value: Some(ObservationValue::Quantity(quantity(*value, unit))),
                ..ObservationComponent::default()
            });
            (None, component.collect())
        }
    }
}

const fn category(category: Category) -> Code {
    match category {
        Category::VitalSigns => Code { code: "vital-signs", display: "Vital Signs" },
        Category::Laboratory => Code { code: "laboratory", display: "Laboratory" },
        Category::SocialHistory => Code { code: "social-history", display: "Social History" },
        Category::Survey => Code { code: "survey", display: "Survey" },
    }
}

/// The US Core profile that the observation meets, by its LOINC code and unit.
fn profile(chart: &Chart<'_>, observation: &timeline::Observation) -> &'static str {
    let entry = chart.context.meaning(observation.concept).entry;
    let unit = match &observation.value {
        Value::Quantity { unit, .. } => unit,
        Value::Components(components) => components.first().map_or("", |(_, _, unit)| unit),
        Value::Concept(_) | Value::Text(_) => "",
    };
    let loinc = if entry.system == LOINC { entry.code } else { "" };
    match (observation.category, loinc, unit) {
        (Category::VitalSigns, "85354-9", "mm[Hg]") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure"
        }
        (Category::VitalSigns, "29463-7", "kg" | "g" | "[lb_av]") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-weight"
        }
        (Category::VitalSigns, "8302-2", "cm" | "[in_i]") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-height"
        }
        (Category::VitalSigns, "39156-5", "kg/m2") => "http://hl7.org/fhir/us/core/StructureDefinition/us-core-bmi",
        (Category::VitalSigns, "8867-4", "/min") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-heart-rate"
        }
        (Category::VitalSigns, "9279-1", "/min") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-respiratory-rate"
        }
        (Category::VitalSigns, "8310-5", "Cel" | "[degF]") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-temperature"
        }
        (Category::VitalSigns, OXYGEN_SATURATION, "%") => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-pulse-oximetry"
        }
        (Category::VitalSigns, ..) => "http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs",
        (Category::Laboratory, ..) => "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab",
        (Category::SocialHistory, "72166-2", _) => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-smokingstatus"
        }
        (Category::SocialHistory, ..) => "http://hl7.org/fhir/us/core/StructureDefinition/us-core-simple-observation",
        (Category::Survey, ..) => {
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-screening-assessment"
        }
    }
}

/// Where a number stands to its reference range; nothing without a range.
fn interpretation(value: &Value, range: Option<(Scaled, Scaled)>) -> Option<CodeableConcept<'static>> {
    let (Value::Quantity { value, .. }, Some((low, high))) = (value, range) else { return None };
    let code = if is_below(*value, low) {
        Code { code: "L", display: "Low" }
    } else if is_below(high, *value) {
        Code { code: "H", display: "High" }
    } else {
        Code { code: "N", display: "Normal" }
    };
    Some(coded(INTERPRETATION, code))
}

/// Compares two decimals of perhaps different scale, exactly.
fn is_below(one: Scaled, other: Scaled) -> bool {
    let decimals = one.decimals.max(other.decimals);
    let units = |scaled: Scaled| i128::from(scaled.units) * 10_i128.pow(u32::from(decimals - scaled.decimals));
    units(one) < units(other)
}

fn reference_range(observation: &timeline::Observation) -> Option<ReferenceRange<'_>> {
    let (Value::Quantity { unit, .. }, Some((low, high))) = (&observation.value, observation.range) else {
        return None;
    };
    Some(ReferenceRange {
        low: Some(quantity(low, unit)),
        high: Some(quantity(high, unit)),
        ..ReferenceRange::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_the_edge_of_its_range_is_normal() {
        let scaled = |units, decimals| Scaled { units, decimals };
        let found = |value| {
            let value = Value::Quantity { value, unit: "%" };
            let concept = interpretation(&value, Some((scaled(4, 0), scaled(56, 1)))).unwrap();
            concept.coding[0].code.as_deref().unwrap().to_owned()
        };
        assert_eq!(found(scaled(560, 2)), "N");
        assert_eq!(found(scaled(561, 2)), "H");
        assert_eq!(found(scaled(40, 1)), "N");
        assert_eq!(found(scaled(39, 1)), "L");
    }
}
