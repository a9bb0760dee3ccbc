//! Faults of FHIR alone.

use twinlake_omop::{Table, key};

use super::DISEASES;
use crate::attempt::Attempt;
use crate::chart::Chart;
use crate::defect::Defect;
use crate::document::Document;
use crate::kind::{FoundBy, Inject, Kind, Side};
use crate::part::Part as _;
use crate::resource::{ABATEMENT, NO_VISIT, ONSET, VALUE, VISIT, number, of, passed_problem, patient, problem, with};
use crate::text::{day_before, doubled, first_half, in_utc, rounded, tenfold, year_after};

/// Types of events of which any resource will do.
const EVENTS: [&str; 5] = ["Observation", "Condition", "Procedure", "Immunization", "MedicationDispense"];
const CODE: &str = "code.coding.0.code";
/// A code that no vocabulary has.
const UNKNOWN: &str = "999999999999";
/// Units, and what stands for them in another system of units.
const UNITS: [(&str, &str); 6] =
    [("mg/dL", "mmol/L"), ("mmol/L", "mg/dL"), ("kg", "[lb_av]"), ("cm", "[in_i]"), ("Cel", "[degF]"), ("g/dL", "g/L")];

const fn fhir(name: &'static str, says: &'static str, inject: Inject) -> Kind {
    Kind::new(Side::Fhir, FoundBy::Agreement, name, says, inject)
}

pub(super) static KINDS: &[Kind] = &[
    fhir("fhir-dropped-resource", "A resource that gives a row is not there.", |attempt| {
        let resource_type = attempt.draws.pick(&EVENTS)?;
        attempt.drop_one(of(resource_type))
    }),
    fhir("fhir-dropped-encounter", "An Encounter is not there; what refers to it remains.", |attempt| {
        attempt.drop_one(of("Encounter"))
    }),
    fhir("fhir-added-resource", "A problem comes again under another id.", added_resource),
    fhir("fhir-duplicated-resource", "A resource is written twice.", |attempt| {
        attempt.repeat(of("Observation"), |_| Some(()))
    }),
    fhir("fhir-broken-reference", "An Observation refers to an Encounter that is nowhere.", |attempt| {
        attempt.exchange(with("Observation", VISIT), VISIT, |_| Some(NO_VISIT.to_owned()))
    }),
    fhir("fhir-another-patients", "An Observation is of another patient.", another_patients),
    fhir("fhir-shifted-time-zone", "The time of an Observation is written in UTC.", shifted_time_zone),
    fhir("fhir-shifted-day", "The onset of a problem is a day early.", |attempt| {
        attempt.exchange(problem, ONSET, |onset| day_before(onset))
    }),
    fhir("fhir-swapped-unit", "A value has the unit of another system of units.", swapped_unit),
    fhir("fhir-moved-decimal-point", "A value is ten times as large.", |attempt| {
        attempt.exchange(number(|value| value != 0.0), VALUE, |value| Some(tenfold(value)))
    }),
    fhir("fhir-rounded-value", "A value has lost its decimals.", |attempt| {
        attempt.exchange(number(|value| value.fract() != 0.0), VALUE, |value| rounded(value))
    }),
    fhir("fhir-missing-value", "An Observation has lost its value.", |attempt| {
        attempt.lose(with("Observation", VALUE), "valueQuantity")
    }),
    fhir("fhir-dropped-component", "A blood pressure has lost its second component.", dropped_component),
    fhir("fhir-wrong-code", "A problem has the code of another disease.", |attempt| {
        let code = attempt.draws.pick(&DISEASES)?;
        attempt.exchange(problem, CODE, |_| Some(code.to_owned()))
    }),
    fhir("fhir-unknown-code", "A problem has a code that no vocabulary knows.", |attempt| {
        attempt.exchange(problem, CODE, |_| Some(UNKNOWN.to_owned()))
    }),
    fhir("fhir-lost-negation", "A vaccination that was refused is completed.", lost_negation),
    fhir("fhir-entered-in-error", "A procedure that was done is marked as entered in error.", |attempt| {
        attempt.exchange(of("Procedure"), "status", |_| Some("entered-in-error".to_owned()))
    }),
    fhir("fhir-refuted-condition", "A confirmed problem is refuted.", |attempt| {
        attempt.exchange(problem, "verificationStatus.coding.0.code", |_| Some("refuted".to_owned()))
    }),
    fhir("fhir-lost-abatement", "A problem that passed has lost its end.", |attempt| {
        attempt.lose(passed_problem, ABATEMENT)
    })
    .rare(),
    fhir("fhir-wrong-supply", "A fill lasts for twice the days.", |attempt| {
        const DAYS: &str = "daysSupply.value";
        attempt.exchange(with("MedicationDispense", DAYS), DAYS, |days| doubled(days))
    }),
    fhir("fhir-truncated-text", "A note breaks off in the middle.", |attempt| {
        const DATA: &str = "content.0.attachment.data";
        attempt.exchange(with("DocumentReference", DATA), DATA, |data| first_half(data))
    }),
    fhir("fhir-flipped-gender", "The patient has the other gender.", |attempt| {
        let other = |gender: &str| if gender == "female" { "male" } else { "female" };
        attempt.exchange(patient, "gender", |gender| Some(other(gender).to_owned()))
    }),
    fhir("fhir-changed-birth-date", "The patient was born a year later.", |attempt| {
        attempt.exchange(patient, "birthDate", |day| year_after(day))
    }),
    fhir("fhir-missing-birth-date", "The patient has no birth date.", |attempt| attempt.lose(patient, "birthDate")),
    fhir("fhir-missing-death", "The patient has not died.", missing_death).rare(),
];

fn added_resource(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let found = attempt.repeat(problem, |one| {
        *one = one.with_id(&format!("added-{}", one.id));
        Some(())
    })?;
    let (_, id) = found.resource.as_ref()?;
    let row = Some((Table::ConditionOccurrence, key::of("Condition", id)));
    Some(Defect { row, ..found })
}

fn another_patients(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let other = attempt.neighbour()?.key()?;
    let own = &attempt.chart.fhir.iter().find(|one| patient(attempt.chart, one))?.id;
    let tag = u64::from_str_radix(own.replace('-', "").get(..12)?, 16).ok()?;
    let reference = format!("Patient/{}", key::uuid(other, tag));
    attempt.exchange(of("Observation"), "subject.reference", |_| Some(reference))
}

fn shifted_time_zone(attempt: &mut Attempt<'_>) -> Option<Defect> {
    const TIME: &str = "effectiveDateTime";
    let is_elsewhere = |chart: &Chart, one: &Document| {
        with("Observation", TIME)(chart, one) && one.string(TIME).and_then(|at| in_utc(&at)).is_some()
    };
    attempt.exchange(is_elsewhere, TIME, |at| in_utc(at))
}

fn swapped_unit(attempt: &mut Attempt<'_>) -> Option<Defect> {
    const UNIT: &str = "valueQuantity.code";
    let other = |unit: &str| UNITS.iter().find(|(one, _)| *one == unit).map(|(_, other)| *other);
    let has_other = |chart: &Chart, one: &Document| {
        with("Observation", UNIT)(chart, one) && one.string(UNIT).is_some_and(|unit| other(&unit).is_some())
    };
    attempt.alter(has_other, UNIT, |one| {
        let unit = other(&one.string(UNIT)?)?;
        one.set_string(UNIT, unit)?;
        // What people read goes along.
        one.set_string("valueQuantity.unit", unit)
    })
}

fn dropped_component(attempt: &mut Attempt<'_>) -> Option<Defect> {
    const SECOND: &str = "component.1";
    let row = |id: &str| key::slot(key::of("Observation", id), 2);
    let has_two = |chart: &Chart, one: &Document| {
        one.resource_type == "Observation"
            && one.len("component") == 2
            && chart.omop.iter().any(|any| any.key() == Some(row(&one.id)))
    };
    let found = attempt.lose(has_two, SECOND)?;
    let (_, id) = found.resource.as_ref()?;
    let row = Some((Table::Measurement, row(id)));
    Some(Defect { row, ..found })
}

fn lost_negation(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let is_refused = |_: &Chart, one: &Document| {
        one.resource_type == "Immunization" && one.string("status").as_deref() == Some("not-done")
    };
    let found = attempt.alter(is_refused, "status", |one| {
        one.put("status", "completed".to_owned())?;
        one.remove("statusReason")
    })?;
    let (_, id) = found.resource.as_ref()?;
    let row = Some((Table::DrugExposure, key::of("Immunization", id)));
    Some(Defect { row, ..found })
}

fn missing_death(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let has_died = |chart: &Chart, one: &Document| patient(chart, one) && one.raw("deceasedDateTime").is_some();
    let found = attempt.lose(has_died, "deceasedDateTime")?;
    let row = Some((Table::Death, found.person_id));
    Some(Defect { row, ..found })
}
