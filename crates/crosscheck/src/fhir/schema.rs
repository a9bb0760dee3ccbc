//! [`Schema`]: R4's elements as a walk over JSON meets them, each key with what it may hold.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use twinlake_r4::{self as r4, Element, Primitive, ValueSet};

/// What a key of a type may hold.
#[derive(Debug)]
pub(super) struct Slot {
    /// The key, `valueQuantity`.
    pub(super) key: &'static str,
    /// Place of its element in the type; the keys of a choice share one.
    pub(super) element: u32,
    pub(super) choice: bool,
    pub(super) many: bool,
    pub(super) of: Of,
    /// Types of resources that it may refer to; empty for any.
    pub(super) targets: &'static [&'static str],
    pub(super) binding: Option<&'static ValueSet>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Primitive(&'static Primitive),
    Reference,
    /// The place of a type in the schema.
    Complex(usize),
    Resource,
}

/// A type with elements.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    slots: Vec<Slot>,
    /// Elements that must be there: their bit and name, with `[x]` for a choice.
    pub(super) required: Vec<(u32, &'static str)>,
}

impl Shape {
    /// The slot of a key; `hint` is where it would be when keys come in the specification's order.
    pub(super) fn slot(&self, key: &str, hint: &mut usize) -> Option<&Slot> {
        if let Some(slot) = self.slots.get(*hint).filter(|slot| slot.key == key) {
            *hint += 1;
            return Some(slot);
        }
        let place = self.slots.iter().position(|slot| slot.key == key)?;
        *hint = place + 1;
        self.slots.get(place)
    }

    /// Name of an element, as its required list or its keys have it.
    pub(super) fn element_of(&self, bit: u32) -> &'static str {
        self.slots.iter().find(|slot| slot.element == bit).map_or("", |slot| slot.key)
    }
}

/// All types with elements, and the resources among them.
pub(super) struct Schema {
    shapes: Vec<Shape>,
    places: BTreeMap<&'static str, usize>,
}

impl Schema {
    pub(super) fn r4() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::build);
        &SCHEMA
    }

    /// The shape of a type of resources; none when R4 has no such resource.
    pub(super) fn resource(&self, name: &str) -> Option<&Shape> {
        let place = self.places.get(name).filter(|_| r4::is_resource(name))?;
        self.shapes.get(*place)
    }

    /// The shape at a place.
    pub(super) fn shape(&self, place: usize) -> &Shape {
        &self.shapes[place]
    }

    /// The shape of a data type.
    pub(super) fn named(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(*self.places.get(name)?)
    }

    fn build() -> Schema {
        let names: Vec<&'static str> = r4::type_names().collect();
        let places: BTreeMap<&'static str, usize> =
            names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        let shapes = names.iter().map(|name| shape(name, &places)).collect();
        Schema { shapes, places }
    }
}

fn shape(name: &'static str, places: &BTreeMap<&'static str, usize>) -> Shape {
    let elements = r4::elements(name).unwrap_or_default();
    let (mut slots, mut required) = (Vec::new(), Vec::new());
    for (element, bit) in elements.iter().zip(0_u32..) {
        if element.min > 0 {
            required.push((bit, element.name));
        }
        for of in &element.types {
            let Some(of_value) = of_type(of, places) else { continue };
            slots.push(Slot {
                key: key(element, of),
                element: bit,
                choice: element.choice,
                many: element.many,
                of: of_value,
                targets: &element.targets,
                binding: element.binding,
            });
        }
    }
    Shape { name, slots, required }
}

fn key(element: &'static Element, of: &str) -> &'static str {
    // Made once for each element of R4, for the life of the program.
    if element.choice { Box::leak(r4::choice_key(element.name, of).into_boxed_str()) } else { element.name }
}

fn of_type(name: &str, places: &BTreeMap<&'static str, usize>) -> Option<Of> {
    if let Some(primitive) = Primitive::named(name) {
        return Some(Of::Primitive(primitive));
    }
    match name {
        "Reference" => Some(Of::Reference),
        "Resource" => Some(Of::Resource),
        name => places.get(name).map(|place| Of::Complex(*place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_of_every_type_has_a_slot_and_a_bit() {
        for name in r4::type_names() {
            let shape = Schema::r4().named(name).unwrap();
            for (element, bit) in r4::elements(name).unwrap().iter().zip(0_u32..) {
                assert!(bit < 128, "{name} has too many elements");
                let n = shape.slots.iter().filter(|slot| slot.element == bit).count();
                assert_eq!(n, element.types.len(), "{name}.{}", element.name);
            }
        }
    }
}
