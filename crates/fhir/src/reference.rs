//! What references say, and how those within Bundles become `Type/id`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::compact::{compact_with, push_string};
use crate::{FhirError, Header, Resource};

/// Type and id of a literal reference; none for any other kind.
pub(crate) fn type_and_id(reference: &str) -> Option<(&str, &str)> {
    let (mut rest, mut id) = reference.rsplit_once('/')?;
    if let Some(literal) = rest.strip_suffix("/_history") {
        (rest, id) = literal.rsplit_once('/')?;
    }
    let resource_type = rest.rsplit('/').next().unwrap_or(rest);
    (is_type(resource_type) && is_id(id)).then_some((resource_type, id))
}

/// The id, when a reference is a literal one to a resource of this type.
pub(crate) fn id_of<'r>(reference: &'r str, resource_type: &str) -> Option<&'r str> {
    // Nearly all are written so, and need not be taken apart from their end.
    let plain = reference.strip_prefix(resource_type).and_then(|id| id.strip_prefix('/'));
    plain.filter(|id| is_id(id)).or_else(|| {
        let (found, id) = type_and_id(reference)?;
        (found == resource_type).then_some(id)
    })
}

fn is_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

pub(crate) fn is_id(text: &str) -> bool {
    // FHIR has no underscore in ids; many servers do.
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // All are looked at, which a machine does some at a time.
    !text.is_empty() && text.bytes().fold(true, |all, byte| all & is_one(byte))
}

/// Which resource stands behind which url and which identifier.
///
/// Urls and identifiers are kept as hashes of 16 bytes, ids as text only where they differ from the url. A url that two Bundles use for
/// different resources means in each Bundle its own; an identifier that two resources of a type carry means neither.
#[derive(Clone, Debug, Default)]
pub struct References {
    urls: BTreeMap<u128, Target>,
    urls_of_bundle: BTreeMap<u128, Target>,
    identifiers: BTreeMap<u128, Target>,
}

/// What a url or identifier stands for.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// The resource of this type whose id is the UUID of the url. An index into [`Resource::TYPES`].
    Same(u8),
    /// `Type/id`
    Other(Box<str>),
    /// Several resources.
    Ambiguous,
}

impl References {
    /// Learns of a resource: its url in the Bundle with this number, and its identifiers. `id` is the one it has or will
    /// be given.
    pub fn learn(&mut self, bundle: u64, full_url: Option<&str>, header: &Header<'_>, id: &str) {
        let Some(resource_type) = header.resource_type.as_deref() else { return };
        if let Some(url) = full_url {
            self.learn_url(bundle, url, resource_type, id);
        }
        for identifier in header.identifiers() {
            let Some(value) = identifier.value.as_deref() else { continue };
            let system = identifier.system.as_deref().unwrap_or_default();
            let target = Target::Other(format!("{resource_type}/{id}").into());
            self.identifiers
                .entry(hash(&[resource_type, system, value]))
                .and_modify(|known| {
                    if *known != target {
                        *known = Target::Ambiguous;
                    }
                })
                .or_insert(target);
        }
    }

    fn learn_url(&mut self, bundle: u64, url: &str, resource_type: &str, id: &str) {
        let number = Resource::TYPES.iter().position(|known| *known == resource_type);
        let target = match number.and_then(|number| u8::try_from(number).ok()) {
            Some(number) if url.strip_prefix("urn:uuid:") == Some(id) => Target::Same(number),
            _ => Target::Other(format!("{resource_type}/{id}").into()),
        };
        let known = self.urls.entry(hash(&[url])).or_insert_with(|| target.clone());
        if *known != target {
            self.urls_of_bundle.insert(hash(&[url, &bundle.to_string()]), target);
        }
    }

    /// `Type/id` of a reference as it stands in the Bundle with this number; none when nothing is known to stand behind
    /// it.
    fn find(&self, bundle: u64, reference: &str) -> Option<String> {
        let of_bundle = || self.urls_of_bundle.get(&hash(&[reference, &bundle.to_string()]));
        match of_bundle().or_else(|| self.urls.get(&hash(&[reference]))) {
            Some(Target::Same(number)) => {
                let resource_type = Resource::TYPES.get(usize::from(*number))?;
                return Some(format!("{resource_type}/{}", reference.strip_prefix("urn:uuid:")?));
            }
            Some(Target::Other(target)) => return Some(target.to_string()),
            Some(Target::Ambiguous) | None => {}
        }
        if let Some((resource_type, query)) = reference.split_once('?') {
            return self.find_identifier(resource_type, query);
        }
        type_and_id(reference).map(|(resource_type, id)| format!("{resource_type}/{id}"))
    }

    fn find_identifier(&self, resource_type: &str, query: &str) -> Option<String> {
        let token = query.strip_prefix("identifier=").filter(|token| !token.contains('&'))?;
        let token = percent_decoded(token)?;
        let (system, value) = token.split_once('|')?;
        match self.identifiers.get(&hash(&[resource_type, system, value]))? {
            Target::Other(target) => Some(target.to_string()),
            Target::Same(_) | Target::Ambiguous => None,
        }
    }
}

/// A resource whose references are resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolved {
    /// The resource as JSON in one line, all its elements as they were but for the references.
    pub text: String,
    /// How many references are left as they were because nothing is known to stand behind them. `#contained` ones are
    /// not counted, and literal ones are taken at their word.
    pub n_unresolved: u64,
}

/// Rewrites the references of a resource to `Type/id`, and gives it `id` if it has none.
///
/// Works on the text, so resources of any type keep every element. `urn:uuid:` and conditional references
/// (`Practitioner?identifier=system|value`) are looked up; absolute and versioned ones are cut down to type and id.
/// `bundle` is the number that [`References::learn`] was given for the Bundle of the resource.
///
/// # Errors
///
/// [`FhirError`] when the text is not one JSON object.
pub fn resolve(text: &str, id: Option<&str>, bundle: u64, references: &References) -> Result<Resolved, FhirError> {
    let header = Header::read(text)?;
    let mut n_unresolved = 0;
    let mut resolved = compact_with(text, |reference| {
        if reference.starts_with('#') {
            return None;
        }
        let found = references.find(bundle, reference);
        n_unresolved += u64::from(found.is_none());
        found.filter(|found| found != reference)
    });
    if let (None, Some(id)) = (&header.id, id) {
        insert_id(&mut resolved, &header, id);
    }
    Ok(Resolved { text: resolved, n_unresolved })
}

/// Puts the id behind the resource type, or first when the type stands elsewhere.
fn insert_id(text: &mut String, header: &Header<'_>, id: &str) {
    let mut start = "{\"resourceType\":".to_owned();
    push_string(&mut start, header.resource_type.as_deref().unwrap_or_default());
    let mut element = "\"id\":".to_owned();
    push_string(&mut element, id);
    if text.starts_with(&start) {
        text.insert_str(start.len(), &format!(",{element}"));
    } else if text.len() > "{}".len() {
        text.insert_str(1, &format!("{element},"));
    } else {
        text.insert_str(1, &element);
    }
}

/// The first 16 bytes of SHA-256 over the parts, each with its length in front.
fn hash(parts: &[&str]) -> u128 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part.as_bytes());
    }
    let digest = sha.finalize();
    u128::from_le_bytes(digest[..16].try_into().expect("SHA-256 has 32 bytes"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> References {
        let mut references = References::default();
        let mut learn = |bundle, url: Option<&str>, text: &str, id: &str| {
            references.learn(bundle, url, &Header::read(text).unwrap(), id);
        };
        learn(1, Some("urn:uuid:p-1"), r#"{"resourceType":"Patient","id":"p-1"}"#, "p-1");
        learn(1, Some("urn:uuid:c-1"), r#"{"resourceType":"Claim","id":"other"}"#, "other");
        learn(1, Some("urn:uuid:here"), r#"{"resourceType":"Patient","id":"first"}"#, "first");
        learn(2, Some("urn:uuid:here"), r#"{"resourceType":"Patient","id":"second"}"#, "second");
        for id in ["a", "b"] {
            let text = r#"{"resourceType":"Organization","identifier":[{"system":"s","value":"twice"}]}"#;
            learn(3, None, text, id);
        }
        let text =
            r#"{"resourceType":"Practitioner","identifier":[{"system":"http://npi","value":"9|9"},{"value":"bare"}]}"#;
        learn(3, None, text, "d");
        references
    }

    fn resolved(reference: &str, bundle: u64) -> (String, u64) {
        let text = format!("{{\"resourceType\":\"Claim\",\"id\":\"x\",\"a\":[{{\"reference\": \"{reference}\"}}]}}");
        let resolved = resolve(&text, Some("y"), bundle, &learned()).unwrap();
        let inner = resolved.text.split_once("\"reference\":\"").unwrap().1.strip_suffix("\"}]}").unwrap().to_owned();
        (inner, resolved.n_unresolved)
    }

    #[test]
    fn references_of_all_kinds_become_type_and_id() {
        for (reference, expected) in [
            ("urn:uuid:p-1", "Patient/p-1"),
            ("urn:uuid:c-1", "Claim/other"),
            ("Patient/p-1", "Patient/p-1"),
            ("Patient/p-1/_history/3", "Patient/p-1"),
            ("https://example.org/fhir/r4/Patient/p-1/_history/3", "Patient/p-1"),
            ("Practitioner?identifier=http://npi|9|9", "Practitioner/d"),
            ("Practitioner?identifier=http%3A%2F%2Fnpi%7C9%7C9", "Practitioner/d"),
            ("Practitioner?identifier=|bare", "Practitioner/d"),
            ("#contained", "#contained"),
        ] {
            assert_eq!(resolved(reference, 1), (expected.to_owned(), 0), "{reference}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_and_counted() {
        for reference in [
            "urn:uuid:unknown",
            "Practitioner?identifier=http://npi|1",
            "Organization?identifier=s|twice",
            "Patient",
            "Practitioner?name=x",
            "Practitioner?identifier=http://npi|9|9&active=true",
            "Practitioner?identifier=%7",
            "",
        ] {
            assert_eq!(resolved(reference, 1), (reference.to_owned(), 1), "{reference}");
        }
    }

    #[test]
    fn a_url_used_twice_means_each_bundles_own() {
        assert_eq!(resolved("urn:uuid:here", 1).0, "Patient/first");
        assert_eq!(resolved("urn:uuid:here", 2).0, "Patient/second");
    }

    #[test]
    fn a_resource_without_an_id_gets_one() {
        for (text, expected) in [
            (r#"{ "resourceType" : "Claim" , "x":1.0}"#, r#"{"resourceType":"Claim","id":"i\"1","x":1.0}"#),
            (r#"{"x":1,"resourceType":"Claim"}"#, r#"{"id":"i\"1","x":1,"resourceType":"Claim"}"#),
            ("{}", r#"{"id":"i\"1"}"#),
            (r#"{"resourceType":"Claim","id":"own"}"#, r#"{"resourceType":"Claim","id":"own"}"#),
        ] {
            assert_eq!(resolve(text, Some("i\"1"), 1, &References::default()).unwrap().text, expected);
        }
        assert!(resolve("{\"resourceType\":", None, 1, &References::default()).is_err());
    }

    #[test]
    fn type_and_id_are_read_from_literal_references_only() {
        assert_eq!(type_and_id("Patient/1"), Some(("Patient", "1")));
        assert_eq!(type_and_id("http://x/Patient/1/_history/2"), Some(("Patient", "1")));
        for other in ["#x", "urn:uuid:1", "Patient?identifier=a|b/c", "Patient/", "/1", "patient/1", "Patient/a b"] {
            assert_eq!(type_and_id(other), None, "{other}");
        }
    }
}
