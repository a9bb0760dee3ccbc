//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A file that is written under `<name>.partial` and takes its name when it is complete.
///
/// Dropped before [`PartialFile::complete`], it leaves nothing behind.
#[derive(Debug)]
pub struct PartialFile {
    writer: Option<BufWriter<File>>,
    partial: PathBuf,
    path: PathBuf,
}

impl PartialFile {
    /// Begins a file, making its folder when needed.
    ///
    /// # Errors
    ///
    /// A folder or file that cannot be made, naming it.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| format!("making folder `{}`", folder.display()))?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = File::create(&partial).with_context(|| format!("writing `{}`", path.display()))?;
        Ok(Self { writer: Some(BufWriter::with_capacity(1 << 16, file)), partial, path })
    }

    /// Writes a whole file at once.
    ///
    /// # Errors
    ///
    /// As [`PartialFile::create`] and [`PartialFile::complete`].
    pub fn write_all_to(path: impl Into<PathBuf>, content: &[u8]) -> Result<()> {
        let mut file = Self::create(path)?;
        file.write_all(content).with_context(|| format!("writing `{}`", file.path.display()))?;
        file.complete()
    }

    /// Where the file will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// A write or rename that fails, naming the file.
    pub fn complete(mut self) -> Result<()> {
        let writer = self.writer.take().expect("taken only here and in drop");
        writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|_| fs::rename(&self.partial, &self.path))
            .inspect_err(|_| {
                // The error that is given out says more than a second one would.
                let _ = fs::remove_file(&self.partial);
            })
            .with_context(|| format!("writing `{}`", self.path.display()))
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().expect("taken only at the end").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().expect("taken only at the end").flush()
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // Nothing to tell: the file was given up.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x/y.txt");
        let mut file = PartialFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(dir.path().join("x")).unwrap().count(), 0);
        PartialFile::write_all_to(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }
}
