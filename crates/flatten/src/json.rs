//! JSON text as a tree whose numbers keep their digits.

use sonic_rs::{Deserializer, JsonContainerTrait as _, JsonValueTrait as _, Value};

use crate::error::FlattenError;

/// Parses JSON; numbers keep the text they were written with.
pub(crate) fn parse(text: &str) -> Result<Value, sonic_rs::Error> {
    let mut deserializer = Deserializer::from_str(text).use_rawnumber();
    let value = deserializer.deserialize()?;
    deserializer.end()?;
    Ok(value)
}

/// A resource, parsed once for all the views that look at it.
#[derive(Clone, Debug)]
pub struct Document {
    root: Value,
}

impl Document {
    /// Parses the JSON text of one resource.
    ///
    /// # Errors
    ///
    /// [`FlattenError::Json`], or [`FlattenError::NotAResource`] without a `resourceType`.
    pub fn parse(text: &str) -> Result<Self, FlattenError> {
        let root = parse(text).map_err(|error| FlattenError::Json(Box::new(error)))?;
        if !root.is_object() {
            return Err(FlattenError::NotAResource { reason: "it is no JSON object" });
        }
        let document = Self { root };
        if document.resource_type().is_empty() {
            return Err(FlattenError::NotAResource { reason: "it has no `resourceType`" });
        }
        Ok(document)
    }

    /// The resource's type, e.g. `Patient`.
    pub fn resource_type(&self) -> &str {
        self.root.get("resourceType").and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// The resource's logical id.
    pub fn id(&self) -> Option<&str> {
        self.root.get("id").and_then(|value| value.as_str())
    }

    /// The type and id of the resource that the reference under this key names, `{"reference": "Patient/1"}` giving
    /// `("Patient", "1")`. Absolute and versioned references too; `None` when it names none by type and id.
    pub fn reference(&self, element: &str) -> Option<(&str, &str)> {
        let reference = self.root.get(element)?.get("reference")?;
        split_reference(reference.as_str()?)
    }

    /// `Type/id`, for messages.
    pub(crate) fn label(&self) -> String {
        format!("`{}/{}`", self.resource_type(), self.id().unwrap_or("?"))
    }

    pub(crate) fn root(&self) -> &Value {
        &self.root
    }
}

/// `http://server/Patient/1/_history/2` gives `("Patient", "1")`; a contained, conditional or logical reference nothing.
pub(crate) fn split_reference(reference: &str) -> Option<(&str, &str)> {
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

/// The elements of an array, or the value itself.
pub(crate) fn each(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), |array| array.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let document = Document::parse(r#"{"resourceType":"Observation","value":7.00}"#).unwrap();
        assert_eq!(document.root().get("value").unwrap().as_raw_number().unwrap().as_str(), "7.00");
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        assert!(matches!(Document::parse("[1]"), Err(FlattenError::NotAResource { .. })));
        assert!(matches!(Document::parse("{}"), Err(FlattenError::NotAResource { .. })));
        assert!(matches!(Document::parse(r#"{"resourceType":"Patient""#), Err(FlattenError::Json(_))));
        assert!(matches!(Document::parse(r#"{"resourceType":"Patient"} x"#), Err(FlattenError::Json(_))));
    }

    #[test]
    fn references_are_split() {
        assert_eq!(split_reference("Patient/1"), Some(("Patient", "1")));
        assert_eq!(split_reference("http://x.org/fhir/Patient/1/_history/3"), Some(("Patient", "1")));
        for other in ["#p", "urn:uuid:1", "Practitioner?identifier=a|b/c", "Patient/", "1"] {
            assert_eq!(split_reference(other), None, "{other}");
        }
    }
}
