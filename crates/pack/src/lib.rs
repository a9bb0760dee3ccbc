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

mod calibration;
mod constraint;
mod error;
mod key;
mod lint;
mod model;
mod payers;
mod population;
mod prices;
mod source;
mod table;
mod unused;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

pub use calibration::{Calibration, Exclusion, Figure, Group, Question, Statistic, Test};
pub use constraint::{Constraint, Measure, Target};
pub use error::PackError;
pub use key::{ConceptEntry, ConceptKey, Key};
pub use model::{
    Allergies, AllergyShare, Answer, Below, BirthRules, Condition, Course, CourseEnd, CourseInterval, CourseOrder,
    CourseWay, DeathRules, Derived, DrugEffect, Effect, Episode, EpisodeDrug, FollowUp, Goal, Grade, Interval, Lab,
    LabCategory, LabShift, Latent, Loading, Measured, Medication, Modality, Mortality, Onset, Order, Outcome, PlanGoal,
    Procedure, ProcedureCategory, Recognition, Report, ReportService, Shift, Specimen, Supply, SurveyItem, Sway, Term,
    TextAnswer, Treatment, Vaccine, Visit, VisitClass, Weighted,
};
pub use payers::{Payer, PayerKind, PayerShare, Payers};
pub use population::{AgeBand, LifeTableRow, Names, Place, Population, Race, RaceBand};
pub use prices::{PatientPays, Prices};
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
    /// The stay in which children are born; none when births are not charted.
    pub birth: Option<BirthRules>,
    /// How deaths are charted.
    pub death: DeathRules,
    /// Allergies.
    pub allergies: Allergies,
    /// Who pays for care.
    pub payers: Payers,
    /// What care costs.
    pub prices: Prices,
    /// What the pack claims to meet.
    pub targets: Vec<Target>,
    /// What a generated population is compared with.
    pub calibration: Calibration,
    /// What only a survey measures.
    pub survey: Vec<SurveyItem>,
    tables: BTreeMap<&'static str, Table>,
    constraints: Vec<Constraint>,
    keys: BTreeMap<&'static str, ConceptKey>,
    hash: String,
    unused: Vec<PackError>,
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

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SurveyFile {
    #[serde(default)]
    item: Vec<SurveyItem>,
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
                max_per_day: row.max_per_day,
                reason: row.reason.0,
            });
        }

        let mut origins = BTreeMap::new();
        let targets: TargetFile = files.toml("calibration.toml")?;
        let survey: SurveyFile = files.optional_toml("survey.toml")?;
        let procedures = folder(&files, "procedures", &mut origins, |item: &Procedure| item.key)?;
        let medications = folder(&files, "medications", &mut origins, |item: &Medication| item.key)?;
        let visits = folder(&files, "care", &mut origins, |item: &Visit| item.key)?;
        let mut pack = Self {
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
            prices: Prices::read(&files, &visits, &procedures, &medications)?,
            medications,
            labs: folder(&files, "labs", &mut origins, |item: &Lab| item.key)?,
            specimens: folder(&files, "specimens", &mut origins, |item: &Specimen| item.key)?,
            reports: folder(&files, "reports", &mut origins, |item: &Report| item.key)?,
            procedures,
            vaccines: folder(&files, "vaccines", &mut origins, |item: &Vaccine| item.key)?,
            visits,
            birth: files.0.contains_key("birth.toml").then(|| files.toml("birth.toml")).transpose()?,
            death: files.toml("death.toml")?,
            allergies: files.toml("allergies.toml")?,
            payers: Payers::read(&files)?,
            targets: targets.target,
            calibration: Calibration::read(&files, targets.question, targets.group)?,
            survey: survey.item,
            tables,
            constraints,
            keys,
            hash: hash(&files),
            unused: Vec::new(),
        };
        lint::lint(&pack, &files, &origins)?;
        let file_of = |folder, key| origins.get(&(folder, key)).cloned().unwrap_or_else(|| folder.to_owned());
        pack.unused = unused::unused(&pack, &files, file_of);
        Ok(pack)
    }

    /// SHA-256 of paths and contents in hex, in the order of the paths.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What is in the pack and nothing leads to, by file and line: a lab nobody orders, a table nobody reads. The pack
    /// works without; it most likely means that a line was forgotten elsewhere.
    pub fn unused(&self) -> &[PackError] {
        &self.unused
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
        let price = broken("prices.toml", "wellness = 130.0", "# no price");
        assert!(price.ends_with("visit `wellness` has no price"), "{price}");
        let payer = broken("payers.toml", "kind = \"medicaid\"", "kind = \"private\"");
        assert!(payer.ends_with("there is no payer of kind Medicaid"), "{payer}");
        let sway =
            broken("labs/diastolic-blood-pressure.toml", "swayed = { lab = \"systolic", "swayed = { lab = \"dystolic");
        assert!(sway.ends_with("a number is swayed by a measured lab that has noise"), "{sway}");
        let virtual_ = broken("distributions/virtual_share.csv", "female,0,", "female,0,9");
        assert!(virtual_.contains("care/virtual.toml"), "{virtual_}");
        let cohorts = broken("conditions/hyperlipidaemia.toml", "cohorts = [[1", "cohorts = [[9");
        assert!(cohorts.ends_with("`cohorts` has rising years and factors of at least zero"), "{cohorts}");
        let spread = broken("medications/insulin-regular.toml", "spread = 0", "spread = 8");
        assert!(spread.ends_with("the spread of an effect is between 0 and 1"), "{spread}");
        let direct = broken("conditions/hip-replacement.toml", "direct = ", "direct = 4");
        assert!(direct.contains("conditions/hip-replacement.toml"), "{direct}");
    }

    /// What nothing uses in the embedded pack with these files in place of its own.
    fn unused(changed: &[(&str, &str)]) -> Vec<String> {
        let mut files: BTreeMap<String, Vec<u8>> = Pack::embedded_files().into_iter().collect();
        files.extend(changed.iter().map(|(file, text)| ((*file).to_owned(), text.as_bytes().to_vec())));
        Pack::from_files(files).unwrap().unused().iter().map(ToString::to_string).collect()
    }

    fn embedded_text(path: &str) -> String {
        let file = Pack::embedded_files().into_iter().find(|(file, _)| file == path);
        String::from_utf8(file.unwrap_or_else(|| panic!("no {path}")).1).unwrap()
    }

    #[test]
    fn the_embedded_pack_has_nothing_of_no_use() {
        assert_eq!(unused(&[]), Vec::<String>::new());
    }

    #[test]
    fn parts_that_nothing_leads_to_are_named_with_file_and_line() {
        let table = "sex,age,value,spread,source\nfemale,0,0,0,x\nmale,0,0,0,x\n";
        let head =
            |stream: u16, concept: &str| format!("key = \"lonely\"\nconcept = \"{concept}\"\nstream = {stream}\n");
        let lab =
            format!("{}category = \"laboratory\"\nunit = \"mg/dL\"\n[measured]\noffset = 1.0\n", head(500, "glucose"));
        let report = format!("{}results = [\"glucose\"]\n", head(500, "lipid-panel"));
        let procedure = format!("{}minutes = [5, 10]\n", head(500, "colonoscopy"));
        let drug = format!("{}sig = \"Take one\"\ndays_supply = 1\nquantity = 1\n", head(500, "metformin-er-500"));
        let visit = "class = \"ambulatory\"\nhours = [8, 9]\nminutes = [5, 10]\nsource = \"x\"\n";
        let visit = format!("{}{visit}", head(500, "outpatient-visit"));
        let vaccine = embedded_text("vaccines/influenza.toml");
        let line = |text: &str, start: &str| {
            let found = text.lines().find(|line| line.starts_with(start));
            found.unwrap_or_else(|| panic!("no `{start}` in {text}")).to_owned()
        };
        let vaccine = vaccine.replace(&line(&vaccine, "uptake"), "uptake = 0.0");
        let latents = embedded_text("latents.toml")
            + "\n[[latent]]\nkey = \"mood\"\nunit = \"1\"\ncurve = \"distributions/lipid.csv\"\nlog = false\n\
               bounds = [0.0, 9.0]\ntreatment_cap = 0.0\n";
        let terminology = embedded_text("terminology/condition.csv") + "boredom,http://snomed.info/sct,1,Boredom,1\n";
        let gout = embedded_text("conditions/gout.toml");
        let never = gout.replace("distributions/gout_hazard.csv", "distributions/lonely.csv");
        for (file, text, message) in [
            ("labs/lonely.toml", lab.as_str(), "labs/lonely.toml:1: nothing leads to the lab `lonely`"),
            ("reports/lonely.toml", &report, "reports/lonely.toml:1: nothing leads to the report `lonely`"),
            ("procedures/lonely.toml", &procedure, "procedures/lonely.toml:1: nothing leads to the procedure `lonely`"),
            ("medications/lonely.toml", &drug, "medications/lonely.toml:1: nothing leads to the medication `lonely`"),
            ("care/lonely.toml", &visit, "care/lonely.toml:1: nothing leads to the sort of visit `lonely`"),
            ("vaccines/influenza.toml", &vaccine, "the vaccine `influenza` is never given"),
            ("distributions/lonely.csv", table, "distributions/lonely.csv:1: nothing reads this file"),
            ("conditions/lonely.tml", "", "conditions/lonely.tml:1: nothing reads this file"),
            ("latents.toml", &latents, ": nothing follows from the latent `mood`"),
            ("terminology/condition.csv", &terminology, ": nothing uses the concept `boredom`"),
        ] {
            // A visit has a price.
            let prices = embedded_text("prices.toml").replace("[visit]\n", "[visit]\nlonely = 1.0\n");
            let with_price = file.starts_with("care/").then_some(("prices.toml", prices.as_str()));
            let changed: Vec<_> = [(file, text)].into_iter().chain(with_price).collect();
            let found = unused(&changed);
            assert!(found.len() == 1 && found[0].contains(message), "{file}: {found:?}");
            let place = found[0].split(": ").next().unwrap().to_owned();
            let (at, line) = place.split_once(':').unwrap();
            assert_eq!((at, line.parse::<usize>().is_ok_and(|line| line > 0)), (file, true), "{found:?}");
        }
        let found = unused(&[("conditions/gout.toml", &never), ("distributions/lonely.csv", table)]);
        assert!(found.iter().any(|found| found.contains("the condition `gout` never begins")), "{found:?}");
        assert!(found.iter().any(|found| found.starts_with("distributions/gout_hazard.csv:1:")), "{found:?}");
    }

    #[test]
    fn what_cannot_be_is_refused_with_file_and_line() {
        for (path, from, to, message) in [
            ("labs/haematocrit.toml", "of = \"haemoglobin\"", "of = \"mean-corpuscular-volume\"", "goes in a circle"),
            ("labs/urine-nitrite.toml", "from = 1.0", "", "each grade but the first has a `from`"),
            ("reports/lipid-panel.toml", "results = [", "results = []\n# [", "has no `results`"),
            ("conditions/covid-19.toml", "[2021.0, 1.2]", "[2019.0, 1.2]", "`calendar` has rising times"),
            (
                "conditions/covid-19.toml",
                "condition = \"t2dm\"",
                "condition = \"influenza\"",
                "`influenza` does not last",
            ),
            ("conditions/anaemia.toml", "remits = 0.035", "remits = 1.5", "`remits` is `1.5`, which is no probability"),
            ("conditions/influenza.toml", "stream = 35", "stream = 35\nremits = 0.1", "only what lasts can remit"),
            ("conditions/pregnancy.toml", "share = 0.32", "share = 0.42", "the shares of the `ways` come to"),
            (
                "conditions/pregnancy.toml",
                "visit = \"prenatal\"",
                "visit = \"natal\"",
                "there is no sort of visit `natal`",
            ),
            ("conditions/pregnancy.toml", "stream = 48", "stream = 47", "stream `47` is also that of"),
            ("conditions/asthma.toml", "concept = \"asthma\"", "concept = \"copd\"", "`copd` is also the concept of"),
            ("conditions/asthma.toml", "never = ", "never = 1", "which is no probability"),
            ("terminology/condition.csv", ",317009", ",0", "has concept id `0`"),
        ] {
            let found = broken(path, from, to);
            assert!(found.contains(message), "{path}: {found}");
            let (place, _) = found.split_once(": ").unwrap();
            let line = place.rsplit_once(':').and_then(|(_, line)| line.parse::<usize>().ok());
            assert!(place.contains(".toml:") || place.contains(".csv:"), "{found}");
            assert!(line.is_some_and(|line| line > 0), "{found}");
        }
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
