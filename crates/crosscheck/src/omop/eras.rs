//! Eras of a person whom FHIR does not have: they follow from the person's own events. Of others the comparison speaks.

use twinlake_omop::{AnyRow, Cell, DynRow, Table};

use super::row::RowRules;
use crate::agreement::{equal, recomputed};
use crate::context::Context;
use crate::era;
use crate::finding::Findings;
use crate::person::Person;

/// Condition eras and drug eras are those that events give. Where an event is at fault, its eras are not looked at.
pub(super) fn recompute(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    if !person.witness.is_empty() {
        return;
    }
    for (table, source) in [(Table::ConditionEra, Table::ConditionOccurrence), (Table::DrugEra, Table::DrugExposure)] {
        if context.omop.lacks(table) || context.omop.lacks(source) || is_at_fault(source, out) {
            continue;
        }
        let events = person.rendered(source);
        let own: Vec<AnyRow> = match table {
            Table::ConditionEra => era::condition_eras(person.id, events),
            _ => era::drug_eras(context.vocab, person.id, events),
        };
        let own: Vec<&AnyRow> = own.iter().collect();
        if !equal(&own, person.rendered(table)) {
            recomputed(person, table, &own, person.rendered(table), out);
        }
    }
}

/// A dose era lies within a drug era of its ingredient: a person takes a dose while taking the drug.
pub(super) fn doses(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let table = Table::DoseEra;
    let span = |row: &DynRow, start, end| row.cell(start).as_date().zip(row.cell(end).as_date());
    if is_at_fault(Table::DrugEra, out) || is_at_fault(Table::DrugExposure, out) || context.omop.lacks(Table::DrugEra) {
        return;
    }
    for row in person.rendered(table) {
        let Some((start, end)) = span(row, "dose_era_start_date", "dose_era_end_date") else { continue };
        let is_within = person.rendered(Table::DrugEra).iter().any(|era| {
            let days = span(era, "drug_era_start_date", "drug_era_end_date");
            era.cell("drug_concept_id") == row.cell("drug_concept_id")
                && days.is_some_and(|(from, to)| from <= start && end <= to)
        });
        let said = out.list.iter().any(|finding| finding.table == Some(table) && finding.key == row.key());
        if !is_within && !said {
            let sentence = format!("is from {start} to {end}, within no drug era of {}", row.cell("drug_concept_id"));
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find("recomputed", context.content(), &Cell::Date(start), &sentence);
        }
    }
}

pub(super) fn is_at_fault(table: Table, out: &Findings) -> bool {
    out.list.iter().any(|finding| finding.table == Some(table))
}
