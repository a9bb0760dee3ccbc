//! How elements are read and written: one table of fields makes a struct, its reader and its writer.
//!
//! `#[derive(Deserialize)]` with `flatten` or `untagged` would buffer the input and lose where an error was; the visitors
//! made here borrow, keep what they do not know, and name the element that is wrong.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

use crate::error::within;
use crate::json::{self, WriteJson};
use crate::{DateTime, Decimal, PartialDate, Raw, Text};

/// What can stand in an element: a primitive, a data type, or one of the types of a `choice[x]`.
pub(crate) trait Element<'de>: Sized {
    /// Whether the JSON key `key` belongs to the element called `name`.
    fn is_named(key: &str, name: &'static str) -> bool {
        key == name
    }

    /// Reads the value of the key that was just read.
    fn read<A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Self, A::Error>;

    /// Reads one place of an array.
    fn read_item<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;

    /// Reads the value of the key that was just read to where it will stay; large types need not be moved there.
    fn read_to<A: MapAccess<'de>>(place: &mut Option<Self>, key: &str, map: &mut A) -> Result<(), A::Error> {
        *place = Some(Self::read(key, map)?);
        Ok(())
    }

    /// Reads one place of an array to the end of its list.
    fn read_item_to<D: Deserializer<'de>>(items: &mut Vec<Self>, from: D) -> Result<(), D::Error> {
        items.push(Self::read_item(from)?);
        Ok(())
    }
}

/// What an element writes.
pub(crate) trait WriteElement {
    /// Appends key, value and a comma; `key` has its quotes and its colon.
    fn write(&self, key: &'static str, out: &mut Vec<u8>);

    /// Gives the element to a serializer.
    fn serialize<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

impl<T: WriteJson + Serialize> WriteElement for T {
    fn write(&self, key: &'static str, out: &mut Vec<u8>) {
        out.extend_from_slice(key.as_bytes());
        self.write_json(out);
        out.push(b',');
    }

    fn serialize<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

/// A field: an element that may be absent (`Option`) or repeat (`Vec`).
pub(crate) trait Field<'de> {
    fn is_named(key: &str, name: &'static str) -> bool;
    fn fill<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// What a field writes.
pub(crate) trait WriteField {
    /// Appends what [`WriteElement::write`] does, or nothing when the element is absent.
    fn write(&self, key: &'static str, out: &mut Vec<u8>);

    /// Gives the element to a serializer, unless it is absent.
    fn serialize<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

impl<'de, T: Element<'de>> Field<'de> for Option<T> {
    fn is_named(key: &str, name: &'static str) -> bool {
        T::is_named(key, name)
    }

    fn fill<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if self.is_some() {
            return Err(within(key, &"the element has a value already"));
        }
        T::read_to(self, key, map).map_err(|error| within(key, &error))
    }
}

impl<T: WriteElement> WriteField for Option<T> {
    fn write(&self, key: &'static str, out: &mut Vec<u8>) {
        if let Some(element) = self {
            element.write(key, out);
        }
    }

    fn serialize<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |element| element.serialize(name, map))
    }
}

impl<'de, T: Element<'de>> Field<'de> for Vec<T> {
    fn is_named(key: &str, name: &'static str) -> bool {
        key == name
    }

    fn fill<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if !self.is_empty() {
            return Err(within(key, &"the element has a value already"));
        }
        map.next_value_seed(List(self)).map_err(|error| within(key, &error))
    }
}

impl<T: WriteJson + Serialize> WriteField for Vec<T> {
    fn write(&self, key: &'static str, out: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        out.extend_from_slice(key.as_bytes());
        json::push_array(out, |out| {
            for item in self {
                item.write_json(out);
                out.push(b',');
            }
        });
        out.push(b',');
    }

    fn serialize<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if self.is_empty() { Ok(()) } else { map.serialize_entry(name, self) }
    }
}

/// Reads an array to a list, and says which of its places is wrong.
struct List<'l, T>(&'l mut Vec<T>);

impl<'de, T: Element<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T: Element<'de>> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // Most lists of FHIR have one item, and four of the larger types would take kilobytes.
        self.0.reserve_exact(1);
        loop {
            let place = self.0.len();
            match seq.next_element_seed(Item(&mut *self.0)) {
                Ok(Some(())) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err(within(format_args!("[{place}]"), &error)),
            }
        }
    }
}

struct Item<'l, T>(&'l mut Vec<T>);

impl<'de, T: Element<'de>> DeserializeSeed<'de> for Item<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        T::read_item_to(self.0, from)
    }
}

/// Fills a data type or resource that has no elements yet.
pub(crate) struct Fill<'v, T>(pub(crate) &'v mut T);

/// Elements whose value is all in one key.
macro_rules! plain_elements {
    ($($type:ty),+ $(,)?) => {$(
        impl<'de: 'a, 'a> Element<'de> for $type {
            fn read<A: MapAccess<'de>>(_: &str, map: &mut A) -> Result<Self, A::Error> {
                map.next_value()
            }

            fn read_item<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::deserialize(from)
            }
        }

    )+};
}

plain_elements!(Decimal<'a>, DateTime<'a>, Raw<'a>);

/// The same for types that borrow nothing.
macro_rules! owned_elements {
    ($($type:ty),+ $(,)?) => {$(
        impl<'de> Element<'de> for $type {
            fn read<A: MapAccess<'de>>(_: &str, map: &mut A) -> Result<Self, A::Error> {
                map.next_value()
            }

            fn read_item<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::deserialize(from)
            }
        }

    )+};
}

owned_elements!(bool, i32, u32, PartialDate);

impl<'de: 'a, 'a> Element<'de> for Text<'a> {
    fn read<A: MapAccess<'de>>(_: &str, map: &mut A) -> Result<Self, A::Error> {
        map.next_value()
    }

    fn read_item<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Text::read_nullable(from)
    }
}

impl<'de, T: Element<'de>> Element<'de> for Box<T> {
    fn read<A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        T::read(key, map).map(Box::new)
    }

    fn read_item<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read_item(from).map(Box::new)
    }
}

/// Reads `resourceType` and holds it against the type at hand.
pub(crate) fn check_resource_type<'de, A: MapAccess<'de>>(expected: &str, map: &mut A) -> Result<(), A::Error> {
    let found: Text<'_> = map.next_value().map_err(|error| within("resourceType", &error))?;
    if found == *expected {
        Ok(())
    } else {
        Err(A::Error::custom(format_args!("expected a {expected}, found a {found}")))
    }
}

/// Makes a data type or backbone element from its table of fields.
macro_rules! element {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)+ }) => {
        fields! { None; $(#[$meta])* $name { $($(#[$field_meta])* $field: $type = $json,)+ } }
    };
}

/// Makes a resource from its table of fields; `id`, `meta` and `extension` are common to all.
macro_rules! resource {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)+ }) => {
        fields! {
            Some(stringify!($name));
            $(#[$meta])*
            $name {
                id: Option<$crate::Text<'a>> = "id",
                meta: Option<$crate::Meta<'a>> = "meta",
                extension: Vec<$crate::Extension<'a>> = "extension",
                $($(#[$field_meta])* $field: $type = $json,)+
            }
        }
    };
}

macro_rules! fields {
    ($resource_type:expr; $(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $(
                #[doc = concat!("`", $json, "`")]
                $(#[$field_meta])*
                pub $field: $type,
            )+
            /// Elements that are not listed here, as raw JSON.
            pub extra: $crate::Extra<'a>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let mut value = $name::default();
                serde::de::DeserializeSeed::deserialize($crate::element::Fill(&mut value), from)?;
                Ok(value)
            }
        }

        impl<'de: 'a, 'a> serde::de::DeserializeSeed<'de> for $crate::element::Fill<'_, $name<'a>> {
            type Value = ();

            fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_map(self)
            }
        }

        impl<'de: 'a, 'a> serde::de::Visitor<'de> for $crate::element::Fill<'_, $name<'a>> {
            type Value = ();

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(concat!("an object (", stringify!($name), ")"))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                use $crate::element::Field;

                const RESOURCE_TYPE: Option<&str> = $resource_type;
                let value = self.0;
                let mut has_type = RESOURCE_TYPE.is_none();
                while let Some(key) = map.next_key::<$crate::Text<'de>>()? {
                    $(if <$type as Field<'de>>::is_named(&key, $json) {
                        value.$field.fill(&key, &mut map)?;
                    } else)+
                    if let (Some(expected), "resourceType") = (RESOURCE_TYPE, key.as_str()) {
                        $crate::element::check_resource_type(expected, &mut map)?;
                        has_type = true;
                    } else if value.extra.get(&key).is_some() {
                        return Err($crate::error::within(&key, &"the element has a value already"));
                    } else {
                        let raw = map.next_value().map_err(|error| $crate::error::within(&key, &error))?;
                        value.extra.push(key, raw);
                    }
                }
                if has_type { Ok(()) } else { Err(serde::de::Error::missing_field("resourceType")) }
            }
        }

        impl $crate::json::WriteJson for $name<'_> {
            fn write_json(&self, out: &mut Vec<u8>) {
                use $crate::element::{WriteElement, WriteField};

                const RESOURCE_TYPE: Option<&str> = $resource_type;
                $crate::json::push_object(out, |out| {
                    if let Some(name) = RESOURCE_TYPE {
                        $crate::Text::borrowed(name).write("\"resourceType\":", out);
                    }
                    $(WriteField::write(&self.$field, concat!("\"", $json, "\":"), out);)+
                    self.extra.write(out);
                });
            }
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                use $crate::element::WriteField;

                const RESOURCE_TYPE: Option<&str> = $resource_type;
                let mut map = to.serialize_map(None)?;
                if let Some(name) = RESOURCE_TYPE {
                    map.serialize_entry("resourceType", name)?;
                }
                $(WriteField::serialize(&self.$field, $json, &mut map)?;)+
                self.extra.serialize(&mut map)?;
                map.end()
            }
        }

        impl<'de: 'a, 'a> $crate::element::Element<'de> for $name<'a> {
            fn read<A: serde::de::MapAccess<'de>>(_: &str, map: &mut A) -> Result<Self, A::Error> {
                map.next_value()
            }

            fn read_item<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(from)
            }

            fn read_to<A: serde::de::MapAccess<'de>>(
                place: &mut Option<Self>,
                _: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                map.next_value_seed($crate::element::Fill(place.insert($name::default())))
            }

            fn read_item_to<D: serde::Deserializer<'de>>(items: &mut Vec<Self>, from: D) -> Result<(), D::Error> {
                let place = items.len();
                items.push($name::default());
                serde::de::DeserializeSeed::deserialize($crate::element::Fill(&mut items[place]), from)
            }
        }
    };
}

/// Makes a `choice[x]`: a variant for each type, and the key it is written under.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident $(<$life:lifetime>)? { $($variant:ident($type:ty) = $json:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name $(<$life>)? {
            $(
                #[doc = concat!("`", $json, "`")]
                $variant($type),
            )+
        }

        impl<'de $(: $life, $life)?> $crate::element::Element<'de> for $name $(<$life>)? {
            fn is_named(key: &str, _: &'static str) -> bool {
                matches!(key, $($json)|+)
            }

            fn read<A: serde::de::MapAccess<'de>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
                match key {
                    $($json => <$type as $crate::element::Element<'de>>::read(key, map).map($name::$variant),)+
                    _ => unreachable!("`is_named` lets no other key in"),
                }
            }

            fn read_item<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                unreachable!("FHIR has no lists of choices")
            }
        }

        impl $(<$life>)? $crate::element::WriteElement for $name $(<$life>)? {
            fn write(&self, _: &'static str, out: &mut Vec<u8>) {
                match self {
                    $($name::$variant(value) => {
                        $crate::element::WriteElement::write(value, concat!("\"", $json, "\":"), out);
                    })+
                }
            }

            fn serialize<M: serde::ser::SerializeMap>(&self, _: &'static str, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $($name::$variant(value) => map.serialize_entry($json, value),)+
                }
            }
        }
    };
}
