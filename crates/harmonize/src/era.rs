//! Eras: rows of one concept joined over gaps of at most 30 days.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use twinlake_omop::{self as omop, AnyRow, ConceptId, Table, key};
use twinlake_vocab::Vocab;

/// The largest gap, in days from an end to the next start, that does not end an era.
const PERSISTENCE_DAYS: i64 = 30;

/// The eras of one person's conditions and drugs.
pub(crate) fn eras(vocab: &Vocab, person_id: i64, rows: &[AnyRow]) -> Vec<AnyRow> {
    let mut conditions = Spans::default();
    let mut drugs = Spans::default();
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
    eras
}

/// First and last days, by concept.
#[derive(Default)]
struct Spans(BTreeMap<ConceptId, Vec<(NaiveDate, NaiveDate)>>);

/// One era.
#[derive(Debug, PartialEq)]
struct Era {
    start: NaiveDate,
    end: NaiveDate,
    count: i32,
    /// Days inside it that no span covers.
    gap_days: i32,
}

impl Spans {
    /// Adds a span; one that ends before it starts is a day.
    fn add(&mut self, concept: ConceptId, start: NaiveDate, end: NaiveDate) {
        self.0.entry(concept).or_default().push((start, end.max(start)));
    }

    fn joined(self) -> impl Iterator<Item = (ConceptId, Era)> {
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
