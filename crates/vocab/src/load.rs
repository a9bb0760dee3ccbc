//! Reading the crosswalk's CSV files.

use std::path::PathBuf;

use chrono::NaiveDate;
use twinlake_omop::ConceptId;

use crate::Domain;
use crate::store::{Input, number_of};

/// The texts of the crosswalk's files, each a CSV with a header.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// CONCEPT: its ten columns.
    pub concept: &'a str,
    /// `concept_id_1,concept_id_2,valid_start_date,valid_end_date`: what a source concept maps to.
    pub maps_to: &'a str,
    /// `drug_concept_id,ingredient_concept_id,how`.
    pub ingredient: &'a str,
    /// `code,concept_id`: UCUM as FHIR writes it, where OMOP writes it otherwise.
    pub unit_alias: &'a str,
    /// `set,code,concept_id`: FHIR's required codes.
    pub valueset: &'a str,
    /// `set,code,concept_id`: codes that HL7's guide maps to concepts no public extract has. They count where the
    /// vocabulary in use has the concept, and it is standard.
    pub guide: &'a str,
    /// VOCABULARY: its five columns.
    pub vocabulary: &'a str,
    /// DOMAIN: its three columns.
    pub domain: &'a str,
    /// `CONCEPT_CLASS`: its three columns.
    pub concept_class: &'a str,
    /// RELATIONSHIP: its six columns.
    pub relationship: &'a str,
}

impl Files<'static> {
    /// The files compiled into this crate.
    pub const EMBEDDED: Self = Self {
        concept: include_str!("../data/crosswalk.csv"),
        maps_to: include_str!("../data/maps_to.csv"),
        ingredient: include_str!("../data/ingredient.csv"),
        unit_alias: include_str!("../data/unit_alias.csv"),
        valueset: include_str!("../data/valueset.csv"),
        guide: include_str!("../data/guide.csv"),
        vocabulary: include_str!("../data/vocabulary.csv"),
        domain: include_str!("../data/domain.csv"),
        concept_class: include_str!("../data/concept_class.csv"),
        relationship: include_str!("../data/relationship.csv"),
    };
}

/// Why a crosswalk could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VocabError {
    /// The text is not CSV, or a row has too few columns.
    #[error("`{file}` is not the CSV it should be")]
    Csv {
        /// The file.
        file: &'static str,
        /// What the CSV reader says.
        source: csv::Error,
    },
    /// A cell does not hold what its column holds.
    #[error("`{file}` line {line}: `{value}` is not a {expected}")]
    Cell {
        /// The file.
        file: &'static str,
        /// Its line.
        line: u64,
        /// The cell.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A file of a download is not there.
    #[error(
        "`{}` is not there: `--vocabulary` wants the folder of an unpacked Athena download (https://athena.ohdsi.org) with \
         CONCEPT.csv, CONCEPT_RELATIONSHIP.csv, CONCEPT_ANCESTOR.csv, VOCABULARY.csv, DOMAIN.csv, CONCEPT_CLASS.csv and \
         RELATIONSHIP.csv",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file does not begin with the columns it should have.
    #[error("`{}` does not begin with the columns {expected} but with `{found}`: download it anew and leave it as it is", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The columns it should have.
        expected: String,
        /// Its first line.
        found: String,
    },
    /// A line of a big file cannot be read.
    #[error("`{}` line {line}: `{value}` is not a {expected}: mend or drop the line, or download the file anew", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The cell.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A file has a concept twice.
    #[error("`{}`: concept {concept_id} is there twice: download the file anew", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The concept.
        concept_id: u32,
    },
    /// A file cannot be read.
    #[error("reading `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The cache cannot be written.
    #[error("writing the cache `{}`: name a folder that can be written with `--vocabulary-cache`", path.display())]
    Cache {
        /// The cache.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A row names a concept that the concept file does not have, or has it twice.
    #[error("`{file}` line {line}: concept {concept_id} is {problem}")]
    Concept {
        /// The file.
        file: &'static str,
        /// Its line.
        line: u64,
        /// The concept.
        concept_id: i32,
        /// `missing` or `there twice`.
        problem: &'static str,
    },
}

/// One row of a file, with what an error must name.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    file: &'static str,
    line: u64,
    record: csv::StringRecord,
}

impl Row {
    pub(crate) fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    pub(crate) fn optional(&self, column: usize) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(crate) fn concept_id(&self, column: usize) -> Result<ConceptId, VocabError> {
        let id = self.text(column).parse::<i32>().ok();
        id.and_then(|id| ConceptId::try_from(id).ok()).ok_or_else(|| self.cell(column, "concept id"))
    }

    /// A concept id that [`crate::Vocab::from_files`] has already read once.
    pub(crate) fn trusted_concept_id(&self, column: usize) -> ConceptId {
        self.concept_id(column).expect("checked when the file was read")
    }

    pub(crate) fn date(&self, column: usize) -> Result<NaiveDate, VocabError> {
        self.text(column).parse().map_err(|_| self.cell(column, "date"))
    }

    pub(crate) fn concept(&self) -> Result<Input<'_>, VocabError> {
        Domain::from_id(self.text(2)).ok_or_else(|| self.cell(2, "domain"))?;
        Ok(Input {
            id: self.concept_id(0)?.get().unsigned_abs(),
            name: self.text(1),
            domain: self.text(2),
            vocabulary: self.text(3),
            class: self.text(4),
            standard: self.text(5),
            code: self.text(6),
            valid_start: number_of(self.date(7)?),
            valid_end: number_of(self.date(8)?),
            invalid: self.text(9),
        })
    }

    pub(crate) fn unknown(&self, concept_id: ConceptId, problem: &'static str) -> VocabError {
        VocabError::Concept { file: self.file, line: self.line, concept_id: concept_id.get(), problem }
    }

    pub(crate) fn cell(&self, column: usize, expected: &'static str) -> VocabError {
        let value = self.text(column).to_owned();
        VocabError::Cell { file: self.file, line: self.line, value, expected }
    }
}

/// How a file's columns are divided.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// By commas, quotes around texts that have some.
    Commas,
    /// By tabs; quotes are part of the text.
    Tabs,
}

/// The rows of a file whose `column` holds concept ids, all of them read once.
pub(crate) fn rows_with_concept(
    file: &'static str,
    text: &str,
    form: Form,
    column: usize,
) -> Result<Vec<Row>, VocabError> {
    let rows = divided(file, text, form)?;
    for row in &rows {
        row.concept_id(column)?;
    }
    Ok(rows)
}

/// The rows of one file.
pub(crate) fn rows(file: &'static str, text: &str) -> Result<Vec<Row>, VocabError> {
    divided(file, text, Form::Commas)
}

fn divided(file: &'static str, text: &str, form: Form) -> Result<Vec<Row>, VocabError> {
    let mut builder = csv::ReaderBuilder::new();
    if matches!(form, Form::Tabs) {
        builder.delimiter(b'\t').quoting(false);
    }
    let mut reader = builder.from_reader(text.as_bytes());
    let records = reader.records().map(|record| {
        let record = record.map_err(|source| VocabError::Csv { file, source })?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok(Row { file, line, record })
    });
    records.collect()
}

/// A number that changes with the texts: FNV-1a.
pub(crate) fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> u64 {
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
