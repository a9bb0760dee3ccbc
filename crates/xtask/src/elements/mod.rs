//! `cargo xtask elements`: `crates/r4/spec`, what R4 says of each element, from its definitions.

mod codes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use codes::Terminology;

/// Where the tables lie, from the workspace's root.
const ELEMENTS: &str = "crates/r4/spec/elements.txt";
const CODES: &str = "crates/r4/spec/codes.txt";

const ELEMENTS_HEAD: &str = "\
# Elements of FHIR R4 (4.0.1): a type begins with `=`, one of resources with `==`; then a line an element with its least and greatest
# cardinality, its types, the resources that it may refer to (`>`) and the value set whose codes it must have (`:`).
# Written by `cargo xtask elements` from the definitions of the specification.
";

const CODES_HEAD: &str = "\
# Codes of the value sets that FHIR R4 (4.0.1) requires: a set begins with `=`, then a line a code system with its codes.
# Written by `cargo xtask elements` from the definitions of the specification.
";

/// Writes the tables of R4's elements and required codes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Folder with `profiles-types.json`, `profiles-resources.json`, `dataelements.json`, `valuesets.json` and
    /// `v3-codesystems.json` of FHIR R4
    #[arg(long, value_name = "DIR")]
    definitions: PathBuf,
}

/// Runs `cargo xtask elements`.
///
/// # Errors
///
/// When a definition cannot be read, or the tables cannot be written.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let published = Published::read(&args.definitions)?;
    let mut terminology = Terminology::default();
    for file in ["valuesets.json", "v3-codesystems.json"] {
        for resource in resources(&args.definitions, file)? {
            terminology.add(resource);
        }
    }
    let mut types = BTreeMap::new();
    let mut required = BTreeSet::new();
    for file in ["profiles-types.json", "profiles-resources.json"] {
        for definition in resources(&args.definitions, file)? {
            let of_interest = definition["resourceType"] == "StructureDefinition"
                && definition["derivation"] != "constraint"
                && matches!(definition["kind"].as_str(), Some("resource" | "complex-type"))
                && definition["type"].as_str().is_some_and(|name| published.types.contains(name));
            if of_interest {
                read(&definition, &published, &terminology, &mut types, &mut required)?;
            }
        }
    }
    ensure!(types.len() > 500, "only {} types were found", types.len());
    let mut text = ELEMENTS_HEAD.to_owned();
    for (name, of) in &types {
        writeln!(text, "{}{name}", if of.is_resource { "==" } else { "=" })?;
        text.push_str(&of.lines);
    }
    std::fs::write(root.join(ELEMENTS), text).with_context(|| format!("writing {ELEMENTS}"))?;
    let mut text = CODES_HEAD.to_owned();
    for url in &required {
        let codes = terminology.codes(url).with_context(|| format!("{url} has codes"))?;
        writeln!(text, "={}", name_of(url))?;
        for (system, codes) in codes {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            writeln!(text, "{system} {}", codes.join(" "))?;
        }
    }
    std::fs::write(root.join(CODES), text).with_context(|| format!("writing {CODES}"))
}

/// The resources of a Bundle in a file.
fn resources(folder: &Path, file: &str) -> anyhow::Result<Vec<Value>> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut bundle: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let entries = bundle["entry"].as_array_mut().context("a Bundle has entries")?;
    Ok(entries.iter_mut().map(|entry| entry["resource"].take()).collect())
}

/// What the specification published: copies of its definitions have had elements added to them.
struct Published {
    paths: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl Published {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let (mut paths, mut types) = (BTreeSet::new(), BTreeSet::new());
        for definition in resources(folder, "dataelements.json")? {
            for element in definition["snapshot"]["element"].as_array().into_iter().flatten() {
                let path = element["path"].as_str().context("an element has a path")?;
                types.insert(path.split('.').next().unwrap_or(path).to_owned());
                paths.insert(path.trim_end_matches("[x]").to_owned());
            }
        }
        Ok(Published { paths, types })
    }

    fn has(&self, path: &str, element: &Value) -> bool {
        let path = path.trim_end_matches("[x]");
        let last = path.rsplit('.').next().unwrap_or(path);
        // The list of data elements leaves out what every type has, and parts that have parts.
        if matches!(last, "id" | "extension" | "modifierExtension") || self.paths.contains(path) {
            return true;
        }
        let below = format!("{path}.");
        let has_parts = self.paths.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below));
        has_parts || element["contentReference"].is_string()
    }
}

/// The lines of a type.
#[derive(Default)]
struct Lines {
    is_resource: bool,
    lines: String,
}

/// Adds a definition's types, its own and those of its parts, with their lines.
fn read(
    definition: &Value,
    published: &Published,
    terminology: &Terminology,
    types: &mut BTreeMap<String, Lines>,
    required: &mut BTreeSet<String>,
) -> anyhow::Result<()> {
    let is_resource = definition["kind"] == "resource" && definition["abstract"] != true;
    for element in definition["snapshot"]["element"].as_array().context("a definition has a snapshot")? {
        let path = element["path"].as_str().context("an element has a path")?;
        let Some((parent, name)) = path.rsplit_once('.') else {
            types.insert(path.to_owned(), Lines { is_resource, ..Lines::default() });
            continue;
        };
        if element["max"] == "0" || !published.has(path, element) {
            continue;
        }
        // A part that was added has none that was published.
        if parent.contains('.') && !types.contains_key(parent) && !published.has(parent, &Value::Null) {
            continue;
        }
        let max = if element["max"] == "1" { "1" } else { "*" };
        let min = element["min"].as_u64().context("an element has a least cardinality")?;
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
        let is_id = name == "id" && !parent.contains('.') && definition["kind"] == "resource";
        let code = if is_id { "id".to_owned() } else { code };
        let mut line = format!("{name} {min} {max} {code}");
        for target in targets(element) {
            write!(line, " >{target}")?;
        }
        let binding = &element["binding"];
        if binding["strength"] == "required"
            && let Some(url) = binding["valueSet"].as_str().map(|url| url.split('|').next().unwrap_or(url))
            && terminology.codes(url).is_some()
        {
            required.insert(url.to_owned());
            write!(line, " :{}", name_of(url))?;
        }
        let lines = types.entry(parent.to_owned()).or_default();
        writeln!(lines.lines, "{line}")?;
    }
    Ok(())
}

/// Types of resources that a reference may refer to; none when it may refer to any.
fn targets(element: &Value) -> Vec<&str> {
    let references = element["type"].as_array().into_iter().flatten().filter(|one| one["code"] == "Reference");
    let profiles = references.flat_map(|one| one["targetProfile"].as_array().into_iter().flatten());
    let names: Vec<&str> = profiles.filter_map(|profile| profile.as_str()?.rsplit('/').next()).collect();
    if names.contains(&"Resource") { Vec::new() } else { names }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}
