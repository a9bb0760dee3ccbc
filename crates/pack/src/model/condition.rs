//! [`Condition`]: what it does, how it comes to be known, what is handed out for it.

use serde::Deserialize;

use super::{Course, Effect, Episode, FollowUp, Onset, Treatment};
use crate::key::Key;

/// A condition: `conditions/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name; also the cause of what it brings about.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// How it begins.
    pub onset: Onset,
    /// What it does to latent state, in years since onset.
    #[serde(default)]
    pub shifts: Vec<Shift>,
    /// Conditions whose onset ends this one.
    #[serde(default)]
    pub ended_by: Vec<Key>,
    /// Hazard per year that it passes for good; lasting conditions only, 0 when it stays for life.
    #[serde(default)]
    pub remits: f64,
    /// How it comes to be known; chronic conditions only.
    pub recognition: Option<Recognition>,
    /// Visits it calls for once known.
    pub follow_up: Option<FollowUp>,
    /// Drugs it calls for once known.
    pub treatment: Option<Treatment>,
    /// What an episode brings about; acute conditions only.
    pub episode: Option<Episode>,
    /// Visits and end of a time that passes by itself, as a pregnancy does; in place of an episode.
    pub course: Option<Course>,
    /// What it does to life expectancy.
    pub mortality: Option<Mortality>,
    /// What its care is called, where a clinic takes charge of it as one episode, e.g. `Cancer care`; chronic conditions only.
    pub care_episode: Option<Key>,
    /// Things handed out for use at home because of it.
    #[serde(default)]
    pub supplies: Vec<Supply>,
}

/// Something that is handed out for use at home, once or again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// Concept key of the thing.
    pub concept: Key,
    /// Share of those with the condition who get it; of those who take one of `taking`, if that is given.
    pub probability: f64,
    /// Pieces handed out at once.
    pub quantity: u32,
    /// Days until it is handed out again; once only, when not given. Lasting conditions only.
    pub every_days: Option<u32>,
    /// Days from when it is called for to the first time, at least.
    #[serde(default)]
    pub after_days: u32,
    /// Medications of which the first prescription calls for it; else the condition itself does, once known.
    #[serde(default)]
    pub taking: Vec<Key>,
}

/// A condition's effect on a latent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// The latent.
    pub latent: Key,
    /// At onset.
    pub by: f64,
    /// More each year.
    #[serde(default)]
    pub per_year: f64,
    /// The most it comes to, as a distance from zero.
    pub limit: f64,
    /// Standard deviation between people of the factor on it (mean one).
    #[serde(default)]
    pub spread: f64,
}

/// How a chronic condition comes to be known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognition {
    /// Share of people in whom it is never found.
    pub never: f64,
    /// Mean days from onset until a visit would find it.
    pub mean_delay_days: f64,
}

/// What a condition does to life expectancy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mortality {
    /// Logarithm of the hazard ratio of death.
    #[serde(default)]
    pub log_hr: f64,
    /// Weight among the causes of a death, where a death without a named cause weighs 1.
    #[serde(default)]
    pub cause_weight: f64,
    /// From this age a cause of death.
    #[serde(default)]
    pub from_age: f64,
}

impl Condition {
    /// Conditions that must be settled before this one's onset can be drawn.
    pub fn causes(&self) -> impl Iterator<Item = Key> {
        let (effects, requires_any): (&[Effect], &[Key]) = match &self.onset {
            Onset::Hazard { effects, requires_any, .. } | Onset::Recurrent { effects, requires_any, .. } => {
                (effects, requires_any)
            }
            Onset::Crossing { .. } => (&[], &[]),
        };
        effects.iter().filter_map(|effect| effect.condition).chain(requires_any.iter().copied())
    }
}
