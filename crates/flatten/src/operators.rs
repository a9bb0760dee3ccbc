//! Operators of FHIRPath on items: equality, order and arithmetic.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::code::{Code, Op};
use crate::error::Fault;
use crate::eval::{Scope, collect, fault, single};
use crate::functions;
use crate::item::{Item, Items};
use crate::json;
use crate::number::Number;
use crate::path::Binary;
use crate::quantity;
use crate::tape::NodeRef;
use crate::temporal::Temporal;

type Result<T> = std::result::Result<T, Box<Fault>>;

/// What an operator gives for two expressions.
pub(crate) fn binary<'a>(
    at: usize,
    operator: Binary,
    left: &Code,
    right: &Code,
    scope: &Scope<'a>,
    focus: &Item<'a>,
) -> Result<Option<Item<'a>>> {
    let value = match operator {
        Binary::And | Binary::Or => {
            let decided = operator == Binary::Or;
            let left = single(at, left, scope, focus)?.map(|item| item.boolean().unwrap_or(true));
            // `false and x`, `true or x`: x need not be looked at.
            if left == Some(decided) {
                return Ok(Some(Item::Boolean(decided)));
            }
            let right = single(at, right, scope, focus)?.map(|item| item.boolean().unwrap_or(true));
            match (left, right) {
                (_, Some(right)) if right == decided => Some(decided),
                (Some(_), Some(_)) => Some(!decided),
                _ => None,
            }
        }
        Binary::Xor | Binary::Implies => {
            let left = single(at, left, scope, focus)?.map(|item| item.boolean().unwrap_or(true));
            let right = single(at, right, scope, focus)?.map(|item| item.boolean().unwrap_or(true));
            match (operator, left, right) {
                (Binary::Xor, Some(left), Some(right)) => Some(left != right),
                (Binary::Implies, Some(false), _) | (Binary::Implies, _, Some(true)) => Some(true),
                (Binary::Implies, Some(true), right) => right,
                _ => None,
            }
        }
        Binary::In | Binary::Contains => {
            let (one, many) = if operator == Binary::In { (left, right) } else { (right, left) };
            match single(at, one, scope, focus)? {
                None => None,
                Some(item) => Some(functions::contains(&collect(many, scope, focus)?, &item)),
            }
        }
        Binary::Equivalent | Binary::NotEquivalent => {
            let same = equivalent(&collect(left, scope, focus)?, &collect(right, scope, focus)?);
            Some(same == (operator == Binary::Equivalent))
        }
        Binary::Concatenate => {
            let text = |code| match single(at, code, scope, focus)? {
                None => Ok(String::new()),
                Some(item) => match item.text() {
                    Some(text) => Ok(text.to_owned()),
                    None => Err(fault(at, format!("`&` is for text, not `{}`", item.shown()))),
                },
            };
            return Ok(Some(Item::Text(Cow::Owned(text(left)? + &text(right)?), "string")));
        }
        // These are no operators of two values; the parser makes steps of the last two.
        Binary::Union | Binary::Is | Binary::As => None,
        Binary::Equal | Binary::NotEqual => {
            let left = collect(left, scope, focus)?;
            // `x = 'text'` is most of what views ask; it is answered without a copy of the text.
            let equal = match (&right.op, left.as_slice()) {
                (_, []) => None,
                (
                    Op::Text(wanted, "string"),
                    [Item::Node(node, Some("string" | "code" | "uri" | "url" | "id") | None)],
                ) if !wanted.starts_with(|c: char| c.is_ascii_digit()) && node.text().is_some() => {
                    Some(node.text() == Some(wanted))
                }
                _ => equal(&left, &collect(right, scope, focus)?),
            };
            equal.map(|equal| equal == (operator == Binary::Equal))
        }
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
            let (left, right) = (single(at, left, scope, focus)?, single(at, right, scope, focus)?);
            let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
            compare(at, &left, &right)?.map(|order| match operator {
                Binary::Less => order == Ordering::Less,
                Binary::LessOrEqual => order != Ordering::Greater,
                Binary::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            })
        }
        Binary::Add
        | Binary::Subtract
        | Binary::Multiply
        | Binary::Divide
        | Binary::WholeDivide
        | Binary::Remainder => {
            let (left, right) = (single(at, left, scope, focus)?, single(at, right, scope, focus)?);
            let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
            return arithmetic(at, operator, &left, &right);
        }
    };
    Ok(value.map(Item::Boolean))
}

/// Two objects or arrays have the same content, whatever the order of their keys.
fn same_content(left: NodeRef<'_>, right: NodeRef<'_>) -> bool {
    left.raw() == right.raw() || matches!((json::parse(left.raw()), json::parse(right.raw())), (Ok(a), Ok(b)) if a == b)
}

/// Whether two collections are equal item by item; unknown when one is empty or a date's precision leaves it open.
fn equal(left: &Items<'_>, right: &Items<'_>) -> Option<bool> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left.len() != right.len() {
        return Some(false);
    }
    let mut unknown = false;
    for (left, right) in left.as_slice().iter().zip(right.as_slice()) {
        match equal_items(left, right) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}

/// Whether two items are equal; unknown where a precision or a unit leaves it open.
pub(crate) fn equal_items(left: &Item<'_>, right: &Item<'_>) -> Option<bool> {
    if let (Item::Quantity(a, unit), Item::Quantity(b, other)) = (left, right) {
        // Of units that are not known to measure the same, nothing is known.
        return quantity::compare((*a, unit), (*b, other)).map(|order| order == Ordering::Equal);
    }
    if let (Some(left), Some(right)) = (left.boolean(), right.boolean()) {
        return Some(left == right);
    }
    if let (Some(a), Some(b)) = (left.text(), right.text()) {
        if a == b {
            return Some(true);
        }
        return match temporals(left, right) {
            Some((a, b)) => a.compare(&b).map(|order| order == Ordering::Equal),
            None => Some(false),
        };
    }
    if let (Some(left), Some(right)) = (left.number(), right.number()) {
        return left.compare(right).map(|order| order == Ordering::Equal);
    }
    match (left.node(), right.node()) {
        (Some(left), Some(right)) => Some(same_content(left, right)),
        _ => Some(false),
    }
}

/// Whether the same is meant: text in any case and with any white space, in any order.
fn equivalent(left: &Items<'_>, right: &Items<'_>) -> bool {
    let same = |a: &Item<'_>, b: &Item<'_>| match (a.text(), b.text()) {
        (Some(a), Some(b)) => {
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            plain(a) == plain(b)
        }
        _ => equal_items(a, b) == Some(true),
    };
    let mut rest: Vec<&Item<'_>> = right.as_slice().iter().collect();
    left.len() == right.len()
        && left.as_slice().iter().all(|item| match rest.iter().position(|other| same(item, other)) {
            Some(index) => {
                rest.swap_remove(index);
                true
            }
            None => false,
        })
}

/// Both as dates or times: when one is known to be such, or both are written with a date and a time.
fn temporals(left: &Item<'_>, right: &Item<'_>) -> Option<(Temporal, Temporal)> {
    let typed = |item: &Item<'_>| matches!(item.data_type(), Some("date" | "dateTime" | "instant" | "time"));
    let both = (Temporal::parse(left.text()?)?, Temporal::parse(right.text()?)?);
    let written = |item: &Item<'_>| item.text().is_some_and(|text| text.contains('T'));
    (typed(left) || typed(right) || (written(left) && written(right))).then_some(both)
}

/// The order of two items; nothing where a precision or a unit leaves it open, a fault where there is none.
pub(crate) fn compare(at: usize, left: &Item<'_>, right: &Item<'_>) -> Result<Option<Ordering>> {
    if let (Item::Quantity(a, unit), Item::Quantity(b, other)) = (left, right) {
        return Ok(quantity::compare((*a, unit), (*b, other)));
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return Ok(a.compare(b));
    }
    if let (Some(a), Some(b)) = (left.text(), right.text()) {
        return Ok(match temporals(left, right) {
            Some((a, b)) => a.compare(&b),
            None => Some(a.cmp(b)),
        });
    }
    Err(fault(at, format!("`{}` and `{}` have no order", left.shown(), right.shown())))
}

/// A date, a time or a quantity, and so much more.
fn plus_quantity<'a>(at: usize, left: &Item<'_>, amount: Number, unit: &str) -> Result<Option<Item<'a>>> {
    if let Item::Quantity(value, own) = left {
        let sum = quantity::convert(amount, unit, own).and_then(|amount| value.add(amount));
        return Ok(sum.map(|sum| Item::Quantity(sum, Cow::Owned(own.to_string()))));
    }
    let Some(temporal) = left.text().and_then(Temporal::parse) else {
        let reason = format!("a quantity is added to a date, a time or a quantity, not to `{}`", left.shown());
        return Err(fault(at, reason));
    };
    if quantity::time_word(unit).is_none() {
        return Err(fault(at, format!("`{unit}` is no unit of time; there are days, months, years, 'd', 'h', …")));
    }
    let data_type = match left.data_type() {
        Some(known @ ("date" | "dateTime" | "instant" | "time")) => known,
        _ if temporal.is_time() => "time",
        _ => "dateTime",
    };
    Ok(temporal.plus(amount, unit).map(|later| Item::text_of(&later, data_type)))
}

/// The number that an item is, or a fault.
pub(crate) fn number(at: usize, item: &Item<'_>) -> Result<Number> {
    item.number().ok_or_else(|| fault(at, format!("`{}` is no number, or has too many digits", item.shown())))
}

/// What an operator makes of two values; nothing where FHIRPath says so, e.g. for a division by zero.
pub(crate) fn arithmetic<'a>(
    at: usize,
    operator: Binary,
    left: &Item<'_>,
    right: &Item<'_>,
) -> Result<Option<Item<'a>>> {
    if let (Binary::Add | Binary::Subtract, Item::Quantity(amount, unit)) = (operator, right) {
        let amount = if operator == Binary::Add { *amount } else { amount.negate() };
        return plus_quantity(at, left, amount, unit);
    }
    if let (Binary::Add, Some(a), Some(b)) = (operator, left.text(), right.text()) {
        return Ok(Some(Item::Text(Cow::Owned(format!("{a}{b}")), "string")));
    }
    let integers = matches!((left, right), (Item::Integer(_), Item::Integer(_)));
    let (a, b) = (number(at, left)?, number(at, right)?);
    let result = match operator {
        Binary::Add => a.add(b),
        Binary::Subtract => a.add(b.negate()),
        Binary::Multiply => a.multiply(b),
        // Division by zero is empty, says FHIRPath.
        _ if b.compare(Number::integer(0)) == Some(Ordering::Equal) => return Ok(None),
        Binary::WholeDivide => a.divide_whole(b).map(|(quotient, _)| quotient),
        Binary::Remainder => a.divide_whole(b).map(|(_, rest)| rest),
        _ => a.divide(b),
    };
    let Some(result) = result else {
        return Err(fault(
            at,
            format!("the result for `{}` and `{}` has too many digits", left.shown(), right.shown()),
        ));
    };
    let whole = if (integers && operator != Binary::Divide) || operator == Binary::WholeDivide {
        result.scaled(0)
    } else {
        None
    };
    Ok(Some(match whole.and_then(|value| i64::try_from(value).ok()) {
        Some(value) => Item::Integer(value),
        None => Item::Number(result),
    }))
}
