//! The lake's tables, as this program makes them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use twinlake_lake::LakeTable;
use twinlake_omop::Table;

/// Events, the tables that grow with patients and years: partitioned by load date.
const EVENTS: [Table; 10] = [
    Table::VisitOccurrence,
    Table::ConditionOccurrence,
    Table::DrugExposure,
    Table::ProcedureOccurrence,
    Table::Measurement,
    Table::Observation,
    Table::Specimen,
    Table::Note,
    Table::DrugEra,
    Table::Cost,
];

/// An OMOP table in the lake, sorted by person where it has one.
pub(crate) fn omop(table: Table) -> LakeTable {
    let spec = table.spec();
    let person = spec.person_column.map(|column| spec.fields[column].name.to_owned());
    LakeTable {
        namespace: "omop".into(),
        name: table.name().into(),
        schema: table.schema(),
        keys: Vec::new(),
        partitioned_by_dt: EVENTS.contains(&table),
        sort: person.into_iter().collect(),
    }
}

/// A flattened resource type.
pub(crate) fn fhir(name: &str, schema: SchemaRef) -> LakeTable {
    let large = matches!(
        name,
        "observation"
            | "observation_component"
            | "encounter"
            | "condition"
            | "medication_request"
            | "medication_administration"
            | "medication_dispense"
            | "claim"
            | "claim_diagnosis"
            | "claim_item"
            | "explanation_of_benefit"
            | "explanation_of_benefit_adjudication"
            | "explanation_of_benefit_item"
            | "diagnostic_report"
            | "diagnostic_report_result"
            | "document_reference"
            | "provenance"
            | "provenance_agent"
            | "provenance_target"
            | "service_request"
            | "specimen"
    );
    LakeTable {
        namespace: "fhir".into(),
        name: name.into(),
        schema,
        keys: Vec::new(),
        partitioned_by_dt: large,
        sort: Vec::new(),
    }
}

/// Every disagreement and broken rule, `quality.findings`.
pub(crate) fn findings() -> LakeTable {
    quality(
        "findings",
        vec![
            Field::new("rule", DataType::Utf8, false),
            Field::new("severity", DataType::Utf8, false),
            Field::new("table_name", DataType::Utf8, true),
            Field::new("column_name", DataType::Utf8, true),
            Field::new("person_id", DataType::Int64, true),
            Field::new("row_key", DataType::Int64, true),
            Field::new("fhir", DataType::Utf8, true),
            Field::new("omop", DataType::Utf8, true),
            Field::new("message", DataType::Utf8, false),
        ],
    )
}

/// What has no home in OMOP, counted, `quality.losses`.
pub(crate) fn losses() -> LakeTable {
    quality(
        "losses",
        vec![
            Field::new("kind", DataType::Utf8, false),
            Field::new("resource_type", DataType::Utf8, true),
            Field::new("name", DataType::Utf8, false),
            Field::new("code_system", DataType::Utf8, true),
            Field::new("n", DataType::Int64, false),
        ],
    )
}

fn quality(name: &str, fields: Vec<Field>) -> LakeTable {
    LakeTable {
        namespace: "quality".into(),
        name: name.into(),
        schema: Arc::new(Schema::new(fields)),
        keys: Vec::new(),
        partitioned_by_dt: false,
        sort: Vec::new(),
    }
}
