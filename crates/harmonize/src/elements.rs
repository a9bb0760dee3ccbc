//! Counting the elements of a resource that have no column.
//!
//! A resource is walked by its own `Serialize`, with a serializer that writes nothing: it sees the names of the elements
//! that are there, compares their paths with the list of those the mapping reads, and goes no deeper than it must.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};
use twinlake_fhir::Extension;

use crate::loss::Losses;

/// Counts the elements of `resource` that are not among `used` (paths like `participant.individual`; a path covers all
/// below it) and the extensions whose url is not among `used_extensions`.
///
/// `id`, `meta` and `implicitRules` say something of the resource, not of the patient, and are not counted.
pub(crate) fn count(
    resource_type: &str,
    resource: &impl Serialize,
    extensions: &[Extension<'_>],
    used: &[&str],
    used_extensions: &[&str],
    losses: &mut Losses,
) {
    for extension in extensions {
        let url = extension.url.as_deref().unwrap_or_default();
        if !used_extensions.contains(&url) {
            losses.count_element(resource_type, &format!("extension({url})"));
        }
    }
    let mut walk = Walk { resource_type, used, path: String::new(), losses };
    resource.serialize(&mut walk).expect("the walk itself does not fail");
}

struct Walk<'w> {
    resource_type: &'w str,
    used: &'w [&'w str],
    path: String,
    losses: &'w mut Losses,
}

impl Walk<'_> {
    fn element(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        const ADMINISTRATIVE: [&str; 5] = ["resourceType", "id", "meta", "implicitRules", "extension"];
        let parent = self.path.len();
        if parent > 0 {
            self.path.push('.');
            self.path.push_str(name);
        }
        let path = if parent > 0 { self.path.as_str() } else { name };
        let (mut covered, mut below) = (false, false);
        let first = path.as_bytes().first();
        // Most differ in their first letter, and this runs for each element against each path.
        for used in self.used.iter().filter(|used| used.as_bytes().first() == first) {
            match used.strip_prefix(path) {
                Some("") => {
                    covered = true;
                    break;
                }
                Some(rest) => below |= rest.starts_with('.'),
                None => {}
            }
        }
        if !covered && below {
            if parent == 0 {
                self.path.push_str(name);
            }
            // Only values of other elements can be of a kind that the walk does not know, and they are not entered.
            let _ = value.serialize(&mut *self);
        } else if !covered && (parent > 0 || !ADMINISTRATIVE.contains(&name)) {
            self.losses.count_element(self.resource_type, path);
        }
        self.path.truncate(parent);
    }
}

/// The walk's own error, which nothing makes but a key that is no string.
#[derive(Debug)]
pub(crate) struct WalkError(String);

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WalkError {}

impl ser::Error for WalkError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Scalars have no elements.
macro_rules! nothing {
    ($($method:ident($($type:ty)?);)*) => {
        $(fn $method(self $(, _: $type)?) -> Result<(), WalkError> { Ok(()) })*
    };
}

impl<'s, 'w> Serializer for &'s mut Walk<'w> {
    type Ok = ();
    type Error = WalkError;
    type SerializeSeq = Self;
    type SerializeTuple = ser::Impossible<(), WalkError>;
    type SerializeTupleStruct = ser::Impossible<(), WalkError>;
    type SerializeTupleVariant = ser::Impossible<(), WalkError>;
    type SerializeMap = Elements<'s, 'w>;
    type SerializeStruct = Self;
    type SerializeStructVariant = ser::Impossible<(), WalkError>;

    nothing! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_f32(f32);
        serialize_f64(f64); serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]); serialize_none();
        serialize_unit(); serialize_unit_struct(&'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WalkError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), WalkError> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), WalkError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), WalkError> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, WalkError> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'s, 'w>, WalkError> {
        Ok(Elements { walk: self, name: String::new() })
    }

    // Raw JSON comes as a struct; it has no elements that a column could have read.
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, WalkError> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, WalkError> {
        Err(ser::Error::custom("FHIR has no tuples"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, WalkError> {
        Err(ser::Error::custom("FHIR has no tuples"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, WalkError> {
        Err(ser::Error::custom("FHIR has no tuples"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, WalkError> {
        Err(ser::Error::custom("FHIR has no variants"))
    }
}

impl ser::SerializeSeq for &mut Walk<'_> {
    type Ok = ();
    type Error = WalkError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WalkError> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), WalkError> {
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Walk<'_> {
    type Ok = ();
    type Error = WalkError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, _: &T) -> Result<(), WalkError> {
        Ok(())
    }

    fn end(self) -> Result<(), WalkError> {
        Ok(())
    }
}

/// The elements of one object.
pub(crate) struct Elements<'s, 'w> {
    walk: &'s mut Walk<'w>,
    name: String,
}

impl ser::SerializeMap for Elements<'_, '_> {
    type Ok = ();
    type Error = WalkError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WalkError> {
        self.name.clear();
        key.serialize(Name(&mut self.name))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WalkError> {
        self.walk.element(&self.name, value);
        Ok(())
    }

    fn end(self) -> Result<(), WalkError> {
        Ok(())
    }
}

/// Takes a key, which is text.
struct Name<'n>(&'n mut String);

/// What is no text is no key.
macro_rules! no_key {
    ($($method:ident($($type:ty),*) -> $out:ty;)*) => {
        $(fn $method(self $(, _: $type)*) -> Result<$out, WalkError> { Err(ser::Error::custom("a key is not text")) })*
    };
}

impl Serializer for Name<'_> {
    type Ok = ();
    type Error = WalkError;
    type SerializeSeq = ser::Impossible<(), WalkError>;
    type SerializeTuple = ser::Impossible<(), WalkError>;
    type SerializeTupleStruct = ser::Impossible<(), WalkError>;
    type SerializeTupleVariant = ser::Impossible<(), WalkError>;
    type SerializeMap = ser::Impossible<(), WalkError>;
    type SerializeStruct = ser::Impossible<(), WalkError>;
    type SerializeStructVariant = ser::Impossible<(), WalkError>;

    fn serialize_str(self, key: &str) -> Result<(), WalkError> {
        self.0.push_str(key);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<(), WalkError> {
        key.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, key: &T) -> Result<(), WalkError> {
        key.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        key: &T,
    ) -> Result<(), WalkError> {
        key.serialize(self)
    }

    no_key! {
        serialize_bool(bool) -> (); serialize_i8(i8) -> (); serialize_i16(i16) -> (); serialize_i32(i32) -> ();
        serialize_i64(i64) -> (); serialize_u8(u8) -> (); serialize_u16(u16) -> (); serialize_u32(u32) -> ();
        serialize_u64(u64) -> (); serialize_f32(f32) -> (); serialize_f64(f64) -> (); serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> (); serialize_none() -> (); serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

#[cfg(test)]
mod tests {
    use twinlake_fhir::Resource;

    use super::*;

    #[test]
    fn what_is_not_read_is_counted_by_its_path() {
        let text = r#"{"resourceType":"Encounter","id":"e","meta":{},"extension":[{"url":"u"},{"url":"v"}],
            "participant":[{"individual":{"reference":"Practitioner/1"},"type":[{"text":"x"}]},{"period":{}}],
            "hospitalization":{"admitSource":{"text":"x"}},"class":{"code":"AMB"},"text":{"div":"<p/>"}}"#;
        let Resource::Encounter(encounter) = Resource::from_json(text).unwrap() else { panic!("not an Encounter") };
        let mut losses = Losses::default();
        let used = ["class", "participant.individual"];
        count("Encounter", &*encounter, &encounter.extension, &used, &["u"], &mut losses);
        let lost: Vec<_> = losses.elements().map(|(_, path, n)| (path, n)).collect();
        assert_eq!(
            lost,
            [
                ("extension(v)", 1),
                ("hospitalization", 1),
                ("participant.period", 1),
                ("participant.type", 1),
                ("text", 1)
            ]
        );
    }
}
