//! Seeded patients: one timeline, rendered as FHIR R4 and as OMOP CDM v5.4.
//!
//! A patient is drawn once, as a [`timeline::Timeline`], and rendered twice: [`render::fhir`] gives resources,
//! [`render::omop`] gives rows. Keys and FHIR ids ([`ids`]) are pure functions of patient, stream and ordinal, so the
//! two join without a crosswalk. What all patients share is the [`reference`] set.

pub mod chart;
pub mod cohort;
pub mod ids;
pub mod reference;
pub mod render;
pub mod seed;
pub mod simulate;
pub mod timeline;
pub mod truth;
