//! Steps to elements: looked up in R4, where it knows the type that they start from.

use twinlake_r4::{self as r4, Found};

use super::{Compiler, Known};
use crate::code::{Action, Code, ExtensionKeys, Op, Typed};
use crate::element;
use crate::error::Fault;
use crate::nearest::nearest;
use crate::needed::Shape;
use crate::path::Expr;

impl Compiler<'_> {
    /// A step to the elements of this name, which R4 must have where it knows the type.
    pub(super) fn member(&mut self, at: usize, input: &Known, name: &str) -> Result<(Action, Known), Fault> {
        let Some(types) = &input.types else { return Ok(self.unknown_member(input, name)) };
        let mut keys: Vec<Typed> = Vec::new();
        let mut open = false;
        let mut known = Known { shapes: Vec::new(), types: Some(Vec::new()), many: input.many };
        for of in types {
            if r4::elements(of).is_none() {
                // A primitive has no elements in this JSON, but an id and extensions beside it.
                open |= !element::is_primitive(of);
                continue;
            }
            // Which resource this is shows only in the data.
            open |= matches!(*of, "Resource" | "DomainResource");
            let Some(found) = r4::element(of, name) else { continue };
            let (element, found): (_, Vec<(String, &'static str)>) = match found {
                Found::Plain(element) => {
                    for of in &element.types {
                        add(&mut known.types, of);
                    }
                    let key = self.shapes.key(name);
                    let one = if element.types.len() == 1 { Some(element.types[0]) } else { None };
                    known.many |= element.many;
                    match keys.iter_mut().find(|(known, _)| *known == key) {
                        Some(other) if other.1 != one => other.1 = None,
                        Some(_) => {}
                        None => keys.push((key, one)),
                    }
                    continue;
                }
                Found::Choice(element) => {
                    (element, element.types.iter().map(|of| (r4::choice_key(name, of), *of)).collect())
                }
                Found::Key(element, of) => (element, vec![(name.to_owned(), of)]),
            };
            known.many |= element.many;
            for (key, of) in found {
                add(&mut known.types, of);
                let key = self.shapes.key(&key);
                if !keys.iter().any(|(known, _)| *known == key) {
                    keys.push((key, Some(of)));
                }
            }
        }
        if keys.is_empty() && open {
            return Ok(self.unknown_member(&Known { types: None, ..input.clone() }, name));
        }
        if keys.is_empty() {
            if self.lenient {
                return Ok((Action::Choice(Vec::new()), known));
            }
            self.no_element(at, name, types)?;
            return Ok(self.unknown_member(&Known { types: None, ..input.clone() }, name));
        }
        if open {
            known.types = None;
            for key in &mut keys {
                key.1 = None;
            }
        }
        for shape in &input.shapes {
            for (key, _) in &keys {
                let child = self.shapes.child(*shape, *key);
                if !known.shapes.contains(&child) {
                    known.shapes.push(child);
                }
            }
        }
        let action = if let [key] = keys[..] { Action::Member(key) } else { Action::Choice(keys) };
        Ok((action, known))
    }

    /// A step where R4 does not tell: to the name, or to any key that a choice of this name can have.
    fn unknown_member(&mut self, input: &Known, name: &str) -> (Action, Known) {
        let mut keys: Vec<Typed> = vec![(self.shapes.key(name), element::type_of_element(name))];
        if element::is_choice(name) {
            for of in element::types() {
                keys.push((self.shapes.key(&r4::choice_key(name, of)), Some(of)));
            }
        }
        let shapes = self.children(&input.shapes, &keys);
        let types = if keys.len() == 1 { keys[0].1.map(|of| vec![of]) } else { None };
        let action = if let [key] = keys[..] { Action::Member(key) } else { Action::Choice(keys) };
        (action, Known { shapes, types, many: true })
    }

    /// `name.ofType(T)`.
    pub(super) fn choice(
        &mut self,
        at: usize,
        input: &Known,
        name: &str,
        data_type: &'static str,
    ) -> Result<(Action, Known), Fault> {
        let subtypes = element::subtypes(data_type);
        if let Some(types) = &input.types
            && types.iter().all(|of| r4::elements(of).is_some() && !matches!(*of, "Resource" | "DomainResource"))
        {
            let mut keys: Vec<Typed> = Vec::new();
            let mut many = input.many;
            let mut there: Vec<&'static str> = Vec::new();
            let mut filtered = false;
            for of in types {
                match r4::element(of, name) {
                    None => {}
                    Some(Found::Choice(element)) => {
                        many |= element.many;
                        there.extend(&element.types);
                        for of in element.types.iter().filter(|of| subtypes.contains(of)) {
                            let typed = (self.shapes.key(&r4::choice_key(name, of)), Some(*of));
                            if !keys.contains(&typed) {
                                keys.push(typed);
                            }
                        }
                    }
                    Some(Found::Plain(element) | Found::Key(element, _)) => {
                        many |= element.many;
                        there.extend(&element.types);
                        let typed = element.types.iter().filter(|of| subtypes.contains(of)).count();
                        if typed > 0 {
                            let known = if element.types.len() == 1 { Some(element.types[0]) } else { None };
                            filtered |= typed < element.types.len();
                            keys.push((self.shapes.key(name), known));
                        } else if element.types.iter().any(|of| matches!(*of, "Resource" | "Element")) {
                            filtered = true;
                            keys.push((self.shapes.key(name), None));
                        }
                    }
                }
            }
            if there.is_empty() && !self.lenient {
                self.no_element(at, name, types)?;
            }
            if keys.is_empty() && !there.is_empty() && !self.lenient {
                there.dedup();
                let reason = format!("`{name}` is never {data_type}; it is {}", there.join(" or "));
                return Err(Fault::new(at, reason));
            }
            let shapes = self.children(&input.shapes, &keys);
            let known_types = if keys.len() == 1 { keys[0].1.unwrap_or(data_type) } else { data_type };
            let action = match keys[..] {
                [(key, None)] if filtered => Action::ChoiceOrBare(Vec::new(), key, data_type),
                [key] => Action::Member(key),
                _ => Action::Choice(keys),
            };
            return Ok((action, Known { shapes, types: Some(vec![known_types]), many }));
        }
        let keys: Vec<Typed> =
            subtypes.iter().map(|of| (self.shapes.key(&r4::choice_key(name, of)), Some(*of))).collect();
        let bare = self.shapes.key(name);
        let mut shapes = self.children(&input.shapes, &keys);
        shapes.extend(self.children(&input.shapes, &[(bare, None)]));
        let known = Known { shapes, types: Some(vec![data_type]), many: true };
        Ok((Action::ChoiceOrBare(keys, bare, data_type), known))
    }

    /// An element that none of the types has: a fault when the name looks like a slip, else a note, since what R4 does
    /// not have is empty in its resources, and that is no error in FHIRPath.
    fn no_element(&mut self, at: usize, name: &str, types: &[&'static str]) -> Result<(), Fault> {
        let of = types.join(" or ");
        if types.iter().all(|of| element::is_primitive(of)) {
            return Err(Fault::new(at, format!("a {of} is a primitive and has no `{name}`")));
        }
        let names = types.iter().filter_map(|of| r4::elements(of)).flatten().map(|element| element.name);
        if let Some(near) = nearest(name, names) {
            return Err(Fault::new(at, format!("{of} has no element `{name}`; did you mean `{near}`?")));
        }
        self.notes.push(Fault::new(at, format!("{of} has no element `{name}` in R4, so this is empty")));
        Ok(())
    }

    pub(super) fn children(&mut self, shapes: &[Shape], keys: &[Typed]) -> Vec<Shape> {
        let mut children = Vec::new();
        for shape in shapes {
            for (key, _) in keys {
                let child = self.shapes.child(*shape, *key);
                if !children.contains(&child) {
                    children.push(child);
                }
            }
        }
        children
    }

    /// Keys of extensions, and the shapes of those of these shapes.
    pub(super) fn extensions(&mut self, shapes: &[Shape]) -> (ExtensionKeys, Vec<Shape>) {
        let keys = ExtensionKeys { extension: self.shapes.key("extension"), url: self.shapes.key("url") };
        let below = self.children(shapes, &[(keys.extension, None)]);
        for shape in &below {
            self.shapes.child(*shape, keys.url);
        }
        (keys, below)
    }

    /// `birthDate.extension('…')`; nothing when the element is no primitive.
    pub(super) fn primitive_extension(
        &mut self,
        at: usize,
        parent: &Expr,
        name: &str,
        url: Option<String>,
        focus: &Known,
    ) -> Result<Option<(Code, Known)>, Fault> {
        let (code, input) = self.expr(parent, focus)?;
        let (action, element) = self.member(at, &input, name)?;
        if element.is_primitive() == Some(false) {
            return Ok(None);
        }
        let keys: Vec<u16> = match action {
            Action::Member((key, _)) => vec![key],
            Action::Choice(keys) => keys.into_iter().map(|(key, _)| key).collect(),
            _ => return Ok(None),
        };
        let mut places: Vec<Typed> = Vec::new();
        for key in keys {
            let beside = format!("_{}", self.shapes.name(key));
            places.push((key, None));
            places.push((self.shapes.key(&beside), None));
        }
        let below = self.children(&input.shapes, &places);
        let (keys, shapes) = self.extensions(&below);
        let places = places.into_iter().map(|(key, _)| key).collect();
        let op = Op::Step(Box::new(code), Action::PrimitiveExtension(url, keys, places));
        Ok(Some((Code { at, op }, Known { shapes, types: Some(vec!["Extension"]), many: true })))
    }
}

fn add(types: &mut Option<Vec<&'static str>>, of: &'static str) {
    if let Some(types) = types
        && !types.contains(&of)
    {
        types.push(of);
    }
}
