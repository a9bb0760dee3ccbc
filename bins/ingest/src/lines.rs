//! FHIR files for those who read a resource a line, whatever form the input has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use twinlake_task::{InputFile, Progress, files_under};

use crate::{Config, Records, ingest, source};

/// NDJSON files, and what could not become a line of theirs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lines {
    /// Files of one resource a line.
    pub files: Vec<PathBuf>,
    /// Files of the rejected records, each a line with `file`, `line`, `reason` and `text`; none when none was rejected.
    pub rejected: Vec<PathBuf>,
    /// How many records were rejected.
    pub n_rejected: u64,
    /// How many resources were left out because the same one, with the same content, is there. Files that are NDJSON
    /// already are not looked into.
    pub n_duplicates: u64,
    /// What became of the records of each resource type on the way; none when all files are NDJSON already.
    pub records: Option<BTreeMap<String, Records>>,
}

/// The files themselves when all are NDJSON by their names and do not begin with a Bundle, else what [`ingest`] makes of them.
///
/// # Errors
///
/// As [`ingest`].
pub fn as_ndjson(config: &Config, inputs: &[InputFile]) -> Result<Lines> {
    // What is no FHIR by its name (a README, a log) does not turn NDJSON into something else.
    let fhir: Vec<&InputFile> = inputs.iter().filter(|input| source::is_fhir_by_name(&input.path)).collect();
    let is_resources = |input: &&InputFile| is_ndjson(&input.path) && !source::begins_with_bundle(&input.path);
    if !fhir.is_empty() && fhir.iter().all(is_resources) {
        let files = fhir.iter().map(|input| input.path.clone()).collect();
        return Ok(Lines { files, ..Lines::default() });
    }
    let summary = ingest(config, inputs, &mut Progress::quiet("ingest"))?;
    let paths = |folder: &Path| -> Result<Vec<PathBuf>> {
        Ok(files_under(&[folder.to_owned()])?.into_iter().map(|file| file.path).collect())
    };
    Ok(Lines {
        files: paths(&config.output)?,
        rejected: if summary.rejected > 0 { paths(&config.rejected)? } else { Vec::new() },
        n_rejected: summary.rejected,
        n_duplicates: summary.duplicates,
        records: Some(summary.records),
    })
}

/// Whether a file holds one resource a line, by its name: `<Type>[.<shard>…].ndjson[.gz|.zst]`.
fn is_ndjson(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    Path::new(name).extension().is_some_and(|extension| extension == "ndjson")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ndjson_is_known_by_its_name() {
        for name in ["x/Patient.ndjson", "x/Patient.1.ndjson.zst", "Patient.ndjson.gz"] {
            assert!(is_ndjson(Path::new(name)), "{name}");
        }
        for name in ["x/Patient.json", "x/Patient.json.gz", "ndjson", "Patient.ndjson/x"] {
            assert!(!is_ndjson(Path::new(name)), "{name}");
        }
    }
}
