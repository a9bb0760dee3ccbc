//! A catalog that looks at a table before each attempt to commit to it.

#![expect(clippy::disallowed_types, reason = "the signatures are those of iceberg's `Catalog`")]

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use iceberg::spec::TableMetadata;
use iceberg::table::Table;
use iceberg::{Catalog, Error, ErrorKind, Namespace, NamespaceIdent, Result, TableCommit, TableCreation, TableIdent};

/// Refuses a commit when the table it would build on is not as it must be.
///
/// `Transaction::commit` loads the table at the start of each attempt, builds on exactly that metadata, and asks the
/// catalog to swap only if the table's snapshot is still the same. So a check made in `load_table` holds for the
/// commit too: two commits of one run cannot both land, whatever their timing. This needs a snapshot in each
/// transaction; a change of properties alone carries no such condition.
pub(crate) struct Guard<'a> {
    catalog: &'a dyn Catalog,
    refuse: Box<dyn Fn(&TableMetadata) -> bool + Send + Sync + 'a>,
    refused: AtomicBool,
}

impl<'a> Guard<'a> {
    pub(crate) fn new(catalog: &'a dyn Catalog, refuse: impl Fn(&TableMetadata) -> bool + Send + Sync + 'a) -> Self {
        Self { catalog, refuse: Box::new(refuse), refused: AtomicBool::new(false) }
    }

    /// Whether the last commit failed because the check said no.
    pub(crate) fn refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Guard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}

#[async_trait]
impl Catalog for Guard<'_> {
    async fn load_table(&self, table: &TableIdent) -> Result<Table> {
        let loaded = self.catalog.load_table(table).await?;
        if (self.refuse)(loaded.metadata()) {
            self.refused.store(true, Ordering::Release);
            // Not retryable: the next attempt would see the same.
            return Err(Error::new(ErrorKind::PreconditionFailed, "the table no longer allows this commit"));
        }
        Ok(loaded)
    }

    async fn update_table(&self, commit: TableCommit) -> Result<Table> {
        self.catalog.update_table(commit).await
    }

    async fn list_namespaces(&self, parent: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        self.catalog.list_namespaces(parent).await
    }

    async fn create_namespace(
        &self,
        namespace: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> Result<Namespace> {
        self.catalog.create_namespace(namespace, properties).await
    }

    async fn get_namespace(&self, namespace: &NamespaceIdent) -> Result<Namespace> {
        self.catalog.get_namespace(namespace).await
    }

    async fn namespace_exists(&self, namespace: &NamespaceIdent) -> Result<bool> {
        self.catalog.namespace_exists(namespace).await
    }

    async fn update_namespace(&self, namespace: &NamespaceIdent, properties: HashMap<String, String>) -> Result<()> {
        self.catalog.update_namespace(namespace, properties).await
    }

    async fn drop_namespace(&self, namespace: &NamespaceIdent) -> Result<()> {
        self.catalog.drop_namespace(namespace).await
    }

    async fn list_tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        self.catalog.list_tables(namespace).await
    }

    async fn create_table(&self, namespace: &NamespaceIdent, creation: TableCreation) -> Result<Table> {
        self.catalog.create_table(namespace, creation).await
    }

    async fn drop_table(&self, table: &TableIdent) -> Result<()> {
        self.catalog.drop_table(table).await
    }

    async fn purge_table(&self, table: &TableIdent) -> Result<()> {
        self.catalog.purge_table(table).await
    }

    async fn table_exists(&self, table: &TableIdent) -> Result<bool> {
        self.catalog.table_exists(table).await
    }

    async fn rename_table(&self, from: &TableIdent, to: &TableIdent) -> Result<()> {
        self.catalog.rename_table(from, to).await
    }

    async fn register_table(&self, table: &TableIdent, metadata_location: String) -> Result<Table> {
        self.catalog.register_table(table, metadata_location).await
    }
}
