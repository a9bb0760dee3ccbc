//! What a generated population is compared with: published figures, what each of them measures, and what is left out.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::PackError;
use crate::key::Key;
use crate::payers::PayerKind;
use crate::population::Race;
use crate::source::{Files, csv};
use crate::table::Sex;

/// Published figures and how the population is asked for them: `calibration.toml` and `calibration/*.csv`.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// Yes-or-no questions that figures ask of a person.
    pub questions: Vec<Question>,
    /// Groups of people that figures are of, beside sex and age.
    pub groups: Vec<Group>,
    /// The figures, by file and line.
    pub figures: Vec<Figure>,
    /// Rows that cannot be compared.
    pub exclusions: Vec<Exclusion>,
}

/// A yes-or-no question of a person; the answer is yes when all of any one list holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Name, as figures use it.
    pub key: Key,
    /// Lists of tests, of which one must hold whole.
    pub any: Vec<Vec<Test>>,
    /// Concepts of which one stands on the problem list of those whose chart says yes; for the recorded figure.
    #[serde(default)]
    pub recorded: Vec<Key>,
}

/// One test of a person. Exactly one of `number`, `told`, `present`, `treated`, `taking`, `answer`, `visit`, `covered`,
/// `insured`, `sex` and `age` is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// A lab or survey item that is within `from` and `below`.
    pub number: Option<Key>,
    /// A condition that they were told of.
    pub told: Option<Key>,
    /// A condition that they have.
    pub present: Option<Key>,
    /// A condition that they take a drug for.
    pub treated: Option<Key>,
    /// A medication that they take.
    pub taking: Option<Key>,
    /// An answer given for life.
    pub answer: Option<Key>,
    /// A concept of a visit that they had in the last 365 days.
    pub visit: Option<Key>,
    /// A kind of payer that covers them.
    pub covered: Option<PayerKind>,
    /// Whether any payer covers them.
    #[serde(default)]
    pub insured: bool,
    /// A sex.
    pub sex: Option<Sex>,
    /// An age in completed years that is within `from` and `below`.
    #[serde(default)]
    pub age: bool,
    /// Lowest number.
    pub from: Option<f64>,
    /// The number is less than this.
    pub below: Option<f64>,
    /// Whether the test must fail instead.
    #[serde(default)]
    pub not: bool,
}

/// People of these races, Hispanic or not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name, as figures use it.
    pub key: Key,
    /// Races; any when empty.
    #[serde(default)]
    pub races: Vec<Race>,
    /// Hispanic or Latino; both when absent.
    pub hispanic: Option<bool>,
}

/// What is computed of a cell of the population.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Percent who answer the question with yes.
    Share,
    /// The same, with the ages of the whole population.
    AdjustedShare,
    /// Mean of a number.
    Mean,
    /// 10th percentile of a number.
    P10,
    /// Median of a number.
    P50,
    /// 90th percentile of a number.
    P90,
    /// Pearson correlation of two numbers.
    Pearson,
    /// Odds ratio of two questions.
    OddsRatio,
    /// The same within sex and decades of age, by Mantel and Haenszel.
    OddsRatioMh,
    /// Visits per 100 persons in the last year.
    VisitRate,
    /// Mean days of the visits.
    VisitDays,
    /// Probability of dying within the year.
    Death,
    /// Years that a newborn lives at the death rates of the window.
    LifeExpectancy,
}

impl Statistic {
    /// Whether a row's verdict hangs on it; percentiles are shown only, since no tolerance is set for them.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::P10 | Self::P50 | Self::P90)
    }
}

/// A published figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Name of the published row it stands in; figures of one row have one verdict.
    pub row: Key,
    /// File without its extension: the family it is counted with.
    #[serde(skip)]
    pub family: &'static str,
    /// A question, a lab, a survey item or the concept of a visit, as the statistic asks; `death` for deaths.
    pub measure: Key,
    /// The other number of a correlation, the given condition of an odds ratio, else a question that everybody counted
    /// answers with yes.
    pub with: Option<Key>,
    /// What is computed.
    pub statistic: Statistic,
    /// Sex; both when absent.
    pub sex: Option<Sex>,
    /// First age, in completed years.
    pub age_low: u32,
    /// Last age; none for no end.
    pub age_high: Option<u32>,
    /// Group; everybody when absent.
    pub group: Option<Key>,
    /// The figure: percent, the number's unit, a ratio, visits per 100 persons and year, a probability or years.
    pub value: f64,
    /// Its standard error, in the same unit.
    pub se: Option<f64>,
    /// People it is computed from.
    pub n: Option<u32>,
    /// How far off is still a hit, where the usual floor does not hold.
    pub tolerance: Option<f64>,
    /// Where it is from.
    pub source: Key,
    /// How sure it is: `A-published` or `A-computed` count.
    pub grade: Key,
}

/// Published rows that the population is not compared with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// What they measure.
    pub measure: Key,
    /// How many rows.
    pub rows: u32,
    /// Where they are from.
    pub source: Key,
    /// How sure they are.
    pub grade: Key,
    /// Why they are left out.
    pub reason: Key,
}

const EXCLUSIONS: &str = "calibration/exclusions.csv";

impl Calibration {
    pub(crate) fn read(files: &Files, questions: Vec<Question>, groups: Vec<Group>) -> Result<Self, PackError> {
        let (mut figures, mut exclusions) = (Vec::new(), Vec::new());
        for (file, text) in files.folder("calibration", "csv") {
            if file == EXCLUSIONS {
                exclusions = csv(file, text)?;
                continue;
            }
            let stem = file.trim_start_matches("calibration/").trim_end_matches(".csv");
            let family = Key::new(stem).0;
            figures.extend(csv::<Figure>(file, text)?.into_iter().map(|figure| Figure { family, ..figure }));
        }
        Ok(Self { questions, groups, figures, exclusions })
    }

    /// The file of a family of figures.
    pub(crate) fn file(family: &str) -> String {
        format!("calibration/{family}.csv")
    }

    /// Rows of each family by name, in the order of their first figure.
    pub fn rows(&self) -> BTreeMap<&'static str, Vec<Key>> {
        let mut rows: BTreeMap<&'static str, Vec<Key>> = BTreeMap::new();
        for figure in &self.figures {
            let family = rows.entry(figure.family).or_default();
            if !family.contains(&figure.row) {
                family.push(figure.row);
            }
        }
        rows
    }
}
