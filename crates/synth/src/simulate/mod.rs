//! The simulation: from model pack, seed and number to one patient's timeline.
//!
//! A life is drawn whole, from birth to the pack's reference date, by next events and not by time steps: hazards give
//! the days on which conditions begin, care goes from visit to visit, and state on any day follows from what has begun
//! by then. `as_of` only cuts the finished chart, so an earlier one gives the same life, cut short.

mod body;
mod care;
mod cut;
mod frame;
#[cfg(test)]
mod known_faults;
mod life;
mod measure;
mod model;
mod record;
mod state;
mod survey;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use twinlake_pack::Pack;

pub use measure::{average_glucose, body_mass_index, egfr, friedewald};
pub use model::Model;
pub use state::States;
pub use survey::Survey;

use crate::chart;
use crate::seed::Seed;
use crate::timeline::Timeline;

/// Draws a patient, up to the end of the day `as_of`.
///
/// Patient *i* depends on the pack's content, the seed and *i* alone. Nothing happens after the pack's reference date,
/// whatever `as_of` says. A patient whose first visit in the window comes after `as_of` is not in the chart yet: see
/// [`Timeline::is_charted`]. For many patients, [`Model::draw`] is faster.
///
/// ```
/// use twinlake_pack::Pack;
/// use twinlake_synth::simulate::simulate;
///
/// let pack = Pack::embedded();
/// let timeline = simulate(pack, 42, 7, pack.reference_date);
/// assert!(timeline.is_charted());
/// assert_eq!(timeline.encounters.len(), simulate(pack, 42, 7, pack.reference_date).encounters.len());
/// ```
pub fn simulate(pack: &Pack, seed: u64, patient: u64, as_of: NaiveDate) -> Timeline {
    Model::new(pack).draw(seed, patient, as_of)
}

impl Model<'_> {
    /// Draws a patient, up to the end of the day `as_of`; see [`simulate`].
    pub fn draw(&self, seed: u64, patient: u64, as_of: NaiveDate) -> Timeline {
        let patient_seed = Seed::root(seed).child("patient", patient);
        let life = life::Life::draw(self, patient_seed);
        let chart = care::care(self, &life).chart;
        self.chart_until(patient_seed, patient, life, chart, as_of)
    }

    /// Draws a patient as [`Model::draw`] does, with the latent state behind the chart.
    pub fn draw_with_states(&self, seed: u64, patient: u64, as_of: NaiveDate) -> (Timeline, States<'_>) {
        let patient_seed = Seed::root(seed).child("patient", patient);
        let life = life::Life::draw(self, patient_seed);
        let care = care::care(self, &life);
        let states =
            States { model: self, birth_date: life.demographics.birth_date, body: life.body.clone(), uses: care.uses };
        (self.chart_until(patient_seed, patient, life, care.chart, as_of), states)
    }

    /// The keys of the pack's latents, in the order of [`States::at`].
    pub fn latent_keys(&self) -> impl Iterator<Item = &str> {
        self.pack.latents.iter().map(|latent| &*latent.key)
    }

    fn chart_until(
        &self,
        patient_seed: Seed,
        patient: u64,
        life: life::Life,
        chart: care::Chart,
        as_of: NaiveDate,
    ) -> Timeline {
        let as_of = as_of.min(self.pack.reference_date);
        let mut timeline = cut::cut(patient, life, chart, as_of);
        chart::apply(&self.chart, patient_seed, as_of, &mut timeline);
        record::complete(self, patient_seed, as_of, &mut timeline);
        timeline
    }
}
