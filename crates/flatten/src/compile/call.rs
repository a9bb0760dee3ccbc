//! Calls of functions: what is known of their results before any resource is read.

use super::{Compiler, Known};
use crate::code::Action;
use crate::error::Fault;
use crate::functions::Function;
use crate::path::Expr;

impl Compiler<'_> {
    /// A call of a function that takes its arguments as they are.
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        input: &Known,
        focus: &Known,
    ) -> Result<(Action, Known), Fault> {
        // What is asked of each item starts from it, all else from where the path starts.
        let focus = match function {
            Function::All | Function::Select | Function::Iif => input.one(),
            _ => focus.clone(),
        };
        let mut codes = Vec::new();
        let mut knowns = Vec::new();
        for argument in arguments {
            let (code, known) = self.expr(argument, &focus)?;
            codes.push(code);
            knowns.push(known);
        }
        let mut knowns = knowns.into_iter();
        let known = match function {
            Function::Distinct
            | Function::Tail
            | Function::Skip
            | Function::Take
            | Function::Exclude
            | Function::Intersect => input.clone(),
            Function::Last | Function::Single => input.one(),
            Function::Select => match knowns.next() {
                Some(known) => Known { many: known.many || input.many, ..known },
                None => input.clone(),
            },
            Function::Union | Function::Combine => match knowns.next() {
                Some(known) => Self::both(input.clone(), known),
                None => input.clone(),
            },
            Function::Iif => match (knowns.nth(1), knowns.next()) {
                (Some(then), Some(otherwise)) => {
                    let many = then.many || otherwise.many;
                    Known { many, ..Self::both(then, otherwise) }
                }
                (Some(then), None) => then,
                (None, _) => input.clone(),
            },
            Function::Count
            | Function::Length
            | Function::IndexOf
            | Function::LastIndexOf
            | Function::Floor
            | Function::Ceiling
            | Function::Truncate
            | Function::PartOf(_) => Known::computed("integer"),
            Function::Abs => Known::computed(input.single_type().filter(|of| *of == "integer").unwrap_or("decimal")),
            Function::Round | Function::Average => Known::computed("decimal"),
            Function::Sum | Function::Min | Function::Max => Known { shapes: Vec::new(), many: false, ..input.clone() },
            Function::To(target) => Known::computed(target.data_type()),
            Function::DateOf => Known::computed("date"),
            Function::TimeOf => Known::computed("time"),
            Function::Split | Function::ToChars => Known { many: true, ..Known::computed("string") },
            Function::Lower | Function::Upper | Function::Trim | Function::Replace | Function::Substring => {
                Known::computed("string")
            }
            Function::All
            | Function::AllFalse
            | Function::AllTrue
            | Function::AnyFalse
            | Function::AnyTrue
            | Function::Contains
            | Function::Converts(_)
            | Function::EndsWith
            | Function::StartsWith
            | Function::HasValue
            | Function::IsDistinct
            | Function::SubsetOf
            | Function::SupersetOf => Known::computed("boolean"),
        };
        Ok((Action::Call(function, codes), known))
    }
}
