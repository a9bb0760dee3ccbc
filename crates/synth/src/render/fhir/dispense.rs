//! `MedicationDispense`.

use twinlake_fhir::{Decimal, MedicationDispense, MedicationDispensePerformer, Quantity, Text};

use super::medication::dosage;
use super::{Chart, coded, quantity};
use crate::render::codes::Code;
use crate::timeline::{Dispense, Scaled};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationdispense";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const FIRST_FILL: Code = Code { code: "FF", display: "First Fill" };
const REFILL: Code = Code { code: "RF", display: "Refill" };

pub(super) fn dispense<'a>(chart: &'a Chart<'_>, dispense: &'a Dispense) -> MedicationDispense<'a> {
    let prescription = &chart.timeline.prescriptions[dispense.prescription];
    let encounter = &chart.timeline.encounters[prescription.encounter];
    let days = Scaled { units: i64::from(prescription.days_supply), decimals: 0 };
    MedicationDispense {
        id: Some(chart.id(dispense.event)),
        meta: Some(chart.meta(dispense.at, prescription.encounter, &[PROFILE])),
        status: Some(Text::from("completed")),
        medication: Some(chart.drug(prescription.concept)),
        subject: Some(chart.subject()),
        context: dispense.is_of_visit(chart.timeline).then(|| chart.encounter(prescription.encounter)),
        performer: vec![MedicationDispensePerformer {
            actor: Some(chart.organization(encounter.organization)),
            ..MedicationDispensePerformer::default()
        }],
        authorizing_prescription: vec![chart.reference("MedicationRequest", prescription.event)],
        type_: Some(coded(ACT_CODE, if dispense.fill == 0 { FIRST_FILL } else { REFILL })),
        quantity: Some(Quantity {
            value: Some(Decimal::from(i64::from(prescription.quantity))),
            ..Quantity::default()
        }),
        days_supply: Some(Quantity { unit: Some(Text::from("days")), ..quantity(days, "d") }),
        when_handed_over: Some(chart.at(dispense.at)),
        dosage_instruction: vec![dosage(chart, prescription.sig)],
        ..MedicationDispense::default()
    }
}
