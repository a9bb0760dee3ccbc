//! Functions of FHIRPath beyond those that only look for elements.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::code::Code;
use crate::error::Fault;
use crate::eval::{self, Flow, Out, Scope, collect, each, fault, single, truth};
use crate::item::{Item, Items};
use crate::number::Number;

/// A function, by its name in FHIRPath.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Function {
    Abs,
    All,
    AllTrue,
    AnyTrue,
    Ceiling,
    Combine,
    Contains,
    Count,
    Distinct,
    EndsWith,
    Exclude,
    Floor,
    HasValue,
    Iif,
    IndexOf,
    Intersect,
    IsDistinct,
    Last,
    Length,
    Lower,
    Replace,
    Round,
    Select,
    Single,
    Skip,
    Split,
    StartsWith,
    Substring,
    Tail,
    Take,
    ToBoolean,
    ToDecimal,
    ToInteger,
    ToText,
    Trim,
    Truncate,
    Union,
    Upper,
}

/// Name, function, and how many arguments it takes, at least and at most; sorted by name.
pub(crate) const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("abs", Function::Abs, 0, 0),
    ("all", Function::All, 1, 1),
    ("allTrue", Function::AllTrue, 0, 0),
    ("anyTrue", Function::AnyTrue, 0, 0),
    ("ceiling", Function::Ceiling, 0, 0),
    ("combine", Function::Combine, 1, 1),
    ("contains", Function::Contains, 1, 1),
    ("count", Function::Count, 0, 0),
    ("distinct", Function::Distinct, 0, 0),
    ("endsWith", Function::EndsWith, 1, 1),
    ("exclude", Function::Exclude, 1, 1),
    ("floor", Function::Floor, 0, 0),
    ("hasValue", Function::HasValue, 0, 0),
    ("iif", Function::Iif, 2, 3),
    ("indexOf", Function::IndexOf, 1, 1),
    ("intersect", Function::Intersect, 1, 1),
    ("isDistinct", Function::IsDistinct, 0, 0),
    ("last", Function::Last, 0, 0),
    ("length", Function::Length, 0, 0),
    ("lower", Function::Lower, 0, 0),
    ("replace", Function::Replace, 2, 2),
    ("round", Function::Round, 0, 1),
    ("select", Function::Select, 1, 1),
    ("single", Function::Single, 0, 0),
    ("skip", Function::Skip, 1, 1),
    ("split", Function::Split, 1, 1),
    ("startsWith", Function::StartsWith, 1, 1),
    ("substring", Function::Substring, 1, 2),
    ("tail", Function::Tail, 0, 0),
    ("take", Function::Take, 1, 1),
    ("toBoolean", Function::ToBoolean, 0, 0),
    ("toDecimal", Function::ToDecimal, 0, 0),
    ("toInteger", Function::ToInteger, 0, 0),
    ("toString", Function::ToText, 0, 0),
    ("trim", Function::Trim, 0, 0),
    ("truncate", Function::Truncate, 0, 0),
    ("union", Function::Union, 1, 1),
    ("upper", Function::Upper, 0, 0),
];

type Result<T> = std::result::Result<T, Box<Fault>>;

const MORE: Flow = Ok(ControlFlow::Continue(()));

/// A call, and where it stands.
pub(crate) struct Call<'c> {
    pub(crate) at: usize,
    pub(crate) function: Function,
    pub(crate) input: &'c Code,
    pub(crate) arguments: &'c [Code],
}

/// Gives what the function makes of its input.
pub(crate) fn call<'a>(call: &Call<'_>, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    let Call { at, function, input, arguments } = *call;
    match function {
        Function::All => {
            let criteria = &arguments[0];
            let mut all = true;
            let _ = each(input, scope, focus, &mut |item| {
                all = truth(criteria, scope, &item)? == Some(true);
                Ok(if all { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })?;
            out(Item::Boolean(all))
        }
        Function::Select => each(input, scope, focus, &mut |item| each(&arguments[0], scope, &item, out)),
        Function::Iif => {
            let focus = single(at, input, scope, focus)?;
            let Some(focus) = focus else {
                // Without an input no condition holds.
                return MORE;
            };
            match (truth(&arguments[0], scope, &focus)?, arguments.get(2)) {
                (Some(true), _) => each(&arguments[1], scope, &focus, out),
                (_, Some(otherwise)) => each(otherwise, scope, &focus, out),
                (_, None) => MORE,
            }
        }
        Function::Combine => match each(input, scope, focus, out)? {
            ControlFlow::Continue(()) => each(&arguments[0], scope, focus, out),
            enough @ ControlFlow::Break(()) => Ok(enough),
        },
        Function::Union => {
            let (left, right) = (collect(input, scope, focus)?, collect(&arguments[0], scope, focus)?);
            give(distinct(left.as_slice().iter().chain(right.as_slice())), out)
        }
        Function::Intersect | Function::Exclude => {
            let (left, right) = (collect(input, scope, focus)?, collect(&arguments[0], scope, focus)?);
            let wanted = function == Function::Intersect;
            let kept = left.as_slice().iter().filter(|item| contains(&right, item) == wanted);
            if wanted { give(distinct(kept), out) } else { give(kept.cloned().collect(), out) }
        }
        Function::Skip | Function::Take => {
            let Some(n) = integer(at, &arguments[0], scope, focus)? else { return MORE };
            let n = usize::try_from(n).unwrap_or(0);
            let items = collect(input, scope, focus)?;
            let at = n.min(items.len());
            let (before, behind) = items.as_slice().split_at(at);
            give(if function == Function::Skip { behind } else { before }.to_vec(), out)
        }
        Function::Tail => give(collect(input, scope, focus)?.as_slice().get(1..).unwrap_or_default().to_vec(), out),
        Function::Last => match collect(input, scope, focus)?.as_slice().last() {
            Some(item) => out(item.clone()),
            None => MORE,
        },
        Function::Single => single(at, input, scope, focus)?.map_or(MORE, out),
        Function::Count => {
            let n = collect(input, scope, focus)?.len();
            out(Item::Integer(i64::try_from(n).unwrap_or(i64::MAX)))
        }
        Function::Distinct => give(distinct(collect(input, scope, focus)?.as_slice().iter()), out),
        Function::IsDistinct => {
            let items = collect(input, scope, focus)?;
            out(Item::Boolean(distinct(items.as_slice().iter()).len() == items.len()))
        }
        Function::AllTrue | Function::AnyTrue => {
            let items = collect(input, scope, focus)?;
            let is_true = |item: &Item<'_>| item.boolean() == Some(true);
            let all = function == Function::AllTrue;
            out(Item::Boolean(if all {
                items.as_slice().iter().all(is_true)
            } else {
                items.as_slice().iter().any(is_true)
            }))
        }
        Function::HasValue => {
            let items = collect(input, scope, focus)?;
            let one = matches!(items.as_slice(), [item] if item.node().is_none_or(|node| !node.is_object()));
            out(Item::Boolean(one))
        }
        _ => match single(at, input, scope, focus)? {
            None => MORE,
            Some(item) => match function {
                Function::Abs | Function::Ceiling | Function::Floor | Function::Round | Function::Truncate => {
                    let decimals = match arguments.first() {
                        Some(argument) => integer(at, argument, scope, focus)?.unwrap_or(0),
                        None => 0,
                    };
                    out(arithmetic(at, function, &item, decimals)?)
                }
                Function::ToText | Function::ToInteger | Function::ToDecimal | Function::ToBoolean => {
                    convert(function, &item).map_or(MORE, out)
                }
                _ => text_function(call, &item, scope, focus, out),
            },
        },
    }
}

fn give<'a>(items: Vec<Item<'a>>, out: Out<'_, 'a>) -> Flow {
    for item in items {
        if out(item)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    MORE
}

/// The items without those that are equal to an earlier one.
fn distinct<'i, 'a: 'i>(items: impl Iterator<Item = &'i Item<'a>>) -> Vec<Item<'a>> {
    let mut kept: Vec<Item<'a>> = Vec::new();
    for item in items {
        if !kept.iter().any(|known| eval::equal_items(known, item) == Some(true)) {
            kept.push(item.clone());
        }
    }
    kept
}

/// Whether an item is among these.
pub(crate) fn contains(items: &Items<'_>, wanted: &Item<'_>) -> bool {
    items.as_slice().iter().any(|item| eval::equal_items(item, wanted) == Some(true))
}

fn integer<'a>(at: usize, code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<i64>> {
    let Some(item) = single(at, code, scope, focus)? else { return Ok(None) };
    match item.integer() {
        Some(value) => Ok(Some(value)),
        None => Err(fault(code.at, format!("an integer is expected, not `{}`", item.shown()))),
    }
}

fn text<'a>(at: usize, code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<String>> {
    let Some(item) = single(at, code, scope, focus)? else { return Ok(None) };
    match item.text() {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(fault(code.at, format!("text is expected, not `{}`", item.shown()))),
    }
}

fn arithmetic<'a>(at: usize, function: Function, item: &Item<'a>, decimals: i64) -> Result<Item<'a>> {
    let Some(number) = item.number() else {
        return Err(fault(at, format!("`{}` is no number, or has too many digits", item.shown())));
    };
    let too_long = || fault(at, format!("`{}` has too many digits", item.shown()));
    let whole = |number: Number| number.scaled(0).and_then(|value| i64::try_from(value).ok()).ok_or_else(too_long);
    Ok(match function {
        Function::Abs => match item.integer() {
            Some(value) => Item::Integer(value.checked_abs().ok_or_else(too_long)?),
            None => Item::Number(number.abs()),
        },
        Function::Floor => Item::Integer(whole(number.floor())?),
        Function::Ceiling => Item::Integer(whole(number.negate().floor().negate())?),
        Function::Truncate => Item::Integer(whole(number.truncate())?),
        _ => match u32::try_from(decimals) {
            Ok(decimals) => Item::Number(number.round(decimals).ok_or_else(too_long)?),
            Err(_) => return Err(fault(at, "round() takes a number of decimals that is not negative")),
        },
    })
}

/// A value in another type; nothing when it has no meaning there.
fn convert<'a>(function: Function, item: &Item<'a>) -> Option<Item<'a>> {
    Some(match function {
        Function::ToText => match item {
            Item::Node(node, _) if node.is_object() => return None,
            Item::Node(node, _) => Item::Text(Cow::Borrowed(node.raw()), "string"),
            Item::Text(text, _) => Item::Text(text.clone(), "string"),
            Item::Boolean(value) => Item::Text(Cow::Owned(value.to_string()), "string"),
            Item::Integer(value) => Item::Text(Cow::Owned(value.to_string()), "string"),
            Item::Number(value) => Item::Text(Cow::Owned(value.to_string()), "string"),
            Item::Quantity(..) => Item::Text(Cow::Owned(item.shown()), "string"),
        },
        Function::ToInteger => match (item.integer(), item.boolean(), item.text()) {
            (Some(value), ..) => Item::Integer(value),
            (_, Some(value), _) => Item::Integer(value.into()),
            (_, _, Some(text)) => Item::Integer(text.parse().ok()?),
            _ => return None,
        },
        Function::ToDecimal => match (item.number(), item.boolean(), item.text()) {
            (Some(value), ..) => Item::Number(value),
            (_, Some(value), _) => Item::Number(Number::integer(value.into())),
            (_, _, Some(text)) => Item::Number(Number::parse(text)?),
            _ => return None,
        },
        _ => match (item.boolean(), item.integer(), item.text()) {
            (Some(value), ..) => Item::Boolean(value),
            (_, Some(1), _) => Item::Boolean(true),
            (_, Some(0), _) => Item::Boolean(false),
            (_, _, Some(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Item::Boolean(true),
                "false" | "f" | "no" | "n" | "0" => Item::Boolean(false),
                _ => return None,
            },
            _ => return None,
        },
    })
}

fn text_function<'a>(call: &Call<'_>, item: &Item<'a>, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    let Call { at, function, arguments, .. } = *call;
    let Some(subject) = item.text() else {
        return Err(fault(at, format!("this function is for text, not `{}`", item.shown())));
    };
    let argument = |index: usize| match arguments.get(index) {
        Some(code) => text(at, code, scope, focus),
        None => Ok(None),
    };
    let owned = |text: String| Item::Text(Cow::Owned(text), "string");
    out(match function {
        Function::Upper => owned(subject.to_uppercase()),
        Function::Lower => owned(subject.to_lowercase()),
        Function::Trim => owned(subject.trim().to_owned()),
        Function::Length => Item::Integer(i64::try_from(subject.chars().count()).unwrap_or(i64::MAX)),
        Function::StartsWith | Function::EndsWith | Function::Contains | Function::IndexOf | Function::Split => {
            let Some(wanted) = argument(0)? else { return MORE };
            match function {
                Function::StartsWith => Item::Boolean(subject.starts_with(&wanted)),
                Function::EndsWith => Item::Boolean(subject.ends_with(&wanted)),
                Function::Contains => Item::Boolean(subject.contains(&wanted)),
                Function::IndexOf => {
                    let index = subject.find(&wanted).map(|at| subject[..at].chars().count());
                    Item::Integer(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
                }
                _ if wanted.is_empty() => return give(subject.chars().map(|c| owned(c.to_string())).collect(), out),
                _ => return give(subject.split(&wanted).map(|part| owned(part.to_owned())).collect(), out),
            }
        }
        Function::Replace => {
            let (Some(pattern), Some(with)) = (argument(0)?, argument(1)?) else { return MORE };
            owned(subject.replace(&pattern, &with))
        }
        _ => {
            let Some(start) = integer(at, &arguments[0], scope, focus)? else { return MORE };
            let length = match arguments.get(1) {
                Some(code) => integer(at, code, scope, focus)?,
                None => None,
            };
            // A start that is not in the text gives nothing.
            let Ok(start) = usize::try_from(start) else { return MORE };
            if start >= subject.chars().count() {
                return MORE;
            }
            let length = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
            owned(subject.chars().skip(start).take(length).collect())
        }
    })
}
