//! Other values for those of FHIR, as they are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, Days, NaiveDate};
use twinlake_fhir::DateTime;

/// The day of a date or time that has one.
pub(crate) fn day(at: &str) -> Option<NaiveDate> {
    at.get(..10)?.parse().ok()
}

/// The same time of the day before.
pub(crate) fn day_before(at: &str) -> Option<String> {
    Some(format!("{}{}", day(at)? - Days::new(1), &at[10..]))
}

/// The first of the month a year later.
pub(crate) fn year_after(at: &str) -> Option<String> {
    let day = day(at)?;
    Some(day.with_day(1)?.with_year(day.year() + 1)?.to_string())
}

/// The same moment in UTC; none when it is told in UTC, or as a day.
pub(crate) fn in_utc(at: &str) -> Option<String> {
    let at = DateTime::parse(at).ok()?;
    at.offset_minutes().filter(|minutes| *minutes != 0)?;
    Some(DateTime::from_wall(at.utc()?, 0).as_str().to_owned())
}

/// Ten times a number, with one decimal less if it has any.
pub(crate) fn tenfold(number: &str) -> String {
    let Some((whole, decimals)) = number.split_once('.') else { return format!("{number}0") };
    let (first, rest) = decimals.split_at(1);
    let digits = format!("{whole}{first}");
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    if rest.is_empty() { digits.to_owned() } else { format!("{digits}.{rest}") }
}

/// A number without its decimals.
pub(crate) fn rounded(number: &str) -> Option<String> {
    number.parse::<f64>().ok().map(|number| format!("{number:.0}"))
}

/// Twice a whole number.
pub(crate) fn doubled(number: &str) -> Option<String> {
    Some(number.parse::<u32>().ok()?.checked_mul(2)?.to_string())
}

/// The first half of a text; both are in Base64.
pub(crate) fn first_half(data: &str) -> Option<String> {
    let text = STANDARD.decode(data).ok()?;
    // Notes of ours are ASCII; of others the cut may fall into a character.
    let end = (0..=text.len() / 2).rev().find(|&end| std::str::from_utf8(&text[..end]).is_ok())?;
    Some(STANDARD.encode(&text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_changed_as_they_are_written() {
        for (before, after) in [("7.1", "71"), ("0.85", "8.5"), ("0.05", "0.5"), ("120", "1200"), ("0.0", "0")] {
            assert_eq!(tenfold(before), after);
        }
        assert_eq!(rounded("7.1").as_deref(), Some("7"));
        assert_eq!((doubled("30").as_deref(), doubled("7.5")), (Some("60"), None));
    }

    #[test]
    fn a_time_in_utc_is_the_same_moment() {
        assert_eq!(in_utc("2019-03-04T22:30:00-05:00").as_deref(), Some("2019-03-05T03:30:00+00:00"));
        assert_eq!(in_utc("2019-03-04"), None);
    }

    #[test]
    fn days_move_by_the_calendar() {
        assert_eq!(day_before("2020-03-01").as_deref(), Some("2020-02-29"));
        assert_eq!(day_before("2020-01-01T08:00:00-05:00").as_deref(), Some("2019-12-31T08:00:00-05:00"));
        assert_eq!(day_before("2020"), None);
        assert_eq!(year_after("2020-02-29").as_deref(), Some("2021-02-01"));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(first_half(&STANDARD.encode("aé")), Some(STANDARD.encode("a")));
        assert_eq!(first_half("no Base64!"), None);
    }
}
