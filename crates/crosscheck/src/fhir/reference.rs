//! What a reference refers to, and whether that is there.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashSet, FxHasher};
use twinlake_harmonize::Shared;

use super::schema::Schema;

/// What the text of a reference is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Literal<'r> {
    /// `Type/id`, of any version.
    Resource { resource_type: &'r str, id: &'r str },
    /// `#id`.
    Contained(&'r str),
    /// `urn:uuid:…`, which nothing of its Bundle resolved, or a search (`Practitioner?identifier=…`).
    Unresolved,
    /// A place on another server, which is not ours to look up.
    Elsewhere,
}

/// Reads a reference.
pub(super) fn literal(text: &str) -> Literal<'_> {
    if let Some(id) = text.strip_prefix('#') {
        return Literal::Contained(id);
    }
    // Byte by byte: types and ids are short.
    let end_of_type = text.bytes().position(|b| !b.is_ascii_alphabetic()).filter(|end| text.as_bytes()[*end] == b'/');
    if let Some(end) = end_of_type
        && let (resource_type, rest) = (&text[..end], &text[end + 1..])
        && Schema::r4().resource(resource_type).is_some()
    {
        let end = rest.bytes().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
        let (id, version) = rest.split_at(end);
        let is_id = !id.is_empty() && (version.is_empty() || version.starts_with("/_history/"));
        return if is_id { Literal::Resource { resource_type, id } } else { Literal::Unresolved };
    }
    let is_elsewhere = text.contains("://") && !text.starts_with("urn:") && !text.contains('?');
    if is_elsewhere { Literal::Elsewhere } else { Literal::Unresolved }
}

/// The FHIR side as a whole: what persons may refer to outside of what is theirs.
///
/// Of each Patient, and of each resource that is of no patient, eight bytes are kept.
#[derive(Clone, Debug, Default)]
pub struct FhirSide {
    known: FxHashSet<u64>,
    is_whole: bool,
}

impl FhirSide {
    /// Learns of a Patient, or of a resource that is of no patient.
    pub fn expect(&mut self, resource_type: &str, id: &str) {
        self.known.insert(name_hash(resource_type, id));
        self.is_whole = true;
    }
}

/// Answers whether a resource is there: among those of a person, or of the whole.
pub(crate) struct Resolver<'a> {
    side: &'a FhirSide,
    /// None for what is of nobody.
    own: Option<FxHashSet<u64>>,
}

impl<'a> Resolver<'a> {
    /// A resolver for a person with these resources, each by type and id.
    pub(crate) fn of_person<'n>(side: &'a FhirSide, own: impl IntoIterator<Item = (&'n str, &'n str)>) -> Self {
        let own = own.into_iter().map(|(resource_type, id)| name_hash(resource_type, id)).collect();
        Resolver { side, own: Some(own) }
    }

    /// A resolver for what is of nobody. What it refers to of some person (a Provenance does) is not looked for.
    pub(crate) fn of_nobody(side: &'a FhirSide) -> Self {
        Resolver { side, own: None }
    }

    pub(super) fn has(&self, resource_type: &str, id: &str) -> bool {
        let name = name_hash(resource_type, id);
        // Without the whole, nothing can be missed.
        if !self.side.is_whole || self.side.known.contains(&name) {
            return true;
        }
        match &self.own {
            Some(own) => own.contains(&name),
            None => resource_type != "Patient" && !Shared::reads(resource_type),
        }
    }
}

/// A clash would only hide a dangling reference.
pub(super) fn name_hash(resource_type: &str, id: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (resource_type, id).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_is_written() {
        let patient = Literal::Resource { resource_type: "Patient", id: "p1" };
        assert_eq!(literal("Patient/p1"), patient);
        assert_eq!(literal("Patient/p1/_history/3"), patient);
        assert_eq!(literal("#org"), Literal::Contained("org"));
        assert_eq!(literal("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), Literal::Unresolved);
        assert_eq!(literal("Practitioner?identifier=a|b"), Literal::Unresolved);
        assert_eq!(literal("https://example.org/fhir/Patient/p1"), Literal::Elsewhere);
        assert_eq!(literal("Patent/p1"), Literal::Unresolved);
    }

    #[test]
    fn what_is_there_is_the_persons_or_of_all() {
        let mut side = FhirSide::default();
        side.expect("Organization", "o");
        let resolver = Resolver::of_person(&side, [("Encounter", "e")]);
        assert!(resolver.has("Encounter", "e") && resolver.has("Organization", "o"));
        assert!(!resolver.has("Encounter", "o"));
        let nobodys = Resolver::of_nobody(&side);
        assert!(nobodys.has("Encounter", "o") && !nobodys.has("Patient", "p") && !nobodys.has("Organization", "p"));
        assert!(Resolver::of_person(&FhirSide::default(), []).has("Encounter", "e"));
    }
}
