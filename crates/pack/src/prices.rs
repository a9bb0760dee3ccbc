//! What care costs, and what patients pay of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::PackError;
use crate::key::Key;
use crate::payers::PayerKind;
use crate::source::Files;
use crate::{Medication, Procedure, Visit};

const FILE: &str = "prices.toml";

/// Prices in US dollars, as Medicare allows them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// What is charged, as a multiple of what is allowed.
    pub charge: f64,
    /// What Medicare allows, as a multiple of the prices here.
    pub medicare: f64,
    /// The same of Medicaid.
    pub medicaid: f64,
    /// The same of private payers.
    pub private: f64,
    /// Days from the end of a visit to the payer's decision, at least and at most.
    pub decision_days: [u32; 2],
    /// Visits, by file, of which a patient pays nothing.
    pub preventive: Vec<Key>,
    /// What each day of a hospital stay adds.
    pub inpatient_day: f64,
    /// A procedure without a price of its own.
    pub procedure: f64,
    /// A vaccination.
    pub vaccine: f64,
    /// A drug handed out once, without a price of its own.
    pub fill: f64,
    /// Drugs handed out once, by file of `medications`.
    #[serde(default)]
    pub fills: BTreeMap<Key, f64>,
    /// Visits, by file.
    pub visit: BTreeMap<Key, f64>,
    /// Procedures, by file.
    pub procedures: BTreeMap<Key, f64>,
    /// What patients pay, by kind of payer.
    pub patient: Vec<PatientPays>,
    /// Where the figures are from.
    pub source: Key,
}

/// What a patient pays of what is allowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientPays {
    /// Kind of payer.
    pub kind: PayerKind,
    /// US dollars that the patient pays first in a calendar year.
    pub deductible: f64,
    /// US dollars for an item after that.
    pub copay: f64,
    /// Share of an item, where that is more.
    pub share: f64,
    /// US dollars for a drug handed out; the deductible does not count.
    pub fill: f64,
}

impl Prices {
    /// What this kind of payer allows, as a multiple of the prices here.
    pub fn allowed(&self, kind: PayerKind) -> f64 {
        match kind {
            PayerKind::Medicare => self.medicare,
            PayerKind::Medicaid => self.medicaid,
            PayerKind::Private => self.private,
        }
    }

    /// What patients of this kind of payer pay.
    ///
    /// # Panics
    ///
    /// Never: lint insists on one of each kind.
    pub fn patient_pays(&self, kind: PayerKind) -> &PatientPays {
        self.patient.iter().find(|pays| pays.kind == kind).expect("lint found one of each kind")
    }

    pub(crate) fn read(
        files: &Files,
        visits: &[Visit],
        procedures: &[Procedure],
        drugs: &[Medication],
    ) -> Result<Self, PackError> {
        let prices: Self = files.toml(FILE)?;
        let fail = |value: &str, message: String| Err(files.lint(FILE, value, message));
        for visit in visits {
            if !prices.visit.contains_key(&visit.key) {
                return fail("[visit]", format!("visit `{}` has no price", visit.key));
            }
        }
        for key in prices.visit.keys().chain(&prices.preventive) {
            if !visits.iter().any(|visit| visit.key == *key) {
                return fail(key, format!("there is no visit `{key}`"));
            }
        }
        for key in prices.procedures.keys() {
            if !procedures.iter().any(|procedure| procedure.key == *key) {
                return fail(key, format!("there is no procedure `{key}`"));
            }
        }
        for key in prices.fills.keys() {
            if !drugs.iter().any(|drug| drug.key == *key) {
                return fail(key, format!("there is no medication `{key}`"));
            }
        }
        let amounts = [prices.inpatient_day, prices.procedure, prices.vaccine, prices.fill];
        let amounts =
            amounts.iter().chain(prices.visit.values()).chain(prices.procedures.values()).chain(prices.fills.values());
        let factors = [prices.medicare, prices.medicaid, prices.private];
        if amounts.chain(&factors).any(|price| !(0.01..=1e6).contains(price)) || prices.charge < 1.0 {
            return fail("charge", "a price is no price, or less is charged than allowed".to_owned());
        }
        if prices.decision_days[0] > prices.decision_days[1] || prices.decision_days[1] > 365 {
            return fail("decision_days", "the days to a decision run forward within a year".to_owned());
        }
        for kind in [PayerKind::Medicare, PayerKind::Medicaid, PayerKind::Private] {
            let Some(pays) = prices.patient.iter().find(|pays| pays.kind == kind) else {
                return fail("[[patient]]", format!("nothing says what patients of {kind:?} pay"));
            };
            let amounts = [pays.deductible, pays.copay, pays.fill];
            if amounts.iter().any(|amount| *amount < 0.0) || !(0.0..=1.0).contains(&pays.share) {
                return fail("[[patient]]", format!("what patients of {kind:?} pay is less than nothing, or no share"));
            }
        }
        Ok(prices)
    }
}
