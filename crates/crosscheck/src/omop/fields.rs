//! Fields: required values are there, values are of their field's type and length, and what a row refers to is there.

use twinlake_omop::{Cell, FieldSpec, Kind, Table};

use super::row::RowRules;
use crate::finding::Severity;

/// Each required field has a value, and each value is of its field's type.
pub(super) fn values(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
        let name = field.name;
        if cell.is_null() {
            let is_no_column = || rules.context.omop.structure.lacks(row.table, name);
            if field.required && !rules.said(name) && !is_no_column() {
                rules.find_in("required", name, Severity::Error, cell, &format!("has no {name}"));
            }
        } else if let Some(length) = too_long(field, cell).filter(|_| !rules.said(name)) {
            let most = field.max_length.unwrap_or_default();
            let sentence = format!("has {length} characters in {name}, {most} are allowed");
            rules.find_in("too_long", name, Severity::Warning, cell, &sentence);
        } else if !is_of_kind(field.kind, cell) && !rules.said(name) {
            let sentence = format!("says `{cell}` in {name}, which is no {:?}", field.kind);
            rules.find_in("datatype", name, Severity::Error, cell, &sentence);
        }
    }
}

/// What a row refers to is there: visits, stays and periods among the person's, the rest among the shared rows.
pub(super) fn references(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
        let Some(key) = cell.as_int().filter(|_| field.kind == Kind::Key && !field.primary_key) else { continue };
        let Some(table) = field.fk_table.and_then(Table::from_name) else { continue };
        // A visit that only FHIR has was found missing already.
        let is_persons = rules.person.is_some_and(|person| {
            person.rendered(table).iter().any(|other| other.key() == Some(key))
                || person.expected(table).iter().any(|other| other.key() == Some(key))
        });
        let is_there = match table {
            Table::VisitOccurrence | Table::VisitDetail | Table::Episode | Table::PayerPlanPeriod => {
                is_persons || rules.person.is_none()
            }
            Table::Provider | Table::CareSite | Table::Location => {
                is_persons || rules.context.omop.has_key(table, key) || rules.context.omop.expects_key(table, key)
            }
            _ => continue,
        };
        if !is_there && !rules.context.omop.lacks(table) && !rules.said(field.name) {
            let sentence = format!("refers to {table} {key} in {}, which is not there", field.name);
            rules.find_in("broken_reference", field.name, Severity::Error, cell, &sentence);
        }
    }
}

fn too_long(field: &FieldSpec, cell: &Cell<'_>) -> Option<usize> {
    let (most, text) = (field.max_length?, cell.as_text()?);
    let most = most as usize;
    if field.kind != Kind::Text || text.len() <= most {
        return None;
    }
    Some(text.chars().count()).filter(|length| *length > most)
}

fn is_of_kind(kind: Kind, cell: &Cell<'_>) -> bool {
    match kind {
        Kind::Key | Kind::Integer => matches!(cell, Cell::Int(_)),
        Kind::Concept => matches!(cell, Cell::Int(id) if *id >= 0),
        Kind::Float => matches!(cell, Cell::Float(value) if value.is_finite()),
        Kind::Date => matches!(cell, Cell::Date(_)),
        Kind::DateTime => matches!(cell, Cell::DateTime(_)),
        Kind::Text => matches!(cell, Cell::Text(_)),
    }
}
