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
}
