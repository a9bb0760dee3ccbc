//! [`Structure`]: which tables and columns the OMOP side has.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_omop::Table;

use crate::finding::{Finding, Severity};

/// The tables of the OMOP side as they lie there. Without any, as when rows come from elsewhere, nothing can be said of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Structure {
    /// Columns that a table lacks.
    tables: BTreeMap<Table, BTreeSet<&'static str>>,
}

impl Structure {
    /// Learns of a file of a table and its columns; of a table without a file, `columns` is none.
    pub(crate) fn declare<C: AsRef<str>>(&mut self, table: Table, columns: Option<&[C]>) {
        let lacking = self.tables.entry(table).or_default();
        let Some(columns) = columns else { return };
        let has = |name: &str| columns.iter().any(|column| column.as_ref().eq_ignore_ascii_case(name));
        lacking.extend(table.spec().fields.iter().map(|field| field.name).filter(|name| !has(name)));
    }

    /// How many tables there are.
    pub(crate) fn n_tables(&self) -> u64 {
        self.tables.len() as u64
    }

    pub(crate) fn lacks(&self, table: Table, column: &str) -> bool {
        self.tables.get(&table).is_some_and(|lacking| lacking.contains(column))
    }

    /// Tables and columns that are not there; of those in `said` another rule speaks.
    pub(crate) fn findings(&self, said: &BTreeSet<Table>) -> Vec<Finding> {
        if self.tables.is_empty() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for table in Table::ALL.into_iter().filter(|table| is_asked_for(*table) && !said.contains(table)) {
            let Some(lacking) = self.tables.get(&table) else {
                let message = format!("{table}.no_table: there is no {table}, not even an empty one");
                findings.push(Finding::on(table, "no_table", message).at(Severity::Warning));
                continue;
            };
            for field in table.spec().fields.iter().filter(|field| lacking.contains(field.name)) {
                let severity = if field.required { Severity::Error } else { Severity::Warning };
                let message = format!("{table}.no_column: {table} has no column {}", field.name);
                let finding = Finding::on(table, "no_column", message).at(severity);
                findings.push(Finding { column: Some(field.name), ..finding });
            }
        }
        findings
    }
}

/// Tables that every CDM has: all but those of the vocabulary.
pub(crate) fn is_asked_for(table: Table) -> bool {
    !matches!(
        table,
        Table::Concept
            | Table::ConceptAncestor
            | Table::ConceptClass
            | Table::ConceptRelationship
            | Table::ConceptSynonym
            | Table::Domain
            | Table::Relationship
            | Table::Vocabulary
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_found_once() {
        let mut structure = Structure::default();
        assert_eq!(structure.findings(&BTreeSet::new()), []);
        let tables = Table::ALL.into_iter().filter(|table| is_asked_for(*table));
        assert_eq!(tables.clone().count(), 31);
        for table in tables.filter(|table| *table != Table::DoseEra) {
            let names: Vec<&str> = table.spec().fields.iter().map(|field| field.name).collect();
            let names = if table == Table::Person { &names[1..] } else { &names[..] };
            structure.declare(table, Some(names));
        }
        let findings = structure.findings(&BTreeSet::new());
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["person.no_column", "dose_era.no_table"]);
        assert!(structure.lacks(Table::Person, "person_id"));
        assert_eq!(structure.findings(&BTreeSet::from([Table::Person, Table::DoseEra])), []);
    }
}
