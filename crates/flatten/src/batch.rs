//! Rows into Arrow arrays.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray,
    NullBufferBuilder, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use crate::plan::{Column, Table};
use crate::tape::{NodeKind, NodeRef};
use crate::temporal::micros_of_instant;
use crate::types::{Physical, Scalar};

/// Collects the rows of one table: the values of a row are set, then it is ended. Rows can be taken back.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Vec<Cells>,
    n_rows: usize,
    /// Rows that there were when the text was last measured.
    n_measured: usize,
}

/// The values of a column. Nulls at its end are not there until a value follows them.
#[derive(Debug)]
struct Cells {
    values: Values,
    valid: NullBufferBuilder,
    /// Values and nulls that are there.
    len: usize,
}

#[derive(Debug)]
enum Values {
    Text(Bytes),
    Binary(Bytes),
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>),
    Date(Vec<i32>),
    Timestamp(Vec<i64>),
    List(Box<Cells>, Vec<i32>),
}

/// Texts one after the other; text `n` lies between `offsets[n]` and `offsets[n + 1]`.
#[derive(Debug)]
struct Bytes {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
}

/// So many rows of one text each are no problem if none of the texts is large.
const ROWS_BETWEEN_MEASURES: usize = 512;

/// A column has no room for a value: Arrow counts its text in 31 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Full;

impl Rows {
    pub(crate) fn new(table: &Table) -> Self {
        Self {
            columns: table.columns.iter().map(|column| Cells::new(column.physical, column.collection)).collect(),
            n_rows: 0,
            n_measured: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.n_rows
    }

    /// Some column has this many bytes of text. It is measured now and then; at once, when `now`.
    pub(crate) fn has_text(&mut self, n_bytes: usize, now: bool) -> bool {
        if !now && self.n_rows < self.n_measured + ROWS_BETWEEN_MEASURES {
            return false;
        }
        self.n_measured = self.n_rows;
        self.columns.iter().any(|cells| cells.n_bytes() >= n_bytes)
    }

    /// Sets a value of the row that is not ended yet; what is not set is null.
    pub(crate) fn set(&mut self, column: usize, scalar: &Scalar<'_>) -> Result<(), Full> {
        self.columns[column].set(self.n_rows, scalar)
    }

    /// As [`Self::set`] for the text of an element, where the column holds it as it stands; `false` where the column's type
    /// must be looked at.
    #[inline]
    pub(crate) fn set_node(&mut self, column: usize, node: NodeRef<'_>) -> Result<bool, Full> {
        let cells = &mut self.columns[column];
        match (&mut cells.values, node.kind()) {
            (Values::Text(_), NodeKind::Object | NodeKind::Array | NodeKind::Null) => Ok(false),
            (Values::Text(_), _) => cells.set_text(self.n_rows, node.raw()).map(|()| true),
            (Values::Timestamp(_), NodeKind::Text) => match micros_of_instant(node.raw()) {
                Some(micros) => cells.set(self.n_rows, &Scalar::Micros(micros)).map(|()| true),
                None => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// As [`Self::set_node`] for text.
    pub(crate) fn set_text(&mut self, column: usize, text: &str) -> Result<bool, Full> {
        let cells = &mut self.columns[column];
        match cells.values {
            Values::Text(_) => cells.set_text(self.n_rows, text).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        self.n_rows += 1;
    }

    /// Takes back all rows but so many, and what was set of the row that is not ended.
    pub(crate) fn truncate(&mut self, n_rows: usize) {
        self.n_rows = n_rows;
        for cells in &mut self.columns {
            cells.truncate(n_rows);
        }
    }

    /// The rows so far as a batch; the next begin anew.
    pub(crate) fn finish(&mut self, table: &Table) -> RecordBatch {
        let n_rows = std::mem::take(&mut self.n_rows);
        self.n_measured = 0;
        let columns = self.columns.iter_mut().zip(&table.columns).map(|(cells, column)| cells.finish(n_rows, column));
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        RecordBatch::try_new_with_options(table.schema.clone(), columns.collect(), &options)
            .expect("arrays and schema are made from the same columns")
    }
}

impl Cells {
    fn new(physical: Physical, collection: bool) -> Self {
        let values = if collection {
            Values::List(Box::new(Self::new(physical, false)), vec![0])
        } else {
            match physical {
                Physical::Text => Values::Text(Bytes::default()),
                Physical::Binary => Values::Binary(Bytes::default()),
                Physical::Boolean => Values::Boolean(Vec::new()),
                Physical::Int32 => Values::Int32(Vec::new()),
                Physical::Int64 => Values::Int64(Vec::new()),
                Physical::Float64 => Values::Float64(Vec::new()),
                Physical::Decimal(..) => Values::Decimal(Vec::new()),
                Physical::Date => Values::Date(Vec::new()),
                Physical::Timestamp(_) => Values::Timestamp(Vec::new()),
            }
        };
        Self { values, valid: NullBufferBuilder::new(0), len: 0 }
    }

    fn n_bytes(&self) -> usize {
        match &self.values {
            Values::Text(texts) | Values::Binary(texts) => texts.bytes.len(),
            Values::List(cells, _) => cells.n_bytes(),
            _ => 0,
        }
    }

    /// Makes it `n` long: with nulls, or by taking values away.
    fn resize(&mut self, n: usize) {
        match &mut self.values {
            Values::Text(texts) | Values::Binary(texts) => texts.resize(n),
            Values::Boolean(values) => values.resize(n, false),
            Values::Int32(values) | Values::Date(values) => values.resize(n, 0),
            Values::Int64(values) | Values::Timestamp(values) => values.resize(n, 0),
            Values::Float64(values) => values.resize(n, 0.0),
            Values::Decimal(values) => values.resize(n, 0),
            Values::List(cells, offsets) => {
                let last = offsets.get(n).or(offsets.last()).copied().unwrap_or(0);
                offsets.resize(n + 1, last);
                cells.truncate(usize::try_from(last).unwrap_or(0));
            }
        }
        if n < self.len {
            self.valid.truncate(n);
        } else {
            self.valid.append_n_nulls(n - self.len);
        }
        self.len = n;
    }

    fn truncate(&mut self, n: usize) {
        if n < self.len {
            self.resize(n);
        }
    }

    /// Makes room for the value of a row.
    #[inline]
    fn begin(&mut self, row: usize) {
        if self.len != row {
            self.resize(row);
        }
        self.valid.append_non_null();
        self.len += 1;
    }

    #[inline]
    fn set_text(&mut self, row: usize, text: &str) -> Result<(), Full> {
        self.begin(row);
        match &mut self.values {
            Values::Text(texts) => texts.push(text.as_bytes()),
            _ => unreachable!("the caller has looked"),
        }
    }

    /// Sets a scalar, which was made by the `Physical` of this column.
    fn set(&mut self, row: usize, scalar: &Scalar<'_>) -> Result<(), Full> {
        if *scalar == Scalar::Null {
            return Ok(());
        }
        self.begin(row);
        match (&mut self.values, scalar) {
            (Values::Text(texts), Scalar::Text(text)) => texts.push(text.as_bytes())?,
            (Values::Binary(texts), Scalar::Binary(bytes)) => texts.push(bytes)?,
            (Values::Boolean(values), Scalar::Boolean(value)) => values.push(*value),
            (Values::Int32(values), Scalar::Integer(value)) => {
                values.push(i32::try_from(*value).expect("made for this column"));
            }
            (Values::Int64(values), Scalar::Integer(value)) => values.push(*value),
            (Values::Float64(values), Scalar::Float(value)) => values.push(*value),
            (Values::Decimal(values), Scalar::Decimal(value)) => values.push(*value),
            (Values::Date(values), Scalar::Days(value)) => values.push(*value),
            (Values::Timestamp(values), Scalar::Micros(value)) => values.push(*value),
            (Values::List(cells, offsets), Scalar::List(scalars)) => {
                let first = cells.len;
                for (row, scalar) in (first..).zip(scalars) {
                    cells.set(row, scalar)?;
                }
                offsets.push(i32::try_from(first + scalars.len()).map_err(|_| Full)?);
            }
            (values, scalar) => unreachable!("{scalar:?} was made for another column than {values:?}"),
        }
        Ok(())
    }

    /// All values as an array of `n` rows.
    fn finish(&mut self, n: usize, column: &Column) -> ArrayRef {
        self.resize(n);
        self.len = 0;
        let nulls = self.valid.finish();
        let data_type = column.physical.data_type();
        match &mut self.values {
            Values::List(cells, offsets) => {
                let offsets = OffsetBuffer::new(std::mem::replace(offsets, vec![0]).into());
                let n_values = cells.len;
                let valid = std::mem::replace(&mut cells.valid, NullBufferBuilder::new(0)).build();
                cells.len = 0;
                let values = cells.values.finish(valid, &data_type);
                debug_assert_eq!(values.len(), n_values, "a list holds no nulls at its end");
                let field = Field::new_list_field(data_type, true);
                Arc::new(ListArray::new(Arc::new(field), offsets, values, nulls))
            }
            values => values.finish(nulls, &data_type),
        }
    }
}

impl Values {
    /// What was collected; the next begin with as much room.
    fn finish(&mut self, nulls: Option<NullBuffer>, data_type: &DataType) -> ArrayRef {
        match self {
            Self::Text(texts) => {
                let (offsets, bytes) = texts.finish();
                Arc::new(StringArray::try_new(offsets, bytes, nulls).expect("texts are UTF-8"))
            }
            Self::Binary(texts) => {
                let (offsets, bytes) = texts.finish();
                Arc::new(BinaryArray::new(offsets, bytes, nulls))
            }
            Self::Boolean(values) => Arc::new(BooleanArray::new(take(values).into(), nulls)),
            Self::Int32(values) => Arc::new(Int32Array::new(taken(values), nulls)),
            Self::Int64(values) => Arc::new(Int64Array::new(taken(values), nulls)),
            Self::Float64(values) => Arc::new(Float64Array::new(taken(values), nulls)),
            Self::Decimal(values) => {
                Arc::new(Decimal128Array::new(taken(values), nulls).with_data_type(data_type.clone()))
            }
            Self::Date(values) => Arc::new(Date32Array::new(taken(values), nulls)),
            Self::Timestamp(values) => {
                let array = TimestampMicrosecondArray::new(taken(values), nulls);
                Arc::new(match data_type {
                    DataType::Timestamp(_, zone) => array.with_timezone_opt(zone.clone()),
                    _ => array,
                })
            }
            Self::List(..) => unreachable!("lists hold no lists"),
        }
    }
}

fn taken<T: arrow::datatypes::ArrowNativeType>(values: &mut Vec<T>) -> ScalarBuffer<T> {
    take(values).into()
}

/// The values, and room for about as many in their place.
fn take<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = Vec::with_capacity(values.len() + values.len() / 8);
    std::mem::replace(values, room)
}

impl Default for Bytes {
    fn default() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0] }
    }
}

impl Bytes {
    #[inline]
    fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.bytes.extend_from_slice(bytes);
        self.offsets.push(i32::try_from(self.bytes.len()).map_err(|_| Full)?);
        Ok(())
    }

    fn resize(&mut self, n: usize) {
        let last = self.offsets.get(n).or(self.offsets.last()).copied().unwrap_or(0);
        self.offsets.resize(n + 1, last);
        self.bytes.truncate(usize::try_from(last).unwrap_or(0));
    }

    fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let offsets = take(&mut self.offsets);
        self.offsets.push(0);
        (OffsetBuffer::new(offsets.into()), Buffer::from_vec(take(&mut self.bytes)))
    }
}
