//! Which concepts the rows name, so that the vocabulary tables hold them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use twinlake_omop::{AnyRow, ConceptId, Table};
use twinlake_vocab::Vocab;

use crate::files::vocabulary_rows;

/// The concepts that rows name.
pub(crate) struct UsedConcepts {
    /// The columns of each table that hold concept ids.
    columns: BTreeMap<Table, Vec<usize>>,
    ids: BTreeSet<ConceptId>,
}

impl UsedConcepts {
    pub(crate) fn new() -> Self {
        let columns = |table: Table| {
            let fields = table.spec().fields.iter().enumerate();
            fields.filter(|(_, field)| field.fk_table == Some("concept")).map(|(column, _)| column).collect()
        };
        Self { columns: Table::ALL.into_iter().map(|table| (table, columns(table))).collect(), ids: BTreeSet::new() }
    }

    /// Takes the concepts of a row.
    pub(crate) fn of(&mut self, row: &AnyRow) {
        for column in self.columns.get(&row.table()).into_iter().flatten() {
            let id = row.cell(*column).as_int().and_then(|id| i32::try_from(id).ok());
            self.ids.extend(id.and_then(|id| ConceptId::try_from(id).ok()));
        }
    }

    /// The vocabulary of these concepts, and of those that its own tables and `cdm_source` name.
    pub(crate) fn subset(mut self, vocab: &Vocab, date: NaiveDate) -> Vocab {
        let small = vocab.subset(self.ids.iter().copied());
        vocabulary_rows(&small, date).for_each(|row| self.of(&row));
        vocab.subset(self.ids)
    }
}
