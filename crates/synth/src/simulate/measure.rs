//! From state to written numbers: what a lab says at a visit, and what follows from the numbers as they stand written.

use twinlake_pack::Sex;

use super::body::{Body, YEAR};
use super::model::{ItemModel, LabModel, Model, Source, TermModel, TermOf};
use crate::seed::Seed;
use crate::timeline::{ConceptKey, Scaled};

/// Powers of ten of the decimals that labs are written with.
const TENS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// What was measured at one visit, by lab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Written {
    Nothing,
    Number(Scaled),
    Answer(ConceptKey),
    Text(&'static str),
    Parts,
}

/// Who is measured, and when.
pub(super) struct Subject<'s> {
    pub(super) body: &'s Body,
    /// Values of the latents on that day.
    pub(super) latents: &'s [f64],
    pub(super) day: i32,
    /// Age in completed years.
    pub(super) years: f64,
    /// Which of the day's visits it is.
    pub(super) slot: u32,
    /// Seeds of the labs.
    pub(super) seeds: &'s [Seed],
    /// Deviations of the labs, in standard deviations.
    pub(super) deviations: &'s [f64],
}

impl Subject<'_> {
    fn age(&self) -> f64 {
        f64::from(self.day) / YEAR
    }

    /// Writes one lab, from the patient's state and from what is already written.
    pub(super) fn measure(&self, model: &Model<'_>, lab: usize, shift: f64, written: &[Written]) -> Written {
        let entry = &model.labs[lab];
        let value = match &entry.source {
            Source::Measured { noise, noisier, swayed, below, grades, .. } => {
                let noise = noisier.iter().fold(*noise, |noise, term| noise + self.term(model, *term));
                let shared = swayed.map_or(0.0, |(other, by)| by * self.noise(other));
                let off = noise * self.noise(lab) + shared;
                let value = shift + self.sum(model, &entry.source, self.deviations[lab], off);
                if let Some((_, text)) = grades.iter().rev().find(|(from, _)| *from <= value) {
                    return Written::Text(text);
                }
                match below.map(|(other, by)| (number(written[other]), by)) {
                    Some((Some(other), by)) => Some(value.min(other - by)),
                    _ => Some(value),
                }
            }
            Source::Weight { latent, height, noise } => number(written[*height]).map(|height| {
                let weight = self.latents[*latent] * height * height / 10_000.0;
                weight + noise * self.noise(lab) * (weight / 70.0).min(1.0)
            }),
            Source::BodyMassIndex { weight, height } => number(written[*weight])
                .zip(number(written[*height]))
                .map(|(weight, height)| body_mass_index(weight, height)),
            Source::Creatinine { latent, noise } => {
                let exact = creatinine_for(self.latents[*latent], self.body.sex, self.years);
                Some(exact * (1.0 + noise * self.noise(lab).clamp(-3.0, 3.0)))
            }
            Source::Egfr { creatinine } => {
                number(written[*creatinine]).map(|creatinine| egfr(creatinine, self.body.sex, self.years))
            }
            Source::TotalCholesterol { latent, hdl, triglycerides, noise } => {
                number(written[*hdl]).zip(number(written[*triglycerides])).map(|(hdl, triglycerides)| {
                    self.latents[*latent] + hdl + triglycerides / 5.0 + noise * self.noise(lab)
                })
            }
            Source::Ldl { total, hdl, triglycerides } => {
                match (number(written[*total]), number(written[*hdl]), number(written[*triglycerides])) {
                    (Some(total), Some(hdl), Some(triglycerides)) => Some(friedewald(total, hdl, triglycerides)),
                    _ => None,
                }
            }
            Source::AverageGlucose { hba1c } => number(written[*hba1c]).map(average_glucose),
            Source::Ratio { of, by, factor } => match (number(written[*of]), number(written[*by])) {
                (Some(of), Some(by)) if by > 0.0 => Some(of / by * factor),
                _ => None,
            },
            Source::Product { of, by, factor } => {
                number(written[*of]).zip(number(written[*by])).map(|(of, by)| of * by * factor)
            }
            Source::Multiple { of, mean, spread, noise, terms } => number(written[*of]).map(|of| {
                let own = mean + spread * self.deviations[lab] + noise * self.noise(lab);
                shift + of * (own + self.terms(model, terms))
            }),
            Source::Linear { of, offset, spread, noise, terms } => {
                let parts = of.iter().map(|&(part, weight)| Some(weight * number(written[part])?));
                parts.sum::<Option<f64>>().map(|sum| {
                    let own = offset + spread * self.deviations[lab] + noise * self.noise(lab);
                    shift + sum + own + self.terms(model, terms)
                })
            }
            Source::Texts(texts) => return self.text(lab, texts),
            Source::Parts(_) => return Written::Parts,
            Source::Answers(answers) => return self.answer(lab, answers),
        };
        value.map_or(Written::Nothing, |value| Written::Number(write(entry, value)))
    }

    fn terms(&self, model: &Model<'_>, terms: &[TermModel<'_>]) -> f64 {
        terms.iter().map(|&term| self.term(model, term)).sum()
    }

    /// Measures an item of a survey, with this deviation of the person and this noise, both standard normal.
    pub(super) fn item(&self, model: &Model<'_>, item: &ItemModel<'_>, deviation: f64, noise: f64) -> f64 {
        let [low, high] = item.pack.bounds;
        let value = self.sum(model, &item.source, deviation, item.pack.measured.noise * noise);
        to_f64(scaled(value.clamp(low, high), item.pack.decimals))
    }

    /// A measured number before it is written: what the person's like have, what their state adds, and the noise.
    fn sum(&self, model: &Model<'_>, source: &Source<'_>, deviation: f64, noise: f64) -> f64 {
        let Source::Measured { curve, offset, terms, log, .. } = source else { return 0.0 };
        let mut sum = *offset;
        if let Some(curve) = curve {
            let (mean, spread) = curve.at(self.body.sex, self.age());
            sum += mean + spread * deviation;
        }
        for term in terms {
            sum += self.term(model, *term);
        }
        sum += noise;
        if *log { libm::exp(sum) } else { sum }
    }

    fn term(&self, model: &Model<'_>, term: TermModel<'_>) -> f64 {
        let value = match term.of {
            TermOf::Latent { latent, relative } => {
                let usual = if relative { model.latents[latent].curve.at(self.body.sex, self.age()).0 } else { 0.0 };
                self.latents[latent] - usual
            }
            TermOf::Condition(condition) if self.body.has(condition, self.day) => 1.0,
            TermOf::Condition(_) => return 0.0,
        };
        let factor = term.curve.map_or(1.0, |curve| curve.at(self.body.sex, self.age()).0);
        term.weight * factor * value
    }

    /// Noise of this visit, standard normal.
    fn noise(&self, lab: usize) -> f64 {
        self.seeds[lab].at(stream(self.day, self.slot)).normal()
    }

    fn text(&self, lab: usize, texts: &[(&'static str, f64)]) -> Written {
        let mut left = self.seeds[lab].at(0).uniform();
        for &(text, share) in texts {
            if left < share {
                return Written::Text(text);
            }
            left -= share;
        }
        Written::Nothing
    }

    fn answer(&self, lab: usize, answers: &[(ConceptKey, f64)]) -> Written {
        let mut left = self.seeds[lab].at(0).uniform();
        for (answer, share) in answers {
            if left < *share {
                return Written::Answer(*answer);
            }
            left -= share;
        }
        Written::Nothing
    }
}

/// Number of the random stream of a day and a visit; 0 is the person's own, 2 of each day decides on orders.
pub(super) fn stream(day: i32, slot: u32) -> u64 {
    u64::from(day.unsigned_abs() + 1) * 4 + u64::from(slot)
}

/// The number as it is written.
#[expect(clippy::cast_possible_truncation, reason = "within the lab's bounds")]
fn write(lab: &LabModel<'_>, value: f64) -> Scaled {
    let [low, high] = lab.pack.bounds;
    let tens = TENS[usize::from(lab.pack.decimals).min(TENS.len() - 1)];
    Scaled { units: libm::round(value.clamp(low, high) * tens) as i64, decimals: lab.pack.decimals }
}

/// A number rounded to decimals, for reference ranges and items.
#[expect(clippy::cast_possible_truncation, reason = "a reference range or an item is small")]
pub(super) fn scaled(value: f64, decimals: u8) -> Scaled {
    let tens = TENS[usize::from(decimals).min(TENS.len() - 1)];
    Scaled { units: libm::round(value * tens) as i64, decimals }
}

fn number(written: Written) -> Option<f64> {
    match written {
        Written::Number(scaled) => Some(to_f64(scaled)),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a written number has few digits")]
pub(super) fn to_f64(scaled: Scaled) -> f64 {
    scaled.units as f64 / TENS[usize::from(scaled.decimals).min(TENS.len() - 1)]
}

/// Body mass index in kg/m2.
pub fn body_mass_index(kilograms: f64, centimeters: f64) -> f64 {
    kilograms * 10_000.0 / (centimeters * centimeters)
}

/// LDL cholesterol in mg/dL by Friedewald (1972), for triglycerides below 400 mg/dL.
pub fn friedewald(total: f64, hdl: f64, triglycerides: f64) -> f64 {
    total - hdl - triglycerides / 5.0
}

/// Estimated average glucose in mg/dL from `HbA1c` in percent (ADAG, Nathan 2008).
pub fn average_glucose(hba1c: f64) -> f64 {
    28.7 * hba1c - 46.7
}

/// Constants of CKD-EPI 2021 by sex: kappa, alpha, factor.
const fn ckd_epi(sex: Sex) -> (f64, f64, f64) {
    match sex {
        Sex::Female => (0.7, -0.241, 1.012),
        Sex::Male => (0.9, -0.302, 1.0),
    }
}

const ABOVE: f64 = -1.2;

/// eGFR in mL/min/1.73 m2 by the race-free CKD-EPI equation of 2021, from creatinine in mg/dL and age in whole years.
pub fn egfr(creatinine: f64, sex: Sex, years: f64) -> f64 {
    let (kappa, alpha, factor) = ckd_epi(sex);
    let ratio = creatinine / kappa;
    142.0 * libm::pow(ratio.min(1.0), alpha) * libm::pow(ratio.max(1.0), ABOVE) * libm::pow(0.9938, years) * factor
}

/// The creatinine whose eGFR this is.
fn creatinine_for(target: f64, sex: Sex, years: f64) -> f64 {
    let (kappa, alpha, factor) = ckd_epi(sex);
    let ratio = target / (142.0 * libm::pow(0.9938, years) * factor);
    kappa * libm::pow(ratio, 1.0 / if ratio >= 1.0 { alpha } else { ABOVE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creatinine_and_egfr_are_inverse() {
        for sex in [Sex::Female, Sex::Male] {
            for target in [8.0, 30.0, 59.0, 90.0, 120.0] {
                let creatinine = creatinine_for(target, sex, 63.0);
                assert!((egfr(creatinine, sex, 63.0) - target).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn egfr_is_that_of_the_equation() {
        // 142 * (0.8/0.7)^-1.2 * 0.9938^50 * 1.012, by hand.
        assert!((egfr(0.8, Sex::Female, 50.0) - 89.7).abs() < 0.1);
        assert!((egfr(1.0, Sex::Male, 50.0) - 91.7).abs() < 0.1);
    }
}
