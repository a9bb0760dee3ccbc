//! Keys and FHIR ids of a cohort: pure functions of patient, stream and ordinal, so that shards never talk to each other.
//!
//! A row key of OMOP stands in the low 62 bits of the FHIR id of the same event; the cohort's tag stands in front of it.

use sha2::{Digest as _, Sha256};
use twinlake_omop::key;

use crate::timeline::{EventId, Ward};

/// Stream of the organizations in the reference set (patient 0).
pub const ORGANIZATIONS: u16 = 1;
/// Stream of the locations in the reference set; location *i* belongs to organization *i*.
pub const LOCATIONS: u16 = 2;
/// Stream of the practitioners in the reference set.
pub const PRACTITIONERS: u16 = 3;
/// Stream of the Medications in the reference set, each by the stream of its drug, so that another drug renumbers none.
pub const MEDICATIONS: u16 = 5;
/// Stream of the practitioners' roles in the reference set; role *i* is that of practitioner *i*.
pub const PRACTITIONER_ROLES: u16 = 6;
/// Stream of the payers in the reference set.
pub const PAYERS: u16 = 4;
/// Stream of the devices in a patient's body, numbered within the day of the procedure.
pub const DEVICES: u16 = 405;
/// Stream of the imaging studies, numbered within the day of the procedure.
pub const IMAGING_STUDIES: u16 = 406;
/// Stream of the doses that staff gave, numbered within their day.
pub const ADMINISTRATIONS: u16 = 407;
/// Stream of a patient's coverages, by the day of life on which they begin.
pub const COVERAGES: u16 = 410;
/// Stream of the one care team of a patient.
pub const CARE_TEAMS: u16 = 420;
/// Stream of the care plans; the ordinal is the stream of the condition.
pub const CARE_PLANS: u16 = 421;
/// Stream of the goals; the ordinal is the stream of the condition.
pub const GOALS: u16 = 422;
/// Stream of the people close to a patient.
pub const RELATED_PERSONS: u16 = 423;
/// Stream of the episodes of care; the ordinal is the stream of the condition.
pub const EPISODES_OF_CARE: u16 = 424;
/// Stream of the provenances, one an encounter.
pub const PROVENANCES: u16 = 425;

/// Stream of a patient's notes; the ordinal is that of the visit.
pub const NOTES: u16 = 430;
/// Stream of the reports that diagnostic services write, numbered within their day.
pub const REPORTS_WRITTEN: u16 = 431;
/// Stream of such reports filed as documents; the ordinal is that of the report.
pub const REPORTS_FILED: u16 = 432;

/// Stream of the questionnaires a patient filled in, numbered within their day.
pub const SURVEY_RESPONSES: u16 = 433;

/// Stream of the wards in the reference set: four places for each organization, of which hospitals fill some.
pub const WARDS: u16 = 404;

/// What a visit's request adds to the ordinal of the report or procedure that it led to.
pub const REQUEST_SLOT: u32 = 8;
/// Stream of claims, by the day of life of the visit.
pub const CLAIMS: u16 = 411;
/// Stream of the decisions on claims (`ExplanationOfBenefit`), each with its claim's ordinal.
pub const DECISIONS: u16 = 412;
/// Stream of the fills of prescriptions, by day of life.
pub const DISPENSES: u16 = 413;

/// Stream of the things handed out for use at home, numbered within their day.
pub const SUPPLIES: u16 = 450;
/// Stream of pharmacies' claims, numbered within their day.
pub const PHARMACY_CLAIMS: u16 = 451;
/// Stream of the decisions on these, each with its claim's ordinal.
pub const PHARMACY_DECISIONS: u16 = 452;

/// Makes the keys and FHIR ids of one cohort.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ids {
    tag: u64,
}

impl Ids {
    /// Ids of the cohort with this seed; two seeds share no FHIR id.
    pub fn new(semantics_version: u32, seed: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"twinlake cohort");
        hasher.update(semantics_version.to_be_bytes());
        hasher.update(seed.to_be_bytes());
        let hash = hasher.finalize();
        let tag = hash.iter().take(6).fold(0, |tag, &byte| tag << 8 | u64::from(byte));
        Self { tag }
    }

    /// The FHIR id that carries this key.
    pub fn fhir(self, key: i64) -> String {
        key::uuid(key, self.tag)
    }

    /// The literal reference to a resource with this key: `Type/id`.
    pub fn literal(self, resource_type: &str, key: i64) -> String {
        [resource_type, "/", &self.fhir(key)].concat()
    }
}

/// Key of a patient, the `person_id`: the patient's number.
pub fn patient(number: u64) -> i64 {
    i64::try_from(number).expect("patients are counted below 2^33")
}

/// Key of an event of a patient.
pub fn event(patient: u64, event: EventId) -> i64 {
    key::event(patient, event.stream, event.ordinal)
}

/// Key of an organization of the reference set.
pub fn organization(index: usize) -> i64 {
    shared(ORGANIZATIONS, index)
}

/// Key of the location of an organization of the reference set.
pub fn location(index: usize) -> i64 {
    shared(LOCATIONS, index)
}

/// Key of a ward of an organization of the reference set.
pub fn ward(organization: usize, ward: Ward) -> i64 {
    shared(WARDS, organization * 4 + ward as usize)
}

/// Key of a practitioner of the reference set.
pub fn practitioner(index: usize) -> i64 {
    shared(PRACTITIONERS, index)
}

/// Key of the role of a practitioner of the reference set.
pub fn practitioner_role(index: usize) -> i64 {
    shared(PRACTITIONER_ROLES, index)
}

/// Key of a payer of the reference set.
pub fn payer(index: usize) -> i64 {
    shared(PAYERS, index)
}

/// Key of the Medication of a drug of the pack, by the drug's own stream.
pub fn medication(stream: u16) -> i64 {
    shared(MEDICATIONS, usize::from(stream))
}

fn shared(stream: u16, index: usize) -> i64 {
    key::event(0, stream, u32::try_from(index).expect("the reference set is small"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_key_and_its_cohort() {
        let key = event(7, EventId { stream: 5, ordinal: 99 });
        assert_eq!(key, (7 << 29) + (5 << 20) + 99);
        let (one, other) = (Ids::new(1, 42).fhir(key), Ids::new(1, 43).fhir(key));
        assert_ne!(one, other);
        assert_eq!(key::of("Observation", &one), key);
        assert_eq!(key::of("Observation", &other), key);
    }

    #[test]
    fn the_reference_set_has_keys_of_patient_zero() {
        assert_eq!(organization(4), (1 << 20) + 4);
        assert_eq!(location(4), (2 << 20) + 4);
        assert_eq!(practitioner(4), (3 << 20) + 4);
    }
}
