//! What we know of FHIR's elements wherever they stand: which types are subtypes of another, and which elements have a name that ends
//! in `[x]` in the specification.

use twinlake_r4::TYPES;

/// Elements that the specification writes with `[x]` (R4 and R5), sorted.
const CHOICES: &[&str] = &[
    "abatement",
    "additive",
    "age",
    "allowed",
    "amount",
    "answer",
    "asNeeded",
    "author",
    "born",
    "bounds",
    "chargeItem",
    "citeAs",
    "code",
    "collected",
    "content",
    "contentReference",
    "createdAt",
    "cost",
    "deceased",
    "defaultValue",
    "definition",
    "deliverableDefinition",
    "detail",
    "diagnosis",
    "dose",
    "due",
    "duration",
    "effective",
    "entity",
    "event",
    "example",
    "exposure",
    "fastingStatus",
    "fixed",
    "identified",
    "indicated",
    "indication",
    "initial",
    "item",
    "legallyBinding",
    "location",
    "maxValue",
    "measure",
    "medication",
    "minValue",
    "minimumVolume",
    "module",
    "multipleBirth",
    "name",
    "occurred",
    "occurrence",
    "offset",
    "onset",
    "oxygen",
    "participantEffective",
    "pattern",
    "performed",
    "presence",
    "procedure",
    "product",
    "productReference",
    "quantity",
    "rate",
    "reason",
    "relatesTo",
    "reported",
    "scheduled",
    "serviced",
    "source",
    "specimen",
    "start",
    "statusReason",
    "studyEffective",
    "subject",
    "substance",
    "target",
    "time",
    "timing",
    "topic",
    "used",
    "value",
    "versionAlgorithm",
    "weight",
    "when",
    "who",
];

/// Choice elements that also exist under their bare name, or whose bare name is too common to look for others.
const NOT_WITHOUT_OF_TYPE: &[&str] = &[
    "code", "name", "reason", "location", "author", "source", "who", "start", "amount", "item", "quantity", "measure",
    "when", "cost",
];

/// The data type of this name, as a name that lives as long as the program.
pub(crate) fn data_type(name: &str) -> Option<&'static str> {
    TYPES.iter().copied().find(|known| *known == name)
}

/// Whether a bare step to `name` may also mean `nameString`, `nameQuantity` and so on.
pub(crate) fn is_choice(name: &str) -> bool {
    CHOICES.contains(&name) && !NOT_WITHOUT_OF_TYPE.contains(&name)
}

/// The type in a key such as `valueQuantity`, for the choice element `value`.
pub(crate) fn choice_type(key: &str, name: &str) -> Option<&'static str> {
    let suffix = key.strip_prefix(name)?;
    let first = suffix.chars().next().filter(char::is_ascii_uppercase)?;
    let complex = data_type(suffix);
    complex.or_else(|| {
        TYPES.iter().copied().find(|known| {
            known.starts_with(first.to_ascii_lowercase()) && known.len() == suffix.len() && known[1..] == suffix[1..]
        })
    })
}

/// The type itself and those that specialize it.
pub(crate) fn subtypes(type_name: &'static str) -> &'static [&'static str] {
    match type_name {
        "string" => &["string", "code", "id", "markdown"],
        "uri" => &["uri", "url", "canonical", "oid", "uuid"],
        "integer" => &["integer", "positiveInt", "unsignedInt"],
        "Quantity" => &["Quantity", "Age", "Count", "Distance", "Duration"],
        _ => match TYPES.iter().position(|known| *known == type_name) {
            Some(index) => &TYPES[index..=index],
            None => &[],
        },
    }
}

/// The type of elements whose type their name tells, whichever resource they stand in.
///
/// FHIR writes partial dates alike in a `date` and a `dateTime`; only the element says which it is. Columns without
/// a `type` are text unless their path tells more.
pub(crate) fn type_of_element(name: &str) -> Option<&'static str> {
    Some(match name {
        "birthDate" | "approvalDate" | "lastReviewDate" | "expirationDate" | "statusDate" | "dueDate" => "date",
        "onsetDateTime" | "recordedDate" | "authoredOn" | "dateWritten" | "assertedDate" | "performedDateTime"
        | "effectiveDateTime" | "occurrenceDateTime" | "deceasedDateTime" => "dateTime",
        "issued" | "lastUpdated" => "instant",
        "id" => "id",
        "active" | "userSelected" | "primarySource" => "boolean",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use twinlake_r4::choice_key;

    use super::*;

    #[test]
    fn a_choice_key_tells_its_type() {
        for type_name in TYPES {
            assert_eq!(choice_type(&choice_key("value", type_name), "value"), Some(*type_name));
        }
        assert_eq!(choice_type("valueSet", "value"), None);
        assert_eq!(choice_type("values", "value"), None);
        assert_eq!(choice_type("value", "value"), None);
    }

    #[test]
    fn every_type_is_a_subtype_of_itself() {
        for type_name in TYPES {
            assert!(subtypes(type_name).contains(type_name));
        }
    }
}
