//! Units of quantities: which measure the same, and how much of one is in another.

use std::cmp::Ordering;

use crate::number::Number;

/// Words for units of time, and the code of each in UCUM.
const TIME_WORDS: &[(&str, &str)] = &[
    ("year", "a"),
    ("month", "mo"),
    ("week", "wk"),
    ("day", "d"),
    ("hour", "h"),
    ("minute", "min"),
    ("second", "s"),
    ("millisecond", "ms"),
];

/// What a unit is in another that measures the same. Years and months have no fixed number of days.
const UNITS: &[(&str, &str, &str)] = &[
    ("a", "mo", "12"),
    ("mo", "mo", "1"),
    ("wk", "s", "604800"),
    ("d", "s", "86400"),
    ("h", "s", "3600"),
    ("min", "s", "60"),
    ("%", "1", "0.01"),
    ("1", "1", "1"),
];

/// Units that take prefixes; a litre is written with either letter.
const METRIC: &[(&str, &str)] = &[("g", "g"), ("L", "L"), ("l", "L"), ("mol", "mol"), ("m", "m"), ("s", "s")];

const PREFIXES: &[(&str, &str)] = &[
    ("", "1"),
    ("k", "1000"),
    ("d", "0.1"),
    ("c", "0.01"),
    ("m", "0.001"),
    ("u", "0.000001"),
    ("n", "0.000000001"),
    ("p", "0.000000000001"),
];

/// The code of a unit of time by its word, in singular or plural.
pub(crate) fn time_unit(word: &str) -> Option<&'static str> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    TIME_WORDS.iter().find(|(known, _)| *known == singular).map(|(_, code)| *code)
}

/// The word of a unit of time by its code.
pub(crate) fn time_word(code: &str) -> Option<&'static str> {
    TIME_WORDS.iter().find(|(_, known)| *known == code).map(|(word, _)| *word)
}

/// The order of two quantities; `None` when their units do not measure the same, as far as is known here.
pub(crate) fn compare((a, unit): (Number, &str), (b, other): (Number, &str)) -> Option<Ordering> {
    a.compare(convert(b, other, unit)?)
}

/// How many of the unit `to` that is; `None` when they do not measure the same, or the result has too many digits.
pub(crate) fn convert(value: Number, from: &str, to: &str) -> Option<Number> {
    if from == to {
        return Some(value);
    }
    let ((base, factor), (other, per)) = (in_base(from)?, in_base(to)?);
    if base == other { value.multiply(factor)?.divide(per) } else { None }
}

/// The unit that a unit, or a ratio of two such as `mg/dL`, is made of, and how much of it.
fn in_base(unit: &str) -> Option<(String, Number)> {
    match unit.split_once('/') {
        None => simple(unit).map(|(base, factor)| (base.to_owned(), factor)),
        Some((above, below)) => {
            let ((above, much), (below, per)) = (simple(above)?, simple(below)?);
            Some((format!("{above}/{below}"), much.divide(per)?))
        }
    }
}

fn simple(unit: &str) -> Option<(&'static str, Number)> {
    if let Some((_, base, factor)) = UNITS.iter().find(|(code, ..)| *code == unit) {
        return Some((base, Number::parse(factor)?));
    }
    METRIC.iter().find_map(|(code, base)| {
        let prefix = unit.strip_suffix(code)?;
        let (_, factor) = PREFIXES.iter().find(|(known, _)| *known == prefix)?;
        Some((*base, Number::parse(factor)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(value: &str, from: &str, to: &str) -> Option<String> {
        convert(Number::parse(value).unwrap(), from, to).map(|number| number.to_string())
    }

    #[test]
    fn what_measures_the_same_is_converted() {
        for (value, from, to, expected) in [
            ("4", "g", "mg", "4000"),
            ("1.5", "mg/dL", "g/L", "0.015"),
            ("2", "wk", "d", "14"),
            ("1", "a", "mo", "12"),
            ("250", "ml", "L", "0.25"),
            ("40", "%", "1", "0.4"),
            ("7", "mmol/L", "umol/mL", "7"),
        ] {
            assert_eq!(converted(value, from, to).as_deref(), Some(expected), "{value} {from} in {to}");
        }
        assert_eq!(converted("5.0", "mm[Hg]", "mm[Hg]").as_deref(), Some("5.0"));
    }

    #[test]
    fn what_does_not_measure_the_same_is_not() {
        for (from, to) in [("g", "L"), ("mo", "d"), ("[in_i]", "cm"), ("mg/dL", "mg"), ("kkg", "g")] {
            assert_eq!(converted("1", from, to), None, "{from} in {to}");
        }
    }
}
