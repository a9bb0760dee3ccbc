//! Gathering a person's rows and resources from many files, through the disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use twinlake_crosscheck::{FhirSide, OmopSide, is_checked};
use twinlake_fhir::{FhirError, Header, ndjson};
use twinlake_harmonize::Shared;
use twinlake_omop::{DynRow, Table, key, read};
use twinlake_task::Spill;

use crate::check::Unreadable;
use crate::codec::encode;

/// Tag of a patient's FHIR line in the spill; an OMOP row's tag is its table's place in [`Table::ALL`].
pub(crate) const FHIR: u16 = 1_000;

/// Tag of a FHIR line of no patient, whose key is that of its own id.
pub(crate) const NOBODYS_FHIR: u16 = 1_001;

/// Bytes of input that one partition should hold; in memory it takes a few times that.
const PARTITION_BYTES: u64 = 24 << 20;

/// Adds a row that names no person, of either side, to the spill of those: of `cost` by key, of `episode_event` by episode.
pub(crate) fn spill_unowned(spill: &mut Spill, is_given: bool, row: &DynRow) -> Result<()> {
    let mut payload = Vec::with_capacity(128);
    encode(row, &mut payload);
    let key = row.key().or_else(|| row.cells.first()?.as_int()).unwrap_or_default();
    let tag = 2 * u16::from(row.table == Table::EpisodeEvent) + u16::from(is_given);
    spill.write(key, tag, &[&payload])
}

/// Which table a spilled row without a person is of, and whether FHIR gave it.
pub(crate) fn unowned(tag: u16) -> (Table, bool) {
    let table = if tag < 2 { Table::Cost } else { Table::EpisodeEvent };
    (table, tag % 2 == 1)
}

/// What was gathered: persons in a spill, what they share in memory.
pub(crate) struct Gathered {
    /// Rows and resources by person; rows of nobody under key 0, resources of nobody under that of their own id.
    pub(crate) spill: Spill,
    /// Rows of `cost` and `episode_event`, which name no person.
    pub(crate) costs: Spill,
    /// The FHIR side as a whole.
    pub(crate) fhir: FhirSide,
    /// The OMOP side as a whole.
    pub(crate) omop: OmopSide,
    /// Rows of tables without a person: providers, care sites, locations.
    pub(crate) shared_rows: Vec<DynRow>,
    /// Lines of practitioners, organizations and locations, and where they stand.
    pub(crate) shared_lines: Vec<(String, String)>,
    /// Records that could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
    /// The files of resources, which the spilled lines number.
    pub(crate) files: Vec<PathBuf>,
}

/// Where a spilled line stands: its file's place in [`Gathered::files`], and its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LinePlace {
    pub(crate) file: u32,
    pub(crate) line: u64,
}

impl LinePlace {
    /// Adds the line to a spill.
    fn spill(self, spill: &mut Spill, key: i64, tag: u16, text: &str) -> Result<()> {
        spill.write(key, tag, &[&self.file.to_le_bytes(), &self.line.to_le_bytes(), text.as_bytes()])
    }

    /// The place and the text of a spilled line.
    pub(crate) fn split(payload: &[u8]) -> Result<(Self, &str)> {
        let (file, rest) = payload.split_first_chunk().context("a spilled line has no place")?;
        let (line, text) = rest.split_first_chunk().context("a spilled line has no place")?;
        let place = LinePlace { file: u32::from_le_bytes(*file), line: u64::from_le_bytes(*line) };
        Ok((place, std::str::from_utf8(text).context("a spilled line is not UTF-8")?))
    }
}

impl Gathered {
    /// An empty gathering for files of about so many bytes.
    pub(crate) fn new(work: &Path, bytes: u64) -> Result<Self> {
        let n_partitions = Spill::partitions_for(bytes, PARTITION_BYTES);
        Ok(Self {
            spill: Spill::create(work, n_partitions)?,
            costs: Spill::create(work, n_partitions)?,
            fhir: FhirSide::default(),
            omop: OmopSide::default(),
            shared_rows: Vec::new(),
            shared_lines: Vec::new(),
            unreadable: Vec::new(),
            files: Vec::new(),
        })
    }

    /// Learns which tables and columns there are. A file that cannot be read is for [`Gathered::read_omop`] to say.
    pub(crate) fn declare(&mut self, tables: &BTreeMap<Table, Vec<PathBuf>>) {
        for (table, files) in tables {
            let mut columns = files.iter().filter_map(|path| columns_of(*table, path)).peekable();
            if columns.peek().is_none() {
                self.omop.declare::<&str>(*table, None);
            }
            columns.for_each(|columns| self.omop.declare(*table, Some(&columns)));
        }
    }

    /// Reads the files of OMOP tables. One that cannot be read is noted, with file and reason; the others are read.
    pub(crate) fn read_omop(&mut self, tables: &BTreeMap<Table, Vec<PathBuf>>) -> Result<()> {
        let is_wanted = |table: Table| is_checked(table) || OmopSide::learns_from(table);
        for (table, files) in tables.iter().filter(|(table, _)| is_wanted(**table)) {
            for path in files {
                if let Some(reason) = self.read_table(*table, path)? {
                    self.omop.could_not_read(*table, format!("reading `{}`: {reason}", path.display()));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads a file of a table; gives back why it could not be read. A work file that cannot be written is an error.
    fn read_table(&mut self, table: Table, path: &Path) -> Result<Option<String>> {
        let batches = match rows_of(table, path) {
            Ok(batches) => batches,
            Err(error) => return Ok(Some(format!("{error:#}"))),
        };
        for rows in batches {
            match rows {
                Ok(rows) => rows.iter().try_for_each(|row| self.add_row(row))?,
                Err(error) => return Ok(Some(format!("{error:#}"))),
            }
        }
        Ok(None)
    }

    fn add_row(&mut self, row: &DynRow) -> Result<()> {
        self.omop.count(row);
        if OmopSide::learns_from(row.table) {
            return Ok(());
        }
        if matches!(row.table, Table::Cost | Table::EpisodeEvent) {
            return spill_unowned(&mut self.costs, false, row);
        }
        if row.table.spec().person_column.is_none() {
            self.shared_rows.push(row.clone());
            return Ok(());
        }
        let tag = Table::ALL.iter().position(|table| *table == row.table).expect("every table is in ALL");
        let mut payload = Vec::with_capacity(256);
        encode(row, &mut payload);
        // A row without a person is an orphan of person 0, which the rules find.
        self.spill.write(row.person_id().unwrap_or(0), u16::try_from(tag).expect("39 tables"), &[&payload])
    }

    /// Reads NDJSON files of resources.
    pub(crate) fn read_fhir(&mut self, files: &[PathBuf]) -> Result<()> {
        for path in files {
            let context = || format!("reading `{}`", path.display());
            let n_file = u32::try_from(self.files.len()).context("there are too many files")?;
            self.files.push(path.clone());
            let file = File::open(path).with_context(context)?;
            let text = ndjson::open(file, ndjson::Compression::from_path(path)).with_context(context)?;
            let mut lines = ndjson::Reader::new(text);
            loop {
                match lines.next_line() {
                    Ok(Some(line)) => self.add_line(path, LinePlace { file: n_file, line: line.number }, line.text)?,
                    Ok(None) => break,
                    Err(error) => {
                        let place = format!("{}:{}", path.display(), error.line_from(1));
                        self.unreadable.push(Unreadable { place, reason: error.to_string() });
                    }
                }
            }
        }
        Ok(())
    }

    fn add_line(&mut self, path: &Path, at: LinePlace, text: &str) -> Result<()> {
        let place = || format!("{}:{}", path.display(), at.line);
        // What is of a person is read to its end when the person is checked. Of all else the header counts before that, so it
        // must be that of a resource.
        let is_of_person = |header: &Header<'_>| {
            let resource_type = header.resource_type.as_deref().unwrap_or_default();
            resource_type != "Patient" && !Shared::reads(resource_type) && header.patient_id().is_some()
        };
        let header = match Header::scan(text).filter(is_of_person).map_or_else(|| Header::read(text), Ok) {
            Ok(header) => header,
            Err(error) => {
                self.unreadable.push(Unreadable { place: place(), reason: error.to_string() });
                return Ok(());
            }
        };
        let Some(resource_type) = &header.resource_type else {
            let reason = FhirError::MissingResourceType.to_string();
            self.unreadable.push(Unreadable { place: place(), reason });
            return Ok(());
        };
        let patient = header.patient_id();
        let is_shared = Shared::reads(resource_type);
        let is_everyones = is_shared || resource_type == "Patient" || patient.is_none();
        if let Some(id) = header.id.as_deref().filter(|_| is_everyones) {
            self.fhir.expect(resource_type, id);
        }
        if is_shared {
            self.shared_lines.push((place(), text.to_owned()));
            return Ok(());
        }
        if let Some(patient) = patient {
            return at.spill(&mut self.spill, key::of_person(patient), FHIR, text);
        }
        // What is of no patient is spread by its own id, so that no partition gets all of it.
        let own = header.id.as_deref().map_or(0, |id| key::of(resource_type, id));
        at.spill(&mut self.spill, own, NOBODYS_FHIR, text)
    }
}

/// The rows of a file, some at a time.
fn rows_of(table: Table, path: &Path) -> Result<Box<dyn Iterator<Item = Result<Vec<DynRow>>>>> {
    let file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        let rows = read::csv(table, file)?;
        return Ok(Box::new(rows.map(|row| Ok(vec![row?]))));
    }
    let batches = read::parquet(table, file)?;
    Ok(Box::new(batches.map(|rows| Ok(rows?))))
}

/// The columns of a table that a file has; none when it cannot be read.
fn columns_of(table: Table, path: &Path) -> Option<Vec<&'static str>> {
    let file = File::open(path).ok()?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return Some(read::csv(table, file).ok()?.columns().collect());
    }
    Some(read::parquet(table, file).ok()?.columns().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spilled_line_knows_where_it_stood() {
        let place = LinePlace { file: 3, line: 1 << 40 };
        let work = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(work.path(), 1).unwrap();
        place.spill(&mut spill, 7, FHIR, "{}").unwrap();
        let records = spill.finish().unwrap()[0].read().unwrap();
        assert_eq!(LinePlace::split(records.iter().next().unwrap().payload).unwrap(), (place, "{}"));
        assert!(LinePlace::split(&[1, 2, 3]).is_err());
    }
}
