//! A life from birth: who the person is, what befalls them and when, and when they die. Nothing here knows `as_of`.

use chrono::{Days, Months, NaiveDate};
use twinlake_pack::{Race, Sex};

use super::body::{Body, Illness, YEAR};
use super::model::{EffectModel, LatentModel, Model, OnsetModel, Rates, YEARS};
use crate::reference;
use crate::seed::{Draws, Seed};
use crate::timeline::{self, Demographics};

/// A person and the course of their life.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) seed: Seed,
    pub(super) demographics: Demographics,
    pub(super) race: Race,
    pub(super) hispanic: bool,
    pub(super) body: Body,
    /// Day of life at which the chart's window opens; negative for those born in it.
    pub(super) window: i32,
    /// Day of life of the reference date.
    pub(super) end: i32,
    /// Day of life of death, when it comes by the reference date.
    pub(super) death: Option<i32>,
}

impl Life {
    pub(super) fn draw(model: &Model<'_>, seed: Seed) -> Self {
        let reference_date = model.pack.reference_date;
        let mut draws = seed.child("demographics", 0).draws();
        let (sex, age) = model.frame.draw(&mut draws);
        let birth_date = reference_date - Days::new(to_days(age).unsigned_abs().into());
        let (demographics, race, hispanic) = draw_demographics(model, &mut draws, sex, birth_date);
        let opens = reference_date - Months::new(12 * model.pack.window_years);
        let mut life = Self {
            seed,
            race,
            hispanic,
            body: Body { sex, deviations: Vec::new(), illnesses: Vec::new() },
            window: days_between(birth_date, opens),
            end: days_between(birth_date, reference_date),
            death: None,
            demographics,
        };
        life.body.deviations = draw_deviations(&model.latents, seed);
        life.draw_illnesses(model);
        life.death = life.draw_death(model);
        life
    }

    pub(super) fn date(&self, day: i32) -> NaiveDate {
        let born = self.demographics.birth_date;
        if day < 0 { born - Days::new(day.unsigned_abs().into()) } else { born + Days::new(day.unsigned_abs().into()) }
    }

    /// Age in completed years on a day of life.
    pub(super) fn age_in_years(&self, day: i32) -> u32 {
        self.date(day).years_since(self.demographics.birth_date).unwrap_or(0)
    }

    /// Day of life of a birthday.
    pub(super) fn birthday(&self, years: u32) -> i32 {
        self.months_old(12 * years)
    }

    /// Day of life at which so many months are complete.
    pub(super) fn months_old(&self, months: u32) -> i32 {
        let born = self.demographics.birth_date;
        let date = born + Months::new(months);
        let day = days_between(born, date);
        // Someone born on the 29th or later completes a short month on the first of the next.
        if chrono::Datelike::day(&date) < chrono::Datelike::day(&born) { day + 1 } else { day }
    }

    /// The part of a rate's factor that is the same all life long.
    pub(super) fn constant_effect(&self, rates: &Rates<'_>) -> f64 {
        let born = f64::from(chrono::Datelike::year(&self.demographics.birth_date));
        let cohort = rates.cohorts.iter().rev().find(|&&(from, _)| from <= born);
        let mut log_factor = cohort.map_or(0.0, |&(_, factor)| libm::log(factor));
        for effect in &rates.effects {
            match *effect {
                // Less half the variance, so that the population's mean stays where the table puts it.
                EffectModel::Latent(latent, by) => {
                    // Nobody is so far from the mean that an effect of this size would take over their life.
                    log_factor += by * self.body.deviations[latent].clamp(-3.0, 3.0) - by * by / 2.0;
                }
                EffectModel::Race(race, by) if race == self.race => log_factor += by,
                EffectModel::Hispanic(hispanic, by) if hispanic == self.hispanic => log_factor += by,
                _ => {}
            }
        }
        log_factor
    }

    /// A rate per year at a day of life, with everything that moves it.
    pub(super) fn rate(&self, rates: &Rates<'_>, constant: f64, year: usize, day: i32) -> f64 {
        let base = rates.by_year[self.body.sex as usize][year.min(YEARS - 1)];
        if base <= 0.0 {
            return 0.0;
        }
        if !rates.requires_any.is_empty() && !rates.requires_any.iter().any(|&cause| self.body.has(cause, day)) {
            return 0.0;
        }
        let log_factor = rates.effects.iter().fold(constant, |sum, effect| match *effect {
            EffectModel::Condition(condition, by) if self.body.has(condition, day) => sum + by,
            _ => sum,
        });
        base * libm::exp(log_factor)
    }

    fn draw_illnesses(&mut self, model: &Model<'_>) {
        for condition in &model.chronic {
            let seed = self.seed.child(&condition.label, 0);
            let mut draws = seed.draws();
            let threshold = draws.exponential();
            let within = draws.uniform();
            let never = draws.uniform();
            let delay = draws.exponential();
            let reluctance = draws.uniform();
            let factors: Vec<f64> = condition
                .shifts
                .iter()
                .map(|(_, shift)| (1.0 + shift.spread * draws.normal()).clamp(0.25, 2.2))
                .collect();
            let onset = match &condition.onset {
                OnsetModel::Hazard(rates) => self.onset_by_hazard(rates, condition.min_age, threshold),
                OnsetModel::Crossing { latent, above } => {
                    self.onset_by_crossing(&model.latents[*latent], *latent, *above, condition.min_age, within)
                }
                OnsetModel::Recurrent { .. } => None,
            };
            let fits = condition.sex.is_none_or(|sex| sex == self.body.sex);
            let illness = onset.filter(|_| fits).map(|onset| {
                let recognition = condition.pack.recognition.as_ref();
                let found = recognition.filter(|recognition| never >= recognition.never);
                // From a stream of its own, so that what does not remit is drawn as if nothing did.
                let remits = condition.pack.remits;
                let lasts = (remits > 0.0).then(|| self.seed.child(&condition.label, 2).draws().exponential() / remits);
                Illness {
                    onset,
                    end: lasts.map(|years| onset + whole(years * YEAR).max(1)),
                    findable: found.map(|recognition| onset + whole(delay * recognition.mean_delay_days)),
                    factors,
                    reluctance,
                }
            });
            self.body.illnesses.push(illness);
        }
        for (index, condition) in model.chronic.iter().enumerate() {
            let ends = condition.ended_by.iter().filter_map(|&other| self.body.illnesses[other].as_ref());
            let end = ends.map(|other| other.onset).min();
            let (Some(illness), Some(end)) = (&mut self.body.illnesses[index], end) else { continue };
            if end <= illness.onset {
                self.body.illnesses[index] = None;
            } else {
                illness.end = Some(illness.end.map_or(end, |before| before.min(end)));
            }
        }
    }

    /// Day of life at which the cumulative hazard reaches the threshold, when that is by the reference date.
    fn onset_by_hazard(&self, rates: &Rates<'_>, min_age: u32, threshold: f64) -> Option<i32> {
        let constant = self.constant_effect(rates);
        let first = self.birthday(min_age);
        let mut left = threshold;
        for year in min_age as usize..YEARS {
            let day = year_start(year);
            if day > self.end {
                return None;
            }
            let rate = self.rate(rates, constant, year, day);
            if rate > 0.0 && left < rate {
                let onset = (day + whole(left / rate * YEAR)).max(first);
                return (onset <= self.end).then_some(onset);
            }
            left -= rate;
        }
        None
    }

    fn onset_by_crossing(
        &self,
        latent: &LatentModel<'_>,
        index: usize,
        above: f64,
        min_age: u32,
        within: f64,
    ) -> Option<i32> {
        let mut age = f64::from(min_age);
        for year in min_age as usize..YEARS {
            let day = year_start(year);
            if day > self.end {
                return None;
            }
            if latent.healthy(self.body.sex, age, self.body.deviations[index]) > above {
                let onset = (day + whole(within * YEAR)).max(self.birthday(min_age));
                return (onset <= self.end).then_some(onset);
            }
            age += 1.0;
        }
        None
    }

    /// Everybody drawn lived until the window opened; from then on the life table and their conditions decide.
    fn draw_death(&self, model: &Model<'_>) -> Option<i32> {
        let mut left = self.seed.child("mortality", 0).draws().exponential();
        let mut day = self.window.max(0);
        let mut year = year_of(day);
        while day <= self.end {
            let mut log_relative = 0.0;
            for (condition, illness) in model.chronic.iter().zip(&self.body.illnesses) {
                if let (Some(mortality), Some(illness)) = (&condition.pack.mortality, illness)
                    && illness.is_active(day)
                {
                    log_relative += mortality.log_hr;
                }
            }
            let hazard = model.frame.hazard(self.body.sex, year, libm::exp(log_relative)) / YEAR;
            let next = year_start(year + 1);
            let span = f64::from(next - day);
            if left < hazard * span {
                let death = day + whole(left / hazard);
                return (death <= self.end).then_some(death);
            }
            left -= hazard * span;
            day = next;
            year += 1;
        }
        None
    }
}

fn draw_demographics(
    model: &Model<'_>,
    draws: &mut Draws,
    sex: Sex,
    birth_date: NaiveDate,
) -> (Demographics, Race, bool) {
    let pack = model.pack;
    let age = u32::try_from(days_between(birth_date, pack.reference_date)).map_or(0, |days| days * 100 / 36_525);
    let fits = |low: u32, high: Option<u32>| low <= age && high.is_none_or(|high| age <= high);
    let races = pack.population.races.iter();
    let weights =
        races.map(|band| if band.sex == sex && fits(band.age_low, band.age_high) { band.weight } else { 0.0 });
    let band = &pack.population.races[draws.weighted(weights)];
    let place = draws.weighted(pack.places.iter().map(|place| place.weight));
    let names = &pack.names;
    let given = match sex {
        Sex::Female => draws.pick(&names.female),
        Sex::Male => draws.pick(&names.male),
    };
    let family = draws.pick(&names.family);
    let street = format!("{} {}", 1 + draws.below(2999), draws.pick(&names.street));
    let phone = format!("555-555-01{:02}", draws.below(100));
    let practitioners = reference::clinic_practitioners_of(place);
    let practitioner = practitioners.start + draws.below(practitioners.len());
    let demographics = Demographics {
        birth_date,
        sex: match sex {
            Sex::Female => timeline::Sex::Female,
            Sex::Male => timeline::Sex::Male,
        },
        race: match band.race {
            Race::White => timeline::Race::White,
            Race::Black => timeline::Race::Black,
            Race::Asian => timeline::Race::Asian,
            Race::AmericanIndian => timeline::Race::AmericanIndian,
            Race::PacificIslander => timeline::Race::PacificIslander,
            Race::Other => timeline::Race::Other,
        },
        ethnicity: if band.hispanic { timeline::Ethnicity::Hispanic } else { timeline::Ethnicity::NotHispanic },
        place,
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        street,
        phone,
        utc_offset_minutes: pack.places[place].utc_offset_minutes,
        practitioner,
    };
    (demographics, band.race, band.hispanic)
}

fn draw_deviations(latents: &[LatentModel<'_>], seed: Seed) -> Vec<f64> {
    let mut draws = seed.child("latents", 0).draws();
    let mut deviations: Vec<f64> = Vec::with_capacity(latents.len());
    for latent in latents {
        let own = draws.normal();
        let loaded: f64 = latent.loadings.iter().map(|&(on, weight)| weight * deviations[on]).sum();
        deviations.push(loaded + latent.rest * own);
    }
    deviations
}

pub(super) fn days_between(from: NaiveDate, to: NaiveDate) -> i32 {
    i32::try_from((to - from).num_days()).expect("dates of one life and its window")
}

/// A number of days, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "no span here is longer than a few centuries of days")]
pub(super) fn whole(days: f64) -> i32 {
    libm::floor(days.clamp(-1e6, 1e6)) as i32
}

fn to_days(years: f64) -> i32 {
    whole(years * YEAR)
}

/// First day of a year of life, on average.
pub(super) fn year_start(year: usize) -> i32 {
    to_days(f64::from(u32::try_from(year).expect("a year of life")) + 1e-9)
}

/// Year of life of a day: the last one that has begun.
pub(super) fn year_of(day: i32) -> usize {
    let mut year = usize::try_from(whole(f64::from(day.max(0)) / YEAR)).expect("not negative");
    while year_start(year + 1) <= day {
        year += 1;
    }
    while year > 0 && year_start(year) > day {
        year -= 1;
    }
    year
}
