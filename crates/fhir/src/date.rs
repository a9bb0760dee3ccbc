//! FHIR's dates and times, which may be known to the year or month only.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::Text;
use crate::json::{self, WriteJson};

/// Why a text is not a FHIR date or dateTime.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a {expected}")]
pub struct DateError {
    text: String,
    expected: &'static str,
}

/// How much of a date is known.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Precision {
    /// The year.
    Year,
    /// Year and month.
    Month,
    /// The day.
    Day,
}

impl Precision {
    /// `year`, `month` or `day`.
    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Year => "year",
            Precision::Month => "month",
            Precision::Day => "day",
        }
    }
}

/// A FHIR date: `1970`, `1970-03` or `1970-03-04`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PartialDate {
    first_day: NaiveDate,
    precision: Precision,
}

impl PartialDate {
    /// A year whose month is not known; none outside 0001 to 9999.
    pub fn year(year: i32) -> Option<Self> {
        Self::new(year, 1, 1, Precision::Year)
    }

    /// A month whose day is not known; none when there is no such month.
    pub fn month(year: i32, month: u32) -> Option<Self> {
        Self::new(year, month, 1, Precision::Month)
    }

    /// The day itself, or the first day of the month or year.
    pub fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// How much is known.
    pub fn precision(self) -> Precision {
        self.precision
    }

    /// The day, when it is known.
    pub fn day(self) -> Option<NaiveDate> {
        (self.precision == Precision::Day).then_some(self.first_day)
    }

    fn new(year: i32, month: u32, day: u32, precision: Precision) -> Option<Self> {
        let first_day = NaiveDate::from_ymd_opt(year, month, day)?;
        (1..=9999).contains(&year).then_some(PartialDate { first_day, precision })
    }

    fn parse(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [_, _, _, _] => Self::new(number(text)?, 1, 1, Precision::Year),
            [_, _, _, _, b'-', _, _] => Self::new(number(&text[..4])?, number(&text[5..])?, 1, Precision::Month),
            [_, _, _, _, b'-', _, _, b'-', _, _] => {
                Self::new(number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?, Precision::Day)
            }
            _ => None,
        }
    }
}

impl From<NaiveDate> for PartialDate {
    fn from(first_day: NaiveDate) -> Self {
        PartialDate { first_day, precision: Precision::Day }
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        text.is_ascii()
            .then(|| Self::parse(text))
            .flatten()
            .ok_or_else(|| DateError { text: text.to_owned(), expected: "date" })
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.first_day;
        match self.precision {
            Precision::Year => write!(formatter, "{:04}", day.year()),
            Precision::Month => write!(formatter, "{:04}-{:02}", day.year(), day.month()),
            Precision::Day => write!(formatter, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day()),
        }
    }
}

impl PartialDate {
    /// What [`fmt::Display`] writes, by hand: every resource has several dates, and format strings are slow.
    fn push_to(self, out: &mut Vec<u8>) {
        let day = self.first_day;
        json::push_digits(out, u64::from(day.year().unsigned_abs()), 4);
        if self.precision >= Precision::Month {
            out.push(b'-');
            json::push_digits(out, u64::from(day.month()), 2);
        }
        if self.precision == Precision::Day {
            out.push(b'-');
            json::push_digits(out, u64::from(day.day()), 2);
        }
    }
}

impl WriteJson for PartialDate {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        self.push_to(out);
        out.push(b'"');
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Text::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A FHIR dateTime or instant: the text as written, and what it says.
///
/// It is read leniently where senders are known to be sloppy (seconds or the offset may lack), and strictly where the
/// calendar is concerned: 30 February is an error.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DateTime<'a> {
    text: Text<'a>,
    date: PartialDate,
    time: Option<NaiveTime>,
    offset_minutes: Option<i32>,
}

impl<'a> DateTime<'a> {
    /// Reads `text` and keeps it.
    ///
    /// # Errors
    ///
    /// [`DateError`] when it is no dateTime.
    pub fn parse(text: impl Into<Text<'a>>) -> Result<Self, DateError> {
        let text = text.into();
        match split(&text) {
            Some((date, time, offset_minutes)) => Ok(DateTime { text, date, time, offset_minutes }),
            None => Err(DateError { text: text.as_str().to_owned(), expected: "dateTime" }),
        }
    }

    /// A wall clock time to the second, with its offset from UTC in minutes.
    ///
    /// # Panics
    ///
    /// When the year does not have one to four digits, or the offset is more than fourteen hours.
    pub fn from_wall(wall: NaiveDateTime, offset_minutes: i32) -> DateTime<'static> {
        let (year, date, time) = (wall.year(), wall.date(), wall.time());
        assert!((1..=9999).contains(&year), "a year of FHIR has four digits");
        assert!(offset_minutes.abs() <= 14 * 60, "an offset is at most fourteen hours");
        let offset = offset_minutes.unsigned_abs();
        let mut text = Vec::with_capacity("2000-01-01T00:00:00+00:00".len());
        PartialDate::from(date).push_to(&mut text);
        for (before, number) in [
            (b'T', time.hour()),
            (b':', time.minute()),
            (b':', time.second()),
            (if offset_minutes < 0 { b'-' } else { b'+' }, offset / 60),
            (b':', offset % 60),
        ] {
            text.push(before);
            json::push_digits(&mut text, u64::from(number), 2);
        }
        let text = String::from_utf8(text).expect("digits are ASCII");
        DateTime {
            text: Text::from(text),
            date: date.into(),
            time: time.with_nanosecond(0),
            offset_minutes: Some(offset_minutes),
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The date part, as far as it is known.
    pub fn date(&self) -> PartialDate {
        self.date
    }

    /// The time of day as written, when there is one.
    pub fn time(&self) -> Option<NaiveTime> {
        self.time
    }

    /// The offset from UTC in minutes, when there is one; `Z` is 0.
    pub fn offset_minutes(&self) -> Option<i32> {
        self.offset_minutes
    }

    /// The day on the writer's wall; a year or month stands for its first day.
    pub fn wall_date(&self) -> NaiveDate {
        self.date.first_day()
    }

    /// Day and time on the writer's wall; none when no time was written.
    pub fn wall_datetime(&self) -> Option<NaiveDateTime> {
        self.time.map(|time| self.date.first_day().and_time(time))
    }

    /// The same moment in UTC; none when time or offset was not written.
    pub fn utc(&self) -> Option<NaiveDateTime> {
        let offset = TimeDelta::minutes(i64::from(self.offset_minutes?));
        self.wall_datetime()?.checked_sub_signed(offset)
    }

    /// The same dateTime without a tie to the input.
    pub fn into_owned(self) -> DateTime<'static> {
        DateTime { text: self.text.into_owned(), date: self.date, time: self.time, offset_minutes: self.offset_minutes }
    }
}

impl From<PartialDate> for DateTime<'_> {
    fn from(date: PartialDate) -> Self {
        let mut text = Vec::with_capacity("2000-01-01".len());
        date.push_to(&mut text);
        let text = String::from_utf8(text).expect("digits are ASCII");
        DateTime { text: Text::from(text), date, time: None, offset_minutes: None }
    }
}

impl From<NaiveDate> for DateTime<'_> {
    fn from(date: NaiveDate) -> Self {
        PartialDate::from(date).into()
    }
}

impl fmt::Display for DateTime<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for DateTime<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        DateTime::parse(Text::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl WriteJson for DateTime<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.text.write_json(out);
    }
}

impl Serialize for DateTime<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(to)
    }
}

fn split(text: &str) -> Option<(PartialDate, Option<NaiveTime>, Option<i32>)> {
    if !text.is_ascii() {
        return None;
    }
    let Some((date, clock)) = text.split_once('T') else {
        return Some((PartialDate::parse(text)?, None, None));
    };
    let date = PartialDate::parse(date).filter(|date| date.precision == Precision::Day)?;
    let (time, offset) = match clock.find(['Z', '+', '-']) {
        Some(at) => (&clock[..at], Some(offset_minutes(&clock[at..])?)),
        None => (clock, None),
    };
    Some((date, Some(time_of_day(time)?), offset))
}

fn offset_minutes(text: &str) -> Option<i32> {
    let sign = match *text.as_bytes() {
        [b'Z'] => return Some(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (number(&text[1..3])?, number(&text[4..])?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
    let (hour, minute, second) = match *clock.as_bytes() {
        [_, _, b':', _, _] => (number(&clock[..2])?, number(&clock[3..])?, 0),
        [_, _, b':', _, _, b':', _, _] => (number(&clock[..2])?, number(&clock[3..5])?, number(&clock[6..])?),
        _ => return None,
    };
    let nanosecond = match fraction {
        // More than nine digits are kept in the text alone.
        Some(digits) => number::<u32>(&format!("{digits:0<9}")[..9]).filter(|_| is_digits(digits))?,
        None => 0,
    };
    // A leap second is 59 with a second's worth of nanoseconds on top, as chrono has it.
    match second {
        60 => NaiveTime::from_hms_nano_opt(hour, minute, 59, 1_000_000_000 + nanosecond),
        second => NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond),
    }
}

fn number<T: FromStr>(digits: &str) -> Option<T> {
    is_digits(digits).then(|| digits.parse().ok()).flatten()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_keep_their_precision() {
        for (text, precision, first) in [
            ("1970", Precision::Year, "1970-01-01"),
            ("1970-03", Precision::Month, "1970-03-01"),
            ("1970-03-04", Precision::Day, "1970-03-04"),
            ("2000-02-29", Precision::Day, "2000-02-29"),
        ] {
            let date: PartialDate = text.parse().unwrap();
            assert_eq!((date.precision(), date.first_day().to_string().as_str()), (precision, first));
            assert_eq!(date.to_string(), text);
        }
        for text in ["", "70", "1970-3", "1970-13", "1981-02-30", "1970-03-04T00:00:00Z", "+970", "0000", "１９７０"]
        {
            assert!(text.parse::<PartialDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_datetime_says_wall_clock_and_moment() {
        let evening = DateTime::parse("2019-12-31T23:30:05.1234-05:00").unwrap();
        assert_eq!(evening.wall_date().to_string(), "2019-12-31");
        assert_eq!(evening.wall_datetime().unwrap().to_string(), "2019-12-31 23:30:05.123400");
        assert_eq!(evening.utc().unwrap().to_string(), "2020-01-01 04:30:05.123400");
        assert_eq!(evening.offset_minutes(), Some(-300));
        assert_eq!(DateTime::parse("2019-12-31T23:30:05Z").unwrap().offset_minutes(), Some(0));

        let month = DateTime::parse("2019-12").unwrap();
        assert_eq!(month.wall_date().to_string(), "2019-12-01");
        assert_eq!((month.wall_datetime(), month.utc()), (None, None));

        let without_offset = DateTime::parse("2019-12-31T23:30").unwrap();
        assert!(without_offset.wall_datetime().is_some() && without_offset.utc().is_none());
    }

    #[test]
    fn what_is_no_datetime_is_an_error() {
        for text in [
            "",
            "T",
            "2019-12T10:00:00Z",
            "2019-12-31T",
            "2019-12-31T24:00:00Z",
            "2019-12-31T10:00:00+15:00",
            "2019-12-31T10:00:00.Z",
            "2019-12-31T10:00:00.1x",
            "2019-12-31T10:00:00-0500",
            "2019-02-29T10:00:00Z",
            "2019-12-31 10:00:00",
            "20191231",
        ] {
            assert!(DateTime::parse(text).is_err(), "{text}");
        }
        assert_eq!(DateTime::parse("soon").unwrap_err().to_string(), "`soon` is not a dateTime");
    }

    #[test]
    fn a_wall_clock_is_written_with_its_offset() {
        let wall = NaiveDate::from_ymd_opt(2020, 5, 6).unwrap().and_hms_opt(7, 8, 9).unwrap();
        assert_eq!(DateTime::from_wall(wall, -330).as_str(), "2020-05-06T07:08:09-05:30");
        assert_eq!(DateTime::from_wall(wall, 0).as_str(), "2020-05-06T07:08:09+00:00");
        assert_eq!(DateTime::from_wall(wall, 60), DateTime::parse("2020-05-06T07:08:09+01:00").unwrap());
    }

    #[test]
    fn a_leap_second_is_read() {
        let leap = DateTime::parse("2016-12-31T23:59:60Z").unwrap();
        assert_eq!(leap.wall_date().to_string(), "2016-12-31");
    }
}
