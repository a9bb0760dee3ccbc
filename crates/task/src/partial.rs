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
        make_folder_of(&path)?;
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

    /// Writes what is buffered and closes the file, which keeps its `.partial` name.
    ///
    /// # Errors
    ///
    /// A write that fails, naming the file.
    pub fn seal(mut self) -> Result<SealedFile> {
        let writer = self.writer.take().expect("taken only here and in drop");
        // Made before the last write, so that a file that cannot be written goes.
        let sealed = SealedFile {
            partial: std::mem::take(&mut self.partial),
            path: std::mem::take(&mut self.path),
            named: false,
        };
        writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .with_context(|| format!("writing `{}`", sealed.path.display()))?;
        Ok(sealed)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// A write or rename that fails, naming the file.
    pub fn complete(self) -> Result<()> {
        self.seal()?.complete()
    }
}

/// A file that is written whole and waits for its name, without being open.
///
/// Dropped before it has its name, it leaves nothing behind.
#[derive(Debug)]
pub struct SealedFile {
    partial: PathBuf,
    path: PathBuf,
    named: bool,
}

impl SealedFile {
    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// A rename that fails, naming the file.
    pub fn complete(self) -> Result<()> {
        let path = self.path.clone();
        self.complete_as(&path)
    }

    /// Gives the file another name than it was begun with, on the same file system; the folder is made when needed.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made or a rename that fails, naming it.
    pub fn complete_as(mut self, path: &Path) -> Result<()> {
        make_folder_of(path)?;
        fs::rename(&self.partial, path).with_context(|| format!("writing `{}`", path.display()))?;
        self.named = true;
        Ok(())
    }
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        if !self.named {
            // Nothing to tell: the file was given up.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

fn make_folder_of(path: &Path) -> Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).with_context(|| format!("making folder `{}`", folder.display())),
        None => Ok(()),
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

    #[test]
    fn a_sealed_file_may_take_another_name_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let seal = || {
            let mut file = PartialFile::create(dir.path().join("y.txt")).unwrap();
            file.write_all(b"whole").unwrap();
            file.seal().unwrap()
        };
        drop(seal());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        seal().complete_as(&dir.path().join("z/1.txt")).unwrap();
        assert_eq!(fs::read(dir.path().join("z/1.txt")).unwrap(), b"whole");
        assert!(!dir.path().join("y.txt.partial").exists());
    }
}
