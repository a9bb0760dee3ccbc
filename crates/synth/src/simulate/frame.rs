//! The frame: whom a number draws. The living follow the pyramid at the reference date; those who died in the window
//! before it are drawn beside them, in the numbers that the life table takes.

use twinlake_pack::{Pack, Sex};

use super::model::{ConditionModel, EffectModel, LatentModel, OnsetModel, YEARS};
use crate::seed::Draws;

/// Ages at the reference date, those of the dead as they would be.
#[derive(Debug)]
pub(super) struct Frame {
    /// Weight of each sex and age.
    weights: Vec<f64>,
    /// Hazard of death by sex and year of age.
    mortality: [[f64; YEARS]; 2],
    /// What the average person's conditions multiply it with.
    average: [[f64; YEARS]; 2],
}

impl Frame {
    pub(super) fn new(pack: &Pack, latents: &[LatentModel<'_>], chronic: &[ConditionModel<'_>]) -> Self {
        let mut mortality = [[0.0; YEARS]; 2];
        let table = &pack.population.life_table;
        for year in 0..YEARS {
            let row = &table[year.min(table.len() - 1)];
            for (sex, q) in [(Sex::Female, row.female), (Sex::Male, row.male)] {
                mortality[sex as usize][year] = -libm::log(1.0 - q.min(0.95));
            }
        }
        let mut weights = vec![0.0; 2 * YEARS];
        let survivors = [survivors(&mortality[0]), survivors(&mortality[1])];
        for band in &pack.population.pyramid {
            let survivors = &survivors[band.sex as usize];
            let low = band.age_low as usize;
            let high = band.age_high.map_or(YEARS - 1, |age| (age as usize).min(YEARS - 1));
            // A band is spread evenly, the open one at the top as the life table thins it out.
            let shape = |age: usize| if band.age_high.is_some() { 1.0 } else { at(survivors, age, 0.5) };
            let whole: f64 = (low..=high).map(shape).sum();
            for age in low..=high {
                // Those alive now, and those of their year who were alive when the window opened and are not now.
                let then = age.checked_sub(pack.window_years as usize).map_or(1.0, |age| at(survivors, age, 0.5));
                let now = at(survivors, age, 0.5);
                let per_survivor = if now > 0.0 { shape(age) / now } else { 0.0 };
                weights[band.sex as usize * YEARS + age] = band.weight / whole * per_survivor * then;
            }
        }
        Self { weights, mortality, average: average(latents, chronic) }
    }

    /// Sex, and age in years at the reference date.
    pub(super) fn draw(&self, draws: &mut Draws) -> (Sex, f64) {
        let index = draws.weighted(self.weights.iter().copied());
        let sex = if index < YEARS { Sex::Female } else { Sex::Male };
        let years = u32::try_from(index % YEARS).expect("below 121");
        (sex, f64::from(years) + draws.uniform())
    }

    /// Share of those drawn who are expected to have died in the window, by the pyramid and the life table alone.
    #[cfg(test)]
    pub(super) fn share_who_died(&self, pack: &Pack) -> f64 {
        let living: f64 = pack.population.pyramid.iter().map(|band| band.weight).sum();
        1.0 - living / self.weights.iter().sum::<f64>()
    }

    /// Hazard of death per year for someone whose conditions multiply it with `relative`.
    pub(super) fn hazard(&self, sex: Sex, year: usize, relative: f64) -> f64 {
        let year = year.min(YEARS - 1);
        self.mortality[sex as usize][year] * relative / self.average[sex as usize][year]
    }
}

/// Share alive at each birthday.
fn survivors(hazards: &[f64; YEARS]) -> Vec<f64> {
    let mut alive = vec![1.0];
    for hazard in hazards {
        let last = alive[alive.len() - 1];
        alive.push(last * libm::exp(-hazard));
    }
    alive
}

fn at(survivors: &[f64], age: usize, share: f64) -> f64 {
    survivors[age] + share * (survivors[age + 1] - survivors[age])
}

/// What conditions multiply the hazard of death with, on average: from how common each is by its own table.
fn average(latents: &[LatentModel<'_>], chronic: &[ConditionModel<'_>]) -> [[f64; YEARS]; 2] {
    let mut average = [[1.0; YEARS]; 2];
    for (sex_index, sex) in [Sex::Female, Sex::Male].into_iter().enumerate() {
        // Share of people with each condition by age; causes stand before what they cause.
        let mut shares: Vec<[f64; YEARS]> = Vec::new();
        for condition in chronic {
            let mut share = [0.0; YEARS];
            match &condition.onset {
                OnsetModel::Crossing { latent, above } => {
                    let mut age = 0.0;
                    for share in &mut share {
                        *share = latents[*latent].share_above(sex, age, *above);
                        age += 1.0;
                    }
                }
                OnsetModel::Hazard(rates) | OnsetModel::Recurrent { rates, .. } => {
                    let mut cumulative = 0.0;
                    for year in 0..YEARS {
                        share[year] = 1.0 - libm::exp(-cumulative);
                        let without =
                            rates.requires_any.iter().map(|&cause| 1.0 - shares[cause][year]).product::<f64>();
                        let exposed = if rates.requires_any.is_empty() { 1.0 } else { 1.0 - without };
                        // Those with a condition that moves the rate, as many as there are of them.
                        let moved = rates.effects.iter().fold(1.0, |factor, effect| match *effect {
                            EffectModel::Condition(cause, by) => {
                                factor * (1.0 + shares[cause][year] * (libm::exp(by) - 1.0))
                            }
                            _ => factor,
                        });
                        cumulative += rates.by_year[sex_index][year] * exposed * moved;
                    }
                }
            }
            if let Some(mortality) = &condition.pack.mortality {
                let more = libm::exp(mortality.log_hr) - 1.0;
                for (factor, share) in average[sex_index].iter_mut().zip(&share) {
                    *factor *= 1.0 + more * share;
                }
            }
            shares.push(share);
        }
    }
    average
}
