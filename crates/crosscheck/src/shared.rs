//! [`SharedCheck`]: rows that belong to no person: providers, care sites, locations.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_fhir::Resource;
use twinlake_omop::{AnyRow, DynRow, Table};

use crate::context::SHARED;
use crate::finding::{Finding, Severity};
use crate::person::same;

/// Compares the rows of `provider`, `care_site` and `location` by key. Their number does not grow with the patients'.
#[derive(Clone, Debug, Default)]
pub struct SharedCheck {
    rendered: BTreeMap<(Table, i64), (DynRow, u64)>,
    expected: BTreeMap<(Table, i64), AnyRow>,
    resources: BTreeMap<(String, String, Option<u64>), u64>,
    excused: BTreeSet<i64>,
}

impl SharedCheck {
    /// Takes a row of OMOP; of other tables than the three it takes none.
    pub fn render(&mut self, row: &DynRow) {
        if let Some(key) = row.key().filter(|_| SHARED.contains(&row.table)) {
            self.rendered.entry((row.table, key)).or_insert_with(|| (row.clone(), 0)).1 += 1;
        }
    }

    /// Takes a row that FHIR gives: of [`twinlake_harmonize::Shared::rows`] and [`crate::PartitionReport::locations`].
    pub fn expect(&mut self, row: &AnyRow) {
        if let Some(key) = row.key().filter(|_| SHARED.contains(&row.table())) {
            self.expected.entry((row.table(), key)).or_insert_with(|| row.clone());
        }
    }

    /// Takes a Practitioner, PractitionerRole, Organization, Location or Medication, to notice those that come twice.
    pub fn read(&mut self, resource: &Resource<'_>) {
        let meta = match resource {
            Resource::Practitioner(resource) => &resource.meta,
            Resource::PractitionerRole(resource) => &resource.meta,
            Resource::Organization(resource) => &resource.meta,
            Resource::Location(resource) => &resource.meta,
            Resource::Medication(resource) => &resource.meta,
            _ => return,
        };
        let version = meta.as_ref().and_then(|meta| meta.version_id.as_deref()?.parse().ok());
        if let Some(id) = resource.id() {
            let key = (resource.resource_type().to_owned(), id.to_owned(), version);
            *self.resources.entry(key).or_default() += 1;
        }
    }

    /// Learns of locations whose absence on one side follows from that of their persons.
    pub(crate) fn excuse(&mut self, locations: &BTreeSet<i64>) {
        self.excused.extend(locations);
    }

    fn is_excused(&self, table: Table, key: i64) -> bool {
        table == Table::Location && self.excused.contains(&key)
    }

    /// The findings, by table and key. `foreign` makes those on FHIR warnings.
    ///
    /// Of a table that OMOP does not have at all there is none: [`crate::Accounting`] reports the table.
    pub fn findings(&self, foreign: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((resource_type, id, _), count) in self.resources.iter().filter(|(_, count)| **count > 1) {
            let severity = if foreign { Severity::Warning } else { Severity::Error };
            let message = format!("fhir.duplicate: {resource_type}/{id} comes {count} times with one version");
            let name = format!("{resource_type}/{id}");
            findings.push(
                Finding::on_fhir("fhir.duplicate", severity, message).of_resource(&name).saying(Some(name), None),
            );
        }
        for ((table, key), (row, count)) in &self.rendered {
            if *count > 1 {
                let message = format!("{table}.duplicate: {count} rows are {table} {key}");
                let says = Some(format!("{count} rows"));
                findings.push(Finding::on(*table, "duplicate", message).of_row(None, Some(*key)).saying(None, says));
            }
            match self.expected.get(&(*table, *key)) {
                Some(expected) => compare(expected, row, *key, &mut findings),
                None if self.is_excused(*table, *key) => {}
                None => {
                    let message = format!("{table}.missing_in_fhir: {table} {key} is from nothing that FHIR has");
                    let says = Some(format!("{table} {key}"));
                    let finding = Finding::on(*table, "missing_in_fhir", message);
                    findings.push(finding.of_row(None, Some(*key)).saying(None, says));
                }
            }
        }
        for ((table, key), row) in &self.expected {
            let has_table = self.rendered.keys().any(|(other, _)| other == table);
            if has_table && !self.rendered.contains_key(&(*table, *key)) && !self.is_excused(*table, *key) {
                let says = source_of(row).unwrap_or_else(|| "FHIR".to_owned());
                let message = format!("{table}.missing_in_omop: {says} gives {table} {key}, which OMOP does not have");
                let finding = Finding::on(*table, "missing_in_omop", message);
                findings.push(finding.of_row(None, Some(*key)).saying(Some(says), None));
            }
        }
        findings
    }

    /// The rows of OMOP, one a key.
    pub(crate) fn rendered(&self) -> impl Iterator<Item = &DynRow> {
        self.rendered.values().map(|(row, _)| row)
    }

    /// How many rows FHIR gives for a table.
    pub(crate) fn expected_rows(&self, table: Table) -> u64 {
        self.expected.keys().filter(|(other, _)| *other == table).count() as u64
    }
}

fn source_of(row: &AnyRow) -> Option<String> {
    match row {
        AnyRow::Provider(row) => row.provider_source_value.as_ref().map(|id| format!("Practitioner/{id}")),
        AnyRow::CareSite(row) => row.care_site_source_value.clone(),
        _ => None,
    }
}

fn compare(expected: &AnyRow, actual: &DynRow, key: i64, findings: &mut Vec<Finding>) {
    let table = actual.table;
    let source = source_of(expected).unwrap_or_else(|| "FHIR".to_owned());
    for (column, field) in table.spec().fields.iter().enumerate() {
        let (says, holds) = (expected.cell(column), &actual.cells[column]);
        if same(&says, holds) {
            continue;
        }
        let name = field.name;
        let message = format!("{table}.{name}: {source} says {says}, {table} {key} says {holds}");
        let finding = Finding::on(table, name, message).of_row(None, Some(key));
        findings.push(finding.saying(Some(says.to_string()), Some(holds.to_string())));
    }
}
