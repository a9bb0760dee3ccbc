//! Eras: rows of one concept, or of one dose of it, joined over gaps of at most 30 days.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use twinlake_omop::{self as omop, AnyRow, ConceptId, Table, key};
use twinlake_vocab::Vocab;

/// The largest gap, in days from an end to the next start, that does not end an era.
const PERSISTENCE_DAYS: i64 = 30;

/// The eras of one person's conditions, drugs and doses.
pub(crate) fn eras(vocab: &Vocab, person_id: i64, rows: &[AnyRow]) -> Vec<AnyRow> {
    let mut conditions = Spans::default();
    let mut drugs = Spans::default();
    let mut doses = Spans::default();
    for row in rows {
        match row {
            AnyRow::ConditionOccurrence(row) if row.condition_concept_id != ConceptId::NONE => {
                let start = row.condition_start_date;
                let end = row.condition_end_date.unwrap_or(start + Days::new(1));
                conditions.add(row.condition_concept_id, start, end);
            }
            AnyRow::DrugExposure(row) => {
                for ingredient in vocab.ingredients(row.drug_concept_id) {
                    drugs.add(ingredient, row.drug_exposure_start_date, row.drug_exposure_end_date);
                }
                for strength in vocab.strengths(row.drug_concept_id) {
                    if let Some(dose) = daily_dose(row, strength.amount) {
                        let dose = (strength.ingredient, strength.unit, Dose(dose));
                        doses.add(dose, row.drug_exposure_start_date, row.drug_exposure_end_date);
                    }
                }
            }
            _ => {}
        }
    }
    let mut eras: Vec<AnyRow> = Vec::new();
    for (concept, era) in conditions.joined() {
        eras.push(
            omop::ConditionEra {
                condition_era_id: key::era(Table::ConditionEra, person_id, concept.get(), era.start),
                person_id,
                condition_concept_id: concept,
                condition_era_start_date: era.start,
                condition_era_end_date: era.end,
                condition_occurrence_count: Some(era.count),
            }
            .into(),
        );
    }
    for (concept, era) in drugs.joined() {
        eras.push(
            omop::DrugEra {
                drug_era_id: key::era(Table::DrugEra, person_id, concept.get(), era.start),
                person_id,
                drug_concept_id: concept,
                drug_era_start_date: era.start,
                drug_era_end_date: era.end,
                drug_exposure_count: Some(era.count),
                gap_days: Some(era.gap_days),
            }
            .into(),
        );
    }
    for ((ingredient, unit, Dose(dose)), era) in doses.joined() {
        eras.push(
            omop::DoseEra {
                dose_era_id: key::dose_era(person_id, ingredient.get(), unit.get(), dose, era.start),
                person_id,
                drug_concept_id: ingredient,
                unit_concept_id: unit,
                dose_value: dose,
                dose_era_start_date: era.start,
                dose_era_end_date: era.end,
            }
            .into(),
        );
    }
    eras
}

/// How much of an ingredient a day: what one piece has, times the pieces, over the days that they last. Rounded to four digits
/// after the point, so that equal doses are equal.
fn daily_dose(row: &omop::DrugExposure, amount: f64) -> Option<f64> {
    let (quantity, days) = (row.quantity?, f64::from(row.days_supply?));
    let dose = (amount * quantity / days * 10_000.0).round() / 10_000.0;
    (dose.is_finite() && dose > 0.0).then_some(dose)
}

/// A dose, in the order of numbers.
#[derive(Clone, Copy, Debug)]
struct Dose(f64);

impl PartialEq for Dose {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Dose {}

impl PartialOrd for Dose {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dose {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// First and last days, by what they are of.
struct Spans<K>(BTreeMap<K, Vec<(NaiveDate, NaiveDate)>>);

impl<K> Default for Spans<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// One era.
#[derive(Debug, PartialEq)]
struct Era {
    start: NaiveDate,
    end: NaiveDate,
    count: i32,
    /// Days inside it that no span covers.
    gap_days: i32,
}

impl<K: Copy + Ord> Spans<K> {
    /// Adds a span; one that ends before it starts is a day.
    fn add(&mut self, concept: K, start: NaiveDate, end: NaiveDate) {
        self.0.entry(concept).or_default().push((start, end.max(start)));
    }

    fn joined(self) -> impl Iterator<Item = (K, Era)> {
        self.0.into_iter().flat_map(|(concept, mut spans)| {
            spans.sort_unstable();
            join(&spans).into_iter().map(move |era| (concept, era))
        })
    }
}

/// Joins spans, sorted by start.
fn join(spans: &[(NaiveDate, NaiveDate)]) -> Vec<Era> {
    let mut eras: Vec<Era> = Vec::new();
    for &(start, end) in spans {
        match eras.last_mut() {
            Some(era) if (start - era.end).num_days() <= PERSISTENCE_DAYS => {
                let uncovered = ((start - era.end).num_days() - 1).max(0);
                era.gap_days += i32::try_from(uncovered).expect("at most 29");
                era.end = era.end.max(end);
                era.count += 1;
            }
            _ => eras.push(Era { start, end, count: 1, gap_days: 0 }),
        }
    }
    eras
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_dose_needs_pieces_and_days() {
        let row = |quantity, days_supply| omop::DrugExposure { quantity, days_supply, ..Default::default() };
        assert_eq!(daily_dose(&row(Some(60.0), Some(30)), 500.0), Some(1000.0));
        assert_eq!(daily_dose(&row(Some(1.0), Some(3)), 1.0), Some(0.3333));
        for (quantity, days) in [(None, Some(30)), (Some(60.0), None), (Some(60.0), Some(0)), (Some(0.0), Some(1))] {
            assert_eq!(daily_dose(&row(quantity, days), 500.0), None);
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn spans_join_over_thirty_days_and_not_over_thirty_one() {
        let spans = [
            (day("2020-01-01"), day("2020-01-10")),
            (day("2020-02-09"), day("2020-02-10")),
            (day("2020-03-12"), day("2020-03-12")),
        ];
        let eras = join(&spans);
        assert_eq!(
            eras,
            [
                Era { start: day("2020-01-01"), end: day("2020-02-10"), count: 2, gap_days: 29 },
                Era { start: day("2020-03-12"), end: day("2020-03-12"), count: 1, gap_days: 0 },
            ]
        );
    }

    #[test]
    fn a_span_inside_another_adds_to_the_count_and_not_to_the_gap() {
        let spans = [
            (day("2020-01-01"), day("2020-01-31")),
            (day("2020-01-05"), day("2020-01-06")),
            (day("2020-02-01"), day("2020-02-02")),
        ];
        let eras = join(&spans);
        assert_eq!(eras, [Era { start: day("2020-01-01"), end: day("2020-02-02"), count: 3, gap_days: 0 }]);
    }
}
