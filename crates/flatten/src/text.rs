//! Record batches as lines of text.

use std::fmt::Write as _;

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use chrono::{NaiveDate, TimeDelta};

/// A cell of a batch as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CellText {
    /// There is no value.
    Null,
    /// A number, `true` or `false`, or a list as JSON: to be written as it stands.
    Bare(String),
    /// Text, a date or a time: JSON wants it in quotes.
    Text(String),
}

/// The cell of a batch that a [`Flattener`](crate::Flattener) made. Timestamps are in UTC and end in `Z`; decimals keep
/// the scale of their column; binary is hexadecimal.
pub fn cell_text(array: &dyn Array, row: usize) -> CellText {
    if array.is_null(row) {
        return CellText::Null;
    }
    match array.data_type() {
        DataType::Utf8 => CellText::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Boolean => CellText::Bare(array.as_boolean().value(row).to_string()),
        DataType::Int32 => CellText::Bare(array.as_primitive::<Int32Type>().value(row).to_string()),
        DataType::Int64 => CellText::Bare(array.as_primitive::<Int64Type>().value(row).to_string()),
        DataType::Float64 => CellText::Bare(array.as_primitive::<Float64Type>().value(row).to_string()),
        DataType::Decimal128(..) => CellText::Bare(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let date = NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()));
            date.map_or(CellText::Null, |date| CellText::Text(date.to_string()))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            chrono::DateTime::from_timestamp_micros(micros).map_or(CellText::Null, |instant| {
                CellText::Text(instant.naive_utc().format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
            })
        }
        DataType::Binary => {
            CellText::Text(array.as_binary::<i32>().value(row).iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").expect("a String takes all");
                text
            }))
        }
        DataType::List(_) => {
            let values = array.as_list::<i32>().value(row);
            let mut text = "[".to_owned();
            for index in 0..values.len() {
                if index > 0 {
                    text.push(',');
                }
                push_json(&mut text, &cell_text(&values, index));
            }
            text.push(']');
            CellText::Bare(text)
        }
        other => unreachable!("no column is made as {other}"),
    }
}

/// Appends the rows as NDJSON, one object a row with every column, null where there is no value.
pub fn json_lines(batch: &RecordBatch, out: &mut String) {
    let schema = batch.schema();
    let mut keys = Vec::new();
    for field in schema.fields() {
        let mut key = String::new();
        push_quoted(&mut key, field.name());
        keys.push(key);
    }
    for row in 0..batch.num_rows() {
        for (index, (key, column)) in keys.iter().zip(batch.columns()).enumerate() {
            out.push(if index == 0 { '{' } else { ',' });
            out.push_str(key);
            out.push(':');
            push_json(out, &cell_text(column, row));
        }
        out.push_str("}\n");
    }
}

fn push_json(out: &mut String, cell: &CellText) {
    match cell {
        CellText::Null => out.push_str("null"),
        CellText::Bare(text) => out.push_str(text),
        CellText::Text(text) => push_quoted(out, text),
    }
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("a String takes all");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
