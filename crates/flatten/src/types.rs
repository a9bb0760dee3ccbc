//! How FHIR's types become Arrow's.

use std::borrow::Cow;
use std::sync::Arc;

use crate::item::Item;
use crate::tape::NodeKind;
use crate::temporal::{self, Temporal};
use arrow::datatypes::{DataType, Field, TimeUnit};

/// Which Arrow type a FHIR type becomes. A column's tag `ansi/type` goes before either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Types {
    /// The specification's default types: decimals, dates and dateTimes stay text as written.
    ///
    /// `boolean` Boolean; `integer`, `positiveInt`, `unsignedInt` Int32; `integer64` Int64; `instant` Timestamp(µs, UTC);
    /// `base64Binary` Binary; all others Utf8.
    Ansi,
    /// Types to calculate with, the lake's default.
    ///
    /// As [`Types::Ansi`], but `date` is Date32, `dateTime` and `instant` are Timestamp(µs) without zone, in UTC, `decimal`
    /// is Float64, and `base64Binary` stays text. A partial date is its first day, a dateTime without a time its first
    /// midnight in UTC; a view that cares keeps the text beside it in a column with the tag `ansi/type` `CHARACTER VARYING`.
    Typed,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Physical {
    Text,
    Boolean,
    Int32,
    Int64,
    Float64,
    Decimal(u8, i8),
    Date,
    /// In UTC; with a zone when `true`.
    Timestamp(bool),
    Binary,
}

/// A value as its column holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Text(Cow<'a, str>),
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Decimal(i128),
    /// Days since 1970-01-01.
    Days(i32),
    /// Microseconds since 1970-01-01 in UTC.
    Micros(i64),
    Binary(Vec<u8>),
    List(Vec<Scalar<'a>>),
}

impl Physical {
    pub(crate) fn of(data_type: &str, types: Types) -> Self {
        match (data_type, types) {
            ("boolean", _) => Self::Boolean,
            ("integer" | "positiveInt" | "unsignedInt", _) => Self::Int32,
            ("integer64", _) => Self::Int64,
            ("decimal", Types::Typed) => Self::Float64,
            ("date", Types::Typed) => Self::Date,
            ("dateTime" | "instant", Types::Typed) => Self::Timestamp(false),
            ("instant", Types::Ansi) => Self::Timestamp(true),
            ("base64Binary", Types::Ansi) => Self::Binary,
            _ => Self::Text,
        }
    }

    /// Reads an ISO/IEC 9075 type, e.g. `DECIMAL(10, 2)`.
    pub(crate) fn from_ansi(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let (name, arguments) = match upper.split_once('(') {
            Some((name, rest)) => {
                let (arguments, after) = rest.split_once(')')?;
                let name = format!("{} {}", name.trim(), after.trim());
                (
                    name.trim().to_owned(),
                    arguments.split(',').map(|n| n.trim().parse().ok()).collect::<Option<Vec<u8>>>()?,
                )
            }
            None => (upper, Vec::new()),
        };
        Some(match name.as_str() {
            "CHARACTER VARYING"
            | "CHAR VARYING"
            | "VARCHAR"
            | "CHARACTER"
            | "CHAR"
            | "CHARACTER LARGE OBJECT"
            | "CLOB"
            | "NATIONAL CHARACTER VARYING"
            | "NVARCHAR"
            | "TEXT"
            | "TIME"
            | "TIME WITH TIME ZONE" => Self::Text,
            "BOOLEAN" => Self::Boolean,
            "INT" | "INTEGER" | "SMALLINT" => Self::Int32,
            "BIGINT" => Self::Int64,
            "FLOAT" | "REAL" | "DOUBLE PRECISION" | "DOUBLE" => Self::Float64,
            "DECIMAL" | "NUMERIC" | "DEC" => match arguments[..] {
                [] => Self::Decimal(38, 10),
                [precision @ 1..=38] => Self::Decimal(precision, 0),
                [precision @ 1..=38, scale] if scale <= precision => {
                    Self::Decimal(precision, i8::try_from(scale).ok()?)
                }
                _ => return None,
            },
            "DATE" => Self::Date,
            "TIMESTAMP" | "TIMESTAMP WITHOUT TIME ZONE" => Self::Timestamp(false),
            "TIMESTAMP WITH TIME ZONE" => Self::Timestamp(true),
            "BINARY" | "VARBINARY" | "BINARY VARYING" | "BINARY LARGE OBJECT" | "BLOB" => Self::Binary,
            _ => return None,
        })
    }

    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Date => DataType::Date32,
            Self::Timestamp(zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.then(|| "UTC".into())),
            Self::Binary => DataType::Binary,
        }
    }

    pub(crate) fn field(self, name: &str, collection: bool) -> Field {
        let data_type = self.data_type();
        if collection {
            let item = Field::new_list_field(data_type, true);
            return Field::new(name, DataType::List(Arc::new(item)), true);
        }
        Field::new(name, data_type, true)
    }

    /// What the column holds, for messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Text => "primitive",
            Self::Boolean => "boolean",
            Self::Int32 => "32-bit integer",
            Self::Int64 => "64-bit integer",
            Self::Float64 => "number",
            Self::Decimal(..) => "decimal of the column's precision",
            Self::Date => "date",
            Self::Timestamp(_) => "date and time",
            Self::Binary => "base64 text",
        }
    }

    /// The item as this column holds it; `None` when it cannot.
    pub(crate) fn scalar<'a>(self, item: &Item<'a>) -> Option<Scalar<'a>> {
        Some(match self {
            Self::Text => Scalar::Text(text(item)?),
            Self::Boolean => Scalar::Boolean(item.boolean()?),
            Self::Int32 => Scalar::Integer(i32::try_from(integer(item)?).ok()?.into()),
            Self::Int64 => Scalar::Integer(integer(item)?),
            Self::Float64 => Scalar::Float(float(item)?),
            Self::Decimal(precision, scale) => {
                let digits = item.number()?.scaled(u32::try_from(scale).ok()?)?;
                if digits.unsigned_abs() >= 10u128.checked_pow(precision.into())? {
                    return None;
                }
                Scalar::Decimal(digits)
            }
            Self::Date => {
                if let Some(days) = item.text().and_then(temporal::days_of_date) {
                    return Some(Scalar::Days(days));
                }
                let day = Temporal::parse(item.text()?)?.first_day()?;
                Scalar::Days(i32::try_from(day.signed_duration_since(chrono::NaiveDate::default()).num_days()).ok()?)
            }
            Self::Timestamp(_) => {
                let text = item.text()?;
                if let Some(micros) = temporal::micros_of_instant(text) {
                    return Some(Scalar::Micros(micros));
                }
                Scalar::Micros(Temporal::parse(text)?.utc()?.and_utc().timestamp_micros())
            }
            Self::Binary => Scalar::Binary(base64(item.text()?)?),
        })
    }
}

fn text<'a>(item: &Item<'a>) -> Option<Cow<'a, str>> {
    Some(match item {
        Item::Text(text, _) => text.clone(),
        Item::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Item::Integer(value) => Cow::Owned(value.to_string()),
        Item::Number(value) => Cow::Owned(value.to_string()),
        Item::Quantity(..) => return None,
        Item::Node(node, _) => match node.kind() {
            NodeKind::Object | NodeKind::Array | NodeKind::Null => return None,
            _ => Cow::Borrowed(node.raw()),
        },
    })
}

fn integer(item: &Item<'_>) -> Option<i64> {
    item.integer().or_else(|| i64::try_from(item.number()?.scaled(0)?).ok())
}

fn float(item: &Item<'_>) -> Option<f64> {
    let value: f64 = match item {
        Item::Integer(value) => value.to_string().parse().ok()?,
        Item::Number(number) => number.to_string().parse().ok()?,
        Item::Node(value, _) => value.number()?.parse().ok()?,
        Item::Boolean(_) | Item::Text(..) | Item::Quantity(..) => return None,
    };
    value.is_finite().then_some(value)
}

/// Decodes base64; white space is skipped, as FHIR allows it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n_bits, mut n_padding, mut n_letters) = (0u32, 0u32, 0, 0);
    for letter in text.bytes().filter(|letter| !letter.is_ascii_whitespace()) {
        n_letters += 1;
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                n_padding += 1;
                continue;
            }
            _ => return None,
        };
        if n_padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from(bits >> n_bits & 0xff).ok()?);
        }
    }
    (n_letters % 4 == 0 && n_padding <= 2).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ansi_types_are_read() {
        for (text, expected) in [
            ("character varying", Some(Physical::Text)),
            ("VARCHAR(20)", Some(Physical::Text)),
            ("DECIMAL(10, 2)", Some(Physical::Decimal(10, 2))),
            ("timestamp with time zone", Some(Physical::Timestamp(true))),
            ("TIMESTAMP(6) WITHOUT TIME ZONE", Some(Physical::Timestamp(false))),
            ("DECIMAL(40)", None),
            ("JSON", None),
        ] {
            assert_eq!(Physical::from_ansi(text), expected, "{text}");
        }
    }

    #[test]
    fn a_column_takes_only_what_it_holds() {
        let text = Item::Text("2019-02".into(), "dateTime");
        assert_eq!(Physical::Date.scalar(&text), Some(Scalar::Days(17928)));
        assert_eq!(Physical::Timestamp(false).scalar(&text), Some(Scalar::Micros(1_548_979_200_000_000)));
        assert_eq!(Physical::Int32.scalar(&Item::Integer(1 << 40)), None);
        assert_eq!(Physical::Boolean.scalar(&text), None);
        let number = Item::Number(crate::number::Number::parse("1.25").unwrap());
        assert_eq!(Physical::Decimal(3, 2).scalar(&number), Some(Scalar::Decimal(125)));
        assert_eq!(Physical::Decimal(3, 1).scalar(&number), None);
        assert_eq!(Physical::Text.scalar(&number), Some(Scalar::Text("1.25".into())));
    }

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("aGVsbG8K").unwrap(), b"hello\n");
        assert_eq!(base64("YnllCg==").unwrap(), b"bye\n");
        assert_eq!(base64("a"), None);
        assert_eq!(base64("a=bc"), None);
    }
}
