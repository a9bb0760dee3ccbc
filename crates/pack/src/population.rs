//! Who is there: ages, races, places, names, and how long people live.

use serde::Deserialize;

use crate::error::PackError;
use crate::key::Key;
use crate::source::Files;
use crate::table::Sex;

/// The population that patients are drawn from.
#[derive(Clone, Debug)]
pub struct Population {
    /// People alive at the reference date, by age band and sex.
    pub pyramid: Vec<AgeBand>,
    /// Race and ethnicity within age band and sex.
    pub races: Vec<RaceBand>,
    /// Probability to die within the year, by age and sex.
    pub life_table: Vec<LifeTableRow>,
}

/// A band of the population pyramid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeBand {
    /// Sex.
    pub sex: Sex,
    /// First age, in completed years.
    pub age_low: u32,
    /// Last age; none for the open band at the top, which the life table spreads.
    pub age_high: Option<u32>,
    /// People.
    pub weight: f64,
    /// Where the figure is from.
    pub source: Key,
}

/// A share of the population by race and ethnicity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaceBand {
    /// Sex.
    pub sex: Sex,
    /// First age, in completed years.
    pub age_low: u32,
    /// Last age; none for the open band.
    pub age_high: Option<u32>,
    /// Race.
    pub race: Race,
    /// Hispanic or Latino.
    pub hispanic: bool,
    /// People.
    pub weight: f64,
    /// Where the figure is from.
    pub source: Key,
}

/// Race, as an OMB category.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Race {
    White,
    Black,
    Asian,
    AmericanIndian,
    PacificIslander,
    Other,
}

/// Mortality of one age.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeTableRow {
    /// Age in completed years; the rows count from 0 without a gap.
    pub age: u32,
    /// Probability of a woman to die before the next birthday.
    pub female: f64,
    /// Probability of a man to die before the next birthday.
    pub male: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// A town that patients live in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Two letters.
    pub state: Key,
    /// Town.
    pub city: Key,
    /// Five digits.
    pub postal_code: Key,
    /// First three digits of the postal code: all that OMOP gets.
    pub zip3: Key,
    /// Minutes east of UTC of standard time, which is used all year.
    pub utc_offset_minutes: i32,
    /// People who live so.
    pub weight: f64,
    /// Where the weight is from.
    pub source: Key,
}

/// Names to draw from.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Given names of women.
    pub female: Vec<&'static str>,
    /// Given names of men.
    pub male: Vec<&'static str>,
    /// Family names.
    pub family: Vec<&'static str>,
    /// Streets.
    pub street: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRow {
    name: Key,
}

impl Names {
    pub(crate) fn read(files: &Files) -> Result<Self, PackError> {
        let list = |file: &str| -> Result<Vec<&'static str>, PackError> {
            let names: Vec<NameRow> = files.csv(file)?;
            if names.is_empty() {
                return Err(files.lint(file, "name", "no name is listed".to_owned()));
            }
            Ok(names.into_iter().map(|row| row.name.0).collect())
        };
        Ok(Self {
            female: list("names/female.csv")?,
            male: list("names/male.csv")?,
            family: list("names/family.csv")?,
            street: list("names/street.csv")?,
        })
    }
}

impl Population {
    pub(crate) fn read(files: &Files) -> Result<Self, PackError> {
        let population = Self {
            pyramid: files.csv("population/pyramid.csv")?,
            races: files.csv("population/race.csv")?,
            life_table: files.csv("population/life_table.csv")?,
        };
        for (index, row) in population.life_table.iter().enumerate() {
            if row.age as usize != index || !(0.0..=1.0).contains(&row.female) || !(0.0..=1.0).contains(&row.male) {
                let message = format!("row of age `{}` is out of order or not a probability", row.age);
                return Err(PackError::Csv { file: "population/life_table.csv".into(), line: index + 2, message });
            }
        }
        if population.life_table.is_empty() {
            return Err(files.lint("population/life_table.csv", "age", "the life table is empty".to_owned()));
        }
        Ok(population)
    }
}
