//! Functions of FHIRPath beyond those that only look for elements.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::code::Code;
use crate::convert::{Target, convert};
use crate::error::Fault;
use crate::eval::{self, Flow, Out, Scope, collect, each, fault, single, truth};
use crate::item::{Item, Items};
use crate::number::Number;
use crate::path::Binary;
use crate::strings;
use crate::temporal::{Part, Temporal};

/// A function, by its name in FHIRPath.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Function {
    Abs,
    All,
    AllFalse,
    AllTrue,
    AnyFalse,
    AnyTrue,
    Average,
    Ceiling,
    Combine,
    Contains,
    /// Whether [`Function::To`] would give something.
    Converts(Target),
    Count,
    DateOf,
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
    LastIndexOf,
    Length,
    Lower,
    Max,
    Min,
    /// A part of a date or time.
    PartOf(Part),
    Replace,
    Round,
    Select,
    Single,
    Skip,
    Split,
    StartsWith,
    SubsetOf,
    Substring,
    Sum,
    SupersetOf,
    Tail,
    Take,
    TimeOf,
    /// In another type.
    To(Target),
    ToChars,
    Trim,
    Truncate,
    Union,
    Upper,
}

/// Name, function, and how many arguments it takes, at least and at most; sorted by name.
pub(crate) const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("abs", Function::Abs, 0, 0),
    ("all", Function::All, 1, 1),
    ("allFalse", Function::AllFalse, 0, 0),
    ("allTrue", Function::AllTrue, 0, 0),
    ("anyFalse", Function::AnyFalse, 0, 0),
    ("anyTrue", Function::AnyTrue, 0, 0),
    ("avg", Function::Average, 0, 0),
    ("ceiling", Function::Ceiling, 0, 0),
    ("combine", Function::Combine, 1, 1),
    ("contains", Function::Contains, 1, 1),
    ("convertsToBoolean", Function::Converts(Target::Boolean), 0, 0),
    ("convertsToDate", Function::Converts(Target::Date), 0, 0),
    ("convertsToDateTime", Function::Converts(Target::DateTime), 0, 0),
    ("convertsToDecimal", Function::Converts(Target::Decimal), 0, 0),
    ("convertsToInteger", Function::Converts(Target::Integer), 0, 0),
    ("convertsToQuantity", Function::Converts(Target::Quantity), 0, 0),
    ("convertsToString", Function::Converts(Target::Text), 0, 0),
    ("convertsToTime", Function::Converts(Target::Time), 0, 0),
    ("count", Function::Count, 0, 0),
    ("dateOf", Function::DateOf, 0, 0),
    ("dayOf", Function::PartOf(Part::Day), 0, 0),
    ("distinct", Function::Distinct, 0, 0),
    ("endsWith", Function::EndsWith, 1, 1),
    ("exclude", Function::Exclude, 1, 1),
    ("floor", Function::Floor, 0, 0),
    ("hasValue", Function::HasValue, 0, 0),
    ("hourOf", Function::PartOf(Part::Hour), 0, 0),
    ("iif", Function::Iif, 2, 3),
    ("indexOf", Function::IndexOf, 1, 1),
    ("intersect", Function::Intersect, 1, 1),
    ("isDistinct", Function::IsDistinct, 0, 0),
    ("last", Function::Last, 0, 0),
    ("lastIndexOf", Function::LastIndexOf, 1, 1),
    ("length", Function::Length, 0, 0),
    ("lower", Function::Lower, 0, 0),
    ("max", Function::Max, 0, 0),
    ("min", Function::Min, 0, 0),
    ("minuteOf", Function::PartOf(Part::Minute), 0, 0),
    ("monthOf", Function::PartOf(Part::Month), 0, 0),
    ("replace", Function::Replace, 2, 2),
    ("round", Function::Round, 0, 1),
    ("secondOf", Function::PartOf(Part::Second), 0, 0),
    ("select", Function::Select, 1, 1),
    ("single", Function::Single, 0, 0),
    ("skip", Function::Skip, 1, 1),
    ("split", Function::Split, 1, 1),
    ("startsWith", Function::StartsWith, 1, 1),
    ("subsetOf", Function::SubsetOf, 1, 1),
    ("substring", Function::Substring, 1, 2),
    ("sum", Function::Sum, 0, 0),
    ("supersetOf", Function::SupersetOf, 1, 1),
    ("tail", Function::Tail, 0, 0),
    ("take", Function::Take, 1, 1),
    ("timeOf", Function::TimeOf, 0, 0),
    ("toBoolean", Function::To(Target::Boolean), 0, 0),
    ("toChars", Function::ToChars, 0, 0),
    ("toDate", Function::To(Target::Date), 0, 0),
    ("toDateTime", Function::To(Target::DateTime), 0, 0),
    ("toDecimal", Function::To(Target::Decimal), 0, 0),
    ("toInteger", Function::To(Target::Integer), 0, 0),
    ("toQuantity", Function::To(Target::Quantity), 0, 0),
    ("toString", Function::To(Target::Text), 0, 0),
    ("toTime", Function::To(Target::Time), 0, 0),
    ("trim", Function::Trim, 0, 0),
    ("truncate", Function::Truncate, 0, 0),
    ("union", Function::Union, 1, 1),
    ("upper", Function::Upper, 0, 0),
    ("yearOf", Function::PartOf(Part::Year), 0, 0),
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
        Function::AllTrue | Function::AnyTrue | Function::AllFalse | Function::AnyFalse => {
            let wanted = matches!(function, Function::AllTrue | Function::AnyTrue);
            let items = collect(input, scope, focus)?;
            let mut found = items.as_slice().iter().map(|item| item.boolean() == Some(wanted));
            let all = matches!(function, Function::AllTrue | Function::AllFalse);
            out(Item::Boolean(if all { found.all(|is| is) } else { found.any(|is| is) }))
        }
        Function::SubsetOf | Function::SupersetOf => {
            let (left, right) = (collect(input, scope, focus)?, collect(&arguments[0], scope, focus)?);
            let (part, whole) = if function == Function::SubsetOf { (left, right) } else { (right, left) };
            out(Item::Boolean(part.as_slice().iter().all(|item| contains(&whole, item))))
        }
        Function::Sum | Function::Average | Function::Min | Function::Max => {
            let items = collect(input, scope, focus)?;
            match aggregate(at, function, items.as_slice())? {
                Some(item) => out(item),
                None => MORE,
            }
        }
        Function::HasValue => {
            let items = collect(input, scope, focus)?;
            let one = matches!(items.as_slice(), [item] if item.node().is_none_or(|node| !node.is_object()));
            out(Item::Boolean(one))
        }
        _ => match single(at, input, scope, focus)? {
            None => MORE,
            Some(item) => of_one(call, &item, scope, focus, out),
        },
    }
}

/// A function of a single item.
fn of_one<'a>(call: &Call<'_>, item: &Item<'a>, scope: &Scope<'a>, focus: &Item<'a>, out: Out<'_, 'a>) -> Flow {
    let Call { at, function, arguments, .. } = *call;
    match function {
        Function::Abs | Function::Ceiling | Function::Floor | Function::Round | Function::Truncate => {
            let decimals = match arguments.first() {
                Some(argument) => integer(at, argument, scope, focus)?.unwrap_or(0),
                None => 0,
            };
            out(arithmetic(at, function, item, decimals)?)
        }
        Function::To(target) => convert(target, item).map_or(MORE, out),
        Function::Converts(target) => out(Item::Boolean(convert(target, item).is_some())),
        Function::PartOf(part) => temporal(at, item)?.part(part).map_or(MORE, |value| out(Item::Integer(value))),
        Function::DateOf => temporal(at, item)?.date_only().map_or(MORE, |date| out(Item::text_of(&date, "date"))),
        Function::TimeOf => temporal(at, item)?.time_only().map_or(MORE, |time| out(Item::text_of(&time, "time"))),
        _ => strings::call(call, item, scope, focus, out),
    }
}

fn temporal(at: usize, item: &Item<'_>) -> Result<Temporal> {
    let found = item.text().and_then(Temporal::parse);
    found.ok_or_else(|| fault(at, format!("`{}` is no date or time", item.shown())))
}

/// The sum, mean, least or greatest; nothing of nothing, and where the order is open.
fn aggregate<'a>(at: usize, function: Function, items: &[Item<'a>]) -> Result<Option<Item<'a>>> {
    let Some((first, rest)) = items.split_first() else { return Ok(None) };
    let mut result = first.clone();
    let wanted = match function {
        Function::Min => Some(Ordering::Less),
        Function::Max => Some(Ordering::Greater),
        _ => None,
    };
    for item in rest {
        match wanted {
            Some(wanted) => match eval::compare(at, item, &result)? {
                Some(order) if order == wanted => result = item.clone(),
                Some(_) => {}
                None => return Ok(None),
            },
            None => match eval::arithmetic(at, Binary::Add, &result, item)? {
                Some(sum) => result = sum,
                None => return Ok(None),
            },
        }
    }
    if function == Function::Average {
        let n = Item::Integer(i64::try_from(items.len()).unwrap_or(i64::MAX));
        return eval::arithmetic(at, Binary::Divide, &result, &n);
    }
    Ok(Some(result))
}

pub(crate) fn give<'a>(items: Vec<Item<'a>>, out: Out<'_, 'a>) -> Flow {
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

pub(crate) fn integer<'a>(at: usize, code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<i64>> {
    let Some(item) = single(at, code, scope, focus)? else { return Ok(None) };
    match item.integer() {
        Some(value) => Ok(Some(value)),
        None => Err(fault(code.at, format!("an integer is expected, not `{}`", item.shown()))),
    }
}

pub(crate) fn text<'a>(at: usize, code: &Code, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Option<String>> {
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
