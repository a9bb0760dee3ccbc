//! Rows: the [`Row`] trait of the generated structs, and [`DynRow`] for rows that others wrote.

use crate::cell::Cell;
use crate::tables::{AnyRow, Table};

/// A row of one table, column by column.
pub trait Row {
    /// The table of the row.
    const TABLE: Table;

    /// The value in a column, counted from 0; [`Cell::Null`] beyond the last.
    fn cell(&self, column: usize) -> Cell<'_>;

    /// The table of the row.
    fn table(&self) -> Table {
        Self::TABLE
    }

    /// The row's key: its primary key where that is a number, of `death` the person.
    fn key(&self) -> Option<i64> {
        self.cell(Self::TABLE.spec().key_column?).as_int()
    }

    /// The person the row belongs to, where the table has a `person_id`.
    fn person_id(&self) -> Option<i64> {
        self.cell(Self::TABLE.spec().person_column?).as_int()
    }
}

/// A row that someone else may have written: any value may be missing, also a required one.
#[derive(Clone, Debug, PartialEq)]
pub struct DynRow {
    /// The table of the row.
    pub table: Table,
    /// One cell for each column of the table, in the specification's order.
    pub cells: Vec<Cell<'static>>,
}

impl DynRow {
    /// The value in the column of that name; [`Cell::Null`] when the table has no such column.
    pub fn cell(&self, column: &str) -> &Cell<'static> {
        self.table.spec().column(column).and_then(|index| self.cells.get(index)).unwrap_or(&Cell::Null)
    }

    /// The row's key; see [`Row::key`].
    pub fn key(&self) -> Option<i64> {
        self.cells.get(self.table.spec().key_column?)?.as_int()
    }

    /// The person the row belongs to; see [`Row::person_id`].
    pub fn person_id(&self) -> Option<i64> {
        self.cells.get(self.table.spec().person_column?)?.as_int()
    }
}

impl From<&AnyRow> for DynRow {
    fn from(row: &AnyRow) -> Self {
        let table = row.table();
        let cells = (0..table.spec().fields.len()).map(|column| row.cell(column).into_owned()).collect();
        DynRow { table, cells }
    }
}
