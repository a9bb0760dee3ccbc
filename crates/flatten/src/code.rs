//! A path, compiled: its elements are keys of the plan, its constants are values.

use regex::Regex;

use crate::functions::Function;
use crate::number::Number;
use crate::path::Binary;

/// A part of a compiled path.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Byte offset in the path.
    pub(crate) at: usize,
    pub(crate) op: Op,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// What the path starts from.
    Focus,
    Resource,
    RowIndex,
    Nothing,
    Boolean(bool),
    Integer(i64),
    Number(Number),
    Quantity(Number, String),
    Text(String, &'static str),
    Step(Box<Code>, Action),
    Binary(Binary, Box<Code>, Box<Code>),
    Negate(Box<Code>),
}

/// A key of the plan and the type of what stands there, where it is known.
pub(crate) type Typed = (u16, Option<&'static str>);

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Member(Typed),
    /// Under whichever of these keys something stands.
    Choice(Vec<Typed>),
    /// As [`Action::Choice`], or under the bare key when it looks like this type.
    ChoiceOrBare(Vec<Typed>, u16, &'static str),
    OfType(&'static str),
    /// Resources of this type; the key is that of `resourceType`.
    OfResource(String, u16),
    Is(Box<Action>),
    Call(Function, Vec<Code>),
    /// Quantities as values that have an order; anything else as it is.
    AsQuantity(QuantityKeys),
    Index(Box<Code>),
    Where(Box<Code>),
    Exists(Option<Box<Code>>),
    IsEmpty,
    Not,
    First,
    /// Extensions, of one url where it is given.
    Extension(Option<String>, ExtensionKeys),
    /// Extensions of primitives: the input is what has them, the keys are those of the primitive and of what is beside it.
    PrimitiveExtension(Option<String>, ExtensionKeys, Vec<u16>),
    Join(String),
    /// Whether the text, or a part of it, is as the regular expression says.
    Matches(Regex),
    /// Text with other text for each part that is as the regular expression says.
    ReplaceMatches(Regex, String),
    ResourceKey(u16),
    ReferenceKey(Option<String>, ReferenceKeys),
    Boundary {
        high: bool,
        assumed: Option<&'static str>,
        start: u16,
        end: u16,
    },
}

/// Keys of what an extension has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtensionKeys {
    pub(crate) extension: u16,
    pub(crate) url: u16,
}

/// Keys of what a Reference has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReferenceKeys {
    pub(crate) reference: u16,
    pub(crate) of_type: u16,
}

/// Keys of what a Quantity has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuantityKeys {
    pub(crate) value: u16,
    pub(crate) code: u16,
    pub(crate) unit: u16,
}
