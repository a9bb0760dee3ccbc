//! SQL on FHIR: a [`ViewDefinition`] becomes a compiled [`Plan`], and a [`Flattener`] runs it over the JSON text of
//! resources into Arrow record batches, whose schema is known from the view alone.
//!
//! The language is that of SQL on FHIR 2.0 and 3.0-ballot: `select`, `column`, `forEach`, `forEachOrNull`, `repeat`,
//! `unionAll`, `where`, `constant`, `%rowIndex`, and the FHIRPath subset of shareable views with `join`, `lowBoundary` and
//! `highBoundary`. Numbers keep the digits they were written with. [`builtin`] has the views of the lake's `fhir` tables.
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
//! What it does not do: resolve references to other resources, look into contained resources, and the parts of FHIRPath
//! that views do not share (each is refused with a message when the plan is compiled).

mod batch;
pub mod builtin;
mod chain;
mod code;
mod compile;
mod element;
mod error;
mod eval;
mod flattener;
mod functions;
mod item;
mod json;
pub mod lint;
mod needed;
mod number;
mod path;
mod plan;
mod r4;
mod rows;
pub mod schema;
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
