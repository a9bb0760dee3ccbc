//! Our own cases: the built-in views on small fixtures, and what the official suite leaves out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::DataType;
use proptest::prelude::*;
use twinlake_flatten::{FlattenError, Flattener, Plan, Types, ViewDefinition, builtin, json_lines};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The rows of a view as NDJSON.
fn lines(view: &ViewDefinition, types: Types, resources: &[&str], batch_rows: usize) -> Result<String, FlattenError> {
    let plan = Plan::compile(std::slice::from_ref(view), types).unwrap();
    let mut flattener = Flattener::new(Arc::new(plan), batch_rows);
    for resource in resources {
        flattener.push(resource)?;
    }
    let mut text = String::new();
    for batch in flattener.finish() {
        assert!(batch.rows.num_rows() <= batch_rows);
        json_lines(&batch.rows, &mut text);
    }
    Ok(text)
}

/// The rows of a view given as its select and perhaps more, e.g. `"select": […], "where": […]`.
fn rows(view: &str, resource: &str) -> String {
    let text = format!(r#"{{"name": "v", "resource": "Patient", {view}}}"#);
    match ViewDefinition::parse(&text) {
        Err(error) => error.to_string(),
        Ok(view) => match Plan::compile(std::slice::from_ref(&view), Types::Typed) {
            Err(error) => error.to_string(),
            Ok(_) => match lines(&view, Types::Typed, &[resource], 100) {
                Ok(text) => text.lines().collect::<Vec<_>>().join(" "),
                Err(error) => error.to_string(),
            },
        },
    }
}

fn columns(columns: &str) -> String {
    format!(r#""select": [{{"column": [{columns}]}}]"#)
}

#[test]
fn built_in_views_on_small_fixtures() {
    for view in builtin::views() {
        let input = fixtures().join(format!("cases/flatten/{}.ndjson", view.resource()));
        let input = fs::read_to_string(&input).unwrap_or_else(|error| panic!("{}: {error}", input.display()));
        let resources: Vec<_> = input.lines().collect();
        let text = lines(&view, Types::Typed, &resources, 100).unwrap();
        expectorate::assert_contents(fixtures().join(format!("golden/flatten/{}.ndjson", view.name())), &text);
        // A column that no fixture fills would be tested by nothing.
        let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for name in rows[0].as_object().unwrap().keys() {
            assert!(rows.iter().any(|row| !row[name].is_null()), "{}.{name} is null in every row", view.name());
        }
        // The specification's types give the same rows, only in other clothes.
        let ansi = lines(&view, Types::Ansi, &resources, 100).unwrap();
        assert_eq!(ansi.lines().count(), text.lines().count());
    }
}

#[test]
fn not_equal_is_the_opposite_of_equal() {
    let view = columns(
        r#"{"name": "a", "path": "gender != 'male'"}, {"name": "b", "path": "gender != 'female'"},
           {"name": "c", "path": "nothing != 'x'"}, {"name": "d", "path": "name.given != name.family"}"#,
    );
    let patient = r#"{"resourceType": "Patient", "gender": "female", "name": [{"given": ["A", "B"], "family": "C"}]}"#;
    assert_eq!(rows(&view, patient), r#"{"a":true,"b":false,"c":null,"d":true}"#);
}

#[test]
fn a_tag_decides_the_type_of_a_column() {
    let tag = |name: &str, ansi: &str| {
        format!(
            r#"{{"name": "{name}", "path": "multipleBirth.ofType(integer)", "tag": [{{"name": "ansi/type", "value": "{ansi}"}}]}}"#
        )
    };
    let text = columns(&[tag("a", "DECIMAL(10, 2)"), tag("b", "CHARACTER VARYING"), tag("c", "BIGINT")].join(","));
    let patient = r#"{"resourceType": "Patient", "multipleBirthInteger": 2}"#;
    assert_eq!(rows(&text, patient), r#"{"a":2.00,"b":"2","c":2}"#);
    assert!(rows(&columns(&tag("a", "JSON")), patient).contains("type `JSON` is not known"));
}

#[test]
fn types_are_those_of_the_profile() {
    let view = ViewDefinition::parse(
        r#"{"name": "v", "resource": "Observation", "select": [{"column": [
            {"name": "decimal", "path": "value.ofType(Quantity).value", "type": "decimal"},
            {"name": "date", "path": "value.ofType(Period).start", "type": "date"},
            {"name": "instant", "path": "issued", "type": "http://hl7.org/fhirpath/instant"},
            {"name": "note", "path": "note.text", "collection": true},
            {"name": "found", "path": "note.exists()"},
            {"name": "row", "path": "%rowIndex"}]}]}"#,
    )
    .unwrap();
    let types = |types| {
        let plan = Plan::compile(std::slice::from_ref(&view), types).unwrap();
        let fields: Vec<_> = plan.tables()[0].schema().fields().iter().map(|f| f.data_type().to_string()).collect();
        fields.join(", ")
    };
    assert_eq!(types(Types::Ansi), r#"Utf8, Utf8, Timestamp(µs, "UTC"), List(Utf8), Boolean, Int32"#);
    assert_eq!(types(Types::Typed), "Float64, Date32, Timestamp(µs), List(Utf8), Boolean, Int32");
    assert_eq!(
        Plan::compile(&[view], Types::Typed).unwrap().tables()[0].schema().field(1).data_type(),
        &DataType::Date32
    );
}

#[test]
fn digits_survive() {
    let view = columns(r#"{"name": "v", "path": "value", "tags": [{"name": "ansi/type", "value": "VARCHAR"}]}"#);
    assert_eq!(
        rows(&view, r#"{"resourceType": "Patient", "value": 7.0000000000000000001}"#),
        r#"{"v":"7.0000000000000000001"}"#
    );
}

#[test]
fn a_column_takes_one_primitive() {
    let patient =
        r#"{"resourceType": "Patient", "id": "p", "name": [{"family": "A"}, {"family": "B"}], "birthDate": "x"}"#;
    let column = |path: &str, more: &str| columns(&format!(r#"{{"name": "c", "path": "{path}"{more}}}"#));
    assert_eq!(
        rows(&column("name.family", ""), patient),
        "view `v`, column `c`: `name.family` gave 2 values in `Patient/p`, expected at most one"
    );
    assert!(
        rows(&column("name.first()", ""), patient)
            .contains("a column holds a primitive, and this is HumanName; it has use, family")
    );
    assert_eq!(
        rows(&column("birthDate", r#", "type": "date""#), patient),
        "view `v`, column `c`: `x` in `Patient/p` is not a date"
    );
    assert!(rows(&column("id", r#", "type": "HumanName""#), patient).contains("a column holds a primitive"));
}

#[test]
fn columns_are_defined_once() {
    let twice = r#""select": [{"column": [{"name": "a", "path": "id"}]}, {"column": [{"name": "a", "path": "id"}]}]"#;
    assert!(rows(twice, "").contains("column `a` is already defined"));
    let union = r#""select": [{"column": [{"name": "a", "path": "id"}], "unionAll": [{"column": [{"name": "a", "path": "id"}]}]}]"#;
    assert!(rows(union, "").contains("column `a` is already defined"));
    let types = r#""select": [{"unionAll": [{"column": [{"name": "a", "path": "id"}]}, {"column": [{"name": "a", "path": "name.exists()"}]}]}]"#;
    assert!(rows(types, "").contains("has column `a` as boolean, the first branch as id"), "{}", rows(types, ""));
}

#[test]
fn a_repeat_that_stays_where_it_is_ends() {
    let view = r#""select": [{"repeat": ["$this"], "column": [{"name": "a", "path": "id"}]}]"#;
    assert!(rows(view, r#"{"resourceType": "Patient"}"#).contains("repeats without an end"));
}

#[test]
fn a_fault_in_one_view_leaves_no_row_in_another() {
    let view = |name: &str, path: &str| {
        ViewDefinition::parse(&format!(
            r#"{{"name": "{name}", "resource": "Patient", "select": [{{"column": [{{"name": "c", "path": "{path}"}}]}}]}}"#
        ))
        .unwrap()
    };
    let plan = Plan::compile(&[view("a", "id"), view("b", "name.family")], Types::Typed).unwrap();
    let mut flattener = Flattener::new(Arc::new(plan), 10);
    let bad = r#"{"resourceType": "Patient", "id": "1", "name": [{"family": "A"}, {"family": "B"}]}"#;
    assert!(matches!(flattener.push(bad), Err(FlattenError::NotSingular { .. })));
    flattener.push(r#"{"resourceType": "Patient", "id": "2"}"#).unwrap();
    let batches = flattener.finish();
    assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [1, 1]);
}

proptest! {
    #[test]
    fn rows_do_not_depend_on_the_size_of_batches(n in 1usize..40, batch_rows in 1usize..20) {
        let view = ViewDefinition::parse(
            r#"{"name": "v", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]},
                {"forEachOrNull": "name", "column": [{"name": "i", "path": "%rowIndex"}, {"name": "given", "path": "given", "collection": true}]}]}"#,
        ).unwrap();
        let patients: Vec<String> = (0..n)
            .map(|i| {
                let names: Vec<_> = (0..i % 4).map(|j| format!(r#"{{"given": ["{i}", "{j}"]}}"#)).collect();
                format!(r#"{{"resourceType": "Patient", "id": "{i}", "name": [{}]}}"#, names.join(","))
            })
            .collect();
        let patients: Vec<&str> = patients.iter().map(String::as_str).collect();
        prop_assert_eq!(
            lines(&view, Types::Typed, &patients, batch_rows).unwrap(),
            lines(&view, Types::Typed, &patients, 10_000).unwrap()
        );
    }

    #[test]
    fn no_text_of_a_path_brings_the_compiler_down(path in "[a-z0-9%$@'`.()\\[\\]{}<>=!+*/, T:é-]{0,40}") {
        let path = serde_json::Value::String(path);
        let text = format!(r#"{{"resource": "Patient", "select": [{{"column": [{{"name": "c", "path": {path}}}]}}]}}"#);
        if let Ok(view) = ViewDefinition::parse(&text) && let Ok(plan) = Plan::compile(&[view], Types::Typed) {
            let mut flattener = Flattener::new(Arc::new(plan), 10);
            // Errors are fine, panics are not.
            let _ = flattener.push(r#"{"resourceType": "Patient", "a": [{"b": 1.50}, {"b": "x"}], "c": true}"#);
        }
    }

    #[test]
    fn no_view_however_wrong_brings_the_engine_down(
        which in 0usize..builtin::VIEWS.len(), edits in proptest::collection::vec((0usize..4000, 0usize..60, 0u8..4), 1..8)
    ) {
        let mut text = builtin::VIEWS[which].1.to_owned();
        for (at, word, how) in edits {
            let mut at = at % text.len();
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let word = WORDS[word % WORDS.len()];
            match how {
                // Words are put in, put in the place of what is there, or what is there is taken out or said twice.
                0 => text.insert_str(at, word),
                1 => {
                    let end = (at + word.len()..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                    text.replace_range(at..end, word);
                }
                2 => {
                    let end = (at + 1..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                    text.replace_range(at..end, "");
                }
                _ => {
                    let end = (at + 12..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                    let twice = text[at..end].to_owned();
                    text.insert_str(at, &twice);
                }
            }
        }
        if let Ok(view) = ViewDefinition::parse(&text) && let Ok(plan) = Plan::compile(&[view], Types::Typed) {
            let resource = plan.resource().to_owned();
            let mut flattener = Flattener::new(Arc::new(plan), 10);
            // Errors are fine, panics are not.
            let _ = flattener.push(&format!(r#"{{"resourceType": "{resource}", "id": "x", "code": {{"text": "a"}}}}"#));
            let path = fixtures().join(format!("cases/flatten/{resource}.ndjson"));
            for line in fs::read_to_string(path).unwrap_or_default().lines() {
                let _ = flattener.push(line);
            }
        }
    }

    #[test]
    fn no_text_of_a_resource_brings_the_reader_down(at in 0usize..6000, with in "[\\[\\]{}\",:0-9eE.+tfn\\\\u -]{0,6}") {
        let input = fs::read_to_string(fixtures().join("cases/flatten/Observation.ndjson")).unwrap();
        let mut text = input.lines().next().unwrap().to_owned();
        let mut at = at % text.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &with);
        let views: Vec<_> = builtin::views().into_iter().filter(|view| view.resource() == "Observation").collect();
        let mut flattener = Flattener::new(Arc::new(Plan::compile(&views, Types::Typed).unwrap()), 10);
        let pushed = flattener.push(&text);
        // What another parser does not read is refused here too.
        if serde_json::from_str::<serde_json::Value>(&text).is_err() {
            prop_assert!(pushed.is_err(), "{}", text);
        }
    }
}

/// What a wrong view may be made of.
const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "1",
    "-1e999",
    "true",
    "\\",
    "é",
    " ",
    "name",
    "%rowIndex",
    "%x",
    "$this",
    "@2019",
    "@",
    "'",
    "`",
    "``",
    ".",
    "..",
    "first()",
    ".first()",
    "where(",
    ")",
    "(",
    "ofType(",
    "Quantity",
    "System.",
    "System.é",
    "FHIR.",
    "forEach",
    "repeat",
    "unionAll",
    "select",
    "column",
    "path",
    "type",
    "collection",
    "where",
    "constant",
    "resource",
    "Patient",
    "extension('",
    "|",
    " is ",
    " as ",
    "iif(",
    "'mg'",
    "5 'mg'",
    "--",
    "[0]",
    "[-1]",
    "9223372036854775808",
    "lowBoundary()",
    "\\u0000",
    "substring(-1, 3)",
    "matches('(a|b')",
    " + 3 days",
    "toQuantity()",
    "yearOf()",
    "sum()",
    "\"repeat\": [\"$this\", \"item\"],",
];

#[test]
fn errors_of_a_view_say_where_and_what_was_meant() {
    let column = |path: &str, more: &str| rows(&columns(&format!(r#"{{"name": "c", "path": "{path}"{more}}}"#)), "{}");
    for (path, more, expected) in [
        ("name.first().famly", "", "character 14: HumanName has no element `famly`; did you mean `family`?"),
        ("birthdate", "", "character 1: Patient has no element `birthdate`; did you mean `birthDate`?"),
        ("birthDate.year", "", "character 11: a date is a primitive and has no `year`"),
        ("name", "", "a column holds a primitive, and this is HumanName; it has use, family"),
        ("active", r#", "type": "date""#, "column `c` is said to be date, and this is boolean"),
        ("deceased.ofType(Quantity)", "", "character 10: `deceased` is never Quantity; it is boolean or dateTime"),
        ("name.getReferenceKey()", "", "getReferenceKey() is for a Reference; what stands here is HumanName"),
        ("Observation.id", "", "character 1: `Observation` is no element; the view looks at `Patient`"),
        ("name.frist().family", "", "character 6: there is no function `frist()`; did you mean `first()`?"),
        ("managingOrganization.resolve().name", "", "resolve() leads out of the resource"),
        ("id.substring()", "", "`substring()` takes 1 to 2 arguments, not 0"),
    ] {
        let error = column(path, more);
        assert!(error.contains(expected), "{path}: {error}");
    }
    let filter =
        rows(r#""select": [{"column": [{"name": "c", "path": "id"}]}], "where": [{"path": "name.family"}]"#, "{}");
    assert!(filter.contains("a `where` of a view is true or false, and this is string"), "{filter}");
}

#[test]
fn a_view_of_too_many_elements_is_refused() {
    let path = |column: usize| (0..500).map(|part| format!("x{column}_{part}")).collect::<Vec<_>>().join(".");
    let all: Vec<_> = (0..25).map(|column| format!(r#"{{"name": "c{column}", "path": "{}"}}"#, path(column))).collect();
    assert!(rows(&columns(&all.join(",")), "{}").contains("the views look at more than 10,000 different elements"));
}

#[test]
fn what_may_fail_is_warned_of() {
    let view = ViewDefinition::parse(
        r#"{"name": "v", "resource": "Patient", "select": [
            {"column": [{"name": "a", "path": "name.family"}, {"name": "b", "path": "name.family.first()"},
                        {"name": "c", "path": "name.given", "collection": true}, {"name": "d", "path": "performer"}]},
            {"forEach": "name", "column": [{"name": "e", "path": "family"}, {"name": "f", "path": "given"}]}]}"#,
    )
    .unwrap();
    let plan = Plan::compile(&[view], Types::Typed).unwrap();
    let warnings: Vec<_> = plan.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].starts_with("view `v`: select[0].column[0].path: path `name.family`, character 6: column `a` may")
    );
    assert!(warnings[1].contains("Patient has no element `performer` in R4"));
    assert!(warnings[2].contains("column `f` may get several values"));
}

#[test]
fn no_built_in_view_is_warned_of() {
    for plan in Plan::compile_all(&builtin::views(), Types::Typed).unwrap() {
        assert_eq!(plan.warnings(), []);
    }
}

#[test]
fn odd_resources_have_a_defined_result() {
    let view = columns(r#"{"name": "a", "path": "name.first().family"}, {"name": "b", "path": "gender"}"#);
    let patient = |more: &str| rows(&view, &format!(r#"{{"resourceType": "Patient", "id": "p"{more}}}"#));
    // Twice what a path looks at is an error, twice what none looks at is not.
    assert!(patient(r#", "gender": "male", "gender": "female""#).contains("an element stands there twice"));
    assert_eq!(patient(r#", "photo": 1, "photo": 2"#), r#"{"a":null,"b":null}"#);
    assert!(
        patient(&format!(r#", "photo": {}1{}"#, "[".repeat(300), "]".repeat(300))).contains("deeper than 200 levels")
    );
    assert!(patient(r#", "gender": {"a": 1}"#).contains("is not a primitive"));
    assert_eq!(patient(r#", "gender": null, "name": []"#), r#"{"a":null,"b":null}"#);
    assert_eq!(
        patient(r#", "gender": 1.50, "name": {"family": "\u00e4\ud83d\ude00\n"}"#),
        r#"{"a":"ä😀\n","b":"1.50"}"#
    );
    assert!(patient(r#", "gender": "\ud83d""#).contains("surrogate"));
    let huge = "x".repeat(3 << 20);
    assert_eq!(patient(&format!(r#", "gender": "{huge}""#)).len(), huge.len() + r#"{"a":null,"b":""}"#.len());
}
