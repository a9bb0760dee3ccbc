//! Arrow: the schema of a table, and [`TableBuilder`], which gathers rows to record batches.

use std::sync::{Arc, OnceLock};

use arrow::array::{
    ArrayRef, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;

use crate::cell::Cell;
use crate::row::DynRow;
use crate::spec::Kind;
use crate::tables::{AnyRow, Table};

impl Kind {
    /// The Arrow type: keys `Int64`, concepts and numbers `Int32`, timestamps in microseconds without a zone.
    pub fn arrow_type(self) -> DataType {
        match self {
            Kind::Key => DataType::Int64,
            Kind::Concept | Kind::Integer => DataType::Int32,
            Kind::Float => DataType::Float64,
            Kind::Date => DataType::Date32,
            Kind::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::Text => DataType::Utf8,
        }
    }
}

impl Table {
    /// The Arrow schema; required fields are not nullable.
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: [OnceLock<SchemaRef>; Table::ALL.len()] = [const { OnceLock::new() }; Table::ALL.len()];
        let schema = SCHEMAS[self as usize].get_or_init(|| {
            let fields = self.spec().fields.iter();
            let fields = fields.map(|field| Field::new(field.name, field.kind.arrow_type(), !field.required));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        });
        Arc::clone(schema)
    }
}

/// Gathers rows of one table to record batches.
///
/// ```
/// use twinlake_omop::{Death, Table, batch::TableBuilder};
///
/// let mut builder = TableBuilder::new(Table::Death);
/// builder.append(&Death { person_id: 7, ..Death::default() }.into());
/// let batch = builder.finish();
/// assert_eq!(batch.num_rows(), 1);
/// assert_eq!(batch.schema(), Table::Death.schema());
/// assert!(builder.is_empty());
/// ```
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
    columns: Vec<Column>,
    rows: usize,
}

impl TableBuilder {
    /// An empty builder.
    pub fn new(table: Table) -> Self {
        let columns = table.spec().fields.iter().map(|field| Column::new(field.kind)).collect();
        TableBuilder { table, columns, rows: 0 }
    }

    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When the row is of another table.
    pub fn append(&mut self, row: &AnyRow) {
        assert_eq!(row.table(), self.table, "a row of another table");
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.append(&row.cell(index));
        }
        self.rows += 1;
    }

    /// Adds a row that may not be what its table asks for; what a column cannot hold is null in it.
    ///
    /// # Panics
    ///
    /// When the row is of another table.
    pub fn append_cells(&mut self, row: &DynRow) {
        assert_eq!(row.table, self.table, "a row of another table");
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.append(row.cells.get(index).unwrap_or(&Cell::Null));
        }
        self.rows += 1;
    }

    /// Number of rows gathered since the last batch.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row was gathered since the last batch.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows gathered, as one batch; the builder is empty afterwards.
    pub fn finish(&mut self) -> RecordBatch {
        self.rows = 0;
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new(self.table.schema(), columns).expect("the columns were made by the table's spec")
    }
}

#[derive(Debug)]
enum Column {
    Int64(Int64Builder),
    Int32(Int32Builder),
    Float64(Float64Builder),
    Date(Date32Builder),
    DateTime(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Column {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Key => Column::Int64(Int64Builder::new()),
            Kind::Concept | Kind::Integer => Column::Int32(Int32Builder::new()),
            Kind::Float => Column::Float64(Float64Builder::new()),
            Kind::Date => Column::Date(Date32Builder::new()),
            Kind::DateTime => Column::DateTime(TimestampMicrosecondBuilder::new()),
            Kind::Text => Column::Text(StringBuilder::new()),
        }
    }

    fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Column::Int64(builder), Cell::Int(value)) => builder.append_value(*value),
            (Column::Int32(builder), Cell::Int(value)) => {
                builder.append_value(i32::try_from(*value).expect("the struct's field has 32 bits"));
            }
            (Column::Float64(builder), Cell::Float(value)) => builder.append_value(*value),
            (Column::Date(builder), Cell::Date(value)) => builder.append_value(Date32Type::from_naive_date(*value)),
            (Column::DateTime(builder), Cell::DateTime(value)) => {
                builder.append_value(value.and_utc().timestamp_micros());
            }
            (Column::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Column::Int64(builder), _) => builder.append_null(),
            (Column::Int32(builder), _) => builder.append_null(),
            (Column::Float64(builder), _) => builder.append_null(),
            (Column::Date(builder), _) => builder.append_null(),
            (Column::DateTime(builder), _) => builder.append_null(),
            (Column::Text(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Int64(builder) => Arc::new(builder.finish()),
            Column::Int32(builder) => Arc::new(builder.finish()),
            Column::Float64(builder) => Arc::new(builder.finish()),
            Column::Date(builder) => Arc::new(builder.finish()),
            Column::DateTime(builder) => Arc::new(builder.finish()),
            Column::Text(builder) => Arc::new(builder.finish()),
        }
    }
}
