//! Reading rows that others may have written: any width of integer, dates as text, columns missing or in another order.
//!
//! A column that the table does not have is ignored, one that is missing gives [`Cell::Null`]. Column names may be in
//! upper case. A text that should be a date or a number and is none stays [`Cell::Text`]: it is for the reader of the row
//! to say so (`crosscheck` reports it), and it is never quietly null.

use std::borrow::Cow;
use std::io::Read;

use arrow::array::{Array, ArrayRef, AsArray as _};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchReader as _};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use crate::cell::Cell;
use crate::row::DynRow;
use crate::spec::Kind;
use crate::tables::Table;

/// Why rows could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A column has a type that its field cannot have, e.g. a list.
    #[error("column `{table}.{column}` is of type `{found}`, which is no {wanted:?}")]
    Type {
        /// The table.
        table: Table,
        /// The column.
        column: &'static str,
        /// Its Arrow type.
        found: DataType,
        /// What the field is.
        wanted: Kind,
    },
    /// The values of a column could not be converted.
    #[error("column `{table}.{column}` could not be read")]
    Column {
        /// The table.
        table: Table,
        /// The column.
        column: &'static str,
        /// What Arrow says.
        source: ArrowError,
    },
    /// Not a single column of the table is there.
    #[error("no column of table `{table}` is there")]
    NoColumn {
        /// The table.
        table: Table,
    },
    /// Not Parquet, or damaged.
    #[error("table `{table}` could not be read as Parquet")]
    Parquet {
        /// The table.
        table: Table,
        /// What the Parquet reader says.
        source: ParquetError,
    },
    /// Damaged Parquet.
    #[error("table `{table}` could not be read as Parquet")]
    Arrow {
        /// The table.
        table: Table,
        /// What the Parquet reader says.
        source: ArrowError,
    },
    /// Not CSV, or damaged.
    #[error("table `{table}` could not be read as CSV")]
    Csv {
        /// The table.
        table: Table,
        /// What the CSV reader says, with the line.
        source: csv::Error,
    },
}

/// The rows of a batch, whose columns are found by name.
///
/// # Errors
///
/// [`ReadError::Type`], [`ReadError::Column`] and [`ReadError::NoColumn`].
pub fn rows(table: Table, batch: &RecordBatch) -> Result<Vec<DynRow>, ReadError> {
    let fields = table.spec().fields;
    let mut rows = vec![DynRow { table, cells: vec![Cell::Null; fields.len()] }; batch.num_rows()];
    let mut found = false;
    for (index, field) in fields.iter().enumerate() {
        let schema = batch.schema_ref();
        let Some(place) = schema.fields().iter().position(|other| other.name().eq_ignore_ascii_case(field.name)) else {
            continue;
        };
        found = true;
        fill(table, field.name, field.kind, batch.column(place), |row, cell| rows[row].cells[index] = cell)?;
    }
    if found { Ok(rows) } else { Err(ReadError::NoColumn { table }) }
}

/// Hands each value of a column that is not null to `put`.
fn fill(
    table: Table,
    column: &'static str,
    kind: Kind,
    array: &ArrayRef,
    mut put: impl FnMut(usize, Cell<'static>),
) -> Result<(), ReadError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |array: &ArrayRef, to: &DataType| {
        cast_with_options(array, to, &strict).map_err(|source| ReadError::Column { table, column, source })
    };
    let array = match array.data_type() {
        DataType::Dictionary(_, values) => &cast(array, values)?,
        _ => array,
    };
    let found = array.data_type();
    let present = (0..array.len()).filter(|row| array.is_valid(*row));
    if found.is_null() {
        return Ok(());
    }
    if matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        let array = cast(array, &DataType::Utf8)?;
        let array = array.as_string::<i32>();
        present.for_each(|row| put(row, parse(kind, array.value(row))));
        return Ok(());
    }
    let is_number = found.is_integer() || found.is_floating() || matches!(found, DataType::Decimal128(..));
    match kind {
        Kind::Key | Kind::Concept | Kind::Integer if found.is_integer() => {
            let array = cast(array, &DataType::Int64)?;
            let array = array.as_primitive::<Int64Type>();
            present.for_each(|row| put(row, Cell::Int(array.value(row))));
        }
        // Data frames turn whole numbers with gaps into floating point ones.
        Kind::Key | Kind::Concept | Kind::Integer if is_number => {
            let array = cast(array, &DataType::Float64)?;
            let array = array.as_primitive::<Float64Type>();
            present.for_each(|row| put(row, whole(array.value(row))));
        }
        Kind::Float if is_number => {
            let array = cast(array, &DataType::Float64)?;
            let array = array.as_primitive::<Float64Type>();
            present.for_each(|row| put(row, Cell::Float(array.value(row))));
        }
        Kind::Date | Kind::DateTime if matches!(found, DataType::Date32) => {
            let array = array.as_primitive::<Date32Type>();
            present.for_each(|row| {
                let days = DateTime::from_timestamp(i64::from(array.value(row)) * 86_400, 0);
                put(row, days.map_or(Cell::Null, |at| of_kind(kind, at.naive_utc())));
            });
        }
        Kind::Date | Kind::DateTime if matches!(found, DataType::Date64 | DataType::Timestamp(..)) => {
            // The wall clock is what counts, so a zone is read as the clock of UTC.
            let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let array = array.as_primitive::<TimestampMicrosecondType>();
            present.for_each(|row| {
                let at = DateTime::from_timestamp_micros(array.value(row));
                put(row, at.map_or(Cell::Null, |at| of_kind(kind, at.naive_utc())));
            });
        }
        Kind::Text if is_number || matches!(found, DataType::Boolean) => {
            let array = cast(array, &DataType::Utf8)?;
            let array = array.as_string::<i32>();
            present.for_each(|row| put(row, Cell::Text(Cow::Owned(array.value(row).to_owned()))));
        }
        _ => return Err(ReadError::Type { table, column, found: found.clone(), wanted: kind }),
    }
    Ok(())
}

fn of_kind(kind: Kind, at: NaiveDateTime) -> Cell<'static> {
    match kind {
        Kind::Date => Cell::Date(at.date()),
        _ => Cell::DateTime(at),
    }
}

fn whole(value: f64) -> Cell<'static> {
    // Beyond 2^53 a floating point number is no longer a key: two keys would be one.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        return Cell::Int(value as i64);
    }
    Cell::Float(value)
}

/// A text as its field's type, or as it is when it does not read as that.
fn parse(kind: Kind, text: &str) -> Cell<'static> {
    let trimmed = text.trim();
    let parsed = match kind {
        Kind::Key | Kind::Concept | Kind::Integer => match trimmed.parse::<i64>() {
            Ok(value) => Some(Cell::Int(value)),
            Err(_) => trimmed.parse::<f64>().ok().map(whole).filter(|cell| cell.as_int().is_some()),
        },
        Kind::Float => trimmed.parse::<f64>().ok().map(Cell::Float),
        Kind::Date => date_time(trimmed).map(|at| Cell::Date(at.date())),
        Kind::DateTime => date_time(trimmed).map(Cell::DateTime),
        Kind::Text => None,
    };
    parsed.unwrap_or_else(|| Cell::Text(Cow::Owned(text.to_owned())))
}

/// `2019-03-04`, `20190304`, or either of `2019-03-04 09:30:00.5` and `2019-03-04T09:30:00.5`, an offset dropped.
fn date_time(text: &str) -> Option<NaiveDateTime> {
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, format) {
            return Some(at);
        }
    }
    for format in ["%Y-%m-%d", "%Y%m%d"] {
        if let Ok(day) = NaiveDate::parse_from_str(text, format) {
            return day.and_hms_opt(0, 0, 0);
        }
    }
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.naive_local())
}

/// The rows of a Parquet file, a batch at a time.
pub struct ParquetRows {
    table: Table,
    reader: ParquetRecordBatchReader,
}

/// Reads a Parquet file of one table.
///
/// # Errors
///
/// [`ReadError::Parquet`] when it is none.
pub fn parquet<R: ChunkReader + 'static>(table: Table, input: R) -> Result<ParquetRows, ReadError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(input)
        .and_then(|builder| builder.with_batch_size(4_096).build())
        .map_err(|source| ReadError::Parquet { table, source })?;
    Ok(ParquetRows { table, reader })
}

impl ParquetRows {
    /// The columns of the table that the file has, in the specification's order.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        let schema = self.reader.schema();
        let names = self.table.spec().fields.iter().map(|field| field.name);
        names.filter(move |name| schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name)))
    }
}

impl Iterator for ParquetRows {
    type Item = Result<Vec<DynRow>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let table = self.table;
        let batch = self.reader.next()?.map_err(|source| ReadError::Arrow { table, source });
        Some(batch.and_then(|batch| rows(table, &batch)))
    }
}

/// The rows of a CSV file, one at a time.
pub struct CsvRows<R: Read> {
    table: Table,
    /// For each field of the table its place in the file.
    places: Vec<Option<usize>>,
    records: csv::StringRecordsIntoIter<R>,
}

/// Reads a CSV file of one table: a header, then commas (tabs where the header has tabs); an empty field is null.
///
/// # Errors
///
/// [`ReadError::Csv`] when it is none, [`ReadError::NoColumn`] when its header is that of another table.
pub fn csv<R: Read>(table: Table, mut input: R) -> Result<CsvRows<impl Read>, ReadError> {
    let mut header = Vec::new();
    let mut byte = [0];
    loop {
        let read = input.read(&mut byte).map_err(|error| ReadError::Csv { table, source: error.into() })?;
        header.extend_from_slice(&byte[..read]);
        if read == 0 || byte[0] == b'\n' {
            break;
        }
    }
    let delimiter = if header.contains(&b'\t') { b'\t' } else { b',' };
    let input = std::io::Cursor::new(header).chain(input);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(input);
    let header = reader.headers().map_err(|source| ReadError::Csv { table, source })?;
    let place = |name: &str| {
        header.iter().position(|other| other.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name))
    };
    let places: Vec<_> = table.spec().fields.iter().map(|field| place(field.name)).collect();
    if places.iter().all(Option::is_none) {
        return Err(ReadError::NoColumn { table });
    }
    Ok(CsvRows { table, places, records: reader.into_records() })
}

impl<R: Read> CsvRows<R> {
    /// The columns of the table that the file has, in the specification's order.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        let names = self.table.spec().fields.iter().map(|field| field.name);
        names.zip(&self.places).filter_map(|(name, place)| place.map(|_| name))
    }
}

impl<R: Read> Iterator for CsvRows<R> {
    type Item = Result<DynRow, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let table = self.table;
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(source) => return Some(Err(ReadError::Csv { table, source })),
        };
        let cells = self.places.iter().zip(table.spec().fields).map(|(place, field)| {
            match place.and_then(|place| record.get(place)) {
                None | Some("") => Cell::Null,
                Some(text) => parse(field.kind, text),
            }
        });
        Some(Ok(DynRow { table, cells: cells.collect() }))
    }
}
