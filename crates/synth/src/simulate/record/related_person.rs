//! People close to the patient: a parent of a child, whom to call of an adult, and who looks after an old person.

use chrono::{Months, NaiveDate};

use super::super::Model;
use super::personal;
use crate::ids::RELATED_PERSONS;
use crate::seed::{Draws, Seed};
use crate::timeline::{EventId, Kinship, MaritalStatus, RelatedPerson, Sex, Timeline};

/// Until this age, in years, a parent speaks for a child.
const GROWN: u32 = 18;
/// Until this age, in years, an adult who is not married names a parent, if anyone of the family.
const HAS_PARENTS: u32 = 45;
/// From this age on, in years, the record asks an adult who is close to them.
const OLD: u32 = 65;
/// assumption: share of adults who name somebody to call.
const NAMES_A_CONTACT: f64 = 0.94;
/// assumption: share of the unmarried who name one of their family, not a friend.
const FAMILY: f64 = 0.85;
/// assumption: share of the old who name somebody, of those who have not named a contact.
const NAMED: f64 = 0.75;
/// assumption: share of those named who are the spouse, of women and of men; widows are more than widowers.
const SPOUSE: [f64; 2] = [0.45, 0.7];
/// assumption: share of parents named who are mothers.
const MOTHER: f64 = 0.8;

/// Adds a child's parent at the first visit, an adult's emergency contact at the first visit as one, and an old person's
/// closest one at the first visit at that age, if there is no contact.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let born = timeline.demographics.birth_date;
    let (grown, old) = (born + Months::new(12 * GROWN), born + Months::new(12 * OLD));
    let is_child = timeline.encounters.first().is_some_and(|first| first.start.date() < grown);
    if is_child {
        let mut draws = patient_seed.child("related-person", 0).draws();
        let sex = if draws.chance(MOTHER) { Sex::Female } else { Sex::Male };
        let parent = Named {
            slot: 0,
            kinship: Kinship::Parent,
            sex,
            is_emergency_contact: true,
            encounter: 0,
            last: Some(grown),
        };
        push(model, draws, as_of, &parent, timeline);
    }
    let first_from = |day: NaiveDate| timeline.encounters.iter().position(|visit| visit.start.date() >= day);
    let (adult, aged) = (first_from(grown), first_from(old));
    let mut draws = patient_seed.child("related-person", 2).draws();
    if let Some(encounter) = adult.filter(|_| draws.chance(NAMES_A_CONTACT)) {
        let contact = contact(&mut draws, patient_seed, encounter, timeline);
        push(model, draws, as_of, &contact, timeline);
    } else if let Some(encounter) = aged {
        let mut draws = patient_seed.child("related-person", 1).draws();
        let (is_named, is_spouse) = (draws.chance(NAMED), draws.chance(SPOUSE[timeline.demographics.sex as usize]));
        let is_female = if is_spouse { timeline.demographics.sex == Sex::Male } else { draws.chance(0.5) };
        let sex = if is_female { Sex::Female } else { Sex::Male };
        let kinship = if is_spouse { Kinship::Spouse } else { Kinship::Child };
        if is_named {
            let closest = Named { slot: 1, kinship, sex, is_emergency_contact: false, encounter, last: None };
            push(model, draws, as_of, &closest, timeline);
        }
    }
}

/// Whom an adult names at a visit: the spouse, else a parent of the young and a child of the old, a sibling or a friend.
fn contact(draws: &mut Draws, patient_seed: Seed, encounter: usize, timeline: &Timeline) -> Named {
    let (born, day) = (timeline.demographics.birth_date, timeline.encounters[encounter].start.date());
    let age = |years: u32| born + Months::new(12 * years);
    let is_married = personal::marital_status_on(patient_seed, born, day) == Some(MaritalStatus::Married);
    let (is_family, is_sibling, is_female) = (draws.chance(FAMILY), draws.chance(0.3), draws.chance(0.5));
    let kinship = if is_married {
        Kinship::Spouse
    } else if !is_family {
        Kinship::Friend
    } else if !is_sibling && day < age(HAS_PARENTS) {
        Kinship::Parent
    } else if !is_sibling && day >= age(OLD) {
        Kinship::Child
    } else {
        Kinship::Sibling
    };
    let is_female = match kinship {
        Kinship::Spouse => timeline.demographics.sex == Sex::Male,
        Kinship::Parent | Kinship::Child | Kinship::Sibling | Kinship::Friend => is_female,
    };
    let sex = if is_female { Sex::Female } else { Sex::Male };
    Named { slot: 2, kinship, sex, is_emergency_contact: true, encounter, last: None }
}

/// Who is named, before they have a name.
struct Named {
    slot: u32,
    kinship: Kinship,
    sex: Sex,
    is_emergency_contact: bool,
    encounter: usize,
    last: Option<NaiveDate>,
}

fn push(model: &Model<'_>, mut draws: Draws, as_of: NaiveDate, named: &Named, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
    timeline.related_persons.push(RelatedPerson {
        event: EventId { stream: RELATED_PERSONS, ordinal: named.slot },
        kinship: named.kinship,
        sex: named.sex,
        given_name: draws.pick(match named.sex {
            Sex::Female => &model.pack.names.female,
            Sex::Male => &model.pack.names.male,
        }),
        family_name: (named.kinship == Kinship::Friend).then(|| draws.pick(&model.pack.names.family)),
        phone: format!("555-555-01{:02}", draws.below(100)),
        is_emergency_contact: named.is_emergency_contact,
        encounter: named.encounter,
        until: named.last.into_iter().chain(died).min().filter(|&until| until <= as_of),
        cause: "family",
    });
}
