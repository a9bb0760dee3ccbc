//! The truth behind the charts as Parquet: what happened and why, and where each rendering has it.
//!
//! One row an event and OMOP row of it (an event without a row in OMOP has one too):
//!
//! | column | |
//! | --- | --- |
//! | `patient_id` | number of the patient, the `person_id` |
//! | `kind` | `patient`, `encounter`, `problem`, `diagnosis`, `observation`, … |
//! | `event_id` | key of the event; of a patient its number |
//! | `cause` | file of the model pack that caused it; null of a patient and a death |
//! | `concept` | key of its concept in the pack's terminology; of a death what the patient died of; null where it has none |
//! | `onset_date` | first day on which it was so |
//! | `recorded_date` | day on which it was written down |
//! | `fhir_type`, `fhir_id` | its resource; null where it has none of its own |
//! | `omop_table`, `omop_key` | its row, `person_id` for a death; null where it makes none |
//! | `chart` | what the chart layer did to it (`missing`, `late`, `duplicate`, `local-code`, `unit-spelling`), with commas; null where nothing |
//! | `latent_<key>` | the patient's latent state on `onset_date`, for each latent of the pack, in its unit |

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{ArrayRef, Date32Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use twinlake_omop::write::parquet_properties;
use twinlake_synth::render::Context;
use twinlake_synth::simulate::{Model, States};
use twinlake_synth::timeline::Timeline;
use twinlake_synth::truth::Truth;
use twinlake_task::PartialFile;

/// The columns, of which the last are the model's latents.
pub(crate) fn schema(model: &Model<'_>) -> SchemaRef {
    let field = |name: &str, kind: DataType, nullable| Field::new(name, kind, nullable);
    let mut fields = vec![
        field("patient_id", DataType::Int64, false),
        field("kind", DataType::Utf8, false),
        field("event_id", DataType::Int64, false),
        field("cause", DataType::Utf8, true),
        field("concept", DataType::Utf8, true),
        field("onset_date", DataType::Date32, false),
        field("recorded_date", DataType::Date32, false),
        field("fhir_type", DataType::Utf8, true),
        field("fhir_id", DataType::Utf8, true),
        field("omop_table", DataType::Utf8, true),
        field("omop_key", DataType::Int64, true),
        field("chart", DataType::Utf8, true),
    ];
    fields.extend(model.latent_keys().map(|key| field(&format!("latent_{key}"), DataType::Float64, false)));
    Arc::new(Schema::new(fields))
}

/// Gathers the truth of patients.
pub(crate) struct TruthRows {
    schema: SchemaRef,
    patients: Int64Builder,
    kinds: StringBuilder,
    events: Int64Builder,
    causes: StringBuilder,
    concepts: StringBuilder,
    onsets: Date32Builder,
    recorded: Date32Builder,
    fhir_types: StringBuilder,
    fhir_ids: StringBuilder,
    omop_tables: StringBuilder,
    omop_keys: Int64Builder,
    charts: StringBuilder,
    latents: Vec<Float64Builder>,
    state: Vec<f64>,
}

impl TruthRows {
    pub(crate) fn new(model: &Model<'_>) -> Self {
        Self {
            schema: schema(model),
            patients: Int64Builder::new(),
            kinds: StringBuilder::new(),
            events: Int64Builder::new(),
            causes: StringBuilder::new(),
            concepts: StringBuilder::new(),
            onsets: Date32Builder::new(),
            recorded: Date32Builder::new(),
            fhir_types: StringBuilder::new(),
            fhir_ids: StringBuilder::new(),
            omop_tables: StringBuilder::new(),
            omop_keys: Int64Builder::new(),
            charts: StringBuilder::new(),
            latents: model.latent_keys().map(|_| Float64Builder::new()).collect(),
            state: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, context: &Context<'_>, timeline: &Timeline, states: &States<'_>) {
        let truth = Truth::new(context, timeline);
        let patient = truth.facts.first().map_or(0, |patient| patient.key);
        for entry in &truth.entries {
            let fact = &truth.facts[entry.fact];
            self.patients.append_value(patient);
            self.kinds.append_value(fact.kind);
            self.events.append_value(fact.key);
            self.causes.append_option(fact.cause);
            self.concepts.append_option(fact.concept.map(|concept| context.pack.concept(concept).key));
            self.onsets.append_value(Date32Type::from_naive_date(fact.onset));
            self.recorded.append_value(Date32Type::from_naive_date(fact.recorded));
            let fhir = entry.fhir.as_ref();
            self.fhir_types.append_option(fhir.map(|(kind, _)| kind));
            self.fhir_ids.append_option(fhir.map(|(_, id)| id));
            self.omop_tables.append_option(entry.omop.map(|(table, _)| table.name()));
            self.omop_keys.append_option(entry.omop.map(|(_, key)| key));
            let deeds: Vec<&str> = fact.chart.iter().map(|deed| deed.as_str()).collect();
            self.charts.append_option((!deeds.is_empty()).then(|| deeds.join(",")));
            states.at(fact.onset, &mut self.state);
            for (column, value) in self.latents.iter_mut().zip(&self.state) {
                column.append_value(*value);
            }
        }
    }

    pub(crate) fn finish(mut self) -> RecordBatch {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.patients.finish()),
            Arc::new(self.kinds.finish()),
            Arc::new(self.events.finish()),
            Arc::new(self.causes.finish()),
            Arc::new(self.concepts.finish()),
            Arc::new(self.onsets.finish()),
            Arc::new(self.recorded.finish()),
            Arc::new(self.fhir_types.finish()),
            Arc::new(self.fhir_ids.finish()),
            Arc::new(self.omop_tables.finish()),
            Arc::new(self.omop_keys.finish()),
            Arc::new(self.charts.finish()),
        ];
        columns.extend(self.latents.iter_mut().map(|latent| Arc::new(latent.finish()) as ArrayRef));
        RecordBatch::try_new(self.schema, columns).expect("a column for each field, all of one length")
    }
}

/// `truth.parquet`, or `truth.<shard>.parquet`, in a folder.
pub(crate) struct TruthFile {
    writer: ArrowWriter<PartialFile>,
}

impl TruthFile {
    pub(crate) fn new(folder: &Path, shard: Option<&str>, model: &Model<'_>) -> Result<Self> {
        let name = shard.map_or_else(|| "truth.parquet".to_owned(), |shard| format!("truth.{shard}.parquet"));
        let file = PartialFile::create(folder.join(name))?;
        let writer = ArrowWriter::try_new(file, schema(model), Some(parquet_properties()));
        Ok(Self { writer: writer.context("beginning the truth's file")? })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).context("writing the truth")
    }

    pub(crate) fn complete(self) -> Result<()> {
        self.writer.into_inner().context("writing the truth")?.complete()
    }
}
