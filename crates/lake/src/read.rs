//! What a lake holds of a run.

use futures::TryStreamExt as _;
use iceberg::expr::Reference;
use iceberg::spec::Datum;

use crate::commit::RUN_PROPERTY;
use crate::{Lake, LakeError, RUN_ID_COLUMN, ops};

impl Lake {
    /// Ids of the runs that the lake lists, in order.
    ///
    /// # Errors
    ///
    /// [`LakeError::UnknownTable`] in a folder that no run has finished in; [`LakeError::Iceberg`] when the catalog cannot be
    /// read.
    pub async fn runs(&self) -> Result<Vec<String>, LakeError> {
        let listed = self.load(&ops::pipeline_runs().full_name()).await?;
        let prefix = format!("{RUN_PROPERTY}.");
        let marks = listed.metadata().properties().keys().filter_map(|name| name.strip_prefix(&prefix));
        let mut runs: Vec<String> = marks.map(str::to_owned).collect();
        runs.sort();
        Ok(runs)
    }

    /// Locations of the data files that the current snapshot of a table has of a run; none when it has no row of it.
    ///
    /// A data file holds rows of one run only, so these are all of the run's rows and no others.
    ///
    /// # Errors
    ///
    /// [`LakeError::UnknownTable`]; [`LakeError::Iceberg`] when the snapshot cannot be read.
    pub async fn data_files(&self, table: &str, run_id: &str) -> Result<Vec<String>, LakeError> {
        let loaded = self.load(table).await?;
        if loaded.metadata().current_snapshot().is_none() {
            return Ok(Vec::new());
        }
        let failed = || LakeError::iceberg("plan a scan of", table);
        let of_run = Reference::new(RUN_ID_COLUMN).equal_to(Datum::string(run_id));
        let scan = loaded.scan().with_filter(of_run).build().map_err(failed())?;
        let tasks: Vec<_> = scan.plan_files().await.map_err(failed())?.try_collect().await.map_err(failed())?;
        let mut files: Vec<String> = tasks.into_iter().map(|task| task.data_file_path().to_owned()).collect();
        files.sort();
        Ok(files)
    }
}
