//! Elements of types and resources.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::codes::{ValueSet, value_set};
use crate::types::choice_key;

/// An element of a type.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its name, without the `[x]` of a choice.
    pub name: &'static str,
    /// The specification writes it with `[x]`: JSON has the type in the key.
    pub choice: bool,
    /// How often it stands there at least.
    pub min: u32,
    /// It may stand there more than once.
    pub many: bool,
    /// Its types; a part of a resource is named by its path, e.g. `Patient.contact`.
    pub types: Vec<&'static str>,
    /// Types of resources that it may refer to, if it is a reference; none says that it may refer to any.
    pub targets: Vec<&'static str>,
    /// The only codes that it may have; none where the specification requires no codes, or where they cannot be listed (media
    /// types, languages).
    pub binding: Option<&'static ValueSet>,
}

/// What a step from a type to a name finds.
#[derive(Clone, Debug)]
pub enum Found {
    /// An element with one key and these types.
    Plain(&'static Element),
    /// A choice: several keys, each with its type.
    Choice(&'static Element),
    /// One of the keys of a choice, as JSON writes it: `valueQuantity`.
    Key(&'static Element, &'static str),
}

struct Type {
    is_resource: bool,
    elements: Vec<Element>,
}

static TABLE: LazyLock<BTreeMap<&'static str, Type>> = LazyLock::new(|| {
    let mut table: BTreeMap<&'static str, Type> = BTreeMap::new();
    let mut current = "";
    for line in include_str!("../spec/elements.txt").lines().filter(|line| !line.starts_with('#')) {
        let is_resource = line.starts_with("==");
        if line.starts_with('=') {
            current = line.trim_start_matches('=');
            table.entry(current).or_insert_with(|| Type { is_resource, elements: Vec::new() });
        } else if let Some((of, element)) = table.get_mut(current).zip(Element::read(line)) {
            of.elements.push(element);
        }
    }
    table
});

impl Element {
    /// Reads a line: name, least and greatest cardinality, types, and what begins with `>` (targets) or `:` (codes).
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        let (name, min, max) = (words.next()?, words.next()?, words.next()?);
        let plain = name.strip_suffix("[x]");
        let mut element = Element {
            name: plain.unwrap_or(name),
            choice: plain.is_some(),
            min: min.parse().ok()?,
            many: max == "*",
            types: Vec::new(),
            targets: Vec::new(),
            binding: None,
        };
        for word in words {
            if let Some(target) = word.strip_prefix('>') {
                element.targets.push(target);
            } else if let Some(codes) = word.strip_prefix(':') {
                element.binding = value_set(codes);
            } else {
                element.types.push(word);
            }
        }
        Some(element)
    }
}

/// The elements of a type; none when R4 has no such type, or it is a primitive.
pub fn elements(type_name: &str) -> Option<&'static [Element]> {
    TABLE.get(type_name).map(|of| of.elements.as_slice())
}

/// The name of a type of R4 that has elements, as one that lives as long as the program.
pub fn type_named(name: &str) -> Option<&'static str> {
    TABLE.get_key_value(name).map(|(name, _)| *name)
}

/// The names of all types that have elements, parts of resources among them, in order.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().copied()
}

/// Whether R4 has a type of resources of this name. `Resource` and `DomainResource`, of which there is no instance, are none.
pub fn is_resource(name: &str) -> bool {
    TABLE.get(name).is_some_and(|of| of.is_resource)
}

/// The element of this name in a type.
pub fn element(type_name: &str, name: &str) -> Option<Found> {
    let elements = elements(type_name)?;
    if let Some(element) = elements.iter().find(|element| element.name == name) {
        return Some(if element.choice { Found::Choice(element) } else { Found::Plain(element) });
    }
    elements.iter().filter(|element| element.choice && name.starts_with(element.name)).find_map(|element| {
        let of = element.types.iter().find(|of| choice_key(element.name, of) == name)?;
        Some(Found::Key(element, of))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_primitive;

    #[test]
    fn elements_are_found_by_name_and_by_key() {
        assert!(matches!(element("Patient", "name"), Some(Found::Plain(e)) if e.many && e.types == ["HumanName"]));
        assert!(matches!(element("Patient", "birthDate"), Some(Found::Plain(e)) if !e.many && e.types == ["date"]));
        assert!(matches!(element("Observation", "value"), Some(Found::Choice(e)) if e.types.len() == 11));
        assert!(matches!(element("Observation", "valueQuantity"), Some(Found::Key(_, "Quantity"))));
        assert!(
            matches!(element("Questionnaire.item", "item"), Some(Found::Plain(e)) if e.types == ["Questionnaire.item"])
        );
        assert!(element("Patient", "nmae").is_none());
        assert!(elements("Patent").is_none());
    }

    #[test]
    fn cardinality_targets_and_codes_are_those_of_the_specification() {
        let plain = |of, name| match element(of, name) {
            Some(Found::Plain(element)) => element,
            other => panic!("{of}.{name}: {other:?}"),
        };
        assert_eq!((plain("Observation", "status").min, plain("Observation", "category").min), (1, 0));
        assert_eq!(plain("Encounter", "subject").targets, ["Patient", "Group"]);
        assert_eq!(plain("Provenance", "target").targets, [] as [&str; 0]);
        let clinical = plain("Condition", "clinicalStatus").binding.unwrap();
        let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
        assert!(clinical.has(Some(system), "active") && !clinical.has(Some("http://other"), "active"));
        assert!(plain("Condition", "code").binding.is_none(), "no code is required");
    }

    #[test]
    fn every_type_of_the_table_is_in_it_or_a_primitive() {
        for (name, of) in &*TABLE {
            for element in &of.elements {
                assert!(!element.types.is_empty(), "{name}.{}", element.name);
                for of in &element.types {
                    assert!(TABLE.contains_key(of) || is_primitive(of), "{name}.{}: {of}", element.name);
                }
                assert!(element.targets.iter().all(|target| is_resource(target)), "{name}.{}", element.name);
            }
        }
    }

    #[test]
    fn what_others_add_to_r4_is_not_in_it() {
        assert!(element("Meta", "project").is_none() && element("Meta", "author").is_none());
        assert!(element("ResearchStudy", "classifier").is_none() && element("ResearchStudy", "recruitment").is_none());
        assert!(elements("SubscriptionStatus").is_none());
        assert!(is_resource("Patient") && !is_resource("HumanName") && !is_resource("DomainResource"));
    }
}
