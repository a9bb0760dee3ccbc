//! Faults of OMOP alone.

use chrono::{Days, NaiveDate, TimeDelta};
use twinlake_omop::{Cell, ConceptId, DynRow, Table, key};
use twinlake_vocab::types;

use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::draws::Draws;
use crate::fhir::DISEASES;
use crate::kind::Kind;

/// Tables of events in which any row will do.
const EVENTS: [Table; 4] =
    [Table::ConditionOccurrence, Table::Measurement, Table::ProcedureOccurrence, Table::DrugExposure];
/// A key that nothing has.
const NOWHERE: i64 = 1 << 60;
const SNOMED: &str = "http://snomed.info/sct";
/// Units, and what stands for them in another system of units, in UCUM.
const UNITS: [(&str, &str); 3] = [("mg/dL", "mmol/L"), ("kg", "[lb_av]"), ("cm", "[in_i]")];

/// What is said of a fault in a row.
fn defect(kind: &'static Kind, chart: &Chart, row: &DynRow, field: &str) -> Defect {
    Defect {
        kind,
        person_id: chart.person_id,
        resource: None,
        row: row.key().map(|key| (row.table, key)),
        field: (!field.is_empty()).then(|| field.to_owned()),
        before: None,
        after: None,
    }
}

/// Sets a column of one of the rows at these places.
fn exchange(
    kind: &'static Kind,
    chart: &mut Chart,
    draws: &mut Draws,
    places: &[usize],
    column: &str,
    to: impl Fn(&DynRow, &Cell<'static>) -> Option<Cell<'static>>,
) -> Option<Defect> {
    let place = draws.pick(places)?;
    let found = defect(kind, chart, &chart.omop[place], column);
    let row = &mut chart.omop[place];
    let index = row.table.spec().column(column)?;
    let before = row.cells[index].clone();
    let after = to(row, &before).filter(|after| *after != before)?;
    row.cells[index] = after.clone();
    let text = |cell: &Cell<'_>| (!cell.is_null()).then(|| cell.to_string());
    Some(Defect { before: text(&before), after: text(&after), ..found })
}

/// Takes out one of the rows at these places.
fn drop_one(kind: &'static Kind, chart: &mut Chart, draws: &mut Draws, places: &[usize]) -> Option<Defect> {
    let place = draws.pick(places)?;
    let row = chart.omop.remove(place);
    Some(defect(kind, chart, &row, ""))
}

fn has(row: &DynRow, column: &str) -> bool {
    !row.cell(column).is_null()
}

fn set(row: &mut DynRow, column: &str, to: Cell<'static>) {
    if let Some(index) = row.table.spec().column(column) {
        row.cells[index] = to;
    }
}

fn new_key(row: &DynRow) -> Option<i64> {
    Some(key::slot(row.key()?, 999))
}

fn conditions(chart: &Chart) -> Vec<usize> {
    let problem_list = i64::from(types::PROBLEM_LIST.get());
    chart.rows(Table::ConditionOccurrence, |row| row.cell("condition_type_concept_id").as_int() == Some(problem_list))
}

/// The first column of a kind with this ending.
fn column(table: Table, ending: &str) -> Option<&'static str> {
    let names = table.spec().fields.iter().map(|field| field.name);
    names.into_iter().find(|name| name.ends_with(ending))
}

pub(crate) fn dropped_row(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(draws.pick(&EVENTS)?, |_| true);
    drop_one(kind, chart, draws, &places)
}

pub(crate) fn dropped_visit(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::VisitOccurrence, |_| true);
    drop_one(kind, chart, draws, &places)
}

pub(crate) fn added_row(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&chart.rows(Table::Measurement, |row| has(row, "value_as_number")))?;
    let mut row = chart.omop[place].clone();
    let again = new_key(&row)?;
    set(&mut row, "measurement_id", Cell::Int(again));
    let day = row.cell("measurement_date").as_date()?;
    // A day after the first event of theirs, so that the row is nowhere but where it should not be.
    let last = chart.rows(Table::ObservationPeriod, |_| true);
    let end = chart.omop[*last.first()?].cell("observation_period_end_date").as_date()?;
    let other = if day < end { day + Days::new(1) } else { day - Days::new(1) };
    set(&mut row, "measurement_date", Cell::Date(other));
    set(&mut row, "measurement_datetime", Cell::Null);
    set(&mut row, "measurement_time", Cell::Null);
    let found = defect(kind, chart, &row, "");
    chart.omop.insert(place + 1, row);
    Some(found)
}

pub(crate) fn duplicated_row(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&chart.rows(Table::ProcedureOccurrence, |_| true))?;
    let mut row = chart.omop[place].clone();
    let again = new_key(&row)?;
    set(&mut row, "procedure_occurrence_id", Cell::Int(again));
    let found = defect(kind, chart, &row, "");
    chart.omop.insert(place + 1, row);
    Some(found)
}

pub(crate) fn duplicated_key(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let table = draws.pick(&EVENTS)?;
    let place = draws.pick(&chart.rows(table, |_| true))?;
    let row = chart.omop[place].clone();
    let found = defect(kind, chart, &row, "");
    chart.omop.insert(place + 1, row);
    Some(found)
}

pub(crate) fn wrong_concept(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let code = draws.pick(&DISEASES)?;
    let concept = surroundings.vocab.map(Some(SNOMED), code).standard;
    let places = conditions(chart);
    exchange(kind, chart, draws, &places, "condition_concept_id", |_, _| {
        (concept != ConceptId::NONE).then(|| Cell::from(concept))
    })
}

pub(crate) fn stale_concept(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let stale = surroundings.vocab.concepts().find(|concept| !concept.standard)?.concept_id;
    let places = conditions(chart);
    exchange(kind, chart, draws, &places, "condition_concept_id", |_, _| Some(Cell::from(stale)))
}

pub(crate) fn wrong_domains_table(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&chart.rows(Table::Measurement, |row| has(row, "value_as_number")))?;
    let row = &chart.omop[place];
    let found = defect(kind, chart, row, "");
    let mut moved =
        DynRow { table: Table::Observation, cells: vec![Cell::Null; Table::Observation.spec().fields.len()] };
    let same = [
        "person_id",
        "value_as_number",
        "value_as_concept_id",
        "unit_concept_id",
        "provider_id",
        "visit_occurrence_id",
        "unit_source_value",
    ];
    for column in same {
        set(&mut moved, column, row.cell(column).clone());
    }
    let renamed =
        ["_id", "_concept_id", "_date", "_datetime", "_type_concept_id", "_source_value", "_source_concept_id"];
    for ending in renamed {
        set(&mut moved, &format!("observation{ending}"), row.cell(&format!("measurement{ending}")).clone());
    }
    chart.omop[place] = moved;
    Some(found)
}

pub(crate) fn swapped_unit(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let concept = |ucum: &str| surroundings.vocab.unit(ucum).map(Cell::from);
    let other = |unit: &Cell<'_>| {
        UNITS.iter().find(|(one, _)| concept(one).as_ref() == Some(unit)).and_then(|(_, other)| concept(other))
    };
    let places = chart.rows(Table::Measurement, |row| other(row.cell("unit_concept_id")).is_some());
    exchange(kind, chart, draws, &places, "unit_concept_id", |_, unit| other(unit))
}

pub(crate) fn zero_for_null(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Measurement, |row| !has(row, "operator_concept_id"));
    exchange(kind, chart, draws, &places, "operator_concept_id", |_, _| Some(Cell::Int(0)))
}

pub(crate) fn lost_source_value(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let table = draws.pick(&EVENTS)?;
    let field = column(table, "_source_value")?;
    let places = chart.rows(table, |row| has(row, field));
    exchange(kind, chart, draws, &places, field, |_, _| Some(Cell::Null))
}

pub(crate) fn wrong_type_concept(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let table = draws.pick(&EVENTS)?;
    let places = chart.rows(table, |_| true);
    exchange(kind, chart, draws, &places, column(table, "_type_concept_id")?, |_, _| Some(Cell::from(types::SURVEY)))
}

pub(crate) fn shifted_day(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::ProcedureOccurrence, |_| true);
    exchange(kind, chart, draws, &places, "procedure_date", |_, day| Some(Cell::Date(day.as_date()? + Days::new(1))))
}

pub(crate) fn shifted_time_zone(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Measurement, |row| has(row, "measurement_datetime"));
    exchange(kind, chart, draws, &places, "measurement_datetime", |_, at| match at {
        Cell::DateTime(at) => Some(Cell::DateTime(*at + TimeDelta::hours(5))),
        _ => None,
    })
}

fn birth(chart: &Chart) -> Option<NaiveDate> {
    let person = &chart.omop[*chart.rows(Table::Person, |_| true).first()?];
    let number = |column: &str| u32::try_from(person.cell(column).as_int()?).ok();
    let year = i32::try_from(person.cell("year_of_birth").as_int()?).ok()?;
    NaiveDate::from_ymd_opt(year, number("month_of_birth")?, number("day_of_birth")?)
}

pub(crate) fn before_birth(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let earlier = birth(chart)? - Days::new(1000);
    let places = conditions(chart);
    exchange(kind, chart, draws, &places, "condition_start_date", |_, _| Some(Cell::Date(earlier)))
}

pub(crate) fn end_before_start(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::DrugExposure, |_| true);
    exchange(kind, chart, draws, &places, "drug_exposure_end_date", |row, _| {
        Some(Cell::Date(row.cell("drug_exposure_start_date").as_date()? - Days::new(5)))
    })
}

pub(crate) fn after_death(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let died = chart.omop[*chart.rows(Table::Death, |_| true).first()?].cell("death_date").as_date()?;
    let places = chart.rows(Table::Measurement, |_| true);
    exchange(kind, chart, draws, &places, "measurement_date", |_, _| Some(Cell::Date(died + Days::new(100))))
}

fn numbers(chart: &Chart, is_it: impl Fn(f64) -> bool) -> Vec<usize> {
    chart.rows(Table::Measurement, |row| matches!(row.cell("value_as_number"), Cell::Float(value) if is_it(*value)))
}

fn exchange_number(
    kind: &'static Kind,
    chart: &mut Chart,
    draws: &mut Draws,
    is_it: impl Fn(f64) -> bool,
    to: impl Fn(f64) -> f64,
) -> Option<Defect> {
    let places = numbers(chart, is_it);
    exchange(kind, chart, draws, &places, "value_as_number", |_, value| match value {
        Cell::Float(value) => Some(Cell::Float(to(*value))),
        _ => None,
    })
}

pub(crate) fn rounded_value(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    exchange_number(kind, chart, draws, |value| value.fract() != 0.0, f64::round)
}

pub(crate) fn moved_decimal_point(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    exchange_number(kind, chart, draws, |value| value != 0.0, |value| value * 10.0)
}

pub(crate) fn wrong_quantity(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::DrugExposure, |row| has(row, "quantity"));
    exchange(kind, chart, draws, &places, "quantity", |_, value| match value {
        Cell::Float(value) => Some(Cell::Float(value * 2.0)),
        _ => None,
    })
}

pub(crate) fn another_persons(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let other = chart.person_id ^ 1;
    (surroundings.person)(other)?;
    let places = chart.rows(Table::Measurement, |_| true);
    exchange(kind, chart, draws, &places, "person_id", |_, _| Some(Cell::Int(other)))
}

pub(crate) fn broken_visit(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::ConditionOccurrence, |row| has(row, "visit_occurrence_id"));
    exchange(kind, chart, draws, &places, "visit_occurrence_id", |_, _| Some(Cell::Int(NOWHERE)))
}

pub(crate) fn broken_provider(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::VisitOccurrence, |row| has(row, "provider_id"));
    exchange(kind, chart, draws, &places, "provider_id", |_, _| Some(Cell::Int(NOWHERE)))
}

pub(crate) fn outside_visit(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::VisitDetail, |_| true);
    exchange(kind, chart, draws, &places, "visit_detail_start_date", |_, day| {
        Some(Cell::Date(day.as_date()? - Days::new(30)))
    })
}

pub(crate) fn truncated_text(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Note, |row| has(row, "note_text"));
    exchange(kind, chart, draws, &places, "note_text", |_, text| {
        let text = text.as_text()?;
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        Some(Cell::Text(half.into()))
    })
}

pub(crate) fn changed_cost(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Cost, |row| has(row, "total_charge"));
    exchange(kind, chart, draws, &places, "total_charge", |_, value| match value {
        Cell::Float(value) => Some(Cell::Float(value + 100.0)),
        _ => None,
    })
}

pub(crate) fn moved_coverage(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::PayerPlanPeriod, |_| true);
    exchange(kind, chart, draws, &places, "payer_plan_period_start_date", |_, day| {
        Some(Cell::Date(day.as_date()? + Days::new(1)))
    })
}

pub(crate) fn overlapping_periods(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&chart.rows(Table::ObservationPeriod, |_| true))?;
    let mut row = chart.omop[place].clone();
    let again = new_key(&row)?;
    set(&mut row, "observation_period_id", Cell::Int(again));
    let found = defect(kind, chart, &row, "");
    chart.omop.insert(place + 1, row);
    Some(found)
}

pub(crate) fn era_without_events(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let place = draws.pick(&chart.rows(Table::ConditionEra, |_| true))?;
    let held: Vec<i64> = chart.omop.iter().filter_map(|row| row.cell("condition_concept_id").as_int()).collect();
    let concepts = DISEASES.map(|code| surroundings.vocab.map(Some(SNOMED), code).standard);
    let concept = concepts.into_iter().find(|concept| !held.contains(&i64::from(concept.get())))?;
    let mut row = chart.omop[place].clone();
    let start = row.cell("condition_era_start_date").as_date()?;
    let new = key::era(Table::ConditionEra, chart.person_id, concept.get(), start);
    set(&mut row, "condition_era_id", Cell::Int(new));
    set(&mut row, "condition_concept_id", Cell::from(concept));
    let found = defect(kind, chart, &row, "");
    chart.omop.insert(place + 1, row);
    Some(found)
}

pub(crate) fn moved_era(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::DrugEra, |_| true);
    exchange(kind, chart, draws, &places, "drug_era_end_date", |_, day| Some(Cell::Date(day.as_date()? + Days::new(1))))
}

pub(crate) fn dropped_era(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::ConditionEra, |_| true);
    drop_one(kind, chart, draws, &places)
}

pub(crate) fn flipped_gender(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let both = ["female", "male"].map(|code| Cell::from(surroundings.vocab.gender(code)));
    let places = chart.rows(Table::Person, |_| true);
    exchange(kind, chart, draws, &places, "gender_concept_id", |_, gender| {
        both.iter().find(|other| *other != gender).cloned()
    })
}

pub(crate) fn changed_birth_date(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Person, |_| true);
    exchange(kind, chart, draws, &places, "year_of_birth", |_, year| Some(Cell::Int(year.as_int()? + 1)))
}

pub(crate) fn lost_race(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Person, |_| true);
    exchange(kind, chart, draws, &places, "race_concept_id", |_, _| Some(Cell::Int(0)))
}

pub(crate) fn missing_death(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Death, |_| true);
    drop_one(kind, chart, draws, &places)
}

pub(crate) fn moved_death(
    kind: &'static Kind,
    chart: &mut Chart,
    _: &Surroundings<'_>,
    draws: &mut Draws,
) -> Option<Defect> {
    let places = chart.rows(Table::Death, |_| true);
    exchange(kind, chart, draws, &places, "death_date", |_, day| Some(Cell::Date(day.as_date()? - Days::new(1))))
}

pub(crate) fn swapped_persons(
    kind: &'static Kind,
    chart: &mut Chart,
    surroundings: &Surroundings<'_>,
    _: &mut Draws,
) -> Option<Defect> {
    let place = *chart.rows(Table::Person, |_| true).first()?;
    let mut other = (surroundings.person)(chart.person_id ^ 1)?;
    let found = defect(kind, chart, &chart.omop[place], "");
    let before = other.key()?;
    set(&mut other, "person_id", Cell::Int(chart.person_id));
    chart.omop[place] = other;
    Some(Defect { before: Some(chart.person_id.to_string()), after: Some(before.to_string()), ..found })
}
