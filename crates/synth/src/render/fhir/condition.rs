//! Condition (problem list and diagnoses) and AllergyIntolerance.

use twinlake_fhir::{
    Abatement, AllergyIntolerance, AllergyReaction, CodeableConcept, Condition, DateTime, Extension, ExtensionValue,
    Onset, Text,
};

use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline::{self, Diagnosis, Problem};

const PROBLEM: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-problems-health-concerns";
const DIAGNOSIS: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-encounter-diagnosis";
const ALLERGY: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-allergyintolerance";
const ASSERTED: &str = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";
const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const ALLERGY_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const ACTIVE: Code = Code { code: "active", display: "Active" };
const RESOLVED: Code = Code { code: "resolved", display: "Resolved" };
const CONFIRMED: Code = Code { code: "confirmed", display: "Confirmed" };
const PROBLEM_LIST: Code = Code { code: "problem-list-item", display: "Problem List Item" };
const ENCOUNTER_DIAGNOSIS: Code = Code { code: "encounter-diagnosis", display: "Encounter Diagnosis" };

pub(super) fn problem<'a>(chart: &'a Chart<'_>, problem: &Problem) -> Condition<'a> {
    Condition {
        id: Some(chart.id(problem.event)),
        meta: Some(chart.meta_of(&chart.history_of_problem(problem), &[PROBLEM])),
        extension: vec![asserted(problem.recorded.into())],
        clinical_status: Some(clinical(problem)),
        verification_status: Some(coded(VERIFICATION, CONFIRMED)),
        category: vec![coded(CATEGORY, PROBLEM_LIST)],
        code: Some(chart.concept(problem.concept)),
        subject: Some(chart.subject()),
        encounter: problem.encounter.map(|index| chart.encounter(index)),
        onset: problem.told_onset().map(|day| Onset::DateTime(day.into())),
        abatement: problem.abated.map(|day| Abatement::DateTime(day.into())),
        recorded_date: Some(problem.recorded.into()),
        recorder: Some(chart.recorder(problem.encounter)),
        ..Condition::default()
    }
}

pub(super) fn diagnosis<'a>(chart: &'a Chart<'_>, diagnosis: &Diagnosis) -> Condition<'a> {
    let encounter = &chart.timeline.encounters[diagnosis.encounter];
    // The problem list says when it began and whether it still goes on; a diagnosis that never was a problem says
    // nothing of it. Of what comes again, it is the last time before the visit.
    let day = encounter.end.date();
    let of_concept = chart.timeline.problems.iter().filter(|problem| problem.concept == diagnosis.concept);
    let problem = of_concept.filter(|problem| problem.onset <= day).max_by_key(|problem| problem.onset);
    let abated = problem.and_then(|problem| problem.abated);
    Condition {
        id: Some(chart.id(diagnosis.event)),
        meta: Some(chart.meta_of(&chart.history_of_diagnosis(diagnosis), &[DIAGNOSIS])),
        extension: vec![asserted(chart.at(encounter.start))],
        clinical_status: problem.map(clinical),
        verification_status: Some(coded(VERIFICATION, CONFIRMED)),
        category: vec![coded(CATEGORY, ENCOUNTER_DIAGNOSIS)],
        code: Some(chart.concept(diagnosis.concept)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(diagnosis.encounter)),
        onset: problem.and_then(Problem::told_onset).map(|day| Onset::DateTime(day.into())),
        abatement: abated.map(|day| Abatement::DateTime(day.into())),
        recorded_date: Some(chart.at(encounter.start)),
        recorder: Some(chart.recorder(Some(diagnosis.encounter))),
        ..Condition::default()
    }
}

pub(super) fn allergy<'a>(chart: &'a Chart<'_>, allergy: &timeline::Allergy) -> AllergyIntolerance<'a> {
    AllergyIntolerance {
        id: Some(chart.id(allergy.event)),
        meta: Some(chart.meta_of(&chart.history_of_allergy(allergy), &[ALLERGY])),
        clinical_status: Some(coded(ALLERGY_CLINICAL, ACTIVE)),
        verification_status: Some(coded(ALLERGY_VERIFICATION, CONFIRMED)),
        type_: Some(Text::from("allergy")),
        code: Some(chart.concept(allergy.concept)),
        patient: Some(chart.subject()),
        encounter: allergy.encounter.map(|index| chart.encounter(index)),
        onset: allergy.told_onset().map(|day| Onset::DateTime(day.into())),
        recorded_date: Some(allergy.recorded.into()),
        recorder: Some(chart.recorder(allergy.encounter)),
        reaction: allergy
            .reaction
            .map(|reaction| AllergyReaction {
                manifestation: vec![chart.concept(reaction)],
                ..AllergyReaction::default()
            })
            .into_iter()
            .collect(),
        ..AllergyIntolerance::default()
    }
}

/// When somebody first said so.
fn asserted(at: DateTime<'_>) -> Extension<'_> {
    Extension::new(ASSERTED, ExtensionValue::DateTime(at))
}

fn clinical(problem: &Problem) -> CodeableConcept<'static> {
    coded(CLINICAL, if problem.abated.is_some() { RESOLVED } else { ACTIVE })
}
