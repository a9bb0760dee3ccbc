//! Record batches to Iceberg commits, for any catalog.
//!
//! Three steps, which may be three processes: a [`LakeTable`] is made known with [`Lake::ensure_table`]; a
//! [`DataFileWriter`] for each shard writes Parquet files and gives back hand-over lines; [`Lake::commit`] adds them to
//! the table in one commit that carries the run id, once per table and run. Knows nothing of FHIR or OMOP.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{Int64Array, RecordBatch};
//! use arrow::datatypes::{DataType, Field, Schema};
//! use twinlake_lake::{BlockingLake, LakeTable, Run};
//!
//! let folder = tempfile::tempdir()?;
//! let lake = BlockingLake::open_local(folder.path())?;
//! let person = LakeTable {
//!     namespace: "omop".into(),
//!     name: "person".into(),
//!     schema: Arc::new(Schema::new(vec![Field::new("person_id", DataType::Int64, false)])),
//!     keys: vec!["person_id".into()],
//!     partitioned_by_dt: true,
//!     sort: vec!["person_id".into()],
//! };
//! lake.ensure_table(&person)?;
//!
//! let run = Run { id: "run-1".into(), load_date: "2026-01-31".parse()? };
//! let mut writer = lake.writer(&person, &run, "0")?;
//! writer.write(&RecordBatch::try_new(
//!     person.schema.clone(),
//!     vec![Arc::new(Int64Array::from(vec![1, 2, 3]))],
//! )?)?;
//! let handover = writer.close()?;
//!
//! assert_eq!(lake.commit("run-1", "omop.person", &handover)?.rows(), 3);
//! lake.commit("run-1", "omop.person", &handover)?; // adds nothing
//! assert_eq!(lake.tables()?[0].rows, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blocking;
mod commit;
mod error;
mod guard;
mod handover;
mod lake;
pub mod ops;
mod read;
mod table;
mod writer;

pub use blocking::{BlockingLake, BlockingWriter};
pub use commit::{CommitOutcome, RUN_PROPERTY, RUN_SUMMARY};
pub use error::LakeError;
pub use handover::HandOver;
pub use lake::{CATALOG_NAME, COHORT_PROPERTY, Lake, NAMESPACES, TableState};
pub use ops::{PipelineRun, RunStatus, SourceFile};
pub use table::{LOAD_DATE_COLUMN, LakeTable, RUN_ID_COLUMN};
pub use writer::{DataFileWriter, Run};
