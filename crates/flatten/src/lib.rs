//! SQL on FHIR: a [`ViewDefinition`] becomes a compiled [`Plan`], and a [`Flattener`] runs it over the JSON text of
//! resources into Arrow record batches, whose schema is known from the view alone.
//!
//! The language is that of SQL on FHIR 2.0 and 3.0-ballot: `select`, `column`, `forEach`, `forEachOrNull`, `repeat`,
//! `unionAll`, `where`, `constant`, `%rowIndex`, the FHIRPath of shareable views, `join`, `lowBoundary` and `highBoundary`,
//! and the functions and operators that are asked for next (text, regular expressions, `iif`, `count`, `select`, `is`, `in`,
//! `|`, dates that are calculated with, …; [`functions`] has them all). Numbers keep the digits they were written with. [`builtin`] has the views of the lake's `fhir` tables.
//!
//! # How it works
//!
//! A path is parsed to an expression, then compiled against a table of R4's elements: names become numbers of keys, choices
//! (`value[x]`) become their keys, and what cannot be right is refused with its place and a hint. [`Plan::warnings`] tells
//! what may fail on some resource. The keys that the paths of all views of a plan look at make one tree; the reader follows
//! it through the text of a resource and writes what it meets into a flat list, passing over the rest. Paths run on that
//! list, most of them as a plain search, and rows go to Arrow's builders once all views have theirs.
//!
//! ```
//! use std::sync::Arc;
//! use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition};
//!
//! let view = ViewDefinition::parse(
//!     r#"{"name": "patient", "resource": "Patient", "select": [{"column": [
//!         {"name": "id", "path": "getResourceKey()", "type": "id"},
//!         {"name": "birth_date", "path": "birthDate", "type": "date"}]}]}"#,
//! )?;
//! let mut flattener = Flattener::new(Arc::new(Plan::compile(&[view], Types::Typed)?), 8192);
//! flattener.push(r#"{"resourceType": "Patient", "id": "p", "birthDate": "1970-06"}"#)?;
//! assert_eq!(flattener.finish()[0].rows.num_rows(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not do: follow references to other resources (their keys are columns to join by), make rows of contained
//! resources, read a clock or ask a terminology server. Units of time and metric ones are converted, others compare only
//! with their own. A function that is not there is refused with a message when the plan is compiled.

mod batch;
pub mod builtin;
mod chain;
mod code;
mod compile;
mod convert;
mod element;
mod error;
mod eval;
mod flattener;
mod functions;
mod item;
mod json;
pub mod lint;
mod nearest;
mod needed;
mod number;
mod path;
mod plan;
mod quantity;
mod rows;
pub mod schema;
mod strings;
mod tape;
mod temporal;
mod text;
mod types;
mod view;

pub use error::{FlattenError, ViewError, ViewWarning};
pub use flattener::{Flattener, TableBatch, resource_type};
pub use plan::{DESCRIPTION, FHIR_TYPE, Plan, Table};
pub use text::{CellText, cell_text, json_lines};
pub use types::Types;
pub use view::ViewDefinition;

/// Names of all functions that a path can call, in no order.
///
/// ```
/// assert!(twinlake_flatten::functions().any(|name| name == "getResourceKey"));
/// ```
pub fn functions() -> impl Iterator<Item = &'static str> {
    path::function_names()
}
