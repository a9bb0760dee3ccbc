//! MedicationRequest and Immunization.

use chrono::NaiveTime;
use twinlake_fhir::{
    AsNeeded, Decimal, DispenseRequest, Dosage, Dose, DoseAndRate, Immunization, ImmunizationPerformer,
    MedicationRequest, Occurrence, Quantity, Raw, Reported, Text,
};

use super::version::History;
use super::{Chart, coded, quantity};
use crate::render::codes::Code;
use crate::timeline::{self, EncounterClass, Prescription, PrescriptionStatus, Scaled};

const REQUEST: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest";
const REQUEST_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/medicationrequest-category";
const OUTPATIENT: Code = Code { code: "outpatient", display: "Outpatient" };
const INPATIENT: Code = Code { code: "inpatient", display: "Inpatient" };
const DISCHARGE: Code = Code { code: "discharge", display: "Discharge" };
const IMMUNIZATION: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-immunization";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const PATIENT_OBJECTION: Code = Code { code: "PATOBJ", display: "patient objection" };
const PERFORMER_FUNCTION: &str = "http://terminology.hl7.org/CodeSystem/v2-0443";
const ADMINISTERING: Code = Code { code: "AP", display: "Administering Provider" };

pub(super) fn prescription<'a>(
    chart: &'a Chart<'_>,
    index: usize,
    prescription: &'a Prescription,
) -> MedicationRequest<'a> {
    let is_given = chart.is_given[index];
    let encounter = &chart.timeline.encounters[prescription.encounter];
    let days = Scaled { units: i64::from(prescription.days_supply), decimals: 0 };
    let made = prescription.at.max(encounter.end);
    let history = History::changed(made, prescription.ended.map(|day| day.and_time(NaiveTime::MIN)));
    MedicationRequest {
        id: Some(chart.id(prescription.event)),
        meta: Some(chart.meta_of(&history, &[REQUEST])),
        status: Some(Text::from(match prescription.status {
            PrescriptionStatus::Active => "active",
            PrescriptionStatus::Completed => "completed",
            PrescriptionStatus::Stopped => "stopped",
        })),
        intent: Some(Text::from("order")),
        category: vec![coded(
            REQUEST_CATEGORY,
            // What is prescribed for days ahead during a stay is for after it, unless staff give it.
            match encounter.class {
                EncounterClass::Inpatient if is_given => INPATIENT,
                EncounterClass::Inpatient => DISCHARGE,
                EncounterClass::Ambulatory | EncounterClass::Virtual | EncounterClass::Emergency => OUTPATIENT,
            },
        )],
        reported: Some(Reported::Boolean(false)),
        medication: Some(chart.drug(prescription.concept)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(prescription.encounter)),
        authored_on: Some(chart.at(prescription.at)),
        requester: Some(chart.practitioner(encounter.practitioner)),
        reason_code: chart.concepts(prescription.reason),
        dosage_instruction: vec![dosage(chart, prescription.sig)],
        dispense_request: Some(DispenseRequest {
            number_of_repeats_allowed: Some(prescription.refills),
            quantity: Some(Quantity {
                value: Some(Decimal::from(i64::from(prescription.quantity))),
                ..Quantity::default()
            }),
            expected_supply_duration: Some(Quantity { unit: Some(Text::from("days")), ..quantity(days, "d") }),
            ..DispenseRequest::default()
        }),
        ..MedicationRequest::default()
    }
}

/// Directions in words and, as far as the words tell, in parts.
pub(super) fn dosage<'a>(chart: &'a Chart<'_>, sig: &'a str) -> Dosage<'a> {
    let directions = chart.context.directions.get(sig);
    let dose = directions.and_then(|directions| directions.dose);
    Dosage {
        text: Some(Text::from(sig)),
        timing: directions
            .and_then(|directions| directions.timing.as_deref())
            .map(|timing| Raw::from_json(timing).expect("it was written as JSON")),
        as_needed: directions.filter(|directions| directions.as_needed).map(|_| AsNeeded::Boolean(true)),
        dose_and_rate: dose
            .map(|(value, unit)| DoseAndRate {
                dose: Some(Dose::Quantity(match unit {
                    "mL" | "mg" => quantity(value, unit),
                    // What UCUM has no unit for is counted in words.
                    _ => Quantity {
                        value: Some(Decimal::from_scaled(value.units, value.decimals)),
                        unit: Some(Text::from(unit)),
                        ..Quantity::default()
                    },
                })),
                ..DoseAndRate::default()
            })
            .into_iter()
            .collect(),
        ..Dosage::default()
    }
}

pub(super) fn refusal<'a>(chart: &'a Chart<'_>, refusal: &timeline::Refusal) -> Immunization<'a> {
    let encounter = &chart.timeline.encounters[refusal.encounter];
    Immunization {
        id: Some(chart.id(refusal.event)),
        meta: Some(chart.meta(refusal.at, refusal.encounter, &[IMMUNIZATION])),
        status: Some(Text::from("not-done")),
        status_reason: Some(coded(ACT_REASON, PATIENT_OBJECTION)),
        vaccine_code: Some(chart.concept(refusal.concept)),
        patient: Some(chart.subject()),
        encounter: Some(chart.encounter(refusal.encounter)),
        occurrence: Some(Occurrence::DateTime(chart.at(refusal.at))),
        primary_source: Some(true),
        location: Some(chart.location(encounter.organization)),
        ..Immunization::default()
    }
}

pub(super) fn immunization<'a>(chart: &'a Chart<'_>, immunization: &'a timeline::Immunization) -> Immunization<'a> {
    let encounter = &chart.timeline.encounters[immunization.encounter];
    Immunization {
        id: Some(chart.id(immunization.event)),
        meta: Some(chart.meta(immunization.at, immunization.encounter, &[IMMUNIZATION])),
        status: Some(Text::from("completed")),
        vaccine_code: Some(chart.concept(immunization.concept)),
        patient: Some(chart.subject()),
        encounter: Some(chart.encounter(immunization.encounter)),
        occurrence: Some(Occurrence::DateTime(chart.at(immunization.at))),
        primary_source: Some(true),
        location: Some(chart.location(encounter.organization)),
        lot_number: Some(Text::from(immunization.lot.as_str())),
        performer: vec![ImmunizationPerformer {
            function: Some(coded(PERFORMER_FUNCTION, ADMINISTERING)),
            actor: Some(chart.practitioner(encounter.practitioner)),
            ..ImmunizationPerformer::default()
        }],
        ..Immunization::default()
    }
}
