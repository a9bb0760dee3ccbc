//! What a stage could not read, with the reason.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;
use twinlake_task::PartialFile;

use super::Job;

/// A record that a stage left out.
#[derive(Debug, Serialize)]
pub(super) struct Rejection {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, from 1.
    pub(super) line: u64,
    /// Why.
    pub(super) reason: String,
}

impl Job<'_> {
    /// Writes `raw/rejected/…/<stage>.ndjson`, if there is anything to say.
    pub(super) fn set_aside(&self, stage: &str, rejections: &[Rejection]) -> Result<()> {
        if rejections.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for rejection in rejections {
            serde_json::to_writer(&mut text, rejection).context("writing a rejection as JSON")?;
            text.push(b'\n');
        }
        let folder = self.layout.rejected(&self.run.id, self.run.load_date);
        PartialFile::write_all_to(folder.join(format!("{stage}.ndjson")), &text)
    }
}
