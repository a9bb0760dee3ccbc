//! Dates and times as FHIR writes them: with as much precision as is known.

mod arithmetic;

use std::cmp::Ordering;
use std::fmt;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};

/// A `date`, `dateTime`, `instant` or `time`, with the precision it was written with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Temporal {
    date: Option<Date>,
    time: Option<Time>,
    /// Minutes east of UTC.
    offset: Option<i32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Date {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Time {
    hour: u32,
    minute: u32,
    second: Option<u32>,
    /// Nanoseconds, and how many digits of them were written.
    nanos: u32,
    digits: u8,
}

/// A part of a date or time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Temporal {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, any of these with `Thh:mm[:ss[.fff]]` and an offset, or a time of day.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.as_bytes().get(2) == Some(&b':') {
            return Some(Self { date: None, time: Some(Time::parse(text)?), offset: None });
        }
        let (date, rest) = match text.split_once('T') {
            Some((date, rest)) => (Date::parse(date)?, rest),
            None => return Some(Self { date: Some(Date::parse(text)?), time: None, offset: None }),
        };
        let zone = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
        let (time, zone) = rest.split_at(zone);
        date.day?;
        Some(Self { date: Some(date), time: Some(Time::parse(time)?), offset: parse_offset(zone)? })
    }

    pub(crate) fn is_time(&self) -> bool {
        self.date.is_none()
    }

    /// The day, or the first day of the month or year.
    pub(crate) fn first_day(&self) -> Option<NaiveDate> {
        let date = self.date?;
        NaiveDate::from_ymd_opt(date.year, date.month.unwrap_or(1), date.day.unwrap_or(1))
    }

    /// The instant in UTC; what is not known is taken as the first of its kind, a missing offset as UTC.
    pub(crate) fn utc(&self) -> Option<NaiveDateTime> {
        let midnight = self.first_day()?.and_time(NaiveTime::MIN);
        let Some(time) = self.time else { return Some(midnight) };
        let seconds = time.hour * 3600 + time.minute * 60 + time.second.unwrap_or(0);
        let wall = midnight
            .checked_add_signed(chrono::TimeDelta::seconds(seconds.into()))?
            .checked_add_signed(chrono::TimeDelta::nanoseconds(time.nanos.into()))?;
        wall.checked_sub_signed(chrono::TimeDelta::minutes(self.offset.unwrap_or(0).into()))
    }

    /// The order of two values, `None` when their precision does not decide it.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_time() != other.is_time() {
            return None;
        }
        if let (Some(a), Some(b), true) = (self.time, other.time, !self.is_time()) {
            // One with an offset and one without cannot be compared, unless a day lies between.
            if self.offset.is_some() != other.offset.is_some() {
                return None;
            }
            let (from, to) = (self.utc()?, other.utc()?);
            // Where one has seconds and the other has none, a minute is one moment, and within it the order is open.
            if a.second.is_some() != b.second.is_some() {
                let minute = |at: NaiveDateTime| at.and_utc().timestamp().div_euclid(60);
                return Some(minute(from).cmp(&minute(to))).filter(|order| order.is_ne());
            }
            return Some(from.cmp(&to));
        }
        for (a, b) in self.parts().into_iter().zip(other.parts()) {
            match (a, b) {
                (Some(a), Some(b)) if a == b => {}
                (Some(a), Some(b)) => return Some(a.cmp(&b)),
                (None, None) => return Some(Ordering::Equal),
                _ => return None,
            }
        }
        Some(Ordering::Equal)
    }

    fn parts(&self) -> [Option<i64>; 6] {
        let (date, time) = (self.date, self.time);
        // Seconds and their fraction are one part.
        let second = time.and_then(|time| Some(i64::from(time.second?) * 1_000_000_000 + i64::from(time.nanos)));
        let year = if self.is_time() { Some(0) } else { date.map(|date| date.year.into()) };
        let month = if self.is_time() { Some(0) } else { date.and_then(|date| date.month).map(i64::from) };
        let day = if self.is_time() { Some(0) } else { date.and_then(|date| date.day).map(i64::from) };
        [year, month, day, time.map(|t| t.hour.into()), time.map(|t| t.minute.into()), second]
    }

    /// A part of it, where its precision tells: the year, the month (from 1), the day of the month, the hour, the minute
    /// or the second, as written, without a look at the offset.
    pub(crate) fn part(&self, part: Part) -> Option<i64> {
        let (date, time) = (self.date, self.time);
        match part {
            Part::Year => date.map(|date| date.year.into()),
            Part::Month => date.and_then(|date| date.month).map(i64::from),
            Part::Day => date.and_then(|date| date.day).map(i64::from),
            Part::Hour => time.map(|time| time.hour.into()),
            Part::Minute => time.map(|time| time.minute.into()),
            Part::Second => time.and_then(|time| time.second).map(i64::from),
        }
    }

    /// The date without the time.
    pub(crate) fn date_only(&self) -> Option<Self> {
        self.date.map(|date| Self { date: Some(date), time: None, offset: None })
    }

    /// The time of day.
    pub(crate) fn time_only(&self) -> Option<Self> {
        self.time.map(|time| Self { date: None, time: Some(time), offset: None })
    }

    /// The first (or last) moment that would be written like this, as a `date` when `as_date`, else as a `dateTime`.
    pub(crate) fn boundary(&self, high: bool, as_date: bool) -> Option<String> {
        let Some(date) = self.date else {
            return Some(self.time?.boundary(high));
        };
        let month = date.month.unwrap_or(if high { 12 } else { 1 });
        let day = date.day.or_else(|| if high { last_day(date.year, month) } else { Some(1) })?;
        let day = format!("{:04}-{month:02}-{day:02}", date.year);
        if as_date && self.time.is_none() {
            return Some(day);
        }
        let time = match self.time {
            Some(time) => time.boundary(high),
            None => if high { "23:59:59.999" } else { "00:00:00.000" }.to_owned(),
        };
        // The earliest midnight of a day is at +14:00, the latest at -12:00.
        let offset = match self.offset {
            None => if high { "-12:00" } else { "+14:00" }.to_owned(),
            Some(minutes) => zone(minutes),
        };
        Some(format!("{day}T{time}{offset}"))
    }
}

/// As FHIR writes it, with as much precision as is known.
impl fmt::Display for Temporal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(date) = self.date {
            write!(f, "{:04}", date.year)?;
            for part in [date.month, date.day].into_iter().flatten() {
                write!(f, "-{part:02}")?;
            }
        }
        let Some(time) = self.time else { return Ok(()) };
        let between = if self.date.is_some() { "T" } else { "" };
        write!(f, "{between}{:02}:{:02}", time.hour, time.minute)?;
        if let Some(second) = time.second {
            write!(f, ":{second:02}")?;
        }
        if time.digits > 0 {
            write!(f, ".{}", &format!("{:09}", time.nanos)[..usize::from(time.digits)])?;
        }
        f.write_str(&self.offset.map(zone).unwrap_or_default())
    }
}

/// `Z`, or an offset such as `-05:00`.
fn zone(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    if minutes == 0 { "Z".to_owned() } else { format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60) }
}

impl Date {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = parts.next().map(|part| digits(part, 2)).map_or(Some(None), |part| part.map(Some))?;
        let day = parts.next().map(|part| digits(part, 2)).map_or(Some(None), |part| part.map(Some))?;
        let date = Self { year: i32::try_from(year).ok()?, month, day };
        // A day that the calendar does not have is no date.
        NaiveDate::from_ymd_opt(date.year, month.unwrap_or(1), day.unwrap_or(1))?;
        parts.next().is_none().then_some(date)
    }
}

impl Time {
    fn parse(text: &str) -> Option<Self> {
        let (text, fraction) = text.split_once('.').map_or((text, None), |(text, fraction)| (text, Some(fraction)));
        let mut parts = text.split(':');
        let hour = digits(parts.next()?, 2)?;
        let minute = digits(parts.next()?, 2)?;
        let second = parts.next().map(|part| digits(part, 2)).map_or(Some(None), |part| part.map(Some))?;
        if parts.next().is_some() || hour > 23 || minute > 59 || second.is_some_and(|second| second > 60) {
            return None;
        }
        let (nanos, n_digits) = match fraction {
            None => (0, 0),
            Some(fraction) if second.is_some() && (1..=9).contains(&fraction.len()) => {
                let value = digits(fraction, fraction.len())?;
                let n_digits = u8::try_from(fraction.len()).ok()?;
                (value * 10u32.pow(u32::from(9 - n_digits)), n_digits)
            }
            Some(_) => return None,
        };
        Some(Self { hour, minute, second, nanos, digits: n_digits })
    }

    fn boundary(self, high: bool) -> String {
        let second = self.second.unwrap_or(if high { 59 } else { 0 });
        let mut fraction = format!("{:09}", self.nanos)[..usize::from(self.digits)].to_owned();
        while fraction.len() < 3 {
            fraction.push(if high { '9' } else { '0' });
        }
        format!("{:02}:{:02}:{second:02}.{fraction}", self.hour, self.minute)
    }
}

/// Days since 1970-01-01 of a whole date, `YYYY-MM-DD`; nothing for any other form.
pub(crate) fn days_of_date(text: &str) -> Option<i32> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    days(bytes)
}

/// Microseconds since 1970-01-01 in UTC of `YYYY-MM-DDThh:mm:ss[.f…]` with `Z` or an offset, the form of nearly all
/// instants; nothing for any other form, also for a leap second.
pub(crate) fn micros_of_instant(text: &str) -> Option<i64> {
    let (date, rest) = text.as_bytes().split_first_chunk::<10>()?;
    let ([b'T', h0, h1, b':', m0, m1, b':', s0, s1], mut rest) = rest.split_first_chunk::<9>()? else { return None };
    let (hour, minute, second) = (two(*h0, *h1)?, two(*m0, *m1)?, two(*s0, *s1)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut micros = 0;
    if let [b'.', after @ ..] = rest {
        let n = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if n == 0 || n > 6 {
            return None;
        }
        micros = after[..n].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
            * 10i64.pow(6 - u32::try_from(n).ok()?);
        rest = &after[n..];
    }
    let offset = match rest {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (two(*h0, *h1)?, two(*m0, *m1)?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            if *sign == b'+' { hours * 60 + minutes } else { -(hours * 60 + minutes) }
        }
        _ => return None,
    };
    let minutes = i64::from(days(date)?) * 1440 + hour * 60 + minute - offset;
    Some((minutes * 60 + second) * 1_000_000 + micros)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Days since 1970-01-01 by the rules of the Gregorian calendar, counted in years that begin in March.
fn days(date: &[u8; 10]) -> Option<i32> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date else { return None };
    let (year, month, day) = (two(*y0, *y1)? * 100 + two(*y2, *y3)?, two(*m0, *m1)?, two(*d0, *d1)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    i32::try_from(days).ok()
}

fn digits(text: &str, n: usize) -> Option<u32> {
    (text.len() == n && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[expect(clippy::option_option, reason = "no offset is a value, an offset that cannot be read is none")]
fn parse_offset(text: &str) -> Option<Option<i32>> {
    let sign = match text.as_bytes() {
        [] => return Some(None),
        b"Z" => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 14 && minutes <= 59).then(|| Some(sign * i32::try_from(hours * 60 + minutes).unwrap_or(0)))
}

fn last_day(year: i32, month: u32) -> Option<u32> {
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Some(NaiveDate::from_ymd_opt(year, month, 1)?.pred_opt()?.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporal(text: &str) -> Temporal {
        Temporal::parse(text).unwrap()
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "20",
            "2019-2",
            "2019-02-30",
            "2019-13",
            "2019-01-01T",
            "2019-01T10:00:00Z",
            "2019-01-01T25:00:00Z",
            "2019-01-01T10:00:00+1",
            "x",
        ] {
            assert!(Temporal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_quick_ways_agree_with_the_careful_one() {
        for year in [0, 1, 1582, 1600, 1899, 1900, 1969, 1970, 2000, 2023, 2024, 2100, 9999] {
            for (month, day) in [(1, 1), (2, 28), (2, 29), (3, 1), (4, 30), (6, 31), (12, 31), (0, 1), (13, 1), (5, 0)]
            {
                let text = format!("{year:04}-{month:02}-{day:02}");
                let careful = Temporal::parse(&text).and_then(|t| t.first_day());
                let days = careful.map(|d| d.signed_duration_since(NaiveDate::default()).num_days());
                assert_eq!(days_of_date(&text).map(i64::from), days, "{text}");
                for rest in ["T00:00:00Z", "T23:59:59.999-05:30", "T12:30:01.123456+14:00", "T01:02:03.5Z"] {
                    let text = format!("{text}{rest}");
                    let careful = Temporal::parse(&text).and_then(|t| t.utc());
                    assert_eq!(micros_of_instant(&text), careful.map(|u| u.and_utc().timestamp_micros()), "{text}");
                }
            }
        }
        for other in
            ["2019", "2019-01-01T10:00Z", "2019-01-01T10:00:00", "2019-01-01T23:59:60Z", "2019-01-01T10:00:00+15:00"]
        {
            assert_eq!(micros_of_instant(other), None, "{other}");
        }
    }

    #[test]
    fn an_offset_becomes_utc() {
        assert_eq!(temporal("2019-03-04T23:30:00-05:00").utc().unwrap().to_string(), "2019-03-05 04:30:00");
        assert_eq!(temporal("2019-03").utc().unwrap().to_string(), "2019-03-01 00:00:00");
        assert_eq!(temporal("2016-12-31T23:59:60Z").utc().unwrap().to_string(), "2017-01-01 00:00:00");
    }

    #[test]
    fn precision_can_leave_an_order_open() {
        assert_eq!(temporal("2019").compare(&temporal("2020-01")), Some(Ordering::Less));
        assert_eq!(temporal("2019").compare(&temporal("2019-01")), None);
        assert_eq!(temporal("2019-01-01").compare(&temporal("2019-01-01")), Some(Ordering::Equal));
        let (a, b) = (temporal("2019-01-01T10:00:00Z"), temporal("2019-01-01T11:00:00+01:00"));
        assert_eq!(a.compare(&b), Some(Ordering::Equal));
        assert_eq!(temporal("10:00").compare(&temporal("10:00:00")), None);
    }

    #[test]
    fn boundaries_fill_what_is_unknown() {
        assert_eq!(temporal("1970-06").boundary(true, true).unwrap(), "1970-06-30");
        assert_eq!(temporal("2020").boundary(true, false).unwrap(), "2020-12-31T23:59:59.999-12:00");
        assert_eq!(temporal("2010-10-10T10:00:00.5Z").boundary(false, false).unwrap(), "2010-10-10T10:00:00.500Z");
        assert_eq!(temporal("12:34").boundary(true, false).unwrap(), "12:34:59.999");
    }
}
