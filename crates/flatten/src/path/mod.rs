//! The subset of FHIRPath that views are written in: from text to an expression.

mod lexer;
mod parser;

pub(crate) use parser::{Binary, Expr, Kind, OfType, Step, function_names, parse};
