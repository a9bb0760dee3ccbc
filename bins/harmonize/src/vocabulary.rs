//! The vocabulary of a run: the embedded crosswalk, or an Athena download, with codes of one's own.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use twinlake_vocab::Vocab;

/// Which vocabulary codes are looked up in
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct VocabularyArgs {
    /// Folder of an unpacked Athena download (CONCEPT.csv and the others) [default: the embedded crosswalk]
    #[arg(long, value_name = "DIR")]
    pub vocabulary: Option<PathBuf>,

    /// Folder for the cache of the download [default: the download's own]
    #[arg(long, value_name = "DIR", requires = "vocabulary")]
    pub vocabulary_cache: Option<PathBuf>,

    /// Codes of one's own: a `source_to_concept_map` as CSV [default: `SOURCE_TO_CONCEPT_MAP.csv` of the download]
    #[arg(long, value_name = "FILE")]
    pub source_to_concept_map: Option<PathBuf>,
}

/// A vocabulary that is open.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// None is the embedded crosswalk as it is.
    given: Option<Vocab>,
    /// A download has millions of concepts, of which the tables hold those that occur.
    pub(crate) is_download: bool,
}

impl Vocabulary {
    /// The vocabulary itself.
    pub fn get(&self) -> &Vocab {
        self.given.as_ref().unwrap_or_else(|| Vocab::embedded())
    }
}

impl VocabularyArgs {
    /// Whether it is the embedded crosswalk as it is.
    pub fn is_default(&self) -> bool {
        self.vocabulary.is_none() && self.source_to_concept_map.is_none()
    }

    /// Reads the download or its cache, and the codes of one's own.
    ///
    /// # Errors
    ///
    /// A file that is missing or cannot be read, by name and line.
    pub fn open(&self) -> Result<Vocabulary> {
        let local = self.source_to_concept_map.clone().or_else(|| {
            let local = self.vocabulary.as_ref()?.join("SOURCE_TO_CONCEPT_MAP.csv");
            local.is_file().then_some(local)
        });
        let mut vocab = match &self.vocabulary {
            Some(folder) => {
                let vocab = Vocab::athena(folder, self.vocabulary_cache.as_deref());
                vocab.with_context(|| format!("reading the vocabulary in `{}`", folder.display()))?
            }
            None if local.is_none() => return Ok(Vocabulary::default()),
            None => Vocab::crosswalk(),
        };
        if let Some(local) = local {
            vocab
                .add_source_to_concept_map(&local)
                .with_context(|| format!("reading the codes in `{}`", local.display()))?;
        }
        Ok(Vocabulary { given: Some(vocab), is_download: self.vocabulary.is_some() })
    }
}
