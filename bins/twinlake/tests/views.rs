//! `twinlake views` by the real binary, and that no resource type is without a view.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use twinlake_flatten::{Plan, Types, builtin, functions};

fn views(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinlake")).arg("views").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn every_resource_type_has_a_base_view_of_its_name() {
    for resource_type in twinlake_fhir::Resource::TYPES {
        let name = snake_case(resource_type);
        let (_, text) = builtin::VIEWS.iter().find(|(view, _)| *view == name).unwrap_or_else(|| panic!("no {name}"));
        let view: Value = serde_json::from_str(text).unwrap();
        assert_eq!(view["resource"], *resource_type);
        // A row a resource: nothing in it goes through what repeats.
        let select = view["select"].as_array().unwrap();
        assert!(select.iter().all(|select| select.get("forEach").or_else(|| select.get("repeat")).is_none()), "{name}");
        let columns: Vec<_> = select.iter().flat_map(|select| select["column"].as_array().unwrap()).collect();
        assert_eq!((columns[0]["name"].as_str(), columns[0]["path"].as_str()), (Some("id"), Some("getResourceKey()")));
    }
}

#[test]
fn list_and_show_have_every_builtin_view() {
    let output = views(&["list", "--json"]);
    assert!(output.status.success());
    let listed: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed.len(), builtin::VIEWS.len());
    for view in &listed {
        let shown = views(&["show", view["name"].as_str().unwrap()]);
        let definition: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        for key in ["name", "resource", "title"] {
            assert!(view[key].is_string() && view[key] == definition[key], "{key}: {view}");
        }
        assert!(view["columns"].as_u64().unwrap() > 5, "{view}");
    }
    let text = stdout(&views(&["list"]));
    assert_eq!(text.lines().count(), listed.len() + 1);
    assert!(text.starts_with("name "), "{text}");
    let unknown = views(&["show", "patent"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn the_page_has_every_view_and_function() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/views.md");
    let page = fs::read_to_string(page).unwrap();
    for plan in Plan::compile_all(&builtin::views(), Types::Typed).unwrap() {
        let line = page.lines().find(|line| line.starts_with(&format!("| {} |", plan.resource()))).unwrap();
        let tables = plan.tables().iter().map(|table| format!("`{}` {}", table.name(), table.schema().fields().len()));
        let told = format!("| {} | {} |", plan.resource(), tables.collect::<Vec<_>>().join(", "));
        assert_eq!(line, told);
    }
    for name in functions() {
        // Of these the page has one word for all.
        let name = if name.starts_with("convertsTo") { "convertsTo…" } else { name };
        assert!(
            page.contains(&format!("`{name}`")) || page.contains(&format!("`{name}(")),
            "no {name} in docs/views.md"
        );
    }
}

#[test]
fn lint_says_file_place_rule_and_what_to_do() {
    let builtin = views(&["lint", "--builtin"]);
    assert_eq!(builtin.status.code(), Some(0), "{}", stdout(&builtin));
    let dir = tempfile::tempdir().unwrap();
    let good = stdout(&views(&["show", "goal_target"]));
    fs::write(dir.path().join("a_good.json"), &good).unwrap();
    let bad =
        good.replacen(r#""type": "id", "#, "", 1).replace("detail.ofType(string)", "detail.ofType(string).upper()");
    assert_ne!(bad, good);
    fs::write(dir.path().join("bad.json"), bad).unwrap();

    let output = views(&["lint", dir.path().to_str().unwrap()]);
    // As every command with findings, so that a script can tell them from a failure.
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(views(&["lint", "no-such-file.json"]).status.code(), Some(1));
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("bad.json: select[0].column[0]: error [shareable-type]"), "{text}");
    assert!(lines[0].ends_with(r#"say "type": "id""#), "{text}");
    assert!(lines[1].contains("error [shareable-function]: path `detail.ofType(string).upper()`"), "{text}");
    assert_eq!(lines[2], "2 views: 2 errors, 0 warnings");

    let json = stdout(&views(&["lint", "--json", dir.path().join("bad.json").to_str().unwrap()]));
    let first: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!((&first["rule"], &first["severity"]), (&Value::from("shareable-type"), &Value::from("error")));
    assert_eq!(views(&["lint"]).status.code(), Some(2));
}

#[test]
fn schema_takes_names_and_files() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.json");
    fs::write(&file, stdout(&views(&["show", "goal_target"])).replace("\"goal_target\"", "\"mine\"")).unwrap();
    let output = views(&["schema", "patient", file.to_str().unwrap()]);
    assert!(output.status.success());
    let text = stdout(&output);
    assert_eq!(text.matches("CREATE TABLE").count(), 2, "{text}");
    assert!(text.contains("\"birth_date\" DATE") && text.contains("CREATE TABLE \"mine\""), "{text}");
    let ansi = stdout(&views(&["schema", "patient", "--types", "ansi"]));
    assert!(ansi.contains("\"birth_date\" VARCHAR"), "{ansi}");
    let athena = views(&["schema", "patient", "--dialect", "athena"]);
    assert_eq!(athena.status.code(), Some(2), "a location is asked for");
}
