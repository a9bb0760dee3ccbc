//! Conversions between the types of FHIRPath: `toInteger()`, `toDate()` and the like.

use std::borrow::Cow;

use crate::item::Item;
use crate::number::Number;
use crate::quantity;
use crate::temporal::Temporal;

/// What a value is converted to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Boolean,
    Date,
    DateTime,
    Decimal,
    Integer,
    Quantity,
    Text,
    Time,
}

impl Target {
    /// Its FHIR type.
    pub(crate) fn data_type(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "dateTime",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::Quantity => "Quantity",
            Self::Text => "string",
            Self::Time => "time",
        }
    }
}

/// A value in another type; nothing when it has no meaning there.
pub(crate) fn convert<'a>(target: Target, item: &Item<'a>) -> Option<Item<'a>> {
    match target {
        Target::Boolean => to_boolean(item).map(Item::Boolean),
        Target::Integer => to_integer(item).map(Item::Integer),
        Target::Decimal => to_decimal(item).map(Item::Number),
        Target::Text => to_text(item),
        Target::Quantity => to_quantity(item),
        Target::Date => Some(Item::text_of(&Temporal::parse(item.text()?)?.date_only()?, "date")),
        Target::DateTime => {
            let temporal = Temporal::parse(item.text()?).filter(|temporal| !temporal.is_time())?;
            Some(Item::text_of(&temporal, "dateTime"))
        }
        Target::Time => {
            let temporal = Temporal::parse(item.text()?).filter(Temporal::is_time)?;
            Some(Item::text_of(&temporal, "time"))
        }
    }
}

fn to_boolean(item: &Item<'_>) -> Option<bool> {
    if let Some(value) = item.boolean() {
        return Some(value);
    }
    if let Some(number) = item.number() {
        return match number.scaled(0)? {
            1 => Some(true),
            0 => Some(false),
            _ => None,
        };
    }
    match item.text()?.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "1.0" => Some(true),
        "false" | "f" | "no" | "n" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

fn to_integer(item: &Item<'_>) -> Option<i64> {
    match (item.integer(), item.boolean()) {
        (Some(value), _) => Some(value),
        (_, Some(value)) => Some(value.into()),
        _ => item.text()?.parse().ok(),
    }
}

fn to_decimal(item: &Item<'_>) -> Option<Number> {
    match (item.number(), item.boolean()) {
        (Some(value), _) => Some(value),
        (_, Some(value)) => Some(Number::integer(value.into())),
        _ => Number::parse(item.text()?),
    }
}

fn to_text<'a>(item: &Item<'a>) -> Option<Item<'a>> {
    let text = match item {
        Item::Node(node, _) if node.is_object() => return None,
        Item::Node(node, _) => Cow::Borrowed(node.raw()),
        Item::Text(text, _) => text.clone(),
        Item::Boolean(value) => Cow::Owned(value.to_string()),
        Item::Integer(value) => Cow::Owned(value.to_string()),
        Item::Number(value) => Cow::Owned(value.to_string()),
        Item::Quantity(value, unit) => Cow::Owned(format!("{value} '{unit}'")),
    };
    Some(Item::Text(text, "string"))
}

/// A number, or text such as `5 'mg'`, `5 days` or `5`.
fn to_quantity<'a>(item: &Item<'a>) -> Option<Item<'a>> {
    if let Item::Quantity(..) = item {
        return Some(item.clone());
    }
    if let Some(number) = to_decimal(item) {
        return Some(Item::Quantity(number, Cow::Borrowed("1")));
    }
    let (value, unit) = item.text()?.trim().split_once(' ')?;
    let unit = unit.trim();
    let unit = match unit.strip_prefix('\'').and_then(|unit| unit.strip_suffix('\'')) {
        Some(code) => Cow::Owned(code.to_owned()),
        None => Cow::Borrowed(quantity::time_unit(unit)?),
    };
    Some(Item::Quantity(Number::parse(value)?, unit))
}
