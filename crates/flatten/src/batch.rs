//! Rows into Arrow arrays.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int32Builder, Int64Builder, ListArray, NullBufferBuilder, RecordBatch, RecordBatchOptions, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;

use crate::plan::{Column, Table};
use crate::types::{Physical, Scalar};

/// Collects the rows of one table.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Vec<Builder>,
    n_rows: usize,
}

#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Boolean(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Binary(BinaryBuilder),
    List(Box<List>),
}

/// Lists of values: how long each list is, and which are null.
#[derive(Debug)]
struct List {
    values: Builder,
    physical: Physical,
    lengths: Vec<usize>,
    valid: NullBufferBuilder,
}

impl Rows {
    pub(crate) fn new(table: &Table) -> Self {
        Self { columns: table.columns.iter().map(builder).collect(), n_rows: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.n_rows
    }

    /// Bytes of text in the column that has most.
    pub(crate) fn n_bytes(&self) -> usize {
        self.columns.iter().map(Builder::n_bytes).max().unwrap_or(0)
    }

    pub(crate) fn append(&mut self, row: &[Scalar<'_>]) {
        for (builder, scalar) in self.columns.iter_mut().zip(row) {
            builder.append(scalar);
        }
        self.n_rows += 1;
    }

    /// The rows so far as a batch; the next begin anew.
    pub(crate) fn finish(&mut self, table: &Table) -> RecordBatch {
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        self.n_rows = 0;
        RecordBatch::try_new_with_options(table.schema.clone(), columns, &options)
            .expect("builders and schema are made from the same columns")
    }
}

fn builder(column: &Column) -> Builder {
    let values = Builder::new(column.physical);
    if !column.collection {
        return values;
    }
    let (lengths, valid) = (Vec::new(), NullBufferBuilder::new(0));
    Builder::List(Box::new(List { values, physical: column.physical, lengths, valid }))
}

impl Builder {
    fn new(physical: Physical) -> Self {
        let data_type = physical.data_type();
        match physical {
            Physical::Text => Self::Text(StringBuilder::new()),
            Physical::Boolean => Self::Boolean(BooleanBuilder::new()),
            Physical::Int32 => Self::Int32(Int32Builder::new()),
            Physical::Int64 => Self::Int64(Int64Builder::new()),
            Physical::Float64 => Self::Float64(Float64Builder::new()),
            Physical::Decimal(..) => Self::Decimal(Decimal128Builder::new().with_data_type(data_type)),
            Physical::Date => Self::Date(Date32Builder::new()),
            Physical::Timestamp(_) => Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type)),
            Physical::Binary => Self::Binary(BinaryBuilder::new()),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Text(builder) => builder.values_slice().len(),
            Self::Binary(builder) => builder.values_slice().len(),
            Self::List(list) => list.values.n_bytes(),
            _ => 0,
        }
    }

    /// Appends a scalar, which was made by the `Physical` of this column.
    fn append(&mut self, scalar: &Scalar<'_>) {
        match (self, scalar) {
            (Self::Text(builder), Scalar::Text(text)) => builder.append_value(text),
            (Self::Boolean(builder), Scalar::Boolean(value)) => builder.append_value(*value),
            (Self::Int32(builder), Scalar::Integer(value)) => builder.append_option(i32::try_from(*value).ok()),
            (Self::Int64(builder), Scalar::Integer(value)) => builder.append_value(*value),
            (Self::Float64(builder), Scalar::Float(value)) => builder.append_value(*value),
            (Self::Decimal(builder), Scalar::Decimal(value)) => builder.append_value(*value),
            (Self::Date(builder), Scalar::Days(value)) => builder.append_value(*value),
            (Self::Timestamp(builder), Scalar::Micros(value)) => builder.append_value(*value),
            (Self::Binary(builder), Scalar::Binary(bytes)) => builder.append_value(bytes),
            (Self::List(list), Scalar::List(values)) => {
                for value in values {
                    list.values.append(value);
                }
                list.lengths.push(values.len());
                list.valid.append_non_null();
            }
            (builder, null) => {
                debug_assert_eq!(*null, Scalar::Null, "made for another column");
                builder.append_null();
            }
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::List(list) => {
                list.lengths.push(0);
                list.valid.append_null();
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match self {
            Self::Text(builder) => builder,
            Self::Boolean(builder) => builder,
            Self::Int32(builder) => builder,
            Self::Int64(builder) => builder,
            Self::Float64(builder) => builder,
            Self::Decimal(builder) => builder,
            Self::Date(builder) => builder,
            Self::Timestamp(builder) => builder,
            Self::Binary(builder) => builder,
            Self::List(list) => {
                let field = Field::new_list_field(list.physical.data_type(), true);
                let offsets = OffsetBuffer::from_lengths(list.lengths.drain(..));
                return Arc::new(ListArray::new(Arc::new(field), offsets, list.values.finish(), list.valid.finish()));
            }
        };
        builder.finish()
    }
}
