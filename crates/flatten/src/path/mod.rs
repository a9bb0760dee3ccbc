//! The subset of FHIRPath that views are written in: from text to an expression.

mod expr;
mod lexer;
mod names;
mod parser;

pub(crate) use expr::{Binary, Expr, Kind, OfType, Step};
pub(crate) use names::function_names;
pub(crate) use parser::parse;
