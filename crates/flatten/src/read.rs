//! An iterator of batches over whatever FHIR a reader holds.

use std::io::{self, BufRead};
use std::str::Utf8Error;

use crate::error::FlattenError;
use crate::flattener::{Flattener, TableBatch, first_type};
use crate::needed::Shapes;
use crate::scan::{Next, Scanner};
use crate::tape::Buffers;

/// The batches of all resources of a reader, in their order. [`Flattener::read`] begins it.
///
/// An error is about one resource, and the next call goes on behind it: whoever wants to stop does so at the first error,
/// whoever does not passes over it. Only after [`ReadFault::Io`] and in a document that is no JSON there is nothing more.
#[derive(Debug)]
pub struct Batches<R> {
    input: R,
    flattener: Flattener,
    form: Option<Form>,
    /// What is left when the input has ended.
    last: std::vec::IntoIter<TableBatch>,
    line: u64,
    byte: u64,
    text: Vec<u8>,
    entries: Entries,
}

/// What the input is, by how it begins.
#[derive(Debug)]
enum Form {
    /// A resource a line.
    Lines,
    /// One resource over several lines.
    Document,
    /// The entries of a Bundle.
    Bundle(Scanner),
    Ended,
}

/// A resource that could not be read or flattened; it leaves no row.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, byte {byte}")]
pub struct ReadError {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Bytes of the input before it, from 0.
    pub byte: u64,
    /// What was read, where it is text.
    pub text: Option<String>,
    /// Why.
    #[source]
    pub fault: Box<ReadFault>,
}

/// Why a resource could not be read or flattened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFault {
    /// The reader has failed; nothing follows.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// The bytes are no text.
    #[error("is not UTF-8")]
    NotUtf8(#[from] Utf8Error),
    /// The text is no resource, or its values do not fit the columns.
    #[error(transparent)]
    Flatten(#[from] FlattenError),
}

impl Flattener {
    /// Flattens all resources of a reader: NDJSON, a Bundle of any type, or a single resource.
    ///
    /// The begin of the input tells which: a Bundle has `resourceType` first, a single resource a first line of `{` alone.
    /// Memory is bounded by the batch size and the longest resource; the entries of a Bundle come one by one. References
    /// within a Bundle are taken as written: `getReferenceKey()` of `urn:uuid:x` is `x`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition};
    ///
    /// let view = ViewDefinition::parse(
    ///     r#"{"name": "patient", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}"#,
    /// )?;
    /// let plan = Arc::new(Plan::compile(&[view], Types::Typed)?);
    /// let ndjson = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";
    /// let mut n_rows = 0;
    /// for batch in Flattener::new(plan, 8192).read(ndjson.as_bytes()) {
    ///     n_rows += batch?.rows.num_rows();
    /// }
    /// assert_eq!(n_rows, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<R: BufRead>(self, input: R) -> Batches<R> {
        Batches {
            input,
            flattener: self,
            form: None,
            last: Vec::new().into_iter(),
            line: 1,
            byte: 0,
            text: Vec::new(),
            entries: Entries::new(),
        }
    }
}

impl<R: BufRead> Iterator for Batches<R> {
    type Item = Result<TableBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.flattener.next_ready() {
                return Some(Ok(batch));
            }
            let read = match self.form {
                None => self.begin(),
                Some(Form::Ended) => return self.last.next().map(Ok),
                Some(Form::Lines) => self.next_line(),
                Some(Form::Document) => self.document(),
                Some(Form::Bundle(_)) => self.next_entry(),
            };
            match read {
                Ok(true) => {}
                Ok(false) => self.end(),
                Err(error) => {
                    if matches!(*error.fault, ReadFault::Io(_)) {
                        self.end();
                    }
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<R: BufRead> Batches<R> {
    fn end(&mut self) {
        self.form = Some(Form::Ended);
        self.last = self.flattener.flush().into_iter();
    }

    fn error(&self, fault: impl Into<ReadFault>, text: Option<&str>) -> ReadError {
        ReadError { line: self.line, byte: self.byte, text: text.map(str::to_owned), fault: Box::new(fault.into()) }
    }

    /// Looks how the input begins.
    fn begin(&mut self) -> Result<bool, ReadError> {
        let start = match self.input.fill_buf() {
            Ok(start) => start,
            Err(error) => return Err(self.error(error, None)),
        };
        let n_mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let start = &start[n_mark..];
        // A character that is cut at the end of the buffer stands far behind what is looked for.
        let valid = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let is_bundle = first_type(valid) == Some("Bundle") && self.flattener.plan().resource() != "Bundle";
        let first_line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        self.form = Some(match first_line.trim_ascii() {
            _ if is_bundle => Form::Bundle(Scanner::new("entry")),
            b"{" => Form::Document,
            _ => Form::Lines,
        });
        self.input.consume(n_mark);
        self.byte += n_mark as u64;
        Ok(true)
    }

    fn next_line(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        match self.input.read_until(b'\n', &mut self.text) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(self.error(error, None)),
        }
        let result = self.push_text();
        self.line += 1;
        self.byte += self.text.len() as u64;
        result.map(|()| true)
    }

    fn document(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        match self.input.read_to_end(&mut self.text) {
            Ok(_) => {}
            Err(error) => return Err(self.error(error, None)),
        }
        self.end();
        self.push_text()?;
        self.end();
        Ok(true)
    }

    /// Flattens what was read, unless it is blank.
    fn push_text(&mut self) -> Result<(), ReadError> {
        let text = match std::str::from_utf8(&self.text) {
            Ok(text) => text.trim_ascii(),
            Err(error) => return Err(self.error(error, None)),
        };
        if text.is_empty() {
            return Ok(());
        }
        self.flattener.push(text).map_err(|error| self.error(error, Some(text)))
    }

    fn next_entry(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        let Some(Form::Bundle(scanner)) = &mut self.form else { return Ok(false) };
        let next = match scanner.next(&mut self.input, &mut self.text) {
            Ok(next) => next,
            Err(error) => return Err(self.error(error, None)),
        };
        (self.line, self.byte) = scanner.place();
        match next {
            Next::End => return Ok(false),
            Next::Bad(reason) => {
                self.end();
                let at = usize::try_from(self.byte).unwrap_or(usize::MAX);
                return Err(self.error(FlattenError::Json { at, reason }, None));
            }
            Next::Element => {}
        }
        let text = match std::str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(error) => return Err(self.error(error, None)),
        };
        match self.entries.resource(text) {
            Ok(Some(resource)) => {
                self.flattener.push(resource).map_err(|error| self.error(error, Some(resource)))?;
                Ok(true)
            }
            Ok(None) => Ok(true),
            Err(error) => Err(self.error(error, Some(text))),
        }
    }
}

/// Finds the resource of an entry.
#[derive(Debug)]
struct Entries {
    buffers: Buffers,
    needed: crate::needed::Needed,
    resource: u16,
}

impl Entries {
    fn new() -> Self {
        let mut shapes = Shapes::new();
        let resource = shapes.key("resource");
        shapes.child(0, resource);
        Self { buffers: Buffers::default(), needed: shapes.freeze(), resource }
    }

    fn resource<'t>(&mut self, entry: &'t str) -> Result<Option<&'t str>, FlattenError> {
        let tape = self.buffers.parse(entry, &self.needed)?;
        let found = tape.root().get(self.resource).filter(|node| node.is_object());
        Ok(found.and_then(|node| entry.get(node.range())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Types, ViewDefinition};
    use std::io::BufReader;
    use std::sync::Arc;

    fn ids(input: &str, capacity: usize) -> (Vec<String>, Vec<String>) {
        let view = r#"{"name": "p", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}"#;
        let view = ViewDefinition::parse(view).unwrap();
        let plan = Arc::new(Plan::compile(&[view], Types::Typed).unwrap());
        let (mut ids, mut errors) = (Vec::new(), Vec::new());
        for batch in Flattener::new(plan, 2).read(BufReader::with_capacity(capacity, input.as_bytes())) {
            match batch {
                Ok(batch) => {
                    let column = batch.rows.column(0);
                    ids.extend(arrow::array::AsArray::as_string::<i32>(column).iter().flatten().map(str::to_owned));
                }
                Err(error) => errors.push(format!("{error}: {}", error.fault)),
            }
        }
        (ids, errors)
    }

    #[test]
    fn a_bad_line_is_told_and_the_rest_goes_on() {
        let lines = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n\n{\"resourceType\":\n{\"resourceType\":\"Patient\",\"id\":\"b\"}";
        let (found, errors) = ids(lines, 8192);
        assert_eq!(found, ["a", "b"]);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("line 3, byte 37: not JSON"), "{errors:?}");
    }

    #[test]
    fn a_single_resource_may_have_several_lines() {
        assert_eq!(ids("{\n \"resourceType\": \"Patient\",\n \"id\": \"a\"\n}\n", 8192).0, ["a"]);
    }

    #[test]
    fn entries_of_a_bundle_come_one_by_one() {
        let bundle = r#"{"resourceType": "Bundle", "type": "collection", "link": [{"url": "]}\"entry\":["}],
            "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "a\u0041"}}, {"request": {}},
            {"resource": {"resourceType": "Patient", "id": 7}}, {"resource": {"resourceType": "Group", "id": "g"}},
            {"resource": {"resourceType": "Patient", "id": "c", "name": [{"family": "}"}]}} ], "total": 4}"#;
        for capacity in [64, 8192] {
            let (found, errors) = ids(bundle, capacity);
            assert_eq!(found, ["aA", "7", "c"]);
            assert!(errors.is_empty(), "{errors:?}");
        }
        let (found, errors) = ids(&bundle[..bundle.len() - 60], 64);
        assert_eq!(found, ["aA", "7"]);
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
}
