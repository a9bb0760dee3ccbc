//! What FHIR R4 says of each element: its types and whether it may stand there several times.
//!
//! The table is `r4/elements.txt`, made from the specification's definitions by `cargo xtask elements`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::element::{choice_key, data_type};

/// An element of a type.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// Its name, without the `[x]` of a choice.
    pub(crate) name: &'static str,
    /// The specification writes it with `[x]`: JSON has the type in the key.
    pub(crate) choice: bool,
    /// It may stand there more than once.
    pub(crate) many: bool,
    /// Its types; a part of a resource is named by its path, e.g. `Patient.contact`.
    pub(crate) types: Vec<&'static str>,
}

fn table() -> &'static BTreeMap<&'static str, Vec<Element>> {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<Element>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: BTreeMap<&'static str, Vec<Element>> = BTreeMap::new();
        let mut current = "";
        for line in include_str!("../r4/elements.txt").lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('=') {
                current = name;
                table.entry(current).or_default();
                continue;
            }
            let mut words = line.split(' ');
            let (Some(name), Some(max)) = (words.next(), words.next()) else { continue };
            let plain = name.strip_suffix("[x]");
            table.entry(current).or_default().push(Element {
                name: plain.unwrap_or(name),
                choice: plain.is_some(),
                many: max == "*",
                types: words.collect(),
            });
        }
        table
    })
}

/// The elements of a type; none when R4 has no such type, or it is a primitive.
pub(crate) fn elements(type_name: &str) -> Option<&'static [Element]> {
    table().get(type_name).map(Vec::as_slice)
}

/// The name of a type of R4 that has elements, as one that lives as long as the program.
pub(crate) fn type_named(name: &str) -> Option<&'static str> {
    table().get_key_value(name).map(|(name, _)| *name)
}

/// What a step from this type to `name` finds.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// An element with one key and these types.
    Plain(&'static Element),
    /// A choice: several keys, each with its type.
    Choice(&'static Element),
    /// One of the keys of a choice, as JSON writes it: `valueQuantity`.
    Key(&'static Element, &'static str),
}

/// The element of this name in a type.
pub(crate) fn element(type_name: &str, name: &str) -> Option<Found> {
    let elements = elements(type_name)?;
    if let Some(element) = elements.iter().find(|element| element.name == name) {
        return Some(if element.choice { Found::Choice(element) } else { Found::Plain(element) });
    }
    elements.iter().filter(|element| element.choice && name.starts_with(element.name)).find_map(|element| {
        let of = element.types.iter().find(|of| choice_key(element.name, of) == name)?;
        Some(Found::Key(element, of))
    })
}

/// Whether a type is a primitive: it has a value and no elements.
pub(crate) fn is_primitive(type_name: &str) -> bool {
    type_name == "xhtml" || (type_name.starts_with(|c: char| c.is_ascii_lowercase()) && data_type(type_name).is_some())
}

/// The name that was meant by one that is wrong, when one is near enough.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|name| (distance(wrong, name), name)).min()?;
    (near.0 <= 2.max(wrong.len() / 4) && near.0 < wrong.len()).then_some(near.1)
}

/// How many letters must be changed, added, left out or swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let change = usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
                    let mut least = (rows[i - 1][j - 1] + change).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(rows[i - 2][j - 2] + 1);
                    }
                    least
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_type_of_the_table_is_in_it_or_a_primitive() {
        for (name, elements) in table() {
            for element in elements {
                assert!(!element.types.is_empty(), "{name}.{}", element.name);
                for of in &element.types {
                    assert!(table().contains_key(of) || is_primitive(of), "{name}.{}: {of}", element.name);
                }
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_recognized() {
        let names = || ["name", "gender", "birthDate", "address"].into_iter();
        assert_eq!(nearest("nmae", names()), Some("name"));
        assert_eq!(nearest("birthdate", names()), Some("birthDate"));
        assert_eq!(nearest("telephone", names()), None);
    }
}
