//! Functions of FHIRPath on text.

use std::borrow::Cow;

use crate::eval::{Flow, MORE, Out, Scope, fault};
use crate::functions::{Call, Function, give, integer, text};
use crate::item::Item;

/// Gives what the function makes of the text of an item.
pub(crate) fn call<'a>(
    call: &Call<'_>,
    item: &Item<'a>,
    scope: &Scope<'a>,
    focus: &Item<'a>,
    out: Out<'_, 'a>,
) -> Flow {
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
        Function::ToChars => return give(subject.chars().map(|c| owned(c.to_string())).collect(), out),
        Function::StartsWith
        | Function::EndsWith
        | Function::Contains
        | Function::IndexOf
        | Function::LastIndexOf
        | Function::Split => {
            let Some(wanted) = argument(0)? else { return MORE };
            let place = |found: Option<usize>| {
                let index = found.map(|at| subject[..at].chars().count());
                Item::Integer(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
            };
            match function {
                Function::StartsWith => Item::Boolean(subject.starts_with(&wanted)),
                Function::EndsWith => Item::Boolean(subject.ends_with(&wanted)),
                Function::Contains => Item::Boolean(subject.contains(&wanted)),
                Function::IndexOf => place(subject.find(&wanted)),
                Function::LastIndexOf => place(subject.rfind(&wanted)),
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
