//! FHIR's decimal, whose digits are part of its value.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::{self, WriteJson};

/// A decimal with its digits as they were written: `7.0` stays `7.0`.
///
/// Two decimals are equal when they are written alike.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Decimal<'a>(Cow<'a, str>);

/// Why a text is not a decimal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a decimal")]
pub struct DecimalError(String);

impl<'a> Decimal<'a> {
    /// Takes the digits as they are; the form is that of a JSON number.
    ///
    /// # Errors
    ///
    /// [`DecimalError`] when `digits` is not a number as JSON writes it.
    pub fn parse(digits: impl Into<Cow<'a, str>>) -> Result<Self, DecimalError> {
        let digits = digits.into();
        let starts_as_number = digits.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let ends_as_number = digits.ends_with(|last: char| last.is_ascii_digit());
        if starts_as_number && ends_as_number && serde_json::from_str::<&RawValue>(&digits).is_ok() {
            Ok(Decimal(digits))
        } else {
            Err(DecimalError(digits.into_owned()))
        }
    }

    /// `units` divided by ten to the power of `decimals`, with that many digits after the point: (70, 1) is `7.0`.
    pub fn from_scaled(units: i64, decimals: u8) -> Decimal<'static> {
        let decimals = usize::from(decimals);
        let mut text = Vec::with_capacity(24);
        if units < 0 {
            text.push(b'-');
        }
        json::push_digits(&mut text, units.unsigned_abs(), decimals + 1);
        if decimals > 0 {
            text.insert(text.len() - decimals, b'.');
        }
        Decimal(Cow::Owned(String::from_utf8(text).expect("digits are ASCII")))
    }

    /// The digits as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest floating point number; infinite when the decimal is beyond its range.
    pub fn to_f64(&self) -> f64 {
        self.0.parse().expect("every JSON number is a number to Rust")
    }

    /// The same decimal without a tie to the input.
    pub fn into_owned(self) -> Decimal<'static> {
        Decimal(Cow::Owned(self.0.into_owned()))
    }
}

impl From<i64> for Decimal<'_> {
    fn from(value: i64) -> Self {
        Decimal::from_scaled(value, 0)
    }
}

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Decimal<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?.get();
        Decimal::parse(raw).map_err(D::Error::custom)
    }
}

impl Serialize for Decimal<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Through a raw value, since a float would lose the digits.
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(to)
    }
}

impl WriteJson for Decimal<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_units_keep_their_zeros() {
        let written = |units, decimals| Decimal::from_scaled(units, decimals).to_string();
        assert_eq!(written(70, 1), "7.0");
        assert_eq!(written(-5, 2), "-0.05");
        assert_eq!(written(0, 1), "0.0");
        assert_eq!(written(123, 0), "123");
        assert_eq!(written(i64::MIN, 0), i64::MIN.to_string());
    }

    #[test]
    fn digits_survive_a_round_trip() {
        for digits in ["7.0", "0.10", "-1.5e-3", "3.14159265358979323846", "1E+2"] {
            let decimal: Decimal<'_> = serde_json::from_str(digits).unwrap();
            assert!(matches!(decimal.0, Cow::Borrowed(_)));
            assert_eq!(serde_json::to_string(&decimal).unwrap(), digits);
        }
        assert!((Decimal::parse("-1.5e-3").unwrap().to_f64() + 0.0015).abs() < 1e-15);
    }

    #[test]
    fn a_string_is_not_a_decimal() {
        for json in [r#""7.0""#, "true", "null", "[7.0]"] {
            assert!(serde_json::from_str::<Decimal<'_>>(json).is_err(), "{json}");
        }
        for text in ["", "-", "1.", ".5", "07", "1 ", "NaN"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }
}
