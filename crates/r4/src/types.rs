//! The names of data types.

/// Types that have a value and no elements.
pub const PRIMITIVES: &[&str] = TYPES.split_at(19).0;

/// Data types that can stand behind `[x]`, primitives first.
pub const TYPES: &[&str] = &[
    "base64Binary",
    "boolean",
    "canonical",
    "code",
    "date",
    "dateTime",
    "decimal",
    "id",
    "instant",
    "integer",
    "markdown",
    "oid",
    "positiveInt",
    "string",
    "time",
    "unsignedInt",
    "uri",
    "url",
    "uuid",
    "Address",
    "Age",
    "Annotation",
    "Attachment",
    "CodeableConcept",
    "Coding",
    "ContactDetail",
    "ContactPoint",
    "Contributor",
    "Count",
    "DataRequirement",
    "Distance",
    "Dosage",
    "Duration",
    "Expression",
    "HumanName",
    "Identifier",
    "Meta",
    "Money",
    "ParameterDefinition",
    "Period",
    "Quantity",
    "Range",
    "Ratio",
    "Reference",
    "RelatedArtifact",
    "SampledData",
    "Signature",
    "Timing",
    "TriggerDefinition",
    "UsageContext",
];

/// Whether a type is a primitive: it has a value and no elements. `xhtml`, the type of a narrative's text, is one, though it
/// stands nowhere else.
pub fn is_primitive(type_name: &str) -> bool {
    type_name == "xhtml" || PRIMITIVES.contains(&type_name)
}

/// The key of the choice element `name` when it has this type: `value`, `dateTime` gives `valueDateTime`.
pub fn choice_key(name: &str, type_name: &str) -> String {
    let mut key = String::with_capacity(name.len() + type_name.len());
    key.push_str(name);
    let mut letters = type_name.chars();
    key.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    key.extend(letters);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Found, element};

    #[test]
    fn what_can_stand_behind_a_choice_is_what_an_extension_can_hold() {
        let Some(Found::Choice(value)) = element("Extension", "value") else { panic!("no choice") };
        let mut types = value.types.clone();
        types.sort_by_key(|name| (!is_primitive(name), *name));
        assert_eq!(types, TYPES);
    }

    #[test]
    fn primitives_begin_with_a_small_letter_and_no_other_type_does() {
        for name in TYPES {
            assert_eq!(is_primitive(name), name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
        }
    }
}
