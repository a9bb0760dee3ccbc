//! From an expression to code: elements are looked up in R4, keys get numbers, and what is needed is noted.

use regex::{Regex, RegexBuilder};
use twinlake_r4::{self as r4, Found};

use crate::code::{Action, Code, ExtensionKeys, Op, QuantityKeys, ReferenceKeys, Typed};
use crate::convert::Target;
use crate::element;
use crate::error::Fault;
use crate::functions::Function;
use crate::nearest::nearest;
use crate::needed::{Shape, Shapes};
use crate::number::Number;
use crate::path::{Binary, Expr, Kind, OfType, Step};

/// What is known of the items that a path gives, before any resource is read.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Where in the tree of needed elements they stand; nowhere when they are computed.
    pub(crate) shapes: Vec<Shape>,
    /// Their types; `None` when any is possible.
    pub(crate) types: Option<Vec<&'static str>>,
    /// There may be more than one.
    pub(crate) many: bool,
}

impl Known {
    fn computed(data_type: &'static str) -> Self {
        Self { shapes: Vec::new(), types: Some(vec![data_type]), many: false }
    }

    /// The type, where there is only one.
    pub(crate) fn single_type(&self) -> Option<&'static str> {
        match self.types.as_deref() {
            Some([one]) => Some(one),
            _ => None,
        }
    }

    /// One of the items.
    pub(crate) fn one(&self) -> Self {
        Self { many: false, ..self.clone() }
    }

    /// As known as a message can say it: `HumanName`, `dateTime or Period`.
    pub(crate) fn described(&self) -> String {
        self.types.as_ref().map_or_else(|| "of any type".to_owned(), |types| types.join(" or "))
    }

    /// Every type it can have is a primitive, or every one is not; `None` when that is open.
    pub(crate) fn is_primitive(&self) -> Option<bool> {
        let types = self.types.as_ref()?;
        let n_primitive = types.iter().filter(|name| r4::is_primitive(name)).count();
        match n_primitive {
            0 if types.is_empty() => None,
            0 => Some(false),
            n if n == types.len() => Some(true),
            _ => None,
        }
    }
}

/// Compiles paths of one view into the shared tree of its plan.
pub(crate) struct Compiler<'c> {
    pub(crate) shapes: &'c mut Shapes,
    pub(crate) resource: Known,
    /// The name of the view's resource type.
    pub(crate) resource_type: &'c str,
    /// A step that leads nowhere gives nothing instead of a fault.
    pub(crate) lenient: bool,
    /// What is odd, but not wrong.
    pub(crate) notes: Vec<Fault>,
}

type Compiled = Result<(Code, Known), Fault>;

impl Compiler<'_> {
    /// The code of an expression that starts from what `focus` tells.
    pub(crate) fn expr(&mut self, expr: &Expr, focus: &Known) -> Compiled {
        if self.shapes.is_full() {
            return Err(Fault::new(expr.at, "the views look at more than 10,000 different elements"));
        }
        let (op, known) = match &expr.kind {
            Kind::Focus => (Op::Focus, focus.clone()),
            Kind::Resource(named) => {
                if let Some(named) = named
                    && named != self.resource_type
                {
                    let reason = format!("`{named}` is no element; the view looks at `{}`", self.resource_type);
                    return Err(Fault::new(expr.at, reason));
                }
                (Op::Resource, self.resource.clone())
            }
            Kind::RowIndex => (Op::RowIndex, Known::computed("integer")),
            Kind::Nothing => (Op::Nothing, Known { shapes: Vec::new(), types: None, many: false }),
            Kind::Boolean(value) => (Op::Boolean(*value), Known::computed("boolean")),
            Kind::Integer(value) => (Op::Integer(*value), Known::computed("integer")),
            Kind::Integer64(value) => (Op::Integer(*value), Known::computed("integer64")),
            Kind::Decimal(text) => match Number::parse(text) {
                Some(number) => (Op::Number(number), Known::computed("decimal")),
                None => return Err(Fault::new(expr.at, format!("`{text}` has too many digits"))),
            },
            Kind::Quantity(text, unit) => match Number::parse(text) {
                Some(number) => (Op::Quantity(number, unit.clone()), Known::computed("Quantity")),
                None => return Err(Fault::new(expr.at, format!("`{text}` has too many digits"))),
            },
            Kind::Text(text, data_type) => (Op::Text(text.clone(), data_type), Known::computed(data_type)),
            Kind::Step(input, step) => return self.step(expr.at, input, step, focus),
            Kind::Binary(operator, left, right) => return self.binary(expr.at, *operator, left, right, focus),
            Kind::Negate(operand) => {
                let (code, known) = self.expr(operand, focus)?;
                (Op::Negate(Box::new(code)), Known { shapes: Vec::new(), many: false, ..known })
            }
        };
        Ok((Code { at: expr.at, op }, known))
    }

    fn binary(&mut self, at: usize, operator: Binary, left: &Expr, right: &Expr, focus: &Known) -> Compiled {
        let (mut left, left_known) = self.expr(left, focus)?;
        let (mut right, right_known) = self.expr(right, focus)?;
        let both = [&left_known, &right_known];
        let is_compared = matches!(
            operator,
            Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::LessOrEqual
                | Binary::Greater
                | Binary::GreaterOrEqual
        );
        if is_compared && both.iter().any(|known| known.single_type() == Some("Quantity")) {
            left = self.as_quantity(left, &left_known);
            right = self.as_quantity(right, &right_known);
        }
        let adds_quantity =
            matches!(operator, Binary::Add | Binary::Subtract) && right_known.single_type() == Some("Quantity");
        if adds_quantity {
            left = self.as_quantity(left, &left_known);
            right = self.as_quantity(right, &right_known);
        }
        let known = match operator {
            // What is as much later is as what it was.
            _ if adds_quantity => Known { shapes: Vec::new(), many: false, ..left_known },
            Binary::Union => Self::both(left_known, right_known),
            Binary::Concatenate => Known::computed("string"),
            Binary::Add if both.iter().any(|known| is_text(known)) => Known::computed("string"),
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Remainder => {
                let all =
                    |types: &[&str]| both.iter().all(|known| known.single_type().is_some_and(|of| types.contains(&of)));
                Known::computed(match () {
                    () if all(&["integer"]) => "integer",
                    () if all(&["integer", "integer64"]) => "integer64",
                    () => "decimal",
                })
            }
            Binary::Divide => Known::computed("decimal"),
            Binary::WholeDivide => Known::computed("integer"),
            _ => Known::computed("boolean"),
        };
        Ok((Code { at, op: Op::Binary(operator, Box::new(left), Box::new(right)) }, known))
    }

    /// What gives the items of both.
    fn both(left: Known, right: Known) -> Known {
        let types = match (left.types, right.types) {
            (Some(mut types), Some(more)) => {
                types.extend(more.iter().filter(|of| !types.contains(of)).copied().collect::<Vec<_>>());
                Some(types)
            }
            // `{}` has no type, and adds none.
            (Some(types), None) if right.shapes.is_empty() => Some(types),
            (None, Some(types)) if left.shapes.is_empty() => Some(types),
            _ => None,
        };
        Known { shapes: [left.shapes, right.shapes].concat(), types, many: true }
    }

    fn as_quantity(&mut self, code: Code, known: &Known) -> Code {
        if known.shapes.is_empty() {
            return code;
        }
        let (value, of_code, unit) = (self.shapes.key("value"), self.shapes.key("code"), self.shapes.key("unit"));
        self.children(&known.shapes, &[(value, None), (of_code, None), (unit, None)]);
        let keys = QuantityKeys { value, code: of_code, unit };
        Code { at: code.at, op: Op::Step(Box::new(code), Action::AsQuantity(keys)) }
    }

    /// A call of a function that takes its arguments as they are.
    fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        input: &Known,
        focus: &Known,
    ) -> Result<(Action, Known), Fault> {
        // What is asked of each item starts from it, all else from where the path starts.
        let focus = match function {
            Function::All | Function::Select | Function::Iif => input.one(),
            _ => focus.clone(),
        };
        let mut codes = Vec::new();
        let mut knowns = Vec::new();
        for argument in arguments {
            let (code, known) = self.expr(argument, &focus)?;
            codes.push(code);
            knowns.push(known);
        }
        let mut knowns = knowns.into_iter();
        let known = match function {
            Function::Distinct
            | Function::Tail
            | Function::Skip
            | Function::Take
            | Function::Exclude
            | Function::Intersect => input.clone(),
            Function::Last | Function::Single => input.one(),
            Function::Select => match knowns.next() {
                Some(known) => Known { many: known.many || input.many, ..known },
                None => input.clone(),
            },
            Function::Union | Function::Combine => match knowns.next() {
                Some(known) => Self::both(input.clone(), known),
                None => input.clone(),
            },
            Function::Iif => match (knowns.nth(1), knowns.next()) {
                (Some(then), Some(otherwise)) => {
                    let many = then.many || otherwise.many;
                    Known { many, ..Self::both(then, otherwise) }
                }
                (Some(then), None) => then,
                (None, _) => input.clone(),
            },
            Function::Count
            | Function::Length
            | Function::IndexOf
            | Function::LastIndexOf
            | Function::Floor
            | Function::Ceiling
            | Function::Truncate
            | Function::PartOf(_) => Known::computed("integer"),
            Function::Abs => Known::computed(input.single_type().filter(|of| *of == "integer").unwrap_or("decimal")),
            Function::Round | Function::Average => Known::computed("decimal"),
            Function::Sum | Function::Min | Function::Max => Known { shapes: Vec::new(), many: false, ..input.clone() },
            Function::To(target) => Known::computed(target.data_type()),
            Function::DateOf => Known::computed("date"),
            Function::TimeOf => Known::computed("time"),
            Function::Split | Function::ToChars => Known { many: true, ..Known::computed("string") },
            Function::Lower | Function::Upper | Function::Trim | Function::Replace | Function::Substring => {
                Known::computed("string")
            }
            Function::All
            | Function::AllFalse
            | Function::AllTrue
            | Function::AnyFalse
            | Function::AnyTrue
            | Function::Contains
            | Function::Converts(_)
            | Function::EndsWith
            | Function::StartsWith
            | Function::HasValue
            | Function::IsDistinct
            | Function::SubsetOf
            | Function::SupersetOf => Known::computed("boolean"),
        };
        Ok((Action::Call(function, codes), known))
    }

    fn step(&mut self, at: usize, input: &Expr, step: &Step, focus: &Known) -> Compiled {
        // The extensions of a primitive `x` stand beside it, under `_x`.
        let url = match step {
            Step::Extension(url) => Some(Some(url.clone())),
            Step::Member(name) if name == "extension" => Some(None),
            _ => None,
        };
        if let (Some(url), Kind::Step(parent, Step::Member(name))) = (&url, &input.kind)
            && let Some(compiled) = self.primitive_extension(at, parent, name, url.clone(), focus)?
        {
            return Ok(compiled);
        }
        let outer = focus;
        let (mut code, input) = self.expr(input, focus)?;
        let boolean = || Known::computed("boolean");
        let (action, known) = match step {
            Step::Member(name) => self.member(at, &input, name)?,
            Step::Choice { name, data_type } => self.choice(at, &input, name, data_type)?,
            Step::OfType(OfType::Data(data_type)) => {
                if let Some(types) = &input.types
                    && !self.lenient
                    && !types.iter().any(|known| related(known, data_type))
                {
                    return Err(Fault::new(
                        at,
                        format!("what stands here is {}, never {data_type}", input.described()),
                    ));
                }
                (Action::OfType(data_type), Known { types: Some(vec![*data_type]), ..input })
            }
            Step::OfType(OfType::Resource(resource)) => {
                let key = self.shapes.key("resourceType");
                for shape in &input.shapes {
                    self.shapes.child(*shape, key);
                }
                let types = r4::type_named(resource).map(|name| vec![name]);
                (Action::OfResource(resource.clone(), key), Known { types, ..input })
            }
            Step::Is(of_type) => {
                let action = match of_type {
                    OfType::Data(data_type) => Action::OfType(data_type),
                    OfType::Resource(resource) => {
                        let key = self.shapes.key("resourceType");
                        self.children(&input.shapes, &[(key, None)]);
                        Action::OfResource(resource.clone(), key)
                    }
                };
                (Action::Is(Box::new(action)), boolean())
            }
            Step::Matches { pattern, full } => {
                let pattern = regular_expression(pattern, *full)?;
                (Action::Matches(pattern), boolean())
            }
            Step::ReplaceMatches(pattern, with) => {
                let Kind::Text(with, _) = &with.kind else {
                    return Err(Fault::new(with.at, "what the parts are replaced by is text in quotes"));
                };
                (Action::ReplaceMatches(regular_expression(pattern, false)?, with.clone()), Known::computed("string"))
            }
            Step::Call(function, arguments) => {
                if matches!(function, Function::To(Target::Quantity) | Function::Converts(Target::Quantity)) {
                    code = self.as_quantity(code, &input);
                }
                self.call(*function, arguments, &input, outer)?
            }
            Step::Index(index) => {
                let (index, _) = self.expr(index, focus)?;
                (Action::Index(Box::new(index)), input.one())
            }
            Step::First => (Action::First, input.one()),
            Step::Where(criteria) => {
                let (criteria, _) = self.expr(criteria, &input.one())?;
                (Action::Where(Box::new(criteria)), input)
            }
            Step::Exists(None) => (Action::Exists(None), boolean()),
            Step::Exists(Some(criteria)) => {
                let (criteria, _) = self.expr(criteria, &input.one())?;
                (Action::Exists(Some(Box::new(criteria))), boolean())
            }
            Step::IsEmpty => (Action::IsEmpty, boolean()),
            Step::Not => (Action::Not, boolean()),
            Step::Extension(url) => {
                let (keys, shapes) = self.extensions(&input.shapes);
                (
                    Action::Extension(Some(url.clone()), keys),
                    Known { shapes, types: Some(vec!["Extension"]), many: true },
                )
            }
            Step::Join(separator) => (Action::Join(separator.clone()), Known::computed("string")),
            Step::Resolve => {
                let reason = "resolve() leads out of the resource; only its key is here: `resolve().getResourceKey()`, also \
                              `resolve().ofType(Patient).getResourceKey()`; join the tables by it";
                return Err(Fault::new(at, reason));
            }
            Step::ResourceKey => {
                let key = self.shapes.key("id");
                let shapes = input.shapes.iter().map(|shape| self.shapes.child(*shape, key)).collect();
                (Action::ResourceKey(key), Known { shapes, types: Some(vec!["id"]), many: input.many })
            }
            Step::ReferenceKey(resource) => {
                if let Some(types) = &input.types
                    && !self.lenient
                    && !types.iter().any(|name| matches!(*name, "Reference" | "CodeableReference"))
                {
                    let reason =
                        format!("getReferenceKey() is for a Reference; what stands here is {}", input.described());
                    return Err(Fault::new(at, reason));
                }
                let keys = ReferenceKeys { reference: self.shapes.key("reference"), of_type: self.shapes.key("type") };
                for shape in &input.shapes {
                    self.shapes.child(*shape, keys.reference);
                    self.shapes.child(*shape, keys.of_type);
                }
                (
                    Action::ReferenceKey(resource.clone(), keys),
                    Known { shapes: Vec::new(), types: Some(vec!["id"]), many: input.many },
                )
            }
            Step::Boundary { high } => {
                let (start, end) = (self.shapes.key("start"), self.shapes.key("end"));
                if input.is_primitive() != Some(true) {
                    for shape in &input.shapes {
                        self.shapes.child(*shape, start);
                        self.shapes.child(*shape, end);
                    }
                }
                let types = input.types.clone().map(|types| {
                    types.into_iter().map(|name| if name == "Period" { "dateTime" } else { name }).collect()
                });
                let assumed = input.single_type().filter(|name| r4::is_primitive(name));
                (
                    Action::Boundary { high: *high, assumed, start, end },
                    Known { shapes: Vec::new(), types, many: input.many },
                )
            }
        };
        Ok((Code { at, op: Op::Step(Box::new(code), action) }, known))
    }

    /// A step to the elements of this name, which R4 must have where it knows the type.
    fn member(&mut self, at: usize, input: &Known, name: &str) -> Result<(Action, Known), Fault> {
        let Some(types) = &input.types else { return Ok(self.unknown_member(input, name)) };
        let mut keys: Vec<Typed> = Vec::new();
        let mut open = false;
        let mut known = Known { shapes: Vec::new(), types: Some(Vec::new()), many: input.many };
        for of in types {
            if r4::elements(of).is_none() {
                // A primitive has no elements in this JSON, but an id and extensions beside it.
                open |= !r4::is_primitive(of);
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
            for of in r4::TYPES {
                keys.push((self.shapes.key(&r4::choice_key(name, of)), Some(of)));
            }
        }
        let shapes = self.children(&input.shapes, &keys);
        let types = if keys.len() == 1 { keys[0].1.map(|of| vec![of]) } else { None };
        let action = if let [key] = keys[..] { Action::Member(key) } else { Action::Choice(keys) };
        (action, Known { shapes, types, many: true })
    }

    /// `name.ofType(T)`.
    fn choice(
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
        if types.iter().all(|of| r4::is_primitive(of)) {
            return Err(Fault::new(at, format!("a {of} is a primitive and has no `{name}`")));
        }
        let names = types.iter().filter_map(|of| r4::elements(of)).flatten().map(|element| element.name);
        if let Some(near) = nearest(name, names) {
            return Err(Fault::new(at, format!("{of} has no element `{name}`; did you mean `{near}`?")));
        }
        self.notes.push(Fault::new(at, format!("{of} has no element `{name}` in R4, so this is empty")));
        Ok(())
    }

    fn children(&mut self, shapes: &[Shape], keys: &[Typed]) -> Vec<Shape> {
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
    fn extensions(&mut self, shapes: &[Shape]) -> (ExtensionKeys, Vec<Shape>) {
        let keys = ExtensionKeys { extension: self.shapes.key("extension"), url: self.shapes.key("url") };
        let below = self.children(shapes, &[(keys.extension, None)]);
        for shape in &below {
            self.shapes.child(*shape, keys.url);
        }
        (keys, below)
    }

    /// `birthDate.extension('…')`; nothing when the element is no primitive.
    fn primitive_extension(
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

/// A regular expression is known before any data is read, and what is wrong with it told.
fn regular_expression(pattern: &Expr, full: bool) -> Result<Regex, Fault> {
    let Kind::Text(text, _) = &pattern.kind else {
        return Err(Fault::new(pattern.at, "a regular expression is text in quotes"));
    };
    let whole = if full { format!("^(?:{text})$") } else { text.clone() };
    // The point stands for the end of a line too, says FHIRPath.
    RegexBuilder::new(&whole).dot_matches_new_line(true).size_limit(1 << 20).build().map_err(|error| {
        let shown = error.to_string();
        let last = shown.lines().last().unwrap_or_default();
        Fault::new(pattern.at, format!("`{text}` is no regular expression: {}", last.trim_start_matches("error: ")))
    })
}

fn is_text(known: &Known) -> bool {
    known.types.as_ref().is_some_and(|types| {
        !types.is_empty()
            && types.iter().all(|of| matches!(*of, "string" | "code" | "id" | "markdown" | "uri" | "url" | "canonical"))
    })
}

/// One is the other or a kind of it.
fn related(known: &'static str, wanted: &'static str) -> bool {
    known == wanted
        || element::subtypes(wanted).contains(&known)
        || element::subtypes(known).contains(&wanted)
        || matches!(known, "Resource" | "DomainResource" | "Element")
}

fn add(types: &mut Option<Vec<&'static str>>, of: &'static str) {
    if let Some(types) = types
        && !types.contains(&of)
    {
        types.push(of);
    }
}
