//! Where patients go.

use anyhow::Result;
use arrow::record_batch::RecordBatch;
use twinlake_omop::Table;

/// How FHIR is handed to its sink.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FhirFormat {
    /// Lines of NDJSON, by type.
    Ndjson,
    /// Whole Bundles of type `collection`: one a patient, and one for what they share.
    Collection,
    /// Whole Bundles of type `transaction`: one a patient, and one for what they share, which a server is given first.
    Transaction,
}

/// A piece of FHIR: lines of one resource type, or a Bundle. Compressed pieces may be put one after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FhirPart {
    /// The resource type of the lines; of a Bundle the name of its file, the patient's id or `reference`.
    pub name: String,
    /// Resources in it.
    pub n_resources: u64,
    /// The bytes, compressed as asked.
    pub bytes: Vec<u8>,
}

/// Takes FHIR.
pub trait FhirSink {
    /// Takes a piece; pieces of one type come in the order of patients.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; the work then ends.
    fn write(&mut self, part: &FhirPart) -> Result<()>;
}

/// Takes OMOP.
pub trait OmopSink {
    /// Takes rows of a table, with the table's schema; they come in the order of patients.
    ///
    /// # Errors
    ///
    /// When they cannot be kept; the work then ends.
    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<()>;
}

/// Where each of what is made goes; what has no sink is not made.
#[derive(Default)]
pub struct Sinks<'s> {
    /// FHIR.
    pub fhir: Option<&'s mut dyn FhirSink>,
    /// OMOP.
    pub omop: Option<&'s mut dyn OmopSink>,
    /// The truth behind the charts.
    pub truth: Option<BatchSink<'s>>,
    /// The key to the defects.
    pub answers: Option<BatchSink<'s>>,
}

/// Takes rows of the truth behind the charts, or of the key to defects, in the order of patients; their columns are those
/// of `generate --truth` and `generate --defects`.
pub type BatchSink<'s> = &'s mut dyn FnMut(&RecordBatch) -> Result<()>;
