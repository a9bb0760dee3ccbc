//! A person's body: latent state, the conditions that shift it, the drugs that move it back.

use twinlake_pack::Sex;

use super::model::{LatentModel, MedicationModel, Model};

/// Days in a year, on average.
pub(super) const YEAR: f64 = 365.2425;

/// A condition of a person.
#[derive(Clone, Debug)]
pub(super) struct Illness {
    /// Day of life it began.
    pub(super) onset: i32,
    /// Day of life another condition took its place, or it passed.
    pub(super) end: Option<i32>,
    /// Day of life from which a visit finds it; none when it never comes to be known.
    pub(super) findable: Option<i32>,
    /// Factor on each of its shifts.
    pub(super) factors: Vec<f64>,
    /// Share of people who would take drugs for it sooner than this person, who does once the share of those who take
    /// any is above it.
    pub(super) reluctance: f64,
}

impl Illness {
    pub(super) fn is_active(&self, day: i32) -> bool {
        self.onset <= day && self.end.is_none_or(|end| day < end)
    }
}

/// A time of taking a drug.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) medication: usize,
    pub(super) start: i32,
    /// Day of life it is stopped; it may lie ahead.
    pub(super) stop: Option<i32>,
    /// Last day of supply.
    pub(super) supplied: i32,
    /// Condition it was begun for, by place in the model.
    pub(super) condition: usize,
    /// How strongly the person responds to the drug, in standard deviations.
    pub(super) response: f64,
}

impl Use {
    pub(super) fn is_active(&self, day: i32) -> bool {
        self.start <= day && self.stop.is_none_or(|stop| day < stop)
    }
}

/// What a person is made of; the same for the whole life.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) sex: Sex,
    /// Deviation of each latent, in standard deviations.
    pub(super) deviations: Vec<f64>,
    /// Chronic conditions, by place in the model.
    pub(super) illnesses: Vec<Option<Illness>>,
}

impl LatentModel<'_> {
    /// Value in health, before anything is done to it.
    pub(super) fn healthy(&self, sex: Sex, age: f64, deviation: f64) -> f64 {
        let (mean, spread) = self.curve.at(sex, age);
        if self.log {
            let (center, spread) = log_normal(mean - self.origin, spread);
            self.origin + libm::exp(center + spread * deviation)
        } else {
            mean + spread * deviation
        }
    }

    /// Share of people whose value in health is above this one.
    pub(super) fn share_above(&self, sex: Sex, age: f64, above: f64) -> f64 {
        let (mean, spread) = self.curve.at(sex, age);
        let deviation = if self.log {
            let (center, spread) = log_normal(mean - self.origin, spread);
            (libm::log((above - self.origin).max(f64::MIN_POSITIVE)) - center) / spread
        } else {
            (above - mean) / spread
        };
        0.5 * libm::erfc(deviation / core::f64::consts::SQRT_2)
    }
}

/// Mean and standard deviation of the logarithm.
fn log_normal(mean: f64, spread: f64) -> (f64, f64) {
    let ratio = spread / mean;
    let variance = libm::log(1.0 + ratio * ratio);
    (libm::log(mean) - variance / 2.0, libm::sqrt(variance))
}

impl MedicationModel<'_> {
    /// Share of the full effect on a day: it comes, and when the drug is stopped goes, with a half-life.
    fn strength(rate: f64, usage: &Use, day: i32) -> f64 {
        if day <= usage.start {
            return 0.0;
        }
        let risen = |until: i32| 1.0 - libm::exp(-rate * f64::from(until - usage.start));
        match usage.stop {
            Some(stop) if stop < day => risen(stop) * libm::exp(-rate * f64::from(day - stop)),
            _ => risen(day),
        }
    }
}

impl Body {
    pub(super) fn has(&self, condition: usize, day: i32) -> bool {
        matches!(self.illnesses.get(condition), Some(Some(illness)) if illness.is_active(day))
    }

    /// Values of all latents on a day of life.
    pub(super) fn latents(&self, model: &Model<'_>, uses: &[Use], day: i32, values: &mut Vec<f64>) {
        let age = f64::from(day) / YEAR;
        values.clear();
        for (latent, deviation) in model.latents.iter().zip(&self.deviations) {
            values.push(latent.healthy(self.sex, age, *deviation));
        }
        for (condition, illness) in model.chronic.iter().zip(&self.illnesses) {
            let Some(illness) = illness else { continue };
            // A condition that another one took the place of has done what it did, and does no more.
            let until = illness.end.map_or(day, |end| end.min(day));
            if until < illness.onset {
                continue;
            }
            let years = f64::from(until - illness.onset) / YEAR;
            for ((latent, shift), factor) in condition.shifts.iter().zip(&illness.factors) {
                values[*latent] += (shift.by + shift.per_year * years).clamp(-shift.limit, shift.limit) * factor;
            }
        }
        for (index, latent) in model.latents.iter().enumerate() {
            if latent.cap > 0.0 {
                let mut effect = 0.0;
                for usage in uses {
                    for of in &model.medications[usage.medication].effects {
                        if of.latent == index {
                            let own = (1.0 + of.spread * usage.response).clamp(0.0, 2.5);
                            effect += of.by * own * MedicationModel::strength(of.rate, usage, day);
                        }
                    }
                }
                let size = latent.cap * (1.0 - libm::exp(-libm::fabs(effect) / latent.cap));
                values[index] += if effect < 0.0 { -size } else { size };
            }
            values[index] = values[index].clamp(latent.bounds[0], latent.bounds[1]);
        }
    }
}
