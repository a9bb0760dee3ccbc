//! Record batches to Parquet data files that no reader sees until they are committed.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{Field, SchemaRef};
use chrono::{Datelike, NaiveDate};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataFileFormat, Literal, PartitionKey, Struct, TableMetadataRef, serialize_data_file_to_json};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::{DataFileWriter as IcebergDataFileWriter, DataFileWriterBuilder};
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use uuid::Uuid;

use crate::table::same_type;
use crate::{LOAD_DATE_COLUMN, LakeError, RUN_ID_COLUMN};

/// Rows of a row group. What a writer holds in memory is one encoded row group.
const ROW_GROUP_ROWS: usize = 65_536;

/// Size at which a writer starts its next file.
const FILE_BYTES: usize = 256 << 20;

/// The run whose rows are written: its id and its load date, which become columns of every row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// The run id. Letters, digits, `-`, `_`, `.` and `:`.
    pub id: String,
    /// The load date, fixed by the plan of the run. It becomes the partition `dt`.
    pub load_date: NaiveDate,
}

type Inner = IcebergDataFileWriter<ParquetWriterBuilder, DefaultLocationGenerator, DefaultFileNameGenerator>;

/// Writes the rows of one table and one shard.
///
/// Files are named after run, shard and attempt, and an attempt has an id of its own, so a path that may be committed
/// is never written twice. Until [`Lake::commit`](crate::Lake::commit) gets the hand-over lines, nobody sees the rows.
pub struct DataFileWriter {
    table: String,
    metadata: TableMetadataRef,
    schema: SchemaRef,
    run: Run,
    inner: Inner,
    n_rows: u64,
}

impl DataFileWriter {
    pub(crate) async fn new(name: &str, table: &Table, run: &Run, shard: &str) -> Result<Self, LakeError> {
        check_run_id(&run.id)?;
        let failed = || LakeError::iceberg("open a writer for", name);
        let metadata = table.metadata_ref();
        let schema = metadata.current_schema();
        let attempt = Uuid::new_v4().simple().to_string();
        let files = RollingFileWriterBuilder::new(
            ParquetWriterBuilder::new(parquet_properties(), Arc::clone(schema)),
            FILE_BYTES,
            table.file_io().clone(),
            DefaultLocationGenerator::new(&metadata).map_err(failed())?,
            DefaultFileNameGenerator::new(
                format!("{}-{}", file_name_part(&run.id), file_name_part(shard)),
                Some(attempt),
                DataFileFormat::Parquet,
            ),
        );
        let spec = metadata.default_partition_spec();
        let partition = (!spec.is_unpartitioned()).then(|| {
            PartitionKey::new(
                spec.as_ref().clone(),
                Arc::clone(schema),
                Struct::from_iter([Some(Literal::date(days_since_epoch(run.load_date)))]),
            )
        });
        let inner = DataFileWriterBuilder::new(files).build(partition).await.map_err(failed())?;
        Ok(Self {
            table: name.into(),
            schema: Arc::new(schema_to_arrow_schema(schema).map_err(failed())?),
            run: run.clone(),
            inner,
            n_rows: 0,
            metadata,
        })
    }

    /// Appends the rows of a batch. A batch without rows is fine and leaves no file.
    ///
    /// Columns are found by name; a nullable column that the batch lacks is null.
    ///
    /// # Errors
    ///
    /// [`LakeError::Batch`] when a column is unknown, missing, of another type, or null where the table requires a
    /// value; [`LakeError::Iceberg`] when the file cannot be written.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = self.as_lake_batch(batch)?;
        self.n_rows += batch.num_rows() as u64;
        self.inner.write(batch).await.map_err(LakeError::iceberg("write rows of", &self.table))
    }

    /// Rows written so far.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Finishes the files and names them, one JSON line a file, for [`Lake::commit`](crate::Lake::commit).
    ///
    /// # Errors
    ///
    /// [`LakeError::Iceberg`] when the last rows cannot be written.
    pub async fn close(mut self) -> Result<Vec<String>, LakeError> {
        let failed = || LakeError::iceberg("finish the files of", &self.table);
        let files = self.inner.close().await.map_err(failed())?;
        files
            .into_iter()
            .map(|file| {
                serialize_data_file_to_json(
                    file,
                    self.metadata.default_partition_type(),
                    self.metadata.format_version(),
                )
                .map_err(failed())
            })
            .collect()
    }

    /// The batch with the table's columns in the table's order, run id and load date among them.
    fn as_lake_batch(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let misfit = |difference: String| LakeError::Batch { table: self.table.clone(), difference };
        for field in batch.schema_ref().fields() {
            if self.schema.field_with_name(field.name()).is_err() {
                return Err(misfit(format!("the table has no column `{}`", field.name())));
            }
        }
        let n_rows = batch.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column: ArrayRef = match field.name().as_str() {
                RUN_ID_COLUMN => {
                    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.run.id.as_str(), n_rows)))
                }
                LOAD_DATE_COLUMN => Arc::new(Date32Array::from_value(days_since_epoch(self.run.load_date), n_rows)),
                name => match batch.column_by_name(name) {
                    Some(column) => self.as_lake_column(field, column)?,
                    None if field.is_nullable() => new_null_array(field.data_type(), n_rows),
                    None => {
                        return Err(misfit(format!("required column `{name}` is missing")));
                    }
                },
            };
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(misfit(format!(
                    "{} of {n_rows} values of required column `{}` are null",
                    column.null_count(),
                    field.name()
                )));
            }
            columns.push(column);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|source| LakeError::Arrow { table: self.table.clone(), source })
    }

    fn as_lake_column(&self, field: &Field, column: &ArrayRef) -> Result<ArrayRef, LakeError> {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        if !same_type(column.data_type(), field.data_type()) {
            return Err(LakeError::Batch {
                table: self.table.clone(),
                difference: format!(
                    "column `{}` is {} in the table, and {} in the batch",
                    field.name(),
                    field.data_type(),
                    column.data_type()
                ),
            });
        }
        cast(column, field.data_type()).map_err(|source| LakeError::Arrow { table: self.table.clone(), source })
    }
}

/// A run id becomes a file name, a property key and a column, so it is kept plain.
pub(crate) fn check_run_id(run_id: &str) -> Result<(), LakeError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if run_id.is_empty() || !run_id.chars().all(plain) {
        return Err(LakeError::RunId { run_id: run_id.into() });
    }
    Ok(())
}

/// Iceberg reads the compression from no table property, so it is said here.
fn parquet_properties() -> WriterProperties {
    let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

fn file_name_part(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

pub(crate) fn days_since_epoch(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - NaiveDate::default().num_days_from_ce()
}
