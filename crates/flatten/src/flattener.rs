//! Resources in, record batches out.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::batch::Rows;
use crate::error::FlattenError;
use crate::needed::Shapes;
use crate::plan::Plan;
use crate::rows::add_rows;
use crate::tape::{Buffers, NodeRef};

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
    buffers: Buffers,
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
        Self { plan, batch_rows: batch_rows.max(1), buffers: Buffers::default(), tables, ready: Vec::new() }
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
        let Self { plan, buffers, tables, ready, batch_rows } = self;
        let tape = buffers.parse(resource, plan.needed())?;
        let root = tape.root();
        let resource_type = root_type(root, plan.keys().resource_type)?;
        if resource_type != plan.resource() {
            return Ok(());
        }
        let before: Vec<usize> = tables.iter().map(Rows::len).collect();
        for (table, rows) in plan.tables().iter().zip(tables.iter_mut()) {
            if let Err(error) = add_rows(table, root, plan.keys(), rows) {
                for (rows, before) in tables.iter_mut().zip(before) {
                    rows.truncate(before);
                }
                return Err(error);
            }
        }
        for (index, rows) in tables.iter_mut().enumerate() {
            if rows.len() >= *batch_rows || rows.has_text(BATCH_BYTES, resource.len() > LARGE_RESOURCE) {
                push_batches(ready, index, rows.finish(&plan.tables()[index]), *batch_rows);
            }
        }
        Ok(())
    }

    /// Takes the batches that are full.
    pub fn take_ready(&mut self) -> Vec<TableBatch> {
        std::mem::take(&mut self.ready)
    }

    /// Takes all rows that are left, in the order of the tables; empty tables give no batch. More can be pushed.
    pub fn flush(&mut self) -> Vec<TableBatch> {
        for (index, rows) in self.tables.iter_mut().enumerate() {
            if rows.len() > 0 {
                let rows = rows.finish(&self.plan.tables()[index]);
                push_batches(&mut self.ready, index, rows, self.batch_rows);
            }
        }
        self.take_ready()
    }

    /// Takes all rows that are left, as [`Self::flush`], and ends.
    pub fn finish(mut self) -> Vec<TableBatch> {
        self.flush()
    }
}

/// Cuts rows that are too many for one batch.
fn push_batches(ready: &mut Vec<TableBatch>, table: usize, rows: RecordBatch, batch_rows: usize) {
    let mut start = 0;
    while start < rows.num_rows() {
        let n_rows = batch_rows.min(rows.num_rows() - start);
        ready.push(TableBatch { table, rows: rows.slice(start, n_rows) });
        start += n_rows;
    }
}

/// Text in a column of one batch at most, but for what its last resource has: Arrow counts it in 31 bits.
const BATCH_BYTES: usize = 256 << 20;
/// After a resource of more bytes than this the text of a batch is measured.
const LARGE_RESOURCE: usize = 256 << 10;

/// The type of the resource in a JSON text, e.g. `Patient`, so that it can be pushed to the right [`Flattener`].
///
/// Where `resourceType` stands first, nothing else of the text is looked at.
///
/// ```
/// use twinlake_flatten::resource_type;
///
/// assert_eq!(resource_type(r#"{"resourceType": "Patient", "id": "p"}"#)?, "Patient");
/// assert_eq!(resource_type(r#"{"id": "p", "resourceType": "Patient"}"#)?, "Patient");
/// assert!(resource_type(r#"{"id": "p"}"#).is_err());
/// # Ok::<(), twinlake_flatten::FlattenError>(())
/// ```
///
/// # Errors
///
/// [`FlattenError::Json`], or [`FlattenError::NotAResource`] when it is no object with a `resourceType`.
pub fn resource_type(text: &str) -> Result<Cow<'_, str>, FlattenError> {
    if let Some(first) = first_type(text) {
        return Ok(Cow::Borrowed(first));
    }
    let mut shapes = Shapes::new();
    let key = shapes.key("resourceType");
    shapes.child(0, key);
    let (mut buffers, needed) = (Buffers::default(), shapes.freeze());
    let tape = buffers.parse(text, &needed)?;
    root_type(tape.root(), key).map(|found| Cow::Owned(found.to_owned()))
}

fn first_type(text: &str) -> Option<&str> {
    let rest = text.trim_ascii_start().strip_prefix('{')?.trim_ascii_start();
    let rest = rest.strip_prefix(r#""resourceType""#)?.trim_ascii_start().strip_prefix(':')?;
    let (name, _) = rest.trim_ascii_start().strip_prefix('"')?.split_once('"')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(name).filter(|name| !name.is_empty())
}

fn root_type(root: NodeRef<'_>, key: u16) -> Result<&str, FlattenError> {
    if !root.is_object() {
        return Err(FlattenError::NotAResource { reason: "it is no JSON object" });
    }
    match root.get(key).and_then(NodeRef::text) {
        Some(name) if !name.is_empty() => Ok(name),
        _ => Err(FlattenError::NotAResource { reason: "it has no `resourceType`" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_resource_is_refused() {
        assert!(matches!(resource_type("[1]"), Err(FlattenError::NotAResource { .. })));
        assert!(matches!(resource_type("{}"), Err(FlattenError::NotAResource { .. })));
        assert!(matches!(resource_type(r#"{"id":1,"resourceType":"Patient""#), Err(FlattenError::Json { at: 32, .. })));
        assert!(matches!(resource_type(r#"{"id":1,"resourceType":"Patient"} x"#), Err(FlattenError::Json { .. })));
    }
}
