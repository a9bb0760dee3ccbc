//! [`Procedure`]: what is done, and who writes of it.

use serde::Deserialize;

use crate::key::Key;

/// A procedure: `procedures/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Minutes it takes, at least and at most.
    pub minutes: [u32; 2],
    /// The service that writes a report of what was seen, if one does.
    pub report: Option<ReportService>,
    /// What sort of procedure it is, of those that are ordered; each has a request.
    pub category: Option<ProcedureCategory>,
    /// Concept key of the device it leaves in the body, if it does.
    pub implants: Option<Key>,
    /// What makes the pictures; of imaging only, and of all of it.
    pub modality: Option<Modality>,
}

/// What makes the pictures of an examination, by DICOM's codes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub enum Modality {
    /// X-ray of the old kind, its plate read by a computer.
    #[serde(rename = "CR")]
    ComputedRadiography,
    /// Computed tomography.
    #[serde(rename = "CT")]
    ComputedTomography,
    /// Mammography.
    #[serde(rename = "MG")]
    Mammography,
    /// Ultrasound.
    #[serde(rename = "US")]
    Ultrasound,
}

/// A diagnostic service that writes reports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ReportService {
    Radiology,
    Cardiology,
}

/// Sort of a procedure that is ordered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ProcedureCategory {
    Imaging,
    Surgical,
    Evaluation,
    Counselling,
}
