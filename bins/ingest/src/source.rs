//! The records of a file, whatever its form.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_fhir::{FhirError, Header, bundle};

/// A record of a file.
pub(crate) struct Piece<'p> {
    /// Line of the file on which it begins.
    pub(crate) line: u64,
    /// Number of the Bundle or file that it stands in; urls are known within it first.
    pub(crate) bundle: u64,
    pub(crate) full_url: Option<&'p str>,
    pub(crate) id_from_url: Option<&'p str>,
    pub(crate) content: Content<'p>,
}

/// What a record holds.
pub(crate) enum Content<'p> {
    /// The text of a resource, or of what should be one.
    Resource(&'p str),
    /// What could not even be cut out of the file.
    Broken { reason: String, bytes: &'p [u8] },
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// Whether anything in it is, or should be, FHIR.
    pub(crate) is_fhir: bool,
    /// Entries of Bundles without a resource.
    pub(crate) n_empty_entries: u64,
}

type Each<'e> = &'e mut dyn FnMut(Piece<'_>) -> Result<()>;

/// Gives each record of a file to `each`. `bundles` counts Bundles and files on.
///
/// A file with another name than that of JSON or NDJSON, and one whose JSON is not FHIR, gives none.
///
/// # Errors
///
/// A file that cannot be opened, and what `each` returns.
pub(crate) fn read(path: &Path, bundles: &mut u64, each: Each<'_>) -> Result<Found> {
    *bundles += 1;
    let mut file = Source { bundles, each, found: Found::default() };
    match form(path) {
        Some(Form::Lines) if has_resources(path)? => file.read_lines(open(path)?)?,
        Some(Form::Object) => file.read_object(path)?,
        Some(Form::Lines) | None => {}
    }
    Ok(file.found)
}

enum Form {
    /// One JSON object a line.
    Lines,
    /// One JSON object.
    Object,
}

/// Whether a file may hold FHIR, by its name; the manifest of a bulk export only lists files that do.
pub(crate) fn is_fhir_by_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    form(path).is_some() && !(name.starts_with("manifest.") && name.ends_with(".json"))
}

/// The form of a file by its name, without the ending of the compression.
fn form(path: &Path) -> Option<Form> {
    let compressed = Compression::from_path(path) != Compression::None;
    let stem = if compressed { path.file_stem().map(Path::new) } else { Some(path) };
    match stem?.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "ndjson" | "jsonl" => Some(Form::Lines),
        "json" => Some(Form::Object),
        _ => None,
    }
}

/// Opens a file as plain text; its first bytes say how it is compressed.
fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let context = || format!("reading `{}`", path.display());
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).with_context(context)?);
    let compression = Compression::from_magic(file.fill_buf().with_context(context)?);
    ndjson::open(file, compression).with_context(context)
}

/// Whether the first line of a file is a Bundle. Of one that cannot be read, reading it says what is wrong.
pub(crate) fn begins_with_bundle(path: &Path) -> bool {
    let Ok(text) = open(path) else { return false };
    matches!(ndjson::Reader::new(text).next_line(), Ok(Some(line)) if is_bundle(line.text))
}

/// Whether a file of lines is FHIR: logs and the like have objects on their lines, but no `resourceType` on any.
fn has_resources(path: &Path) -> Result<bool> {
    let mut lines = ndjson::Reader::new(open(path)?);
    loop {
        match lines.next_line() {
            Ok(Some(line)) => match Header::read(line.text) {
                Ok(header) if header.resource_type.is_none() => {}
                Ok(_) | Err(_) => return Ok(true),
            },
            Ok(None) => return Ok(false),
            Err(_) => return Ok(true),
        }
    }
}

struct Source<'s> {
    bundles: &'s mut u64,
    each: Each<'s>,
    found: Found,
}

impl Source<'_> {
    fn read_lines(&mut self, input: impl BufRead) -> Result<()> {
        let bundle = *self.bundles;
        let mut lines = ndjson::Reader::new(input);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => self.resource(line.text, line.number, bundle, None)?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let line = error.line_from(1);
                    let reason = explained(&error);
                    self.broken(reason, line, lines.last_bytes())?;
                }
            }
        }
    }

    fn read_object(&mut self, path: &Path) -> Result<()> {
        let Err(ends) = self.read_bundle(bundle::Reader::new(open(path)?), 1)? else { return Ok(()) };
        match ends.error {
            FhirError::OtherType { .. } => {
                let mut text = Vec::new();
                open(path)?.read_to_end(&mut text).with_context(|| format!("reading `{}`", path.display()))?;
                let bundle = *self.bundles;
                match std::str::from_utf8(&text) {
                    Ok(text) => self.resource(text.trim_start_matches('\u{feff}').trim(), 1, bundle, None),
                    Err(_) => self.broken(FhirError::Encoding { line: 1 }.to_string(), 1, &text),
                }
            }
            // A manifest, a package.json: JSON, but not FHIR.
            FhirError::MissingResourceType if !self.found.is_fhir => Ok(()),
            other => {
                let line = other.line_from(1);
                let bytes = if ends.bytes.is_empty() { start(path)? } else { ends.bytes };
                self.broken(explained(&other), line, &bytes)
            }
        }
    }

    /// Reads a Bundle to its end, or to where it breaks off. `first` is the line on which it begins.
    fn read_bundle(&mut self, mut entries: bundle::Reader<impl BufRead>, first: u64) -> Result<Result<(), Ends>> {
        let bundle = *self.bundles;
        loop {
            match entries.next_entry() {
                Ok(Some(entry)) => match entry.resource {
                    Some(text) => self.resource(text, first + entry.resource_line - 1, bundle, Some(&entry))?,
                    None => self.found.n_empty_entries += 1,
                },
                Ok(None) => {
                    self.found.is_fhir = true;
                    return Ok(Ok(()));
                }
                Err(FhirError::Entry { entry, line, source }) => {
                    let line = source.line_from(first + line - 1);
                    self.broken(format!("entry {entry}: {source}"), line, entries.last_bytes())?;
                }
                Err(error) => return Ok(Err(Ends { error, bytes: entries.last_bytes().to_vec() })),
            }
        }
    }

    /// Gives a resource away, or those of a Bundle that stands where a resource does.
    fn resource(&mut self, text: &str, line: u64, bundle: u64, entry: Option<&bundle::Entry<'_>>) -> Result<()> {
        self.found.is_fhir = true;
        if is_bundle(text) {
            *self.bundles += 1;
            return match self.read_bundle(bundle::Reader::new(text.as_bytes()), line)? {
                Ok(()) => Ok(()),
                Err(ends) => self.broken(explained(&ends.error), ends.error.line_from(line), text.as_bytes()),
            };
        }
        (self.each)(Piece {
            line,
            bundle,
            full_url: entry.and_then(|entry| entry.full_url.as_deref()),
            id_from_url: entry.and_then(bundle::Entry::id_from_url),
            content: Content::Resource(text),
        })
    }

    fn broken(&mut self, reason: String, line: u64, bytes: &[u8]) -> Result<()> {
        self.found.is_fhir = true;
        let content = Content::Broken { reason, bytes };
        (self.each)(Piece { line, bundle: *self.bundles, full_url: None, id_from_url: None, content })
    }
}

/// The first 64 KiB of a file, as far as they can be read: what is kept of one that is broken from the start.
fn start(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match open(path)?.take(1 << 16).read_to_end(&mut bytes) {
        Ok(_) | Err(_) => Ok(bytes),
    }
}

/// Why the reading of a Bundle ended, and the entry it ended in.
struct Ends {
    error: FhirError,
    bytes: Vec<u8>,
}

fn is_bundle(text: &str) -> bool {
    text.contains("\"Bundle\"")
        && Header::read(text).is_ok_and(|header| header.resource_type.as_deref() == Some("Bundle"))
}

/// An error with its causes, as one sentence.
fn explained(error: &FhirError) -> String {
    match error {
        FhirError::Read { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}
