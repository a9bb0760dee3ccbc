//! Faults put into charts, and the key to them as Parquet.
//!
//! One row a fault:
//!
//! | column | |
//! | --- | --- |
//! | `person_id` | the person whose chart has it; each has at most one |
//! | `kind` | its kind, as `--list-defects` lists them |
//! | `side` | `fhir`, `omop` or `both` |
//! | `visible` | whether a validator could see it; what none could is not counted |
//! | `rule` | the rule that it breaks, or the ending of its name; null where the two sides disagree, or nothing finds it |
//! | `fhir_type`, `fhir_id` | the resource that it is in; null where only OMOP has it |
//! | `omop_table`, `omop_key` | the row that it is in, or that its resource gives; null where there is none |
//! | `field` | FHIR path or OMOP column; null where it is the whole |
//! | `before`, `after` | what stood there and what stands there; null where nothing does |

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use twinlake_defects::{Chart, Defect, Document, FoundBy, Plan, Surroundings, kinds};
use twinlake_harmonize::Shared;
use twinlake_omop::write::parquet_properties;
use twinlake_omop::{AnyRow, DynRow, Table};
use twinlake_synth::ids;
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_synth::timeline::Timeline;
use twinlake_task::PartialFile;

/// The plan, and what it needs to know of the cohort.
pub(crate) struct Defects<'a> {
    plan: &'a Plan,
    /// What patients share, as FHIR has it.
    shared: Shared,
}

impl<'a> Defects<'a> {
    pub(crate) fn new(plan: &'a Plan, context: &Context<'_>) -> Self {
        let mut shared = Shared::default();
        render::fhir_reference(context, &mut |resource| shared.read(&resource));
        Self { plan, shared }
    }

    /// Both sides of a patient with their fault, if they get one.
    pub(crate) fn chart(
        &self,
        context: &Context<'_>,
        model: &Model<'_>,
        timeline: &Timeline,
    ) -> Option<(Chart, Defect)> {
        let patient = timeline.patient;
        if !self.plan.concerns(patient) {
            return None;
        }
        let mut fhir = Vec::new();
        render::fhir(context, timeline, &mut |resource| {
            fhir.push(Document {
                resource_type: resource.resource_type().to_owned(),
                id: resource.id().unwrap_or_default().to_owned(),
                text: resource.to_json(),
            });
        });
        let omop = render::omop(context, timeline).iter().map(DynRow::from).collect();
        let mut chart = Chart { person_id: ids::patient(patient), fhir, omop };
        let person = |other: i64| {
            let timeline = model.draw(context.seed, u64::try_from(other).ok()?, context.as_of);
            let rows = if timeline.is_charted() { render::omop(context, &timeline) } else { Vec::new() };
            rows.iter().find(|row| matches!(row, AnyRow::Person(_))).map(DynRow::from)
        };
        let surroundings = Surroundings { vocab: context.vocab, shared: &self.shared, person: &person };
        let defect = self.plan.inject(patient, &mut chart, &surroundings)?;
        Some((chart, defect))
    }
}

/// The columns of the key.
pub(crate) fn schema() -> SchemaRef {
    let field = |name: &str, kind: DataType, nullable| Field::new(name, kind, nullable);
    Arc::new(Schema::new(vec![
        field("person_id", DataType::Int64, false),
        field("kind", DataType::Utf8, false),
        field("side", DataType::Utf8, false),
        field("visible", DataType::Boolean, false),
        field("rule", DataType::Utf8, true),
        field("fhir_type", DataType::Utf8, true),
        field("fhir_id", DataType::Utf8, true),
        field("omop_table", DataType::Utf8, true),
        field("omop_key", DataType::Int64, true),
        field("field", DataType::Utf8, true),
        field("before", DataType::Utf8, true),
        field("after", DataType::Utf8, true),
    ]))
}

/// Gathers the key.
#[derive(Default)]
pub(crate) struct AnswerRows {
    persons: Int64Builder,
    kinds: StringBuilder,
    sides: StringBuilder,
    visible: BooleanBuilder,
    rules: StringBuilder,
    fhir_types: StringBuilder,
    fhir_ids: StringBuilder,
    omop_tables: StringBuilder,
    omop_keys: Int64Builder,
    fields: StringBuilder,
    before: StringBuilder,
    after: StringBuilder,
}

impl AnswerRows {
    pub(crate) fn add(&mut self, defect: &Defect) {
        self.persons.append_value(defect.person_id);
        self.kinds.append_value(defect.kind.name);
        self.sides.append_value(defect.kind.side.as_str());
        self.visible.append_value(defect.kind.is_visible());
        self.rules.append_option(match defect.kind.found_by {
            FoundBy::Rule(rule) => Some(rule),
            FoundBy::Agreement | FoundBy::Nothing => None,
        });
        let resource = defect.resource.as_ref();
        self.fhir_types.append_option(resource.map(|(kind, _)| kind));
        self.fhir_ids.append_option(resource.map(|(_, id)| id));
        self.omop_tables.append_option(defect.row.map(|(table, _): (Table, _)| table.name()));
        self.omop_keys.append_option(defect.row.map(|(_, key)| key));
        self.fields.append_option(defect.field.as_ref());
        self.before.append_option(defect.before.as_ref());
        self.after.append_option(defect.after.as_ref());
    }

    pub(crate) fn finish(mut self) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.persons.finish()),
            Arc::new(self.kinds.finish()),
            Arc::new(self.sides.finish()),
            Arc::new(self.visible.finish()),
            Arc::new(self.rules.finish()),
            Arc::new(self.fhir_types.finish()),
            Arc::new(self.fhir_ids.finish()),
            Arc::new(self.omop_tables.finish()),
            Arc::new(self.omop_keys.finish()),
            Arc::new(self.fields.finish()),
            Arc::new(self.before.finish()),
            Arc::new(self.after.finish()),
        ];
        RecordBatch::try_new(schema(), columns).expect("a column for each field, all of one length")
    }
}

/// The key's file.
pub(crate) struct AnswersFile {
    writer: ArrowWriter<PartialFile>,
}

impl AnswersFile {
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let file = PartialFile::create(path.to_owned())?;
        let writer = ArrowWriter::try_new(file, schema(), Some(parquet_properties()));
        Ok(Self { writer: writer.context("beginning the key to the defects")? })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).context("writing the key to the defects")
    }

    pub(crate) fn complete(self) -> Result<()> {
        self.writer.into_inner().context("writing the key to the defects")?.complete()
    }
}

/// The kinds of defects as a table of Markdown, which `docs/defects.md` ends with.
pub(crate) fn list() -> String {
    let mut lines = String::from("| kind | what it does | found by |\n| --- | --- | --- |\n");
    for kind in kinds() {
        let found_by = match kind.found_by {
            FoundBy::Agreement => "the sides disagree".to_owned(),
            FoundBy::Rule(rule) => format!("`{rule}`"),
            FoundBy::Nothing => "nothing: not counted".to_owned(),
        };
        let line = format!("| `{}` | {} | {found_by} |\n", kind.name, kind.says);
        lines.push_str(&line);
    }
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_lists_the_kinds() {
        assert!(include_str!("../../../docs/defects.md").ends_with(&super::list()));
    }
}
