//! The model pack: a folder of TOML and CSV that says what a population is, what befalls it and how it is cared for.
//!
//! [`Pack`] is such a folder, read and linted; [`Pack::embedded`] is the one that is compiled in. The pack is data only:
//! the simulation reads it, and the validator reads its [constraints](Pack::constraints) without knowing the simulation.
//!
//! ```
//! use twinlake_pack::Pack;
//!
//! let pack = Pack::embedded();
//! let diabetes = pack.concept(pack.key("type-2-diabetes").expect("in the default pack"));
//! assert_eq!(diabetes.code, "44054006");
//! assert_eq!(pack.window_years, 10);
//! ```

mod constraint;
mod error;
mod key;
mod lint;
mod model;
mod payers;
mod population;
mod source;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

pub use constraint::{Constraint, Measure, Target};
pub use error::PackError;
pub use key::{ConceptEntry, ConceptKey, Key};
pub use model::{
    Allergies, AllergyShare, Answer, Below, Condition, DeathRules, Derived, DrugEffect, Effect, Episode, EpisodeDrug,
    FollowUp, Goal, Interval, Lab, LabCategory, LabShift, Latent, Loading, Measured, Medication, Mortality, Onset,
    Order, Procedure, Recognition, Report, ReportService, Shift, Specimen, Term, Treatment, Vaccine, Visit, VisitClass,
};
pub use payers::{Payer, PayerKind, PayerShare, Payers};
pub use population::{AgeBand, LifeTableRow, Names, Place, Population, Race, RaceBand};
pub use table::{Sex, Table};

use constraint::{ConstraintFile, TargetFile};
use source::Files;

static US_ADULT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/models/us-adult");

/// A model pack, read and linted.
#[derive(Debug)]
pub struct Pack {
    /// Name, e.g. `us-adult`.
    pub name: &'static str,
    /// Version of the figures.
    pub version: &'static str,
    /// Version of what the simulation does with them; another one may give the same seed other patients.
    pub semantics_version: u32,
    /// The day at which the living follow the pyramid; no life goes on after it.
    pub reference_date: NaiveDate,
    /// Years before the reference date that charts hold.
    pub window_years: u32,
    /// Years before the window in which care is simulated but not charted, so that it is settled when the window opens.
    pub run_in_years: u32,
    /// Concepts by [`ConceptKey`].
    pub concepts: Vec<ConceptEntry>,
    /// Where people live.
    pub places: Vec<Place>,
    /// Who is there.
    pub population: Population,
    /// What they are called.
    pub names: Names,
    /// Latent state, each after those it loads on.
    pub latents: Vec<Latent>,
    /// Conditions, by file.
    pub conditions: Vec<Condition>,
    /// Medications, by file.
    pub medications: Vec<Medication>,
    /// Labs, by file.
    pub labs: Vec<Lab>,
    /// Kinds of specimen, by file.
    pub specimens: Vec<Specimen>,
    /// Reports, by file.
    pub reports: Vec<Report>,
    /// Procedures, by file.
    pub procedures: Vec<Procedure>,
    /// Vaccines, by file.
    pub vaccines: Vec<Vaccine>,
    /// Sorts of visit, by file.
    pub visits: Vec<Visit>,
    /// How deaths are charted.
    pub death: DeathRules,
    /// Allergies.
    pub allergies: Allergies,
    /// Who pays for care.
    pub payers: Payers,
    /// What the pack claims to meet.
    pub targets: Vec<Target>,
    tables: BTreeMap<&'static str, Table>,
    constraints: Vec<Constraint>,
    keys: BTreeMap<&'static str, ConceptKey>,
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    name: Key,
    version: Key,
    semantics_version: u32,
    reference_date: Key,
    window_years: u32,
    run_in_years: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LatentFile {
    latent: Vec<Latent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TerminologyRow {
    key: Key,
    system: Key,
    code: Key,
    display: Key,
    concept_id: i32,
}

impl Pack {
    /// The pack that is compiled in, `us-adult`.
    ///
    /// # Panics
    ///
    /// Never: a test reads it.
    pub fn embedded() -> &'static Self {
        static PACK: OnceLock<Pack> = OnceLock::new();
        PACK.get_or_init(|| Self::from_files(Self::embedded_files()).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Files of the pack that is compiled in: path inside the pack's folder, and content.
    pub fn embedded_files() -> Vec<(String, Vec<u8>)> {
        fn walk(folder: &Dir<'static>, files: &mut Vec<(String, Vec<u8>)>) {
            for file in folder.files() {
                files.push((file.path().to_string_lossy().into_owned(), file.contents().to_vec()));
            }
            for inner in folder.dirs() {
                walk(inner, files);
            }
        }
        let mut files = Vec::new();
        walk(&US_ADULT, &mut files);
        files
    }

    /// Reads a pack from its files, by path inside the pack's folder.
    ///
    /// # Errors
    ///
    /// [`PackError`] names file and line of what is missing, does not read, or cannot be.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, PackError> {
        let files = Files::new(files)?;
        let head: PackFile = files.toml("pack.toml")?;
        let reference_date = head.reference_date.parse().map_err(|_| {
            let message = format!("`{}` is no day of the form 2025-12-31", head.reference_date);
            files.lint("pack.toml", "reference_date", message)
        })?;

        let (mut concepts, mut keys) = (Vec::new(), BTreeMap::new());
        for (file, text) in files.folder("terminology", "csv") {
            for row in source::csv::<TerminologyRow>(file, text)? {
                let index = u16::try_from(concepts.len())
                    .map_err(|_| files.lint(file, &row.key, "a pack has at most 65,536 concepts".to_owned()))?;
                if keys.insert(row.key.0, ConceptKey(index)).is_some() {
                    return Err(files.lint(file, &row.key, format!("concept `{}` is there twice", row.key)));
                }
                concepts.push(ConceptEntry {
                    key: row.key.0,
                    system: row.system.0,
                    code: row.code.0,
                    display: row.display.0,
                    concept_id: row.concept_id,
                });
            }
        }
        let mut tables = BTreeMap::new();
        for (file, text) in files.folder("distributions", "csv") {
            tables.insert(Key::new(file).0, Table::parse(file, text)?);
        }
        let constraint_file: ConstraintFile = files.toml("constraints.toml")?;
        let mut constraints = Vec::new();
        for row in constraint_file.constraint {
            let resolve = |key: Key| {
                let missing = || files.lint("constraints.toml", &key, format!("`{key}` is not in the terminology"));
                keys.get(key.0).copied().ok_or_else(missing)
            };
            constraints.push(Constraint {
                concept: resolve(row.concept)?,
                min_age: row.min_age,
                max_age: row.max_age,
                sex: row.sex,
                requires_any: row.requires_any.into_iter().map(resolve).collect::<Result<_, _>>()?,
                reason: row.reason.0,
            });
        }

        let mut origins = BTreeMap::new();
        let pack = Self {
            name: head.name.0,
            version: head.version.0,
            semantics_version: head.semantics_version,
            reference_date,
            window_years: head.window_years,
            run_in_years: head.run_in_years,
            concepts,
            places: files.csv("population/places.csv")?,
            population: Population::read(&files)?,
            names: Names::read(&files)?,
            latents: files.toml::<LatentFile>("latents.toml")?.latent,
            conditions: folder(&files, "conditions", &mut origins, |item: &Condition| item.key)?,
            medications: folder(&files, "medications", &mut origins, |item: &Medication| item.key)?,
            labs: folder(&files, "labs", &mut origins, |item: &Lab| item.key)?,
            specimens: folder(&files, "specimens", &mut origins, |item: &Specimen| item.key)?,
            reports: folder(&files, "reports", &mut origins, |item: &Report| item.key)?,
            procedures: folder(&files, "procedures", &mut origins, |item: &Procedure| item.key)?,
            vaccines: folder(&files, "vaccines", &mut origins, |item: &Vaccine| item.key)?,
            visits: folder(&files, "care", &mut origins, |item: &Visit| item.key)?,
            death: files.toml("death.toml")?,
            allergies: files.toml("allergies.toml")?,
            payers: Payers::read(&files)?,
            targets: files.toml::<TargetFile>("calibration.toml")?.target,
            tables,
            constraints,
            keys,
            hash: hash(&files),
        };
        lint::lint(&pack, &files, &origins)?;
        Ok(pack)
    }

    /// SHA-256 of paths and contents in hex, in the order of the paths.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What a concept key stands for.
    pub fn concept(&self, key: ConceptKey) -> &ConceptEntry {
        &self.concepts[usize::from(key.0)]
    }

    /// The concept key of this name.
    pub fn key(&self, name: &str) -> Option<ConceptKey> {
        self.keys.get(name).copied()
    }

    /// Keys and entries of all concepts.
    pub fn concept_keys(&self) -> impl Iterator<Item = (ConceptKey, &ConceptEntry)> {
        self.keys.values().map(|&key| (key, self.concept(key)))
    }

    /// The figures of a file in `distributions`, by its path.
    pub fn table(&self, path: &str) -> Option<&Table> {
        self.tables.get(path)
    }

    /// What no record of this population may break.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }
}

/// Reads a folder of TOML files and notes which file each key came from.
fn folder<T: serde::de::DeserializeOwned>(
    files: &Files,
    folder: &'static str,
    origins: &mut BTreeMap<(&'static str, Key), String>,
    key: impl Fn(&T) -> Key,
) -> Result<Vec<T>, PackError> {
    let mut items = Vec::new();
    for (file, item) in files.toml_folder::<T>(folder)? {
        let key = key(&item);
        if let Some(other) = origins.get(&(folder, key)) {
            return Err(files.lint(&file, &key, format!("`{key}` is also the key of `{other}`")));
        }
        origins.insert((folder, key), file);
        items.push(item);
    }
    Ok(items)
}

fn hash(files: &Files) -> String {
    let mut hasher = Sha256::new();
    for (path, text) in &files.0 {
        for part in [path, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, from: &str, to: &str) -> String {
        let files = Pack::embedded_files().into_iter().map(|(file, content)| {
            if file != path {
                return (file, content);
            }
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains(from), "{path} has no `{from}`");
            (file, text.replacen(from, to, 1).into_bytes())
        });
        Pack::from_files(files).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_pack_reads() {
        let pack = Pack::embedded();
        assert_eq!(pack.name, "us-adult");
        assert_eq!(pack.hash().len(), 64);
        assert_eq!(pack.population.pyramid.len(), 34);
        assert!(pack.places.len() >= 51);
        assert!(pack.conditions.len() >= 18);
        for (key, entry) in pack.concept_keys() {
            assert_eq!(pack.key(entry.key), Some(key));
        }
    }

    #[test]
    fn the_hash_follows_the_content() {
        let changed = Pack::embedded_files().into_iter().map(|(file, mut content)| {
            if file == "pack.toml" {
                content.extend(b"# more\n");
            }
            (file, content)
        });
        let changed = Pack::from_files(changed).unwrap();
        assert_ne!(changed.hash(), Pack::embedded().hash());
        let mut reversed = Pack::embedded_files();
        reversed.reverse();
        assert_eq!(Pack::from_files(reversed).unwrap().hash(), Pack::embedded().hash());
    }

    #[test]
    fn errors_name_file_and_line() {
        assert_eq!(
            broken("conditions/t2dm.toml", "stream = 21", "stream = 22"),
            "conditions/t2dm.toml:3: stream `22` is also that of `conditions/hypertension.toml`"
        );
        assert_eq!(
            broken("conditions/t2dm.toml", "\"type-2-diabetes\"", "\"type-9-diabetes\""),
            "conditions/t2dm.toml:2: `type-9-diabetes` is not in the terminology"
        );
        let unknown = broken("conditions/t2dm.toml", "stream = 21", "stream = 21\nflavour = 3");
        assert!(unknown.starts_with("conditions/t2dm.toml:4: unknown field `flavour`"), "{unknown}");
        let hazard = broken("distributions/t2dm_hazard.csv", "female,14,", "female,14,9");
        assert!(hazard.contains("is not between 0 and 1"), "{hazard}");
        let text = broken("distributions/t2dm_hazard.csv", "female,14,", "female,14,x");
        assert!(text.starts_with("distributions/t2dm_hazard.csv:3: "), "{text}");
        let order = broken("care/wellness.toml", "\"body-height\"", "\"body-width\"");
        assert!(order.ends_with("`body-width` is no lab, report or procedure"), "{order}");
        let share = broken("payers.toml", "medicaid = 0.3269", "medicaid = 1.3269");
        assert!(share.ends_with("the shares from age 0 are no shares of one"), "{share}");
        let payer = broken("payers.toml", "kind = \"medicaid\"", "kind = \"private\"");
        assert!(payer.ends_with("there is no payer of kind Medicaid"), "{payer}");
    }

    #[test]
    fn causes_that_go_in_a_circle_are_refused() {
        let message = broken("conditions/hypertension.toml", "condition = \"t2dm\"", "condition = \"ckd-3\"");
        assert!(message.contains("go in a circle"), "{message}");
        assert!(message.contains("`ckd-3`"), "{message}");
    }

    #[test]
    fn tables_are_straight_between_rows_and_level_beyond() {
        let text = "sex,age,value,spread,source\nfemale,10,1,0,x\nfemale,20,3,1,x\nmale,0,5,0,x\n";
        let table = Table::parse("t.csv", text).unwrap();
        assert_eq!(table.at(Sex::Female, 15.0), (2.0, 0.5));
        assert_eq!(table.at(Sex::Female, 5.0), (1.0, 0.0));
        assert_eq!(table.at(Sex::Female, 99.0), (3.0, 1.0));
        assert_eq!((table.step(Sex::Female, 19.9), table.step(Sex::Male, 50.0)), (1.0, 5.0));
    }
}
