//! Reading a download of the OHDSI vocabularies (Athena), once, and its cache after that.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::load::{self, Files, VocabError};
use crate::store::{self, BuildError, Builder, Input, Link, Store};
use crate::vocab::{Tables, Vocab};

const CONCEPT: Layout = Layout {
    file: "CONCEPT.csv",
    columns: &[
        "concept_id",
        "concept_name",
        "domain_id",
        "vocabulary_id",
        "concept_class_id",
        "standard_concept",
        "concept_code",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
    ],
};
const RELATIONSHIPS: Layout = Layout {
    file: "CONCEPT_RELATIONSHIP.csv",
    columns: &[
        "concept_id_1",
        "concept_id_2",
        "relationship_id",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
    ],
};
const ANCESTORS: Layout = Layout {
    file: "CONCEPT_ANCESTOR.csv",
    columns: &["ancestor_concept_id", "descendant_concept_id", "min_levels_of_separation", "max_levels_of_separation"],
};
const VOCABULARY: Layout = Layout {
    file: "VOCABULARY.csv",
    columns: &[
        "vocabulary_id",
        "vocabulary_name",
        "vocabulary_reference",
        "vocabulary_version",
        "vocabulary_concept_id",
    ],
};
const DOMAIN: Layout = Layout { file: "DOMAIN.csv", columns: &["domain_id", "domain_name", "domain_concept_id"] };
const CONCEPT_CLASS: Layout = Layout {
    file: "CONCEPT_CLASS.csv",
    columns: &["concept_class_id", "concept_class_name", "concept_class_concept_id"],
};
const RELATIONSHIP: Layout = Layout {
    file: "RELATIONSHIP.csv",
    columns: &[
        "relationship_id",
        "relationship_name",
        "is_hierarchical",
        "defines_ancestry",
        "reverse_relationship_id",
        "relationship_concept_id",
    ],
};

const STRENGTHS: Layout = Layout {
    file: "DRUG_STRENGTH.csv",
    columns: &[
        "drug_concept_id",
        "ingredient_concept_id",
        "amount_value",
        "amount_unit_concept_id",
        "numerator_value",
        "numerator_unit_concept_id",
        "denominator_value",
        "denominator_unit_concept_id",
        "box_size",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
    ],
};

/// A file of a download, and the columns it begins with.
struct Layout {
    file: &'static str,
    columns: &'static [&'static str],
}

impl Vocab {
    /// Reads the folder of an Athena download, or the cache of an earlier reading.
    ///
    /// The folder holds the tab-separated `CONCEPT.csv`, `CONCEPT_RELATIONSHIP.csv`, `CONCEPT_ANCESTOR.csv`, `VOCABULARY.csv`,
    /// `DOMAIN.csv`, `CONCEPT_CLASS.csv` and `RELATIONSHIP.csv`; quotes in them are part of the text. The cache is one file,
    /// `vocabulary.twinlake` in the folder itself or one named after the folder in `cache`. It is made anew when size or time
    /// of one of the first three files has changed. `DRUG_STRENGTH.csv` is read where it is there.
    ///
    /// The download wins over the embedded crosswalk; concepts of the crosswalk that the download lacks keep their rows and
    /// links. Unit aliases and the value sets of FHIR's required codes are the crosswalk's.
    ///
    /// # Errors
    ///
    /// [`VocabError`]: a file that is missing, has other columns, or a row that cannot be read, by file and line; a cache that
    /// cannot be written.
    pub fn athena(folder: &Path, cache: Option<&Path>) -> Result<Self, VocabError> {
        let tables = Tables {
            vocabulary: table(folder, &VOCABULARY, 4)?,
            domain: table(folder, &DOMAIN, 2)?,
            concept_class: table(folder, &CONCEPT_CLASS, 2)?,
            relationship: table(folder, &RELATIONSHIP, 5)?,
        };
        let key = key(folder)?;
        let path = cache_path(folder, cache)?;
        let store = match cached(&path, &key) {
            Some(store) => store,
            None => build(folder, &path, &key)?,
        };
        Self::over(store, tables)
    }
}

/// Where the cache of a download lies.
fn cache_path(folder: &Path, cache: Option<&Path>) -> Result<PathBuf, VocabError> {
    let Some(cache) = cache else { return Ok(folder.join("vocabulary.twinlake")) };
    let whole = fs::canonicalize(folder).map_err(|source| VocabError::Io { path: folder.to_owned(), source })?;
    fs::create_dir_all(cache).map_err(|source| VocabError::Cache { path: cache.to_owned(), source })?;
    let hash = load::fingerprint([whole.to_string_lossy().as_ref()]);
    Ok(cache.join(format!("vocabulary-{hash:016x}.twinlake")))
}

/// What a cache was made of: the big files by size and time, and the crosswalk compiled in.
fn key(folder: &Path) -> Result<String, VocabError> {
    let mut key = String::new();
    for layout in [&CONCEPT, &RELATIONSHIPS, &ANCESTORS, &STRENGTHS] {
        let path = folder.join(layout.file);
        if layout.file == STRENGTHS.file && !path.exists() {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|source| unreadable(&path, source))?;
        let modified = metadata.modified().map_err(|source| VocabError::Io { path: path.clone(), source })?;
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        key += &[layout.file, " ", &metadata.len().to_string(), " ", &since.to_string(), "\n"].concat();
    }
    let Files { concept, maps_to, ingredient, .. } = Files::EMBEDDED;
    Ok(format!("{key}embedded {:016x}\n", load::fingerprint([concept, maps_to, ingredient])))
}

fn unreadable(path: &Path, source: io::Error) -> VocabError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        VocabError::Missing { path }
    } else {
        VocabError::Io { path, source }
    }
}

/// The cache, if it is there and was made of the same files. One that cannot be read is made anew.
fn cached(path: &Path, key: &str) -> Option<Store> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.checked_sub(store::tail_len(key))?)).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    if store::key_in(&tail)? != key {
        return None;
    }
    read(&mut file, length).ok().and_then(Store::open)
}

fn read(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the big files into a cache, and that into memory.
fn build(folder: &Path, path: &Path, key: &str) -> Result<Store, VocabError> {
    let failed = |source| VocabError::Cache { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = Partial(path.with_file_name(name));
    let out = BufWriter::with_capacity(1 << 20, File::create(&partial.0).map_err(failed)?);
    let mut builder = Builder::new(out);
    concepts(folder, &mut builder, path)?;
    builder.sort();
    let extra = add_embedded(&mut builder).map_err(failed)?;

    let reading = &builder;
    let (maps, ingredients) = std::thread::scope(|scope| {
        let ingredients = scope.spawn(|| ingredients(folder, reading));
        let maps = relationships(folder, reading);
        (maps, ingredients.join())
    });
    let ingredients = ingredients.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let (maps_to, maps_to_value) = maps?;
    let strengths = strengths(folder)?;
    let mut links = [maps_to, maps_to_value, ingredients, strengths];
    let embedded = Vocab::embedded();
    for place in extra {
        embedded.copy_links(place, &mut links);
    }
    let out = builder.finish(links, key).map_err(|error| match error {
        BuildError::Io(source) => failed(source),
        BuildError::Twice(concept_id) => VocabError::Twice { path: folder.join(CONCEPT.file), concept_id },
    })?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&partial.0, path).map_err(failed)?;
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let bytes = read(&mut file, length).map_err(failed)?;
    Store::open(bytes).ok_or_else(|| failed(io::Error::other("it changed while it was read")))
}

/// A file that goes unless it was renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already when the cache was completed.
        let _ = fs::remove_file(&self.0);
    }
}

fn concepts(folder: &Path, builder: &mut Builder<BufWriter<File>>, cache: &Path) -> Result<(), VocabError> {
    let mut lines = Lines::open(folder, &CONCEPT)?;
    while let Some(line) = lines.next()? {
        let [id, name, domain, vocabulary, class, standard, code, start, end, invalid] = line.columns()?;
        let concept = Input {
            id: line.concept_id(id)?,
            name: line.text(name)?,
            domain: line.text(domain)?,
            vocabulary: line.text(vocabulary)?,
            class: line.text(class)?,
            standard: line.text(standard)?,
            code: line.text(code)?,
            valid_start: line.day(start)?,
            valid_end: line.day(end)?,
            invalid: line.text(invalid)?,
        };
        let pushed = builder.push(&concept);
        let pushed = pushed.map_err(|source| VocabError::Cache { path: cache.to_owned(), source })?;
        pushed.map_err(|error| line.error(id, error.0))?;
    }
    Ok(())
}

/// Adds the concepts of the crosswalk that the download lacks; gives their places in the crosswalk.
fn add_embedded(builder: &mut Builder<BufWriter<File>>) -> io::Result<Vec<u32>> {
    let mut extra = Vec::new();
    let embedded = Vocab::embedded();
    let lacking: Vec<_> = (0_u32..)
        .zip(embedded.concepts())
        .filter(|(_, concept)| !builder.has(concept.concept_id.get().unsigned_abs()))
        .collect();
    for (place, concept) in lacking {
        if builder.push(&Input::from(concept))?.is_ok() {
            extra.push(place);
        }
    }
    builder.sort();
    Ok(extra)
}

/// `Maps to` of concepts that are not standard to ones that are, and `Maps to value`; valid ones only.
fn relationships(folder: &Path, builder: &Builder<BufWriter<File>>) -> Result<(Vec<Link>, Vec<Link>), VocabError> {
    let (mut maps_to, mut maps_to_value) = (Vec::new(), Vec::new());
    let mut lines = Lines::open(folder, &RELATIONSHIPS)?;
    while let Some(line) = lines.next()? {
        let [one, two, relationship, start, end, invalid] = line.columns()?;
        let found = match relationship {
            b"Maps to" => &mut maps_to,
            b"Maps to value" => &mut maps_to_value,
            _ => continue,
        };
        if one != two && invalid.is_empty() {
            let numbers = (line.day(start)?, line.day(end)?);
            found.push(Link { from: line.concept_id(one)?, to: line.concept_id(two)?, numbers });
        }
    }
    maps_to.retain(|link| builder.is_standard(link.to) && !builder.is_standard(link.from));
    Ok((maps_to, maps_to_value))
}

/// The ingredients of each drug: those of its ancestors that are standard concepts of class Ingredient. An ingredient's is itself.
fn ingredients(folder: &Path, builder: &Builder<BufWriter<File>>) -> Result<Vec<Link>, VocabError> {
    let ingredients = builder.ingredients();
    let is_ingredient = |id: u32| ingredients.binary_search(&id).is_ok();
    let mut of_drugs: Vec<Link> =
        ingredients.iter().map(|&ingredient| Link { from: ingredient, to: ingredient, numbers: (0, 0) }).collect();
    let mut lines = Lines::open(folder, &ANCESTORS)?;
    // Rows of one ancestor often stand together.
    let mut last = (0, false);
    while let Some(line) = lines.next()? {
        let [ancestor, descendant, min, max] = line.columns()?;
        let ancestor = line.concept_id(ancestor)?;
        if last.0 != ancestor {
            last = (ancestor, is_ingredient(ancestor));
        }
        if last.1 {
            let from = line.concept_id(descendant)?;
            if !is_ingredient(from) {
                of_drugs.push(Link { from, to: ancestor, numbers: (line.number(min)?, line.number(max)?) });
            }
        }
    }
    Ok(of_drugs)
}

/// How much of an ingredient a piece of a drug has: the valid rows with an amount. The file may be missing.
fn strengths(folder: &Path) -> Result<Vec<Link>, VocabError> {
    let mut strengths = Vec::new();
    if !folder.join(STRENGTHS.file).exists() {
        return Ok(strengths);
    }
    let mut lines = Lines::open(folder, &STRENGTHS)?;
    while let Some(line) = lines.next()? {
        let [drug, ingredient, amount, unit, .., invalid] = line.columns::<12>()?;
        // A liquid has so much in so much; how much of it was taken at once, no exposure says.
        if amount.is_empty() || unit.is_empty() || !invalid.is_empty() {
            continue;
        }
        let numbers = (line.amount(amount)?.to_bits(), line.concept_id(unit)?);
        strengths.push(Link { from: line.concept_id(drug)?, to: line.concept_id(ingredient)?, numbers });
    }
    Ok(strengths)
}

/// The rows of a small file, and the crosswalk's own where the file lacks them.
fn table(folder: &Path, layout: &Layout, concept: usize) -> Result<Vec<load::Row>, VocabError> {
    // The header is checked as those of the big files are.
    drop(Lines::open(folder, layout)?);
    let path = folder.join(layout.file);
    let text = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
    load::rows_with_concept(layout.file, &text, load::Form::Tabs, concept)
}

/// The lines of a big file.
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

/// One line, with what an error must name.
#[derive(Clone, Copy)]
struct Line<'l> {
    path: &'l Path,
    number: u64,
    bytes: &'l [u8],
}

impl Lines {
    /// Opens a file and checks its header.
    fn open(folder: &Path, layout: &Layout) -> Result<Self, VocabError> {
        let path = folder.join(layout.file);
        let file = File::open(&path).map_err(|source| unreadable(&path, source))?;
        let mut lines = Self { path, reader: BufReader::with_capacity(1 << 20, file), line: Vec::new(), number: 0 };
        let header = lines.next()?.map(|line| String::from_utf8_lossy(line.bytes).to_lowercase()).unwrap_or_default();
        let found = header.trim_start_matches('\u{feff}');
        if !found.split('\t').map(str::trim).zip(layout.columns).all(|(found, expected)| found == *expected)
            || found.split('\t').count() < layout.columns.len()
        {
            let expected = layout.columns.join(", ");
            return Err(VocabError::Header { path: lines.path, expected, found: found.chars().take(200).collect() });
        }
        Ok(lines)
    }

    /// The next line that is not empty.
    fn next(&mut self) -> Result<Option<Line<'_>>, VocabError> {
        loop {
            self.line.clear();
            let read = self.reader.read_until(b'\n', &mut self.line);
            let read = read.map_err(|source| VocabError::Io { path: self.path.clone(), source })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                self.line.pop();
            }
            if !self.line.is_empty() {
                break;
            }
        }
        Ok(Some(Line { path: &self.path, number: self.number, bytes: &self.line }))
    }
}

impl<'l> Line<'l> {
    /// The first columns of the line.
    fn columns<const N: usize>(self) -> Result<[&'l [u8]; N], VocabError> {
        let mut columns = [&self.bytes[..0]; N];
        let mut cells = self.bytes.split(|byte| *byte == b'\t');
        for column in &mut columns {
            *column = cells.next().ok_or_else(|| self.error(self.bytes, "row with as many columns as the header"))?;
        }
        Ok(columns)
    }

    fn text(self, cell: &'l [u8]) -> Result<&'l str, VocabError> {
        std::str::from_utf8(cell).map_err(|_| self.error(cell, "text in UTF-8"))
    }

    fn concept_id(self, cell: &[u8]) -> Result<u32, VocabError> {
        let id = digits(cell).filter(|id| i32::try_from(*id).is_ok());
        id.ok_or_else(|| self.error(cell, "concept id"))
    }

    fn number(self, cell: &[u8]) -> Result<u32, VocabError> {
        digits(cell).ok_or_else(|| self.error(cell, "number"))
    }

    fn amount(self, cell: &[u8]) -> Result<f32, VocabError> {
        let amount = std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok());
        amount.filter(|amount: &f32| amount.is_finite()).ok_or_else(|| self.error(cell, "amount"))
    }

    /// A date, as 20991231 or 2099-12-31.
    fn day(self, cell: &[u8]) -> Result<u32, VocabError> {
        let number = match cell {
            [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => digits(&[*y1, *y2, *y3, *y4, *m1, *m2, *d1, *d2]),
            _ => Some(cell).filter(|cell| cell.len() == 8).and_then(digits),
        };
        let number = number.filter(|number| store::day_of(*number).is_some());
        number.ok_or_else(|| self.error(cell, "date such as 20991231"))
    }

    fn error(self, cell: &[u8], expected: &'static str) -> VocabError {
        let value: String = String::from_utf8_lossy(cell).chars().take(100).collect();
        VocabError::Line { path: self.path.to_owned(), line: self.number, value, expected }
    }
}

/// A number of digits only.
fn digits(cell: &[u8]) -> Option<u32> {
    if cell.is_empty() {
        return None;
    }
    cell.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}
