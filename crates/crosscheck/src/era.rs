//! Eras and observation periods, made once more from the OMOP rows themselves (MAPPING 16 and 17).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};
use twinlake_omop::{AnyRow, Cell, ConceptId, ConditionEra, DoseEra, DrugEra, DynRow, ObservationPeriod, Table, key};
use twinlake_vocab::{Vocab, types};

/// An event joins the era before it when it starts at most this many days after its end.
const PERSISTENCE_DAYS: i64 = 30;

/// First and last day, both included.
type Span = (NaiveDate, NaiveDate);

/// Eras of conditions: same concept, an open end a day after the start, concept 0 left out.
pub(crate) fn condition_eras(person_id: i64, occurrences: &[&DynRow]) -> Vec<AnyRow> {
    let mut spans: BTreeMap<i32, Vec<Span>> = BTreeMap::new();
    for row in occurrences {
        let Some(concept) = concept_of(row, "condition_concept_id") else { continue };
        let Some(start) = row.cell("condition_start_date").as_date() else { continue };
        let end = row.cell("condition_end_date").as_date().unwrap_or(start + TimeDelta::days(1)).max(start);
        spans.entry(concept.get()).or_default().push((start, end));
    }
    let mut eras = Vec::new();
    for (concept, spans) in spans {
        for era in join(spans) {
            let row = ConditionEra {
                condition_era_id: key::era(Table::ConditionEra, person_id, concept, era.first),
                person_id,
                condition_concept_id: ConceptId::new(concept),
                condition_era_start_date: era.first,
                condition_era_end_date: era.last,
                condition_occurrence_count: Some(era.joined),
            };
            eras.push(row.into());
        }
    }
    eras
}

/// Eras of ingredients; vaccines and concept 0 have none.
pub(crate) fn drug_eras(vocab: &Vocab, person_id: i64, exposures: &[&DynRow]) -> Vec<AnyRow> {
    let mut spans: BTreeMap<i32, Vec<Span>> = BTreeMap::new();
    for row in exposures {
        let Some(drug) = concept_of(row, "drug_concept_id") else { continue };
        let start = row.cell("drug_exposure_start_date").as_date();
        let end = row.cell("drug_exposure_end_date").as_date();
        let (Some(start), Some(end)) = (start, end) else { continue };
        for ingredient in vocab.ingredients(drug) {
            spans.entry(ingredient.get()).or_default().push((start, end.max(start)));
        }
    }
    let mut eras = Vec::new();
    for (ingredient, spans) in spans {
        for era in join(spans) {
            let row = DrugEra {
                drug_era_id: key::era(Table::DrugEra, person_id, ingredient, era.first),
                person_id,
                drug_concept_id: ConceptId::new(ingredient),
                drug_era_start_date: era.first,
                drug_era_end_date: era.last,
                drug_exposure_count: Some(era.joined),
                gap_days: Some(era.uncovered),
            };
            eras.push(row.into());
        }
    }
    eras
}

/// Eras of doses: of a drug whose strength is known, what its pieces hold over the days that they last, rounded to four digits
/// after the point. Equal doses of an ingredient in a unit are joined as drugs are.
pub(crate) fn dose_eras(vocab: &Vocab, person_id: i64, exposures: &[&DynRow]) -> Vec<AnyRow> {
    // A dose in ten thousandths.
    let mut spans: BTreeMap<(i32, i32, i64), Vec<Span>> = BTreeMap::new();
    for row in exposures {
        let Some(drug) = concept_of(row, "drug_concept_id") else { continue };
        let (Cell::Float(pieces), Cell::Int(days)) = (row.cell("quantity"), row.cell("days_supply")) else { continue };
        let start = row.cell("drug_exposure_start_date").as_date();
        let end = row.cell("drug_exposure_end_date").as_date();
        let (Some(start), Some(end)) = (start, end) else { continue };
        for strength in vocab.strengths(drug) {
            #[expect(clippy::cast_precision_loss, reason = "days are few")]
            let a_day = (strength.amount * pieces / *days as f64 * DOSE_PARTS).round();
            if a_day.is_finite() && a_day > 0.0 {
                #[expect(clippy::cast_possible_truncation, reason = "no dose is near the end of an i64")]
                let dose = (strength.ingredient.get(), strength.unit.get(), a_day as i64);
                spans.entry(dose).or_default().push((start, end.max(start)));
            }
        }
    }
    let mut eras = Vec::new();
    for ((ingredient, unit, parts), spans) in spans {
        #[expect(clippy::cast_precision_loss, reason = "it was a number")]
        let dose = parts as f64 / DOSE_PARTS;
        for era in join(spans) {
            let row = DoseEra {
                dose_era_id: key::dose_era(person_id, ingredient, unit, dose, era.first),
                person_id,
                drug_concept_id: ConceptId::new(ingredient),
                unit_concept_id: ConceptId::new(unit),
                dose_value: dose,
                dose_era_start_date: era.first,
                dose_era_end_date: era.last,
            };
            eras.push(row.into());
        }
    }
    eras
}

/// Parts of a unit that a dose is rounded to.
const DOSE_PARTS: f64 = 10_000.0;

/// Tables whose days an observation period spans.
pub(crate) const OBSERVED: [Table; 10] = [
    Table::VisitOccurrence,
    Table::ConditionOccurrence,
    Table::DrugExposure,
    Table::ProcedureOccurrence,
    Table::Measurement,
    Table::Observation,
    Table::DeviceExposure,
    Table::Specimen,
    Table::Note,
    Table::Death,
];

/// The observation period: from the first start of anything to the last of starts, visits' ends and death.
pub(crate) fn observation_period(person_id: i64, rows: &BTreeMap<Table, Vec<&DynRow>>) -> Option<AnyRow> {
    let mut starts = BTreeSet::new();
    let mut visit_ends = BTreeSet::new();
    for table in OBSERVED {
        let start = match table {
            Table::VisitOccurrence => "visit_start_date",
            Table::ConditionOccurrence => "condition_start_date",
            Table::DrugExposure => "drug_exposure_start_date",
            Table::ProcedureOccurrence => "procedure_date",
            Table::Measurement => "measurement_date",
            Table::Observation => "observation_date",
            Table::DeviceExposure => "device_exposure_start_date",
            Table::Specimen => "specimen_date",
            Table::Note => "note_date",
            _ => "death_date",
        };
        for row in rows.get(&table).into_iter().flatten() {
            starts.extend(row.cell(start).as_date());
            if table == Table::VisitOccurrence {
                visit_ends.extend(row.cell("visit_end_date").as_date());
            }
        }
    }
    let first = *starts.first()?;
    let last = starts.last().copied().max(visit_ends.last().copied())?;
    let row = ObservationPeriod {
        observation_period_id: key::observation_period(person_id, first),
        person_id,
        observation_period_start_date: first,
        observation_period_end_date: last,
        period_type_concept_id: types::DERIVED_FROM_EHR,
    };
    Some(row.into())
}

fn concept_of(row: &DynRow, column: &str) -> Option<ConceptId> {
    let id = i32::try_from(row.cell(column).as_int()?).ok()?;
    ConceptId::try_from(id).ok().filter(|concept| !concept.is_none())
}

struct Era {
    first: NaiveDate,
    last: NaiveDate,
    joined: i32,
    /// Days between first and last that no event covers.
    uncovered: i32,
}

fn join(mut spans: Vec<Span>) -> Vec<Era> {
    spans.sort_unstable();
    let mut eras: Vec<Era> = Vec::new();
    for (start, end) in spans {
        let gap = eras.last().map(|era| (start - era.last).num_days());
        match (eras.last_mut(), gap) {
            (Some(era), Some(gap)) if gap <= PERSISTENCE_DAYS => {
                era.uncovered += i32::try_from(gap - 1).unwrap_or(0).max(0);
                era.last = era.last.max(end);
                era.joined += 1;
            }
            _ => eras.push(Era { first: start, last: end, joined: 1, uncovered: 0 }),
        }
    }
    eras
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::default() + chrono::Days::new(n)
    }

    fn joined(spans: &[(u64, u64)]) -> Vec<(NaiveDate, NaiveDate, i32, i32)> {
        let spans = spans.iter().map(|(start, end)| (day(*start), day(*end))).collect();
        join(spans).into_iter().map(|era| (era.first, era.last, era.joined, era.uncovered)).collect()
    }

    #[test]
    fn a_gap_of_thirty_days_joins_and_one_of_thirty_one_parts() {
        assert_eq!(joined(&[(40, 50), (0, 10)]), [(day(0), day(50), 2, 29)]);
        assert_eq!(joined(&[(0, 10), (41, 50)]), [(day(0), day(10), 1, 0), (day(41), day(50), 1, 0)]);
    }

    #[test]
    fn neighbours_and_overlaps_leave_no_day_uncovered() {
        assert_eq!(joined(&[(0, 100), (5, 10), (101, 110)]), [(day(0), day(110), 3, 0)]);
    }

    #[test]
    fn a_visit_that_ends_before_all_starts_moves_no_period() {
        let cells = |values: &[(&str, NaiveDate)]| {
            let table = Table::VisitOccurrence;
            let mut cells = vec![twinlake_omop::Cell::Null; table.spec().fields.len()];
            for (name, value) in values {
                cells[table.spec().column(name).unwrap()] = (*value).into();
            }
            DynRow { table, cells }
        };
        let visit = cells(&[("visit_start_date", day(10)), ("visit_end_date", day(3))]);
        let rows = BTreeMap::from([(Table::VisitOccurrence, vec![&visit])]);
        let Some(AnyRow::ObservationPeriod(period)) = observation_period(7, &rows) else { panic!("no period") };
        assert_eq!((period.observation_period_start_date, period.observation_period_end_date), (day(10), day(10)));
        assert_eq!(observation_period(7, &BTreeMap::new()), None);
    }
}
