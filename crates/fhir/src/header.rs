//! What must be known of a resource before it is read: type, id, version, identifiers, whose it is.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::within;
use crate::reference::id_of;
use crate::{Cursor, FhirError, Identifier, Kind, Raw, Reference, Text};

/// Type, id, version, identifiers and subject of a resource of any type, found without building it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header<'a> {
    /// `resourceType`; none when the object is no resource.
    pub resource_type: Option<Text<'a>>,
    /// `id`
    pub id: Option<Text<'a>>,
    /// `meta.versionId`
    pub version_id: Option<Text<'a>>,
    identifier: Option<Raw<'a>>,
    /// `subject.reference` or, where there is none, `patient.reference` or `beneficiary.reference`; of types that have several, none.
    pub subject: Option<Text<'a>>,
}

impl<'a> Header<'a> {
    /// Reads the text of one JSON object to its end.
    ///
    /// # Errors
    ///
    /// [`FhirError`] when the text is not one JSON object, or one of these elements has the wrong type.
    pub fn read(text: &'a str) -> Result<Self, FhirError> {
        serde_json::from_str(text).map_err(|error| FhirError::from_json("Resource", text, &error))
    }

    /// The same of a text that is read to its end later: only as much is read as it takes to know type, id and subject, and
    /// whether the rest is JSON is not found out. Neither version nor identifiers are told; none when it has no `resourceType`.
    pub fn scan(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        if !cursor.take(b'{') {
            return None;
        }
        let mut header = Header::default();
        while let Some(key) = cursor.key() {
            match (key, cursor.kind()?) {
                ("resourceType", Kind::Text) => header.resource_type = Some(cursor.scalar().into()),
                ("id", Kind::Text) => header.id = Some(cursor.scalar().into()),
                ("subject", Kind::Object) => {
                    header.subject = literal(&mut cursor).or(header.subject);
                    // What else names a patient counts for less.
                    if header.resource_type.is_some() && header.id.is_some() && header.subject.is_some() {
                        return Some(header);
                    }
                }
                ("patient" | "beneficiary", Kind::Object) => header.subject = header.subject.or(literal(&mut cursor)),
                _ => cursor.skip(),
            }
        }
        header.resource_type.is_some().then_some(header)
    }

    /// `identifier`; of types that have just one, that one. What is neither cannot be pointed at; reading the resource itself
    /// says what is wrong.
    pub fn identifiers(&self) -> Vec<Identifier<'_>> {
        let Some(raw) = &self.identifier else { return Vec::new() };
        let several = serde_json::from_str(raw.as_str());
        several.or_else(|_| serde_json::from_str(raw.as_str()).map(|one| vec![one])).unwrap_or_default()
    }

    /// Id of the patient that the resource is about: of a Patient its own, of others that of a literal reference.
    pub fn patient_id(&self) -> Option<&str> {
        if self.resource_type.as_deref() == Some("Patient") {
            return self.id.as_deref();
        }
        id_of(self.subject.as_deref()?, "Patient")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Header<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut header = Header::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.as_str() {
                "resourceType" => header.resource_type = Some(value(&key, &mut map)?),
                "id" => header.id = Some(value(&key, &mut map)?),
                "meta" => header.version_id = value::<Version<'_>, _>(&key, &mut map)?.version_id,
                "identifier" => header.identifier = Some(value(&key, &mut map)?),
                "subject" => header.subject = reference(value(&key, &mut map)?).or(header.subject),
                "patient" | "beneficiary" => header.subject = header.subject.or(reference(value(&key, &mut map)?)),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(header)
    }
}

fn value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<T, A::Error> {
    map.next_value().map_err(|error| within(key, &error))
}

/// The reference of a single Reference. Of several, none is the one; of anything else, reading the resource says what is wrong.
fn reference(raw: &RawValue) -> Option<Text<'_>> {
    let reference: Reference<'_> = serde_json::from_str(raw.get()).ok()?;
    reference.reference
}

/// The reference of the Reference that comes next.
fn literal<'t>(cursor: &mut Cursor<'t>) -> Option<Text<'t>> {
    let mut reference = None;
    cursor.take(b'{');
    while let Some(key) = cursor.key() {
        match (key, cursor.kind()?) {
            ("reference", Kind::Text) => reference = Some(cursor.scalar().into()),
            _ => cursor.skip(),
        }
    }
    reference
}

/// What is read of `meta`.
#[derive(Deserialize)]
struct Version<'a> {
    #[serde(rename = "versionId", borrow)]
    version_id: Option<Text<'a>>,
}

/// The resource type when it is the first key, as nearly everyone writes it, whether or not the rest can be read.
pub fn leading_type(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"resourceType\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let name = &rest[..rest.find(['"', '\\'])?];
    rest[name.len()..].starts_with('"').then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_wherever_it_stands() {
        let text = r#"{"item":[{"id":"x"}],"identifier":[{"system":"s","value":"v"}],"meta":{"versionId":"3"},"id":"c1",
            "resourceType":"Claim"}"#;
        let header = Header::read(text).unwrap();
        assert_eq!((header.resource_type.as_deref(), header.id.as_deref()), (Some("Claim"), Some("c1")));
        assert_eq!(header.version_id.as_deref(), Some("3"));
        assert_eq!(header.identifiers()[0].value.as_deref(), Some("v"));
        assert_eq!(leading_type(text), None);
        assert_eq!(leading_type("{ \"resourceType\" :\"Claim\",\"id\":1}"), Some("Claim"));
    }

    #[test]
    fn a_single_identifier_is_one() {
        let header = Header::read(r#"{"resourceType":"Composition","identifier":{"value":"v"}}"#).unwrap();
        assert_eq!(header.identifiers().len(), 1);
        assert_eq!(Header::read("{}").unwrap(), Header::default());
    }

    #[test]
    fn a_header_says_whose_the_resource_is() {
        for (text, expected) in [
            (r#"{"resourceType":"Patient","id":"p1"}"#, Some("p1")),
            (r#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"}}"#, Some("p1")),
            (r#"{"resourceType":"Claim","patient":{"reference":"https://x.org/Patient/p1/_history/2"}}"#, Some("p1")),
            (r#"{"resourceType":"Coverage","beneficiary":{"reference":"Patient/p1"}}"#, Some("p1")),
            (r#"{"patient":{"display":"she"},"subject":{"reference":"Patient/p1"}}"#, Some("p1")),
            (r#"{"resourceType":"Observation","subject":{"reference":"Group/g1"}}"#, None),
            (r#"{"resourceType":"Account","subject":[{"reference":"Patient/p1"}]}"#, None),
            (r#"{"resourceType":"Condition","id":"c1"}"#, None),
        ] {
            let header = Header::read(text).unwrap();
            assert_eq!(header.patient_id(), expected, "{text}");
            let Some(scanned) = Header::scan(text) else {
                assert_eq!(header.resource_type, None, "{text}");
                continue;
            };
            assert_eq!((&scanned.resource_type, &scanned.id), (&header.resource_type, &header.id), "{text}");
            assert_eq!(scanned.patient_id(), expected, "{text}");
        }
    }
}
