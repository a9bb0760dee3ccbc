//! Where the columns that rules speak of stand in each table.

use std::sync::OnceLock;

use twinlake_omop::{Kind, Table};

/// Places of a table's columns that many rules need.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Day on which the row begins.
    pub(crate) start: Option<usize>,
    /// Day on which it ends.
    pub(crate) end: Option<usize>,
    /// The same with time.
    pub(crate) start_at: Option<usize>,
    pub(crate) end_at: Option<usize>,
    /// The visit it belongs to; of a visit, none.
    pub(crate) visit: Option<usize>,
    /// The row's own standard concept.
    pub(crate) concept: Option<usize>,
}

impl Layout {
    pub(crate) fn of(table: Table) -> &'static Layout {
        static LAYOUTS: [OnceLock<Layout>; Table::ALL.len()] = [const { OnceLock::new() }; Table::ALL.len()];
        LAYOUTS[table as usize].get_or_init(|| {
            let fields = table.spec().fields;
            let first = |kind: Kind, found: &dyn Fn(&str) -> bool| {
                fields.iter().position(|field| field.kind == kind && found(field.name))
            };
            let is_end = |name: &str| name.contains("_end_") || name == "verbatim_end_date";
            Layout {
                start: first(Kind::Date, &|name| !is_end(name)),
                end: first(Kind::Date, &|name| name.contains("_end_")),
                start_at: first(Kind::DateTime, &|name| !is_end(name)),
                end_at: first(Kind::DateTime, &|name| name.contains("_end_")),
                visit: fields
                    .iter()
                    .position(|field| field.name == "visit_occurrence_id")
                    .filter(|_| table != Table::VisitOccurrence),
                concept: first(Kind::Concept, &|name| !name.ends_with("_type_concept_id")),
            }
        })
    }
}

/// Whether the table holds what happened to a person, one row an event; eras and observation periods are made of those.
pub(crate) fn is_event(table: Table) -> bool {
    let spec = table.spec();
    let derived = matches!(
        table,
        Table::Person
            | Table::Death
            | Table::ConditionEra
            | Table::DrugEra
            | Table::DoseEra
            | Table::ObservationPeriod
            | Table::PayerPlanPeriod
    );
    !derived && spec.person_column.is_some() && spec.key_column.is_some()
}
