//! One walk over a resource: its elements against R4's, its values against their formats and codes, and what it refers to.

use std::borrow::Cow;
use std::fmt::Write as _;

use twinlake_fhir::{Cursor, DateTime, Kind};
use twinlake_r4::{Form, Primitive, ValueSet};

use super::must_support::{Asked, Marks, MustSupport};
use super::reference::{Literal, Resolver, literal};
use super::schema::{Habits, Kind as ShapeKind, Of, Schema, Shape, Slot};
use super::sound::SoundValues;
use crate::finding::{Finding, Severity};

/// What is said of a key that comes again.
const TWICE: &str = "stands there twice";

/// How deep parts may lie in parts; deeper ones are passed over.
const DEEPEST: u32 = 64;

/// Walks over resource after resource, with what each teaches for the next.
#[derive(Default)]
pub(crate) struct Walks {
    /// How often what US Core must support was there.
    pub(crate) must_support: MustSupport,
    sound: SoundValues,
    habits: Habits,
    marks: Marks,
}

impl Walks {
    /// Checks one resource's text; findings are at this severity.
    pub(crate) fn check(&mut self, text: &str, severity: Severity, resolver: &Resolver<'_>, out: &mut Vec<Finding>) {
        let asked = self.marks.begin(text);
        let mut walk = Walk {
            schema: Schema::r4(),
            resolver,
            severity,
            text,
            sound: &mut self.sound,
            habits: &mut self.habits,
            marks: &mut self.marks,
            path: Vec::new(),
            contained: Vec::new(),
            fragments: Vec::new(),
            n_unsure: 0,
            depth: 0,
            out,
        };
        walk.resource(&mut Cursor::new(text), asked);
        for (fragment, path) in std::mem::take(&mut walk.fragments) {
            if !walk.contained.iter().any(|id| *id == fragment) {
                let sentence = format!("refers to `#{fragment}` in {path}, which it does not contain");
                walk.find_at("fhir.dangling", path, &fragment, &sentence);
            }
        }
        self.must_support.count(&self.marks);
    }
}

/// `Condition/c-17`, as far as the text tells.
fn name_of(text: &str) -> String {
    let [resource_type, id] =
        ["resourceType", "id"].map(|name| Cursor::new(text).text_member(name).unwrap_or_default());
    format!("{resource_type}/{id}")
}

struct Walk<'w> {
    schema: &'static Schema,
    resolver: &'w Resolver<'w>,
    severity: Severity,
    text: &'w str,
    sound: &'w mut SoundValues,
    habits: &'w mut Habits,
    marks: &'w mut Marks,
    /// Keys from the resource to here, each with the place in its list.
    path: Vec<(&'w str, Option<usize>)>,
    /// Ids of contained resources.
    contained: Vec<Cow<'w, str>>,
    /// References to contained resources, and where they stand.
    fragments: Vec<(String, String)>,
    /// How many references were met, and parts that lie too deep: what a value says there is no sign of what it says elsewhere.
    n_unsure: u32,
    depth: u32,
    out: &'w mut Vec<Finding>,
}

impl<'w> Walk<'w> {
    fn resource<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, asked: Asked) {
        if cursor.kind() != Some(Kind::Object) {
            self.find("fhir.type", &shortened(cursor.raw()), "should be a resource");
            return cursor.skip();
        }
        let resource_type = leading_type(*cursor).or_else(|| cursor.text_member("resourceType"));
        let Some(shape) = resource_type.as_deref().and_then(|name| self.schema.resource(name)) else {
            let says = resource_type.unwrap_or_default();
            self.contained.extend(cursor.text_member("id"));
            self.find("fhir.resource_type", &says, "is no type of resources");
            return cursor.skip();
        };
        if self.path.is_empty() {
            self.path.push((shape.name, None));
            self.object(cursor, shape, true, asked);
            self.path.pop();
        } else {
            self.object(cursor, shape, true, asked);
        }
    }

    /// Walks over an object of a type; gives back what a Reference refers to.
    fn object<'t: 'w>(
        &mut self,
        cursor: &mut Cursor<'t>,
        shape: &Shape,
        is_resource: bool,
        asked: Asked,
    ) -> Option<Cow<'t, str>> {
        if self.depth > DEEPEST || !cursor.take(b'{') {
            self.n_unsure += 1;
            cursor.skip();
            return None;
        }
        self.depth += 1;
        let (mut seen, mut valued, mut extended, mut n, mut before) = (0_u128, 0_u128, 0_u128, 0_u32, None);
        let mut has_type = false;
        let mut reference = None;
        let (is_reference, is_period) = (shape.kind == ShapeKind::Reference, shape.kind == ShapeKind::Period);
        let mut ends = [None, None];
        loop {
            cursor.take(b',');
            let usual = self.habits.take(cursor, shape, before);
            let Some(key) = usual.map_or_else(|| cursor.key(), |slot| Some(slot.key)) else { break };
            if cursor.kind().is_none() {
                break;
            }
            n += 1;
            if is_resource && key == "resourceType" {
                if has_type {
                    self.path.push((key, None));
                    self.find("fhir.cardinality", &shortened(cursor.raw()), TWICE);
                    self.path.pop();
                }
                has_type = true;
                cursor.skip();
                continue;
            }
            let bare = key.strip_prefix('_');
            let Some(slot) = usual.or_else(|| shape.slot(bare.unwrap_or(key))) else {
                self.path.push((key, None));
                self.find("fhir.element", &shortened(cursor.raw()), &format!("is no element of {} in R4", shape.name));
                self.path.pop();
                cursor.skip();
                continue;
            };
            if usual.is_none() {
                self.habits.learn(shape, before, slot);
            }
            before = Some(slot);
            self.path.push((key, None));
            // An element with nothing but an extension says why its value is not known.
            let below = self.marks.enter(asked, bare.unwrap_or(key));
            let bit = 1_u128 << slot.element;
            if bare.is_some() {
                if extended & bit != 0 && !slot.choice {
                    self.find("fhir.cardinality", &shortened(cursor.raw()), TWICE);
                }
                extended |= bit;
                self.extended(cursor, slot);
            } else {
                if valued & bit != 0 {
                    let (rule, sentence) = if slot.choice {
                        ("fhir.choice", "is a second value of an element that has one type at a time")
                    } else {
                        ("fhir.cardinality", TWICE)
                    };
                    self.find(rule, &shortened(cursor.raw()), sentence);
                }
                valued |= bit;
                if is_reference && key == "reference" && cursor.kind() == Some(Kind::Text) {
                    reference = Some(cursor.peek());
                }
                if is_period && cursor.kind() == Some(Kind::Text) {
                    ends[usize::from(key == "end")] = Some(cursor.peek());
                }
                if is_resource && key == "id" && self.depth > 1 && cursor.kind() == Some(Kind::Text) {
                    self.contained.push(cursor.peek());
                }
                self.value(cursor, slot, below);
            }
            self.marks.leave(below);
            seen |= bit;
            self.path.pop();
        }
        if let [Some(start), Some(end)] = &ends
            && is_before(end, start)
        {
            self.find("fhir.period", end, &format!("is before its start, {start}"));
        }
        if n == 0 {
            self.find("fhir.cardinality", "{}", "is an object without elements");
        } else {
            for (bit, name) in shape.required.iter().filter(|(bit, _)| seen & (1_u128 << bit) == 0) {
                let choice = if shape.element_of(*bit) == *name { "" } else { "[x]" };
                let path = format!("{}.{name}{choice}", self.path());
                let sentence = format!("has no {path}, which R4 requires");
                self.find_at("fhir.required", path, "", &sentence);
            }
        }
        self.depth -= 1;
        reference
    }

    /// The value of a key: a list where R4 says so, and only there.
    fn value<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, slot: &Slot, asked: Asked) {
        let is_list = cursor.kind() == Some(Kind::Array);
        if is_list != slot.many {
            let sentence =
                if is_list { "is a list, where one value is allowed" } else { "is no list, where R4 has one" };
            self.find("fhir.cardinality", &shortened(cursor.raw()), sentence);
        }
        if !is_list {
            return self.single(cursor, slot, false, asked);
        }
        cursor.take(b'[');
        let mut place = 0;
        while cursor.item() {
            if let Some(last) = self.path.last_mut() {
                last.1 = Some(place);
            }
            self.single(cursor, slot, true, asked);
            place += 1;
        }
        if place == 0 {
            self.find("fhir.cardinality", "[]", "is an empty list");
        }
    }

    fn single<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, slot: &Slot, in_list: bool, asked: Asked) {
        let kind = cursor.kind();
        match slot.of {
            // Of a list of primitives some have an extension only.
            Of::Primitive(_) if in_list && kind == Some(Kind::Null) => cursor.skip(),
            Of::Primitive(primitive) => self.primitive(cursor, primitive, slot.binding),
            Of::Resource if kind == Some(Kind::Object) => self.resource(cursor, Asked::default()),
            Of::Reference if kind == Some(Kind::Object) => {
                if let Some(reference) = self.object(cursor, self.schema.reference(), false, asked) {
                    self.refers(&reference, slot.targets);
                }
            }
            Of::Complex(place) if kind == Some(Kind::Object) => {
                let shape = self.schema.shape(place);
                if shape.kind == ShapeKind::Concept && asked.is_nothing() {
                    return self.concept(cursor, shape, slot);
                }
                self.complex(cursor, shape, slot, asked);
            }
            Of::Complex(_) | Of::Reference | Of::Resource => {
                self.find("fhir.type", &shortened(cursor.raw()), "should be an object");
                cursor.skip();
            }
        }
    }

    fn complex<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, shape: &Shape, slot: &Slot, asked: Asked) {
        let before = *cursor;
        self.object(cursor, shape, false, asked);
        if let Some(binding) = slot.binding {
            self.bound(before, binding);
        }
    }

    /// A Coding or a CodeableConcept: the same few are written again and again, and one that was sound here is so once more.
    fn concept<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, shape: &Shape, slot: &Slot) {
        if self.sound.take(cursor, slot) {
            return;
        }
        let (before, told) = (*cursor, self.told());
        self.complex(cursor, shape, slot, Asked::default());
        if self.told() == told {
            let text = before.rest();
            self.sound.learn(&text[..text.len() - cursor.rest().len()], slot);
        }
    }

    /// How much was found and noted so far.
    fn told(&self) -> (usize, usize, usize, u32) {
        (self.out.len(), self.contained.len(), self.fragments.len(), self.n_unsure)
    }

    fn primitive(&mut self, cursor: &mut Cursor<'_>, primitive: &Primitive, binding: Option<&ValueSet>) {
        let form = match cursor.kind() {
            Some(Kind::Text) => Form::Text,
            Some(Kind::Number) => Form::Number,
            Some(Kind::Boolean) => Form::Boolean,
            _ => {
                self.find("fhir.type", &shortened(cursor.raw()), &format!("should be a {}", primitive.name()));
                return cursor.skip();
            }
        };
        let written = *cursor;
        let says = if form == Form::Text { cursor.decoded() } else { Some(cursor.scalar()) };
        let Some(says) = says else {
            let says = shortened(written.raw());
            return self.find(
                "fhir.format",
                &says,
                &format!("is no {}: its escapes stand for no letters", primitive.name()),
            );
        };
        if form != primitive.form() {
            self.find("fhir.type", &shortened(&says), &format!("is not written as a {} is", primitive.name()));
        } else if !primitive.matches(&says) {
            self.find("fhir.format", &shortened(&says), &format!("is no {}", primitive.name()));
        } else if let Some(binding) = binding.filter(|binding| !binding.has(None, &says)) {
            self.find("fhir.code", &shortened(&says), &format!("is no code of {}", binding.name));
        }
    }

    /// `_birthDate` and its like: the id and extensions of a primitive.
    fn extended<'t: 'w>(&mut self, cursor: &mut Cursor<'t>, slot: &Slot) {
        let (Of::Primitive(_), Some(element)) = (slot.of, self.schema.named("Element")) else {
            self.find("fhir.element", &shortened(cursor.raw()), "stands beside no primitive");
            return cursor.skip();
        };
        if cursor.kind() != Some(Kind::Array) {
            self.object(cursor, element, false, Asked::default());
            return;
        }
        cursor.take(b'[');
        while cursor.item() {
            if cursor.kind() == Some(Kind::Object) {
                self.object(cursor, element, false, Asked::default());
            } else {
                cursor.skip();
            }
        }
    }

    /// A Coding, or a CodeableConcept one of whose codings must be of the value set, when it has one of its systems.
    fn bound(&mut self, value: Cursor<'_>, binding: &ValueSet) {
        let codings = codings_of(value);
        let wrong = codings.iter().find(|(system, code)| binding.knows(system) && !binding.has(Some(system), code));
        let fits = codings.iter().any(|(system, code)| binding.has(Some(system), code));
        let wrong = wrong.or_else(|| codings.first().filter(|_| !fits));
        if let Some((system, code)) = wrong {
            self.find("fhir.code", &format!("{system}|{code}"), &format!("is no code of {}", binding.name));
        }
    }

    fn refers(&mut self, reference: &str, targets: &[&str]) {
        self.n_unsure += 1;
        match literal(reference) {
            Literal::Contained(id) => {
                let path = self.path();
                self.fragments.push((id.to_owned(), path));
            }
            Literal::Resource { resource_type, id } => {
                if !targets.is_empty() && !targets.contains(&resource_type) {
                    let sentence = format!("refers to a {resource_type}, where R4 allows {}", targets.join(", "));
                    self.find("fhir.reference_type", reference, &sentence);
                } else if !self.resolver.has(resource_type, id) {
                    self.find("fhir.dangling", reference, "refers to nothing that is there");
                }
            }
            Literal::Unresolved => self.find("fhir.dangling", reference, "refers to nothing that is there"),
            Literal::Elsewhere => {}
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for (key, place) in &self.path {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key);
            if let Some(place) = place {
                let _ = write!(path, "[{place}]");
            }
        }
        path
    }

    fn find(&mut self, rule: &str, says: &str, sentence: &str) {
        let path = self.path();
        let sentence = format!("says `{says}` in {path}, which {sentence}");
        self.find_at(rule, path, says, &sentence);
    }

    fn find_at(&mut self, rule: &str, path: String, says: &str, sentence: &str) {
        let name = name_of(self.text);
        let message = format!("{rule}: {name} {sentence}");
        let finding = Finding::on_fhir(rule, self.severity, message).of_resource(&name);
        let says = (!says.is_empty()).then(|| says.to_owned());
        self.out.push(Finding { path: Some(path), ..finding }.saying(says, None));
    }
}

/// Whether a time is before another, as far as both are precise.
fn is_before(one: &str, other: &str) -> bool {
    let (Ok(one_at), Ok(other_at)) = (DateTime::parse(one), DateTime::parse(other)) else { return false };
    if let (Some(one), Some(other)) = (one_at.utc(), other_at.utc()) {
        return one < other;
    }
    let precise = one.len().min(other.len()).min("2019-02-28".len());
    one[..precise] < other[..precise]
}

/// The type of a resource where it is the first key, as nearly everyone writes it.
fn leading_type(mut object: Cursor<'_>) -> Option<Cow<'_, str>> {
    let is_first = object.take(b'{') && object.key() == Some("resourceType") && object.kind() == Some(Kind::Text);
    is_first.then(|| object.scalar())
}

/// System and code of a Coding, or of each coding of a CodeableConcept.
fn codings_of(value: Cursor<'_>) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let mut codings = Vec::new();
    let mut concept = value;
    concept.take(b'{');
    while let Some(key) = concept.key() {
        match (key, concept.kind()) {
            ("coding", Some(Kind::Array)) => {
                concept.take(b'[');
                while concept.item() {
                    codings.extend(coding(concept));
                    concept.skip();
                }
            }
            (_, None) => break,
            _ => concept.skip(),
        }
    }
    codings.extend(coding(value));
    codings
}

/// System and code of a Coding that has a code.
fn coding(value: Cursor<'_>) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    Some((value.text_member("system").unwrap_or_default(), value.text_member("code")?))
}

/// At most sixty characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
