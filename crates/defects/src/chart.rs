//! [`Chart`]: both sides of one patient.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use twinlake_fhir::Resource;
use twinlake_harmonize::{Shared, harmonize_patient};
use twinlake_omop::{DynRow, Table, key};
use twinlake_vocab::Vocab;

use crate::document::Document;

/// Both sides of one patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The person.
    pub person_id: i64,
    /// The patient's own resources, in the order in which they are written.
    pub fhir: Vec<Document>,
    /// The patient's rows, in that order too; costs and episodes' events, which name no person, among them.
    pub omop: Vec<DynRow>,
}

/// What stands around a patient.
pub struct Surroundings<'a> {
    /// The vocabulary that both sides are coded in.
    pub vocab: &'a Vocab,
    /// What patients share, as FHIR has it.
    pub shared: &'a Shared,
    /// The `person` row of another patient, by `person_id`; none when there is no such patient.
    pub person: &'a dyn Fn(i64) -> Option<DynRow>,
}

impl Chart {
    /// The first row of a table.
    pub(crate) fn row(&self, table: Table) -> Option<&DynRow> {
        self.omop.iter().find(|row| row.table == table)
    }

    /// The person's day of birth; none when less is known of it.
    pub(crate) fn birth_date(&self) -> Option<NaiveDate> {
        let person = self.row(Table::Person)?;
        let number = |column: &str| u32::try_from(person.cell(column).as_int()?).ok();
        let year = i32::try_from(person.cell("year_of_birth").as_int()?).ok()?;
        NaiveDate::from_ymd_opt(year, number("month_of_birth")?, number("day_of_birth")?)
    }

    /// The person's day of death.
    pub(crate) fn death_date(&self) -> Option<NaiveDate> {
        self.row(Table::Death)?.cell("death_date").as_date()
    }

    /// The row that a resource gives, if it gives one.
    pub(crate) fn row_of(&self, document: &Document) -> Option<(Table, i64)> {
        let key = match document.resource_type.as_str() {
            "Patient" => return Some((Table::Person, self.person_id)),
            resource_type => key::of(resource_type, &document.id),
        };
        self.omop.iter().find(|row| row.key() == Some(key) && row.person_id().is_some()).map(|row| (row.table, key))
    }

    /// The rows that patients of both sides have, made anew from the FHIR, so that both sides say the same.
    pub(crate) fn remap(&mut self, surroundings: &Surroundings<'_>) {
        let resources: Vec<Resource<'_>> =
            self.fhir.iter().filter_map(|document| Resource::from_json(&document.text).ok()).collect();
        let is_own =
            |table: Table| table.spec().person_column.is_some() || matches!(table, Table::Cost | Table::EpisodeEvent);
        let harmonized = harmonize_patient(surroundings.vocab, surroundings.shared, &resources);
        let rows: Vec<DynRow> = harmonized.rows.iter().map(DynRow::from).filter(|row| is_own(row.table)).collect();
        // What no FHIR says (a fact about two rows, say) goes with the row that it speaks of.
        let kept: BTreeSet<Option<i64>> = rows.iter().map(DynRow::key).collect();
        self.omop.retain(|row| match row.table {
            Table::FactRelationship => {
                kept.contains(&row.cell("fact_id_1").as_int()) && kept.contains(&row.cell("fact_id_2").as_int())
            }
            table => !is_own(table),
        });
        self.omop.extend(rows);
    }
}
