//! A resource of any type.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    AllergyIntolerance, Condition, DiagnosticReport, Encounter, FhirError, Immunization, Location, MedicationRequest,
    Observation, Organization, Patient, Practitioner, Procedure, Raw, Text,
};

/// A resource that is not modelled here; its JSON is kept as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherResource<'a> {
    /// `resourceType`
    pub resource_type: Text<'a>,
    /// `id`
    pub id: Option<Text<'a>>,
    /// The whole resource.
    pub raw: Raw<'a>,
}

macro_rules! resource_types {
    ($($type:ident),+ $(,)?) => {
        /// A resource of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Resource<'a> {
            $(
                #[doc = concat!("A ", stringify!($type), ".")]
                $type(Box<$type<'a>>),
            )+
            /// A resource of a type that is not modelled.
            Other(OtherResource<'a>),
        }

        impl<'a> Resource<'a> {
            /// The types that are modelled.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($type)),+];

            /// Reads the text of one resource; its strings are borrowed.
            ///
            /// # Errors
            ///
            /// [`FhirError`] when the text is not JSON, has no `resourceType`, or an element has the wrong type or comes
            /// twice. Lines and columns are counted within `text`.
            pub fn from_json(text: &'a str) -> Result<Self, FhirError> {
                let resource_type = match leading_type(text) {
                    Some(leading) => Text::from(leading),
                    None => Header::read(text)?.resource_type.ok_or(FhirError::MissingResourceType)?,
                };
                match resource_type.as_str() {
                    $(stringify!($type) => {
                        let read: Result<$type<'a>, _> = serde_json::from_str(text);
                        read.map(|resource| Resource::$type(Box::new(resource)))
                            .map_err(|error| FhirError::from_json(stringify!($type), &error))
                    })+
                    _ => Resource::other(text),
                }
            }

            /// `resourceType`
            pub fn resource_type(&self) -> &str {
                match self {
                    $(Resource::$type(_) => stringify!($type),)+
                    Resource::Other(other) => &other.resource_type,
                }
            }

            /// The logical id.
            pub fn id(&self) -> Option<&str> {
                match self {
                    $(Resource::$type(resource) => resource.id.as_deref(),)+
                    Resource::Other(other) => other.id.as_deref(),
                }
            }
        }

        impl Serialize for Resource<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Resource::$type(resource) => resource.serialize(to),)+
                    Resource::Other(other) => other.raw.serialize(to),
                }
            }
        }

        $(
            impl<'a> From<$type<'a>> for Resource<'a> {
                fn from(resource: $type<'a>) -> Self {
                    Resource::$type(Box::new(resource))
                }
            }
        )+
    };
}

resource_types!(
    Patient,
    Practitioner,
    Organization,
    Location,
    Encounter,
    Condition,
    Observation,
    Procedure,
    MedicationRequest,
    Immunization,
    AllergyIntolerance,
    DiagnosticReport,
);

impl<'a> Resource<'a> {
    /// The resource as JSON in one line, `resourceType` first.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        self.write_json(&mut bytes);
        String::from_utf8(bytes).expect("serde_json writes UTF-8")
    }

    /// Appends the resource as JSON, without a line end. What was kept as raw JSON is written as it was read, so a
    /// resource read from an indented text may still hold line breaks; the NDJSON writer takes them out.
    pub fn write_json(&self, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, self).expect("writing to memory does not fail and all keys are strings");
    }

    fn other(text: &'a str) -> Result<Self, FhirError> {
        let Header { resource_type, id } = Header::read(text)?;
        let resource_type = resource_type.ok_or(FhirError::MissingResourceType)?;
        let raw = Raw::from_json(text).map_err(|error| FhirError::from_json(&resource_type, &error))?;
        Ok(Resource::Other(OtherResource { resource_type, id, raw }))
    }
}

/// Type and id of a resource, read without building it.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    pub(crate) resource_type: Option<Text<'a>>,
    pub(crate) id: Option<Text<'a>>,
}

impl<'a> Header<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, FhirError> {
        let header: Header<'a> = serde_json::from_str(text).map_err(|error| FhirError::from_json("Resource", &error))?;
        Ok(header)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Header<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
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
                        "resourceType" => header.resource_type = Some(map.next_value().map_err(|error| crate::error::within(&key, &error))?),
                        "id" => header.id = Some(map.next_value().map_err(|error| crate::error::within(&key, &error))?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(header)
            }
        }

        from.deserialize_map(HeaderVisitor)
    }
}

/// The resource type when it is the first key, as nearly everyone writes it; saves reading the text twice.
fn leading_type(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"resourceType\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let name = &rest[..rest.find(['"', '\\'])?];
    rest[name.len()..].starts_with('"').then_some(name)
}
