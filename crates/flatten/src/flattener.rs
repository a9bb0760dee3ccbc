//! Resources in, record batches out.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::batch::Rows;
use crate::error::FlattenError;
use crate::json::Document;
use crate::plan::Plan;
use crate::rows::rows;
use crate::types::Scalar;

/// Flattens resources of one type by all views of a [`Plan`].
///
/// Batches hold at most `batch_rows` rows and come in the order of the resources, so the output depends on the input
/// alone. A resource that cannot be flattened leaves no row in any table. Memory is bounded by the batch size, the number
/// of tables, and the rows of one resource.
///
/// ```
/// use std::sync::Arc;
/// use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition};
///
/// let view = ViewDefinition::parse(
///     r#"{"name": "names", "resource": "Patient", "select": [
///         {"column": [{"name": "id", "path": "id"}]},
///         {"forEach": "name", "column": [{"name": "family", "path": "family"}]}]}"#,
/// )?;
/// let mut flattener = Flattener::new(Arc::new(Plan::compile(&[view], Types::Typed)?), 8192);
/// flattener.push(r#"{"resourceType": "Patient", "id": "p", "name": [{"family": "A"}, {"family": "B"}]}"#)?;
/// let batches = flattener.finish();
/// assert_eq!((batches[0].table, batches[0].rows.num_rows()), (0, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Flattener {
    plan: Arc<Plan>,
    batch_rows: usize,
    tables: Vec<Rows>,
    ready: Vec<TableBatch>,
}

/// Rows of one table.
#[derive(Clone, Debug)]
pub struct TableBatch {
    /// Which of [`Plan::tables`].
    pub table: usize,
    /// The rows, in the table's schema.
    pub rows: RecordBatch,
}

impl Flattener {
    /// Begins with empty tables; a batch is ready when it has `batch_rows` rows.
    pub fn new(plan: Arc<Plan>, batch_rows: usize) -> Self {
        let tables = plan.tables().iter().map(Rows::new).collect();
        Self { plan, batch_rows: batch_rows.max(1), tables, ready: Vec::new() }
    }

    /// The plan it runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Adds a resource, as JSON text. One of another type than the plan's gives no rows.
    ///
    /// # Errors
    ///
    /// [`FlattenError`]; no table has rows of this resource then, and the next can be pushed.
    pub fn push(&mut self, resource: &str) -> Result<(), FlattenError> {
        self.push_document(&Document::parse(resource)?)
    }

    /// Adds a resource that is parsed already.
    ///
    /// # Errors
    ///
    /// As [`Flattener::push`].
    pub fn push_document(&mut self, document: &Document) -> Result<(), FlattenError> {
        if document.resource_type() != self.plan.resource() {
            return Ok(());
        }
        // All rows first, then all appends: a fault in the last view must not leave rows in the first.
        let mut cells: Vec<Vec<Scalar<'_>>> = Vec::with_capacity(self.tables.len());
        for table in self.plan.tables() {
            let mut flat = Vec::with_capacity(table.columns.len());
            rows(table, document, &mut |row| {
                flat.extend_from_slice(row);
                Ok(())
            })?;
            cells.push(flat);
        }
        for (index, flat) in cells.iter().enumerate() {
            let table = &self.plan.tables()[index];
            for row in flat.chunks_exact(table.columns.len()) {
                self.tables[index].append(row);
                if self.tables[index].len() >= self.batch_rows {
                    self.ready.push(TableBatch { table: index, rows: self.tables[index].finish(table) });
                }
            }
        }
        Ok(())
    }

    /// Takes the batches that are full.
    pub fn take_ready(&mut self) -> Vec<TableBatch> {
        std::mem::take(&mut self.ready)
    }

    /// Takes all rows that are left, in the order of the tables; empty tables give no batch.
    pub fn finish(mut self) -> Vec<TableBatch> {
        for (index, rows) in self.tables.iter_mut().enumerate() {
            if rows.len() > 0 {
                self.ready.push(TableBatch { table: index, rows: rows.finish(&self.plan.tables()[index]) });
            }
        }
        self.ready
    }
}
