//! A resource of any type.

use serde::de::DeserializeSeed;
use serde::{Serialize, Serializer};

use crate::element::Fill;
use crate::header::leading_type;
use crate::json::WriteJson;
use crate::{
    AllergyIntolerance, CarePlan, CareTeam, Claim, Composition, Condition, Coverage, Cursor, Device,
    DeviceUseStatement, DiagnosticReport, DocumentReference, Encounter, EpisodeOfCare, ExplanationOfBenefit, FhirError,
    Goal, Header, ImagingStudy, Immunization, Kind, Location, Medication, MedicationAdministration, MedicationDispense,
    MedicationRequest, MedicationStatement, Meta, Observation, Organization, Patient, Practitioner, PractitionerRole,
    Procedure, Provenance, QuestionnaireResponse, Raw, RelatedPerson, ServiceRequest, Specimen, SupplyDelivery, Text,
};

/// A resource whose elements are not read: its type is not modelled here, or they are of no use to the caller. Its JSON is
/// kept as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherResource<'a> {
    /// `resourceType`
    pub resource_type: Text<'a>,
    /// `id`
    pub id: Option<Text<'a>>,
    /// `meta.versionId`
    pub version_id: Option<Text<'a>>,
    /// The whole resource.
    pub raw: Raw<'a>,
}

impl<'a> OtherResource<'a> {
    /// Reads no more of a resource, of any type, than what this type holds of it; of elements that come twice, the first.
    ///
    /// # Errors
    ///
    /// [`FhirError`] when the text is not one JSON object, has no `resourceType`, or one of these elements has the wrong type.
    ///
    /// ```
    /// use twinlake_fhir::{OtherResource, Resource};
    ///
    /// let claim = OtherResource::from_json(r#"{"resourceType":"Claim","id":"c1","meta":{"versionId":"2"},"total":7}"#)?;
    /// assert_eq!((claim.id.as_deref(), claim.version_id.as_deref()), (Some("c1"), Some("2")));
    /// assert_eq!(Resource::Other(claim).resource_type(), "Claim");
    /// # Ok::<(), twinlake_fhir::FhirError>(())
    /// ```
    pub fn from_json(text: &'a str) -> Result<Self, FhirError> {
        let raw = Raw::from_json(text).map_err(|error| FhirError::from_json("Resource", text, &error))?;
        let (mut resource_type, mut id, mut version_id) = (None, None, None);
        let mut cursor = Cursor::new(text);
        if cursor.take(b'{') {
            // Nearly everyone writes these three first, and the rest need not be looked at.
            let mut is_left = [true; 3];
            while is_left.contains(&true)
                && let Some(key) = cursor.key()
            {
                match (key, cursor.kind()) {
                    ("resourceType", Some(Kind::Text)) if resource_type.is_none() => {
                        is_left[0] = false;
                        resource_type = Some(cursor.scalar().into());
                    }
                    ("id", Some(Kind::Text)) if id.is_none() => {
                        is_left[1] = false;
                        id = Some(cursor.scalar().into());
                    }
                    ("meta", Some(Kind::Object)) => {
                        is_left[2] = false;
                        version_id = version_id.or(cursor.text_member("versionId").map(Text::from));
                        cursor.skip();
                    }
                    ("resourceType" | "id" | "meta", _) => {
                        // Reading it as a header says what is wrong with it, if it is not that it comes again.
                        Header::read(text)?;
                        cursor.skip();
                    }
                    _ => cursor.skip(),
                }
            }
        } else {
            Header::read(text)?;
        }
        Ok(OtherResource { resource_type: resource_type.ok_or(FhirError::MissingResourceType)?, id, version_id, raw })
    }
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
            /// A resource of a type that is not modelled, or one whose elements the caller did not want ([`OtherResource::from_json`]).
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
                        let mut resource = Box::<$type<'a>>::default();
                        read_whole(Fill(&mut *resource), text)
                            .map_err(|error| FhirError::from_json(stringify!($type), text, &error))?;
                        Ok(Resource::$type(resource))
                    })+
                    _ => OtherResource::from_json(text).map(Resource::Other),
                }
            }

            /// `resourceType`
            pub fn resource_type(&self) -> &str {
                match self {
                    $(Resource::$type(_) => stringify!($type),)+
                    Resource::Other(other) => &other.resource_type,
                }
            }

            /// `resourceType` of a type that is modelled.
            pub fn modelled_type(&self) -> Option<&'static str> {
                match self {
                    $(Resource::$type(_) => Some(stringify!($type)),)+
                    Resource::Other(_) => None,
                }
            }

            /// The logical id.
            pub fn id(&self) -> Option<&str> {
                match self {
                    $(Resource::$type(resource) => resource.id.as_deref(),)+
                    Resource::Other(other) => other.id.as_deref(),
                }
            }

            /// Whether it has a `modifierExtension`, which may turn the meaning of all else round; false of a type that is
            /// not modelled.
            pub fn has_modifier_extension(&self) -> bool {
                match self {
                    $(Resource::$type(resource) => resource.extra.get("modifierExtension").is_some(),)+
                    Resource::Other(_) => false,
                }
            }

            /// `meta`; none of a resource whose elements are not read.
            pub fn meta(&self) -> Option<&Meta<'a>> {
                match self {
                    $(Resource::$type(resource) => resource.meta.as_ref(),)+
                    Resource::Other(_) => None,
                }
            }

            /// `meta.versionId`
            pub fn version_id(&self) -> Option<&str> {
                match self {
                    Resource::Other(other) => other.version_id.as_deref(),
                    read => read.meta()?.version_id.as_deref(),
                }
            }
        }

        impl WriteJson for Resource<'_> {
            fn write_json(&self, out: &mut Vec<u8>) {
                match self {
                    $(Resource::$type(resource) => WriteJson::write_json(resource, out),)+
                    Resource::Other(other) => other.raw.write_json(out),
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

/// Reads a text that is one JSON value and nothing more.
fn read_whole<'a>(seed: impl DeserializeSeed<'a, Value = ()>, text: &'a str) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut reader)?;
    reader.end()
}

resource_types!(
    Patient,
    Practitioner,
    PractitionerRole,
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
    Coverage,
    Specimen,
    DocumentReference,
    RelatedPerson,
    CareTeam,
    CarePlan,
    Goal,
    EpisodeOfCare,
    Provenance,
    QuestionnaireResponse,
    ServiceRequest,
    Claim,
    ExplanationOfBenefit,
    MedicationDispense,
    Device,
    ImagingStudy,
    MedicationAdministration,
    Medication,
    SupplyDelivery,
    MedicationStatement,
    DeviceUseStatement,
    Composition,
);

impl Resource<'_> {
    /// The resource as JSON in one line, `resourceType` first.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        self.write_json(&mut bytes);
        String::from_utf8(bytes).expect("strings and raw JSON are UTF-8")
    }

    /// Appends the resource as JSON, without a line end. What was kept as raw JSON is written as it was read, so a
    /// resource read from an indented text may still hold line breaks; [`crate::ndjson::Writer`] takes them out.
    pub fn write_json(&self, bytes: &mut Vec<u8>) {
        WriteJson::write_json(self, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deceased, Decimal, MultipleBirth, Observation, ObservationValue};

    fn error(text: &str) -> String {
        Resource::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_element() {
        for (text, expected) in [
            (
                "{\"resourceType\":\"Observation\",\"component\":[{},\n{\"valueQuantity\":{\"value\":\"7\"}}]}",
                "`Observation.component[1].valueQuantity.value`: `\"7\"` is not a decimal at line 2 column",
            ),
            (
                r#"{"resourceType":"Patient","name":[{"given":"Ann"}]}"#,
                "`Patient.name[0].given`: invalid type: string \"Ann\", expected an array at line 1 column",
            ),
            (
                r#"{"resourceType":"Patient","birthDate":"1981-02-30"}"#,
                "`Patient.birthDate`: `1981-02-30` is not a date at line 1 column",
            ),
            (
                r#"{"resourceType":"Encounter","period":{"start":"soon"}}"#,
                "`Encounter.period.start`: `soon` is not a dateTime at line 1 column",
            ),
            (
                r#"{"resourceType":"Patient","active":null}"#,
                "`Patient.active`: invalid type: null, expected a boolean at line 1 column",
            ),
            (
                r#"{"resourceType":"Patient","gender":"male","gender":"female"}"#,
                "`Patient.gender`: the element has a value already at line 1 column",
            ),
            (
                r#"{"resourceType":"Patient","photo":1,"photo":2}"#,
                "`Patient.photo`: the element has a value already at line 1 column",
            ),
            (
                r#"{"resourceType":"Observation","valueString":"a","valueInteger":1}"#,
                "`Observation.valueInteger`: the element has a value already at line 1 column",
            ),
            (
                r#"{"resourceType":"Patient","resourceType":"Observation"}"#,
                "expected a Patient, found a Observation at line 1",
            ),
            (
                r#"{"resourceType":7}"#,
                "`Resource.resourceType`: invalid type: integer `7`, expected a string at line 1",
            ),
            ("{\"resourceType\":\"Patient\"\n,}", "trailing comma at line 2 column 2"),
            (r#"{"resourceType":"Patient"} {}"#, "trailing characters at line 1 column 28"),
        ] {
            assert!(error(text).starts_with(expected), "{text}: {}", error(text));
        }
    }

    #[test]
    fn a_text_that_ends_too_early_is_truncated() {
        let text =
            r#"{"resourceType":"Observation","id":"o","component":[{"valueQuantity":{"value":1.5,"unit":"mg"}}]}"#;
        for length in 0..text.len() {
            let error = Resource::from_json(&text[..length]).unwrap_err();
            assert!(matches!(error, FhirError::Truncated { line: 1, .. }), "{length}: {error:?}");
        }
    }

    #[test]
    fn a_resource_without_a_type_is_an_error() {
        assert!(matches!(Resource::from_json(r#"{"id":"p1"}"#), Err(FhirError::MissingResourceType)));
        assert!(matches!(Resource::from_json("{}"), Err(FhirError::MissingResourceType)));
        assert!(matches!(Resource::from_json("[]"), Err(FhirError::Syntax { .. })));
        assert!(
            serde_json::from_str::<Patient<'_>>("{}").unwrap_err().to_string().contains("missing field `resourceType`")
        );
    }

    #[test]
    fn the_type_may_come_last() {
        let resource = Resource::from_json(r#"{"id":"p1","resourceType":"Patient"}"#).unwrap();
        assert_eq!((resource.resource_type(), resource.id()), ("Patient", Some("p1")));
        assert_eq!(resource.to_json(), r#"{"resourceType":"Patient","id":"p1"}"#);
    }

    #[test]
    fn strings_are_borrowed_unless_they_hold_escapes() {
        let text =
            r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Mu\u00f1oz","given":["José"]}],"x":{"y":1}}"#;
        let Resource::Patient(patient) = Resource::from_json(text).unwrap() else { panic!("not a Patient") };
        assert!(patient.id.as_ref().unwrap().is_borrowed());
        assert!(patient.name[0].given[0].is_borrowed());
        let family = patient.name[0].family.as_ref().unwrap();
        assert!(!family.is_borrowed());
        assert_eq!(family, "Muñoz");
        let raw = patient.extra.get("x").unwrap().as_str();
        assert!(text.as_bytes().as_ptr_range().contains(&raw.as_ptr()));
    }

    #[test]
    fn siblings_and_nulls_of_primitives_survive() {
        let text = concat!(
            r#"{"resourceType":"Patient","birthDate":"1970-03","name":[{"given":[null,"Ann"],"_given":[{"id":"1"},null]}],"#,
            r#""_birthDate":{"extension":[{"url":"u","valueTime":"10:00:00"}]}}"#,
        );
        let resource = Resource::from_json(text).unwrap();
        let Resource::Patient(patient) = &resource else { panic!("not a Patient") };
        assert!(patient.name[0].given[0].is_null() && patient.name[0].given[1] == "Ann");
        let written: serde_json::Value = serde_json::from_str(&resource.to_json()).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }

    #[test]
    fn choices_are_written_under_the_key_of_their_type() {
        let observation = Observation {
            value: Some(ObservationValue::Quantity(crate::Quantity {
                value: Some(Decimal::from_scaled(70, 1)),
                ..crate::Quantity::default()
            })),
            ..Observation::default()
        };
        let json = Resource::from(observation).to_json();
        assert_eq!(json, r#"{"resourceType":"Observation","valueQuantity":{"value":7.0}}"#);
        let patient = Patient {
            deceased: Some(Deceased::Boolean(true)),
            multiple_birth: Some(MultipleBirth::Integer(2)),
            ..Patient::default()
        };
        let json = Resource::from(patient).to_json();
        assert_eq!(json, r#"{"resourceType":"Patient","deceasedBoolean":true,"multipleBirthInteger":2}"#);
    }

    #[test]
    fn types_that_are_not_modelled_are_kept_whole() {
        let text = r#"{"resourceType":"Basic","id":"c1","total":{"value":10.00},"item":[]}"#;
        let resource = Resource::from_json(text).unwrap();
        assert_eq!((resource.resource_type(), resource.id()), ("Basic", Some("c1")));
        assert_eq!(resource.to_json(), text);
    }
}
