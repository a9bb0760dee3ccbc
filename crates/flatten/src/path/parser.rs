//! From words to an expression: operator precedence, and what each function takes.

use super::lexer::{Token, Word, words};
use crate::element;
use crate::error::Fault;
use crate::functions::{FUNCTIONS, Function};
use crate::nearest::nearest;
use crate::quantity;

/// A part of a path, and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    /// Byte offset in the path.
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// What the path starts from: `$this`, or nothing written.
    Focus,
    /// `%resource`, `%context`; or a resource type's name, as written.
    Resource(Option<String>),
    /// `%rowIndex`.
    RowIndex,
    /// `{}`.
    Nothing,
    Boolean(bool),
    Integer(i64),
    /// An integer that may need 64 bits.
    Integer64(i64),
    /// A decimal as written.
    Decimal(String),
    /// A number as written, and its unit.
    Quantity(String, String),
    /// Text and its FHIR type: `string`, `date`, `dateTime`, `time`, …
    Text(String, &'static str),
    /// A step on what `input` gives.
    Step(Box<Expr>, Step),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Child elements of this name.
    Member(String),
    /// `name.ofType(T)`: a choice element with the type in its key, or an element that is of type T.
    Choice {
        name: String,
        data_type: &'static str,
    },
    OfType(OfType),
    /// Whether the only item is of this type.
    Is(OfType),
    Call(Function, Vec<Expr>),
    Index(Box<Expr>),
    Where(Box<Expr>),
    Exists(Option<Box<Expr>>),
    IsEmpty,
    Not,
    First,
    Extension(String),
    Join(String),
    /// Whether a part of the text, or all of it, is as a regular expression says.
    Matches {
        pattern: Box<Expr>,
        full: bool,
    },
    ReplaceMatches(Box<Expr>, Box<Expr>),
    /// What a reference leads to, which is not in the resource; only its key can be asked for.
    Resolve,
    ResourceKey,
    ReferenceKey(Option<String>),
    Boundary {
        high: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum OfType {
    /// A data type; its subtypes are meant too.
    Data(&'static str),
    /// A resource type.
    Resource(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Binary {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `div`
    WholeDivide,
    /// `mod`
    Remainder,
    /// `&`
    Concatenate,
    /// `|`
    Union,
    In,
    Contains,
    Xor,
    Implies,
    /// `~`
    Equivalent,
    NotEquivalent,
    /// Followed by a type; becomes a step.
    Is,
    /// As [`Binary::Is`].
    As,
}

/// A constant of the view, by name.
pub(crate) type Constant<'c> = (&'c str, &'c Kind);

/// Parses a path. Constants are replaced by their values.
pub(crate) fn parse(path: &str, constants: &[Constant<'_>]) -> Result<Expr, Fault> {
    if path.trim().is_empty() {
        return Err(Fault::new(0, "the path is empty; `$this` stands for the element itself"));
    }
    if path.len() > MAX_LENGTH {
        return Err(Fault::new(MAX_LENGTH, format!("the path is longer than {MAX_LENGTH} bytes")));
    }
    let tokens = words(path)?;
    let mut parser = Parser { tokens, next: 0, constants, depth: 0, n_parts: 0 };
    let expr = parser.expression(0)?;
    match parser.peek() {
        Word::End => Ok(expr),
        word => Err(Fault::new(parser.at(), format!("{} is not expected here", describe(word)))),
    }
}

/// Functions that the parser knows itself, for hints.
const SPECIAL: &[&str] = &[
    "where",
    "exists",
    "empty",
    "not",
    "first",
    "ofType",
    "as",
    "is",
    "extension",
    "join",
    "matches",
    "matchesFull",
    "replaceMatches",
    "resolve",
    "getResourceKey",
    "getReferenceKey",
    "lowBoundary",
    "highBoundary",
];

/// Code systems that FHIRPath has a name for; a view's own constant of the name goes before.
const SYSTEMS: &[(&str, &str)] =
    &[("sct", "http://snomed.info/sct"), ("loinc", "http://loinc.org"), ("ucum", "http://unitsofmeasure.org")];

/// Functions of FHIRPath that views do without, and why.
const REFUSED: &[(&str, &str)] = &[
    ("now", A_CLOCK),
    ("today", A_CLOCK),
    ("timeOfDay", A_CLOCK),
    ("repeat", "a select has `repeat` for it"),
    ("children", ALL_ELEMENTS),
    ("descendants", ALL_ELEMENTS),
    ("memberOf", TERMINOLOGY),
    ("subsumes", TERMINOLOGY),
    ("subsumedBy", TERMINOLOGY),
    ("conformsTo", "it would ask a validator; the view's rows depend on the resource alone"),
    ("aggregate", "there are sum(), avg(), min() and max()"),
];
const A_CLOCK: &str = "a view gives the same rows on any day; give the date as a constant";
const ALL_ELEMENTS: &str = "a view names the elements that it looks at";
const TERMINOLOGY: &str = "it would ask a terminology server; join the table to one of codes";

/// Names of all functions that paths can call.
pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name).chain(SPECIAL.iter().copied())
}

/// Deeper nesting than any view needs; keeps the stack small.
const MAX_DEPTH: usize = 64;
/// More than any path needs, for the same reason.
const MAX_PARTS: usize = 600;
/// Longer than any path needs, for the same reason.
const MAX_LENGTH: usize = 4096;

struct Parser<'c> {
    tokens: Vec<Token>,
    next: usize,
    constants: &'c [Constant<'c>],
    depth: usize,
    n_parts: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Word {
        &self.tokens[self.next].word
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    fn take(&mut self) -> Word {
        let word = self.tokens[self.next].word.clone();
        // The last word is the end, which stays.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        word
    }

    fn eat(&mut self, symbol: &'static str) -> bool {
        let there = *self.peek() == Word::Symbol(symbol);
        if there {
            self.take();
        }
        there
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Fault> {
        if self.eat(symbol) {
            return Ok(());
        }
        Err(Fault::new(self.at(), format!("expected `{symbol}`, found {}", describe(self.peek()))))
    }

    fn expression(&mut self, weakest: u8) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(self.at(), format!("the path nests deeper than {MAX_DEPTH} levels")));
        }
        let mut left = self.unary()?;
        while let Some((operator, strength)) = self.operator() {
            if strength <= weakest {
                break;
            }
            let at = self.at();
            self.take();
            self.count_part()?;
            if matches!(operator, Binary::Is | Binary::As) {
                let of_type = self.type_name()?;
                left = if operator == Binary::Is {
                    step(left, at, Step::Is(of_type))
                } else {
                    of_type_step(left, at, of_type)
                };
                continue;
            }
            let right = self.expression(strength)?;
            left = Expr { at, kind: Kind::Binary(operator, Box::new(left), Box::new(right)) };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The operator that comes next, and how strongly it binds.
    fn operator(&self) -> Option<(Binary, u8)> {
        let text = match self.peek() {
            Word::Symbol(symbol) => symbol,
            Word::Name(name) => name.as_str(),
            _ => return None,
        };
        Some(match text {
            "implies" => (Binary::Implies, 1),
            "or" => (Binary::Or, 2),
            "xor" => (Binary::Xor, 2),
            "and" => (Binary::And, 3),
            "in" => (Binary::In, 4),
            "contains" => (Binary::Contains, 4),
            "=" => (Binary::Equal, 5),
            "!=" => (Binary::NotEqual, 5),
            "~" => (Binary::Equivalent, 5),
            "!~" => (Binary::NotEquivalent, 5),
            "<" => (Binary::Less, 6),
            "<=" => (Binary::LessOrEqual, 6),
            ">" => (Binary::Greater, 6),
            ">=" => (Binary::GreaterOrEqual, 6),
            "|" => (Binary::Union, 7),
            "is" => (Binary::Is, 8),
            "as" => (Binary::As, 8),
            "+" => (Binary::Add, 9),
            "-" => (Binary::Subtract, 9),
            "&" => (Binary::Concatenate, 9),
            "*" => (Binary::Multiply, 10),
            "/" => (Binary::Divide, 10),
            "div" => (Binary::WholeDivide, 10),
            "mod" => (Binary::Remainder, 10),
            _ => return None,
        })
    }

    /// Counts a part of the path: what nests too deep would need too much of the stack.
    fn count_part(&mut self) -> Result<(), Fault> {
        self.n_parts += 1;
        if self.n_parts > MAX_PARTS {
            return Err(Fault::new(self.at(), format!("the path has more than {MAX_PARTS} steps and operators")));
        }
        Ok(())
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        self.count_part()?;
        if self.eat("-") {
            let operand = self.unary()?;
            return Ok(Expr { at, kind: Kind::Negate(Box::new(operand)) });
        }
        if self.eat("+") {
            return self.unary();
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Result<Expr, Fault> {
        let mut expr = self.term()?;
        loop {
            self.count_part()?;
            let at = self.at();
            if self.eat(".") {
                let at = self.at();
                expr = match self.take() {
                    Word::Name(name) => self.member_or_call(expr, name, at)?,
                    word => {
                        return Err(Fault::new(
                            at,
                            format!("expected an element or a function, found {}", describe(&word)),
                        ));
                    }
                };
            } else if self.eat("[") {
                let index = self.expression(0)?;
                self.expect("]")?;
                expr = step(expr, at, Step::Index(Box::new(index)));
            } else {
                return Ok(expr);
            }
        }
    }

    fn term(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let kind = match self.take() {
            Word::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Word::Symbol("{") => {
                self.expect("}")?;
                Kind::Nothing
            }
            Word::Text(text) => Kind::Text(text, "string"),
            Word::Number(text) => self.number(text, at)?,
            Word::Date(text) => date(&text, at)?,
            Word::Special(name) if name == "this" => Kind::Focus,
            Word::Special(name) => {
                return Err(Fault::new(
                    at,
                    format!("`${name}` is outside the subset that views share; there is `$this`"),
                ));
            }
            Word::Variable(name) => self.variable(&name, at)?,
            Word::Name(name) if name == "true" || name == "false" => Kind::Boolean(name == "true"),
            Word::Name(name) => return self.member_or_call(Expr { at, kind: Kind::Focus }, name, at),
            word => {
                return Err(Fault::new(
                    at,
                    format!("expected an element, a function or a value, found {}", describe(&word)),
                ));
            }
        };
        Ok(Expr { at, kind })
    }

    /// A number; with a unit behind it, `5 'mg'` or `3 days`, a quantity.
    fn number(&mut self, text: String, at: usize) -> Result<Kind, Fault> {
        let unit = match self.peek() {
            Word::Text(unit) => unit.clone(),
            Word::Name(name) => match quantity::time_unit(name) {
                Some(code) => code.to_owned(),
                None => return number(text, at),
            },
            _ => return number(text, at),
        };
        self.take();
        Ok(Kind::Quantity(text, unit))
    }

    fn variable(&self, name: &str, at: usize) -> Result<Kind, Fault> {
        match name {
            "rowIndex" => return Ok(Kind::RowIndex),
            "resource" | "context" | "rootResource" => return Ok(Kind::Resource(None)),
            _ => {}
        }
        if let Some((_, value)) = self.constants.iter().find(|(known, _)| *known == name) {
            return Ok((*value).clone());
        }
        if let Some((_, url)) = SYSTEMS.iter().find(|(known, _)| *known == name) {
            return Ok(Kind::Text((*url).to_owned(), "string"));
        }
        let known: Vec<_> = self.constants.iter().map(|(name, _)| format!("`%{name}`")).collect();
        let hint =
            if known.is_empty() { "the view has none".to_owned() } else { format!("there is {}", known.join(", ")) };
        Err(Fault::new(at, format!("constant `%{name}` is not defined; {hint}")))
    }

    fn member_or_call(&mut self, input: Expr, name: String, at: usize) -> Result<Expr, Fault> {
        if !self.eat("(") {
            // `Patient.name` is the same as `name`: a type's name at the start is the resource itself.
            if matches!(input.kind, Kind::Focus) && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                return Ok(Expr { at, kind: Kind::Resource(Some(name)) });
            }
            return Ok(step(input, at, Step::Member(name)));
        }
        let expr = match name.as_str() {
            "where" => {
                let criteria = self.expression(0)?;
                step(input, at, Step::Where(Box::new(criteria)))
            }
            "exists" => {
                let criteria =
                    if *self.peek() == Word::Symbol(")") { None } else { Some(Box::new(self.expression(0)?)) };
                step(input, at, Step::Exists(criteria))
            }
            "empty" => step(input, at, Step::IsEmpty),
            "not" => step(input, at, Step::Not),
            "first" => step(input, at, Step::First),
            "ofType" | "as" => {
                let of_type = self.type_name()?;
                of_type_step(input, at, of_type)
            }
            "is" => {
                let of_type = self.type_name()?;
                step(input, at, Step::Is(of_type))
            }
            "extension" => {
                let url = self.text("the url of an extension")?;
                step(input, at, Step::Extension(url))
            }
            "join" => {
                let separator =
                    if *self.peek() == Word::Symbol(")") { String::new() } else { self.text("a separator")? };
                step(input, at, Step::Join(separator))
            }
            "matches" | "matchesFull" => {
                let pattern = Box::new(self.expression(0)?);
                step(input, at, Step::Matches { pattern, full: name == "matchesFull" })
            }
            "replaceMatches" => {
                let pattern = self.expression(0)?;
                self.expect(",")?;
                step(input, at, Step::ReplaceMatches(Box::new(pattern), Box::new(self.expression(0)?)))
            }
            "getResourceKey" => key_of(input, at),
            "resolve" => step(input, at, Step::Resolve),
            "getReferenceKey" => {
                let resource = match self.peek().clone() {
                    Word::Symbol(")") => None,
                    _ => match self.type_name()? {
                        OfType::Resource(resource) => Some(resource),
                        OfType::Data(name) => {
                            return Err(Fault::new(at, format!("`{name}` is no resource type")));
                        }
                    },
                };
                step(input, at, Step::ReferenceKey(resource))
            }
            "lowBoundary" => step(input, at, Step::Boundary { high: false }),
            "highBoundary" => step(input, at, Step::Boundary { high: true }),
            _ => self.call(input, &name, at)?,
        };
        self.expect(")")?;
        Ok(expr)
    }

    /// A call of one of [`FUNCTIONS`], up to its `)`.
    fn call(&mut self, input: Expr, name: &str, at: usize) -> Result<Expr, Fault> {
        let Some((_, function, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            if let Some((_, reason)) = REFUSED.iter().find(|(known, _)| *known == name) {
                return Err(Fault::new(at, format!("views have no `{name}()`: {reason}")));
            }
            let hint = match nearest(name, function_names()) {
                Some(near) => format!("did you mean `{near}()`?"),
                None => format!("there are {}", function_names().collect::<Vec<_>>().join(", ")),
            };
            return Err(Fault::new(at, format!("there is no function `{name}()`; {hint}")));
        };
        let mut arguments = Vec::new();
        if *self.peek() != Word::Symbol(")") {
            loop {
                arguments.push(self.expression(0)?);
                if !self.eat(",") {
                    break;
                }
            }
        }
        if arguments.len() < *least || arguments.len() > *most {
            let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let reason = format!("`{name}()` takes {wanted} arguments, not {}", arguments.len());
            return Err(Fault::new(at, reason));
        }
        Ok(step(input, at, Step::Call(*function, arguments)))
    }

    fn text(&mut self, what: &str) -> Result<String, Fault> {
        let at = self.at();
        let found = match self.take() {
            Word::Text(text) => return Ok(text),
            Word::Variable(name) => match self.variable(&name, at)? {
                Kind::Text(text, _) => return Ok(text),
                _ => format!("`%{name}`"),
            },
            word => describe(&word),
        };
        Err(Fault::new(at, format!("expected {what} as text in quotes, found {found}")))
    }

    /// `Quantity`, `FHIR.Quantity`, `System.String`, `Patient`.
    fn type_name(&mut self) -> Result<OfType, Fault> {
        let at = self.at();
        let mut name = match self.take() {
            Word::Name(name) | Word::Text(name) => name,
            word => return Err(Fault::new(at, format!("expected the name of a type, found {}", describe(&word)))),
        };
        if matches!(name.as_str(), "FHIR" | "System") && self.eat(".") {
            let system = name == "System";
            let at = self.at();
            name = match self.take() {
                Word::Name(name) => name,
                word => return Err(Fault::new(at, format!("expected the name of a type, found {}", describe(&word)))),
            };
            if system {
                let mut letters = name.chars();
                let first = letters.next().map(|first| first.to_ascii_lowercase());
                let lower = first.into_iter().chain(letters).collect();
                name = if name == "Quantity" { name } else { lower };
            }
        }
        if let Some(data) = element::data_type(&name) {
            return Ok(OfType::Data(data));
        }
        if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Ok(OfType::Resource(name));
        }
        Err(Fault::new(
            at,
            format!("`{name}` is no FHIR type; types are written as in `valueQuantity`: `Quantity`, `dateTime`"),
        ))
    }
}

fn step(input: Expr, at: usize, step: Step) -> Expr {
    Expr { at, kind: Kind::Step(Box::new(input), step) }
}

/// The key of what a reference leads to stands in the reference.
fn key_of(input: Expr, at: usize) -> Expr {
    match input.kind {
        Kind::Step(reference, Step::Resolve) => step(*reference, at, Step::ReferenceKey(None)),
        Kind::Step(resolved, Step::OfType(OfType::Resource(resource)))
            if matches!(resolved.kind, Kind::Step(_, Step::Resolve)) =>
        {
            match resolved.kind {
                Kind::Step(reference, _) => step(*reference, at, Step::ReferenceKey(Some(resource))),
                kind => step(Expr { at, kind }, at, Step::ResourceKey),
            }
        }
        kind => step(Expr { at: input.at, kind }, at, Step::ResourceKey),
    }
}

/// `value.ofType(Quantity)` is one look-up of `valueQuantity`.
fn of_type_step(input: Expr, at: usize, of_type: OfType) -> Expr {
    match (input.kind, of_type) {
        (Kind::Step(parent, Step::Member(name)), OfType::Data(data)) => {
            step(*parent, at, Step::Choice { name, data_type: data })
        }
        (kind, of_type) => step(Expr { at: input.at, kind }, at, Step::OfType(of_type)),
    }
}

fn number(text: String, at: usize) -> Result<Kind, Fault> {
    if text.contains('.') {
        return Ok(Kind::Decimal(text));
    }
    match text.parse() {
        Ok(value) if i32::try_from(value).is_ok() => Ok(Kind::Integer(value)),
        Ok(value) => Ok(Kind::Integer64(value)),
        Err(_) => Err(Fault::new(at, format!("`{text}` is too large"))),
    }
}

fn date(text: &str, at: usize) -> Result<Kind, Fault> {
    // `@2019-03-04T` is a dateTime without a time.
    let plain = text.strip_suffix('T').unwrap_or(text);
    let Some(temporal) = crate::temporal::Temporal::parse(plain) else {
        return Err(Fault::new(
            at,
            format!("`@{text}` is no date or time; they look like `@2019-03-04T10:00:00Z` or `@T10:00`"),
        ));
    };
    let data_type = match () {
        () if temporal.is_time() => "time",
        () if text.contains('T') => "dateTime",
        () => "date",
    };
    Ok(Kind::Text(plain.to_owned(), data_type))
}

fn describe(word: &Word) -> String {
    match word {
        Word::Name(name) => format!("`{name}`"),
        Word::Text(text) => format!("`'{text}'`"),
        Word::Number(text) => format!("`{text}`"),
        Word::Date(text) => format!("`@{text}`"),
        Word::Variable(name) => format!("`%{name}`"),
        Word::Special(name) => format!("`${name}`"),
        Word::Symbol(symbol) => format!("`{symbol}`"),
        Word::End => "the end of the path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(path: &str) -> (usize, String) {
        let fault = parse(path, &[]).unwrap_err();
        (fault.at, fault.reason)
    }

    #[test]
    fn operators_bind_as_fhirpath_says() {
        let expr = parse("a = 1 or b < 2 + 3 * 4 and c", &[]).unwrap();
        let Kind::Binary(Binary::Or, _, right) = expr.kind else { panic!("{expr:?}") };
        let Kind::Binary(Binary::And, less, _) = right.kind else { panic!("{right:?}") };
        let Kind::Binary(Binary::Less, _, sum) = less.kind else { panic!("{less:?}") };
        assert!(matches!(sum.kind, Kind::Binary(Binary::Add, ..)));
    }

    #[test]
    fn a_fault_says_where_and_what_there_is() {
        assert_eq!(fault("name.given.frist()").0, 11);
        assert!(fault("name.given.frist()").1.contains("first"), "{}", fault("name.given.frist()").1);
        assert_eq!(fault("name.where(use = 'x'").0, 20);
        assert_eq!(fault("%nobody").0, 0);
        assert_eq!(fault("name.iif(true)").0, 5);
        assert!(fault(&"-".repeat(1000)).1.contains("more than 600 steps"));
        assert!(fault(&vec!["a"; 1000].join(".")).1.contains("more than 600 steps"));
        assert_eq!(fault("value.ofType(quantity)").0, 13);
        assert_eq!(fault("name.").0, 5);
        assert_eq!(fault("name given").0, 5);
        assert_eq!(fault(&"(".repeat(100)).0, 64);
    }
}
