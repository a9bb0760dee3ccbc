//! Bundles: their entries one by one, and the references between them.
//!
//! Memory holds one entry at a time, however large the Bundle is. References need two readings: the first teaches
//! [`References`] which resource stands behind which url and identifier, the second writes each resource with
//! [`resolve`].

use std::io::{BufRead, ErrorKind};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::within;
use crate::{FhirError, Text};

pub use crate::reference::{References, Resolved, resolve};

/// An entry of a Bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'t> {
    /// Number of the entry, from 0.
    pub number: u64,
    /// Line of the input on which the entry begins, from 1.
    pub line: u64,
    /// `fullUrl`
    pub full_url: Option<Text<'t>>,
    /// The JSON text of the resource; responses and deletions have none.
    pub resource: Option<&'t str>,
    /// Line of the input on which the resource begins.
    pub resource_line: u64,
}

impl Entry<'_> {
    /// The id that the entry gives to a resource without one: the UUID of a `urn:uuid:`, or the end of another url.
    pub fn id_from_url(&self) -> Option<&str> {
        let url = self.full_url.as_deref()?;
        url.strip_prefix("urn:uuid:").or_else(|| crate::reference::type_and_id(url).map(|(_, id)| id))
    }
}

/// Reads the entries of a Bundle of any type (collection, transaction, batch, searchset, message, document).
///
/// ```
/// use twinlake_fhir::bundle::Reader;
///
/// let bundle = r#"{"resourceType": "Bundle", "type": "collection", "entry": [
///   {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient"}}
/// ]}"#;
/// let mut entries = Reader::new(bundle.as_bytes());
/// let entry = entries.next_entry()?.unwrap();
/// assert_eq!((entry.line, entry.id_from_url()), (2, Some("1")));
/// assert!(entries.next_entry()?.is_none());
/// assert_eq!(entries.bundle_type(), Some("collection"));
/// # Ok::<(), twinlake_fhir::FhirError>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    scanner: Scanner<R>,
    state: State,
    buffer: Vec<u8>,
    entry: Vec<u8>,
    n_entries: u64,
    resource_type: Option<String>,
    bundle_type: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Start,
    Keys { first: bool },
    Entries { first: bool },
    Done,
}

impl<R: BufRead> Reader<R> {
    /// Reads the Bundle in `input`, which is plain text; see [`crate::ndjson::open`].
    pub fn new(input: R) -> Self {
        Reader {
            scanner: Scanner { input, line: 1, column: 0 },
            state: State::Start,
            buffer: Vec::new(),
            entry: Vec::new(),
            n_entries: 0,
            resource_type: None,
            bundle_type: None,
        }
    }

    /// `Bundle.type`, as far as it was read; it is known at the end.
    pub fn bundle_type(&self) -> Option<&str> {
        self.bundle_type.as_deref()
    }

    /// The text of the entry that was read last, e.g. to put one aside that is in error.
    pub fn last_bytes(&self) -> &[u8] {
        &self.entry
    }

    /// The next entry; none at the end of the Bundle.
    ///
    /// # Errors
    ///
    /// [`FhirError::Entry`] when an entry is not a JSON object with a resource in it; reading can go on with the next.
    /// Any other error ends the reading: [`FhirError::OtherType`] or [`FhirError::MissingResourceType`] when the input is
    /// no Bundle, [`FhirError::Truncated`] when it ends too early, [`FhirError::Syntax`] when it is not JSON,
    /// [`FhirError::Read`] when it cannot be read.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, FhirError> {
        match self.advance() {
            Ok(Some(line)) => {
                let number = self.n_entries;
                self.n_entries += 1;
                std::str::from_utf8(&self.entry)
                    .map_err(|_| FhirError::Encoding { line })
                    .and_then(|text| entry(text, number, line))
                    .map(Some)
                    .map_err(|source| FhirError::Entry { entry: number, line, source: Box::new(source) })
            }
            Ok(None) => {
                self.state = State::Done;
                Ok(None)
            }
            Err(error) => {
                self.state = State::Done;
                Err(error)
            }
        }
    }

    /// Moves the text of the next entry to `self.entry` and says on which line it begins.
    fn advance(&mut self) -> Result<Option<u64>, FhirError> {
        loop {
            match self.state {
                State::Done => return Ok(None),
                State::Start => {
                    self.scanner.skip_byte_order_mark()?;
                    self.scanner.expect(b'{')?;
                    self.state = State::Keys { first: true };
                }
                State::Keys { first } => match self.scanner.next_token()? {
                    b'}' => return self.end().map(|()| None),
                    b',' if !first => {
                        self.scanner.bump();
                        self.key()?;
                    }
                    b'"' if first => self.key()?,
                    other => return Err(self.scanner.unexpected(other, "`,` or `}`")),
                },
                State::Entries { first } => match self.scanner.next_token()? {
                    b']' => {
                        self.scanner.bump();
                        self.state = State::Keys { first: false };
                    }
                    b',' if !first => {
                        self.scanner.bump();
                        return self.entry_text().map(Some);
                    }
                    b'{' if first => return self.entry_text().map(Some),
                    other => return Err(self.scanner.unexpected(other, "`,` or `]`")),
                },
            }
        }
    }

    /// Reads a key of the Bundle and, unless it is `entry`, its value.
    fn key(&mut self) -> Result<(), FhirError> {
        let key: String = self.small_value()?;
        self.scanner.expect(b':')?;
        self.state = State::Keys { first: false };
        match key.as_str() {
            "resourceType" => self.resource_type = Some(self.small_value()?),
            "type" if self.is_bundle() => self.bundle_type = Some(self.small_value()?),
            "entry" if self.is_bundle() => {
                self.scanner.expect(b'[')?;
                self.state = State::Entries { first: true };
            }
            _ => {
                self.small_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    /// Whether this is a Bundle as far as we know; the type may come last.
    fn is_bundle(&self) -> bool {
        self.resource_type.as_deref().is_none_or(|name| name == "Bundle")
    }

    fn end(&mut self) -> Result<(), FhirError> {
        self.scanner.bump();
        if let Some(more) = self.scanner.peek_token()? {
            return Err(self.scanner.unexpected(more, "the end"));
        }
        match self.resource_type.take() {
            Some(name) if name == "Bundle" => Ok(()),
            Some(found) => Err(FhirError::OtherType { expected: "Bundle", found }),
            None => Err(FhirError::MissingResourceType),
        }
    }

    fn entry_text(&mut self) -> Result<u64, FhirError> {
        self.state = State::Entries { first: false };
        self.scanner.next_token()?;
        let line = self.scanner.line;
        self.entry.clear();
        self.scanner.value(&mut self.entry)?;
        Ok(line)
    }

    fn small_value<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, FhirError> {
        self.scanner.next_token()?;
        let line = self.scanner.line;
        self.buffer.clear();
        self.scanner.value(&mut self.buffer)?;
        serde_json::from_slice(&self.buffer).map_err(|error| {
            let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_add(error.line().saturating_sub(1));
            FhirError::Syntax { message: error.to_string(), line: at, column: error.column() }
        })
    }
}

/// What stands in the text of an entry.
fn entry(text: &str, number: u64, line: u64) -> Result<Entry<'_>, FhirError> {
    let fields: EntryFields<'_> =
        serde_json::from_str(text).map_err(|error| FhirError::from_json("entry", text, &error))?;
    let resource = fields.resource;
    let lines_before = resource.map_or(0, |resource| {
        let start = resource.as_ptr() as usize - text.as_ptr() as usize;
        n_line_breaks(&text.as_bytes()[..start])
    });
    Ok(Entry { number, line, full_url: fields.full_url, resource, resource_line: line + lines_before })
}

fn n_line_breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[derive(Default)]
struct EntryFields<'t> {
    full_url: Option<Text<'t>>,
    resource: Option<&'t str>,
}

impl<'de> Deserialize<'de> for EntryFields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = EntryFields<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = EntryFields::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.as_str() {
                "fullUrl" => fields.full_url = Some(map.next_value().map_err(|error| within(&key, &error))?),
                "resource" => {
                    let raw: &'de serde_json::value::RawValue = map.next_value()?;
                    fields.resource = Some(raw.get());
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// Finds where JSON values begin and end in a stream.
#[derive(Debug)]
struct Scanner<R> {
    input: R,
    line: u64,
    column: usize,
}

impl<R: BufRead> Scanner<R> {
    fn skip_byte_order_mark(&mut self) -> Result<(), FhirError> {
        if self.chunk()?.first() == Some(&0xef) {
            // Byte by byte, since a chunk may be as short as that.
            for _ in 0..3 {
                self.chunk()?;
                self.bump();
            }
            self.column = 0;
        }
        Ok(())
    }

    /// The first byte of the next token, which is not taken; an error at the end.
    fn next_token(&mut self) -> Result<u8, FhirError> {
        self.peek_token()?.ok_or_else(|| self.truncated())
    }

    fn peek_token(&mut self) -> Result<Option<u8>, FhirError> {
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            match chunk.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(0) => return Ok(Some(chunk[0])),
                Some(n_spaces) => self.take(n_spaces, None),
                None => {
                    let n_spaces = chunk.len();
                    self.take(n_spaces, None);
                }
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), FhirError> {
        let found = self.next_token()?;
        if found == byte {
            self.bump();
            Ok(())
        } else {
            Err(self.unexpected(found, &format!("`{}`", char::from(byte))))
        }
    }

    /// Takes the one byte that was peeked at.
    fn bump(&mut self) {
        self.take(1, None);
    }

    /// Appends the text of the value that begins at the next byte. Its end is found by its brackets and quotes; whether
    /// it is JSON shows when it is read.
    fn value(&mut self, into: &mut Vec<u8>) -> Result<(), FhirError> {
        let mut extent = Extent::default();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return if extent.is_bare() { Ok(()) } else { Err(self.truncated()) };
            }
            if let Some(length) = extent.find_end(chunk) {
                self.take(length, Some(into));
                return Ok(());
            }
            let length = chunk.len();
            self.take(length, Some(into));
        }
    }

    fn take(&mut self, length: usize, into: Option<&mut Vec<u8>>) {
        // Filled before, so there are `length` bytes without asking the input for more.
        let taken = self.input.fill_buf().unwrap_or_default().get(..length).unwrap_or_default();
        self.column = match memchr::memrchr(b'\n', taken) {
            Some(last) => length - last - 1,
            None => self.column + length,
        };
        self.line += n_line_breaks(taken);
        if let Some(into) = into {
            into.extend_from_slice(taken);
        }
        self.input.consume(length);
    }

    fn chunk(&mut self) -> Result<&[u8], FhirError> {
        // Asked twice, since a borrow that is returned from a loop would last too long.
        loop {
            match self.input.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(FhirError::Read { line: self.line, source }),
            }
        }
        self.input.fill_buf().map_err(|source| FhirError::Read { line: self.line, source })
    }

    fn truncated(&self) -> FhirError {
        FhirError::Truncated { line: self.line_number(), column: self.column }
    }

    fn unexpected(&self, found: u8, expected: &str) -> FhirError {
        let message = format!("expected {expected}, found `{}`", char::from(found).escape_default());
        FhirError::Syntax { message, line: self.line_number(), column: self.column + 1 }
    }

    fn line_number(&self) -> usize {
        usize::try_from(self.line).unwrap_or(usize::MAX)
    }
}

/// How far a value has been followed.
#[derive(Default)]
struct Extent {
    depth: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
}

impl Extent {
    /// How many bytes of `chunk` still belong to the value; none when it goes on behind the chunk.
    fn find_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                at += memchr::memchr2(b'"', b'\\', &chunk[at..])?;
                if chunk[at] == b'\\' {
                    self.escaped = true;
                } else {
                    self.in_string = false;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                at += 1;
                continue;
            }
            match byte {
                // A number or word ends where something else begins.
                b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r' | b'\t' if self.is_bare() => return Some(at),
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        None
    }

    /// Whether the value is a number or a word, as far as it was followed.
    fn is_bare(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    type Seen = Vec<(u64, Option<String>, Option<String>)>;

    fn read(bundle: &str, chunk: usize) -> (Seen, Option<FhirError>) {
        let mut entries = Reader::new(BufReader::with_capacity(chunk, bundle.as_bytes()));
        let mut seen = Vec::new();
        loop {
            match entries.next_entry() {
                Ok(Some(entry)) => seen.push((
                    entry.resource_line,
                    entry.full_url.as_deref().map(str::to_owned),
                    entry.resource.map(str::to_owned),
                )),
                Ok(None) => return (seen, None),
                Err(error) => return (seen, Some(error)),
            }
        }
    }

    #[test]
    fn bundles_of_all_types_give_their_entries() {
        for kind in ["collection", "transaction", "batch", "searchset", "message", "document"] {
            let bundle = format!(
                "\u{feff}{{\"resourceType\":\"Bundle\",\"id\":\"a]}}\\\"\",\"type\":\"{kind}\",\"total\":2,\"link\":[{{\"url\":\"x\"}}],\n\
                 \"entry\":[\n{{\"fullUrl\":\"u\",\n\"resource\":{{\"a\":[\"}}\"]}},\"request\":{{}}}},{{\"response\":{{}}}}\n],\"signature\":{{}} }}\n"
            );
            for chunk in [1, 2, 7, 8192] {
                let (seen, error) = read(&bundle, chunk);
                assert!(error.is_none(), "{error:?}");
                assert_eq!(seen, [(4, Some("u".into()), Some("{\"a\":[\"}\"]}".into())), (3 + 1, None, None)]);
            }
        }
    }

    #[test]
    fn a_bundle_without_entries_is_one() {
        for bundle in [r#"{"resourceType":"Bundle"}"#, r#"{"entry":[],"resourceType":"Bundle"}"#] {
            let (seen, error) = read(bundle, 3);
            assert!(seen.is_empty() && error.is_none(), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_bundle_says_what_it_is() {
        let (_, error) = read(r#"{"resourceType":"List","entry":[{"item":{}}]}"#, 8);
        assert!(matches!(error, Some(FhirError::OtherType { ref found, .. }) if found == "List"), "{error:?}");
        let (_, error) = read(r#"{"entry":[{"item":{}}],"resourceType":"List"}"#, 8);
        assert!(matches!(error, Some(FhirError::OtherType { ref found, .. }) if found == "List"), "{error:?}");
        assert!(matches!(read(r#"{"output":[]}"#, 8).1, Some(FhirError::MissingResourceType)));
        for text in
            ["[]", "7", r#"{"a" 1}"#, r#"{"a":1 "b":2}"#, "{,}", r#"{"resourceType":"Bundle"} x"#, "{\"a\":tru}"]
        {
            assert!(matches!(read(text, 8).1, Some(FhirError::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn a_bundle_that_is_cut_off_says_where() {
        let bundle = "{\"resourceType\":\"Bundle\",\n\"entry\":[{\"resource\":{}},\n{\"resource\":{\"id\":\"1\"}}]}";
        for length in 0..bundle.len() {
            let (_, error) = read(&bundle[..length], 8);
            assert!(matches!(error, Some(FhirError::Truncated { .. })), "{length}: {error:?}");
        }
        let (seen, error) = read(&bundle[..bundle.len() - 5], 8);
        assert_eq!(seen.len(), 1);
        assert_eq!(error.unwrap().to_string(), "truncated at line 3 column 20");
    }

    #[test]
    fn a_bad_entry_does_not_end_the_bundle() {
        let bundle =
            "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":7},\n{\"resource\":{\"a\":tru}},{\"resource\":{}}]}";
        let mut entries = Reader::new(bundle.as_bytes());
        let first = entries.next_entry().unwrap_err();
        assert!(first.to_string().starts_with("entry 0 on line 1: `entry.fullUrl`: invalid type"), "{first}");
        assert!(matches!(entries.next_entry(), Err(FhirError::Entry { entry: 1, line: 2, .. })));
        assert_eq!(entries.last_bytes(), br#"{"resource":{"a":tru}}"#);
        assert_eq!(entries.next_entry().unwrap().unwrap().resource, Some("{}"));
        assert!(entries.next_entry().unwrap().is_none());
    }
}
