//! Where a measured or derived number comes from.

use twinlake_pack::{ConceptKey, Derived, Grade, Measured, Table, Term};

use super::names::{LINTED, Names};

#[derive(Debug)]
pub(in crate::simulate) enum Source<'a> {
    Measured {
        curve: Option<&'a Table>,
        offset: f64,
        terms: Vec<TermModel<'a>>,
        noise: f64,
        noisier: Vec<TermModel<'a>>,
        swayed: Option<(usize, f64)>,
        log: bool,
        below: Option<(usize, f64)>,
        /// Least number and text of each grade, when words stand in place of the number.
        grades: Vec<(f64, &'static str)>,
    },
    BodyMassIndex {
        weight: usize,
        height: usize,
    },
    Weight {
        latent: usize,
        height: usize,
        noise: f64,
    },
    Creatinine {
        latent: usize,
        noise: f64,
    },
    Egfr {
        creatinine: usize,
    },
    TotalCholesterol {
        latent: usize,
        hdl: usize,
        triglycerides: usize,
        noise: f64,
    },
    Ldl {
        total: usize,
        hdl: usize,
        triglycerides: usize,
    },
    AverageGlucose {
        hba1c: usize,
    },
    Ratio {
        of: usize,
        by: usize,
        factor: f64,
    },
    Product {
        of: usize,
        by: usize,
        factor: f64,
    },
    Multiple {
        of: usize,
        mean: f64,
        spread: f64,
        noise: f64,
        terms: Vec<TermModel<'a>>,
    },
    Linear {
        of: Vec<(usize, f64)>,
        offset: f64,
        spread: f64,
        noise: f64,
        terms: Vec<TermModel<'a>>,
    },
    Texts(Vec<(&'static str, f64)>),
    Parts(Vec<usize>),
    Answers(Vec<(ConceptKey, f64)>),
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) enum TermOf {
    Latent { latent: usize, relative: bool },
    Condition(usize),
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct TermModel<'a> {
    pub(in crate::simulate) of: TermOf,
    pub(in crate::simulate) weight: f64,
    /// A further factor, by sex and age.
    pub(in crate::simulate) curve: Option<&'a Table>,
}

impl<'a> Names<'a> {
    pub(super) fn terms(&self, terms: &[Term]) -> Vec<TermModel<'a>> {
        terms
            .iter()
            .map(|term| TermModel {
                of: match (term.latent, term.condition) {
                    (Some(latent), _) => TermOf::Latent { latent: self.latent(latent), relative: term.relative },
                    (None, condition) => TermOf::Condition(self.condition_index(condition.expect(LINTED))),
                },
                weight: term.weight,
                curve: term.curve.map(|path| self.table(path)),
            })
            .collect()
    }

    pub(super) fn measured(&self, measured: &'a Measured, grades: &'a [Grade]) -> Source<'a> {
        Source::Measured {
            curve: measured.curve.map(|path| self.table(path)),
            offset: measured.offset,
            terms: self.terms(&measured.terms),
            noise: measured.noise,
            noisier: self.terms(&measured.noisier),
            swayed: measured.swayed.as_ref().map(|sway| (self.lab(sway.lab), sway.by)),
            log: measured.log,
            below: measured.below.as_ref().map(|below| (self.lab(below.lab), below.by)),
            grades: grades.iter().map(|grade| (grade.from.unwrap_or(f64::NEG_INFINITY), grade.text.0)).collect(),
        }
    }

    pub(super) fn derived(&self, derived: &Derived) -> Source<'a> {
        match *derived {
            Derived::Multiple { of, mean, spread, noise, ref terms } => {
                Source::Multiple { of: self.lab(of), mean, spread, noise, terms: self.terms(terms) }
            }
            Derived::Linear { ref of, offset, spread, noise, ref terms } => Source::Linear {
                of: of.iter().map(|part| (self.lab(part.lab), part.weight)).collect(),
                offset,
                spread,
                noise,
                terms: self.terms(terms),
            },
            Derived::Product { of, by, factor } => Source::Product { of: self.lab(of), by: self.lab(by), factor },
            Derived::Ratio { of, by, factor } => Source::Ratio { of: self.lab(of), by: self.lab(by), factor },
            Derived::BodyMassIndex { weight, height } => {
                Source::BodyMassIndex { weight: self.lab(weight), height: self.lab(height) }
            }
            Derived::WeightFromBodyMassIndex { latent, height, noise } => {
                Source::Weight { latent: self.latent(latent), height: self.lab(height), noise }
            }
            Derived::CreatinineFromEgfr { latent, noise } => Source::Creatinine { latent: self.latent(latent), noise },
            Derived::Egfr { creatinine } => Source::Egfr { creatinine: self.lab(creatinine) },
            Derived::TotalCholesterol { latent, hdl, triglycerides, noise } => Source::TotalCholesterol {
                latent: self.latent(latent),
                hdl: self.lab(hdl),
                triglycerides: self.lab(triglycerides),
                noise,
            },
            Derived::FriedewaldLdl { total, hdl, triglycerides } => {
                Source::Ldl { total: self.lab(total), hdl: self.lab(hdl), triglycerides: self.lab(triglycerides) }
            }
            Derived::EstimatedAverageGlucose { hba1c } => Source::AverageGlucose { hba1c: self.lab(hba1c) },
        }
    }
}
