//! Faults of FHIR alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, Days, NaiveDate};
use twinlake_fhir::DateTime;
use twinlake_omop::{Table, key};

use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::document::Document;
use crate::draws::Draws;
use crate::kind::Kind;

/// Diseases to take for one another: their SNOMED CT codes.
pub(crate) const DISEASES: [&str; 3] = ["38341003", "44054006", "195967001"];
/// A code that no vocabulary has.
const UNKNOWN: &str = "999999999999";
/// Units, and what stands for them in another system of units.
const UNITS: [(&str, &str); 6] =
    [("mg/dL", "mmol/L"), ("mmol/L", "mg/dL"), ("kg", "[lb_av]"), ("cm", "[in_i]"), ("Cel", "[degF]"), ("g/dL", "g/L")];

/// What is said of a fault in a resource.
pub(crate) fn defect(kind: &'static Kind, chart: &Chart, document: &Document, field: &str) -> Defect {
    Defect {
        kind,
        person_id: chart.person_id,
        resource: Some((document.resource_type.clone(), document.id.clone())),
        row: chart.row_of(document),
        field: (!field.is_empty()).then(|| field.to_owned()),
        before: None,
        after: None,
    }
}

/// Exchanges a string of one of the resources at these places.
fn exchange(
    kind: &'static Kind,
    chart: &mut Chart,
    draws: &mut Draws,
    places: &[usize],
    field: &str,
    to: impl Fn(&str) -> Option<String>,
) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.fhir[place], field);
    let before = chart.fhir[place].string(field)?;
    let after = to(&before).filter(|after| *after != before)?;
    chart.fhir[place].set_string(field, &after)?;
    Some(Defect { before: Some(before), after: Some(after), ..found })
}

/// Exchanges a number of one of the resources at these places, as it is written.
fn exchange_number(
    kind: &'static Kind,
    chart: &mut Chart,
    draws: &mut Draws,
    places: &[usize],
    field: &str,
    to: impl Fn(&str) -> String,
) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.fhir[place], field);
    let before = chart.fhir[place].raw(field)?.to_owned();
    let after = to(&before);
    chart.fhir[place].set(field, &after)?;
    Some(Defect { before: Some(before), after: Some(after), ..found })
}

/// Takes a member out of one of the resources at these places.
fn lose(kind: &'static Kind, chart: &mut Chart, draws: &mut Draws, places: &[usize], field: &str) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.fhir[place], field);
    let before = chart.fhir[place].raw(field)?.to_owned();
    chart.fhir[place].remove(field)?;
    Some(Defect { before: Some(before), ..found })
}

/// Places of the resources of a type that give a row.
fn with_row(chart: &Chart, resource_type: &str, is_it: impl Fn(&Document) -> bool) -> Vec<usize> {
    chart.resources(resource_type, |one| is_it(one) && chart.row_of(one).is_some())
}

/// Problems with an onset; a diagnosis takes its time from its visit.
pub(crate) fn problems(chart: &Chart) -> Vec<usize> {
    with_row(chart, "Condition", |one| {
        one.string("category.0.coding.0.code").as_deref() == Some("problem-list-item")
            && one.string("onsetDateTime").is_some()
    })
}

/// Observations with one number.
pub(crate) fn numbers(chart: &Chart, is_it: impl Fn(&str) -> bool) -> Vec<usize> {
    with_row(chart, "Observation", |one| one.raw("valueQuantity.value").is_some_and(&is_it))
}

fn patient(chart: &Chart) -> Vec<usize> {
    chart.resources("Patient", |_| true)
}

pub(crate) fn dropped_resource(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    const TYPES: [&str; 5] = ["Observation", "Condition", "Procedure", "Immunization", "MedicationDispense"];
    let places = with_row(chart, draws.pick(&TYPES)?, |_| true);
    drop_one(kind, chart, draws, &places)
}

pub(crate) fn dropped_encounter(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = with_row(chart, "Encounter", |_| true);
    drop_one(kind, chart, draws, &places)
}

fn drop_one(kind: &'static Kind, chart: &mut Chart, draws: &mut Draws, places: &[usize]) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.fhir[place], "");
    chart.fhir.remove(place);
    Some(found)
}

pub(crate) fn added_resource(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&problems(chart))?;
    let added = chart.fhir[place].with_id(&format!("added-{}", chart.fhir[place].id));
    let (table, _) = chart.row_of(&chart.fhir[place])?;
    let row = Some((table, key::of("Condition", &added.id)));
    let found = Defect { row, ..defect(kind, chart, &added, "") };
    chart.fhir.insert(place + 1, added);
    Some(found)
}

pub(crate) fn duplicated_resource(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&with_row(chart, "Observation", |_| true))?;
    let found = defect(kind, chart, &chart.fhir[place], "");
    let again = chart.fhir[place].clone();
    chart.fhir.insert(place + 1, again);
    Some(found)
}

pub(crate) fn broken_reference(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = with_row(chart, "Observation", |one| one.string("encounter.reference").is_some());
    exchange(kind, chart, draws, &places, "encounter.reference", |_| Some("Encounter/nowhere".to_owned()))
}

pub(crate) fn another_patients(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let other = chart.person_id ^ 1;
    (surroundings.person)(other)?;
    let own = &chart.fhir[*patient(chart).first()?].id;
    let tag = u64::from_str_radix(own.replace('-', "").get(..12)?, 16).ok()?;
    let reference = format!("Patient/{}", key::uuid(other, tag));
    let places = with_row(chart, "Observation", |_| true);
    exchange(kind, chart, draws, &places, "subject.reference", |_| Some(reference.clone()))
}

pub(crate) fn shifted_time_zone(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = with_row(chart, "Observation", |one| {
        one.string("effectiveDateTime").is_some_and(|at| in_utc(&at).is_some_and(|utc| utc != at))
    });
    exchange(kind, chart, draws, &places, "effectiveDateTime", in_utc)
}

fn in_utc(at: &str) -> Option<String> {
    let at = DateTime::parse(at).ok()?;
    at.offset_minutes().filter(|minutes| *minutes != 0)?;
    Some(DateTime::from_wall(at.utc()?, 0).as_str().to_owned())
}

pub(crate) fn shifted_day(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = problems(chart);
    exchange(kind, chart, draws, &places, "onsetDateTime", day_before)
}

pub(crate) fn day_before(onset: &str) -> Option<String> {
    let day: NaiveDate = onset.get(..10)?.parse().ok()?;
    Some(format!("{}{}", day - Days::new(1), &onset[10..]))
}

pub(crate) fn swapped_unit(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let other = |unit: &str| UNITS.iter().find(|(one, _)| *one == unit).map(|(_, other)| (*other).to_owned());
    let places = with_row(chart, "Observation", |one| {
        one.string("valueQuantity.code").is_some_and(|unit| other(&unit).is_some())
    });
    let found = exchange(kind, chart, draws, &places, "valueQuantity.code", other)?;
    // What people read goes along.
    let (_, id) = found.resource.as_ref()?;
    let place = chart.fhir.iter().position(|one| one.id == *id)?;
    chart.fhir[place].set_string("valueQuantity.unit", found.after.as_deref()?)?;
    Some(found)
}

pub(crate) fn moved_decimal_point(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = numbers(chart, |value| value.parse::<f64>().is_ok_and(|value| value != 0.0));
    exchange_number(kind, chart, draws, &places, "valueQuantity.value", tenfold)
}

/// Ten times a number as it is written, with one decimal less if it has any.
fn tenfold(value: &str) -> String {
    let Some((whole, decimals)) = value.split_once('.') else { return format!("{value}0") };
    let (first, rest) = decimals.split_at(1);
    let digits = format!("{whole}{first}");
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    if rest.is_empty() { digits.to_owned() } else { format!("{digits}.{rest}") }
}

pub(crate) fn rounded_value(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let has_decimals = |value: &str| value.parse::<f64>().is_ok_and(|value| value.fract() != 0.0);
    let places = numbers(chart, has_decimals);
    exchange_number(kind, chart, draws, &places, "valueQuantity.value", |value| {
        value.parse::<f64>().map_or_else(|_| value.to_owned(), |value| format!("{value:.0}"))
    })
}

pub(crate) fn missing_value(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = numbers(chart, |_| true);
    lose(kind, chart, draws, &places, "valueQuantity")
}

pub(crate) fn dropped_component(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let slot = |one: &Document| key::slot(key::of("Observation", &one.id), 2);
    let has_row = |one: &Document| chart.omop.iter().any(|row| row.key() == Some(slot(one)));
    let places = chart.resources("Observation", |one| one.len("component") == 2 && has_row(one));
    let place = draws.pick(&places)?;
    let row = Some((Table::Measurement, slot(&chart.fhir[place])));
    let found = lose(kind, chart, draws, &[place], "component.1")?;
    Some(Defect { row, ..found })
}

pub(crate) fn wrong_code(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let code = draws.pick(&DISEASES)?;
    let places = problems(chart);
    exchange(kind, chart, draws, &places, "code.coding.0.code", |_| Some(code.to_owned()))
}

pub(crate) fn unknown_code(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = problems(chart);
    exchange(kind, chart, draws, &places, "code.coding.0.code", |_| Some(UNKNOWN.to_owned()))
}

pub(crate) fn lost_negation(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.resources("Immunization", |one| one.string("status").as_deref() == Some("not-done"));
    let found = exchange(kind, chart, draws, &places, "status", |_| Some("completed".to_owned()))?;
    let (_, id) = found.resource.as_ref()?;
    let place = chart.fhir.iter().position(|one| one.id == *id)?;
    chart.fhir[place].remove("statusReason")?;
    let row = Some((Table::DrugExposure, key::of("Immunization", id)));
    Some(Defect { row, ..found })
}

pub(crate) fn entered_in_error(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = with_row(chart, "Procedure", |_| true);
    exchange(kind, chart, draws, &places, "status", |_| Some("entered-in-error".to_owned()))
}

pub(crate) fn refuted_condition(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = problems(chart);
    exchange(kind, chart, draws, &places, "verificationStatus.coding.0.code", |_| Some("refuted".to_owned()))
}

pub(crate) fn lost_abatement(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places: Vec<usize> =
        problems(chart).into_iter().filter(|&place| chart.fhir[place].raw("abatementDateTime").is_some()).collect();
    lose(kind, chart, draws, &places, "abatementDateTime")
}

pub(crate) fn wrong_supply(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = with_row(chart, "MedicationDispense", |one| one.raw("daysSupply.value").is_some());
    exchange_number(kind, chart, draws, &places, "daysSupply.value", |days| {
        days.parse::<u32>().map_or_else(|_| days.to_owned(), |days| (2 * days).to_string())
    })
}

pub(crate) fn truncated_text(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    const DATA: &str = "content.0.attachment.data";
    let places = with_row(chart, "DocumentReference", |one| one.raw(DATA).is_some());
    exchange(kind, chart, draws, &places, DATA, |data| {
        let text = STANDARD.decode(data).ok()?;
        let half = text.len() / 2;
        // Notes of ours are ASCII; of others the cut may fall into a character.
        let half = (0..=half).rev().find(|&end| std::str::from_utf8(&text[..end]).is_ok())?;
        Some(STANDARD.encode(&text[..half]))
    })
}

pub(crate) fn flipped_gender(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = patient(chart);
    exchange(kind, chart, draws, &places, "gender", |gender| {
        Some(if gender == "female" { "male" } else { "female" }.to_owned())
    })
}

pub(crate) fn changed_birth_date(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = patient(chart);
    exchange(kind, chart, draws, &places, "birthDate", |birth| {
        let born: NaiveDate = birth.parse().ok()?;
        Some(born.with_day(1)?.with_year(born.year() + 1)?.to_string())
    })
}

pub(crate) fn missing_birth_date(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = patient(chart);
    lose(kind, chart, draws, &places, "birthDate")
}

pub(crate) fn another_name(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = patient(chart);
    exchange(kind, chart, draws, &places, "name.0.family", |_| Some("Someone".to_owned()))
}

pub(crate) fn missing_death(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.resources("Patient", |one| one.raw("deceasedDateTime").is_some());
    let row = Some((Table::Death, chart.person_id));
    Some(Defect { row, ..lose(kind, chart, draws, &places, "deceasedDateTime")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_moved_as_they_are_written() {
        for (before, after) in [("7.1", "71"), ("0.85", "8.5"), ("0.05", "0.5"), ("120", "1200"), ("0.0", "0")] {
            assert_eq!(tenfold(before), after);
        }
    }

    #[test]
    fn a_time_in_utc_is_the_same_moment() {
        assert_eq!(in_utc("2019-03-04T22:30:00-05:00").as_deref(), Some("2019-03-05T03:30:00+00:00"));
        assert_eq!(in_utc("2019-03-04"), None);
        assert_eq!(day_before("2020-03-01").as_deref(), Some("2020-02-29"));
    }
}
