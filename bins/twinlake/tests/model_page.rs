//! `docs/model-pack.md`, followed to the letter: its blocks are written where it says, its commands run as they stand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/model-pack.md");

/// A block of the page: what it is written in, its text, and the words between the block before and it.
struct Block {
    language: String,
    text: String,
    before: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut before, mut open) = (Vec::new(), String::new(), None::<Block>);
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let before = std::mem::take(&mut before);
                open = Some(Block { language: language.to_owned(), text: String::new(), before });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => before.extend([line, " "]),
        }
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// The file that the words before a block name, and whether it is a new one.
fn place(before: &str) -> (bool, String) {
    let words = ["New file `", "Add to `", "add to `"];
    let (at, word) = words.iter().filter_map(|word| Some((before.rfind(word)?, word))).max().unwrap();
    let rest = &before[at + word.len()..];
    (word.starts_with("New"), rest[..rest.find('`').unwrap()].to_owned())
}

#[test]
fn the_page_is_followed_to_the_letter() {
    let dir = tempfile::tempdir().unwrap();
    let pack = dir.path().join("my-pack");
    let (mut commands, mut written) = (Vec::new(), BTreeSet::new());
    for block in blocks(PAGE) {
        if block.language == "sh" {
            for line in block.text.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                assert_eq!(words[0], "twinlake");
                let binary = env!("CARGO_BIN_EXE_twinlake");
                let ran = Command::new(binary).args(&words[1..]).current_dir(dir.path()).output().unwrap();
                let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
                assert!(ran.status.success(), "{line}: {said}");
                commands.push(line.to_owned());
            }
            continue;
        }
        let (is_new, file) = place(&block.before);
        let path = pack.join(&file);
        assert_eq!(path.exists(), !is_new, "{file}");
        let old = if is_new { String::new() } else { fs::read_to_string(&path).unwrap() + "\n" };
        let old = if block.language == "csv" { old.replace("\n\n", "\n") } else { old };
        fs::write(&path, old + &block.text).unwrap();
        written.insert(file.split('/').next().unwrap().to_owned());
    }
    assert_eq!(commands.len(), 3);
    let folders = ["conditions", "constraints.toml", "distributions", "medications", "terminology"];
    assert_eq!(written.iter().map(String::as_str).collect::<Vec<_>>(), folders);

    let fhir = all_text(&dir.path().join("fhir"));
    let conditions = fhir.lines().filter(|line| line.contains("\"Condition\"") && line.contains("\"9014002\""));
    assert!(conditions.count() > 0, "no patient has psoriasis in FHIR");
    let rows = |table: &str, concept: &str| -> usize {
        let text = all_text(&dir.path().join("omop").join(format!("{table}.csv")));
        let place = text.lines().next().unwrap().split(',').position(|name| name.ends_with("_concept_id")).unwrap();
        text.lines().skip(1).filter(|line| line.split(',').nth(place) == Some(concept)).count()
    };
    assert!(rows("condition_occurrence", "140168") > 0, "no patient has psoriasis in OMOP");
    assert!(rows("drug_exposure", "19008572") > 0, "nobody has the cream in OMOP");
}

/// The text of a file, or of all files below a folder.
fn all_text(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|entry| all_text(&entry.unwrap().path()) + "\n").collect()
}
