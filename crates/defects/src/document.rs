//! [`Document`]: a resource as text, of which single values are exchanged; all else keeps its bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

/// One resource, as compact JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// `resourceType`
    pub resource_type: String,
    /// The logical id.
    pub id: String,
    /// The whole resource.
    pub text: String,
}

impl Document {
    /// The JSON text at a path of member names and, in arrays, numbers: `component.1.valueQuantity.value`.
    pub(crate) fn raw(&self, path: &str) -> Option<&str> {
        self.place(path).map(|place| &self.text[place])
    }

    /// The string at a path.
    pub(crate) fn string(&self, path: &str) -> Option<String> {
        serde_json::from_str(self.raw(path)?).ok()
    }

    /// Number of items of the array at a path; none when there is no array.
    pub(crate) fn len(&self, path: &str) -> usize {
        let items = self.raw(path).and_then(|text| serde_json::from_str::<Vec<&RawValue>>(text).ok());
        items.map_or(0, |items| items.len())
    }

    /// Puts a string in the place of the value at a path, which must be there.
    pub(crate) fn set_string(&mut self, path: &str, value: &str) -> Option<()> {
        self.set(path, &serde_json::to_string(value).ok()?)
    }

    /// Puts JSON in the place of the value at a path, which must be there.
    pub(crate) fn set(&mut self, path: &str, json: &str) -> Option<()> {
        let place = self.place(path)?;
        self.text.replace_range(place, json);
        Some(())
    }

    /// Takes out the member or item at a path, which must not be the only one.
    pub(crate) fn remove(&mut self, path: &str) -> Option<()> {
        let Range { mut start, mut end } = self.place(path)?;
        let name = path.rsplit('.').next().unwrap_or_default();
        if name.parse::<usize>().is_err() {
            start -= name.len() + "\"\":".len();
        }
        let bytes = self.text.as_bytes();
        if bytes.get(end) == Some(&b',') {
            end += 1;
        } else if start > 0 && bytes[start - 1] == b',' {
            start -= 1;
        } else {
            return None;
        }
        self.text.replace_range(start..end, "");
        Some(())
    }

    /// Takes another id, wherever the text has it.
    pub(crate) fn with_id(&self, id: &str) -> Self {
        let text = self.text.replace(&self.id, id);
        Self { resource_type: self.resource_type.clone(), id: id.to_owned(), text }
    }

    fn place(&self, path: &str) -> Option<Range<usize>> {
        let mut text = self.text.as_str();
        for part in path.split('.') {
            text = match part.parse::<usize>() {
                Ok(index) => serde_json::from_str::<Vec<&RawValue>>(text).ok()?.get(index)?.get(),
                Err(_) => serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(text).ok()?.get(part)?.get(),
            };
        }
        // What was read borrows from the text, so that its place is where it lies.
        let start = text.as_ptr().addr() - self.text.as_ptr().addr();
        Some(start..start + text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            resource_type: "Observation".to_owned(),
            id: "o1".to_owned(),
            text: r#"{"resourceType":"Observation","id":"o1","component":[{"value":1.0},{"value":2.50}],"status":"final"}"#
                .to_owned(),
        }
    }

    #[test]
    fn single_values_are_exchanged_and_the_rest_keeps_its_bytes() {
        let mut document = document();
        assert_eq!(document.raw("component.1.value"), Some("2.50"));
        assert_eq!(document.len("component"), 2);
        document.set("component.0.value", "10.0").unwrap();
        document.set_string("status", "amended").unwrap();
        assert_eq!(document.string("status").as_deref(), Some("amended"));
        assert!(document.text.contains(r#"[{"value":10.0},{"value":2.50}]"#), "{}", document.text);
    }

    #[test]
    fn members_and_items_are_taken_out() {
        let mut document = document();
        document.remove("component.1").unwrap();
        document.remove("status").unwrap();
        assert_eq!(document.text, r#"{"resourceType":"Observation","id":"o1","component":[{"value":1.0}]}"#);
        assert_eq!(document.remove("component.0"), None);
        assert_eq!(document.remove("subject"), None);
    }
}
