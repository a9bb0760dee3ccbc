//! Our own cases of the language, `fixtures/cases/flatten/language`: every function, operator and construct of views, and
//! every message that a view or a resource can cause. What has no case fails here.
//!
//! A file has `resources` and `cases`. A case has a `path`, whose values in the first resource it `gives`, or a `view`, whose
//! `rows` over all resources it has; or it `fails` with a message that has this in it, and the compiler may `warn`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod messages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition, ViewError, functions, json_lines};

/// What a case can show besides a function: words of its paths, keys and values of its view.
const CONSTRUCTS: &[&str] = &[
    // Paths
    "$this",
    "%resource",
    "%context",
    "%rootResource",
    "%rowIndex",
    "%sct",
    "%loinc",
    "%ucum",
    "{}",
    "[0]",
    "@T",
    "-(",
    "`",
    // Operators
    " and ",
    " or ",
    " xor ",
    " implies ",
    " = ",
    " != ",
    " ~ ",
    " !~ ",
    " < ",
    " <= ",
    " > ",
    " >= ",
    " in ",
    " contains ",
    " is ",
    " as ",
    " | ",
    " + ",
    " - ",
    " * ",
    " / ",
    " div ",
    " mod ",
    " & ",
    // Views
    "\"forEach\"",
    "\"forEachOrNull\"",
    "\"repeat\"",
    "\"unionAll\"",
    "\"select\": [{\"column\"",
    "\"where\"",
    "\"constant\"",
    "\"collection\": true",
    "\"collection\": false",
    "\"tag\"",
    "\"tags\"",
    "ansi/type",
    "\"profile\"",
    "\"fhirVersion\"",
    "\"resourceType\": \"ViewDefinition\"",
    "StructureDefinition/ViewDefinition",
    // Constants
    "valueBase64Binary",
    "valueBoolean",
    "valueCanonical",
    "valueCode",
    "valueDate\"",
    "valueDateTime",
    "valueDecimal",
    "valueId",
    "valueInstant",
    "valueInteger\"",
    "valueInteger64",
    "valueOid",
    "valueString",
    "valuePositiveInt",
    "valueTime",
    "valueUnsignedInt",
    "valueUri",
    "valueUrl",
    "valueUuid",
];

/// A file of cases.
#[derive(Deserialize)]
struct File {
    resources: Vec<Box<RawValue>>,
    cases: Vec<Case>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    path: Option<String>,
    view: Option<Box<RawValue>>,
    /// Several views of one plan.
    views: Vec<Value>,
    /// A text that is no view.
    not: Option<String>,
    /// The text of a resource, instead of those of the file.
    text: Option<String>,
    /// `typed`, else `ansi`.
    types: Option<String>,
    gives: Option<Value>,
    rows: Option<Value>,
    fails: Option<String>,
    warns: Option<String>,
}

/// Each file's name and content, in the order of names.
fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cases/flatten/language");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let content = serde_json::from_str(&fs::read_to_string(path).unwrap());
        (name.clone(), content.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.iter().map(read).collect()
}

impl Case {
    /// The text of its view; that of a path has it as a column of all values.
    fn view(&self) -> String {
        let view = match (&self.view, &self.path, &self.not) {
            (Some(view), None, None) => view.get().to_owned(),
            (None, Some(path), None) => {
                json!({"select": [{"column": [{"name": "c", "path": path, "collection": true}]}]}).to_string()
            }
            (None, None, Some(text)) => return text.clone(),
            _ => panic!("a case has a path, a view, or what is none: {self:?}"),
        };
        let keys: Map<String, Value> = serde_json::from_str(&view).unwrap();
        match view.strip_prefix('{') {
            // The resource may go without saying; numbers keep their digits.
            Some(rest) if !keys.contains_key("resource") => {
                format!(r#"{{"resource": "Patient"{} {rest}"#, if keys.is_empty() { "" } else { "," })
            }
            _ => view,
        }
    }
}

/// What came of a case: rows, or a message; and what the compiler warned of.
struct Outcome {
    rows: Result<Vec<Value>, String>,
    warnings: Vec<String>,
}

fn compile(case: &Case) -> Result<Plan, ViewError> {
    let views = if case.views.is_empty() {
        vec![ViewDefinition::parse(&case.view())?]
    } else {
        case.views.iter().map(|view| ViewDefinition::parse(&view.to_string())).collect::<Result<_, _>>()?
    };
    Plan::compile(&views, if case.types.as_deref() == Some("typed") { Types::Typed } else { Types::Ansi })
}

fn run(case: &Case, resources: &[Box<RawValue>]) -> Outcome {
    let plan = match compile(case) {
        Ok(plan) => plan,
        Err(error) => return Outcome { rows: Err(error.to_string()), warnings: Vec::new() },
    };
    let warnings = plan.warnings().iter().map(ToString::to_string).collect();
    let mut flattener = Flattener::new(Arc::new(plan), 3);
    let n_resources = if case.path.is_some() { 1 } else { resources.len() };
    let texts: Vec<&str> = match &case.text {
        Some(text) => vec![text],
        None => resources[..n_resources].iter().map(|resource| resource.get()).collect(),
    };
    for text in texts {
        if let Err(error) = flattener.push(text) {
            return Outcome { rows: Err(error.to_string()), warnings };
        }
    }
    let mut lines = String::new();
    for batch in flattener.finish() {
        json_lines(&batch.rows, &mut lines);
    }
    Outcome { rows: Ok(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()), warnings }
}

/// What is wrong with a case, and the messages that it caused.
fn check(case: &Case, resources: &[Box<RawValue>]) -> (Option<String>, Vec<String>) {
    let outcome = run(case, resources);
    let wrong = match (&case.fails, &outcome.rows) {
        (Some(wanted), Err(message)) if message.contains(wanted) => None,
        (Some(_), other) | (None, other @ Err(_)) => Some(format!("{other:?}")),
        (None, Ok(rows)) => {
            let (expected, found) = match (&case.gives, &case.rows) {
                (Some(gives), None) => (gives.clone(), rows[0]["c"].clone()),
                (None, Some(expected)) => (expected.clone(), Value::Array(rows.clone())),
                _ => panic!("a case gives values, has rows, or fails: {case:?}"),
            };
            (expected != found).then(|| found.to_string())
        }
    };
    let warned = match &case.warns {
        Some(wanted) if !outcome.warnings.iter().any(|warning| warning.contains(wanted)) => {
            Some(format!("warned of {:?}", outcome.warnings))
        }
        _ => None,
    };
    let mut messages = outcome.warnings;
    messages.extend(outcome.rows.err());
    (wrong.or(warned), messages)
}

#[test]
fn every_case_has_its_result_and_every_message_a_case() {
    let (mut wrong, mut messages) = (Vec::new(), Vec::new());
    for (name, file) in files() {
        for case in &file.cases {
            let (found, caused) = check(case, &file.resources);
            messages.extend(caused);
            if let Some(found) = found {
                wrong.push(format!("{name}: {case:?}\n    but: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    let missing = messages::without_case(&messages);
    assert!(missing.is_empty(), "{} messages have no case:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_function_and_construct_has_a_case() {
    let files = files();
    let passing = files.iter().flat_map(|(_, file)| &file.cases).filter(|case| case.fails.is_none());
    let texts: Vec<String> = passing.map(Case::view).collect();
    let called: BTreeSet<&str> = texts.iter().flat_map(|text| calls(text)).collect();
    let missing: Vec<_> = functions().filter(|name| !called.contains(name)).collect();
    assert_eq!(missing, [""; 0], "functions without a case");
    let missing: Vec<_> = CONSTRUCTS.iter().filter(|word| !texts.iter().any(|text| text.contains(*word))).collect();
    assert_eq!(missing, [&""; 0], "constructs without a case");
}

/// Names that stand before a bracket.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('(').map(|(at, _)| {
        let name = |c: char| !c.is_ascii_alphanumeric();
        &text[text[..at].rfind(name).map_or(0, |before| before + 1)..at]
    })
}
