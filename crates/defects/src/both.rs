//! Faults of both sides alike: the FHIR is changed, and OMOP made from it.

use chrono::{Days, NaiveDate};

use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::draws::Draws;
use crate::fhir::{day_before, defect, numbers, problems};
use crate::kind::Kind;

const VALUE: &str = "valueQuantity.value";
/// LOINC codes; both are told as one number.
const HEART_RATE: &str = "8867-4";
const HBA1C: &str = "4548-4";

/// Exchanges a string of one of the resources at these places on both sides.
fn exchange(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
    places: &[usize],
    field: &str,
    to: impl Fn(&str) -> Option<String>,
) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.fhir[place], field);
    let before = chart.fhir[place].string(field)?;
    let after = to(&before)?;
    chart.fhir[place].set_string(field, &after)?;
    chart.remap(surroundings);
    Some(Defect { before: Some(before), after: Some(after), ..found })
}

fn patient_day(chart: &Chart, field: &str) -> Option<NaiveDate> {
    let place = *chart.resources("Patient", |_| true).first()?;
    chart.fhir[place].string(field)?.get(..10)?.parse().ok()
}

pub(crate) fn before_birth(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let earlier = patient_day(chart, "birthDate")? - Days::new(1000);
    let places = problems(chart);
    exchange(kind, chart, surroundings, draws, &places, "onsetDateTime", |_| Some(earlier.to_string()))
}

pub(crate) fn after_death(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let later = patient_day(chart, "deceasedDateTime")? + Days::new(100);
    let mut places = problems(chart);
    places.retain(|&place| chart.fhir[place].raw("abatementDateTime").is_none());
    exchange(kind, chart, surroundings, draws, &places, "onsetDateTime", |_| Some(later.to_string()))
}

pub(crate) fn end_before_start(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let mut places = problems(chart);
    places.retain(|&place| chart.fhir[place].raw("abatementDateTime").is_some());
    let place = draws.pick(&places)?;
    let onset: NaiveDate = chart.fhir[place].string("onsetDateTime")?.get(..10)?.parse().ok()?;
    let earlier = onset - Days::new(30);
    exchange(kind, chart, surroundings, draws, &[place], "abatementDateTime", |_| Some(earlier.to_string()))
}

pub(crate) fn coverage_before_birth(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let earlier = patient_day(chart, "birthDate")? - Days::new(1000);
    let places = chart.resources("Coverage", |one| chart.row_of(one).is_some() && one.raw("period.start").is_some());
    exchange(kind, chart, surroundings, draws, &places, "period.start", |_| Some(earlier.to_string()))
}

pub(crate) fn implausible_value(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&measured(chart, HEART_RATE))?;
    let found = defect(kind, chart, &chart.fhir[place], VALUE);
    let before = chart.fhir[place].raw(VALUE)?.to_owned();
    let after = format!("{before}0");
    chart.fhir[place].set(VALUE, &after)?;
    chart.remap(surroundings);
    Some(Defect { before: Some(before), after: Some(after), ..found })
}

pub(crate) fn wrong_unit(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = measured(chart, HBA1C);
    exchange(kind, chart, surroundings, draws, &places, "valueQuantity.code", |_| Some("kg".to_owned()))
}

pub(crate) fn dangling_reference(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let mut places = numbers(chart, |_| true);
    places.retain(|&place| chart.fhir[place].raw("encounter.reference").is_some());
    let nowhere = |_: &str| Some("Encounter/nowhere".to_owned());
    exchange(kind, chart, surroundings, draws, &places, "encounter.reference", nowhere)
}

/// Places of the observations with a number and this LOINC code.
fn measured(chart: &Chart, code: &str) -> Vec<usize> {
    let mut places = numbers(chart, |_| true);
    places.retain(|&place| chart.fhir[place].string("code.coding.0.code").as_deref() == Some(code));
    places
}

pub(crate) fn plausible_value(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&measured(chart, HEART_RATE))?;
    let found = defect(kind, chart, &chart.fhir[place], VALUE);
    let before = chart.fhir[place].raw(VALUE)?.to_owned();
    let after = if before == "71" { "72" } else { "71" };
    chart.fhir[place].set(VALUE, after)?;
    chart.remap(surroundings);
    Some(Defect { before: Some(before), after: Some(after.to_owned()), ..found })
}

pub(crate) fn shifted_day(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let born = patient_day(chart, "birthDate")?;
    let mut places = problems(chart);
    places.retain(|&place| {
        let onset = chart.fhir[place].string("onsetDateTime");
        onset
            .and_then(|onset| onset.get(..10)?.parse::<NaiveDate>().ok())
            .is_some_and(|onset| onset > born + Days::new(366))
    });
    exchange(kind, chart, surroundings, draws, &places, "onsetDateTime", day_before)
}
