//! Rates by year of age, and what moves them.

use twinlake_pack::{Effect, Key, Onset, Race, Sex};

use super::names::{LINTED, Names};

/// Years of age that tables are made for.
pub(in crate::simulate) const YEARS: usize = 121;

/// Rates by sex and year of age, with what moves them.
#[derive(Debug)]
pub(in crate::simulate) struct Rates<'a> {
    pub(in crate::simulate) by_year: [[f64; YEARS]; 2],
    pub(in crate::simulate) effects: Vec<EffectModel>,
    pub(in crate::simulate) requires_any: Vec<usize>,
    /// Years of birth, and the factor of those born from then on.
    pub(in crate::simulate) cohorts: &'a [(f64, f64)],
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) enum EffectModel {
    Latent(usize, f64),
    Race(Race, f64),
    Hispanic(bool, f64),
    Condition(usize, f64),
}

#[derive(Debug)]
pub(in crate::simulate) enum OnsetModel<'a> {
    Hazard(Rates<'a>),
    Crossing { latent: usize, above: f64 },
    Recurrent { rates: Rates<'a>, season: [f64; 12], calendar: &'a [(f64, f64)] },
}

impl<'a> Names<'a> {
    pub(super) fn rates(&self, table: Key, scale: f64, effects: &[Effect], requires_any: &[Key]) -> Rates<'a> {
        let table = self.table(table);
        let by_sex = |sex| {
            let mut years = [0.0; YEARS];
            let mut age = 0.0;
            for year in &mut years {
                *year = table.step(sex, age) * scale;
                age += 1.0;
            }
            years
        };
        Rates {
            by_year: [by_sex(Sex::Female), by_sex(Sex::Male)],
            effects: effects
                .iter()
                .map(|effect| match (effect.latent, effect.race, effect.hispanic, effect.condition) {
                    (Some(latent), ..) => EffectModel::Latent(self.latent(latent), effect.log_hr),
                    (_, Some(race), ..) => EffectModel::Race(race, effect.log_hr),
                    (_, _, Some(hispanic), _) => EffectModel::Hispanic(hispanic, effect.log_hr),
                    (_, _, _, condition) => {
                        EffectModel::Condition(self.condition_index(condition.expect(LINTED)), effect.log_hr)
                    }
                })
                .collect(),
            requires_any: requires_any.iter().map(|&key| self.condition_index(key)).collect(),
            cohorts: &[],
        }
    }

    pub(super) fn onset(&self, onset: &'a Onset) -> OnsetModel<'a> {
        match onset {
            Onset::Hazard { table, scale, effects, requires_any, cohorts } => {
                OnsetModel::Hazard(Rates { cohorts, ..self.rates(*table, *scale, effects, requires_any) })
            }
            Onset::Crossing { latent, above } => OnsetModel::Crossing { latent: self.latent(*latent), above: *above },
            Onset::Recurrent { table, scale, season, calendar, effects, requires_any } => {
                let mut months = [1.0; 12];
                if season.len() == months.len() {
                    let sum: f64 = season.iter().sum();
                    for (month, weight) in months.iter_mut().zip(season) {
                        *month = weight * 12.0 / sum;
                    }
                }
                let rates = self.rates(*table, *scale, effects, requires_any);
                OnsetModel::Recurrent { rates, season: months, calendar }
            }
        }
    }
}
