//! Dates and times that are calculated with: `birthDate + 18 years`.

use chrono::{Datelike as _, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use super::{Date, Temporal, Time};
use crate::number::Number;

const MILLIS_OF_DAY: i64 = 86_400_000;

impl Temporal {
    /// What lies that much later (or earlier, when the amount is negative), with the same precision and offset. The unit
    /// is a code of UCUM.
    ///
    /// A day that the month does not have becomes its last. A unit finer than the precision counts in whole units of the
    /// precision, a year being 365 days and a month 30 of them. Of amounts only those of seconds have a fraction. Times of
    /// day go round the clock. `None` for units that are none of time, and outside the years 1 to 9999.
    pub(crate) fn plus(&self, amount: Number, unit: &str) -> Option<Self> {
        let whole = i64::try_from(amount.truncate().scaled(0)?).ok()?;
        let (months, millis) = match unit {
            "a" => (whole.checked_mul(12)?, 0),
            "mo" => (whole, 0),
            "wk" => (0, whole.checked_mul(7 * MILLIS_OF_DAY)?),
            "d" => (0, whole.checked_mul(MILLIS_OF_DAY)?),
            "h" => (0, whole.checked_mul(3_600_000)?),
            "min" => (0, whole.checked_mul(60_000)?),
            "s" => {
                let millis = amount.multiply(Number::integer(1000))?.truncate().scaled(0)?;
                (0, i64::try_from(millis).ok()?)
            }
            "ms" => (0, whole),
            _ => return None,
        };
        let days = millis / MILLIS_OF_DAY;
        match (self.date, self.time) {
            (None, Some(time)) => {
                if months != 0 {
                    return None;
                }
                let later = time.clock()?.overflowing_add_signed(TimeDelta::try_milliseconds(millis)?).0;
                Some(Self { time: Some(time.at(later)), ..*self })
            }
            (Some(date), None) => {
                let precise = match (date.month, date.day) {
                    (None, _) => {
                        Date { year: i32::try_from(i64::from(date.year) + months / 12 + days / 365).ok()?, ..date }
                    }
                    (Some(_), None) => date.on(later(self.first_day()?, months.checked_add(days / 30)?)?),
                    (Some(_), Some(_)) => {
                        date.on(later(self.first_day()?, months)?.checked_add_signed(TimeDelta::try_days(days)?)?)
                    }
                };
                Some(Self { date: Some(precise), ..*self }).filter(Self::is_in_range)
            }
            (Some(date), Some(time)) => {
                let day = later(self.first_day()?, months)?;
                let at =
                    NaiveDateTime::new(day, time.clock()?).checked_add_signed(TimeDelta::try_milliseconds(millis)?)?;
                Some(Self { date: Some(date.on(at.date())), time: Some(time.at(at.time())), ..*self })
                    .filter(Self::is_in_range)
            }
            (None, None) => None,
        }
    }

    fn is_in_range(&self) -> bool {
        self.date.is_some_and(|date| (1..=9999).contains(&date.year))
    }
}

fn later(day: NaiveDate, months: i64) -> Option<NaiveDate> {
    let distance = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { day.checked_sub_months(distance) } else { day.checked_add_months(distance) }
}

impl Date {
    /// That day, with the precision of this.
    fn on(self, day: NaiveDate) -> Self {
        Self { year: day.year(), month: self.month.map(|_| day.month()), day: self.day.map(|_| day.day()) }
    }
}

impl Time {
    /// On a clock; a leap second is the second before it.
    fn clock(self) -> Option<NaiveTime> {
        NaiveTime::from_hms_nano_opt(self.hour, self.minute, self.second.unwrap_or(0).min(59), self.nanos)
    }

    /// That time, with the precision of this, or of milliseconds when those came in.
    fn at(self, clock: NaiveTime) -> Self {
        let second = self.second.map(|_| clock.second());
        let nanos = if second.is_some() { clock.nanosecond() } else { 0 };
        let digits =
            if nanos % 10u32.pow(9 - u32::from(self.digits.min(9))) == 0 { self.digits } else { 3.max(self.digits) };
        Self { hour: clock.hour(), minute: clock.minute(), second, nanos, digits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_later_has_the_same_precision() {
        for (from, amount, unit, expected) in [
            ("1970-06-30", "18", "a", "1988-06-30"),
            ("2020-02-29", "1", "a", "2021-02-28"),
            ("2020-01-31", "1", "mo", "2020-02-29"),
            ("2020-03-01", "-1", "d", "2020-02-29"),
            ("2020-03-01", "49", "h", "2020-03-03"),
            ("2020", "24", "mo", "2022"),
            ("2020", "364", "d", "2020"),
            ("2020-11", "61", "d", "2021-01"),
            ("2020-12-31T23:30:00-05:00", "31", "min", "2021-01-01T00:01:00-05:00"),
            ("2020-01-01T00:00:00.5Z", "1.25", "s", "2020-01-01T00:00:01.750Z"),
            ("2020-01-01T00:00Z", "90", "s", "2020-01-01T00:01Z"),
            ("23:30", "1", "h", "00:30"),
            ("2020-01-01", "2.9", "d", "2020-01-03"),
        ] {
            let later = Temporal::parse(from).unwrap().plus(Number::parse(amount).unwrap(), unit);
            assert_eq!(
                later.map(|temporal| temporal.to_string()).as_deref(),
                Some(expected),
                "{from} + {amount} {unit}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_nothing() {
        for (from, amount, unit) in [
            ("2020", "9000", "a"),
            ("0001-01-01", "-1", "d"),
            ("2020-01-01", "1", "mg"),
            ("10:00", "1", "mo"),
            ("2020-01-01", "9223372036854775807", "wk"),
            ("2020-01-01T00:00:00Z", "9223372036854775807", "ms"),
            ("2020-01-01", "99999999999", "mo"),
        ] {
            let later = Temporal::parse(from).unwrap().plus(Number::parse(amount).unwrap(), unit);
            assert_eq!(later, None, "{from} + {amount} {unit}");
        }
    }
}
