//! What a table of the lake is: its columns, its order, and how it meets a table that is already there.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use iceberg::TableIdent;
use iceberg::arrow::{arrow_schema_to_schema_auto_assign_ids, schema_to_arrow_schema};
use iceberg::spec::{NullOrder, Schema, SortDirection, SortField, SortOrder, Transform, UnboundPartitionSpec};

use crate::LakeError;

/// Column with the id of the run that wrote the row; in every table, never null.
pub const RUN_ID_COLUMN: &str = "pipeline_run_id";

/// Column with the load date of the run that wrote the row; in every table, never null.
pub const LOAD_DATE_COLUMN: &str = "dt";

/// A table as its writers see it.
///
/// The lake appends [`RUN_ID_COLUMN`] and [`LOAD_DATE_COLUMN`] to the columns and assigns field ids itself.
#[derive(Clone, Debug)]
pub struct LakeTable {
    /// Namespace: `fhir`, `omop`, `quality` or `ops`.
    pub namespace: String,
    /// Name within the namespace, e.g. `measurement`.
    pub name: String,
    /// Columns without field ids. Timestamps are microseconds without a zone, as Athena and Glue know no other.
    pub schema: SchemaRef,
    /// Columns that name a row within a run. Recorded with the table, not enforced by it.
    pub keys: Vec<String>,
    /// Large tables are partitioned by load date, small ones not at all.
    pub partitioned_by_dt: bool,
    /// Order in which the rows of a file arrive, e.g. `person_id`. Recorded; the writer does not sort.
    pub sort: Vec<String>,
}

impl LakeTable {
    /// `<namespace>.<name>`, the name by which a table is committed.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }

    /// The columns as the lake holds them: the table's own, then run id and load date.
    pub(crate) fn lake_schema(&self) -> ArrowSchema {
        let mut fields: Vec<Arc<Field>> = self.schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(RUN_ID_COLUMN, DataType::Utf8, false)));
        fields.push(Arc::new(Field::new(LOAD_DATE_COLUMN, DataType::Date32, false)));
        ArrowSchema::new(fields)
    }

    /// The Iceberg schema of a new table.
    pub(crate) fn iceberg_schema(&self) -> Result<Schema, LakeError> {
        let name = self.full_name();
        let schema = arrow_schema_to_schema_auto_assign_ids(&self.lake_schema())
            .map_err(LakeError::iceberg("make the schema of", &name))?;
        let mut keys = Vec::new();
        for key in self.keys.iter().map(String::as_str).chain([RUN_ID_COLUMN]) {
            let field = schema.field_by_name(key).ok_or_else(|| self.no_column(key))?;
            if !field.required {
                return Err(LakeError::Schema { table: name, difference: format!("key column `{key}` may be null") });
            }
            keys.push(field.id);
        }
        schema
            .into_builder()
            .with_identifier_field_ids(keys)
            .build()
            .map_err(LakeError::iceberg("make the schema of", &name))
    }

    /// Identity of the load date for large tables, nothing for small ones.
    pub(crate) fn partition_spec(&self, schema: &Schema) -> Result<UnboundPartitionSpec, LakeError> {
        let spec = UnboundPartitionSpec::builder().with_spec_id(0);
        if !self.partitioned_by_dt {
            return Ok(spec.build());
        }
        let load_date = schema.field_id_by_name(LOAD_DATE_COLUMN).ok_or_else(|| self.no_column(LOAD_DATE_COLUMN))?;
        Ok(spec
            .add_partition_field(load_date, LOAD_DATE_COLUMN, Transform::Identity)
            .map_err(LakeError::iceberg("partition", self.full_name()))?
            .build())
    }

    /// Ascending by each sort column, nulls first.
    pub(crate) fn sort_order(&self, schema: &Schema) -> Result<SortOrder, LakeError> {
        let mut order = SortOrder::builder();
        for column in &self.sort {
            let source = schema.field_id_by_name(column).ok_or_else(|| self.no_column(column))?;
            order.with_sort_field(
                SortField::builder()
                    .source_id(source)
                    .transform(Transform::Identity)
                    .direction(SortDirection::Ascending)
                    .null_order(NullOrder::First)
                    .build(),
            );
        }
        order.build(schema).map_err(LakeError::iceberg("order", self.full_name()))
    }

    /// The optional columns that the table in the lake still lacks.
    ///
    /// # Errors
    ///
    /// [`LakeError::Schema`] when a column differs in type or nullability, when a required column is missing in the
    /// lake, or when the lake has a required column that this table does not fill.
    pub(crate) fn columns_to_add(&self, present: &Schema) -> Result<Vec<Arc<Field>>, LakeError> {
        let present =
            schema_to_arrow_schema(present).map_err(LakeError::iceberg("read the schema of", self.full_name()))?;
        let wanted = self.lake_schema();
        let differs = |difference: String| LakeError::Schema { table: self.full_name(), difference };
        let mut missing = Vec::new();
        for field in wanted.fields() {
            let column = field.name();
            match present.field_with_name(column) {
                Ok(there) if !same_type(there.data_type(), field.data_type()) => {
                    return Err(differs(format!(
                        "column `{column}` is {} in the lake, and {} here",
                        there.data_type(),
                        field.data_type()
                    )));
                }
                Ok(there) if there.is_nullable() != field.is_nullable() => {
                    let word = |nullable| if nullable { "optional" } else { "required" };
                    return Err(differs(format!(
                        "column `{column}` is {} in the lake, and {} here",
                        word(there.is_nullable()),
                        word(field.is_nullable())
                    )));
                }
                Ok(_) => {}
                Err(_) if field.is_nullable() => missing.push(Arc::clone(field)),
                Err(_) => {
                    return Err(differs(format!(
                        "required column `{column}` is not in the lake, whose rows would have no value for it"
                    )));
                }
            }
        }
        for there in present.fields() {
            if wanted.field_with_name(there.name()).is_err() && !there.is_nullable() {
                return Err(differs(format!("column `{}` is required in the lake, and absent here", there.name())));
            }
        }
        Ok(missing)
    }

    fn no_column(&self, column: &str) -> LakeError {
        LakeError::Schema { table: self.full_name(), difference: format!("there is no column `{column}`") }
    }
}

/// Whether two Arrow types are one Iceberg type, so that converting between them loses nothing.
pub(crate) fn same_type(one: &DataType, other: &DataType) -> bool {
    use DataType::{Binary, BinaryView, LargeBinary, LargeList, LargeUtf8, List, Struct, Utf8, Utf8View};
    match (one, other) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        (List(one) | LargeList(one), List(other) | LargeList(other)) => same_type(one.data_type(), other.data_type()),
        (Struct(one), Struct(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.name() == other.name() && same_type(one.data_type(), other.data_type()))
        }
        (one, other) => one == other,
    }
}

/// Reads `<namespace>.<table>`.
pub(crate) fn table_ident(name: &str) -> Result<TableIdent, LakeError> {
    match name.split_once('.') {
        Some((namespace, table)) if !namespace.is_empty() && !table.is_empty() && !table.contains('.') => {
            TableIdent::from_strs([namespace, table]).map_err(LakeError::iceberg("name table", name))
        }
        _ => Err(LakeError::TableName { name: name.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_has_two_parts() {
        assert_eq!(table_ident("omop.person").unwrap().name(), "person");
        for wrong in ["person", "omop.", ".person", "a.b.c"] {
            assert!(matches!(table_ident(wrong), Err(LakeError::TableName { .. })));
        }
    }

    #[test]
    fn text_widths_are_one_type_and_integer_widths_are_not() {
        assert!(same_type(&DataType::Utf8, &DataType::LargeUtf8));
        assert!(!same_type(&DataType::Int32, &DataType::Int64));
        let list = |inner| DataType::List(Arc::new(Field::new("item", inner, true)));
        assert!(same_type(&list(DataType::Utf8), &list(DataType::Utf8View)));
        assert!(!same_type(&list(DataType::Utf8), &DataType::Utf8));
    }

    #[test]
    fn a_key_must_be_a_required_column() {
        let table = LakeTable {
            namespace: "omop".into(),
            name: "person".into(),
            schema: Arc::new(ArrowSchema::new(vec![Field::new("person_id", DataType::Int64, true)])),
            keys: vec!["person_id".into()],
            partitioned_by_dt: false,
            sort: vec![],
        };
        let error = table.iceberg_schema().unwrap_err().to_string();
        assert_eq!(error, "table `omop.person` has another schema: key column `person_id` may be null");
    }
}
