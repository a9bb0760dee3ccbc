//! The files that are written: one a type, and one for the rejected.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use twinlake_fhir::ndjson::Writer;
use twinlake_task::PartialFile;

use crate::Config;

/// A record that could not be read, as a line of the rejected.
#[derive(Serialize)]
pub(crate) struct Rejection<'r> {
    #[serde(serialize_with = "as_text")]
    pub(crate) file: &'r Path,
    pub(crate) line: u64,
    pub(crate) reason: &'r str,
    pub(crate) text: Cow<'r, str>,
}

/// The files under way; none has its name before [`Output::complete`].
pub(crate) struct Output<'c> {
    config: &'c Config,
    types: BTreeMap<String, Writer<PartialFile>>,
    rejected: Option<Writer<PartialFile>>,
}

impl<'c> Output<'c> {
    pub(crate) fn new(config: &'c Config) -> Self {
        Output { config, types: BTreeMap::new(), rejected: None }
    }

    /// Writes a resource, which is one line of JSON.
    pub(crate) fn write(&mut self, resource_type: &str, line: &str) -> Result<()> {
        if !self.types.contains_key(resource_type) {
            let writer = self.begin(&self.config.output, resource_type)?;
            self.types.insert(resource_type.to_owned(), writer);
        }
        let writer = self.types.get_mut(resource_type).context("it was just made")?;
        writer
            .write_line(line)
            .with_context(|| format!("writing {resource_type} to `{}`", self.config.output.display()))
    }

    pub(crate) fn reject(&mut self, rejection: &Rejection<'_>) -> Result<()> {
        if self.rejected.is_none() {
            self.rejected = Some(self.begin(&self.config.rejected, "rejected")?);
        }
        let writer = self.rejected.as_mut().context("it was just made")?;
        let line = serde_json::to_string(rejection).context("writing a rejected record as JSON")?;
        writer.write_line(&line).with_context(|| format!("writing to `{}`", self.config.rejected.display()))
    }

    /// Gives the files their names.
    pub(crate) fn complete(self) -> Result<()> {
        for writer in self.types.into_values().chain(self.rejected) {
            let file = writer.finish().with_context(|| format!("writing to `{}`", self.config.output.display()))?;
            file.complete()?;
        }
        Ok(())
    }

    fn begin(&self, folder: &Path, name: &str) -> Result<Writer<PartialFile>> {
        let path = self.path(folder, name);
        let context = format!("writing `{}`", path.display());
        Writer::new(PartialFile::create(path)?, self.config.compression).context(context)
    }

    fn path(&self, folder: &Path, name: &str) -> PathBuf {
        let shard = self.config.shard.as_ref().map(|shard| format!(".{shard}")).unwrap_or_default();
        folder.join(format!("{name}{shard}.ndjson{}", self.config.compression.extension()))
    }
}

fn as_text<S: serde::Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&path.display())
}
