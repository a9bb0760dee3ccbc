//! `MedicationAdministration`.

use twinlake_fhir::{
    AdministrationDosage, AdministrationTime, Decimal, MedicationAdministration, MedicationAdministrationPerformer,
    Quantity, Text,
};

use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline::{Administration, EncounterClass};

const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/medication-admin-category";
const INPATIENT: Code = Code { code: "inpatient", display: "Inpatient" };
const OUTPATIENT: Code = Code { code: "outpatient", display: "Outpatient" };

pub(super) fn administration<'a>(chart: &'a Chart<'_>, dose: &Administration) -> MedicationAdministration<'a> {
    let prescription = &chart.timeline.prescriptions[dose.prescription];
    let encounter = &chart.timeline.encounters[prescription.encounter];
    let stays = encounter.class == EncounterClass::Inpatient;
    MedicationAdministration {
        id: Some(chart.id(dose.event)),
        meta: Some(chart.meta(dose.at, prescription.encounter, &[])),
        status: Some(Text::from("completed")),
        category: Some(coded(CATEGORY, if stays { INPATIENT } else { OUTPATIENT })),
        medication: Some(chart.drug(prescription.concept)),
        subject: Some(chart.subject()),
        context: Some(chart.encounter(prescription.encounter)),
        effective: Some(AdministrationTime::DateTime(chart.at(dose.at))),
        performer: vec![MedicationAdministrationPerformer {
            actor: Some(chart.practitioner(encounter.practitioner)),
            ..MedicationAdministrationPerformer::default()
        }],
        reason_code: chart.concepts(prescription.reason),
        // What is given on the spot was ordered by word of mouth; the prescription is for home.
        request: (!dose.ahead_of_supply).then(|| chart.reference("MedicationRequest", prescription.event)),
        dosage: Some(AdministrationDosage {
            text: (!dose.ahead_of_supply).then(|| Text::from(prescription.sig)),
            // An administration is one dose.
            dose: Some(Quantity {
                value: Some(Decimal::from_scaled(1, 0)),
                unit: Some(Text::from("dose")),
                ..Quantity::default()
            }),
            ..AdministrationDosage::default()
        }),
        ..MedicationAdministration::default()
    }
}
