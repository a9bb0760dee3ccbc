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

/// Disagreements and broken rules, `quality.findings`; of each rule as many as are kept.
pub(crate) fn findings() -> LakeTable {
    quality("findings", twinlake_validate::findings_schema())
}

/// How each rule ended, `quality.rule_results`.
pub(crate) fn rule_results() -> LakeTable {
    quality("rule_results", twinlake_validate::rule_results_schema())
}

/// What has no home in OMOP, counted, `quality.losses`.
pub(crate) fn losses() -> LakeTable {
    let fields = vec![
        Field::new("kind", DataType::Utf8, false),
        Field::new("resource_type", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, false),
        Field::new("code_system", DataType::Utf8, true),
        Field::new("n", DataType::Int64, false),
    ];
    quality("losses", Arc::new(Schema::new(fields)))
}

fn quality(name: &str, schema: SchemaRef) -> LakeTable {
    LakeTable {
        namespace: "quality".into(),
        name: name.into(),
        schema,
        keys: Vec::new(),
        partitioned_by_dt: false,
        sort: Vec::new(),
    }
}
