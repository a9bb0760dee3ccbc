//! From an expression to code: elements are looked up in R4, keys get numbers, and what is needed is noted.

mod call;
mod elements;

use regex::{Regex, RegexBuilder};
use twinlake_r4 as r4;

use crate::code::{Action, Code, Op, QuantityKeys, ReferenceKeys};
use crate::convert::Target;
use crate::element;
use crate::error::Fault;
use crate::functions::Function;
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
        let n_primitive = types.iter().filter(|name| element::is_primitive(name)).count();
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
                let assumed = input.single_type().filter(|name| element::is_primitive(name));
                (
                    Action::Boundary { high: *high, assumed, start, end },
                    Known { shapes: Vec::new(), types, many: input.many },
                )
            }
        };
        Ok((Code { at, op: Op::Step(Box::new(code), action) }, known))
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
