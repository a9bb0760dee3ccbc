//! Who pays for care: the payers, and how many people of a sex and age have which as their first.

use serde::Deserialize;

use crate::error::PackError;
use crate::key::Key;
use crate::source::Files;
use crate::table::Sex;

pub(crate) const FILE: &str = "payers.toml";

/// Payers, and whose first payer they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payers {
    /// Share, between 0 and 1, of a person's place among incomes that lasts for life.
    pub steadiness: f64,
    /// Age in years below which a private plan is a parent's.
    pub dependent_below: u32,
    /// Share of adults with a private plan who have it through a spouse.
    pub spouse: f64,
    /// First payers by sex and age; private plans are what is left.
    pub share: Vec<PayerShare>,
    /// The payers, in the order of their keys in the reference set.
    pub payer: Vec<Payer>,
    /// Where the shares are from.
    pub source: Key,
}

/// First payers of one sex from an age on, as shares between 0 and 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayerShare {
    /// Sex.
    pub sex: Sex,
    /// First age in completed years; the band ends where the next one of this sex begins.
    pub age_low: u32,
    /// Medicare.
    pub medicare: f64,
    /// Medicaid.
    pub medicaid: f64,
    /// Nobody.
    pub none: f64,
}

/// A body that pays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// Name inside the pack.
    pub key: Key,
    /// Which programme it is.
    pub kind: PayerKind,
    /// What it is called.
    pub name: Key,
    /// Code of the Source of Payment Typology.
    #[serde(rename = "type")]
    pub type_: Key,
    /// Its words.
    pub type_display: Key,
    /// Its one plan.
    pub plan: Key,
    /// What that is called.
    pub plan_name: Key,
    /// Weight among payers of its kind.
    pub weight: f64,
    /// House number and street.
    pub line: Key,
    /// Town.
    pub city: Key,
    /// Two letters.
    pub state: Key,
    /// Five digits.
    pub postal_code: Key,
    /// Telephone number of the range reserved for fiction.
    pub phone: Key,
}

/// A kind of payer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum PayerKind {
    Medicare,
    Medicaid,
    Private,
}

impl Payers {
    /// The shares of this sex at this age in completed years.
    ///
    /// # Panics
    ///
    /// Never: lint insists on a band from birth for each sex.
    pub fn share(&self, sex: Sex, age: u32) -> &PayerShare {
        let bands = self.share.iter().filter(|band| band.sex == sex && band.age_low <= age);
        bands.max_by_key(|band| band.age_low).expect("lint found a band from birth")
    }

    pub(crate) fn read(files: &Files) -> Result<Self, PackError> {
        let payers: Self = files.toml(FILE)?;
        let fail = |value: &str, message: String| Err(files.lint(FILE, value, message));
        for (name, value) in [("steadiness", payers.steadiness), ("spouse", payers.spouse)] {
            if !(0.0..=1.0).contains(&value) {
                return fail(name, format!("`{name}` is `{value}`, which is no probability"));
            }
        }
        for band in &payers.share {
            let parts = [band.medicare, band.medicaid, band.none];
            if parts.iter().any(|part| !(0.0..=1.0).contains(part)) || parts.iter().sum::<f64>() > 1.0 {
                return fail("[[share]]", format!("the shares from age {} are no shares of one", band.age_low));
            }
        }
        for sex in [Sex::Female, Sex::Male] {
            if !payers.share.iter().any(|band| band.sex == sex && band.age_low == 0) {
                return fail("[[share]]", "each sex needs a `share` from age 0".to_owned());
            }
        }
        for (place, payer) in payers.payer.iter().enumerate() {
            if payers.payer[..place].iter().any(|other| other.key == payer.key) {
                return fail(&payer.key, format!("payer `{}` is there twice", payer.key));
            }
            if !payer.plan.starts_with(|first: char| first.is_ascii_alphanumeric()) {
                return fail(&payer.key, format!("the plan of payer `{}` begins with no letter or digit", payer.key));
            }
            if !(payer.weight > 0.0 && payer.weight.is_finite()) {
                return fail(&payer.key, format!("the weight of payer `{}` is not above zero", payer.key));
            }
        }
        for kind in [PayerKind::Medicare, PayerKind::Medicaid, PayerKind::Private] {
            if !payers.payer.iter().any(|payer| payer.kind == kind) {
                return fail("[[payer]]", format!("there is no payer of kind {kind:?}"));
            }
        }
        Ok(payers)
    }
}
