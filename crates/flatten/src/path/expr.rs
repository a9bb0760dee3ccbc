//! What a path is, once it is read.

use crate::functions::Function;

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
