//! Which rows a fault may be put into, and other values for theirs.

use chrono::TimeDelta;
use twinlake_omop::{Cell, DynRow, Table, key};
use twinlake_vocab::types;

use crate::chart::Chart;

/// Rows of a table.
pub(crate) fn of(table: Table) -> impl Fn(&Chart, &DynRow) -> bool {
    move |_, row| row.table == table
}

/// Rows of a table with a value in a column.
pub(crate) fn with(table: Table, column: &str) -> impl Fn(&Chart, &DynRow) -> bool {
    move |_, row| row.table == table && !row.cell(column).is_null()
}

/// Conditions from the problem list; a diagnosis goes with its visit.
pub(crate) fn problem(_: &Chart, row: &DynRow) -> bool {
    row.table == Table::ConditionOccurrence
        && row.cell("condition_type_concept_id").as_int() == Some(i64::from(types::PROBLEM_LIST.get()))
}

/// Measurements with a number that satisfies a condition.
pub(crate) fn number(is_it: impl Fn(f64) -> bool) -> impl Fn(&Chart, &DynRow) -> bool {
    move |_, row| {
        row.table == Table::Measurement && matches!(row.cell("value_as_number"), Cell::Float(value) if is_it(*value))
    }
}

/// Gives a row a key that no resource gives.
pub(crate) fn renumber(row: &mut DynRow) -> Option<()> {
    let key = key::slot(row.key()?, 999);
    let column = row.table.spec().key_column?;
    row.cells[column] = Cell::Int(key);
    Some(())
}

/// A number turned into another.
pub(crate) fn turned(number: &Cell<'_>, turn: impl FnOnce(f64) -> f64) -> Option<Cell<'static>> {
    match number {
        Cell::Float(value) => Some(Cell::Float(turn(*value))),
        _ => None,
    }
}

/// A day that many days later.
pub(crate) fn later(day: &Cell<'_>, days: i64) -> Option<Cell<'static>> {
    Some(Cell::Date(day.as_date()? + TimeDelta::days(days)))
}
