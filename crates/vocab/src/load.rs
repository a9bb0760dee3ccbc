//! Reading the crosswalk's CSV files.

use chrono::NaiveDate;
use twinlake_omop::ConceptId;

use crate::{Concept, Domain};

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
#[derive(Debug)]
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

    pub(crate) fn concept(&self) -> Result<Concept, VocabError> {
        let domain = Domain::from_id(self.text(2)).ok_or_else(|| self.cell(2, "domain"))?;
        Ok(Concept {
            concept_id: self.concept_id(0)?,
            label: self.text(1).to_owned(),
            domain,
            vocabulary: self.text(3).to_owned(),
            class: self.text(4).to_owned(),
            standard: self.text(5) == "S",
            code: self.text(6).to_owned(),
            valid_start: self.date(7)?,
            valid_end: self.date(8)?,
            invalid_reason: self.optional(9),
        })
    }

    pub(crate) fn unknown(&self, concept_id: ConceptId, problem: &'static str) -> VocabError {
        VocabError::Concept { file: self.file, line: self.line, concept_id: concept_id.get(), problem }
    }

    fn cell(&self, column: usize, expected: &'static str) -> VocabError {
        let value = self.text(column).to_owned();
        VocabError::Cell { file: self.file, line: self.line, value, expected }
    }
}

/// The rows of a file whose `column` holds concept ids, all of them read once.
pub(crate) fn rows_with_concept(file: &'static str, text: &str, column: usize) -> Result<Vec<Row>, VocabError> {
    let rows = rows(file, text)?;
    for row in &rows {
        row.concept_id(column)?;
    }
    Ok(rows)
}

/// The rows of one file.
pub(crate) fn rows(file: &'static str, text: &str) -> Result<Vec<Row>, VocabError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.records().map(|record| {
        let record = record.map_err(|source| VocabError::Csv { file, source })?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok(Row { file, line, record })
    });
    records.collect()
}
