//! `MedicationRequest`, `MedicationDispense`, `MedicationAdministration`, `MedicationStatement` and Immunization to `drug_exposure`, or to the table of their concept's domain.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use twinlake_fhir::{
    AdministrationTime, CodeableConcept, DateTime, Drug, Extra, Immunization, MedicationAdministration,
    MedicationDispense, MedicationRequest, MedicationStatement, Occurrence, Quantity, Reference, Resource,
};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::types;

use crate::coded::source_value;
use crate::elements;
use crate::event::{Event, Reading, Target, When};
use crate::shared::{Shared, owned};
use crate::visit::At;

pub(crate) fn request_rows(reading: &mut Reading<'_, '_>, request: &MedicationRequest<'_>) -> Option<AnyRow> {
    const REALISED: [&str; 4] = ["active", "on-hold", "completed", "stopped"];
    if !request.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status");
    }
    if request.intent.as_deref().is_none_or(|intent| ["proposal", "plan", "option"].contains(&intent)) {
        return reading.lost("intent");
    }
    if request.do_not_perform == Some(true) {
        return reading.lost("doNotPerform");
    }
    if reading.context.fulfilled.contains(&reading.key(request.id.as_deref())) {
        return reading.lost("fulfilled");
    }
    let Some(authored_on) = &request.authored_on else {
        return reading.lost("date");
    };
    let Some(code) = drug(reading.context.shared, request.medication.as_ref(), &request.extra) else {
        return reading.lost(missing(request.medication.as_ref()));
    };
    let when = When::from(authored_on);
    let dosage = request.dosage_instruction.first();
    let exposure = Exposure {
        id: request.id.as_deref(),
        code: &code,
        when,
        type_concept_id: types::PRESCRIPTION,
        provider_id: reading.provider(&request.requester),
        visit: reading.visit(request.encounter.as_ref()),
        sig: dosage.and_then(|dosage| dosage.text.as_deref()),
        route: dosage.and_then(|dosage| dosage.route.as_ref()),
    };
    let used = [
        "status",
        "intent",
        "doNotPerform",
        "medicationCodeableConcept",
        "medicationReference",
        "subject",
        "encounter",
        "authoredOn",
        "requester",
        "dosageInstruction.text",
        "dosageInstruction.route",
        "dispenseRequest.numberOfRepeatsAllowed",
        "dispenseRequest.quantity.value",
        "dispenseRequest.expectedSupplyDuration",
    ];
    elements::count("MedicationRequest", request, &request.extension, &used, &[], reading.losses);
    let dispense = request.dispense_request.as_ref();
    let death_date = reading.context.death_date;
    Some(exposure.into_row(reading, |row| {
        row.refills = dispense.and_then(|dispense| i32::try_from(dispense.number_of_repeats_allowed?).ok());
        row.quantity = dispense.and_then(|dispense| value(dispense.quantity.as_ref()));
        row.days_supply = dispense.and_then(|dispense| days(dispense.expected_supply_duration.as_ref()?));
        row.drug_exposure_end_date = end(when.date, row.days_supply, death_date);
    }))
}

/// What every resource that gives a drug says alike.
struct Exposure<'r, 'a> {
    id: Option<&'r str>,
    code: &'r CodeableConcept<'a>,
    when: When,
    type_concept_id: ConceptId,
    provider_id: Option<i64>,
    visit: Option<At>,
    sig: Option<&'r str>,
    route: Option<&'r CodeableConcept<'a>>,
}

impl Exposure<'_, '_> {
    /// The row of the code's domain; one of `drug_exposure` gets what the resource's type alone says of it.
    fn into_row(self, reading: &mut Reading<'_, '_>, complete: impl FnOnce(&mut omop::DrugExposure)) -> AnyRow {
        let coded = reading.map(self.code);
        let target = Target::of(coded.domain, Target::Drug);
        let event = Event {
            key: reading.key(self.id),
            person_id: reading.context.person_id,
            coded,
            when: self.when,
            type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit: self.visit,
        };
        if target != Target::Drug {
            return event.into_row(target);
        }
        let mut row = event.into_drug();
        row.sig = self.sig.map(str::to_owned);
        if let Some(code) = self.route {
            (row.route_concept_id, row.route_source_value) = route(reading, code);
        }
        complete(&mut row);
        row.into()
    }
}

/// Concept and source value of the way a drug went in.
fn route(reading: &mut Reading<'_, '_>, route: &CodeableConcept<'_>) -> (Option<ConceptId>, Option<String>) {
    let known = route.coding.iter().find_map(|coding| {
        let code = coding.code.as_deref()?;
        reading.context.vocab.route(coding.system.as_deref(), code).map(|concept| (concept, code))
    });
    match known {
        Some((concept, code)) => (Some(concept), Some(source_value(code))),
        // What is known, and no way of giving a drug, is no route.
        None => (Some(ConceptId::NONE), reading.map(route).source_value),
    }
}

/// What a drug is: said in place, or by a Medication that was read, or by one that the resource contains.
fn drug<'d>(
    shared: &'d Shared,
    drug: Option<&'d Drug<'_>>,
    extra: &'d Extra<'_>,
) -> Option<Cow<'d, CodeableConcept<'d>>> {
    let reference = match drug? {
        Drug::CodeableConcept(code) => return Some(Cow::Borrowed(code)),
        Drug::Reference(reference) => reference,
    };
    if let Some(id) = reference.id_of("Medication") {
        return shared.drug(id).map(Cow::Borrowed);
    }
    let id = reference.reference.as_deref()?.strip_prefix('#')?;
    extra.contained().into_iter().find_map(|resource| match resource {
        Resource::Medication(medication) if medication.id.as_deref() == Some(id) => {
            medication.code.as_ref().map(|code| Cow::Owned(owned(code)))
        }
        _ => None,
    })
}

/// Why nothing says what a drug is.
fn missing(drug: Option<&Drug<'_>>) -> &'static str {
    if drug.is_some() { "medication" } else { "no-code" }
}

/// Keys of the requests that a realised dispense or administration names: those are the exposures then.
pub(crate) fn fulfilled(shared: &Shared, resources: &[&Resource<'_>]) -> BTreeSet<i64> {
    let key_of = |order: &Reference<'_>| Some(key::of("MedicationRequest", order.id_of("MedicationRequest")?));
    let mut keys = BTreeSet::new();
    for resource in resources {
        match resource {
            Resource::MedicationDispense(dispense) if is_realised(shared, dispense) => {
                keys.extend(dispense.authorizing_prescription.iter().filter_map(key_of));
            }
            Resource::MedicationAdministration(dose) if was_given(shared, dose) => {
                keys.extend(dose.request.iter().filter_map(key_of));
            }
            _ => {}
        }
    }
    keys
}

/// Whether an administration gives a row.
fn was_given(shared: &Shared, dose: &MedicationAdministration<'_>) -> bool {
    dose.status.as_deref() == Some("completed")
        && times(dose.effective.as_ref()).0.is_some()
        && drug(shared, dose.medication.as_ref(), &dose.extra).is_some()
}

/// When taking a drug was begun and ended.
fn times<'r, 'a>(taken: Option<&'r AdministrationTime<'a>>) -> (Option<&'r DateTime<'a>>, Option<&'r DateTime<'a>>) {
    match taken {
        Some(AdministrationTime::DateTime(time)) => (Some(time), None),
        Some(AdministrationTime::Period(period)) => (period.start.as_ref(), period.end.as_ref()),
        None => (None, None),
    }
}

/// Whether a dispense gives a row.
fn is_realised(shared: &Shared, dispense: &MedicationDispense<'_>) -> bool {
    dispense.status.as_deref() == Some("completed")
        && dispense.when_handed_over.is_some()
        && drug(shared, dispense.medication.as_ref(), &dispense.extra).is_some()
}

pub(crate) fn dispense_rows(reading: &mut Reading<'_, '_>, dispense: &MedicationDispense<'_>) -> Option<AnyRow> {
    if dispense.status.as_deref() != Some("completed") {
        return reading.lost("status");
    }
    let Some(handed_over) = &dispense.when_handed_over else {
        return reading.lost("date");
    };
    let Some(code) = drug(reading.context.shared, dispense.medication.as_ref(), &dispense.extra) else {
        return reading.lost(missing(dispense.medication.as_ref()));
    };
    let when = When::from(handed_over);
    let dosage = dispense.dosage_instruction.first();
    let exposure = Exposure {
        id: dispense.id.as_deref(),
        code: &code,
        when,
        // No public extract of the vocabulary proves a type of its own for a dispense.
        type_concept_id: types::EHR,
        provider_id: reading.provider(dispense.performer.iter().filter_map(|one| one.actor.as_ref())),
        visit: reading.visit(dispense.context.as_ref()),
        sig: dosage.and_then(|dosage| dosage.text.as_deref()),
        route: dosage.and_then(|dosage| dosage.route.as_ref()),
    };
    let used = [
        "status",
        "medicationCodeableConcept",
        "medicationReference",
        "subject",
        "context",
        "performer.actor",
        "authorizingPrescription",
        "quantity.value",
        "daysSupply",
        "whenHandedOver",
        "dosageInstruction.text",
        "dosageInstruction.route",
    ];
    elements::count("MedicationDispense", dispense, &dispense.extension, &used, &[], reading.losses);
    let death_date = reading.context.death_date;
    Some(exposure.into_row(reading, |row| {
        row.quantity = value(dispense.quantity.as_ref());
        row.days_supply = dispense.days_supply.as_ref().and_then(days);
        row.drug_exposure_end_date = end(when.date, row.days_supply, death_date);
    }))
}

pub(crate) fn administration_rows(
    reading: &mut Reading<'_, '_>,
    dose: &MedicationAdministration<'_>,
) -> Option<AnyRow> {
    if dose.status.as_deref() != Some("completed") {
        return reading.lost("status");
    }
    let (Some(start), end) = times(dose.effective.as_ref()) else {
        return reading.lost("date");
    };
    let Some(code) = drug(reading.context.shared, dose.medication.as_ref(), &dose.extra) else {
        return reading.lost(missing(dose.medication.as_ref()));
    };
    let when = When::from(start);
    let end = end.map_or(When { datetime: None, ..when }, When::from);
    let dosage = dose.dosage.as_ref();
    let exposure = Exposure {
        id: dose.id.as_deref(),
        code: &code,
        when,
        type_concept_id: types::ADMINISTRATION,
        provider_id: reading.provider(dose.performer.iter().filter_map(|one| one.actor.as_ref())),
        visit: reading.visit(dose.context.as_ref()),
        sig: dosage.and_then(|dosage| dosage.text.as_deref()),
        route: dosage.and_then(|dosage| dosage.route.as_ref()),
    };
    let used = [
        "status",
        "medicationCodeableConcept",
        "medicationReference",
        "subject",
        "context",
        "effectiveDateTime",
        "effectivePeriod",
        "performer.actor",
        "request",
        "dosage.text",
        "dosage.route",
        "dosage.dose.value",
    ];
    elements::count("MedicationAdministration", dose, &dose.extension, &used, &[], reading.losses);
    Some(exposure.into_row(reading, |row| {
        row.drug_exposure_end_date = end.date.max(when.date);
        row.drug_exposure_end_datetime = end.datetime;
        row.quantity = value(dosage.and_then(|dosage| dosage.dose.as_ref()));
    }))
}

/// What someone says they take is no proof that they were given it, so its type tells it from all others (f2o-053).
pub(crate) fn statement_rows(reading: &mut Reading<'_, '_>, statement: &MedicationStatement<'_>) -> Option<AnyRow> {
    // `not-taken` and `intended` did not happen; of `unknown` nobody says whether it did.
    const REALISED: [&str; 4] = ["active", "on-hold", "completed", "stopped"];
    if !statement.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status");
    }
    let (start, end) = times(statement.effective.as_ref());
    let Some(when) = start.or(statement.date_asserted.as_ref()).map(When::from) else {
        return reading.lost("date");
    };
    let Some(code) = drug(reading.context.shared, statement.medication.as_ref(), &statement.extra) else {
        return reading.lost(missing(statement.medication.as_ref()));
    };
    let dosage = statement.dosage.first();
    let exposure = Exposure {
        id: statement.id.as_deref(),
        code: &code,
        when,
        type_concept_id: types::SELF_REPORT,
        provider_id: reading.provider(&statement.information_source),
        visit: reading.visit(statement.context.as_ref()),
        sig: dosage.and_then(|dosage| dosage.text.as_deref()),
        route: dosage.and_then(|dosage| dosage.route.as_ref()),
    };
    let used = [
        "status",
        "medicationCodeableConcept",
        "medicationReference",
        "subject",
        "context",
        "effectiveDateTime",
        "effectivePeriod",
        "dateAsserted",
        "informationSource",
        "dosage.text",
        "dosage.route",
    ];
    elements::count("MedicationStatement", statement, &statement.extension, &used, &[], reading.losses);
    let end = end.map(When::from);
    Some(exposure.into_row(reading, |row| {
        row.drug_exposure_end_date = end.map_or(when.date, |end| end.date.max(when.date));
        row.drug_exposure_end_datetime = end.and_then(|end| end.datetime);
    }))
}

pub(crate) fn immunization_rows(reading: &mut Reading<'_, '_>, immunization: &Immunization<'_>) -> Option<AnyRow> {
    if immunization.status.as_deref() != Some("completed") {
        return reading.lost("status");
    }
    let Some(Occurrence::DateTime(occurrence)) = &immunization.occurrence else {
        return reading.lost("date");
    };
    let Some(code) = &immunization.vaccine_code else {
        return reading.lost("no-code");
    };
    let exposure = Exposure {
        id: immunization.id.as_deref(),
        code,
        when: occurrence.into(),
        type_concept_id: types::ADMINISTRATION,
        provider_id: reading.provider(immunization.performer.iter().filter_map(|one| one.actor.as_ref())),
        visit: reading.visit(immunization.encounter.as_ref()),
        sig: None,
        route: immunization.route.as_ref(),
    };
    let used = [
        "status",
        "vaccineCode",
        "patient",
        "encounter",
        "occurrenceDateTime",
        "lotNumber",
        "doseQuantity.value",
        "route",
        "performer.actor",
    ];
    elements::count("Immunization", immunization, &immunization.extension, &used, &[], reading.losses);
    Some(exposure.into_row(reading, |row| {
        row.quantity = value(immunization.dose_quantity.as_ref());
        row.lot_number = immunization.lot_number.as_deref().map(str::to_owned);
    }))
}

fn value(quantity: Option<&Quantity<'_>>) -> Option<f64> {
    quantity?.value.as_ref().map(twinlake_fhir::Decimal::to_f64)
}

/// Whole days of a duration in days; other units say too little of days to be turned into them.
fn days(duration: &Quantity<'_>) -> Option<i32> {
    let days = duration.value.as_ref().filter(|_| duration.code.as_deref() == Some("d"))?.to_f64();
    #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
    (days.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&days)).then_some(days as i32)
}

/// The last day of a supply: it does not outlive the patient, nor end before it began.
fn end(start: NaiveDate, days_supply: Option<i32>, death_date: Option<NaiveDate>) -> NaiveDate {
    let further = days_supply.and_then(|days| u64::try_from(days - 1).ok()).unwrap_or(0);
    let end = start.checked_add_days(Days::new(further)).unwrap_or(start);
    death_date.map_or(end, |death| end.min(death)).max(start)
}
