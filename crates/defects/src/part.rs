//! [`Part`]: what a fault is put into, a resource or a row.

use twinlake_omop::{Cell, DynRow, Table};

use crate::chart::Chart;
use crate::document::Document;

/// One resource or one row of a chart.
pub(crate) trait Part: Clone {
    /// What one of its fields holds.
    type Value;

    /// Those of a chart.
    fn all(chart: &Chart) -> &[Self];

    /// Those of a chart, to be changed.
    fn all_mut(chart: &mut Chart) -> &mut Vec<Self>;

    /// What stands in a field; none when the part has no such field.
    fn value(&self, field: &str) -> Option<Self::Value>;

    /// Puts another value into a field, which must be there.
    fn put(&mut self, field: &str, value: Self::Value) -> Option<()>;

    /// Leaves a field, which must be there, without a value.
    fn lose(&mut self, field: &str) -> Option<()>;

    /// A field's value as text; none when there is none.
    fn shown(&self, field: &str) -> Option<String>;

    /// Type and id, of a resource.
    fn resource(&self) -> Option<(String, String)>;

    /// Table and key of the row that it is, or that it gives.
    fn row(&self, chart: &Chart) -> Option<(Table, i64)>;
}

/// A field is a path; its value is a string, or a number as it is written.
impl Part for Document {
    type Value = String;

    fn all(chart: &Chart) -> &[Self] {
        &chart.fhir
    }

    fn all_mut(chart: &mut Chart) -> &mut Vec<Self> {
        &mut chart.fhir
    }

    fn value(&self, path: &str) -> Option<String> {
        self.string(path).or_else(|| self.raw(path).map(str::to_owned))
    }

    fn put(&mut self, path: &str, value: String) -> Option<()> {
        if self.string(path).is_some() { self.set_string(path, &value) } else { self.set(path, &value) }
    }

    fn lose(&mut self, path: &str) -> Option<()> {
        self.remove(path)
    }

    fn shown(&self, path: &str) -> Option<String> {
        self.value(path)
    }

    fn resource(&self) -> Option<(String, String)> {
        Some((self.resource_type.clone(), self.id.clone()))
    }

    fn row(&self, chart: &Chart) -> Option<(Table, i64)> {
        chart.row_of(self)
    }
}

/// A field is a column.
impl Part for DynRow {
    type Value = Cell<'static>;

    fn all(chart: &Chart) -> &[Self] {
        &chart.omop
    }

    fn all_mut(chart: &mut Chart) -> &mut Vec<Self> {
        &mut chart.omop
    }

    fn value(&self, column: &str) -> Option<Cell<'static>> {
        self.table.spec().column(column).map(|index| self.cells[index].clone())
    }

    fn put(&mut self, column: &str, value: Cell<'static>) -> Option<()> {
        let index = self.table.spec().column(column)?;
        self.cells[index] = value;
        Some(())
    }

    fn lose(&mut self, column: &str) -> Option<()> {
        self.put(column, Cell::Null)
    }

    fn shown(&self, column: &str) -> Option<String> {
        self.value(column).filter(|cell| !cell.is_null()).map(|cell| cell.to_string())
    }

    fn resource(&self) -> Option<(String, String)> {
        None
    }

    fn row(&self, _: &Chart) -> Option<(Table, i64)> {
        Some((self.table, self.key()?))
    }
}
