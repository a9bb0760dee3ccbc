//! The JSON of views as a tree whose numbers keep their digits, and what a reference names.

use sonic_rs::{Deserializer, Value};

/// Parses JSON; numbers keep the text they were written with.
pub(crate) fn parse(text: &str) -> Result<Value, sonic_rs::Error> {
    let mut deserializer = Deserializer::from_str(text).use_rawnumber();
    let value = deserializer.deserialize()?;
    deserializer.end()?;
    Ok(value)
}

/// `http://server/Patient/1/_history/2` gives `("Patient", "1")`; a contained, conditional or logical reference nothing.
pub(crate) fn split_reference(reference: &str) -> Option<(&str, &str)> {
    // `Patient/1`, the form of nearly all: letters, one `/`, and an id.
    let n_letters = reference.bytes().take_while(u8::is_ascii_alphabetic).count();
    if n_letters > 0
        && let Some(id) = reference[n_letters..].strip_prefix('/')
        && !id.is_empty()
        && id.bytes().all(|byte| IN_ID[usize::from(byte)])
    {
        return reference.starts_with(|c: char| c.is_ascii_uppercase()).then_some((&reference[..n_letters], id));
    }
    let plain = reference.split_once("/_history/").map_or(reference, |(plain, _)| plain);
    if plain.contains(['?', '#']) {
        return None;
    }
    let (rest, id) = plain.rsplit_once('/')?;
    let resource_type = rest.rsplit('/').next()?;
    let named = resource_type.starts_with(|c: char| c.is_ascii_uppercase())
        && resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
    (named && !id.is_empty()).then_some((resource_type, id))
}

/// Bytes that an id is made of.
const IN_ID: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'.');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split() {
        assert_eq!(split_reference("Patient/1"), Some(("Patient", "1")));
        assert_eq!(split_reference("http://x.org/fhir/Patient/1/_history/3"), Some(("Patient", "1")));
        for other in ["#p", "urn:uuid:1", "Practitioner?identifier=a|b/c", "Patient/", "1"] {
            assert_eq!(split_reference(other), None, "{other}");
        }
    }
}
