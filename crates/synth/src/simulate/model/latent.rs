//! Latents: a curve a year of age, and what a deviation is made of.

use twinlake_pack::{Latent, Table};

use super::names::Names;

#[derive(Debug)]
pub(in crate::simulate) struct LatentModel<'a> {
    pub(in crate::simulate) curve: &'a Table,
    pub(in crate::simulate) log: bool,
    pub(in crate::simulate) origin: f64,
    pub(in crate::simulate) bounds: [f64; 2],
    pub(in crate::simulate) cap: f64,
    pub(in crate::simulate) loadings: Vec<(usize, f64)>,
    pub(in crate::simulate) rest: f64,
}

impl<'a> Names<'a> {
    pub(super) fn latent_model(&self, latent: &'a Latent) -> LatentModel<'a> {
        let loadings: Vec<(usize, f64)> =
            latent.loadings.iter().map(|loading| (self.latent(loading.on), loading.weight)).collect();
        let explained: f64 = loadings.iter().map(|(_, weight)| weight * weight).sum();
        LatentModel {
            curve: self.table(latent.curve),
            log: latent.log,
            origin: latent.origin,
            bounds: latent.bounds,
            cap: latent.treatment_cap,
            loadings,
            rest: libm::sqrt(1.0 - explained),
        }
    }
}
