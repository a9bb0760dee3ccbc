//! Findings: rules on FHIR, rules on OMOP, and their agreement row by row.
//!
//! FHIR is mapped to OMOP by `twinlake-harmonize`; its rows are the witness against the OMOP rows at hand, whoever made
//! those. [`check_partition`] compares all that both sides hold of some persons, [`SharedCheck`] the rows that persons
//! share, [`CostCheck`] what was paid, and [`Accounting`] adds up and finds what only the whole can tell. This crate knows nothing of the generator: a
//! proof must not share code with its claim.
//!
//! Each [`Finding`] names both sides. One fault gives one kind of finding: what follows from a finding is not found
//! again. A missing visit is one finding, not one for each event of it; a missing table is one finding; the events of a
//! missing person are not listed; eras and observation periods may follow from either side where their events differ.
//!
//! The order of work: learn the OMOP side ([`OmopSide::count`], [`SharedCheck::render`]) and the shared resources
//! ([`twinlake_harmonize::Shared`], [`OmopSide::expect`], [`SharedCheck::expect`], [`SharedCheck::read`]); then check partition after
//! partition; then [`CostCheck::findings`] of what they cost, and [`Accounting::finish`].
//!
//! # Rules
//!
//! | rule | what it says |
//! | --- | --- |
//! | `{table}.{column}` | both sides have the row and differ in the column; or OMOP's value is absent though required, of a wrong type, too long, or refers to nothing |
//! | `{table}.missing` | OMOP lacks a table for which FHIR gives rows |
//! | `{table}.missing_in_omop`, `{table}.missing_in_fhir` | a row that one side has |
//! | `{table}.duplicate` | several rows have one key |
//! | `{table}.person_id` | a row of nobody, or of another person than FHIR says |
//! | `person.identity` | OMOP's person is another human being than FHIR's |
//! | `person.birth_date`, `person.birth_precision` | the births differ; a part of the birth is on one side only |
//! | `{table}.end_before_start`, `.before_birth`, `.after_death`, `.outside_observation_period` | days that cannot be |
//! | `{table}.too_young`, `.too_old`, `.wrong_sex`, `.without_cause` | the pack's constraints |
//! | `condition_era.recomputed`, `drug_era.recomputed`, `observation_period.recomputed` | does not follow from OMOP's own events |
//! | `cost.total_paid` | payer and patient paid what was paid |
//! | `observation_period.overlap` | periods overlap, or follow without a day between |
//! | `patient.birth_date`, `patient.gender` | FHIR does not say it |
//! | `fhir.duplicate`, `fhir.subject`, `fhir.unreadable` | a resource twice in one version, of no patient, that cannot be read |

mod accounting;
mod agreement;
mod context;
mod cost;
mod era;
mod fhir;
mod finding;
mod layout;
mod partition;
mod person;
mod rules;
mod shared;

pub use accounting::{Accounting, errors};
pub use context::{Context, OmopSide};
pub use cost::CostCheck;
pub use fhir::person_of;
pub use finding::{Finding, Severity};
pub use partition::{PartitionReport, check_partition};
pub use shared::SharedCheck;
