//! All of the Synthea sample by every built-in view: nothing is left out, and each view has as many rows as a count by
//! another JSON parser says.
//!
//! The files are read where they lie, at `$TWINLAKE_SPECS` or beside the repository.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use serde_json::Value;
use twinlake_flatten::{Types, ViewDefinition, builtin};
use twinlake_flatten_bin::{Config, flatten_files};

fn sample() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "where the sample lies is a setting of the tests")]
    let given = std::env::var("TWINLAKE_SPECS");
    let specs = given.map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    specs.join("synthea-sample")
}

fn files_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => files_in(&path, found),
            Some("json" | "ndjson") => found.push(path),
            _ => {}
        }
    }
}

/// The resources of a file, those of a Bundle each.
fn resources(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "ndjson") {
        return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    }
    let mut bundle: Value = serde_json::from_str(&text).unwrap();
    bundle["entry"].as_array_mut().unwrap().iter_mut().map(|entry| entry["resource"].take()).collect()
}

/// What stands under a path of names, one after the other.
fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').fold(vec![value], |values, name| {
        let below = values.into_iter().filter_map(|value| value.get(name));
        below.flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)).collect()
    })
}

/// How many rows the selects of a view give for a value.
fn n_rows(selects: &Value, value: &Value) -> usize {
    let of = |select: &Value, focus: &Value| select.get("select").map_or(1, |selects| n_rows(selects, focus));
    let one = |select: &Value| match (select.get("forEach"), select.get("repeat")) {
        (Some(path), _) => at(value, path.as_str().unwrap()).into_iter().map(|below| of(select, below)).sum(),
        (_, Some(paths)) => n_repeated(paths[0].as_str().unwrap(), value),
        _ => of(select, value),
    };
    assert!(
        selects.as_array().unwrap().iter().all(|select| select.get("unionAll").is_none()),
        "counted without a union"
    );
    selects.as_array().unwrap().iter().map(one).product()
}

fn n_repeated(path: &str, value: &Value) -> usize {
    at(value, path).into_iter().map(|below| 1 + n_repeated(path, below)).sum()
}

/// The `where` of the views that have one, said once more.
fn is_wanted(view: &str, resource: &Value) -> bool {
    match view {
        "blood_pressure" => at(resource, "code.coding")
            .iter()
            .any(|coding| coding["system"] == "http://loinc.org" && coding["code"] == "85354-9"),
        "condition_coding" => at(resource, "code.coding").len() > 1,
        "observation_category" => at(resource, "category").len() > 1,
        _ => true,
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says what was skipped")]
fn every_view_has_the_rows_of_the_whole_sample() {
    let folder = sample();
    if !folder.is_dir() {
        eprintln!("SKIPPED: no Synthea sample in {}; name its parent folder in TWINLAKE_SPECS", folder.display());
        return;
    }
    let mut files = Vec::new();
    files_in(&folder, &mut files);
    files.sort();
    let all: Vec<Value> = files.iter().flat_map(|path| resources(path)).collect();
    assert!(all.len() > 10_000, "only {} resources in {} files", all.len(), files.len());

    let views: BTreeMap<&str, Value> =
        builtin::VIEWS.iter().map(|(name, text)| (*name, serde_json::from_str(text).unwrap())).collect();
    let mut expected = BTreeMap::new();
    for (name, view) in &views {
        assert_eq!(
            view.get("where").is_some(),
            !is_wanted(name, &Value::Null),
            "{name}: its `where` is said once more"
        );
        let wanted =
            all.iter().filter(|resource| resource["resourceType"] == view["resource"] && is_wanted(name, resource));
        expected.insert((*name).to_owned(), wanted.map(|resource| n_rows(&view["select"], resource)).sum::<usize>());
    }
    // Every resource has a row: there is a base view of its type.
    let n_with_view =
        all.iter().filter(|one| views.values().any(|view| view["resource"] == one["resourceType"])).count();
    assert_eq!(n_with_view, all.len());

    for types in [Types::Typed, Types::Ansi] {
        let threads = NonZeroUsize::new(2).unwrap();
        let views: Vec<ViewDefinition> = builtin::views();
        let mut found: BTreeMap<String, usize> = views.iter().map(|view| (view.name().to_owned(), 0)).collect();
        let config = Config { views, types, keys: false, threads, strict: false };
        let mut rejected = Vec::new();
        flatten_files(
            &config,
            &files,
            &mut |table, rows: RecordBatch| {
                *found.get_mut(table).unwrap() += rows.num_rows();
                Ok(())
            },
            &mut |one| {
                rejected.push(one.to_string());
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(rejected, [""; 0], "left out");
        assert_eq!(found, expected);
    }
    let n_filled = expected.values().filter(|n| **n > 0).count();
    assert!(n_filled > 40, "{n_filled} views have rows");
}
