//! Each file of `fixtures/cases/harmonize` is a few resources that show one rule; its rows and losses stand beside it in
//! `fixtures/golden/harmonize`. `EXPECTORATE=overwrite` writes those anew; then read the diff.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use twinlake_fhir::Resource;
use twinlake_harmonize::{Fates, Losses, Shared, harmonize_patient};
use twinlake_omop::AnyRow;
use twinlake_vocab::Vocab;

#[derive(Deserialize)]
struct Case {
    about: String,
    resources: Vec<Box<RawValue>>,
}

fn fixtures(folder: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder).join("harmonize")
}

#[test]
fn cases() {
    let mut files: Vec<_> = fs::read_dir(fixtures("cases")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 15, "only {} cases", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let golden = fixtures("golden").join(file.with_extension("txt").file_name().unwrap());
        expectorate::assert_contents(golden, &outcome(&case));
    }
}

#[test]
fn the_order_of_resources_does_not_matter() {
    for file in fs::read_dir(fixtures("cases")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut case: Case = serde_json::from_str(&text).unwrap();
        let as_written = outcome(&case);
        case.resources.reverse();
        assert_eq!(as_written, outcome(&case));
    }
}

fn outcome(case: &Case) -> String {
    let resources: Vec<_> = case.resources.iter().map(|raw| Resource::from_json(raw.get()).unwrap()).collect();
    let mut shared = Shared::default();
    for resource in &resources {
        shared.read(resource);
    }
    let vocab = Vocab::embedded();
    let harmonized = harmonize_patient(vocab, &shared, &resources);
    let mut text = format!("{}\n", case.about);
    for row in shared.rows(vocab).iter().chain(&harmonized.rows) {
        write_row(&mut text, row);
    }
    let mut losses = harmonized.losses;
    losses.merge(shared.losses());
    let n_accounted: u64 = losses.fates().map(|(_, fates)| fates.total()).sum();
    assert_eq!(n_accounted, resources.len() as u64, "{}: each resource has one fate", case.about);
    write_losses(&mut text, &losses);
    text
}

fn write_row(text: &mut String, row: &AnyRow) {
    writeln!(text, "\n{}", row.table().name()).unwrap();
    for (column, field) in row.table().spec().fields.iter().enumerate() {
        let cell = row.cell(column);
        if !cell.is_null() {
            writeln!(text, "  {} {cell}", field.name).unwrap();
        }
    }
}

fn write_losses(text: &mut String, losses: &Losses) {
    writeln!(text, "\nbecame").unwrap();
    for (resource_type, fates) in losses.fates() {
        let Fates { mapped, unmapped, out_of_scope } = fates;
        writeln!(text, "  {resource_type} mapped {mapped}, unmapped {unmapped}, out of scope {out_of_scope}").unwrap();
    }
    if losses.is_empty() {
        return;
    }
    writeln!(text, "\nlost").unwrap();
    for (resource_type, reason, n) in losses.reasons() {
        writeln!(text, "  {resource_type} {reason}: {n}").unwrap();
    }
    for (resource_type, path, n) in losses.elements() {
        writeln!(text, "  {resource_type} element {path}: {n}").unwrap();
    }
    for (system, code, n) in losses.codes() {
        writeln!(text, "  code {system}|{code}: {n}").unwrap();
    }
}
