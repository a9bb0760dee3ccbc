//! Input files as chunks of resources.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use twinlake_fhir::bundle::{self, References, resolve};
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_fhir::{FhirError, Header};

/// Standard input, by its name among files.
pub(crate) const STDIN: &str = "-";

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// Bytes of text that make a chunk, the unit of work of a thread.
const CHUNK_BYTES: usize = 1 << 20;

/// Resources that follow each other in one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) file: Arc<Path>,
    pub(crate) body: Body,
    /// What could not be read as a resource; in a chunk of lines, what ended the reading.
    pub(crate) rejected: Vec<Rejected>,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// Whole lines of an NDJSON file. How many lines came before is counted later, so that reading need not look at them.
    Lines {
        bytes: Vec<u8>,
        /// Bytes of the file before these.
        offset: u64,
    },
    /// Resources one after the other, with the line of the file on which each begins and where in the text it ends.
    Resources { text: String, ends: Vec<(u64, usize)> },
}

/// Something of the input that could not be read as a resource, or could not be flattened.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}`, line {line}{}: {reason}", file.display(), at_byte(*byte))]
pub struct Rejected {
    /// The file.
    pub file: PathBuf,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Bytes of the file's text, decompressed, before it; not known for entries of a Bundle.
    pub byte: Option<u64>,
    /// Why.
    pub reason: String,
    /// What was read, as far as it is text; nothing where reading itself failed.
    pub text: Option<String>,
}

fn at_byte(byte: Option<u64>) -> String {
    byte.map_or_else(String::new, |byte| format!(", byte {byte}"))
}

/// Takes a resource: its line, its offset, and its text or the bytes that are none.
pub(crate) type Take<'t> = &'t mut dyn FnMut(u64, Option<u64>, Result<&str, &[u8]>);

impl Chunk {
    fn of_resources(file: &Arc<Path>, memory: Vec<u8>) -> Self {
        let text = String::from_utf8(memory).unwrap_or_default();
        Self { file: file.clone(), body: Body::Resources { text, ends: Vec::new() }, rejected: Vec::new() }
    }

    /// Its memory, empty, to be filled again; memory of a chunk that was unusually long is given back to the system.
    pub(crate) fn into_memory(self) -> Vec<u8> {
        let mut memory = match self.body {
            Body::Lines { bytes, .. } => bytes,
            Body::Resources { text, .. } => text.into_bytes(),
        };
        memory.clear();
        memory.shrink_to(8 * CHUNK_BYTES);
        memory
    }

    /// Gives each resource, the line on which it begins (counted from 1 in a chunk of lines) and its offset; or its bytes
    /// when they are no text. Says how many lines there were, when it is a chunk of lines.
    pub(crate) fn each(&self, take: Take<'_>) -> u64 {
        match &self.body {
            Body::Resources { text, ends } => {
                let mut start = 0;
                for (line, end) in ends {
                    take(*line, None, Ok(&text[start..*end]));
                    start = *end;
                }
                0
            }
            Body::Lines { bytes, offset } => {
                let mut n_lines = 0;
                let mut give = |start: usize, line: &[u8], text: Option<&str>| {
                    n_lines += 1;
                    let n_before = line.len() - line.trim_ascii_start().len();
                    let line = line.trim_ascii();
                    if line.is_empty() {
                        return;
                    }
                    let text = match text {
                        Some(text) => Ok(text.trim_ascii()),
                        None => std::str::from_utf8(line).map_err(|_| line),
                    };
                    take(n_lines, Some(offset + (start + n_before) as u64), text);
                };
                // Checked at once, which is quicker than line by line.
                let whole = std::str::from_utf8(bytes).ok();
                let mut start = 0;
                while start < bytes.len() {
                    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
                    give(start, &bytes[start..end], whole.map(|text| &text[start..end]));
                    start = end + 1;
                }
                n_lines
            }
        }
    }

    fn push(&mut self, line: u64, resource: &str) {
        if let Body::Resources { text, ends } = &mut self.body {
            text.push_str(resource);
            ends.push((line, text.len()));
        }
    }

    fn reject(&mut self, line: u64, reason: impl Into<String>) {
        self.rejected.push(Rejected {
            file: self.file.to_path_buf(),
            line,
            byte: None,
            reason: reason.into(),
            text: None,
        });
    }

    fn is_full(&self) -> bool {
        matches!(&self.body, Body::Resources { text, .. } if text.len() >= CHUNK_BYTES)
    }
}

/// Gives the memory for the next chunk, when there may be one more; it is empty.
pub(crate) type Memory<'m> = &'m mut dyn FnMut() -> Option<Vec<u8>>;

/// Reads a file and gives its chunks to `sink`, in order; `sink` says whether to go on.
///
/// NDJSON, a single resource, or a Bundle of any type; plain, gzip or zstd: the content decides, whatever the name.
/// References within a Bundle (`urn:uuid:`, and conditional ones to its own entries) become `Type/id`.
pub(crate) fn read_file(path: &Path, memory: Memory<'_>, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let file: Arc<Path> = path.into();
    if is_stdin(path) {
        return read_stdin(&file, memory, sink).context("reading standard input");
    }
    match kind(path).with_context(|| format!("reading `{}`", path.display()))? {
        Kind::Lines => open_unbuffered(path).and_then(|input| read_lines(input, &file, memory, sink)),
        Kind::Document => read_document(path, &file, memory, sink),
    }
    .with_context(|| format!("reading `{}`", path.display()))
}

#[derive(Clone, Copy)]
enum Kind {
    /// A resource a line.
    Lines,
    /// One JSON value over several lines, or one alone.
    Document,
}

/// As [`open`], for reads of many bytes at once.
fn open_unbuffered(path: &Path) -> Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let n = file.read(&mut magic)?;
    match Compression::from_magic(&magic[..n]) {
        Compression::None => Ok(Box::new(std::io::Cursor::new(magic).take(n as u64).chain(file))),
        _ => Ok(Box::new(open(path)?)),
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::new(File::open(path)?);
    let compression = Compression::from_magic(file.fill_buf()?);
    Ok(ndjson::open(file, compression)?)
}

/// What the name ends in before `.gz` or `.zst`, in lower case.
pub(crate) fn fhir_extension(path: &Path) -> String {
    let lower = |path: &Path| path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match lower(path).as_str() {
        "gz" | "zst" => lower(&path.with_extension("")),
        other => other.to_owned(),
    }
}

/// A name that ends in `.ndjson` or `.jsonl` says it; else it is lines when the first line is a whole resource and
/// something follows it.
fn kind(path: &Path) -> Result<Kind> {
    if matches!(fhir_extension(path).as_str(), "ndjson" | "jsonl") {
        return Ok(Kind::Lines);
    }
    // A first line longer than this is no line of a document that was laid out for people.
    let mut lines = open(path)?.take(64 << 20);
    let mut first = Vec::new();
    if lines.read_until(b'\n', &mut first).is_err() || first.trim_ascii() == b"{" {
        return Ok(Kind::Document);
    }
    // The next line that is not blank. That the stream is cut off shows again, and is told then, when the file is read.
    let mut second = Vec::new();
    while second.trim_ascii().is_empty() && lines.read_until(b'\n', &mut second).is_ok_and(|n| n > 0) {}
    let more = second.trim_ascii().starts_with(b"{");
    let whole = std::str::from_utf8(first.trim_ascii()).is_ok_and(|line| Header::read(line).is_ok());
    Ok(if whole && more { Kind::Lines } else { Kind::Document })
}

/// Lines are taken as they come. A document is read twice, and what is compressed must be looked into, so both are kept
/// in a temporary file first.
fn read_stdin(file: &Arc<Path>, memory: Memory<'_>, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let mut stdin = std::io::stdin().lock();
    let mut start = Vec::new();
    stdin.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut start)?;
    let first = memchr::memchr(b'\n', &start).map_or(&[][..], |end| start[..end].trim_ascii());
    if std::str::from_utf8(first).is_ok_and(|line| Header::read(line).is_ok()) {
        return read_lines(Box::new(std::io::Cursor::new(start).chain(stdin)), file, memory, sink);
    }
    let mut copy = tempfile::NamedTempFile::new()?;
    copy.write_all(&start)?;
    std::io::copy(&mut stdin, &mut copy)?;
    copy.flush()?;
    match kind(copy.path())? {
        Kind::Lines => read_lines(open_unbuffered(copy.path())?, file, memory, sink),
        Kind::Document => read_document(copy.path(), file, memory, sink),
    }
}

fn read_lines(
    mut input: Box<dyn Read + '_>,
    file: &Arc<Path>,
    memory: Memory<'_>,
    sink: &mut dyn FnMut(Chunk) -> bool,
) -> Result<()> {
    // The begin of a line whose end was not read yet.
    let mut rest = Vec::new();
    let mut offset = 0;
    loop {
        let Some(mut bytes) = memory() else { return Ok(()) };
        bytes.reserve(rest.len() + CHUNK_BYTES + 1);
        bytes.append(&mut rest);
        let mut chunk =
            Chunk { file: file.clone(), body: Body::Lines { bytes: Vec::new(), offset }, rejected: Vec::new() };
        let mut ended = false;
        // A line may be longer than a chunk.
        let whole = loop {
            let before = bytes.len();
            match input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes) {
                Ok(0) => {
                    ended = true;
                    break bytes.len();
                }
                Ok(_) => {}
                Err(error) => {
                    ended = true;
                    chunk.reject(0, format!("cannot be read: {error}"));
                }
            }
            match memchr::memrchr(b'\n', &bytes[before..]) {
                Some(last) => break before + last + 1,
                // The piece of a line at a cut is no line.
                None if ended => break memchr::memrchr(b'\n', &bytes).map_or(0, |last| last + 1),
                None => {}
            }
        };
        if !ended {
            rest.extend_from_slice(&bytes[whole..]);
        }
        bytes.truncate(whole);
        let length = bytes.len() as u64;
        // A byte order mark is no part of the text.
        if offset == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes[..3].fill(b' ');
        }
        chunk.body = Body::Lines { bytes, offset };
        offset += length;
        if !sink(chunk) || ended {
            return Ok(());
        }
    }
}

fn read_document(path: &Path, file: &Arc<Path>, memory: Memory<'_>, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let Some(first) = memory() else { return Ok(()) };
    let mut chunk = Chunk::of_resources(file, first);
    // First reading: is it a Bundle, and which resource stands behind which url?
    let mut references = References::default();
    let mut entries = bundle::Reader::new(open(path)?);
    loop {
        match entries.next_entry() {
            Ok(Some(entry)) => {
                if let Some(Ok(header)) = entry.resource.map(Header::read) {
                    let id = header.id.as_deref().or(entry.id_from_url()).unwrap_or_default();
                    references.learn(0, entry.full_url.as_deref(), &header, id);
                }
            }
            // Told in the second reading.
            Err(FhirError::Entry { .. }) => {}
            Err(FhirError::OtherType { .. } | FhirError::MissingResourceType) => {
                let mut text = String::new();
                match open(path)?.read_to_string(&mut text) {
                    Ok(_) => chunk.push(1, text.trim_start_matches('\u{feff}')),
                    Err(error) => chunk.reject(1, error.to_string()),
                }
                sink(chunk);
                return Ok(());
            }
            Ok(None) | Err(_) => break,
        }
    }
    let mut entries = bundle::Reader::new(open(path)?);
    loop {
        match entries.next_entry() {
            Ok(Some(entry)) => {
                let Some(resource) = entry.resource else { continue };
                match resolve(resource, entry.id_from_url(), 0, &references) {
                    Ok(resolved) => chunk.push(entry.resource_line, &resolved.text),
                    Err(error) => chunk.reject(entry.resource_line, reason(&error)),
                }
            }
            Ok(None) => break,
            Err(error) => {
                chunk.reject(error.line_from(1), reason(&error));
                if !matches!(error, FhirError::Entry { .. }) {
                    break;
                }
            }
        }
        if chunk.is_full() {
            if !sink(chunk) {
                return Ok(());
            }
            let Some(next) = memory() else { return Ok(()) };
            chunk = Chunk::of_resources(file, next);
        }
    }
    sink(chunk);
    Ok(())
}

/// The error and its cause on one line.
fn reason(error: &FhirError) -> String {
    match error {
        FhirError::Read { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}
