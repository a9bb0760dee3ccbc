//! Input files as chunks of resources.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use twinlake_fhir::bundle::{self, References, resolve};
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_fhir::{FhirError, Header};

/// Bytes of text that make a chunk, the unit of work of a thread.
const CHUNK_BYTES: usize = 4 << 20;

/// Resources that follow each other in one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) file: Arc<Path>,
    text: String,
    /// Line of the file, and where in the text the resource ends.
    ends: Vec<(u64, usize)>,
    pub(crate) rejected: Vec<Rejected>,
}

/// Something of the input that could not be read as a resource, or could not be flattened.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}`, line {line}: {reason}", file.display())]
pub struct Rejected {
    /// The file.
    pub file: PathBuf,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Chunk {
    fn new(file: &Arc<Path>) -> Self {
        Self { file: file.clone(), text: String::new(), ends: Vec::new(), rejected: Vec::new() }
    }

    /// Each resource and the line on which it begins.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (u64, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (line, end))| (*line, &self.text[start..*end]))
    }

    fn push(&mut self, line: u64, resource: &str) {
        self.text.push_str(resource);
        self.ends.push((line, self.text.len()));
    }

    fn reject(&mut self, line: u64, reason: impl Into<String>) {
        self.rejected.push(Rejected { file: self.file.to_path_buf(), line, reason: reason.into() });
    }

    fn is_full(&self) -> bool {
        self.text.len() >= CHUNK_BYTES
    }
}

/// Reads a file and gives its chunks to `sink`, in order; `sink` says whether to go on.
///
/// NDJSON, a single resource, or a Bundle of any type; plain, gzip or zstd: the content decides, whatever the name.
/// References within a Bundle (`urn:uuid:`, and conditional ones to its own entries) become `Type/id`.
pub(crate) fn read_file(path: &Path, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let file: Arc<Path> = path.into();
    match kind(path).with_context(|| format!("reading `{}`", path.display()))? {
        Kind::Lines => read_lines(path, &file, sink),
        Kind::Document => read_document(path, &file, sink),
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

fn read_lines(path: &Path, file: &Arc<Path>, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let mut lines = ndjson::Reader::new(open(path)?);
    let mut chunk = Chunk::new(file);
    loop {
        match lines.next_line() {
            Ok(Some(line)) => chunk.push(line.number, line.text),
            Ok(None) => break,
            Err(error) => chunk.reject(error.line_from(1), reason(&error)),
        }
        if chunk.is_full() && !sink(std::mem::replace(&mut chunk, Chunk::new(file))) {
            return Ok(());
        }
    }
    sink(chunk);
    Ok(())
}

fn read_document(path: &Path, file: &Arc<Path>, sink: &mut dyn FnMut(Chunk) -> bool) -> Result<()> {
    let mut chunk = Chunk::new(file);
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
        if chunk.is_full() && !sink(std::mem::replace(&mut chunk, Chunk::new(file))) {
            return Ok(());
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
