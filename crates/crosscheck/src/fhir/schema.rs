//! [`Schema`]: R4's elements as a walk over JSON meets them, each key with what it may hold.

use std::ops::RangeFrom;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use twinlake_fhir::Cursor;
use twinlake_r4::{self as r4, Element, Primitive, ValueSet};

/// What a key of a type may hold.
#[derive(Debug)]
pub(super) struct Slot {
    /// No other slot of any type has it.
    pub(super) number: u32,
    /// Place among the slots of its type.
    place: u8,
    /// The key, `valueQuantity`.
    pub(super) key: &'static str,
    /// The key as JSON has it, with quotes and colon.
    quoted: String,
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

/// What the walk asks of an object beside its elements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// What it refers to is there.
    Reference,
    /// It ends after its start.
    Period,
    /// A Coding or a CodeableConcept, of which there are few different ones.
    Concept,
    Other,
}

/// A type with elements.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// No other type has it, and no slot.
    number: u32,
    is_resource: bool,
    pub(super) kind: Kind,
    slots: Vec<Slot>,
    /// Places of the slots by the hash of their key, open addressed; a power of two of them.
    places: Vec<u8>,
    /// Elements that must be there: their bit and name, with `[x]` for a choice.
    pub(super) required: Vec<(u32, &'static str)>,
}

impl Shape {
    /// The slot of a key.
    pub(super) fn slot(&self, key: &str) -> Option<&Slot> {
        let mut at = hash(key);
        loop {
            let place = usize::from(*self.places.get(at & (self.places.len() - 1))?);
            let slot = self.slots.get(place)?;
            if slot.key == key {
                return Some(slot);
            }
            at += 1;
        }
    }

    /// Name of an element, as its required list or its keys have it.
    pub(super) fn element_of(&self, bit: u32) -> &'static str {
        self.slots.iter().find(|slot| slot.element == bit).map_or("", |slot| slot.key)
    }
}

/// Which key came after which, when last seen: the objects of a type have mostly the same keys in the same order.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// By the number of a slot, or of a type for its first key: the place of the slot that followed.
    next: Vec<u8>,
}

impl Habits {
    /// Takes the key that follows a slot, or begins an object, when it is the one of last time.
    #[inline]
    pub(super) fn take<'s>(
        &self,
        cursor: &mut Cursor<'_>,
        shape: &'s Shape,
        before: Option<&Slot>,
    ) -> Option<&'s Slot> {
        let number = before.map_or(shape.number, |slot| slot.number);
        let slot = shape.slots.get(usize::from(*self.next.get(number as usize)?))?;
        cursor.take_text(&slot.quoted).then_some(slot)
    }

    /// Learns that a slot of a type follows another, or begins the object.
    pub(super) fn learn(&mut self, shape: &Shape, before: Option<&Slot>, slot: &Slot) {
        let number = before.map_or(shape.number, |slot| slot.number) as usize;
        if self.next.len() <= number {
            self.next.resize(number + 1, NONE);
        }
        self.next[number] = slot.place;
    }
}

/// All types with elements, and the resources among them.
pub(super) struct Schema {
    shapes: Vec<Shape>,
    places: FxHashMap<&'static str, usize>,
    reference: usize,
}

impl Schema {
    pub(super) fn r4() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::build);
        &SCHEMA
    }

    /// The shape of a type of resources; none when R4 has no such resource.
    pub(super) fn resource(&self, name: &str) -> Option<&Shape> {
        self.named(name).filter(|shape| shape.is_resource)
    }

    /// The shape of a Reference.
    pub(super) fn reference(&self) -> &Shape {
        &self.shapes[self.reference]
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
        let places: FxHashMap<&'static str, usize> =
            names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        let mut number = 0..;
        let shapes = names.iter().map(|name| shape(name, &places, &mut number)).collect();
        let reference = places["Reference"];
        Schema { shapes, places, reference }
    }
}

fn shape(name: &'static str, places: &FxHashMap<&'static str, usize>, number: &mut RangeFrom<u32>) -> Shape {
    let elements = r4::elements(name).unwrap_or_default();
    let (mut slots, mut required) = (Vec::new(), Vec::new());
    let mut numbered = || number.next().expect("R4 has some thousand elements");
    let of_type_itself = numbered();
    for (element, bit) in elements.iter().zip(0_u32..) {
        if element.min > 0 {
            required.push((bit, element.name));
        }
        for of in &element.types {
            let Some(of_value) = of_type(of, places) else { continue };
            let key = key(element, of);
            slots.push(Slot {
                number: numbered(),
                place: u8::try_from(slots.len()).expect("no type has so many"),
                key,
                quoted: format!("\"{key}\":"),
                element: bit,
                choice: element.choice,
                many: element.many,
                of: of_value,
                targets: &element.targets,
                binding: element.binding,
            });
        }
    }
    let kind = match name {
        "Reference" => Kind::Reference,
        "Period" => Kind::Period,
        "Coding" | "CodeableConcept" => Kind::Concept,
        _ => Kind::Other,
    };
    Shape {
        name,
        number: of_type_itself,
        is_resource: r4::is_resource(name),
        kind,
        places: by_hash(&slots),
        slots,
        required,
    }
}

/// Where no slot is: no type has so many.
const NONE: u8 = u8::MAX;

/// Places of slots by the hash of their key, three quarters of them empty.
fn by_hash(slots: &[Slot]) -> Vec<u8> {
    let mut places = vec![NONE; (slots.len() * 4).next_power_of_two()];
    for (slot, place) in slots.iter().zip(0..NONE) {
        let mut at = hash(slot.key);
        while places[at & (places.len() - 1)] != NONE {
            at += 1;
        }
        let at = at & (places.len() - 1);
        places[at] = place;
    }
    places
}

/// A cheap hash of a key, which tells those of a type well apart.
fn hash(key: &str) -> usize {
    let bytes = key.as_bytes();
    let byte = |place: usize| usize::from(bytes.get(place).copied().unwrap_or_default());
    let (first, middle, last) = (byte(0), byte(bytes.len() / 2), byte(bytes.len().wrapping_sub(1)));
    bytes.len() * 7 + first * 31 + middle * 131 + last * 5
}

fn key(element: &'static Element, of: &str) -> &'static str {
    // Made once for each element of R4, for the life of the program.
    if element.choice { Box::leak(r4::choice_key(element.name, of).into_boxed_str()) } else { element.name }
}

fn of_type(name: &str, places: &FxHashMap<&'static str, usize>) -> Option<Of> {
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
    fn the_key_of_last_time_is_taken() {
        let period = Schema::r4().named("Period").unwrap();
        let mut habits = Habits::default();
        let mut cursor = Cursor::new(r#""start":"2019""#);
        assert!(habits.take(&mut cursor, period, None).is_none());
        let start = period.slot("start").unwrap();
        habits.learn(period, None, start);
        assert_eq!(habits.take(&mut cursor, period, None).map(|slot| slot.key), Some("start"));
        assert_eq!(cursor.rest(), r#""2019""#);
        assert!(habits.take(&mut Cursor::new(r#""end":"2019""#), period, None).is_none());
        assert!(habits.take(&mut cursor, period, Some(start)).is_none());
    }

    #[test]
    fn every_element_of_every_type_has_a_slot_and_a_bit() {
        for name in r4::type_names() {
            let shape = Schema::r4().named(name).unwrap();
            for (element, bit) in r4::elements(name).unwrap().iter().zip(0_u32..) {
                assert!(bit < 128, "{name} has too many elements");
                let n = shape.slots.iter().filter(|slot| slot.element == bit).count();
                let found = shape.slots.iter().all(|slot| shape.slot(slot.key).is_some_and(|s| s.key == slot.key));
                assert!(found && shape.slot("nothing").is_none());
                assert_eq!(n, element.types.len(), "{name}.{}", element.name);
            }
        }
    }
}
