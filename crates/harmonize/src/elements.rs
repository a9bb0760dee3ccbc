//! Counting the elements of a resource that have no column.
//!
//! A resource is walked as the JSON that it is written as, without keeping any of it: the walk compares the paths of the
//! elements that are there with the list of those the mapping reads, and goes no deeper than it must.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
    let json = serde_json::to_string(resource).expect("all keys of a resource are strings");
    let mut walk = Walk { resource_type, used, path: String::new(), losses };
    walk.deserialize(&mut serde_json::Deserializer::from_str(&json)).expect("what was written is JSON");
}

struct Walk<'w> {
    resource_type: &'w str,
    used: &'w [&'w str],
    path: String,
    losses: &'w mut Losses,
}

impl Walk<'_> {
    /// Adds a name to the path, counts the element if nothing reads it, and says whether something reads what is below it.
    fn enters(&mut self, name: &str) -> bool {
        const ADMINISTRATIVE: [&str; 5] = ["resourceType", "id", "meta", "implicitRules", "extension"];
        if self.path.is_empty() && ADMINISTRATIVE.contains(&name) {
            return false;
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        let mut covered = false;
        let mut below = false;
        for used in self.used {
            match used.strip_prefix(self.path.as_str()) {
                Some("") => covered = true,
                Some(rest) if rest.starts_with('.') => below = true,
                _ => {}
            }
        }
        if !covered && !below {
            self.losses.count_element(self.resource_type, &self.path);
        }
        below && !covered
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

/// Scalars have no elements.
macro_rules! nothing {
    ($($method:ident($($type:ty)?);)*) => {
        $(fn $method<E: Error>(self $(, _: $type)?) -> Result<(), E> { Ok(()) })*
    };
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    nothing! {
        visit_bool(bool); visit_i64(i64); visit_u64(u64); visit_f64(f64); visit_str(&str); visit_unit();
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(name) = elements.next_key::<Cow<'de, str>>()? {
            let parent = self.path.len();
            if self.enters(&name) {
                elements.next_value_seed(&mut *self)?;
            } else {
                elements.next_value::<IgnoredAny>()?;
            }
            self.path.truncate(parent);
        }
        Ok(())
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
