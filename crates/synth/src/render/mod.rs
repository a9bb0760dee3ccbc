//! Two renderings of one timeline; neither draws a random number.

mod codes;
mod fhir;
mod omop;
mod sig;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use twinlake_omop::ConceptId;
use twinlake_pack::{ConceptEntry, Derived, Key, Lab, Pack};
use twinlake_vocab::{Domain, Vocab};

use crate::ids::{self, Ids};
use crate::reference::Reference;
use crate::timeline::{ConceptKey, Scaled, Ward};

pub use fhir::{fhir, fhir_reference};
pub use omop::{omop, omop_reference};

/// What every patient of a cohort has in common: pack, vocabulary, seed and the reference set.
#[derive(Debug)]
pub struct Context<'a> {
    /// The model pack.
    pub pack: &'a Pack,
    /// The vocabulary.
    pub vocab: &'a Vocab,
    /// Seed of the cohort.
    pub seed: u64,
    /// The day that the charts end.
    pub as_of: NaiveDate,
    /// Organizations, locations and practitioners.
    pub reference: Reference,
    /// Makes FHIR ids.
    pub ids: Ids,
    meanings: BTreeMap<ConceptKey, Meaning<'a>>,
    /// What each result is calculated from that is.
    calculated: BTreeMap<ConceptKey, Vec<ConceptKey>>,
    /// What the directions of the pack's medications say.
    directions: BTreeMap<&'a str, sig::Directions>,
    organizations: Vec<String>,
    locations: Vec<String>,
    practitioners: Vec<String>,
    payers: Vec<String>,
    /// References to the Medications of the reference set, by the concept of the drug.
    medications: BTreeMap<ConceptKey, String>,
    /// Three for each organization, though only hospitals have them.
    wards: Vec<String>,
}

impl<'a> Context<'a> {
    /// What the patients of this cohort have in common.
    pub fn new(pack: &'a Pack, vocab: &'a Vocab, seed: u64, as_of: NaiveDate) -> Self {
        let reference = Reference::new(pack, seed);
        let ids = Ids::new(pack.semantics_version, seed);
        let literals = |resource_type: &str, n: usize, key: fn(usize) -> i64| {
            (0..n).map(|index| format!("{resource_type}/{}", ids.fhir(key(index)))).collect()
        };
        Self {
            pack,
            vocab,
            seed,
            as_of,
            ids,
            meanings: pack
                .concepts
                .iter()
                .filter_map(|entry| Some((pack.key(entry.key)?, Meaning::new(vocab, entry))))
                .collect(),
            calculated: calculated(pack),
            directions: pack.medications.iter().map(|one| (one.sig.0, sig::Directions::read(one.sig.0))).collect(),
            organizations: literals("Organization", reference.organizations.len(), ids::organization),
            locations: literals("Location", reference.organizations.len(), ids::location),
            wards: (0..reference.organizations.len())
                .flat_map(|organization| Ward::ALL.map(|ward| ids::ward(organization, ward)))
                .map(|key| format!("Location/{}", ids.fhir(key)))
                .collect(),
            practitioners: literals("Practitioner", reference.practitioners.len(), ids::practitioner),
            medications: pack
                .medications
                .iter()
                .filter(|drug| drug.formulary)
                .filter_map(|drug| {
                    let id = ids.fhir(ids::medication(drug.stream));
                    Some((pack.key(drug.concept.0)?, format!("Medication/{id}")))
                })
                .collect(),
            payers: literals("Organization", pack.payers.payer.len(), ids::payer),
            reference,
        }
    }

    fn meaning(&self, key: ConceptKey) -> &Meaning<'a> {
        &self.meanings[&key]
    }
}

/// The results that a laboratory or a nurse calculates from others, by concept. What the pack only draws that way is measured.
fn calculated(pack: &Pack) -> BTreeMap<ConceptKey, Vec<ConceptKey>> {
    let concept = |key: &Key| {
        let lab = pack.labs.iter().find(|lab| lab.key == *key)?;
        pack.key(&lab.concept)
    };
    let of = |lab: &Lab| {
        let inputs = match lab.derived.as_ref()? {
            Derived::BodyMassIndex { weight, height } => vec![weight, height],
            Derived::FriedewaldLdl { total, hdl, triglycerides } => vec![total, hdl, triglycerides],
            Derived::Egfr { creatinine } => vec![creatinine],
            Derived::Ratio { of, by, .. } => vec![of, by],
            Derived::EstimatedAverageGlucose { hba1c } => vec![hba1c],
            _ => return None,
        };
        Some((pack.key(&lab.concept)?, inputs.into_iter().filter_map(concept).collect()))
    };
    pack.labs.iter().filter_map(of).collect()
}

/// A concept of the pack: its FHIR coding and what OMOP has for it.
#[derive(Debug)]
struct Meaning<'a> {
    entry: &'a ConceptEntry,
    source: ConceptId,
    standard: ConceptId,
    domain: Domain,
}

impl<'a> Meaning<'a> {
    /// The pack names the concept of the code; the vocabulary knows its standard concept and the domain of that.
    fn new(vocab: &Vocab, entry: &'a ConceptEntry) -> Self {
        let source = ConceptId::try_from(entry.concept_id).unwrap_or(ConceptId::NONE);
        let standard = match vocab.concept(source) {
            Some(concept) if concept.standard => source,
            _ => vocab.map(Some(entry.system), entry.code).standard,
        };
        let domain = vocab.concept(standard).map_or(Domain::Metadata, |concept| concept.domain);
        Self { entry, source, standard, domain }
    }
}

/// The digits of a decimal: 70 with 1 decimal is `7.0`.
pub(crate) fn written(Scaled { units, decimals }: Scaled) -> String {
    if decimals == 0 {
        return units.to_string();
    }
    let scale = 10_u64.pow(u32::from(decimals));
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    format!("{sign}{whole}.{fraction:0width$}", width = usize::from(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_zeros_and_its_sign() {
        let text = |units, decimals| written(Scaled { units, decimals });
        assert_eq!(text(70, 1), "7.0");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(120, 0), "120");
        assert_eq!(text(1003, 3), "1.003");
    }
}
