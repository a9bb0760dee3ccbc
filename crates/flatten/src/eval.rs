//! Evaluates compiled paths on the elements of a resource.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::code::{Action, Code, ExtensionKeys, Op, ReferenceKeys, Typed};
use crate::element;
use crate::error::Fault;
use crate::functions::{self, Call, Function};
use crate::item::{Item, Items};
use crate::json::{self, split_reference};
use crate::number::Number;
use crate::path::Binary;
use crate::quantity;
use crate::tape::NodeRef;
use crate::temporal::Temporal;

/// What a path can see besides the element it starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) resource: NodeRef<'a>,
    pub(crate) row_index: i64,
}

type Result<T> = std::result::Result<T, Box<Fault>>;
/// Whether whoever takes the items wants more of them.
pub(crate) type Flow = Result<ControlFlow<()>>;
/// Takes items as they are found.
pub(crate) type Out<'o, 'a> = &'o mut dyn FnMut(Item<'a>) -> Flow;

pub(crate) const MORE: Flow = Ok(ControlFlow::Continue(()));
const ENOUGH: Flow = Ok(ControlFlow::Break(()));

#[cold]
#[expect(clippy::unnecessary_box_returns, reason = "faults are rare and large; a result of one stays small")]
pub(crate) fn fault(at: usize, reason: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(at, reason))
}

/// Gives each item that the path leads to from `focus`, in order.
pub(crate) fn each<'a>(code: &Code, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    match &code.op {
        Op::Focus => out(focus.clone()),
        Op::Resource => out(Item::Node(scope.resource, None)),
        Op::RowIndex => out(Item::Integer(scope.row_index)),
        Op::Nothing => MORE,
        Op::Boolean(value) => out(Item::Boolean(*value)),
        Op::Integer(value) => out(Item::Integer(*value)),
        Op::Number(value) => out(Item::Number(*value)),
        Op::Quantity(value, unit) => out(Item::Quantity(*value, Cow::Owned(unit.clone()))),
        // All that is there, once each.
        Op::Binary(Binary::Union, left, right) => {
            let arguments = std::slice::from_ref(&**right);
            let call = Call { at: code.at, function: Function::Union, input: left, arguments };
            functions::call(&call, scope, focus, out)
        }
        Op::Text(text, data_type) => out(Item::Text(Cow::Owned(text.clone()), data_type)),
        Op::Step(input, action) => step(code.at, input, action, scope, focus, out),
        Op::Binary(operator, left, right) => match binary(code.at, *operator, left, right, scope, focus)? {
            Some(item) => out(item),
            None => MORE,
        },
        Op::Negate(operand) => match single(code.at, operand, scope, focus)? {
            None => MORE,
            Some(Item::Integer(value)) => match value.checked_neg() {
                Some(value) => out(Item::Integer(value)),
                None => Err(fault(code.at, "the integer is too large")),
            },
            Some(item) => out(Item::Number(number(code.at, &item)?.negate())),
        },
    }
}

/// All items that the path leads to.
pub(crate) fn collect<'a>(code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Items<'a>> {
    let mut items = Items::None;
    let _ = each(code, scope, focus, &mut |item| {
        items.push(item);
        MORE
    })?;
    Ok(items)
}

/// The only item, or none; several are a fault.
pub(crate) fn single<'a>(at: usize, code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<Item<'a>>> {
    let (mut first, mut n_items) = (None, 0);
    let _ = each(code, scope, focus, &mut |item| {
        n_items += 1;
        if first.is_none() {
            first = Some(item);
        }
        MORE
    })?;
    if n_items > 1 {
        return Err(fault(at, format!("expected at most one value, found {n_items}")));
    }
    Ok(first)
}

/// A condition: none is unknown, a single value that is no boolean is true.
pub(crate) fn truth<'a>(code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<bool>> {
    Ok(single(code.at, code, scope, focus)?.map(|item| item.boolean().unwrap_or(true)))
}

fn exists<'a>(code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<bool> {
    let mut found = false;
    let _ = each(code, scope, focus, &mut |_| {
        found = true;
        ENOUGH
    })?;
    Ok(found)
}

fn step<'a>(at: usize, input: &Code, action: &Action, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    match action {
        Action::Member(key) => nodes(input, scope, focus, &mut |node| member(node, *key, out)),
        Action::Choice(keys) => nodes(input, scope, focus, &mut |node| choice(node, keys, out).map(|(flow, _)| flow)),
        Action::ChoiceOrBare(keys, bare, data_type) => nodes(input, scope, focus, &mut |node| {
            let (flow, found) = choice(node, keys, out)?;
            if found {
                return Ok(flow);
            }
            member(node, (*bare, None), &mut |item| if is_of_type(&item, data_type) { out(item) } else { MORE })
        }),
        Action::OfType(data_type) => {
            each(input, scope, focus, &mut |item| if is_of_type(&item, data_type) { out(item) } else { MORE })
        }
        Action::OfResource(resource, key) => each(input, scope, focus, &mut |item| {
            if is_resource(&item, resource, *key) { out(item) } else { MORE }
        }),
        Action::Is(wanted) => match single(at, input, scope, focus)? {
            None => MORE,
            Some(item) => out(Item::Boolean(match &**wanted {
                Action::OfType(data_type) => is_of_type(&item, data_type),
                Action::OfResource(resource, key) => is_resource(&item, resource, *key),
                _ => false,
            })),
        },
        Action::Call(function, arguments) => {
            let call = Call { at, function: *function, input, arguments };
            functions::call(&call, scope, focus, out)
        }
        Action::AsQuantity(keys) => each(input, scope, focus, &mut |item| {
            let quantity = item.node().filter(|node| node.is_object()).and_then(|node| {
                let value = Number::parse(node.get(keys.value)?.number()?)?;
                let unit = node.get(keys.code).and_then(NodeRef::text).or_else(|| node.get(keys.unit)?.text());
                // Without a unit it is a plain number, whose unit is `1`.
                Some(Item::Quantity(value, Cow::Borrowed(unit.unwrap_or("1"))))
            });
            out(quantity.unwrap_or(item))
        }),
        Action::Index(index) => {
            let wanted = match single(at, index, scope, focus)? {
                None => return MORE,
                Some(item) => match item.integer() {
                    Some(index) => index,
                    None => return Err(fault(at, format!("an index is an integer, not `{}`", item.shown()))),
                },
            };
            nth(wanted, input, scope, focus, out)
        }
        Action::First => nth(0, input, scope, focus, out),
        Action::Where(criteria) => each(input, scope, focus, &mut |item| {
            if truth(criteria, scope, &item)? == Some(true) { out(item) } else { MORE }
        }),
        Action::Exists(None) => out(Item::Boolean(exists(input, scope, focus)?)),
        Action::Exists(Some(criteria)) => {
            let mut found = false;
            let _ = each(input, scope, focus, &mut |item| {
                found = truth(criteria, scope, &item)? == Some(true);
                if found { ENOUGH } else { MORE }
            })?;
            out(Item::Boolean(found))
        }
        Action::IsEmpty => out(Item::Boolean(!exists(input, scope, focus)?)),
        Action::Not => match single(at, input, scope, focus)? {
            None => MORE,
            Some(item) => out(Item::Boolean(!item.boolean().unwrap_or(true))),
        },
        Action::Extension(url, keys) => {
            nodes(input, scope, focus, &mut |node| extensions(node, url.as_deref(), *keys, out))
        }
        Action::PrimitiveExtension(url, keys, places) => nodes(input, scope, focus, &mut |node| {
            for place in places {
                for value in node.get(*place).into_iter().flat_map(NodeRef::each) {
                    if extensions(value, url.as_deref(), *keys, out)?.is_break() {
                        return ENOUGH;
                    }
                }
            }
            MORE
        }),
        Action::Join(separator) => {
            let mut joined: Option<String> = None;
            let _ = each(input, scope, focus, &mut |item| {
                let Some(text) = item.text() else {
                    return Err(fault(at, format!("join() is for text, not `{}`", item.shown())));
                };
                match &mut joined {
                    Some(joined) => {
                        joined.push_str(separator);
                        joined.push_str(text);
                    }
                    None => joined = Some(text.to_owned()),
                }
                MORE
            })?;
            joined.map_or(MORE, |joined| out(Item::Text(Cow::Owned(joined), "string")))
        }
        Action::Matches(regex) => match subject(at, input, scope, focus)? {
            Some(item) => out(Item::Boolean(regex.is_match(item.text().unwrap_or_default()))),
            None => MORE,
        },
        Action::ReplaceMatches(regex, with) => match subject(at, input, scope, focus)? {
            Some(item) => {
                let text = regex.replace_all(item.text().unwrap_or_default(), with.as_str());
                out(Item::Text(Cow::Owned(text.into_owned()), "string"))
            }
            None => MORE,
        },
        Action::ResourceKey(key) => nodes(input, scope, focus, &mut |node| match node.get(*key) {
            Some(id) if id.text().is_some() => out(Item::Node(id, Some("id"))),
            _ => MORE,
        }),
        Action::ReferenceKey(resource, keys) => {
            nodes(input, scope, focus, &mut |node| match reference_key(node, resource.as_deref(), *keys) {
                Some(key) => out(Item::Text(Cow::Borrowed(key), "id")),
                None => MORE,
            })
        }
        Action::Boundary { high, assumed, start, end } => each(input, scope, focus, &mut |item| {
            // Of a Period, its start or its end.
            let (item, assumed) = match item.node().filter(|node| node.is_object()) {
                Some(period) => match period.get(if *high { *end } else { *start }) {
                    Some(end) => (Item::Node(end, Some("dateTime")), None),
                    None => return MORE,
                },
                None => (item, *assumed),
            };
            match boundary(at, &item, assumed, *high)? {
                Some(boundary) => out(boundary),
                None => MORE,
            }
        }),
    }
}

/// The only item, which is text.
fn subject<'a>(at: usize, input: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<Item<'a>>> {
    match single(at, input, scope, focus)? {
        Some(item) if item.text().is_none() => {
            Err(fault(at, format!("a regular expression is for text, not `{}`", item.shown())))
        }
        found => Ok(found),
    }
}

/// Gives each element of the resource that the path leads to, and passes over what was computed.
fn nodes<'a>(input: &Code, scope: &Scope<'a>, focus: &Item<'a>, out: &mut dyn FnMut(NodeRef<'a>) -> Flow) -> Flow {
    match &input.op {
        Op::Focus => focus.node().map_or(MORE, out),
        Op::Resource => out(scope.resource),
        _ => each(input, scope, focus, &mut |item| item.node().map_or(MORE, &mut *out)),
    }
}

fn nth<'a>(wanted: i64, input: &Code, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    let (mut found, mut index) = (None, 0);
    let _ = each(input, scope, focus, &mut |item| {
        if index == wanted {
            found = Some(item);
            return ENOUGH;
        }
        index += 1;
        MORE
    })?;
    found.map_or(MORE, out)
}

fn member<'a>(node: NodeRef<'a>, (key, data_type): Typed, out: Out<'_, 'a>) -> Flow {
    for value in node.get(key).into_iter().flat_map(NodeRef::each) {
        if out(Item::Node(value, data_type))?.is_break() {
            return ENOUGH;
        }
    }
    MORE
}

/// Whether something was found is the second.
fn choice<'a>(node: NodeRef<'a>, keys: &[Typed], out: Out<'_, 'a>) -> Result<(ControlFlow<()>, bool)> {
    for key in keys {
        if node.get(key.0).is_some() {
            return Ok((member(node, *key, out)?, true));
        }
    }
    Ok((ControlFlow::Continue(()), false))
}

/// Where the type is not known, the JSON form decides as far as it can.
fn is_of_type(item: &Item<'_>, wanted: &'static str) -> bool {
    match (item.data_type(), item) {
        (Some(known), _) => element::subtypes(wanted).contains(&known),
        (None, Item::Node(node, _)) => match wanted {
            "boolean" => node.boolean().is_some(),
            "integer" | "positiveInt" | "unsignedInt" | "integer64" => item.integer().is_some(),
            "decimal" => node.number().is_some(),
            "date" | "dateTime" | "instant" | "time" => node.text().and_then(Temporal::parse).is_some(),
            _ if wanted.starts_with(|c: char| c.is_ascii_lowercase()) => node.text().is_some(),
            _ => node.is_object(),
        },
        (None, _) => false,
    }
}

fn is_resource(item: &Item<'_>, resource: &str, key: u16) -> bool {
    item.node().and_then(|node| node.get(key)).and_then(NodeRef::text) == Some(resource)
}

fn extensions<'a>(node: NodeRef<'a>, url: Option<&str>, keys: ExtensionKeys, out: Out<'_, 'a>) -> Flow {
    for extension in node.get(keys.extension).into_iter().flat_map(NodeRef::each) {
        let wanted = url.is_none_or(|url| extension.get(keys.url).and_then(NodeRef::text) == Some(url));
        if wanted && out(Item::Node(extension, Some("Extension")))?.is_break() {
            return ENOUGH;
        }
    }
    MORE
}

/// The id that a Reference names. `urn:uuid:` does not tell the type; then the reference's own `type` must.
pub(crate) fn reference_key<'a>(node: NodeRef<'a>, wanted: Option<&str>, keys: ReferenceKeys) -> Option<&'a str> {
    let reference = node.get(keys.reference)?.text()?;
    if let Some(uuid) = reference.strip_prefix("urn:uuid:") {
        let declared = node.get(keys.of_type).and_then(NodeRef::text);
        return (wanted.is_none() || declared == wanted).then_some(uuid);
    }
    let (resource_type, id) = split_reference(reference)?;
    wanted.is_none_or(|wanted| wanted == resource_type).then_some(id)
}

fn boundary<'a>(at: usize, item: &Item<'a>, assumed: Option<&'static str>, high: bool) -> Result<Option<Item<'a>>> {
    let too_long = || fault(at, format!("`{}` has too many digits", item.shown()));
    if let Some(number) = item.number() {
        return number.boundary(high).map(|number| Some(Item::Number(number))).ok_or_else(too_long);
    }
    let data_type = item.data_type().or(assumed);
    let Some(temporal) = item.text().and_then(Temporal::parse) else {
        return Err(fault(at, format!("`{}` is no decimal, date or time, so it has no boundary", item.shown())));
    };
    let text = temporal.boundary(high, data_type == Some("date"));
    let data_type = if temporal.is_time() { "time" } else { data_type.unwrap_or("dateTime") };
    Ok(text.map(|text| Item::Text(Cow::Owned(text), data_type)))
}

fn binary<'a>(
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

fn number(at: usize, item: &Item<'_>) -> Result<Number> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Compiler, Known};
    use crate::needed::Shapes;
    use crate::tape::Buffers;

    /// What the path gives on a Patient.
    fn eval(path: &str, resource: &str) -> String {
        let mut shapes = Shapes::new();
        let known = Known { shapes: vec![0], types: Some(vec!["Patient"]), many: false };
        let mut compiler = Compiler {
            shapes: &mut shapes,
            resource: known.clone(),
            resource_type: "Patient",
            lenient: false,
            notes: Vec::new(),
        };
        let code = match crate::path::parse(path, &[]).and_then(|expr| compiler.expr(&expr, &known)) {
            Ok((code, _)) => code,
            Err(fault) => return format!("{}: {}", fault.at, fault.reason),
        };
        let mut buffers = Buffers::default();
        let needed = shapes.freeze();
        let tape = buffers.parse(resource, &needed).unwrap();
        let scope = Scope { resource: tape.root(), row_index: 0 };
        match collect(&code, &scope, &Item::Node(tape.root(), None)) {
            Ok(items) => items.as_slice().iter().map(Item::shown).collect::<Vec<_>>().join(","),
            Err(fault) => format!("{}: {}", fault.at, fault.reason),
        }
    }

    const PATIENT: &str = r#"{"resourceType": "Patient", "id": "p", "birthDate": "1970-06", "active": true,
        "_birthDate": {"extension": [{"url": "u", "valueString": "x"}]},
        "name": [{"use": "official", "given": ["A", "B"]}, {"given": ["C"]}], "multipleBirthInteger": 2,
        "extension": [{"url": "u", "valueCode": "c"}], "generalPractitioner": [{"reference": "http://s/Practitioner/1/_history/2"}]}"#;

    #[test]
    fn paths_give_what_fhirpath_says() {
        for (path, expected) in [
            ("name.given", "A,B,C"),
            ("name[1].given", "C"),
            ("name.given[1]", "B"),
            ("name.where(use = 'official').given.first()", "A"),
            ("name.where(use != 'official').given", ""),
            ("name.exists(use = 'official')", "true"),
            ("name.given.join('-')", "A-B-C"),
            ("multipleBirth", "2"),
            ("multipleBirth.ofType(integer) + 1", "3"),
            ("multipleBirth.ofType(boolean)", ""),
            ("multipleBirth / 4", "0.5"),
            ("multipleBirth / 0", ""),
            ("-(1 - 2.50)", "1.50"),
            ("birthDate < @1971", "true"),
            ("birthDate = @1970", ""),
            ("birthDate.highBoundary()", "1970-06-30"),
            ("birthDate.extension('u').value", "x"),
            ("extension('u').value.ofType(string)", "c"),
            ("extension('u').value.ofType(code)", "c"),
            ("generalPractitioner.getReferenceKey(Practitioner)", "1"),
            ("generalPractitioner.getReferenceKey(Organization)", ""),
            ("generalPractitioner.resolve().getResourceKey()", "1"),
            ("generalPractitioner.resolve().ofType(Practitioner).getResourceKey()", "1"),
            ("generalPractitioner.resolve().ofType(Patient).getResourceKey()", ""),
            ("getResourceKey() = %resource.id", "true"),
            ("Patient.name.given.first() + 'x'", "Ax"),
            ("gender = 1 or active", "true"),
            ("deceased and true", ""),
            ("deceased and false", "false"),
            ("{}.empty()", "true"),
            ("name.given.count()", "3"),
            ("name.given.last()", "C"),
            ("name.given.skip(1).take(1)", "B"),
            ("name.given.tail()", "B,C"),
            ("name.given.select($this + '!')", "A!,B!,C!"),
            ("name.all(given.exists())", "true"),
            ("('a' | 'b' | 'a').count()", "2"),
            ("name.given.combine('A').isDistinct()", "false"),
            ("name.given.intersect('A' | 'C')", "A,C"),
            ("name.given.exclude('A')", "B,C"),
            ("'A' in name.given", "true"),
            ("name.given contains 'Z'", "false"),
            ("iif(active, 'yes', 'no')", "yes"),
            ("iif(gender.exists(), 'yes')", ""),
            ("id.upper().lower().length()", "1"),
            ("'abc'.substring(1, 1)", "b"),
            ("'abc'.substring(9)", ""),
            ("'a-b'.split('-')", "a,b"),
            ("'abc'.indexOf('c')", "2"),
            ("'abc'.replace('b', 'x').startsWith('ax')", "true"),
            ("' x '.trim().endsWith('x')", "true"),
            ("'abc'.contains('bc')", "true"),
            ("'7.10'.toDecimal()", "7.10"),
            ("multipleBirth.ofType(integer).toString()", "2"),
            ("'x'.toInteger()", ""),
            ("active.toInteger()", "1"),
            ("(-2.5).round()", "-3"),
            ("(-2.5).floor()", "-3"),
            ("(-2.5).abs().ceiling()", "3"),
            ("7 div 2", "3"),
            ("7 mod 2", "1"),
            ("true xor active", "false"),
            ("gender.exists() implies active", "true"),
            ("'A  b' ~ 'a B'", "true"),
            ("gender & 'x'", "x"),
            ("multipleBirth is integer", "true"),
            ("multipleBirth as integer", "2"),
            ("5 'mg' < 6 'mg'", "true"),
            ("5 'mg' < 6 'g'", "true"),
            ("5 'mg' < 6 'L'", ""),
            ("1 day = 1 'd'", "true"),
            ("birthDate.hasValue()", "true"),
            ("birthDate + 18 years", "1988-06"),
            ("(@2020-03-01 - 1 'd').toString()", "2020-02-29"),
            ("@T23:30 + 45 minutes", "00:15"),
            ("@2020-01-01 + 1 'mg'", "12: `mg` is no unit of time; there are days, months, years, 'd', 'h', …"),
            ("(4 'g' + 500 'mg') > 4.4 'g'", "true"),
            ("2 weeks = 14 days", "true"),
            ("birthDate.yearOf() * 100 + birthDate.monthOf()", "197006"),
            ("birthDate.dayOf()", ""),
            ("@2020-01-01T10:20:30Z.dateOf()", "2020-01-01"),
            ("@2020-01-01T10:20:30Z.timeOf().hourOf()", "10"),
            ("'2020-02-30'.convertsToDate()", "false"),
            ("'2020-02-03T04:05:06Z'.toDate()", "2020-02-03"),
            ("'10:30'.toTime() < @T11:00", "true"),
            (r"'5 \'mg\''.toQuantity() = 5 'mg'", "true"),
            ("name.given.matches('B')", "11: expected at most one value, found 3"),
            ("name.first().given.first().matches('^[A-C]$')", "true"),
            ("'abc'.matches('b') and 'abc'.matchesFull('b').not()", "true"),
            ("'2020-01'.replaceMatches('([0-9]+)-([0-9]+)', '$2/$1')", "01/2020"),
            ("name.given.toChars()", "11: expected at most one value, found 3"),
            ("'a-b-c'.lastIndexOf('-')", "3"),
            ("(1 | 2.5).sum()", "3.5"),
            ("(1 | 2).avg()", "1.5"),
            ("name.given.max()", "C"),
            ("name.given.min()", "A"),
            ("name.given.where($this = 'Z').sum()", ""),
            ("('A' | 'B').subsetOf(name.given)", "true"),
            ("name.given.supersetOf('Z')", "false"),
            ("(true | false).anyFalse()", "true"),
            ("(true | false).allFalse()", "false"),
            ("%sct & '|38341003'", "http://snomed.info/sct|38341003"),
            ("@2019-01-01T10:00:00Z = @2019-01-01T11:00:00+01:00", "true"),
        ] {
            assert_eq!(eval(path, PATIENT), expected, "{path}");
        }
    }

    #[test]
    fn faults_say_where() {
        assert_eq!(eval("name.given = 'A' and name.given > 'A'", PATIENT), "false");
        assert!(
            eval("active and name.given > 'A'", PATIENT).starts_with("22: expected at most one value"),
            "{}",
            eval("active and name.given > 'A'", PATIENT)
        );
        assert!(eval("active + 1", PATIENT).starts_with("7: `true` is no number"));
        assert!(eval("name.lowBoundary()", PATIENT).is_empty());
        assert!(eval("name['a']", PATIENT).starts_with("4: an index"));
    }
}
