//! Checks a ViewDefinition by the two profiles that SQL on FHIR has for views that travel.
//!
//! A *Shareable* view says what it is (`url`, `name`, `fhirVersion`), gives each column a type, and uses only the part of
//! FHIRPath that every engine has. A *Tabular* view has columns of one primitive value each, as CSV or a plain table holds
//! them. Tabular's own list of types leaves out `date` and `uri`, which is held to be an oversight: all primitives pass.
//!
//! ```
//! use twinlake_flatten::lint::{Severity, lint};
//!
//! let findings = lint(r#"{"resourceType": "ViewDefinition", "url": "http://example.org/v", "name": "v",
//!     "status": "active", "fhirVersion": ["4.0.1"], "description": "One row a Patient.", "resource": "Patient",
//!     "select": [{"column": [{"name": "id", "path": "id", "description": "Logical id."}]}]}"#);
//! assert_eq!(findings.len(), 1);
//! assert_eq!((findings[0].severity, findings[0].rule), (Severity::Error, "shareable-type"));
//! assert_eq!(findings[0].place, "select[0].column[0]");
//! assert!(findings[0].fix.contains(r#""type": "id""#));
//! ```

use std::collections::BTreeMap;

use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _, Value};

use crate::{FHIR_TYPE, Plan, Types, ViewDefinition, ViewError, json};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Another engine, or ours, will refuse the view or may read it otherwise.
    Error,
    /// The view runs, but not everywhere, not on every resource, or its reader is told too little.
    Warning,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Something of a view that a rule speaks against.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule, one of [`RULES`].
    pub rule: &'static str,
    /// Where in the view, e.g. `select[0].column[1].path`; `view` for the whole of it.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { severity, rule, place, reason, fix } = self;
        write!(f, "{place}: {severity} [{rule}]: {reason}")?;
        if fix.is_empty() { Ok(()) } else { write!(f, "; {fix}") }
    }
}

/// Every rule: its name and what it asks for.
pub const RULES: &[(&str, &str)] = &[
    ("valid", "the view is a ViewDefinition that compiles"),
    ("status", "the view has a `status`: draft, active, retired or unknown (a warning)"),
    ("shareable-url", "the view has a `url`"),
    ("shareable-name", "the view has a `name`"),
    ("shareable-fhir-version", "the view says for which versions of FHIR it is"),
    ("shareable-type", "every column has a `type`"),
    ("shareable-function", "paths call functions of the shareable subset only"),
    ("shareable-operator", "paths use operators of the shareable subset only"),
    ("shareable-experimental", "paths do without functions that the specification calls experimental (a warning)"),
    ("tabular-collection", "no column is a collection"),
    ("tabular-primitive", "every column holds a primitive"),
    ("several-values", "a column that is no collection has a path with one value at most (a warning)"),
    ("name-case", "names of columns differ in more than upper and lower case (a warning)"),
    ("described", "the view and each of its columns has a `description` (a warning)"),
];

/// Functions that every engine has.
const SHAREABLE: &[&str] =
    &["where", "exists", "empty", "extension", "ofType", "first", "not", "getResourceKey", "getReferenceKey"];

/// Functions that an engine may have.
const EXPERIMENTAL: &[&str] = &["join", "lowBoundary", "highBoundary"];

/// Operators that are words and that not every engine has.
const WORD_OPERATORS: &[&str] = &["div", "mod", "xor", "implies", "in", "contains", "is", "as"];

const STATUSES: &[&str] = &["draft", "active", "retired", "unknown"];

/// All findings of a view's text, in the order of the view; none when it is Shareable and Tabular and says what it holds.
pub fn lint(text: &str) -> Vec<Finding> {
    let root = match json::parse(text) {
        Ok(root) if root.is_object() => root,
        Ok(_) => return vec![error("valid", "view", "the text is JSON, but no object", "write a ViewDefinition")],
        Err(error_of_json) => {
            let reason = error_of_json.to_string();
            let first = reason.lines().next().unwrap_or_default();
            return vec![error("valid", "view", &format!("the text is not JSON: {first}"), "mend it there")];
        }
    };
    let compiled = ViewDefinition::parse(text).and_then(|view| Plan::compile(std::slice::from_ref(&view), Types::Ansi));
    let mut types = BTreeMap::new();
    for field in compiled.iter().flat_map(Plan::tables).flat_map(|table| table.schema().fields()) {
        if let Some(data_type) = field.metadata().get(FHIR_TYPE) {
            types.insert(field.name().clone(), data_type.clone());
        }
    }
    let mut linter = Linter { types, names: BTreeMap::new(), findings: Vec::new() };
    linter.view(&root);
    let mut findings = linter.findings;
    match compiled {
        Ok(plan) => findings.extend(plan.warnings().iter().map(|warning| Finding {
            severity: Severity::Warning,
            rule: "several-values",
            place: warning.place.clone(),
            reason: format!("path `{}`, character {}: {}", warning.path, warning.at, warning.reason),
            fix: String::new(),
        })),
        Err(fault) => {
            let (place, reason) = explain(&fault);
            // What a rule above already says of the same place is not said twice.
            let known = |finding: &Finding| finding.severity == Severity::Error && finding.place == place;
            if !findings.iter().any(known) {
                findings.insert(0, error("valid", &place, &reason, ""));
            }
        }
    }
    findings
}

fn explain(fault: &ViewError) -> (String, String) {
    match fault {
        ViewError::Element { place, reason, .. } => (place.clone(), reason.clone()),
        ViewError::Path { place, path, at, reason, .. } => {
            (place.clone(), format!("path `{path}`, character {at}: {reason}"))
        }
        other => ("view".to_owned(), other.to_string()),
    }
}

fn finding(severity: Severity, rule: &'static str, place: &str, reason: &str, fix: &str) -> Finding {
    debug_assert!(RULES.iter().any(|(name, _)| *name == rule), "{rule}");
    Finding { severity, rule, place: place.to_owned(), reason: reason.to_owned(), fix: fix.to_owned() }
}

fn error(rule: &'static str, place: &str, reason: &str, fix: &str) -> Finding {
    finding(Severity::Error, rule, place, reason, fix)
}

fn warning(rule: &'static str, place: &str, reason: &str, fix: &str) -> Finding {
    finding(Severity::Warning, rule, place, reason, fix)
}

struct Linter {
    /// FHIR type of each column, where the view compiles.
    types: BTreeMap<String, String>,
    /// Names of columns in lower case, and as first written.
    names: BTreeMap<String, String>,
    findings: Vec<Finding>,
}

impl Linter {
    fn view(&mut self, root: &Value) {
        let text = |key: &str| root.get(key).and_then(|value| value.as_str()).filter(|text| !text.trim().is_empty());
        if text("url").is_none() {
            self.findings.push(error(
                "shareable-url",
                "url",
                "the view has no url",
                "give it a canonical address of yours, e.g. \"url\": \"https://example.org/ViewDefinition/my_view\"",
            ));
        }
        if text("name").is_none() {
            self.findings.push(error(
                "shareable-name",
                "name",
                "the view has no name",
                "give it one that a table can have, e.g. \"name\": \"my_view\"",
            ));
        }
        if !text("status").is_some_and(|status| STATUSES.contains(&status)) {
            let reason =
                text("status").map_or("the view has no status".to_owned(), |status| format!("`{status}` is no status"));
            self.findings.push(warning("status", "status", &reason, "say draft, active, retired or unknown"));
        }
        let version = root.get("fhirVersion");
        match version {
            Some(value) if value.is_array() && value.as_array().is_some_and(|versions| !versions.is_empty()) => {}
            Some(value) if value.is_str() => self.findings.push(error(
                "shareable-fhir-version",
                "fhirVersion",
                "the version of FHIR stands alone, and a list is asked for",
                "put it in brackets, e.g. \"fhirVersion\": [\"4.0.1\"]",
            )),
            _ => self.findings.push(error(
                "shareable-fhir-version",
                "fhirVersion",
                "the view does not say for which version of FHIR it is",
                "say \"fhirVersion\": [\"4.0.1\"] for R4",
            )),
        }
        if text("description").is_none() {
            self.findings.push(warning("described", "description", "the view has no description", "say what a row is"));
        }
        for (place, filter) in list(root, "", "where") {
            self.path_of(filter, &place, "path");
        }
        for (place, select) in list(root, "", "select") {
            self.select(select, &place, true);
        }
    }

    /// `defines` is false in all branches of a union but the first, whose columns are those of the first.
    fn select(&mut self, select: &Value, place: &str, defines: bool) {
        for key in ["forEach", "forEachOrNull"] {
            self.path_of(select, place, key);
        }
        for (place, path) in list(select, place, "repeat") {
            if let Some(path) = path.as_str() {
                self.path(path, &place);
            }
        }
        for (place, column) in list(select, place, "column") {
            self.column(column, &place, defines);
        }
        for (place, nested) in list(select, place, "select") {
            self.select(nested, &place, defines);
        }
        for (i, (place, branch)) in list(select, place, "unionAll").into_iter().enumerate() {
            self.select(branch, &place, defines && i == 0);
        }
    }

    fn column(&mut self, column: &Value, place: &str, defines: bool) {
        let text = |key: &str| column.get(key).and_then(|value| value.as_str());
        let name = text("name").unwrap_or_default();
        self.path_of(column, place, "path");
        let type_at = format!("{place}.type");
        match text("type").map(|name| name.rsplit('/').next().unwrap_or(name)) {
            None => {
                let known = self.types.get(name).filter(|_| text("path").is_some());
                let fix = known.map_or("say which FHIR type its values have".to_owned(), |data_type| {
                    format!("say \"type\": \"{data_type}\"")
                });
                let reason = format!("column `{name}` has no type");
                self.findings.push(error("shareable-type", place, &reason, &fix));
            }
            Some(data_type) if !twinlake_r4::PRIMITIVES.contains(&data_type) => {
                let reason = format!("column `{name}` is a `{data_type}`, which is no primitive type of FHIR");
                let fix = "lead its path to an element that has a value, e.g. `.code` or `.value`, and say its type";
                self.findings.push(error("tabular-primitive", &type_at, &reason, fix));
            }
            Some(_) => {}
        }
        if column.get("collection").as_bool() == Some(true) {
            let reason = format!("column `{name}` holds a list");
            let fix = "take one value (`.first()`), join them, or make a view with `forEach` of what repeats";
            self.findings.push(error("tabular-collection", &format!("{place}.collection"), &reason, fix));
        }
        if !defines {
            return;
        }
        if text("description").is_none_or(|text| text.trim().is_empty()) {
            let reason = format!("column `{name}` has no description");
            self.findings.push(warning("described", place, &reason, "say what it holds, with unit and source"));
        }
        if let Some(first) = self.names.insert(name.to_ascii_lowercase(), name.to_owned())
            && first != name
        {
            let reason = format!("columns `{first}` and `{name}` are one to a database that folds case");
            self.findings.push(warning("name-case", place, &reason, "rename one of them"));
        }
    }

    fn path_of(&mut self, parent: &Value, place: &str, key: &str) {
        if let Some(path) = parent.get(key).and_then(|value| value.as_str()) {
            self.path(path, &format!("{place}.{key}"));
        }
    }

    fn path(&mut self, path: &str, place: &str) {
        for word in words(path) {
            let place_of = |reason: String| format!("path `{path}`: {reason}");
            match word {
                Word::Call(name) if EXPERIMENTAL.contains(&name) => {
                    let reason = place_of(format!("`{name}()` is experimental: an engine may be without it"));
                    let fix = "do without it in a view that must run everywhere";
                    self.findings.push(warning("shareable-experimental", place, &reason, fix));
                }
                Word::Call(name) if !SHAREABLE.contains(&name) => {
                    let reason = place_of(format!("`{name}()` is not in the shareable part of FHIRPath"));
                    let fix = format!("that has {}", SHAREABLE.join(", "));
                    self.findings.push(error("shareable-function", place, &reason, &fix));
                }
                Word::Operator(symbol) => {
                    let reason = place_of(format!("`{symbol}` is not in the shareable part of FHIRPath"));
                    let fix = "that has and, or, + - * /, = != > >= < <=";
                    self.findings.push(error("shareable-operator", place, &reason, fix));
                }
                Word::Call(_) => {}
            }
        }
    }
}

fn list<'v>(parent: &'v Value, place: &str, key: &str) -> Vec<(String, &'v Value)> {
    let dot = if place.is_empty() { "" } else { "." };
    let array = parent.get(key).and_then(|value| value.as_array());
    let items = array.into_iter().flat_map(|array| array.iter());
    items.enumerate().map(|(i, item)| (format!("{place}{dot}{key}[{i}]"), item)).collect()
}

/// What of a path the rules are about.
#[derive(Debug, Eq, PartialEq)]
enum Word<'p> {
    /// A function that is called.
    Call(&'p str),
    /// An operator that is not in the shareable subset.
    Operator(&'p str),
}

/// Calls and operators of a path. Looks at words only, so that a path that cannot be parsed is looked at too.
fn words(path: &str) -> Vec<Word<'_>> {
    let bytes = path.as_bytes();
    let mut found = Vec::new();
    // Whether something stands before that an operator could follow.
    let mut operand = false;
    let mut after_dot = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'\'' | b'`' => {
                while let Some(&inner) = bytes.get(at) {
                    at += if inner == b'\\' { 2 } else { 1 };
                    if inner == byte {
                        break;
                    }
                }
                operand = true;
            }
            b'%' | b'$' | b'@' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let more = |b: &u8| {
                    b.is_ascii_alphanumeric() || *b == b'_' || (byte == b'@' && matches!(b, b'-' | b':' | b'+' | b'.'))
                };
                while bytes.get(at).is_some_and(more) {
                    at += 1;
                }
                let word = &path[start..at];
                let called = path[at..].trim_start().starts_with('(');
                let named = byte.is_ascii_alphabetic() || byte == b'_';
                if named && operand && !after_dot && WORD_OPERATORS.contains(&word) {
                    found.push(Word::Operator(word));
                    operand = false;
                } else if named && operand && !after_dot && matches!(word, "and" | "or") {
                    operand = false;
                } else {
                    if named && called {
                        found.push(Word::Call(word));
                    }
                    operand = true;
                }
            }
            b'|' | b'&' | b'~' => {
                found.push(Word::Operator(&path[start..at]));
                operand = false;
            }
            b'!' if bytes.get(at) == Some(&b'~') => {
                at += 1;
                found.push(Word::Operator(&path[start..at]));
                operand = false;
            }
            b')' | b']' | b'}' => operand = true,
            _ => operand = false,
        }
        after_dot = byte == b'.';
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    fn rules(text: &str) -> Vec<(&'static str, String)> {
        lint(text).into_iter().map(|finding| (finding.rule, finding.place)).collect()
    }

    /// A view in which nothing is wrong but what stands in `more` or in its only column.
    fn view(more: &str, column: &str) -> String {
        format!(
            r#"{{"resourceType": "ViewDefinition", "url": "http://example.org/v", "name": "v", "status": "active",
                "fhirVersion": ["4.0.1"], "description": "Rows.", "resource": "Patient"{more},
                "select": [{{"column": [{{"description": "It.", {column}}}]}}]}}"#
        )
    }

    fn of_column(column: &str) -> Vec<(&'static str, String)> {
        rules(&view("", column))
    }

    fn one(rule: &'static str, place: &str) -> Vec<(&'static str, String)> {
        vec![(rule, place.to_owned())]
    }

    #[test]
    fn a_good_view_has_no_finding() {
        assert_eq!(of_column(r#""name": "id", "path": "getResourceKey()", "type": "id""#), []);
        assert_eq!(of_column(r#""name": "d", "path": "birthDate", "type": "date""#), []);
        let url_of_type = r#""name": "id", "path": "id", "type": "http://hl7.org/fhirpath/id""#;
        assert_eq!(of_column(url_of_type), []);
    }

    #[test]
    fn what_a_view_must_say_of_itself() {
        let bare = r#"{"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}"#;
        let found: Vec<&str> = rules(bare).into_iter().map(|(rule, _)| rule).collect();
        let expected = [
            "shareable-url",
            "shareable-name",
            "status",
            "shareable-fhir-version",
            "described",
            "shareable-type",
            "described",
        ];
        assert_eq!(found, expected);
        let alone = view("", r#""name": "id", "path": "id", "type": "id""#).replace(r#"["4.0.1"]"#, r#""4.0.1""#);
        assert_eq!(rules(&alone), one("shareable-fhir-version", "fhirVersion"));
        let odd = view("", r#""name": "id", "path": "id", "type": "id""#).replace("active", "done");
        assert_eq!(rules(&odd), one("status", "status"));
    }

    #[test]
    fn columns_hold_one_primitive_each() {
        assert_eq!(
            of_column(r#""name": "g", "path": "name.given", "type": "string", "collection": true"#),
            one("tabular-collection", "select[0].column[0].collection")
        );
        let complex = of_column(r#""name": "n", "path": "name.first()", "type": "HumanName""#);
        assert!(complex.contains(&("tabular-primitive", "select[0].column[0].type".to_owned())), "{complex:?}");
        assert_eq!(
            of_column(r#""name": "g", "path": "name.given", "type": "string""#),
            one("several-values", "select[0].column[0].path")
        );
    }

    #[test]
    fn paths_are_of_the_shareable_subset() {
        for (path, data_type, rule) in [
            ("name.first().family.upper()", "string", "shareable-function"),
            ("name.given | name.family", "string", "shareable-operator"),
            ("gender in ('male' | 'female')", "boolean", "shareable-operator"),
            ("name.first().given.join(' ')", "string", "shareable-experimental"),
            ("birthDate.lowBoundary()", "date", "shareable-experimental"),
        ] {
            let found = of_column(&format!(r#""name": "c", "path": "{path}", "type": "{data_type}""#));
            assert!(found.iter().any(|(found, _)| *found == rule), "{path}: {found:?}");
        }
        let filter = r#", "where": [{"path": "name.count() = 1"}]"#;
        let found = rules(&view(filter, r#""name": "id", "path": "id", "type": "id""#));
        assert!(found.contains(&("shareable-function", "where[0].path".to_owned())), "{found:?}");
    }

    #[test]
    fn words_of_text_and_names_are_no_operators() {
        use Word::{Call, Operator};
        assert_eq!(words("extension('a|b is in').value.ofType(code)"), [Call("extension"), Call("ofType")]);
        assert_eq!(words("expansion.contains.where(contains.code = 'div')"), [Call("where")]);
        assert_eq!(words("a is Patient and `div`.x div 2"), [Operator("is"), Operator("div")]);
        assert_eq!(words("(a and b).not() or $this >= @2019-01-01T10:00:00+02:00"), [Call("not")]);
        assert_eq!(words("a !~ b & c ~ 'it\\'s | x'"), [Operator("!~"), Operator("&"), Operator("~")]);
        assert_eq!(words("%const.is(Patient) > %rowIndex"), [Call("is")]);
        assert_eq!(words("'never closed"), []);
    }

    #[test]
    fn what_does_not_compile_is_told_with_its_place() {
        assert_eq!(rules("{"), one("valid", "view"));
        assert_eq!(rules("[]"), one("valid", "view"));
        assert_eq!(
            of_column(r#""name": "n", "path": "nmae.first().family", "type": "string""#),
            one("valid", "select[0].column[0].path")
        );
        let twice = view("", r#""name": "a", "path": "id", "type": "id""#)
            .replace("}]}]}", r#"}, {"name": "A", "path": "id", "type": "id", "description": "It."}]}]}"#);
        assert_eq!(rules(&twice), one("name-case", "select[0].column[1]"));
    }

    #[test]
    fn union_branches_repeat_columns_and_no_descriptions() {
        let column = r#"{"name": "city", "path": "city", "type": "string""#;
        let text = view("", r#""name": "id", "path": "id", "type": "id""#).replace(
            r#""select": [{"#,
            &format!(
                r#""select": [{{"unionAll": [{{"forEach": "address", "column": [{column}, "description": "C."}}]}},
                    {{"forEach": "contact.address", "column": [{column}}}]}}]}}, {{"#
            ),
        );
        assert_eq!(rules(&text), []);
    }

    #[test]
    fn every_builtin_view_is_shareable_and_tabular() {
        let mut joins = 0;
        for (name, text) in builtin::VIEWS {
            for finding in lint(text) {
                // `join` is all that is experimental in them: names and streets as one text.
                assert_eq!(finding.rule, "shareable-experimental", "{name}: {finding}");
                assert!(finding.reason.contains("`join()`"), "{name}: {finding}");
                joins += 1;
            }
        }
        assert!(joins > 0, "the rule was not asked");
    }
}
