//! Figures by sex and age: hazards, rates, and the mean and spread of a measure.

use serde::Deserialize;

use crate::error::PackError;
use crate::key::Key;

/// Sex at birth.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sex {
    Female,
    Male,
}

/// A figure by sex and age in years, from `distributions/*.csv` with the columns `sex,age,value,spread,source`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    points: [Vec<Point>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    age: f64,
    value: f64,
    spread: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableRow {
    sex: Sex,
    age: f64,
    value: f64,
    spread: f64,
    #[expect(dead_code, reason = "read to insist that every figure says where it is from")]
    source: Key,
}

impl Table {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, PackError> {
        let mut points = [Vec::new(), Vec::new()];
        for (index, row) in crate::source::csv::<TableRow>(file, text)?.into_iter().enumerate() {
            let points: &mut Vec<Point> = &mut points[row.sex as usize];
            if points.last().is_some_and(|last| last.age >= row.age) {
                let message = format!("age `{}` does not rise", row.age);
                return Err(PackError::Csv { file: file.to_owned(), line: index + 2, message });
            }
            points.push(Point { age: row.age, value: row.value, spread: row.spread });
        }
        if points.iter().any(Vec::is_empty) {
            let message = "a table needs rows for `female` and for `male`".to_owned();
            return Err(PackError::Csv { file: file.to_owned(), line: 1, message });
        }
        Ok(Self { points })
    }

    /// Value and spread at an age, straight lines between the rows, level beyond the first and the last.
    pub fn at(&self, sex: Sex, age: f64) -> (f64, f64) {
        let points = &self.points[sex as usize];
        let after = points.partition_point(|point| point.age <= age);
        if after == 0 {
            return (points[0].value, points[0].spread);
        }
        let low = points[after - 1];
        let Some(high) = points.get(after) else { return (low.value, low.spread) };
        let share = (age - low.age) / (high.age - low.age);
        (low.value + share * (high.value - low.value), low.spread + share * (high.spread - low.spread))
    }

    /// Value of the last row that begins at or before an age: for rates, which hold until the next row.
    pub fn step(&self, sex: Sex, age: f64) -> f64 {
        let points = &self.points[sex as usize];
        let after = points.partition_point(|point| point.age <= age);
        points[after.max(1) - 1].value
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().flatten().map(|point| point.value)
    }
}
