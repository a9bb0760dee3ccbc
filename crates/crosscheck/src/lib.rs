//! Findings: rules on FHIR, rules on OMOP, and their agreement row by row.
//!
//! FHIR is mapped to OMOP by `twinlake-harmonize`; its rows are the witness against the OMOP rows at hand, whoever made
//! those. [`PartitionCheck`] compares all that both sides hold of person after person, [`SharedCheck`] the rows that persons
//! share, [`CostCheck`] what was paid, and [`Accounting`] adds up and finds what only the whole can tell. This crate knows
//! nothing of the generator: a proof must not share code with its claim.
//!
//! Each [`Finding`] names both sides. One fault gives one kind of finding: what follows from a finding is not found
//! again. A missing visit is one finding, not one for each event of it; a missing table is one finding; the events of a
//! missing person are not listed; eras and observation periods may follow from either side where their events differ.
//!
//! The order of work: learn the OMOP side ([`OmopSide::count`], [`SharedCheck::render`]) and the shared resources
//! ([`twinlake_harmonize::Shared`], [`OmopSide::expect`], [`SharedCheck::expect`], [`SharedCheck::read`], [`FhirSide::expect`],
//! [`check_resource`]); then check partition after partition; then [`CostCheck::findings`] of what they cost, and
//! [`Accounting::finish`], which gives a [`Ledger`]: every finding counted, as many kept as its [`Terms`] say.
//!
//! # Rules
//!
//! [`rules`] lists them: each [`Rule`] says in one sentence what must hold, where that is from, and how a person finds what
//! breaks it. [`rule_results`] says of each how it ended; one that could not run is an error, never a pass.

mod accounting;
mod agreement;
mod answers;
mod context;
mod cost;
mod episode_event;
mod era;
mod fhir;
mod finding;
mod layout;
mod ledger;
mod omop;
mod partition;
mod person;
mod registry;
mod shared;

pub use accounting::{Accounting, errors};
pub use answers::{Answer, Score, Tally};
pub use context::{Context, OmopSide};
pub use cost::CostCheck;
pub use fhir::{FhirSide, MustSupport, ProfileScore, check_resource};
pub use finding::{Finding, Severity};
pub use ledger::{Baseline, Count, Ledger, RuleFilter, Terms};
pub use partition::{PartitionCheck, PartitionReport, ResourceText, check_partition};
pub use registry::{Counted, Family, Over, Rule, RuleResult, Status, is_checked, rule, rule_results, rules};
pub use shared::SharedCheck;
