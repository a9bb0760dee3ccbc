//! Drugs and what they do to latents.

use twinlake_pack::{ConceptKey, DrugEffect, Medication};

use super::names::Names;

#[derive(Debug)]
pub(in crate::simulate) struct MedicationModel<'a> {
    pub(in crate::simulate) pack: &'a Medication,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) effects: Vec<DrugEffectModel>,
    pub(in crate::simulate) avoid: Option<(usize, f64)>,
    pub(in crate::simulate) replaces: Vec<usize>,
    pub(in crate::simulate) from_age: f64,
    pub(in crate::simulate) to_age: f64,
}

/// What a drug does to a latent; see [`DrugEffect`].
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct DrugEffectModel {
    pub(in crate::simulate) latent: usize,
    pub(in crate::simulate) by: f64,
    /// Rate per day at which it comes and goes.
    pub(in crate::simulate) rate: f64,
    pub(in crate::simulate) spread: f64,
}

impl<'a> Names<'a> {
    pub(super) fn medication_model(&self, medication: &'a Medication) -> MedicationModel<'a> {
        let effect = |effect: &DrugEffect| DrugEffectModel {
            latent: self.latent(effect.latent),
            by: effect.by,
            rate: core::f64::consts::LN_2 / effect.half_life_days,
            spread: effect.spread,
        };
        MedicationModel {
            pack: medication,
            label: format!("medication {}", medication.key),
            concept: self.concept(medication.concept),
            effects: medication.effects.iter().map(effect).collect(),
            avoid: medication.avoid.as_ref().map(|avoid| (self.latent(avoid.latent), avoid.below)),
            replaces: medication.replaces.iter().map(|&key| self.medication(key)).collect(),
            from_age: medication.from_age,
            to_age: medication.to_age.unwrap_or(f64::INFINITY),
        }
    }
}
