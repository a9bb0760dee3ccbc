//! `cargo xtask vocab`: makes the embedded crosswalk of `crates/vocab` from published vocabulary extracts.
//!
//! In: the extracts (`<specs>/vocabulary`), the concepts the model packs name (`crates/pack/models/*/terminology/*.csv`),
//! and three files kept by hand in `crates/vocab/data`: `wanted.csv` (concepts a mapping names), `valueset.csv` (FHIR's
//! required codes) and `labels.csv` (our own words for SNOMED CT). Out: the other files of that folder, sorted by id.
//! An id, code, domain or flag is only ever copied; a concept that no extract has stops the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Vocabularies whose names we may not pass on, or only in our own words.
const OWN_WORDS: &str = "SNOMED";
/// Vocabularies that are not shipped at all.
const KEPT_OUT: [&str; 3] = ["CPT4", "ATC", "NUCC"];
/// The relationships of `concept_relationship` that we emit.
const RELATIONSHIPS: [&str; 4] = ["Maps to", "Mapped from", "RxNorm has ing", "RxNorm ing of"];

/// Makes the files anew under `root`, the workspace, from the extracts under `specs`.
///
/// # Errors
///
/// When a file cannot be read or written, or a wanted concept is not in the extracts, or a SNOMED CT concept has no
/// label of ours.
pub(crate) fn run(root: &Path, specs: &Path) -> Result<()> {
    let data = root.join("crates/vocab/data");
    let extracts = specs.join("vocabulary");
    let official = Official::read(&extracts)?;

    let mut wanted = BTreeSet::new();
    let mut labels = BTreeMap::new();
    for row in read(&data.join("wanted.csv"))? {
        wanted.insert(row.id("concept_id")?);
    }
    for row in read(&data.join("valueset.csv"))? {
        wanted.insert(row.id("concept_id")?);
    }
    for path in terminology(root)? {
        for row in read(&path)? {
            let id = row.id("concept_id")?;
            if id == 0 {
                // A code that no extract has: OMOP knows it by its source value alone.
                continue;
            }
            let concept = official.concept(id).with_context(|| format!("in `{}`", path.display()))?;
            let code = row.text("code")?;
            ensure!(
                concept.text("concept_code")? == code,
                "`{}` says concept {id} is code `{code}`, the extract says `{}`",
                path.display(),
                concept.text("concept_code")?
            );
            wanted.insert(id);
            labels.entry(id).or_insert(row.text("display")?.to_owned());
        }
    }
    for row in read(&data.join("labels.csv"))? {
        labels.insert(row.id("concept_id")?, row.text("label")?.to_owned());
    }

    let units = official.unit_aliases(&extracts, &mut wanted)?;
    let maps_to = official.maps_to(&mut wanted)?;
    let ingredients = official.ingredients(&extracts, &mut wanted)?;

    let mut concepts = Vec::new();
    let mut used = Used::default();
    for &id in &wanted {
        let concept = official.concept(id)?;
        used.note(concept)?;
        concepts.push(concept_row(id, concept, &labels)?);
    }
    write(
        &data.join("crosswalk.csv"),
        "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code,valid_start_date,valid_end_date,invalid_reason",
        &concepts,
    )?;
    write(&data.join("maps_to.csv"), "concept_id_1,concept_id_2,valid_start_date,valid_end_date", &maps_to)?;
    write(&data.join("ingredient.csv"), "drug_concept_id,ingredient_concept_id,how", &ingredients)?;
    write(&data.join("unit_alias.csv"), "code,concept_id", &units)?;
    for (file, ids) in [
        ("vocabulary", &used.vocabularies),
        ("domain", &used.domains),
        ("concept_class", &used.classes),
        ("relationship", &RELATIONSHIPS.map(str::to_owned).into()),
    ] {
        restrict(&extracts.join(format!("{file}.csv")), &data.join(format!("{file}.csv")), ids)?;
    }
    Ok(())
}

/// The terminology files of every model pack, sorted.
fn terminology(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pack in fs::read_dir(root.join("crates/pack/models")).context("reading `crates/pack/models`")? {
        let folder = pack?.path().join("terminology");
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                files.push(path);
            }
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "no model pack has a terminology file");
    Ok(files)
}

fn concept_row(id: u32, concept: &Row, labels: &BTreeMap<u32, String>) -> Result<Vec<String>> {
    let vocabulary = concept.text("vocabulary_id")?;
    ensure!(!KEPT_OUT.contains(&vocabulary), "concept {id} is of {vocabulary}, which is not shipped");
    let label = match labels.get(&id) {
        Some(label) if vocabulary == OWN_WORDS => label.clone(),
        None if vocabulary == OWN_WORDS => {
            bail!("concept {id} of SNOMED CT has no label of ours; add one to `crates/vocab/data/labels.csv`")
        }
        _ => concept.text("concept_name")?.to_owned(),
    };
    let mut row = vec![id.to_string(), label];
    for column in [
        "domain_id",
        "vocabulary_id",
        "concept_class_id",
        "standard_concept",
        "concept_code",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
    ] {
        row.push(concept.text(column)?.to_owned());
    }
    Ok(row)
}

/// What the concepts refer to, so that each reference has its row.
#[derive(Default)]
struct Used {
    vocabularies: BTreeSet<String>,
    domains: BTreeSet<String>,
    classes: BTreeSet<String>,
}

impl Used {
    fn note(&mut self, concept: &Row) -> Result<()> {
        self.vocabularies.insert(concept.text("vocabulary_id")?.to_owned());
        self.domains.insert(concept.text("domain_id")?.to_owned());
        self.classes.insert(concept.text("concept_class_id")?.to_owned());
        Ok(())
    }
}

/// The published extracts.
struct Official {
    concepts: BTreeMap<u32, Row>,
    maps_to: BTreeMap<(u32, u32), (String, String)>,
}

impl Official {
    fn read(extracts: &Path) -> Result<Self> {
        let mut concepts = BTreeMap::new();
        // The core first: where both files have a row, the core's is the newer.
        for file in ["concept.csv", "concept_extended.csv"] {
            for row in read(&extracts.join(file))? {
                concepts.entry(row.id("concept_id")?).or_insert(row);
            }
        }
        let mut maps_to = BTreeMap::new();
        for row in read(&extracts.join("concept_relationship.csv"))? {
            if row.text("relationship_id")? == "Maps to" {
                let dates = (row.text("valid_start_date")?.to_owned(), row.text("valid_end_date")?.to_owned());
                maps_to.insert((row.id("concept_id_1")?, row.id("concept_id_2")?), dates);
            }
        }
        Ok(Self { concepts, maps_to })
    }

    fn concept(&self, id: u32) -> Result<&Row> {
        self.concepts.get(&id).with_context(|| format!("no extract has concept {id}"))
    }

    /// Every unit that UCUM, as FHIR writes it, can name.
    fn unit_aliases(&self, extracts: &Path, wanted: &mut BTreeSet<u32>) -> Result<Vec<Vec<String>>> {
        let mut rows = Vec::new();
        for row in read(&extracts.join("unit_alias.csv"))? {
            let id = row.id("unit_concept_id")?;
            wanted.insert(id);
            if self.concept(id)?.text("concept_code")? != row.text("ucum_code_in_fhir")? {
                rows.push(vec![row.text("ucum_code_in_fhir")?.to_owned(), id.to_string()]);
            }
        }
        for (&id, concept) in &self.concepts {
            let unit = concept.text("vocabulary_id")? == "UCUM" && concept.text("standard_concept")? == "S";
            // The core has a `use` for each concept; the extended file has none.
            if unit && concept.text("use").is_ok() {
                wanted.insert(id);
            }
        }
        rows.sort();
        Ok(rows)
    }

    /// The standard concepts of the wanted ones that are not standard; they become wanted too.
    fn maps_to(&self, wanted: &mut BTreeSet<u32>) -> Result<Vec<Vec<String>>> {
        let mut rows = Vec::new();
        for id in wanted.clone() {
            if self.concept(id)?.text("standard_concept")? == "S" {
                continue;
            }
            for (&(_, target), (start, end)) in self.maps_to.range((id, 0)..=(id, u32::MAX)) {
                if self.concepts.get(&target).is_some_and(|row| row.text("standard_concept").is_ok_and(|s| s == "S")) {
                    wanted.insert(target);
                    rows.push(vec![id.to_string(), target.to_string(), start.clone(), end.clone()]);
                }
            }
        }
        Ok(rows)
    }

    /// The ingredients of the wanted drugs; they become wanted too.
    fn ingredients(&self, extracts: &Path, wanted: &mut BTreeSet<u32>) -> Result<Vec<Vec<String>>> {
        let mut rows = BTreeMap::new();
        for row in read(&extracts.join("drug_ingredient.csv"))? {
            let (drug, ingredient) = (row.id("drug_concept_id")?, row.id("ingredient_concept_id")?);
            if wanted.contains(&drug) {
                wanted.insert(ingredient);
                let cells = vec![drug.to_string(), ingredient.to_string(), row.text("how")?.to_owned()];
                rows.insert((drug, ingredient), cells);
            }
        }
        for &id in wanted.iter() {
            let concept = self.concept(id)?;
            let drug = concept.text("vocabulary_id")? == "RxNorm" && concept.text("concept_class_id")? != "Ingredient";
            ensure!(
                !drug || rows.range((id, 0)..=(id, u32::MAX)).next().is_some(),
                "no extract has the ingredient of drug {id}"
            );
        }
        Ok(rows.into_values().collect())
    }
}

/// The rows of an official table whose first column is among `ids`.
fn restrict(from: &Path, to: &Path, ids: &BTreeSet<String>) -> Result<()> {
    let mut reader = csv::Reader::from_path(from).with_context(|| format!("reading `{}`", from.display()))?;
    let header = reader.headers()?.iter().collect::<Vec<_>>().join(",");
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        if ids.contains(&record[0]) {
            rows.insert(record[0].to_owned(), record.iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }
    if let Some(missing) = ids.iter().find(|id| !rows.contains_key(*id)) {
        bail!("`{}` has no row for `{missing}`", from.display());
    }
    write(to, &header, &rows.into_values().collect::<Vec<_>>())
}

/// A row of a CSV file, by column name.
struct Row {
    path: PathBuf,
    line: u64,
    cells: BTreeMap<String, String>,
}

impl Row {
    fn text(&self, column: &str) -> Result<&str> {
        let cell = self.cells.get(column);
        cell.map(String::as_str).with_context(|| format!("`{}` has no column `{column}`", self.path.display()))
    }

    fn id(&self, column: &str) -> Result<u32> {
        let text = self.text(column)?;
        text.parse()
            .with_context(|| format!("`{}` line {}: `{text}` is not a concept id", self.path.display(), self.line))
    }
}

fn read(path: &Path) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("reading `{}`", path.display()))?;
    let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("reading `{}`", path.display()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        rows.push(Row { path: path.to_owned(), line, cells });
    }
    Ok(rows)
}

fn write(path: &Path, header: &str, rows: &[Vec<String>]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header.split(','))?;
    for row in rows {
        writer.write_record(row)?;
    }
    fs::write(path, writer.into_inner()?).with_context(|| format!("writing `{}`", path.display()))
}
