//! The files of a pack, and how a TOML or CSV file becomes values with an error that names the line.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::error::PackError;

/// The files of a pack by path, as text.
pub(crate) struct Files(pub(crate) BTreeMap<String, String>);

impl Files {
    pub(crate) fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, PackError> {
        let mut texts = BTreeMap::new();
        for (path, content) in files {
            let path = path.replace('\\', "/");
            match String::from_utf8(content) {
                Ok(text) => texts.insert(path, text),
                Err(_) => return Err(PackError::Encoding { file: path }),
            };
        }
        Ok(Self(texts))
    }

    pub(crate) fn text(&self, file: &str) -> Result<&str, PackError> {
        self.0.get(file).map(String::as_str).ok_or_else(|| PackError::Missing { file: file.to_owned() })
    }

    /// The files of a folder with this extension, by path.
    pub(crate) fn folder<'a>(&'a self, folder: &str, extension: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (start, end) = (format!("{folder}/"), format!(".{extension}"));
        self.0
            .iter()
            .filter(move |(path, _)| path.starts_with(&start) && path.ends_with(&end))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn toml<T: DeserializeOwned>(&self, file: &str) -> Result<T, PackError> {
        toml(file, self.text(file)?)
    }

    /// The same, or nothing when there is no such file.
    pub(crate) fn optional_toml<T: DeserializeOwned + Default>(&self, file: &str) -> Result<T, PackError> {
        self.0.get(file).map_or_else(|| Ok(T::default()), |text| toml(file, text))
    }

    pub(crate) fn toml_folder<T: DeserializeOwned>(&self, folder: &str) -> Result<Vec<(String, T)>, PackError> {
        self.folder(folder, "toml").map(|(file, text)| Ok((file.to_owned(), toml(file, text)?))).collect()
    }

    pub(crate) fn csv<T: DeserializeOwned>(&self, file: &str) -> Result<Vec<T>, PackError> {
        csv(file, self.text(file)?)
    }

    /// A lint of the line that holds this text.
    pub(crate) fn lint(&self, file: &str, value: &str, message: String) -> PackError {
        let line = self.0.get(file).and_then(|text| text.lines().position(|line| line.contains(value)));
        PackError::Lint { file: file.to_owned(), line: line.map_or(1, |line| line + 1), message }
    }
}

fn toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PackError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text[..start].matches('\n').count() + 1;
        PackError::Toml { file: file.to_owned(), line, message: error.message().to_owned() }
    })
}

/// Rows of a CSV file with a header.
pub(crate) fn csv<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, PackError> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|row| {
            row.map_err(|error| {
                let line = error.position().map_or(1, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
                PackError::Csv { file: file.to_owned(), line, message: error.to_string() }
            })
        })
        .collect()
}
