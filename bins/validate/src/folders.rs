//! Finding FHIR and OMOP in plain folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use twinlake_omop::Table;
use twinlake_task::{InputFile, files_under};

/// The files of each OMOP table in a folder: `<table>.parquet` or `.csv`, or a folder `<table>` of such files.
///
/// # Errors
///
/// A folder that is not there or holds no table, naming it.
pub fn omop_files(folder: &Path) -> Result<BTreeMap<Table, Vec<PathBuf>>> {
    let mut tables = BTreeMap::new();
    let entries = fs::read_dir(folder).with_context(|| format!("reading the OMOP folder `{}`", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("reading `{}`", folder.display()))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let Some(table) = Table::from_name(&name) else { continue };
        let files: Vec<PathBuf> = if path.is_dir() {
            files_under(std::slice::from_ref(&path))?.into_iter().map(|file| file.path).collect()
        } else {
            vec![path]
        };
        let known = files.into_iter().filter(|file| is_table_file(file));
        tables.entry(table).or_insert_with(Vec::new).extend(known);
    }
    for files in tables.values_mut() {
        files.sort();
    }
    if tables.is_empty() {
        bail!("no OMOP table in `{}`: expected files such as `person.parquet` or `person.csv`", folder.display());
    }
    Ok(tables)
}

/// The FHIR files of a folder: NDJSON or Bundles.
///
/// # Errors
///
/// A folder that is not there or holds no FHIR, naming it.
pub fn fhir_files(folder: &Path) -> Result<Vec<InputFile>> {
    let files = files_under(&[folder.to_owned()])?;
    if files.is_empty() {
        bail!("no FHIR file in `{}`: expected files such as `Patient.ndjson` or Bundles", folder.display());
    }
    Ok(files)
}

fn is_table_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet") || extension.eq_ignore_ascii_case("csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_file_or_a_folder_of_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("person.parquet"), "").unwrap();
        fs::create_dir(dir.path().join("death")).unwrap();
        fs::write(dir.path().join("death/1.csv"), "").unwrap();
        fs::write(dir.path().join("death/notes.txt"), "").unwrap();
        fs::write(dir.path().join("README.md"), "").unwrap();
        let tables = omop_files(dir.path()).unwrap();
        assert_eq!(tables.keys().copied().collect::<Vec<_>>(), [Table::Person, Table::Death]);
        assert_eq!(tables[&Table::Death].len(), 1);
    }

    #[test]
    fn a_folder_without_tables_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = omop_files(dir.path()).unwrap_err();
        assert!(error.to_string().contains(&dir.path().display().to_string()));
        assert!(omop_files(&dir.path().join("none")).is_err());
    }
}
