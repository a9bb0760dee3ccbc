//! The latent state of a person over their life, for those who want to see behind a chart.

use chrono::NaiveDate;

use super::body::{Body, Use};
use super::life::days_between;
use super::model::Model;

/// A person's latent state on any day, as the simulation had it.
#[derive(Debug)]
pub struct States<'m> {
    pub(super) model: &'m Model<'m>,
    pub(super) birth_date: NaiveDate,
    pub(super) body: Body,
    pub(super) uses: Vec<Use>,
}

impl States<'_> {
    /// Fills `values` with each latent of the pack, in its order and its unit, on a day; those of birth for an earlier one.
    pub fn at(&self, day: NaiveDate, values: &mut Vec<f64>) {
        self.body.latents(self.model, &self.uses, days_between(self.birth_date, day).max(0), values);
    }
}
