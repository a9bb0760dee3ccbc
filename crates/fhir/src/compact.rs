//! Rewriting of JSON text without building its values.

use std::borrow::Cow;

/// The JSON text without white space between its tokens; `text` is JSON.
pub(crate) fn compact(text: &str) -> String {
    compact_with(text, |_| None)
}

/// The same, with the string of each element called `reference` given to `replace`, which may return another.
///
/// Only `Reference.reference` has that name and a string for a value in FHIR R4.
pub(crate) fn compact_with(text: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut is_reference = false;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = end_of_string(bytes, at);
                let token = &text[at..end];
                match is_reference.then(|| replace(&unescaped(token))).flatten() {
                    Some(other) => push_string(&mut out, &other),
                    None => out.push_str(token),
                }
                is_reference = token == "\"reference\"" && is_key(bytes, end);
                at = end;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            byte => {
                // A colon keeps the mark of the key before it.
                is_reference &= byte == b':';
                let end = at
                    + bytes[at..]
                        .iter()
                        .position(|&byte| byte == b'"' || byte.is_ascii_whitespace())
                        .unwrap_or(bytes.len() - at);
                is_reference &= end == at + 1;
                out.push_str(&text[at..end]);
                at = end;
            }
        }
    }
    out
}

/// Adds `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("a string can be written"));
}

/// Where the string that starts at `start` ends, quote included.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_key(bytes: &[u8], from: usize) -> bool {
    bytes[from..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('\\') {
        serde_json::from_str(token).map_or(Cow::Borrowed(token), Cow::Owned)
    } else {
        Cow::Borrowed(&token[1..token.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_strings_stay() {
        let text = " { \"a\\\" b\" :\n [ 1.0 , \"x  y\" , true ] ,\t\"c\" : { } } ";
        assert_eq!(compact(text), "{\"a\\\" b\":[1.0,\"x  y\",true],\"c\":{}}");
    }

    #[test]
    fn only_strings_of_reference_elements_are_replaced() {
        let text =
            r#"{"reference" : "a", "x": "reference", "y": {"reference": {"reference":"b\/c"}}, "reference": [ "d" ]}"#;
        let mut seen = Vec::new();
        let written = compact_with(text, |reference| {
            seen.push(reference.to_owned());
            (reference == "a").then(|| "\"new\"".to_owned())
        });
        assert_eq!(seen, ["a", "b/c"]);
        assert_eq!(
            written,
            r#"{"reference":"\"new\"","x":"reference","y":{"reference":{"reference":"b\/c"}},"reference":["d"]}"#
        );
    }
}
