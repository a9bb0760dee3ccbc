//! The messages that the sources of the crate have, and which of them no case caused.

use std::fs;
use std::path::Path;

/// Sources whose messages are about views and resources; the linter and the schema have tests of their own.
const SOURCES: &[&str] = &[
    "compile.rs",
    "error.rs",
    "eval.rs",
    "flattener.rs",
    "functions.rs",
    "path/lexer.rs",
    "path/parser.rs",
    "plan.rs",
    "rows.rs",
    "strings.rs",
    "tape.rs",
    "view.rs",
];

/// Text in the sources that is no message, or one that no case of this size can cause.
const NOT_CAUSED: &[(&str, &str)] = &[
    ("the resource is longer than 4 GiB", "it would take 4 GiB"),
    ("{resource} gives more than 2 GiB of text", "it would take 2 GiB"),
    ("the views look at more than 10,000 different elements", "tests/cases.rs has it"),
];

/// A piece of a message shorter than this says nothing.
const SHORTEST: usize = 4;

/// Messages none of whose words were said.
pub(crate) fn without_case(said: &[String]) -> Vec<String> {
    let (mut missing, mut n_messages) = (Vec::new(), 0);
    for source in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source);
        let Ok(text) = fs::read_to_string(&path) else { panic!("no source {}", path.display()) };
        for message in literals(&text).iter().filter(|text| text.contains(' ') && text.len() > 11) {
            n_messages += 1;
            let pieces: Vec<&str> = pieces(message);
            let is_said = said.iter().any(|said| pieces.iter().all(|piece| said.contains(piece)));
            let is_exempt = NOT_CAUSED.iter().any(|(text, _)| message.contains(text));
            if !is_said && !is_exempt && !pieces.is_empty() {
                missing.push(format!("{source}: {message}"));
            }
        }
    }
    assert!(n_messages > 100, "the sources were not read as they should be: {n_messages} messages");
    missing
}

/// What stands between the placeholders.
fn pieces(message: &str) -> Vec<&str> {
    message.split(['{', '}']).step_by(2).filter(|piece| piece.trim().len() >= SHORTEST).collect()
}

/// Texts in quotes, up to the tests; not those of comments, of attributes but for `error`, and of `expect`.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in joined(source).lines() {
        let line = line.trim_start();
        let silent = line.starts_with("//") || (line.starts_with("#[") && !line.starts_with("#[error("));
        if !silent {
            found.extend(
                quoted(line).into_iter().filter(|(before, _)| !before.ends_with("expect(")).map(|(_, text)| text),
            );
        }
    }
    found
}

/// A text that goes on in the next line is put in one.
fn joined(source: &str) -> String {
    let mut out = String::new();
    let mut goes_on = false;
    for line in source.lines() {
        let line = if goes_on { line.trim_start() } else { line };
        goes_on = line.ends_with('\\');
        out.push_str(line.trim_end_matches('\\'));
        if !goes_on {
            out.push('\n');
        }
    }
    out
}

/// The texts in quotes of a line, each with what stands before it.
fn quoted(line: &str) -> Vec<(String, String)> {
    let bytes = line.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        // A quote as a character, `'"'` or `b'"'`.
        if bytes[at..].starts_with(b"'\"'") {
            at += 3;
        } else if bytes[at] == b'"' {
            let start = at + 1;
            at = start;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            let text = line.get(start..at.min(line.len())).unwrap_or_default();
            found.push((line[..start - 1].to_owned(), text.replace("\\\"", "\"").replace("\\\\", "\\")));
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}
