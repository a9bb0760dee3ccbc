//! [`Derived`]: what is worked out from other labs.

use serde::Deserialize;

use super::Term;
use crate::key::Key;

/// Numbers that follow from others as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Derived {
    /// Weight in kg over the square of height in m.
    BodyMassIndex {
        /// Lab in kg.
        weight: Key,
        /// Lab in cm.
        height: Key,
    },
    /// Weight in kg that gives this latent as body mass index, at the height as written.
    WeightFromBodyMassIndex {
        /// Latent in kg/m2.
        latent: Key,
        /// Lab in cm.
        height: Key,
        /// Standard deviation from visit to visit, in kg.
        noise: f64,
    },
    /// Creatinine in mg/dL that gives this latent as eGFR by CKD-EPI 2021.
    CreatinineFromEgfr {
        /// Latent in mL/min/1.73 m2.
        latent: Key,
        /// Standard deviation from visit to visit, as a share.
        noise: f64,
    },
    /// CKD-EPI 2021, from creatinine in mg/dL, sex and age.
    Egfr {
        /// Lab in mg/dL.
        creatinine: Key,
    },
    /// HDL + LDL (a latent) + triglycerides / 5.
    TotalCholesterol {
        /// Latent of LDL in mg/dL.
        latent: Key,
        /// Lab in mg/dL.
        hdl: Key,
        /// Lab in mg/dL.
        triglycerides: Key,
        /// Standard deviation from visit to visit, in mg/dL.
        noise: f64,
    },
    /// Friedewald: total - HDL - triglycerides / 5, in mg/dL, for triglycerides below 400.
    FriedewaldLdl {
        /// Lab in mg/dL.
        total: Key,
        /// Lab in mg/dL.
        hdl: Key,
        /// Lab in mg/dL.
        triglycerides: Key,
    },
    /// One number over another, times a factor.
    Ratio {
        /// The upper lab.
        of: Key,
        /// The lower lab; no result where it is zero.
        by: Key,
        /// Factor.
        factor: f64,
    },
    /// The product of two numbers and a factor.
    Product {
        /// One lab.
        of: Key,
        /// The other lab.
        by: Key,
        /// Factor.
        factor: f64,
    },
    /// Another number times a factor of the person's own.
    Multiple {
        /// The other lab.
        of: Key,
        /// Mean of the factor.
        mean: f64,
        /// Standard deviation of the factor between people.
        spread: f64,
        /// Standard deviation of the factor from visit to visit.
        noise: f64,
        /// What the patient's state adds to the factor.
        #[serde(default)]
        terms: Vec<Term>,
    },
    /// A sum of other numbers, each times its weight.
    Linear {
        /// The other labs.
        of: Vec<Weighted>,
        /// Constant.
        #[serde(default)]
        offset: f64,
        /// Standard deviation between people.
        #[serde(default)]
        spread: f64,
        /// Standard deviation from visit to visit.
        #[serde(default)]
        noise: f64,
        /// What the patient's state adds.
        #[serde(default)]
        terms: Vec<Term>,
    },
    /// ADAG: 28.7 times `HbA1c` in % - 46.7, in mg/dL.
    EstimatedAverageGlucose {
        /// Lab in %.
        hba1c: Key,
    },
}

/// A lab and its weight in a sum.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// Key of the lab.
    pub lab: Key,
    /// Factor.
    pub weight: f64,
}

impl Derived {
    /// The latent it follows besides.
    pub fn latent(&self) -> Option<Key> {
        match self {
            Self::WeightFromBodyMassIndex { latent, .. }
            | Self::CreatinineFromEgfr { latent, .. }
            | Self::TotalCholesterol { latent, .. } => Some(*latent),
            _ => None,
        }
    }
}
