//! The lake: a catalog, its tables, and the cohort that lives in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema};
use iceberg::arrow::arrow_schema_to_schema_auto_assign_ids;
use iceberg::io::LocalFsStorageFactory;
use iceberg::spec::{FormatVersion, TableMetadata};
use iceberg::table::Table;
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use iceberg::{Catalog, CatalogBuilder, ErrorKind, NamespaceIdent, TableCreation, TableIdent};
use iceberg_catalog_sql::{SqlBindStyle, SqlCatalogBuilder};

use crate::commit::append;
use crate::guard::Guard;
use crate::table::table_ident;
use crate::{DataFileWriter, LakeError, LakeTable, Run, ops};

/// Name of the local catalog. PyIceberg's `SqlCatalog` must be given the same one.
pub const CATALOG_NAME: &str = "twinlake";

/// Property of `ops.pipeline_runs` that names the cohort of the lake.
pub const COHORT_PROPERTY: &str = "twinlake.cohort";

/// Properties of a new table. Without more than the library's four retries, eight writers would starve each other.
const TABLE_PROPERTIES: [(&str, &str); 5] = [
    ("write.parquet.compression-codec", "zstd"),
    ("write.parquet.compression-level", "3"),
    ("commit.retry.num-retries", "20"),
    ("commit.retry.min-wait-ms", "50"),
    ("commit.retry.max-wait-ms", "2000"),
];

/// Iceberg tables behind a catalog.
#[derive(Clone, Debug)]
pub struct Lake {
    catalog: Arc<dyn Catalog>,
    warehouse: String,
}

/// The namespaces of a lake. A catalog may hold others, which are not ours to list.
pub const NAMESPACES: [&str; 4] = ["fhir", "omop", "ops", "quality"];

/// A table as it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TableState {
    /// `<namespace>.<table>`.
    pub name: String,
    /// Where the table's files lie.
    pub location: String,
    /// The current metadata file, which is what DuckDB's `iceberg_scan` and dbt want.
    pub metadata_location: String,
    /// The current snapshot; none before the first commit.
    pub snapshot_id: Option<i64>,
    /// Rows of all runs together.
    pub rows: u64,
}

impl Lake {
    /// Opens the lake in a folder, or makes one: `catalog.db` (SQLite) and `warehouse/`.
    ///
    /// # Errors
    ///
    /// [`LakeError::Io`] when the folder cannot be made; [`LakeError::Iceberg`] when the catalog cannot be opened.
    pub async fn open_local(folder: impl AsRef<Path>) -> Result<Self, LakeError> {
        let folder = folder.as_ref();
        let warehouse = folder.join("warehouse");
        fs::create_dir_all(&warehouse).map_err(LakeError::io("create", &warehouse))?;
        let folder = fs::canonicalize(folder).map_err(LakeError::io("open", folder))?;
        let folder = folder.display();
        let warehouse = format!("file://{folder}/warehouse");
        let catalog = SqlCatalogBuilder::default()
            .uri(sqlite_uri(&format!("{folder}/catalog.db")))
            .warehouse_location(&warehouse)
            .sql_bind_style(SqlBindStyle::QMark)
            .with_storage_factory(Arc::new(LocalFsStorageFactory))
            .load(CATALOG_NAME, std::iter::empty().collect())
            .await
            .map_err(LakeError::iceberg("open catalog", format!("{folder}/catalog.db")))?;
        Ok(Self::with_catalog(Arc::new(catalog), warehouse))
    }

    /// A lake on any catalog that swaps a table's metadata only when it is still what the commit was built on.
    ///
    /// `warehouse` is the location below which the catalog puts tables.
    pub fn with_catalog(catalog: Arc<dyn Catalog>, warehouse: impl Into<String>) -> Self {
        Self { catalog, warehouse: warehouse.into() }
    }

    /// The catalog, for what the lake does not do itself.
    pub fn catalog(&self) -> &dyn Catalog {
        self.catalog.as_ref()
    }

    /// Makes the table, or sees that the one in the lake has the same columns; new optional columns are added to it.
    ///
    /// # Errors
    ///
    /// [`LakeError::Schema`] when the table in the lake has other columns; [`LakeError::Iceberg`] when the catalog
    /// refuses.
    pub async fn ensure_table(&self, table: &LakeTable) -> Result<(), LakeError> {
        let name = table.full_name();
        let ident = table_ident(&name)?;
        self.ensure_namespace(&ident).await?;
        let exists = self.catalog.table_exists(&ident).await;
        if !exists.map_err(LakeError::iceberg("look for table", &name))? {
            self.create(table, &ident).await?;
        }
        let loaded = self.load(&name).await?;
        let missing = table.columns_to_add(loaded.metadata().current_schema())?;
        if missing.is_empty() {
            return self.write_version_hint(&name, &loaded).await;
        }
        if let Err(error) = self.add_columns(&loaded, missing).await {
            // Another shard may have been faster.
            let now = self.load(&name).await?;
            if !table.columns_to_add(now.metadata().current_schema())?.is_empty() {
                return Err(LakeError::iceberg("add columns to", &name)(error));
            }
        }
        self.write_version_hint(&name, &self.load(&name).await?).await
    }

    /// Takes the lake for a cohort before any work is done: two cohorts would both have a person 1.
    ///
    /// `cohort` names pack, semantics version and seed. Ingested data has no cohort and claims none: keys of foreign ids
    /// are hashes, so it may stand beside a generated cohort.
    ///
    /// # Errors
    ///
    /// [`LakeError::Cohort`], which names both, when the lake holds another cohort.
    pub async fn claim_cohort(&self, cohort: &str) -> Result<(), LakeError> {
        let runs = ops::pipeline_runs();
        let name = runs.full_name();
        self.ensure_table(&runs).await?;
        let loaded = self.load(&name).await?;
        if cohort_of(loaded.metadata()).is_none() {
            let guard = Guard::new(self.catalog(), |metadata| cohort_of(metadata).is_some());
            let mark = (COHORT_PROPERTY.to_owned(), cohort.to_owned());
            let summary = BTreeMap::from([mark.clone()]);
            let claimed = append(&guard, &loaded, Vec::new(), summary, mark).await;
            if let Err(error) = claimed
                && !guard.refused()
            {
                return Err(LakeError::iceberg("claim", &name)(error));
            }
        }
        let now = self.load(&name).await?;
        self.write_version_hint(&name, &now).await?;
        match cohort_of(now.metadata()) {
            Some(present) if present == cohort => Ok(()),
            present => Err(LakeError::Cohort { present: present.unwrap_or_default(), wanted: cohort.into() }),
        }
    }

    /// The generated cohort that the lake holds, if any.
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] when the catalog cannot be read.
    pub async fn cohort(&self) -> Result<Option<String>, LakeError> {
        let runs = ops::pipeline_runs();
        self.ensure_table(&runs).await?;
        Ok(cohort_of(self.load(&runs.full_name()).await?.metadata()))
    }

    /// A writer for one table and shard. Writers of several shards work side by side.
    ///
    /// # Errors
    ///
    /// [`LakeError::UnknownTable`] before [`Lake::ensure_table`]; [`LakeError::RunId`].
    pub async fn writer(&self, table: &LakeTable, run: &Run, shard: &str) -> Result<DataFileWriter, LakeError> {
        let name = table.full_name();
        let loaded = self.load(&name).await?;
        DataFileWriter::new(&name, &loaded, run, shard).await
    }

    /// Every table of the lake, by name, with the place of its current metadata.
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] when the catalog or a metadata file cannot be read.
    pub async fn tables(&self) -> Result<Vec<TableState>, LakeError> {
        let mut states = Vec::new();
        for table in self.all().await? {
            let name = table.identifier().to_string();
            let metadata = table.metadata();
            let snapshot = metadata.current_snapshot();
            let rows = snapshot.map_or(Ok(0), |snapshot| total_records(&name, snapshot))?;
            states.push(TableState {
                location: metadata.location().to_owned(),
                metadata_location: metadata_location(&name, &table)?.to_owned(),
                snapshot_id: metadata.current_snapshot_id(),
                rows,
                name,
            });
        }
        Ok(states)
    }

    /// Writes the `version-hint.text` of every table anew, so that readers without a catalog find the current metadata.
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] or [`LakeError::Io`] when a table cannot be read or its hint not be written.
    pub async fn repair_version_hints(&self) -> Result<(), LakeError> {
        for table in self.all().await? {
            let name = table.identifier().to_string();
            self.write_version_hint(&name, &table).await?;
        }
        Ok(())
    }

    pub(crate) async fn load(&self, name: &str) -> Result<Table, LakeError> {
        let ident = table_ident(name)?;
        let table = match self.catalog.load_table(&ident).await {
            Ok(table) => table,
            // Catalogs differ in how they say that there is none; asking again is the same for all.
            Err(source) => {
                return Err(match self.catalog.table_exists(&ident).await {
                    Ok(false) => LakeError::UnknownTable { table: name.into() },
                    _ => LakeError::iceberg("load table", name)(source),
                });
            }
        };
        let location = table.metadata().location();
        if location.starts_with(&format!("{}/", self.warehouse)) {
            return Ok(table);
        }
        Err(LakeError::Elsewhere { table: name.into(), location: location.into(), warehouse: self.warehouse.clone() })
    }

    /// The stem of the current metadata file, without a newline, beside it. A convenience: the catalog is the truth.
    pub(crate) async fn write_version_hint(&self, name: &str, table: &Table) -> Result<(), LakeError> {
        let current = metadata_location(name, table)?;
        let Some((folder, file)) = current.rsplit_once('/') else {
            return Ok(());
        };
        let stem = file.strip_suffix(".metadata.json").unwrap_or(file);
        if let Some(folder) = folder.strip_prefix("file://") {
            // Written beside and renamed: a reader sees the old hint or the new one, never half of it.
            let hint = Path::new(folder).join("version-hint.text");
            let partial = hint.with_extension(format!("{}.tmp", uuid::Uuid::new_v4().simple()));
            fs::write(&partial, stem).map_err(LakeError::io("write", &partial))?;
            return fs::rename(&partial, &hint).map_err(LakeError::io("write", &hint));
        }
        let hint = format!("{folder}/version-hint.text");
        let failed = || LakeError::iceberg("write", &hint);
        let output = table.file_io().new_output(&hint).map_err(failed())?;
        output.write(stem.to_owned().into()).await.map_err(failed())
    }

    async fn all(&self) -> Result<Vec<Table>, LakeError> {
        let mut idents = Vec::new();
        for name in NAMESPACES {
            let namespace = NamespaceIdent::new(name.to_owned());
            let failed = || LakeError::iceberg("list tables of", name);
            if self.catalog.namespace_exists(&namespace).await.map_err(failed())? {
                idents.extend(self.catalog.list_tables(&namespace).await.map_err(failed())?);
            }
        }
        idents.sort_by_key(ToString::to_string);
        let mut tables = Vec::with_capacity(idents.len());
        for ident in idents {
            tables.push(self.load(&ident.to_string()).await?);
        }
        Ok(tables)
    }

    async fn ensure_namespace(&self, ident: &TableIdent) -> Result<(), LakeError> {
        let namespace = ident.namespace();
        let name = namespace.to_string();
        let failed = || LakeError::iceberg("create namespace", &name);
        if self.catalog.namespace_exists(namespace).await.map_err(failed())? {
            return Ok(());
        }
        let created = self.catalog.create_namespace(namespace, std::iter::empty().collect()).await;
        match created {
            Ok(_) => Ok(()),
            // Another process may have been faster.
            Err(error) => match self.catalog.namespace_exists(namespace).await {
                Ok(true) => Ok(()),
                _ => Err(failed()(error)),
            },
        }
    }

    async fn add_columns(&self, table: &Table, columns: Vec<FieldRef>) -> iceberg::Result<()> {
        // The ids given here are placeholders; the action assigns those that the table has not used yet.
        let columns = arrow_schema_to_schema_auto_assign_ids(&Schema::new(columns))?;
        let transaction = Transaction::new(table);
        let mut action = transaction.update_schema();
        for column in columns.as_struct().fields() {
            action = action.add_column(AddColumn::optional(&column.name, column.field_type.as_ref().clone()));
        }
        action.apply(transaction)?.commit(self.catalog()).await?;
        tracing::info!(table = %table.identifier(), n_columns = columns.as_struct().fields().len(), "added columns");
        Ok(())
    }

    async fn create(&self, table: &LakeTable, ident: &TableIdent) -> Result<(), LakeError> {
        let schema = table.iceberg_schema()?;
        let creation = TableCreation::builder()
            .name(table.name.clone())
            .partition_spec(table.partition_spec(&schema)?)
            .sort_order(table.sort_order(&schema)?)
            .schema(schema)
            .properties(TABLE_PROPERTIES.map(|(key, value)| (key.to_owned(), value.to_owned())))
            .format_version(FormatVersion::V2)
            .build();
        match self.catalog.create_table(ident.namespace(), creation).await {
            Ok(_) => Ok(()),
            // Another shard may have been faster.
            Err(error) => match self.catalog.table_exists(ident).await {
                Ok(true) => Ok(()),
                _ => Err(LakeError::iceberg("create table", ident.to_string())(error)),
            },
        }
    }
}

fn cohort_of(metadata: &TableMetadata) -> Option<String> {
    metadata.properties().get(COHORT_PROPERTY).cloned()
}

fn metadata_location<'a>(name: &str, table: &'a Table) -> Result<&'a str, LakeError> {
    table.metadata_location_result().map_err(LakeError::iceberg("locate table", name))
}

fn total_records(name: &str, snapshot: &iceberg::spec::SnapshotRef) -> Result<u64, LakeError> {
    let summary = &snapshot.summary().additional_properties;
    let total = summary.get("total-records").and_then(|n| n.parse().ok());
    total.ok_or_else(|| {
        let error =
            iceberg::Error::new(ErrorKind::DataInvalid, "the current snapshot's summary has no `total-records`");
        LakeError::iceberg("count rows of", name)(error)
    })
}

/// The path is part of a URL, where three characters mean something else.
fn sqlite_uri(path: &str) -> String {
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}?mode=rwc")
}
