//! Strings and raw JSON that borrow from the text they were read from.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::Resource;
use crate::json::{self, WriteJson};

/// A FHIR string, code, uri or id; borrowed from the input unless the input had escapes in it.
///
/// A `null` that fills a place in an array of strings (its partner in the `_` sibling has an extension there) is kept as
/// [`Text::NULL`], which reads as the empty string; FHIR has no other empty strings.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text<'a>(Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    /// The `null` of an array that has an extension instead of a value at this place.
    pub const NULL: Self = Text(None);

    /// A text that borrows `value`.
    pub const fn borrowed(value: &'a str) -> Self {
        Text(Some(Cow::Borrowed(value)))
    }

    /// The characters; the empty string for [`Text::NULL`].
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether this is the `null` of an array.
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the characters still lie in the input.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.0, Some(Cow::Borrowed(_)))
    }

    /// The same text without a tie to the input.
    pub fn into_owned(self) -> Text<'static> {
        Text(self.0.map(|text| Cow::Owned(text.into_owned())))
    }

    /// Reads a text or the `null` of an array.
    pub(crate) fn read_nullable<'de: 'a, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor { nullable: true })
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::borrowed(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Some(Cow::Owned(text)))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Text(Some(text))
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => fmt::Debug::fmt(text, formatter),
            None => formatter.write_str("null"),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(TextVisitor { nullable: false })
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(text) => to.serialize_str(text),
            None => to.serialize_unit(),
        }
    }
}

impl WriteJson for Text<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Some(text) => json::push_string(out, text),
            None => out.extend_from_slice(b"null"),
        }
    }
}

struct TextVisitor {
    nullable: bool,
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text::borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text::from(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text::from(text))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        if self.nullable { Ok(Text::NULL) } else { Err(E::invalid_type(de::Unexpected::Unit, &self)) }
    }
}

/// A piece of JSON as it was written, spaces included.
///
/// It can be read from a `&str` or `&[u8]` alone, never from a stream, because it borrows.
#[derive(Clone)]
pub struct Raw<'a>(Cow<'a, RawValue>);

impl<'a> Raw<'a> {
    /// Takes `json` as it is.
    ///
    /// # Errors
    ///
    /// When `json` is not one JSON value.
    pub fn from_json(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Writes `value` as JSON.
    ///
    /// # Errors
    ///
    /// When `value` cannot be written as JSON, e.g. a map whose keys are not strings.
    pub fn from_value(value: &impl Serialize) -> Result<Raw<'static>, serde_json::Error> {
        Ok(Raw(Cow::Owned(serde_json::value::to_raw_value(value)?)))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The same JSON without a tie to the input.
    pub fn into_owned(self) -> Raw<'static> {
        Raw(Cow::Owned(self.0.into_owned()))
    }
}

impl PartialEq for Raw<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(from).map(|raw| Raw(Cow::Borrowed(raw)))
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl WriteJson for Raw<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }
}

/// The elements of a resource or element that its type does not know, in the order they were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra<'a>(Vec<(Text<'a>, Raw<'a>)>);

impl<'a> Extra<'a> {
    /// The raw JSON of an element, e.g. `_birthDate`.
    pub fn get(&self, name: &str) -> Option<&Raw<'a>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw)
    }

    /// The resources in `contained`, as far as they can be read.
    pub fn contained(&self) -> Vec<Resource<'_>> {
        let raw = self.get("contained").map(Raw::as_str);
        let each = raw.and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw).ok());
        each.into_iter().flatten().filter_map(|raw| Resource::from_json(raw.get()).ok()).collect()
    }

    /// Adds an element, or replaces the one of that name.
    pub fn set(&mut self, name: impl Into<Text<'a>>, raw: Raw<'a>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = raw,
            None => self.0.push((name, raw)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Name and raw JSON of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw<'a>)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), raw))
    }

    pub(crate) fn push(&mut self, name: Text<'a>, raw: Raw<'a>) {
        self.0.push((name, raw));
    }

    pub(crate) fn serialize<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|(name, raw)| map.serialize_entry(name, raw))
    }

    /// Appends each as a member with a comma after it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, raw) in &self.0 {
            name.write_json(out);
            out.push(b':');
            raw.write_json(out);
            out.push(b',');
        }
    }
}
