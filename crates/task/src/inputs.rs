//! Finding input files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A file to read, with its size when it was found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct InputFile {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// All files at or below the given paths, sorted by path, hidden files and folders left out.
///
/// # Errors
///
/// A path that does not exist or cannot be listed, naming it.
pub fn files_under(paths: &[PathBuf]) -> Result<Vec<InputFile>> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files).with_context(|| format!("reading input `{}`", path.display()))?;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn collect(path: &Path, files: &mut Vec<InputFile>) -> Result<()> {
    let metadata = fs::metadata(path).with_context(|| format!("no such file or folder: `{}`", path.display()))?;
    if metadata.is_file() {
        files.push(InputFile { path: path.to_owned(), size: metadata.len() });
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_sorted_and_a_missing_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("b")).unwrap();
        fs::write(dir.path().join("b/2.json"), "22").unwrap();
        fs::write(dir.path().join("a.json"), "1").unwrap();
        fs::write(dir.path().join(".hidden"), "1").unwrap();
        let files = files_under(&[dir.path().to_owned()]).unwrap();
        assert_eq!(files.len(), 2);
        assert!(files[0].path.ends_with("a.json") && files[1].size == 2);
        let error = files_under(&[dir.path().join("none")]).unwrap_err();
        assert!(format!("{error:#}").contains("none"));
    }
}
