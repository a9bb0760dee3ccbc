//! Concept 0, "no matching concept", is not everywhere allowed: a type is always known, and what was not said is absent.

use twinlake_omop::{Cell, Kind, Table};

use super::row::RowRules;
use crate::finding::Severity;

/// Concept 0 where a concept is always known, and concept 0 in place of nothing.
pub(super) fn check(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
        if field.kind != Kind::Concept || *cell != Cell::Int(0) || rules.said(field.name) {
            continue;
        }
        let name = field.name;
        if is_always_known(row.table, name) {
            let sentence = format!("says 0 in {name}, which is always known");
            rules.find_in("no_concept", name, Severity::Error, cell, &sentence);
        } else if !field.required
            && !name.ends_with("_source_concept_id")
            && source_value_of(row.table, name).is_some_and(|source| row.cells[source].is_null())
        {
            let sentence = format!("says 0 in {name} without a source value, which should be null");
            rules.find_in("zero_for_null", name, rules.context.content(), cell, &sentence);
        }
    }
}

/// Place of the source value that a concept was found for, if the table has one.
pub(super) fn source_value_of(table: Table, column: &str) -> Option<usize> {
    let stem = column.strip_suffix("_source_concept_id").or_else(|| column.strip_suffix("_concept_id"))?;
    table.spec().column(&format!("{stem}_source_value"))
}

fn is_always_known(table: Table, column: &str) -> bool {
    match table {
        Table::ConditionEra | Table::DrugEra | Table::DoseEra => true,
        Table::VisitOccurrence if column == "visit_concept_id" => true,
        Table::VisitDetail if column == "visit_detail_concept_id" => true,
        Table::Episode | Table::Note => false,
        _ => column.ends_with("_type_concept_id"),
    }
}
