//! [`Cell`]: one value of one row, whatever its table.

use std::borrow::Cow;
use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};

use crate::ConceptId;

/// One value of a row.
///
/// Keys, concept ids and other whole numbers are all [`Cell::Int`]. An absent value is [`Cell::Null`], never an empty text.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A key, a concept id or another whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A day.
    Date(NaiveDate),
    /// A day and a time, wall clock.
    DateTime(NaiveDateTime),
    /// A text.
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Cell::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The day, of a date or of a date and time.
    pub fn as_date(&self) -> Option<NaiveDate> {
        match self {
            Cell::Date(value) => Some(*value),
            Cell::DateTime(value) => Some(value.date()),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Cell::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The same value, owning its text.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Int(value) => Cell::Int(value),
            Cell::Float(value) => Cell::Float(value),
            Cell::Date(value) => Cell::Date(value),
            Cell::DateTime(value) => Cell::DateTime(value),
            Cell::Text(value) => Cell::Text(Cow::Owned(value.into_owned())),
        }
    }
}

/// Null is `null`; a date is `2019-03-04`, a date and time `2019-03-04T09:30:00`; text stands as it is.
impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::Int(value) => value.fmt(f),
            Cell::Float(value) => value.fmt(f),
            Cell::Date(value) => value.fmt(f),
            Cell::DateTime(value) => write!(f, "{}", value.format("%Y-%m-%dT%H:%M:%S%.f")),
            Cell::Text(value) => value.fmt(f),
        }
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Cell::Int(value)
    }
}

impl From<i32> for Cell<'_> {
    fn from(value: i32) -> Self {
        Cell::Int(value.into())
    }
}

impl From<ConceptId> for Cell<'_> {
    fn from(value: ConceptId) -> Self {
        Cell::Int(value.get().into())
    }
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Cell::Float(value)
    }
}

impl From<NaiveDate> for Cell<'_> {
    fn from(value: NaiveDate) -> Self {
        Cell::Date(value)
    }
}

impl From<NaiveDateTime> for Cell<'_> {
    fn from(value: NaiveDateTime) -> Self {
        Cell::DateTime(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Cell::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(value: &'a String) -> Self {
        Cell::Text(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}
