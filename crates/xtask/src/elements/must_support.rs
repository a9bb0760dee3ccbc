//! What US Core's profiles must support, element by element.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

const HEAD: &str = "\
# Elements that US Core 7.0.0 must support: a profile begins with `=`, then a line an element, without the slices.
# Written by `cargo xtask elements --us-core` from the profiles of HL7's package.
";

/// Writes the table from the profiles of an unpacked package.
///
/// # Errors
///
/// When a profile cannot be read, or the table cannot be written.
pub(super) fn write(package: &Path, file: &Path) -> anyhow::Result<()> {
    let mut profiles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(package).with_context(|| format!("reading {}", package.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("StructureDefinition-us-core-") {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let profile: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        if profile["kind"] == "resource" {
            let id = profile["id"].as_str().context("a profile has an id")?;
            profiles.insert(id.to_owned(), elements(&profile));
        }
    }
    ensure!(profiles.len() > 30, "only {} profiles were found", profiles.len());
    let mut text = HEAD.to_owned();
    for (id, elements) in profiles {
        writeln!(text, "={id}")?;
        for element in elements {
            writeln!(text, "{element}")?;
        }
    }
    std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

/// Paths below the resource, each once, in the profile's order. A slice by the type of a choice stands for the choice; other
/// slices, and what is in them, are left out.
fn elements(profile: &Value) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for element in profile["snapshot"]["element"].as_array().into_iter().flatten() {
        let id = element["id"].as_str().unwrap_or_default();
        let is_slice = id.split('.').any(|part| part.contains(':') && !part.contains("[x]:"));
        if element["mustSupport"] != true || is_slice {
            continue;
        }
        let path = element["path"].as_str().and_then(|path| path.split_once('.')).map(|(_, path)| path.to_owned());
        if let Some(path) = path.filter(|path| !paths.contains(path)) {
            paths.push(path);
        }
    }
    paths
}
