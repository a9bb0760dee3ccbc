//! OMOP CDM v5.4: a struct, a spec and an Arrow schema per table, generated from one table of facts.
//!
//! Each of the 39 [tables](Table) has a struct ([`Person`], [`ConditionOccurrence`], …) that implements [`Row`];
//! [`AnyRow`] is a row of any of them. [`Cell`] is one value. [`key`] says how row keys are made.
//! The facts are in `spec/cdm_v5_4.csv`; `cargo xtask codegen` makes the code of [`tables`] from them.
//!
//! [`TableBuilder`] gathers rows to Arrow record batches, [`mod@write`] makes Parquet and CSV of them, and [`read`] reads what
//! others wrote into [`DynRow`]s. [`ddl`] has the tables as SQL.
//!
//! `Default` fills required fields too (keys and numbers with 0, dates with 1970-01-01), so that a row can be written as
//! a literal with `..Default::default()`; name every required field.
//!
//! ```
//! use twinlake_omop::{AnyRow, Cell, ConceptId, Person, Table};
//!
//! let row = AnyRow::from(Person {
//!     person_id: 7,
//!     gender_concept_id: ConceptId::new(8507),
//!     year_of_birth: 1970,
//!     ..Person::default()
//! });
//! assert_eq!(row.table(), Table::Person);
//! assert_eq!(row.key(), Some(7));
//! assert_eq!(row.cell(2), Cell::Int(1970));
//! ```

pub mod batch;
pub mod cell;
pub mod concept_id;
pub mod ddl;
pub mod key;
pub mod read;
pub mod row;
pub mod spec;
pub mod tables;
pub mod write;

pub use batch::TableBuilder;
pub use cell::Cell;
pub use concept_id::ConceptId;
pub use row::{DynRow, Row};
pub use spec::{FieldSpec, Kind, TableSpec};
pub use tables::*;
