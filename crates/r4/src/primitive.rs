//! [`Primitive`]: what a value of a primitive type looks like.

/// How JSON writes a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A text between quotes.
    Text,
}

/// A primitive type.
#[derive(Clone, Copy, Debug)]
pub struct Primitive {
    name: &'static str,
    form: Form,
    matches: fn(&str) -> bool,
}

const fn of(name: &'static str, form: Form, matches: fn(&str) -> bool) -> Primitive {
    Primitive { name, form, matches }
}

static ALL: [Primitive; 20] = [
    of("base64Binary", Form::Text, is_base64),
    of("boolean", Form::Boolean, |text| matches!(text, "true" | "false")),
    of("canonical", Form::Text, is_uri),
    of("code", Form::Text, is_code),
    of("date", Form::Text, |text| date(text).is_some_and(str::is_empty)),
    of("dateTime", Form::Text, is_date_time),
    of("decimal", Form::Number, |text| !text.is_empty()),
    of("id", Form::Text, is_id),
    of("instant", Form::Text, is_instant),
    of("integer", Form::Number, |text| text.parse::<i32>().is_ok()),
    of("markdown", Form::Text, is_text),
    of("oid", Form::Text, is_oid),
    of("positiveInt", Form::Number, |text| text.parse::<i32>().is_ok_and(|n| n > 0)),
    of("string", Form::Text, is_text),
    of("time", Form::Text, |text| time(text).is_some_and(str::is_empty)),
    of("unsignedInt", Form::Number, |text| text.parse::<i32>().is_ok_and(|n| n >= 0)),
    of("uri", Form::Text, is_uri),
    of("url", Form::Text, is_uri),
    of("uuid", Form::Text, is_uuid),
    of("xhtml", Form::Text, |text| text.contains("<div")),
];

impl Primitive {
    /// The type of this name.
    ///
    /// ```
    /// use twinlake_r4::Primitive;
    ///
    /// let date = Primitive::named("date").unwrap();
    /// assert!(date.matches("2020") && date.matches("2020-02") && date.matches("2020-02-29"));
    /// assert!(!date.matches("2019-02-30") && !date.matches("2020-2-3"));
    /// ```
    pub fn named(name: &str) -> Option<&'static Primitive> {
        ALL.iter().find(|primitive| primitive.name == name)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How JSON writes its values.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether a text, or a number or boolean as it is written, is a value of the type. Days are those of the calendar.
    pub fn matches(&self, text: &str) -> bool {
        (self.matches)(text)
    }
}

/// A letter, digit or sign of ASCII; most characters are, and no rule minds them.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic()
}

/// Whether a text is of nothing else.
fn is_word(text: &str) -> bool {
    !text.is_empty() && each(text, |b| b.is_ascii_graphic())
}

/// Whether all bytes are of a kind. They are many and nearly always are, so all are looked at, which a machine does some at a
/// time.
fn each(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, b| all & is_one(b))
}

fn is_text(text: &str) -> bool {
    // No empty text, and no control characters but those between lines.
    (text.starts_with(is_plain) || !text.trim().is_empty())
        && each(text, |b| b >= b' ' || matches!(b, b'\r' | b'\n' | b'\t'))
}

fn is_uri(text: &str) -> bool {
    is_word(text) || !text.is_empty() && !text.contains(char::is_whitespace)
}

fn is_code(text: &str) -> bool {
    // Single spaces inside, none at the ends.
    is_word(text)
        || !text.is_empty() && text.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace))
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

fn is_base64(text: &str) -> bool {
    let mut n = 0;
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    for b in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        if !known(b) {
            return false;
        }
        n += 1;
    }
    n > 0 && n % 4 == 0
}

fn is_oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else { return false };
    let is_number = |text: &str| text == "0" || text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let mut numbers = numbers.split('.');
    let first = numbers.next().is_some_and(|first| matches!(first, "0" | "1" | "2"));
    let mut rest = numbers.peekable();
    first && rest.peek().is_some() && rest.all(|number| !number.is_empty() && is_number(number))
}

fn is_uuid(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("urn:uuid:") else { return false };
    digits.len() == 36
        && digits.bytes().enumerate().all(|(place, b)| match place {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
        })
}

/// A number of so many digits, and what follows it.
fn digits(text: &str, n: usize) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(n)?;
    let mut number = 0;
    for b in digits.bytes() {
        number = number * 10 + u32::from(b.is_ascii_digit().then(|| b - b'0')?);
    }
    Some((number, rest))
}

/// What follows a year, a month or a day that is in the calendar.
fn date(text: &str) -> Option<&str> {
    let (year, rest) = digits(text, 4).filter(|(year, _)| *year > 0)?;
    let Some(rest) = rest.strip_prefix('-') else { return Some(rest) };
    let (month, rest) = digits(rest, 2).filter(|(month, _)| (1..=12).contains(month))?;
    let Some(rest) = rest.strip_prefix('-') else { return Some(rest) };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    digits(rest, 2).filter(|(day, _)| (1..=last).contains(day)).map(|(_, rest)| rest)
}

/// What follows a time of a day; seconds are required, and one may be leapt.
fn time(text: &str) -> Option<&str> {
    let (_, rest) = digits(text, 2).filter(|(hour, _)| *hour < 24)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2).filter(|(minute, _)| *minute < 60)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2).filter(|(second, _)| *second <= 60)?;
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let end = fraction.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(fraction.len());
    (end > 0).then(|| &fraction[end..])
}

fn is_zone(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let Some(rest) = text.strip_prefix(['+', '-']) else { return false };
    let hour = digits(rest, 2).and_then(|(hour, rest)| Some((hour, digits(rest.strip_prefix(':')?, 2)?)));
    hour.is_some_and(|(hour, (minute, rest))| {
        rest.is_empty() && minute < 60 && (hour < 14 || (hour, minute) == (14, 0))
    })
}

fn is_date_time(text: &str) -> bool {
    match date(text) {
        Some("") => true,
        Some(_) => is_instant(text),
        None => false,
    }
}

fn is_instant(text: &str) -> bool {
    // A time stands behind a whole day only.
    let Some((day, at)) = text.split_once('T') else { return false };
    day.len() == 10 && date(day) == Some("") && time(at).is_some_and(is_zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PRIMITIVES;

    #[track_caller]
    fn check(name: &str, good: &[&str], bad: &[&str]) {
        let primitive = Primitive::named(name).unwrap();
        for text in good {
            assert!(primitive.matches(text), "{name}: {text}");
        }
        for text in bad {
            assert!(!primitive.matches(text), "{name}: {text}");
        }
    }

    #[test]
    fn every_primitive_has_a_form() {
        for name in PRIMITIVES {
            assert!(Primitive::named(name).is_some(), "{name}");
        }
        assert_eq!(ALL.len(), PRIMITIVES.len() + 1, "xhtml");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        check(
            "date",
            &["2019", "2019-12", "2020-02-29", "2000-02-29"],
            &["2019-02-30", "1900-02-29", "2019-13", "19", "2019-1-1", "0000", "2019-01-01T"],
        );
    }

    #[test]
    fn times_have_seconds_and_a_zone() {
        check(
            "dateTime",
            &["2019", "2019-02", "2019-02-28", "2019-02-28T23:59:60Z", "2019-02-28T10:00:00.123+14:00"],
            &[
                "2019-02-28T10:00Z",
                "2019-02-28T10:00:00",
                "2019-02T10:00:00Z",
                "2019-02-28T10:00:00+14:30",
                "2019-02-28T24:00:00Z",
                "2019-02-28T10:00:00.Z",
                "28.02.2019",
            ],
        );
        check("instant", &["2019-02-28T10:00:00-05:00"], &["2019-02-28", "2019-02-30T10:00:00Z"]);
        check("time", &["10:00:00", "10:00:00.5"], &["10:00", "25:00:00", "10:00:00Z"]);
    }

    #[test]
    fn texts_have_the_letters_of_their_type() {
        check("string", &["a", "über\n"], &["", "  ", "a\u{0}"]);
        check("code", &["final", "two words"], &["", " final", "a  b", "a\tb"]);
        check("id", &["a-1.B"], &["", "a_b", &"a".repeat(65)]);
        check("uri", &["urn:x", "a/b"], &["", "a b"]);
        check("oid", &["urn:oid:2.16.840"], &["2.16.840", "urn:oid:2", "urn:oid:3.1", "urn:oid:2.01"]);
        check(
            "uuid",
            &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            &["c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:x"],
        );
        check("base64Binary", &["QUJD", "QUI=\n"], &["", "QUJ", "Q*JD"]);
    }

    #[test]
    fn numbers_have_their_range() {
        check("integer", &["0", "-7", "2147483647"], &["2147483648", "1.0", "1e3"]);
        check("positiveInt", &["1"], &["0", "-1"]);
        check("unsignedInt", &["0"], &["-1"]);
    }
}
