//! What a path gives: items, one after the other.

use std::borrow::Cow;
use std::slice;

use crate::number::Number;
use crate::tape::NodeRef;
use crate::temporal::Temporal;

/// One value: an element of the resource, or something computed.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// An element, and its FHIR type where the path tells it.
    Node(NodeRef<'a>, Option<&'static str>),
    Boolean(bool),
    Integer(i64),
    Number(Number),
    /// A number and its unit.
    Quantity(Number, Cow<'a, str>),
    /// Text, and its FHIR type.
    Text(Cow<'a, str>, &'static str),
}

impl<'a> Item<'a> {
    /// A date or time, as text of this type.
    pub(crate) fn text_of(temporal: &Temporal, data_type: &'static str) -> Self {
        Self::Text(Cow::Owned(temporal.to_string()), data_type)
    }

    pub(crate) fn node(&self) -> Option<NodeRef<'a>> {
        match self {
            Self::Node(node, _) => Some(*node),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Node(node, _) => node.boolean(),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text, _) => Some(text),
            Self::Node(node, _) => node.text(),
            _ => None,
        }
    }

    /// The number, when it is one and has no more digits than we compute with.
    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::Integer(value) => Some(Number::integer(*value)),
            Self::Number(value) => Some(*value),
            Self::Node(node, _) => Number::parse(node.number()?),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Node(node, _) => node.number()?.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn data_type(&self) -> Option<&'static str> {
        match self {
            Self::Node(_, data_type) => *data_type,
            Self::Boolean(_) => Some("boolean"),
            Self::Integer(_) => Some("integer"),
            Self::Number(_) => Some("decimal"),
            Self::Quantity(..) => Some("Quantity"),
            Self::Text(_, data_type) => Some(data_type),
        }
    }

    /// The value for a message, not longer than a line.
    pub(crate) fn shown(&self) -> String {
        let text = match self {
            Self::Node(node, _) => node.raw().to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Quantity(value, unit) => format!("{value} '{unit}'"),
            Self::Text(text, _) => text.to_string(),
        };
        match text.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

/// A collection of items, without an allocation for none and one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Items<'a> {
    #[default]
    None,
    One(Item<'a>),
    Many(Vec<Item<'a>>),
}

impl<'a> Items<'a> {
    pub(crate) fn push(&mut self, item: Item<'a>) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(item),
            Self::One(first) => Self::Many(vec![first, item]),
            Self::Many(mut items) => {
                items.push(item);
                Self::Many(items)
            }
        };
    }

    pub(crate) fn as_slice(&self) -> &[Item<'a>] {
        match self {
            Self::None => &[],
            Self::One(item) => slice::from_ref(item),
            Self::Many(items) => items,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn len(&self) -> usize {
        self.as_slice().len()
    }
}
