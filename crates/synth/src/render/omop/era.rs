//! Eras: stretches of time in which a condition or an ingredient goes on, with gaps of at most thirty days.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use twinlake_omop::{AnyRow, ConceptId, ConditionEra, DrugEra, Table, key};

use super::Context;

/// Largest number of days from an end to the next start inside one era.
const GAP: i64 = 30;

/// One exposure or occurrence, both days included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Span {
    start: NaiveDate,
    end: NaiveDate,
}

/// Spans joined to one.
#[derive(Debug, Eq, PartialEq)]
struct Era {
    span: Span,
    count: i32,
    gap_days: i64,
}

/// Adds the condition eras and drug eras of the person whose events `rows` holds.
pub(super) fn push_eras(context: &Context<'_>, person_id: i64, rows: &mut Vec<AnyRow>) {
    let mut conditions: BTreeMap<ConceptId, Vec<Span>> = BTreeMap::new();
    let mut drugs: BTreeMap<ConceptId, Vec<Span>> = BTreeMap::new();
    for row in rows.iter() {
        match row {
            AnyRow::ConditionOccurrence(row) if row.condition_concept_id != ConceptId::NONE => {
                let start = row.condition_start_date;
                let end = row.condition_end_date.unwrap_or(start + Days::new(1));
                conditions.entry(row.condition_concept_id).or_default().push(Span { start, end });
            }
            AnyRow::DrugExposure(row) => {
                let span = Span { start: row.drug_exposure_start_date, end: row.drug_exposure_end_date };
                for ingredient in context.vocab.ingredients(row.drug_concept_id) {
                    drugs.entry(ingredient).or_default().push(span);
                }
            }
            _ => {}
        }
    }
    for (concept, spans) in conditions {
        for era in join(spans) {
            rows.push(AnyRow::from(ConditionEra {
                condition_era_id: key::era(Table::ConditionEra, person_id, concept.get(), era.span.start),
                person_id,
                condition_concept_id: concept,
                condition_era_start_date: era.span.start,
                condition_era_end_date: era.span.end,
                condition_occurrence_count: Some(era.count),
            }));
        }
    }
    for (ingredient, spans) in drugs {
        for era in join(spans) {
            rows.push(AnyRow::from(DrugEra {
                drug_era_id: key::era(Table::DrugEra, person_id, ingredient.get(), era.span.start),
                person_id,
                drug_concept_id: ingredient,
                drug_era_start_date: era.span.start,
                drug_era_end_date: era.span.end,
                drug_exposure_count: Some(era.count),
                gap_days: i32::try_from(era.gap_days).ok(),
            }));
        }
    }
}

fn join(mut spans: Vec<Span>) -> Vec<Era> {
    spans.sort_unstable();
    let mut eras: Vec<Era> = Vec::new();
    for span in spans {
        match eras.last_mut() {
            Some(era) if (span.start - era.span.end).num_days() <= GAP => {
                // The day after an end is covered, so a gap begins on the second.
                era.gap_days += ((span.start - era.span.end).num_days() - 1).max(0);
                era.span.end = era.span.end.max(span.end);
                era.count += 1;
            }
            _ => eras.push(Era { span, count: 1, gap_days: 0 }),
        }
    }
    eras
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        let day = |n| NaiveDate::default() + Days::new(n);
        Span { start: day(start), end: day(end) }
    }

    #[test]
    fn thirty_days_join_and_thirty_one_part() {
        let eras = join(vec![span(0, 10), span(40, 50), span(81, 90)]);
        assert_eq!(
            eras,
            [Era { span: span(0, 50), count: 2, gap_days: 29 }, Era { span: span(81, 90), count: 1, gap_days: 0 }]
        );
    }

    #[test]
    fn a_span_inside_another_ends_nothing_early() {
        let eras = join(vec![span(0, 100), span(5, 10), span(120, 130)]);
        assert_eq!(eras, [Era { span: span(0, 130), count: 3, gap_days: 19 }]);
    }
}
