//! [`Cursor`]: a walk over a JSON text without building anything.
//!
//! The text is one that a JSON reader accepted; of one that is not JSON the walk ends where that shows.

use std::borrow::Cow;

use memchr::memchr2;

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// A quote.
    Text,
    /// A digit or a minus.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`
    Null,
}

/// A place in a JSON text.
///
/// ```
/// use twinlake_fhir::Cursor;
///
/// let mut cursor = Cursor::new(r#"{"resourceType":"Patient","name":[{"family":"Lake"}],"id":"p1"}"#);
/// cursor.take(b'{');
/// while let Some(key) = cursor.key() {
///     if key == "id" {
///         assert_eq!(cursor.scalar(), "p1");
///     } else {
///         cursor.skip();
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    /// The beginning of a text.
    #[inline]
    pub fn new(text: &'t str) -> Self {
        Cursor { text, at: 0 }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while self.byte().is_some_and(|b| b <= b' ' && b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// What is left of the text.
    #[inline]
    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes these letters when they come next, without looking for where a value ends.
    #[inline]
    pub fn take_text(&mut self, text: &str) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Takes this byte when it comes next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.byte() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// What comes next.
    #[inline]
    pub fn kind(&mut self) -> Option<Kind> {
        self.skip_space();
        Some(match self.byte()? {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::Text,
            b't' | b'f' => Kind::Boolean,
            b'n' => Kind::Null,
            b'-' | b'0'..=b'9' => Kind::Number,
            _ => return None,
        })
    }

    /// The next key of an object whose `{` was taken; none at its end, whose `}` is taken.
    #[inline]
    pub fn key(&mut self) -> Option<&'t str> {
        self.take(b',');
        if self.take(b'}') || !self.take(b'"') {
            return None;
        }
        // Keys are short, and a search that is made for long texts costs more to begin than they take.
        let start = self.at;
        let short = self.text.as_bytes()[start..].iter().take(24).position(|b| matches!(b, b'"' | b'\\'));
        match short {
            Some(end) if self.text.as_bytes()[start + end] == b'"' => self.at += end + 1,
            _ => drop(self.end_text()?),
        }
        let key = self.text.get(start..self.at - 1)?;
        self.take(b':');
        Some(key)
    }

    /// Whether a list whose `[` was taken has another item; its `]` is taken at its end.
    #[inline]
    pub fn item(&mut self) -> bool {
        self.take(b',');
        !self.take(b']') && self.kind().is_some()
    }

    /// Goes behind the quote that ends the text whose first quote was taken, and says whether there were escapes before it; to the
    /// end of all when there is none.
    #[inline]
    fn end_text(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        while let Some(next) = bytes.get(self.at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            self.at += next;
            if bytes[self.at] == b'"' {
                self.at += 1;
                return Some(is_escaped);
            }
            is_escaped = true;
            self.at += 2;
        }
        self.at = bytes.len();
        None
    }

    /// What the text that comes next says; none when its escapes stand for no letters, or there is no text.
    #[inline]
    pub fn decoded(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        let first = self.at;
        if self.end_text()? {
            return serde_json::from_str(&self.text[start..self.at]).ok().map(Cow::Owned);
        }
        self.text.get(first..self.at - 1).map(Cow::Borrowed)
    }

    /// A text, number or boolean: of a text what it says, or the letters that are written where its escapes stand for none;
    /// of the others as they are written.
    #[inline]
    pub fn scalar(&mut self) -> Cow<'t, str> {
        if self.kind() == Some(Kind::Text) {
            let start = self.at;
            return self.decoded().unwrap_or_else(|| Cow::Borrowed(self.text[start..self.at].trim_matches('"')));
        }
        let start = self.at;
        while self.byte().is_some_and(|b| !matches!(b, b',' | b'}' | b']') && !b.is_ascii_whitespace()) {
            self.at += 1;
        }
        Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default())
    }

    /// What [`Cursor::scalar`] would give.
    pub fn peek(&self) -> Cow<'t, str> {
        let mut value = *self;
        value.scalar()
    }

    /// Passes over a value.
    #[inline]
    pub fn skip(&mut self) {
        match self.kind() {
            Some(Kind::Object | Kind::Array) => self.skip_container(),
            Some(Kind::Text) => {
                self.at += 1;
                self.end_text();
            }
            Some(_) => drop(self.scalar()),
            None => {}
        }
    }

    /// Passes over an object or a list, whose first byte comes next. Only quotes and brackets matter.
    fn skip_container(&mut self) {
        let mut depth = 0_u32;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => return,
                b'}' | b']' => depth -= 1,
                b'"' if self.end_text().is_none() => break,
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    /// The text of this name in the object that comes next, wherever it stands there; the cursor stays before the object.
    pub fn text_member(&self, name: &str) -> Option<Cow<'t, str>> {
        let mut object = *self;
        object.take(b'{');
        while let Some(key) = object.key() {
            match object.kind()? {
                Kind::Text if key == name => return Some(object.scalar()),
                _ => object.skip(),
            }
        }
        None
    }

    /// The text of the value that comes next, as it is written.
    pub fn raw(&self) -> &'t str {
        let mut value = *self;
        value.skip();
        self.text.get(self.at..value.at).unwrap_or_default().trim_start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_meets_every_key_and_value() {
        let text = r#" {"a" : [1, {"b":"x]\"}"}, null ], "c": {"d": {}}, "e\n":true}"#;
        let mut cursor = Cursor::new(text);
        assert!(cursor.take(b'{'));
        assert_eq!(cursor.key(), Some("a"));
        assert!(cursor.take(b'['));
        assert!(cursor.item());
        assert_eq!(cursor.scalar(), "1");
        assert!(cursor.item());
        assert!(cursor.take(b'{'));
        assert_eq!((cursor.key(), cursor.scalar().into_owned()), (Some("b"), "x]\"}".to_owned()));
        assert_eq!(cursor.key(), None);
        assert!(cursor.item());
        assert_eq!(cursor.kind(), Some(Kind::Null));
        cursor.skip();
        assert!(!cursor.item());
        assert_eq!(cursor.key(), Some("c"));
        assert_eq!(cursor.raw(), r#"{"d": {}}"#);
        cursor.skip();
        assert_eq!((cursor.key(), cursor.scalar().into_owned()), (Some("e\\n"), "true".to_owned()));
        assert_eq!(cursor.key(), None);
    }

    /// Walks over all of a value, asking for everything that can be asked.
    fn walk(cursor: &mut Cursor<'_>) {
        cursor.raw();
        match cursor.kind() {
            Some(Kind::Object) => {
                cursor.take(b'{');
                while cursor.key().is_some() && cursor.kind().is_some() {
                    walk(cursor);
                }
            }
            Some(Kind::Array) => {
                cursor.take(b'[');
                while cursor.item() {
                    walk(cursor);
                }
            }
            _ => {
                cursor.peek();
                cursor.skip();
                cursor.scalar();
            }
        }
    }

    #[test]
    fn escapes_are_read_where_they_mean_something() {
        for (text, expected) in [
            (r#""plain""#, Some("plain")),
            (r#" "a\u00e9\"b" "#, Some("aé\"b")),
            (r#""\ud800""#, None),
            ("7", None),
            ("\"open", None),
        ] {
            assert_eq!(Cursor::new(text).decoded().as_deref(), expected, "{text}");
        }
        assert_eq!(Cursor::new(r#""\ud800""#).scalar(), r"\ud800");
    }

    #[test]
    fn what_is_no_json_ends_the_walk() {
        for text in ["", "{", "{\"a\"", "[1,", "{\"a\":\"b", "}", "\"\\", "{\"a\":\"\\", "[[[", "{\"a\":é,é", "{\"é\\é"]
        {
            Cursor::new(text).skip();
            walk(&mut Cursor::new(text));
        }
        let whole = r#" {"a" : [1, {"é":"x\"é}"}, null ], "c": {"d": {}}, "e\n":-1.5e3,"f":[true,"\\"]} "#;
        for (place, cut) in whole.char_indices() {
            walk(&mut Cursor::new(&whole[..place]));
            walk(&mut Cursor::new(&whole[place..]));
            let without = format!("{}{}", &whole[..place], &whole[place + cut.len_utf8()..]);
            walk(&mut Cursor::new(&without));
        }
    }
}
