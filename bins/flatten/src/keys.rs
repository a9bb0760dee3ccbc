//! Keys beside the ids, so that SQL joins `fhir.*` and `omop.*` without hashing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use twinlake_flatten::DESCRIPTION;
use twinlake_omop::key;

/// The columns that are added behind those of the view, in this order.
const KEYS: [(&str, &str); 3] = [
    ("omop_key", "Key of the row in OMOP; a component has the key of its slot."),
    ("subject_key", "Key of the Patient in `subject_id`, a person_id in OMOP; null without one."),
    ("encounter_key", "Key of the Encounter in `encounter_id`, a visit_occurrence_id in OMOP; null without one."),
];

/// The schema with the key columns behind its own.
pub(crate) fn with_keys(schema: &SchemaRef) -> SchemaRef {
    let mut fields = schema.fields().to_vec();
    for (name, description) in KEYS {
        let metadata = [(DESCRIPTION.to_owned(), description.to_owned())];
        fields.push(Arc::new(Field::new(name, DataType::Int64, true).with_metadata(metadata.into())));
    }
    Arc::new(Schema::new(fields))
}

/// The rows with their keys, computed from the columns `id` (or `observation_id` with `component_index`), `subject_id` and
/// `encounter_id`. A column that the view does not have gives null.
pub(crate) fn add_keys(resource: &str, schema: &SchemaRef, rows: &RecordBatch) -> RecordBatch {
    let key = |id: &str| if resource == "Patient" { key::of_person(id) } else { key::of(resource, id) };
    let own = match (rows.column_by_name("component_index"), rows.column_by_name("observation_id")) {
        (Some(index), Some(ids)) => {
            let index = index.as_primitive::<Int32Type>();
            keys(Some(ids), |row, id| key::slot(key(id), u32::try_from(index.value(row)).unwrap_or_default() + 1))
        }
        _ => keys(rows.column_by_name("id"), |_, id| key(id)),
    };
    let subject = keys(rows.column_by_name("subject_id"), |_, id| key::of_person(id));
    let encounter = keys(rows.column_by_name("encounter_id"), |_, id| key::of("Encounter", id));
    let added = [own, subject, encounter].map(|keys| match keys {
        Some(keys) => Arc::new(keys) as ArrayRef,
        None => Arc::new(Int64Array::new_null(rows.num_rows())),
    });
    let columns = rows.columns().iter().cloned().chain(added).collect();
    RecordBatch::try_new(schema.clone(), columns).expect("the schema is that of the rows with three columns more")
}

fn keys(ids: Option<&ArrayRef>, key: impl Fn(usize, &str) -> i64) -> Option<Int64Array> {
    let ids = ids.filter(|ids| *ids.data_type() == DataType::Utf8)?.as_string::<i32>();
    Some(ids.iter().enumerate().map(|(row, id)| id.map(|id| key(row, id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinlake_flatten::{Flattener, Plan, Types, builtin};

    fn flattened(view: &str, resource: &str) -> RecordBatch {
        let view = builtin::views().into_iter().find(|known| known.name() == view).unwrap();
        let plan = Arc::new(Plan::compile(&[view], Types::Typed).unwrap());
        let mut flattener = Flattener::new(plan.clone(), 100);
        flattener.push(resource).unwrap();
        add_keys(plan.resource(), &with_keys(plan.tables()[0].schema()), &flattener.finish()[0].rows)
    }

    fn key_of(rows: &RecordBatch, name: &str) -> Vec<Option<i64>> {
        rows.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::Int64Type>().iter().collect()
    }

    #[test]
    fn keys_follow_the_id_rule() {
        let rows = flattened("patient", r#"{"resourceType": "Patient", "id": "p"}"#);
        assert_eq!(key_of(&rows, "omop_key"), [Some(key::of_person("p"))]);
        assert_eq!(key_of(&rows, "subject_key"), [None]);
        let rows = flattened(
            "observation_component",
            r#"{"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p"},
                "encounter": {"reference": "Encounter/e"}, "component": [{}, {}]}"#,
        );
        let own = key::of("Observation", "o");
        assert_eq!(key_of(&rows, "omop_key"), [Some(key::slot(own, 1)), Some(key::slot(own, 2))]);
        assert_eq!(key_of(&rows, "subject_key"), [Some(key::of_person("p")); 2]);
        assert_eq!(key_of(&rows, "encounter_key"), [Some(key::of("Encounter", "e")); 2]);
        let rows = flattened("condition", r#"{"resourceType": "Condition", "subject": {"reference": "Group/g"}}"#);
        assert_eq!((key_of(&rows, "omop_key"), key_of(&rows, "subject_key")), (vec![None], vec![None]));
    }
}
