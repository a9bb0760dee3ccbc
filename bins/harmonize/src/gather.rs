//! First reading: shared resources are kept, the rest is spilled to disk by person.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;
use twinlake_fhir::{FhirError, Header, Resource, ndjson};
use twinlake_harmonize::{Losses, Shared, has_no_home};
use twinlake_ingest::type_of;
use twinlake_omop::key;
use twinlake_task::{Record, Spill};

/// Something of the input that could not be read as a resource.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("`{}`, line {line}: {reason}", file.display())]
pub struct Rejected {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The type that the record says it has; `unknown` when that cannot be read.
    pub resource_type: String,
    /// Why.
    pub reason: String,
}

/// What the first reading gave.
pub(crate) struct Gathered {
    pub(crate) shared: Shared,
    pub(crate) spill: Spill,
    /// Resources that nobody needs a second time.
    pub(crate) losses: Losses,
    /// How many resources there are, by type.
    pub(crate) resources: BTreeMap<String, u64>,
}

/// Reads all files; `rejected` is told of lines that are no resources.
pub(crate) fn gather(
    files: &[PathBuf],
    spill: Spill,
    rejected: &mut dyn FnMut(Rejected) -> Result<()>,
) -> Result<Gathered> {
    let mut gathered =
        Gathered { shared: Shared::default(), spill, losses: Losses::default(), resources: BTreeMap::new() };
    for (number, path) in files.iter().enumerate() {
        let number = u32::try_from(number).context("more than 2^32 files")?;
        let context = || format!("reading `{}`", path.display());
        let file = File::open(path).with_context(context)?;
        let text = ndjson::open(file, ndjson::Compression::from_path(path)).with_context(context)?;
        let mut lines = ndjson::Reader::new(text);
        loop {
            let outcome = match lines.next_line() {
                Ok(Some(line)) => {
                    let outcome = gathered.add(number, line.number, line.text)?;
                    outcome.map_err(|reason| (line.number, reason, type_of(line.text.as_bytes())))
                }
                Ok(None) => break,
                Err(error) => {
                    let resource_type = type_of(lines.last_bytes());
                    Err((error.line_from(1), explained(&error), resource_type))
                }
            };
            if let Err((line, reason, resource_type)) = outcome {
                rejected(Rejected { file: path.clone(), line, resource_type, reason })?;
            }
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// Takes one line; the inner error is why it is no resource.
    fn add(&mut self, file: u32, line: u64, text: &str) -> Result<Result<(), String>> {
        // What is spilled is read to its end when its patient is mapped.
        let is_spilled = |header: &Header<'_>| {
            let resource_type = header.resource_type.as_deref().unwrap_or_default();
            let is_mapped = Resource::TYPES.contains(&resource_type) && !has_no_home(resource_type);
            is_mapped && !Shared::reads(resource_type) && header.patient_id().is_some()
        };
        let header = match Header::scan(text).filter(is_spilled).map_or_else(|| Header::read(text), Ok) {
            Ok(header) => header,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(resource_type) = header.resource_type.as_deref() else {
            return Ok(Err(FhirError::MissingResourceType.to_string()));
        };
        if resource_type == "Bundle" {
            return Ok(Err("a Bundle among resources: give it a file of its own, `<name>.json`".to_owned()));
        }
        if Shared::reads(resource_type) {
            match Resource::from_json(text) {
                Ok(resource) => self.shared.read(&resource),
                Err(error) => return Ok(Err(error.to_string())),
            }
            self.count(resource_type);
            return Ok(Ok(()));
        }
        if !Resource::TYPES.contains(&resource_type) || has_no_home(resource_type) {
            self.losses.count_out_of_scope(resource_type, "not-mapped", 1);
            self.count(resource_type);
            return Ok(Ok(()));
        }
        if let Some(person) = header.patient_id().map(key::of_person) {
            self.spill.write(person, 0, &[&file.to_le_bytes(), &line.to_le_bytes(), text.as_bytes()])?;
        } else {
            let reason = if resource_type == "Patient" { "id" } else { "subject" };
            self.losses.count_out_of_scope(resource_type, reason, 1);
        }
        self.count(resource_type);
        Ok(Ok(()))
    }

    fn count(&mut self, resource_type: &str) {
        match self.resources.get_mut(resource_type) {
            Some(count) => *count += 1,
            None => {
                self.resources.insert(resource_type.to_owned(), 1);
            }
        }
    }
}

/// An error with its causes, as one sentence.
fn explained(error: &FhirError) -> String {
    match error {
        FhirError::Read { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}

/// Number of the file, number of the line, text.
pub(crate) fn unpack<'a>(record: &Record<'a>) -> Result<(usize, u64, &'a str)> {
    let (file, rest) = record.payload.split_first_chunk().context("a spilled line is cut off")?;
    let (line, text) = rest.split_first_chunk().context("a spilled line is cut off")?;
    let text = std::str::from_utf8(text).context("a spilled line is not UTF-8")?;
    Ok((u32::from_le_bytes(*file) as usize, u64::from_le_bytes(*line), text))
}
