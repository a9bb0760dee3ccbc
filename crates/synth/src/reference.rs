//! The reference set: organizations, their locations and practitioners, a function of pack and seed alone.
//!
//! Every place of the pack has [`ORGANIZATIONS_PER_PLACE`] organizations (a clinic, then a hospital) and
//! [`PRACTITIONERS_PER_PLACE`] practitioners (those of the clinic, then those of the hospital). The numbering is
//! arithmetic, so the simulation finds whom a patient sees without having the set at hand.

use std::ops::Range;

use twinlake_pack::Pack;

use crate::seed::Seed;
use crate::timeline::Sex;

/// Organizations of one place: a clinic and a hospital.
pub const ORGANIZATIONS_PER_PLACE: usize = 2;
/// Practitioners of one place.
pub const PRACTITIONERS_PER_PLACE: usize = 5;
/// How many of a place's practitioners, the first ones, work at the clinic.
pub const CLINIC_PRACTITIONERS: usize = 3;

/// Index of a place's clinic.
pub const fn clinic_of(place: usize) -> usize {
    place * ORGANIZATIONS_PER_PLACE
}

/// Index of a place's hospital, which also has the emergency department.
pub const fn hospital_of(place: usize) -> usize {
    place * ORGANIZATIONS_PER_PLACE + 1
}

/// Indices of the practitioners of a place's clinic.
pub const fn clinic_practitioners_of(place: usize) -> Range<usize> {
    let first = place * PRACTITIONERS_PER_PLACE;
    first..first + CLINIC_PRACTITIONERS
}

/// Indices of the practitioners of a place's hospital.
pub const fn hospital_practitioners_of(place: usize) -> Range<usize> {
    let first = place * PRACTITIONERS_PER_PLACE;
    first + CLINIC_PRACTITIONERS..first + PRACTITIONERS_PER_PLACE
}

/// Index of the organization a practitioner works for.
pub const fn organization_of(practitioner: usize) -> usize {
    let place = practitioner / PRACTITIONERS_PER_PLACE;
    if practitioner % PRACTITIONERS_PER_PLACE < CLINIC_PRACTITIONERS { clinic_of(place) } else { hospital_of(place) }
}

/// What a practitioner is trained in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Specialty {
    GeneralPractice,
    FamilyPractice,
    InternalMedicine,
    EmergencyMedicine,
}

/// What a practitioner is trained in. A clinic's see people of every age; a hospital has the wards' and the emergency
/// department's.
pub const fn specialty_of(practitioner: usize) -> Specialty {
    match practitioner % PRACTITIONERS_PER_PLACE {
        0 => Specialty::GeneralPractice,
        place if place < CLINIC_PRACTITIONERS => Specialty::FamilyPractice,
        CLINIC_PRACTITIONERS => Specialty::InternalMedicine,
        _ => Specialty::EmergencyMedicine,
    }
}

/// Organizations, locations and practitioners of a cohort.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    /// Organizations; organization *i* has one location, location *i*.
    pub organizations: Vec<Organization>,
    /// Practitioners.
    pub practitioners: Vec<Practitioner>,
}

/// An organization that delivers care.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Organization {
    /// What it is called.
    pub name: String,
    /// Whether it is a hospital; else a clinic.
    pub hospital: bool,
    /// Index into the pack's places.
    pub place: usize,
    /// House number and street.
    pub street: String,
    /// Telephone number of the range reserved for fiction.
    pub phone: String,
    /// An identifier of the form of an NPI (check digit included) from a range that is not given out.
    pub npi: String,
}

/// A practitioner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Practitioner {
    /// Given name; never in OMOP.
    pub given_name: &'static str,
    /// Family name; never in OMOP.
    pub family_name: &'static str,
    /// Sex.
    pub sex: Sex,
    /// An identifier of the form of an NPI (check digit included) from a range that is not given out.
    pub npi: String,
    /// Telephone number of the range reserved for fiction; never in OMOP.
    pub phone: String,
}

impl Reference {
    /// Draws the reference set of a cohort.
    pub fn new(pack: &Pack, seed: u64) -> Self {
        let root = Seed::root(seed).child("reference", 0);
        let n_places = pack.places.len();
        Self {
            organizations: (0..n_places * ORGANIZATIONS_PER_PLACE)
                .map(|index| draw_organization(pack, root, index))
                .collect(),
            practitioners: (0..n_places * PRACTITIONERS_PER_PLACE)
                .map(|index| draw_practitioner(root, index))
                .collect(),
        }
    }
}

fn draw_organization(pack: &Pack, root: Seed, index: usize) -> Organization {
    let mut draws = root.child("organization", index as u64).draws();
    let place = index / ORGANIZATIONS_PER_PLACE;
    let hospital = index == hospital_of(place);
    let kind = if hospital { draws.pick(&HOSPITALS) } else { draws.pick(&CLINICS) };
    Organization {
        name: format!("{} {kind}", pack.places[place].city),
        hospital,
        place,
        street: format!("{} {}", 100 + draws.below(900), draws.pick(&STREETS)),
        phone: format!("555-555-01{:02}", draws.below(100)),
        npi: npi(90_000_000 + index),
    }
}

fn draw_practitioner(root: Seed, index: usize) -> Practitioner {
    let mut draws = root.child("practitioner", index as u64).draws();
    let sex = if draws.below(2) == 0 { Sex::Female } else { Sex::Male };
    Practitioner {
        given_name: match sex {
            Sex::Female => draws.pick(&WOMEN),
            Sex::Male => draws.pick(&MEN),
        },
        family_name: draws.pick(&FAMILIES),
        sex,
        npi: npi(91_000_000 + index),
        phone: format!("555-555-01{:02}", draws.below(100)),
    }
}

/// Ten digits beginning with 9 (real ones begin with 1 or 2), the last of which is the Luhn check digit behind `80840`.
fn npi(number: usize) -> String {
    let digits = format!("9{number:08}");
    // 24 is what the prefix 80840 adds to the sum.
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum::<u32>()
        + 24;
    format!("{digits}{}", (10 - sum % 10) % 10)
}

const CLINICS: [&str; 6] =
    ["Family Practice", "Primary Care", "Medical Group", "Health Center", "Internal Medicine", "Community Clinic"];
const HOSPITALS: [&str; 5] =
    ["General Hospital", "Regional Medical Center", "Memorial Hospital", "Community Hospital", "Medical Center"];
const STREETS: [&str; 8] = [
    "Elm Street",
    "Oak Avenue",
    "Maple Drive",
    "Cedar Lane",
    "Hospital Road",
    "Main Street",
    "Park Avenue",
    "Lakeview Boulevard",
];
const WOMEN: [&str; 16] = [
    "Alice", "Barbara", "Carmen", "Diane", "Elena", "Fatima", "Grace", "Helen", "Irene", "Joyce", "Karen", "Linda",
    "Mei", "Nora", "Priya", "Susan",
];
const MEN: [&str; 16] = [
    "Albert", "Brian", "Carlos", "David", "Edward", "Frank", "George", "Hassan", "Ivan", "James", "Kenji", "Luis",
    "Michael", "Nathan", "Paul", "Rajesh",
];
const FAMILIES: [&str; 32] = [
    "Adams", "Baker", "Bennett", "Chen", "Clark", "Cohen", "Davis", "Diaz", "Evans", "Fischer", "Garcia", "Gupta",
    "Hall", "Hughes", "Ibrahim", "Jensen", "Kelly", "Kim", "Lopez", "Martin", "Miller", "Nguyen", "Okafor", "Patel",
    "Perez", "Reed", "Russo", "Schmidt", "Silva", "Taylor", "Walker", "Young",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_npi_has_its_check_digit() {
        // The published example of the check digit.
        let luhn = |digits: &str| {
            digits.bytes().rev().enumerate().fold(24, |sum, (place, digit)| {
                let digit = u32::from(digit - b'0') * if place % 2 == 0 { 1 } else { 2 };
                sum + digit / 10 + digit % 10
            })
        };
        assert_eq!(luhn("1234567893") % 10, 0);
        for number in [90_000_000, 91_000_007, 90_000_123] {
            let npi = npi(number);
            assert_eq!((npi.len(), luhn(&npi) % 10), (10, 0), "{npi}");
        }
    }

    #[test]
    fn whom_a_patient_sees_is_arithmetic() {
        let reference = Reference::new(Pack::embedded(), 1);
        assert_eq!(reference.organizations.len(), Pack::embedded().places.len() * ORGANIZATIONS_PER_PLACE);
        for (index, organization) in reference.organizations.iter().enumerate() {
            let place = organization.place;
            assert_eq!(index, if organization.hospital { hospital_of(place) } else { clinic_of(place) });
        }
        assert!(clinic_practitioners_of(3).all(|index| organization_of(index) == clinic_of(3)));
        assert!(hospital_practitioners_of(3).all(|index| organization_of(index) == hospital_of(3)));
        assert_eq!(clinic_practitioners_of(3).map(specialty_of).next(), Some(Specialty::GeneralPractice));
        assert_eq!(hospital_practitioners_of(3).map(specialty_of).next_back(), Some(Specialty::EmergencyMedicine));
        assert_eq!(hospital_practitioners_of(3).end, clinic_practitioners_of(4).start);
    }

    #[test]
    fn the_reference_set_depends_on_the_seed_alone() {
        let pack = Pack::embedded();
        assert_eq!(Reference::new(pack, 1), Reference::new(pack, 1));
        assert_ne!(Reference::new(pack, 1), Reference::new(pack, 2));
    }
}
