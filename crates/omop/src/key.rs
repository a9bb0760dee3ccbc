//! The id rule: row keys as pure functions of what they belong to, so that FHIR and OMOP join without a crosswalk table.
//!
//! - **Our own ids** are version 8 UUIDs whose 12 bits after the version are `0x7a1`; the low 62 bits are the key.
//! - **Any other id** is hashed: the low 62 bits of the SHA-256 of `Type/id`, UUIDs in lower case and without
//!   `urn:uuid:`; for a person the low 52 bits, since R and JavaScript lose larger integers.
//! - **Rows without a resource** hash what makes them distinct, each part with its length in front
//!   (`4:slot1:71:2` for slot 2 of key 7), so that no two lists of parts give the same text.
//!
//! "Low bits" are those of the digest's last eight bytes, read as a big-endian number.
//!
//! ```
//! use twinlake_omop::key;
//!
//! let id = key::uuid(7, 0xabc);
//! assert_eq!(key::of("Patient", &id), 7);
//! assert_eq!(key::of_person(&format!("urn:uuid:{}", id.to_uppercase())), 7);
//! assert!(key::of_person("p1") < 1 << 52);
//! ```

use std::fmt::Write as _;

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

use crate::tables::Table;

const KEY_BITS: u32 = 62;
const PERSON_BITS: u32 = 52;
/// The 12 bits after the version of our own UUIDs.
const MARK: u128 = 0x7a1;

/// Key of a resource other than a patient.
///
/// `id` is the logical id, perhaps a UUID with `urn:uuid:` in front.
pub fn of(resource_type: &str, id: &str) -> i64 {
    of_id(resource_type, id, KEY_BITS)
}

/// Key of a person: that of the Patient with this id.
pub fn of_person(id: &str) -> i64 {
    of_id("Patient", id, PERSON_BITS)
}

fn of_id(resource_type: &str, id: &str, bits: u32) -> i64 {
    let id = id.strip_prefix("urn:uuid:").unwrap_or(id);
    match parse_uuid(id) {
        Some(value) if is_ours(value) => low_bits(value, KEY_BITS),
        Some(_) => hash(&format!("{resource_type}/{}", id.to_ascii_lowercase()), bits),
        None => hash(&format!("{resource_type}/{id}"), bits),
    }
}

/// The id of our own that carries a key: a version 8 UUID whose first 48 bits are the low 48 bits of `cohort_tag`.
///
/// # Panics
///
/// When the key is negative or has more than 62 bits.
pub fn uuid(key: i64, cohort_tag: u64) -> String {
    let key = u128::try_from(key).expect("a key is not negative");
    assert!(key < 1 << KEY_BITS, "a key has at most 62 bits");
    let tag = u128::from(cohort_tag & 0xffff_ffff_ffff);
    let value = tag << 80 | 8 << 76 | MARK << 64 | 0b10 << 62 | key;
    let mut id = String::with_capacity(36);
    // By hand: a resource has several ids in it, and format strings are slow.
    for (at, byte) in value.to_be_bytes().into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        id.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    id
}

/// Key of an event of a generated patient: `patient << 29 | stream << 20 | ordinal`.
///
/// # Panics
///
/// When the patient's number does not fit in 33 bits, the stream in 9, or the ordinal in 20.
pub fn event(patient: u64, stream: u16, ordinal: u32) -> i64 {
    assert!(patient < 1 << 33, "a patient's number is below 2^33");
    assert!(stream < 1 << 9, "a stream is below 512");
    assert!(ordinal < 1 << 20, "an ordinal is below 2^20");
    let key = patient << 29 | u64::from(stream) << 20 | u64::from(ordinal);
    key.cast_signed()
}

/// Key of a further row of one resource in one table; slot 0 is the key itself.
pub fn slot(key: i64, k: u32) -> i64 {
    if k == 0 {
        return key;
    }
    of_parts(&["slot", &key.to_string(), &k.to_string()])
}

/// Key of a location. An absent part is the empty text.
pub fn location(state: Option<&str>, zip3: Option<&str>, country: Option<&str>) -> i64 {
    let [state, zip3, country] = [state, zip3, country].map(Option::unwrap_or_default);
    of_parts(&["location", state, zip3, country])
}

/// Key of an era: a row of `table` (`condition_era`, `drug_era`) for a person and a concept that starts on that day.
pub fn era(table: Table, person_id: i64, concept_id: i32, start: NaiveDate) -> i64 {
    let (person, concept) = (person_id.to_string(), concept_id.to_string());
    of_parts(&[table.name(), &person, &concept, &start.to_string()])
}

/// Key of a dose era: a person's daily dose of an ingredient, in a unit, that starts on that day. The dose is written in its
/// shortest digits.
pub fn dose_era(person_id: i64, ingredient: i32, unit: i32, dose: f64, start: NaiveDate) -> i64 {
    let (person, ingredient, unit) = (person_id.to_string(), ingredient.to_string(), unit.to_string());
    of_parts(&[Table::DoseEra.name(), &person, &ingredient, &unit, &dose.to_string(), &start.to_string()])
}

/// Key of a person's observation period that starts on that day.
pub fn observation_period(person_id: i64, start: NaiveDate) -> i64 {
    of_parts(&["observation_period", &person_id.to_string(), &start.to_string()])
}

/// Key of what one item of an `ExplanationOfBenefit` cost; `item_sequence` counts from 1.
pub fn cost(explanation_of_benefit: i64, item_sequence: u32) -> i64 {
    of_parts(&["cost", &explanation_of_benefit.to_string(), &item_sequence.to_string()])
}

fn of_parts(parts: &[&str]) -> i64 {
    let mut text = String::new();
    for part in parts {
        let _ = write!(text, "{}:{part}", part.len());
    }
    hash(&text, KEY_BITS)
}

fn hash(text: &str, bits: u32) -> i64 {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let mut low = [0; 16];
    low.copy_from_slice(&digest[16..]);
    low_bits(u128::from_be_bytes(low), bits)
}

fn low_bits(value: u128, bits: u32) -> i64 {
    i64::try_from(value & ((1 << bits) - 1)).expect("at most 62 bits")
}

fn is_ours(value: u128) -> bool {
    value >> 64 & 0xffff == 0x8000 | MARK && value >> 62 & 0b11 == 0b10
}

/// A UUID in its usual form, 8-4-4-4-12 hexadecimal digits of either case.
fn parse_uuid(text: &str) -> Option<u128> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|place| bytes[*place] != b'-') {
        return None;
    }
    // Half by half: every reference is read here, and small numbers are shifted faster.
    let high = [&bytes[..8], &bytes[9..13], &bytes[14..18]];
    let low = [&bytes[19..23], &bytes[24..]];
    Some(u128::from(parse_digits(&high)?) << 64 | u128::from(parse_digits(&low)?))
}

/// The number that hexadecimal digits are, at most sixteen of them.
fn parse_digits(parts: &[&[u8]]) -> Option<u64> {
    let digits = parts.iter().copied().flatten().map(|byte| DIGITS[usize::from(*byte)]);
    let (value, all) = digits.fold((0, 0), |(value, all), digit| (value << 4 | u64::from(digit & 15), all | digit));
    (all < NO_DIGIT).then_some(value)
}

const NO_DIGIT: u8 = 16;

/// What each byte is as a hexadecimal digit.
static DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        digits[digit as usize] = value;
        digits[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn keys_stay_what_they_are() {
        assert_eq!(uuid(7, 0xabc), "00000000-0abc-87a1-8000-000000000007");
        assert_eq!(event(1, 2, 3), (1 << 29) + (2 << 20) + 3);
        assert_eq!(slot(7, 0), 7);
        // Computed with another implementation of SHA-256 from the text that the module's page describes.
        assert_eq!(of_person("p1"), 2_481_284_553_620_622);
        assert_eq!(of("Encounter", "5CBC121B-cd71-4428-b8b7-31e53eba8184"), 3_217_960_938_474_233_186);
        assert_eq!(slot(7, 2), 461_323_896_835_068_208);
        assert_eq!(location(Some("MA"), Some("021"), Some("US")), 569_053_875_114_998_819);
        let start = day("2020-01-02");
        assert_eq!(era(Table::ConditionEra, 7, 201_826, start), 4_216_204_661_824_083_393);
        assert_eq!(observation_period(7, start), 2_834_080_887_242_935_313);
    }

    #[test]
    fn a_uuid_is_read_in_either_case_and_with_its_urn() {
        let id = "00000000-0abc-87a1-8000-0000000000ff";
        for id in [id.to_owned(), id.to_uppercase(), format!("urn:uuid:{id}")] {
            assert_eq!(of("Encounter", &id), 255);
            assert_eq!(of_person(&id), 255);
        }
        let other = "5cbc121b-cd71-4428-b8b7-31e53eba8184";
        assert_eq!(of("Encounter", other), of("Encounter", &other.to_uppercase()));
        assert_eq!(of("Encounter", other), of("Encounter", &format!("urn:uuid:{other}")));
        assert_ne!(of("Encounter", other), of("Condition", other));
        assert_ne!(of("Encounter", "a"), of("Encounter", "A"));
    }

    #[test]
    fn what_is_no_uuid_is_none() {
        assert_eq!(parse_uuid("00000000-0abc-87a1-8000-0000000000fF"), Some(0x0abc_87a1_8000_0000_0000_00ff));
        for text in [
            "00000000-0abc-87a1-8000-0000000000fg",
            "00000000-0abc-87a1-80000-000000000ff",
            "0000000000abc-87a1-8000-0000000000ff",
            "00000000-0abc-87a1-8000-0000000000f",
            "é000000-0abc-87a1-8000-0000000000ff",
        ] {
            assert_eq!(parse_uuid(text), None, "{text}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(location(Some("MA"), Some("021"), None), location(Some("M"), Some("A021"), None));
        assert_ne!(slot(1, 12), slot(11, 2));
        let start = day("2020-01-01");
        assert_ne!(era(Table::DrugEra, 1, 12, start), era(Table::DrugEra, 11, 2, start));
        assert_ne!(era(Table::DrugEra, 1, 2, start), era(Table::ConditionEra, 1, 2, start));
    }

    proptest! {
        #[test]
        fn our_ids_carry_their_key(key in 0i64..1 << 62, tag: u64) {
            prop_assert_eq!(of("Condition", &uuid(key, tag)), key);
        }

        #[test]
        fn hashed_keys_are_in_range(id in "[A-Za-z0-9.-]{1,64}", k in 1u32..200) {
            prop_assert!((0..1 << 62).contains(&of("Condition", &id)));
            prop_assert!((0..1 << 52).contains(&of_person(&id)));
            prop_assert!((0..1 << 62).contains(&slot(7, k)));
        }

        #[test]
        fn events_differ_when_any_part_differs(a in (0u64..1 << 33, 0u16..512, 0u32..1 << 20), b in (0u64..1 << 33, 0u16..512, 0u32..1 << 20)) {
            prop_assert_eq!(event(a.0, a.1, a.2) == event(b.0, b.1, b.2), a == b);
        }
    }
}
