//! `source_to_concept_map`: what a person says that local codes mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use twinlake_omop::{ConceptId, SourceToConceptMap};

use crate::load::VocabError;
use crate::store::day_of;
use crate::{Vocab, system};

/// Local codes, by vocabulary and code.
#[derive(Debug, Default)]
pub(crate) struct Local {
    codes: BTreeMap<String, BTreeMap<String, Meaning>>,
    pub(crate) rows: Vec<SourceToConceptMap>,
}

/// What a local code means.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    /// Its own concept; 0 when there is none.
    pub(crate) source: ConceptId,
    /// Standard concepts, ascending; none for a code that is known to have none.
    pub(crate) targets: Vec<ConceptId>,
}

impl Local {
    /// The meaning of a code. Its system is asked for by its URI, by its OMOP vocabularies and by the last segment of its URI;
    /// a code without a system by `None`.
    pub(crate) fn get(&self, system: Option<&str>, code: &str) -> Option<&Meaning> {
        if self.codes.is_empty() {
            return None;
        }
        let of = |vocabulary: &str| self.codes.get(vocabulary)?.get(code);
        let Some(system) = system else { return of("None") };
        let names = || system::vocabularies(system).iter().find_map(|vocabulary| of(vocabulary));
        of(system).or_else(names).or_else(|| of(&system::last_segment(system)))
    }
}

/// A `source_vocabulary_id` that fits its column.
fn short(vocabulary: &str) -> String {
    let fits = vocabulary.chars().count() <= system::SHORT_NAME;
    if fits { vocabulary.to_owned() } else { system::last_segment(vocabulary) }
}

/// The columns of the file, where its header has them.
struct Columns<'c> {
    places: BTreeMap<String, usize>,
    path: &'c Path,
}

impl Columns<'_> {
    fn text<'r>(&self, row: &'r csv::StringRecord, column: &str) -> &'r str {
        self.places.get(column).and_then(|place| row.get(*place)).unwrap_or_default().trim()
    }

    fn error(&self, line: u64, value: &str, expected: &'static str) -> VocabError {
        VocabError::Line { path: self.path.to_owned(), line, value: value.to_owned(), expected }
    }

    fn concept_id(&self, row: &csv::StringRecord, line: u64, column: &str) -> Result<ConceptId, VocabError> {
        let text = self.text(row, column);
        if text.is_empty() {
            return Ok(ConceptId::NONE);
        }
        let id = text.parse::<i32>().ok().and_then(|id| ConceptId::try_from(id).ok());
        id.ok_or_else(|| self.error(line, text, "concept id"))
    }

    fn day(&self, row: &csv::StringRecord, line: u64, column: &str, absent: u32) -> Result<NaiveDate, VocabError> {
        let text = self.text(row, column);
        let day = match text {
            "" => day_of(absent),
            text => text.parse().ok().or_else(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()),
        };
        day.ok_or_else(|| self.error(line, text, "date such as 2099-12-31"))
    }
}

impl Vocab {
    /// Reads a `source_to_concept_map` file; what it says of a code wins over the vocabulary.
    ///
    /// The file has a header and is divided by commas or by tabs. `source_code`, `source_vocabulary_id` and `target_concept_id`
    /// must be there; the other columns of the table may be, and further ones. Rows with an `invalid_reason`, and rows without
    /// a target, are passed over. Several rows of one
    /// code give it several targets; target 0 says that there is none.
    ///
    /// `source_vocabulary_id` names a FHIR code system by its URI, by OMOP's name of it (`ICD10CM`), or by the last segment of
    /// its URI, cut at 20 characters: `lab-codes` for `http://hospital.example/fhir/lab-codes`. `None` stands for codes without
    /// a system.
    ///
    /// # Errors
    ///
    /// [`VocabError`]: a file that cannot be read or lacks a column; a cell that is not what its column holds; a target that
    /// the vocabulary does not have, or that is not standard.
    pub fn add_source_to_concept_map(&mut self, path: &Path) -> Result<(), VocabError> {
        let text = fs::read_to_string(path).map_err(|source| VocabError::Io { path: path.to_owned(), source })?;
        let text = text.trim_start_matches('\u{feff}');
        let header = text.lines().next().unwrap_or_default();
        let mut builder = csv::ReaderBuilder::new();
        if header.contains('\t') {
            builder.delimiter(b'\t').quoting(false);
        }
        let mut reader = builder.from_reader(text.as_bytes());
        let broken = |error: &csv::Error| VocabError::Line {
            path: path.to_owned(),
            line: error.position().map_or(1, csv::Position::line),
            value: error.to_string(),
            expected: "row of the table",
        };
        let headers = reader.headers().map_err(|error| broken(&error))?;
        let places = headers.iter().enumerate().map(|(place, name)| (name.trim().to_lowercase(), place)).collect();
        let columns = Columns { places, path };
        let needed = ["source_code", "source_vocabulary_id", "target_concept_id"];
        if needed.iter().any(|name| !columns.places.contains_key(*name)) {
            let (path, found) = (path.to_owned(), header.chars().take(200).collect());
            return Err(VocabError::Header { path, expected: needed.join(", "), found });
        }
        for row in reader.records() {
            let row = row.map_err(|error| broken(&error))?;
            let line = row.position().map_or(0, csv::Position::line);
            self.add_local(&columns, &row, line)?;
        }
        for meaning in self.local.codes.values_mut().flat_map(BTreeMap::values_mut) {
            meaning.targets.sort_unstable();
            meaning.targets.dedup();
        }
        Ok(())
    }

    fn add_local(&mut self, columns: &Columns<'_>, row: &csv::StringRecord, line: u64) -> Result<(), VocabError> {
        let text = |column| columns.text(row, column);
        let optional = |column| Some(columns.text(row, column)).filter(|text| !text.is_empty()).map(str::to_owned);
        let (code, vocabulary) = (text("source_code"), text("source_vocabulary_id"));
        if code.is_empty() {
            return Err(columns.error(line, code, "source code"));
        }
        let source = columns.concept_id(row, line, "source_concept_id")?;
        let target = columns.concept_id(row, line, "target_concept_id")?;
        // Without a target nobody has said yet what it means.
        if optional("invalid_reason").is_some() || optional("target_concept_id").is_none() {
            return Ok(());
        }
        let concept = self.concept(target);
        let given = text("target_concept_id");
        let Some(concept) = concept else {
            return Err(columns.error(line, given, "concept of the vocabulary"));
        };
        if !concept.standard && !target.is_none() {
            return Err(columns.error(line, given, "standard concept"));
        }
        let target_vocabulary_id = concept.vocabulary.to_owned();
        self.local.rows.push(SourceToConceptMap {
            source_code: code.to_owned(),
            source_concept_id: source,
            source_vocabulary_id: short(vocabulary),
            source_code_description: optional("source_code_description"),
            target_concept_id: target,
            target_vocabulary_id,
            valid_start_date: columns.day(row, line, "valid_start_date", 19_700_101)?,
            valid_end_date: columns.day(row, line, "valid_end_date", 20_991_231)?,
            invalid_reason: None,
        });
        let meaning = self.local.codes.entry(vocabulary.to_owned()).or_default().entry(code.to_owned()).or_default();
        meaning.source = source;
        if !target.is_none() {
            meaning.targets.push(target);
        }
        Ok(())
    }
}
