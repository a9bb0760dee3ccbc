//! The lists by which writers tell the committer which files to commit.

use std::fs;
use std::path::{Path, PathBuf};

use crate::LakeError;
use crate::table::table_ident;

/// The hand-over folder of a run: `runs/<run id>/handover/<namespace>.<table>/<shard>.jsonl`.
///
/// One list a table and shard. A shard that is done again replaces its list whole, so the files of an attempt that
/// did not get there are never committed.
#[derive(Clone, Debug)]
pub struct HandOver {
    folder: PathBuf,
}

impl HandOver {
    /// The hand-over folder of a run under the root folder that also holds `lake/`.
    pub fn new(root: impl AsRef<Path>, run_id: &str) -> Self {
        Self { folder: root.as_ref().join("runs").join(run_id).join("handover") }
    }

    /// Leaves the list of one table and shard. An empty list says that the shard had no rows for the table.
    ///
    /// # Errors
    ///
    /// [`LakeError::Io`] when the list cannot be written; [`LakeError::TableName`].
    pub fn write(&self, table: &str, shard: &str, lines: &[String]) -> Result<(), LakeError> {
        table_ident(table)?;
        let folder = self.folder.join(table);
        fs::create_dir_all(&folder).map_err(LakeError::io("create", &folder))?;
        let list = folder.join(format!("{shard}.jsonl"));
        let partial = folder.join(format!("{shard}.{}.tmp", uuid::Uuid::new_v4().simple()));
        let mut text = lines.join("\n");
        if !lines.is_empty() {
            text.push('\n');
        }
        fs::write(&partial, text).map_err(LakeError::io("write", &partial))?;
        fs::rename(&partial, &list).map_err(LakeError::io("write", &list))
    }

    /// The tables that have a list, by name.
    ///
    /// # Errors
    ///
    /// [`LakeError::Io`] when the folder cannot be read, e.g. because the run wrote nothing; [`LakeError::TableName`]
    /// when it holds something else.
    pub fn tables(&self) -> Result<Vec<String>, LakeError> {
        let mut tables = Vec::new();
        for folder in entries(&self.folder)? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            table_ident(&name)?;
            tables.push(name.into_owned());
        }
        Ok(tables)
    }

    /// The lines of all shards of a table, in the order of the shards' names.
    ///
    /// # Errors
    ///
    /// [`LakeError::Io`] when a list cannot be read.
    pub fn read(&self, table: &str) -> Result<Vec<String>, LakeError> {
        let mut lines = Vec::new();
        for list in entries(&self.folder.join(table))? {
            if list.extension().is_some_and(|extension| extension == "jsonl") {
                let text = fs::read_to_string(&list).map_err(LakeError::io("read", &list))?;
                lines.extend(text.lines().map(str::to_owned));
            }
        }
        Ok(lines)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(LakeError::io("read", folder))? {
        paths.push(entry.map_err(LakeError::io("read", folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_done_again_replaces_its_list() {
        let root = tempfile::tempdir().unwrap();
        let handover = HandOver::new(root.path(), "run-1");
        handover.write("omop.person", "0", &["first".into()]).unwrap();
        handover.write("omop.person", "1", &["other".into()]).unwrap();
        handover.write("omop.person", "0", &["second".into()]).unwrap();
        handover.write("omop.death", "0", &[]).unwrap();
        assert_eq!(handover.tables().unwrap(), ["omop.death", "omop.person"]);
        assert_eq!(handover.read("omop.person").unwrap(), ["second", "other"]);
        assert_eq!(handover.read("omop.death").unwrap(), Vec::<String>::new());
    }
}
