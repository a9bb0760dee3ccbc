//! Prescriptions, their fills, and vaccinations.

use chrono::{Days, NaiveDate};
use twinlake_omop::{AnyRow, Table};
use twinlake_vocab::types;

use super::Patient;
use super::event::{Event, When};
use crate::timeline::{Administration, Dispense, Immunization, Prescription};

pub(super) fn prescription(patient: &Patient<'_>, prescription: &Prescription) -> AnyRow {
    let event = Event {
        key: patient.key(prescription.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(prescription.concept),
        when: When::from(prescription.at),
        type_concept_id: types::PRESCRIPTION,
        provider_id: Some(patient.practitioner(Some(prescription.encounter))),
        visit: patient.visit(Some(prescription.encounter)),
    };
    let table = event.table(Table::DrugExposure);
    if table != Table::DrugExposure {
        return event.into_row(table);
    }
    let mut row = event.drug();
    let death = patient.timeline.death.as_ref().map(|death| death.at.date());
    row.drug_exposure_end_date = last_day(prescription.at.date(), prescription.days_supply, death);
    row.refills = i32::try_from(prescription.refills).ok();
    row.quantity = Some(f64::from(prescription.quantity));
    row.days_supply = i32::try_from(prescription.days_supply).ok();
    row.sig = Some(prescription.sig.to_string());
    row.into()
}

/// One fill. A prescription that was filled has no row of its own.
pub(super) fn dispense(patient: &Patient<'_>, dispense: &Dispense) -> AnyRow {
    let prescription = &patient.timeline.prescriptions[dispense.prescription];
    let event = Event {
        key: patient.key(dispense.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(prescription.concept),
        when: When::from(dispense.at),
        type_concept_id: types::EHR,
        // A pharmacy hands it out.
        provider_id: None,
        visit: if dispense.is_of_visit(patient.timeline) { patient.visit(Some(prescription.encounter)) } else { None },
    };
    let table = event.table(Table::DrugExposure);
    if table != Table::DrugExposure {
        return event.into_row(table);
    }
    let mut row = event.drug();
    let death = patient.timeline.death.as_ref().map(|death| death.at.date());
    row.drug_exposure_end_date = last_day(dispense.at.date(), prescription.days_supply, death);
    row.quantity = Some(f64::from(prescription.quantity));
    row.days_supply = i32::try_from(prescription.days_supply).ok();
    row.sig = Some(prescription.sig.to_string());
    row.into()
}

/// One dose that staff gave. A prescription of such doses has no row of its own; one for home that followed has.
pub(super) fn administration(patient: &Patient<'_>, dose: &Administration) -> AnyRow {
    let prescription = &patient.timeline.prescriptions[dose.prescription];
    let event = Event {
        key: patient.key(dose.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(prescription.concept),
        when: When::from(dose.at),
        type_concept_id: types::ADMINISTRATION,
        provider_id: Some(patient.practitioner(Some(prescription.encounter))),
        visit: patient.visit(Some(prescription.encounter)),
    };
    let table = event.table(Table::DrugExposure);
    if table != Table::DrugExposure {
        return event.into_row(table);
    }
    let mut row = event.drug();
    row.sig = (!dose.ahead_of_supply).then(|| prescription.sig.to_string());
    row.quantity = Some(1.0);
    row.into()
}

pub(super) fn immunization(patient: &Patient<'_>, immunization: &Immunization) -> AnyRow {
    let event = Event {
        key: patient.key(immunization.event),
        person_id: patient.person_id,
        meaning: patient.context.meaning(immunization.concept),
        when: When::from(immunization.at),
        type_concept_id: types::ADMINISTRATION,
        provider_id: Some(patient.practitioner(Some(immunization.encounter))),
        visit: patient.visit(Some(immunization.encounter)),
    };
    let table = event.table(Table::DrugExposure);
    if table != Table::DrugExposure {
        return event.into_row(table);
    }
    let mut row = event.drug();
    row.lot_number = Some(immunization.lot.clone());
    row.into()
}

/// The last day of one fill: refills do not lengthen it, death ends it, and it is never before the first.
fn last_day(start: NaiveDate, days_supply: u32, death: Option<NaiveDate>) -> NaiveDate {
    let supplied = start + Days::new(u64::from(days_supply.max(1)) - 1);
    death.map_or(supplied, |death| supplied.min(death)).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_ends_with_its_last_day_or_with_death() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let start = day("2020-01-01");
        assert_eq!(last_day(start, 30, None), day("2020-01-30"));
        assert_eq!(last_day(start, 30, Some(day("2020-01-10"))), day("2020-01-10"));
        assert_eq!(last_day(start, 0, None), start);
    }
}
