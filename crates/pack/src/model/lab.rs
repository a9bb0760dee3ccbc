//! [`Lab`]: what is observed, as a number, words or a coded answer.

use serde::Deserialize;

use super::{Derived, Measured, Term, anything};
use crate::key::Key;

/// FHIR category of an observation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LabCategory {
    VitalSigns,
    Laboratory,
    SocialHistory,
    Survey,
}

/// Something observed: `labs/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lab {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream; none for a part of another lab.
    pub stream: Option<u16>,
    /// Category.
    pub category: LabCategory,
    /// Key of the specimen it is measured in; of laboratory results only.
    pub specimen: Option<Key>,
    /// UCUM unit, of a number; empty for a number that has none.
    pub unit: Option<Key>,
    /// Digits after the point.
    #[serde(default)]
    pub decimals: u8,
    /// Lowest and highest value ever written.
    #[serde(default = "anything")]
    pub bounds: [f64; 2],
    /// Reference range.
    pub range: Option<[f64; 2]>,
    /// How a number comes about from the patient's state.
    pub measured: Option<Measured>,
    /// How a number comes about from others as they were written at the same visit.
    pub derived: Option<Derived>,
    /// The parts of a panel with one observation, by key of the lab.
    #[serde(default)]
    pub parts: Vec<Key>,
    /// Coded answers, one a person for life; those who get none are not recorded.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// What is written in place of a measured number: the text of the last grade that the number reaches.
    #[serde(default)]
    pub grades: Vec<Grade>,
    /// Answers in words, one a person for life; those who get none are not recorded.
    #[serde(default)]
    pub texts: Vec<TextAnswer>,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
}

/// What is written for a measured number from here on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// The words.
    pub text: Key,
    /// Least number; the first grade has none.
    pub from: Option<f64>,
}

/// An answer in words and the share of people who have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextAnswer {
    /// The words.
    pub text: Key,
    /// Share of people.
    pub share: f64,
    /// Where the share is from.
    pub source: Key,
}

/// A coded answer and the share of people who give it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Concept key.
    pub concept: Key,
    /// Share of people.
    pub share: f64,
    /// Where the share is from.
    pub source: Key,
}

impl Lab {
    /// Labs whose written values this one is made from.
    pub fn inputs(&self) -> Vec<Key> {
        let below = self.measured.as_ref().and_then(|measured| Some(measured.below.as_ref()?.lab));
        match &self.derived {
            None => below.into_iter().collect(),
            Some(Derived::BodyMassIndex { weight, height }) => vec![*weight, *height],
            Some(Derived::WeightFromBodyMassIndex { height, .. }) => vec![*height],
            Some(Derived::CreatinineFromEgfr { .. }) => Vec::new(),
            Some(Derived::Egfr { creatinine }) => vec![*creatinine],
            Some(Derived::TotalCholesterol { hdl, triglycerides, .. }) => vec![*hdl, *triglycerides],
            Some(Derived::FriedewaldLdl { total, hdl, triglycerides }) => vec![*total, *hdl, *triglycerides],
            Some(Derived::EstimatedAverageGlucose { hba1c }) => vec![*hba1c],
            Some(Derived::Ratio { of, by, .. } | Derived::Product { of, by, .. }) => vec![*of, *by],
            Some(Derived::Multiple { of, .. }) => vec![*of],
            Some(Derived::Linear { of, .. }) => of.iter().map(|part| part.lab).collect(),
        }
    }

    /// Parts of its number that follow the patient's state.
    pub fn terms(&self) -> &[Term] {
        match (&self.measured, &self.derived) {
            (Some(measured), _) => &measured.terms,
            (None, Some(Derived::Multiple { terms, .. } | Derived::Linear { terms, .. })) => terms,
            _ => &[],
        }
    }
}
