//! Decimal numbers with the digits they were written with.

use std::cmp::Ordering;
use std::fmt;

/// `digits` divided by ten to the power of `decimals`: `7.0` is 70 with one decimal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    digits: i128,
    decimals: u32,
}

/// Decimals that a quotient keeps at most.
const QUOTIENT_DECIMALS: u32 = 18;
const MAX_DECIMALS: u32 = 36;

impl Number {
    pub(crate) fn integer(value: i64) -> Self {
        Self { digits: value.into(), decimals: 0 }
    }

    /// Reads a JSON number; `None` when it has more digits than 127 bits hold.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let ten = 10i128;
        let mut digits: i128 = whole.parse().ok()?;
        let negative = whole.starts_with('-');
        for byte in fraction.bytes() {
            let digit = i128::from(byte - b'0');
            digits = digits.checked_mul(ten)?.checked_add(if negative { -digit } else { digit })?;
        }
        // The one whose opposite has no place.
        if digits == i128::MIN {
            return None;
        }
        let decimals = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(decimals) {
            Ok(decimals) if decimals <= MAX_DECIMALS => Some(Self { digits, decimals }),
            Ok(_) => None,
            Err(_) => {
                let digits = digits.checked_mul(ten.checked_pow(decimals.unsigned_abs())?)?;
                Some(Self { digits, decimals: 0 })
            }
        }
    }

    pub(crate) fn negate(self) -> Self {
        Self { digits: -self.digits, ..self }
    }

    pub(crate) fn abs(self) -> Self {
        Self { digits: self.digits.abs(), ..self }
    }

    /// The whole number next to it on the side of zero.
    pub(crate) fn truncate(self) -> Self {
        let digits = 10i128.checked_pow(self.decimals).map_or(0, |unit| self.digits / unit);
        Self { digits, decimals: 0 }
    }

    /// The greatest whole number that is not greater.
    pub(crate) fn floor(self) -> Self {
        let digits = 10i128.checked_pow(self.decimals).map_or(0, |unit| self.digits.div_euclid(unit));
        Self { digits, decimals: 0 }
    }

    /// With at most so many decimals, rounded half away from zero.
    pub(crate) fn round(self, decimals: u32) -> Option<Self> {
        if decimals >= self.decimals {
            return Some(self);
        }
        let unit = 10i128.checked_pow(self.decimals - decimals)?;
        let (whole, rest) = (self.digits / unit, self.digits % unit);
        let away = if rest.abs() * 2 >= unit { rest.signum() } else { 0 };
        Some(Self { digits: whole + away, decimals })
    }

    /// The whole quotient and what is left, both with the sign rules of truncation; `None` for division by zero.
    pub(crate) fn divide_whole(self, other: Self) -> Option<(Self, Self)> {
        let (a, b, decimals) = align(self, other)?;
        Some((Self { digits: a.checked_div(b)?, decimals: 0 }, Self { digits: a.checked_rem(b)?, decimals }))
    }

    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (a, b, decimals) = align(self, other)?;
        Some(Self { digits: a.checked_add(b)?, decimals })
    }

    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        let decimals = self.decimals + other.decimals;
        let digits = self.digits.checked_mul(other.digits)?;
        (decimals <= MAX_DECIMALS).then_some(Self { digits, decimals })
    }

    /// The quotient, rounded half away from zero after 18 decimals and without trailing zeros; `None` for division by
    /// zero and for overflow.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        let (a, b, _) = align(self, other)?;
        if b == 0 {
            return None;
        }
        let mut quotient = a / b;
        let mut rest = a % b;
        let mut decimals = 0;
        while rest != 0 && decimals < QUOTIENT_DECIMALS {
            rest = rest.checked_mul(10)?;
            quotient = quotient.checked_mul(10)?.checked_add(rest / b)?;
            rest %= b;
            decimals += 1;
        }
        if rest != 0 && rest.checked_mul(2)?.abs() >= b.abs() {
            quotient += if (a < 0) == (b < 0) { 1 } else { -1 };
        }
        Some(Self { digits: quotient, decimals })
    }

    /// The least (or greatest) number that would be written with these digits: half a unit of the last place away.
    pub(crate) fn boundary(self, high: bool) -> Option<Self> {
        let half = if high { 5 } else { -5 };
        Some(Self { digits: self.digits.checked_mul(10)?.checked_add(half)?, decimals: self.decimals + 1 })
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        let (a, b, _) = align(self, other)?;
        Some(a.cmp(&b))
    }

    /// The digits with exactly this many decimals; `None` when that would lose some.
    pub(crate) fn scaled(self, decimals: u32) -> Option<i128> {
        if decimals >= self.decimals {
            return self.digits.checked_mul(10i128.checked_pow(decimals - self.decimals)?);
        }
        let unit = 10i128.checked_pow(self.decimals - decimals)?;
        (self.digits % unit == 0).then_some(self.digits / unit)
    }
}

fn align(a: Number, b: Number) -> Option<(i128, i128, u32)> {
    let decimals = a.decimals.max(b.decimals);
    Some((a.scaled(decimals)?, b.scaled(decimals)?, decimals))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let decimals = self.decimals as usize;
        if decimals == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - decimals);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn digits_survive() {
        for text in ["0", "7.0", "-0.05", "120", "0.001", "123456789012345678.901"] {
            assert_eq!(number(text).to_string(), text);
        }
        assert_eq!(number("1.5e2").to_string(), "150");
        assert_eq!(number("15e-1").to_string(), "1.5");
        assert!(Number::parse("1e400").is_none());
        assert!(Number::parse(&i128::MIN.to_string()).is_none());
    }

    #[test]
    fn a_quotient_ends_when_it_is_exact() {
        assert_eq!(number("3").divide(number("2")).unwrap().to_string(), "1.5");
        assert_eq!(number("2").divide(number("3")).unwrap().to_string(), "0.666666666666666667");
        assert!(number("1").divide(number("0.0")).is_none());
    }

    #[test]
    fn rounding_is_as_in_school() {
        assert_eq!(number("2.5").round(0).unwrap().to_string(), "3");
        assert_eq!(number("-2.45").round(1).unwrap().to_string(), "-2.5");
        assert_eq!(number("2.4").round(3).unwrap().to_string(), "2.4");
        assert_eq!(
            (number("-1.5").floor().to_string(), number("-1.5").truncate().to_string()),
            ("-2".into(), "-1".into())
        );
        let (quotient, rest) = number("5.5").divide_whole(number("2")).unwrap();
        assert_eq!((quotient.to_string(), rest.to_string()), ("2".into(), "1.5".into()));
    }

    #[test]
    fn a_boundary_is_half_a_unit_away() {
        assert_eq!(number("1.0").boundary(false).unwrap().to_string(), "0.95");
        assert_eq!(number("-1.0").boundary(true).unwrap().to_string(), "-0.95");
        assert_eq!(number("7").boundary(true).unwrap().to_string(), "7.5");
    }

    proptest! {
        #[test]
        fn adding_then_subtracting_gives_the_number_back(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000, s in 0u32..9, t in 0u32..9) {
            let a = Number { digits: a.into(), decimals: s };
            let b = Number { digits: b.into(), decimals: t };
            let back = a.add(b).unwrap().add(b.negate()).unwrap();
            prop_assert_eq!(back.compare(a), Some(Ordering::Equal));
            prop_assert_eq!(Number::parse(&a.to_string()).unwrap().compare(a), Some(Ordering::Equal));
        }
    }
}
