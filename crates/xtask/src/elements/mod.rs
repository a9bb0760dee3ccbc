//! `cargo xtask elements`: `crates/flatten/r4/elements.txt`, what R4 says of each element, from its definitions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Where the table lies, from the workspace's root.
const FILE: &str = "crates/flatten/r4/elements.txt";

const HEAD: &str = "\
# Elements of FHIR R4 (4.0.1): a type begins with `=`, then a line an element with its greatest cardinality and its types.
# Written by `cargo xtask elements` from profiles-types.json and profiles-resources.json of the specification.
";

/// Writes the table of R4's elements that views are checked against.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Folder with `profiles-types.json` and `profiles-resources.json` of FHIR R4
    #[arg(long, value_name = "DIR")]
    definitions: PathBuf,
}

/// Runs `cargo xtask elements`.
///
/// # Errors
///
/// When a definition cannot be read, or the table cannot be written.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let mut types = BTreeMap::new();
    for file in ["profiles-types.json", "profiles-resources.json"] {
        let path = args.definitions.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let bundle: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        for entry in bundle["entry"].as_array().context("a Bundle has entries")? {
            let resource = &entry["resource"];
            let of_interest = resource["resourceType"] == "StructureDefinition"
                && resource["derivation"] != "constraint"
                && matches!(resource["kind"].as_str(), Some("resource" | "complex-type"));
            if of_interest {
                read(resource, &mut types)?;
            }
        }
    }
    ensure!(types.len() > 500, "only {} types were found", types.len());
    let mut text = HEAD.to_owned();
    for (name, elements) in &types {
        writeln!(text, "={name}")?;
        text.push_str(elements);
    }
    std::fs::write(root.join(FILE), text).with_context(|| format!("writing {FILE}"))
}

/// Adds a definition's types, its own and those of its parts, with their lines.
fn read(definition: &Value, types: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for element in definition["snapshot"]["element"].as_array().context("a definition has a snapshot")? {
        let path = element["path"].as_str().context("an element has a path")?;
        let Some((parent, name)) = path.rsplit_once('.') else {
            types.insert(path.to_owned(), String::new());
            continue;
        };
        let max = if element["max"] == "1" { "1" } else { "*" };
        if element["max"] == "0" {
            continue;
        }
        let codes: Vec<&str> = element["type"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["code"].as_str())
            .map(|code| if code.starts_with("http://hl7.org/fhirpath/") { "string" } else { code })
            .collect();
        let code = match (element["contentReference"].as_str(), codes.as_slice()) {
            (Some(reference), _) => reference.trim_start_matches('#').to_owned(),
            (None, ["BackboneElement" | "Element"]) => path.to_owned(),
            (None, codes) => codes.join(" "),
        };
        // The definitions give the id of a resource as any text; it is an `id`.
        let code = if name == "id" && !parent.contains('.') && definition["kind"] == "resource" {
            "id".to_owned()
        } else {
            code
        };
        let lines = types.entry(parent.to_owned()).or_default();
        writeln!(lines, "{name} {max} {code}")?;
    }
    Ok(())
}
