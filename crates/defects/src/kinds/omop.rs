//! Faults of OMOP alone.

use chrono::{Days, TimeDelta};
use twinlake_omop::{Cell, ConceptId, DynRow, Table, key};
use twinlake_vocab::types;

use super::DISEASES;
use crate::attempt::Attempt;
use crate::chart::Chart;
use crate::defect::Defect;
use crate::kind::{FoundBy, Inject, Kind, Side};
use crate::part::Part as _;
use crate::row::{later, number, of, problem, renumber, turned, with};

/// Tables of events in which any row will do.
const EVENTS: [Table; 4] =
    [Table::ConditionOccurrence, Table::Measurement, Table::ProcedureOccurrence, Table::DrugExposure];
/// A key that nothing has.
const NOWHERE: Cell<'static> = Cell::Int(1 << 60);
const SNOMED: &str = "http://snomed.info/sct";
/// Units, and what stands for them in another system of units, in UCUM.
const UNITS: [(&str, &str); 3] = [("mg/dL", "mmol/L"), ("kg", "[lb_av]"), ("cm", "[in_i]")];

const fn omop(name: &'static str, says: &'static str, inject: Inject) -> Kind {
    Kind::new(Side::Omop, FoundBy::Agreement, name, says, inject)
}

pub(super) static KINDS: &[Kind] = &[
    omop("omop-dropped-row", "A row of an event is not there.", |attempt| {
        let table = attempt.draws.pick(&EVENTS)?;
        attempt.drop_one(of(table))
    }),
    omop("omop-dropped-visit", "A visit is not there; what refers to it remains.", |attempt| {
        attempt.drop_one(of(Table::VisitOccurrence))
    }),
    omop("omop-added-row", "A row comes again under another key, on another day.", added_row),
    omop("omop-duplicated-row", "A row comes again under another key.", |attempt| {
        attempt.repeat(of(Table::ProcedureOccurrence), renumber)
    }),
    omop("omop-duplicated-key", "A row is written twice.", |attempt| {
        let table = attempt.draws.pick(&EVENTS)?;
        attempt.repeat(of(table), |_| Some(()))
    }),
    omop("omop-wrong-concept", "A condition has the concept of another disease.", |attempt| {
        let code = attempt.draws.pick(&DISEASES)?;
        let concept = attempt.surroundings.vocab.map(Some(SNOMED), code).standard;
        attempt.exchange(problem, "condition_concept_id", |_| (concept != ConceptId::NONE).then(|| concept.into()))
    }),
    omop("omop-stale-concept", "A condition has a concept that is not standard.", |attempt| {
        let stale = attempt.surroundings.vocab.concepts().find(|concept| !concept.standard)?.concept_id;
        attempt.exchange(problem, "condition_concept_id", |_| Some(stale.into()))
    }),
    omop("omop-wrong-domains-table", "A measurement stands among the observations.", wrong_domains_table),
    omop("omop-swapped-unit", "A measurement has the unit of another system of units.", swapped_unit),
    omop("omop-zero-for-null", "A measurement without an operator has the operator 0.", |attempt| {
        const OPERATOR: &str = "operator_concept_id";
        let has_none = |_: &Chart, row: &DynRow| row.table == Table::Measurement && row.cell(OPERATOR).is_null();
        attempt.exchange(has_none, OPERATOR, |_| Some(Cell::Int(0)))
    }),
    omop("omop-lost-source-value", "A row has lost its source value.", |attempt| {
        let table = attempt.draws.pick(&EVENTS)?;
        let column = column(table, "_source_value")?;
        attempt.lose(with(table, column), column)
    }),
    omop("omop-wrong-type-concept", "A row has a type concept of another kind of record.", |attempt| {
        let table = attempt.draws.pick(&EVENTS)?;
        attempt.exchange(of(table), column(table, "_type_concept_id")?, |_| Some(types::SURVEY.into()))
    }),
    omop("omop-shifted-day", "A procedure is a day late.", |attempt| {
        attempt.exchange(of(Table::ProcedureOccurrence), "procedure_date", |day| later(day, 1))
    }),
    omop("omop-shifted-time-zone", "The time of a measurement is that of another zone.", |attempt| {
        const TIME: &str = "measurement_datetime";
        attempt.exchange(with(Table::Measurement, TIME), TIME, |at| match at {
            Cell::DateTime(at) => Some(Cell::DateTime(*at + TimeDelta::hours(5))),
            _ => None,
        })
    }),
    omop("omop-before-birth", "A condition began before the person was born.", |attempt| {
        let day = attempt.chart.birth_date()? - Days::new(1000);
        attempt.exchange(problem, "condition_start_date", |_| Some(Cell::Date(day)))
    }),
    omop("omop-end-before-start", "A drug ended before it began.", |attempt| {
        const END: &str = "drug_exposure_end_date";
        attempt.alter(of(Table::DrugExposure), END, |row| {
            let end = later(row.cell("drug_exposure_start_date"), -5)?;
            row.put(END, end)
        })
    }),
    omop("omop-after-death", "A measurement is from after the person's death.", |attempt| {
        let day = attempt.chart.death_date()? + Days::new(100);
        attempt.exchange(of(Table::Measurement), "measurement_date", |_| Some(Cell::Date(day)))
    })
    .rare(),
    omop("omop-rounded-value", "A measurement has lost its decimals.", |attempt| {
        attempt.exchange(number(|value| value.fract() != 0.0), "value_as_number", |value| turned(value, f64::round))
    }),
    omop("omop-moved-decimal-point", "A measurement is ten times as large.", |attempt| {
        attempt.exchange(number(|value| value != 0.0), "value_as_number", |value| turned(value, |value| value * 10.0))
    }),
    omop("omop-wrong-quantity", "A drug was handed out twice over.", |attempt| {
        attempt.exchange(with(Table::DrugExposure, "quantity"), "quantity", |value| turned(value, |value| value * 2.0))
    }),
    omop("omop-another-persons", "A measurement is another person's.", |attempt| {
        let other = attempt.neighbour()?.key()?;
        attempt.exchange(of(Table::Measurement), "person_id", |_| Some(Cell::Int(other)))
    }),
    omop("omop-broken-visit", "A condition refers to a visit that is nowhere.", |attempt| {
        const VISIT: &str = "visit_occurrence_id";
        attempt.exchange(with(Table::ConditionOccurrence, VISIT), VISIT, |_| Some(NOWHERE))
    }),
    omop("omop-broken-provider", "A visit refers to a provider that is nowhere.", |attempt| {
        attempt.exchange(with(Table::VisitOccurrence, "provider_id"), "provider_id", |_| Some(NOWHERE))
    }),
    omop("omop-outside-visit", "A stay in a ward begins before its visit.", |attempt| {
        attempt.exchange(of(Table::VisitDetail), "visit_detail_start_date", |day| later(day, -30))
    }),
    omop("omop-truncated-text", "A note breaks off in the middle.", |attempt| {
        attempt.exchange(with(Table::Note, "note_text"), "note_text", |text| {
            let text = text.as_text()?;
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            Some(Cell::Text(half.into()))
        })
    }),
    omop("omop-changed-cost", "A cost is higher.", |attempt| {
        const CHARGE: &str = "total_charge";
        attempt.exchange(with(Table::Cost, CHARGE), CHARGE, |value| turned(value, |value| value + 100.0))
    }),
    omop("omop-moved-coverage", "A payer's period begins a day late.", |attempt| {
        attempt.exchange(of(Table::PayerPlanPeriod), "payer_plan_period_start_date", |day| later(day, 1))
    }),
    omop("omop-overlapping-periods", "A second observation period overlaps the first.", |attempt| {
        attempt.repeat(of(Table::ObservationPeriod), renumber)
    }),
    omop("omop-era-without-events", "An era has no event behind it.", era_without_events),
    omop("omop-moved-era", "A drug era ends a day late.", |attempt| {
        attempt.exchange(of(Table::DrugEra), "drug_era_end_date", |day| later(day, 1))
    }),
    omop("omop-dropped-era", "A condition era is not there.", |attempt| attempt.drop_one(of(Table::ConditionEra))),
    omop("omop-flipped-gender", "The person has the other gender.", |attempt| {
        let both = ["female", "male"].map(|code| Cell::from(attempt.surroundings.vocab.gender(code)));
        attempt.exchange(of(Table::Person), "gender_concept_id", |gender| both.into_iter().find(|one| one != gender))
    }),
    omop("omop-changed-birth-date", "The person was born a year later.", |attempt| {
        attempt.exchange(of(Table::Person), "year_of_birth", |year| Some(Cell::Int(year.as_int()? + 1)))
    }),
    omop("omop-lost-race", "The person's race is unknown.", |attempt| {
        attempt.exchange(of(Table::Person), "race_concept_id", |_| Some(Cell::Int(0)))
    }),
    omop("omop-missing-death", "The person has not died.", |attempt| attempt.drop_one(of(Table::Death))).rare(),
    omop("omop-moved-death", "The person died a day earlier.", |attempt| {
        attempt.exchange(of(Table::Death), "death_date", |day| later(day, -1))
    })
    .rare(),
    omop("omop-swapped-persons", "Two persons have each other's birth, gender and race.", swapped_persons).swap(),
];

/// A table's first column with this ending.
fn column(table: Table, ending: &str) -> Option<&'static str> {
    let names = table.spec().fields.iter().map(|field| field.name);
    names.into_iter().find(|name| name.ends_with(ending))
}

fn added_row(attempt: &mut Attempt<'_>) -> Option<Defect> {
    // Within the time that the person was observed, or the row would break a rule too.
    let last = attempt.chart.row(Table::ObservationPeriod)?.cell("observation_period_end_date").as_date()?;
    attempt.repeat(with(Table::Measurement, "value_as_number"), |row| {
        renumber(row)?;
        let day = row.cell("measurement_date");
        let other = later(day, if day.as_date()? < last { 1 } else { -1 })?;
        row.put("measurement_date", other)?;
        row.lose("measurement_datetime")?;
        row.lose("measurement_time")
    })
}

fn wrong_domains_table(attempt: &mut Attempt<'_>) -> Option<Defect> {
    /// Columns that both tables have.
    const SAME: [&str; 7] = [
        "person_id",
        "value_as_number",
        "value_as_concept_id",
        "unit_concept_id",
        "provider_id",
        "visit_occurrence_id",
        "unit_source_value",
    ];
    /// Columns that both have behind the name of the table.
    const OWN: [&str; 7] =
        ["_id", "_concept_id", "_date", "_datetime", "_type_concept_id", "_source_value", "_source_concept_id"];
    let place = attempt.pick(with(Table::Measurement, "value_as_number"))?;
    let row = &attempt.chart.omop[place];
    let found = attempt.defect(row);
    let n_columns = Table::Observation.spec().fields.len();
    let mut moved = DynRow { table: Table::Observation, cells: vec![Cell::Null; n_columns] };
    for column in SAME {
        moved.put(column, row.cell(column).clone())?;
    }
    for ending in OWN {
        moved.put(&format!("observation{ending}"), row.cell(&format!("measurement{ending}")).clone())?;
    }
    attempt.chart.omop[place] = moved;
    Some(found)
}

fn swapped_unit(attempt: &mut Attempt<'_>) -> Option<Defect> {
    const UNIT: &str = "unit_concept_id";
    let vocab = attempt.surroundings.vocab;
    let concept = |ucum: &str| vocab.unit(ucum).map(Cell::from);
    let other = |unit: &Cell<'_>| {
        UNITS.iter().find(|(one, _)| concept(one).as_ref() == Some(unit)).and_then(|(_, other)| concept(other))
    };
    let has_other = |_: &Chart, row: &DynRow| row.table == Table::Measurement && other(row.cell(UNIT)).is_some();
    attempt.exchange(has_other, UNIT, |unit| other(unit))
}

fn era_without_events(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let person_id = attempt.chart.person_id;
    let vocab = attempt.surroundings.vocab;
    let held: Vec<i64> =
        attempt.chart.omop.iter().filter_map(|row| row.cell("condition_concept_id").as_int()).collect();
    let concepts = DISEASES.map(|code| vocab.map(Some(SNOMED), code).standard);
    let concept = concepts.into_iter().find(|concept| !held.contains(&i64::from(concept.get())))?;
    attempt.repeat(of(Table::ConditionEra), |row| {
        let start = row.cell("condition_era_start_date").as_date()?;
        let key = key::era(Table::ConditionEra, person_id, concept.get(), start);
        row.put("condition_era_id", Cell::Int(key))?;
        row.put("condition_concept_id", concept.into())
    })
}

/// Each of the two gets the other's row under their own key.
fn swapped_persons(attempt: &mut Attempt<'_>) -> Option<Defect> {
    let own = Cell::Int(attempt.chart.person_id);
    let mut other = attempt.neighbour()?;
    let after = other.shown("person_id");
    let place = attempt.pick(of(Table::Person))?;
    let found = attempt.defect(&attempt.chart.omop[place]);
    other.put("person_id", own)?;
    let before = other.shown("person_id");
    attempt.chart.omop[place] = other;
    Some(Defect { before, after, ..found })
}
